"""The ``handoff`` of a profile: from a starting answer to the operation that it started.

Decides where the reference is looked up, that several ids in a list are several
operations, and which parameters follow from the method and the URL of the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.command_line import OptionWords, command_to_paste
from opwatch.domain.errors import UsageError
from opwatch.profiles.language.expressions import Expression, is_empty
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.references import odd_query, params_in
from opwatch.profiles.language.scalars import EXPRESSION, HEADER, TEMPLATE, TEXT, check_name
from opwatch.profiles.language.template import Pattern, Template, parse_template
from opwatch.profiles.values import word
from opwatch.profiles.yaml.nodes import join_or
from opwatch.profiles.yaml.schema import (
    Conversion,
    Key,
    ListOf,
    MapOf,
    OneOf,
    RecordOf,
    Shape,
    ShapeError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.messages import Response

_METHODS: Final = ("DELETE", "PATCH", "POST", "PUT")


class OperationReference(NamedTuple):
    """A *reference* in a starting answer, and further parameters of the operation."""

    reference: str
    params: Mapping[str, str] = {}


class RequestFacts(NamedTuple):
    """What is known of a starting request: its *method*, and the *id* of the operation."""

    method: str = ""
    id: str = ""


UNKNOWN: Final = RequestFacts()


class FromHeader(NamedTuple):
    """The reference is in the header *name* of the answer."""

    name: str

    @property
    def place(self) -> str:
        """The place as messages show it."""
        return f"header {self.name}"

    def find(
        self, response: Response, _data: Any, _request: RequestFacts
    ) -> Iterator[OperationReference]:
        """Yield the reference that is there."""
        value = (response.headers.get(self.name) or "").strip()
        if value:
            yield OperationReference(value)


class FromBody(NamedTuple):
    """The reference, or a list of them, is at *path* in the body of the answer."""

    path: Expression

    @property
    def place(self) -> str:
        """The place as messages show it."""
        return f"body {self.path.text}"

    def find(
        self, _response: Response, data: Any, _request: RequestFacts
    ) -> Iterator[OperationReference]:
        """Yield the references that are there."""
        found = self.path.find(data)
        for value in found if isinstance(found, list) else [found]:
            text = None if is_empty(value) else word(value)
            if text:
                yield OperationReference(text.strip())


class FromUrl(NamedTuple):
    """The reference is in the URL of the request, at its end, unless the id is known already."""

    template: Template

    @property
    def place(self) -> str:
        """The place as messages show it."""
        return f"URL {self.template.text}"

    def find(
        self, response: Response, _data: Any, request: RequestFacts
    ) -> Iterator[OperationReference]:
        """Yield the reference that is there, with the parameters beside it."""
        head, _, query = self.template.text.partition("?")
        parts = urlsplit(response.url)
        path = Pattern(parse_template(head)).match_end(parts.path)
        found = {ID: request.id} if request.id else path
        if not found or is_empty(found.get(ID)):
            return
        reference = found.pop(ID)
        given = dict(parse_qsl(parts.query))
        found |= {param: given[name] for name, param in params_in(query).items() if name in given}
        yield OperationReference(reference, found)


class HandoffRule(NamedTuple):
    """The *source* of references, and the parameters that go with each of them.

    They are at *paths* in the body, or follow from the request: from its method, its query,
    or the path that was *requested*.
    """

    source: FromHeader | FromBody | FromUrl
    paths: Mapping[str, Expression] = {}
    by_method: Mapping[str, Mapping[str, str]] = {}
    in_query: Mapping[str, str] = {}
    requested: Template | None = None

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        own = self.source.template.names if isinstance(self.source, FromUrl) else frozenset[str]()
        in_path = self.requested.names if self.requested else frozenset[str]()
        return own.union(self.paths, in_path, self.in_query, *self.by_method.values())

    @property
    def from_request(self) -> frozenset[str]:
        """The parameters that are in the request only, and not in its answer."""
        if not isinstance(self.source, FromUrl):
            return frozenset()
        return self.source.template.names.union(self.in_query, *self.by_method.values())

    def find(
        self, response: Response, data: Any, request: RequestFacts
    ) -> tuple[OperationReference, ...]:
        """Return the references that are there."""
        more = self._params(response, data, request)
        found = self.source.find(response, data, request)
        return tuple(each._replace(params={**each.params, **more}) for each in found)

    def _params(self, response: Response, data: Any, request: RequestFacts) -> dict[str, str]:
        parts = urlsplit(response.url)
        in_path = self.requested and Pattern(self.requested).match(parts.path)
        given = dict(parse_qsl(parts.query)) if self.in_query else {}
        found = {name: given.get(key) for name, key in self.in_query.items()}
        found |= {name: word(path.find(data)) for name, path in self.paths.items()}
        return {
            **(in_path or {}),
            **self.by_method.get(request.method, {}),
            **{name: value for name, value in found.items() if value},
        }


def operation_references(
    rules: tuple[HandoffRule, ...], response: Response, data: Any, request: RequestFacts = UNKNOWN
) -> tuple[OperationReference, ...]:
    """Return what the first of *rules* that finds a reference finds."""
    for rule in rules:
        found = rule.find(response, data, request)
        if found:
            return found
    return ()


def no_operation_error(
    rules: tuple[HandoffRule, ...],
    response: Response,
    request: RequestFacts,
    profile: str,
    complaint: str,
    *,
    options: OptionWords,
) -> UsageError:
    """Return the error for an answer in which *rules* do not find the operation.

    *complaint* is the API's own message about what is wrong, if the profile finds one; *options*
    choose *profile*.
    """
    by_url = [rule for rule in rules if isinstance(rule.source, FromUrl)]
    if request.id and not by_url:
        message = f"with {profile!r} the answer names its operation itself"
        return UsageError(message, hint="leave out --param id=…")
    # If opwatch has sent the request itself, the caller adds the status.
    status = "" if response.url else f" (HTTP {response.status})"
    message = f"the answer{status} names no operation of {profile!r}"
    if complaint:
        return UsageError(f"{message}: {complaint}")
    if by_url and not response.url:
        names = sorted(frozenset[str]().union(*(rule.from_request for rule in by_url)))
        given = " ".join(f"--param {name}=…" for name in names)
        hint = f"only the request names it: add what you know of  {given}  or use  opwatch start"
        return UsageError(message, hint=hint)
    if not rules:
        wait = command_to_paste("wait", options, "ID")
        return UsageError(message, hint=f"the profile has no handoff; name it yourself:  {wait}")
    places = join_or(rule.source.place for rule in rules)
    show = command_to_paste("profile show", options, profile)
    return UsageError(message, hint=f"it must be in {places}; see  {show}")


def _from_url(template: Template) -> FromUrl:
    odd = odd_query(template.text)
    if odd or ID not in template.names:
        raise ShapeError(odd or "the URL has no {id}")
    return FromUrl(template)


def check_method(name: str) -> None:
    """Raise ValueError unless *name* is a method that starts something."""
    if name not in _METHODS:
        raise ValueError(f"expected {join_or(_METHODS)}, found {name!r}")


def _form(name: str, shape: Shape[Any], doc: str) -> RecordOf[HandoffRule]:
    own = {name: Key(shape, doc, required=True, field="source")}
    return RecordOf(HandoffRule, "the hand-off", {**own, **_MORE})


_MORE: Final = {
    "with": Key(MapOf(EXPRESSION, check_name), "further parameters, from the body", field="paths"),
    "by_method": Key(
        MapOf(MapOf(TEXT, check_name), check_method),
        "further parameters, by the method of the starting request",
    ),
    "from_path": Key(
        TEMPLATE, "further parameters, from the path that was requested", field="requested"
    ),
    "query": Key(
        MapOf(TEXT, check_name),
        "further parameters, from the query of the starting request",
        field="in_query",
    ),
}
HANDOFF: Final = ListOf(
    OneOf(
        "a hand-off",
        {
            "header": _form("header", Conversion(HEADER, FromHeader), "a header of the answer"),
            "body": _form("body", Conversion(EXPRESSION, FromBody), "a path in the answer"),
            "url": _form("url", Conversion(TEMPLATE, _from_url), "the end of the requested URL"),
        },
    ),
    or_one=True,
)
