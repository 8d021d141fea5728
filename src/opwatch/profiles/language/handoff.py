"""From a starting answer to the reference of the operation that it started.

Decides where the reference is looked for, that several ids in a list are
several operations, and what the method of the request tells of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.errors import UsageError
from opwatch.profiles.language.expressions import is_empty
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.references import odd_query, params_in
from opwatch.profiles.language.scalars import EXPRESSION, HEADER, TEMPLATE, TEXT, check_name
from opwatch.profiles.language.template import Pattern, parse_template
from opwatch.profiles.values import word
from opwatch.profiles.yaml.schema import Key, ListOf, MapOf, OneOf, Record
from opwatch.profiles.yaml.suggest import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.messages import Response
    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.template import Template

_METHODS: Final = ("DELETE", "PATCH", "POST", "PUT")


class HandedOff(NamedTuple):
    """A *reference* out of a starting answer, and further parameters beside it."""

    reference: str
    params: Mapping[str, str] = {}


class Asked(NamedTuple):
    """What was asked to start something: the *method*, and the *id*, so far as it is known."""

    method: str = ""
    id: str = ""


UNKNOWN: Final = Asked()


class _More(NamedTuple):
    """Parameters that stand in the body, and those that the method of the request tells."""

    paths: Mapping[str, Expression] = {}
    by_method: Mapping[str, Mapping[str, str]] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.paths).union(*self.by_method.values())

    @property
    def told(self) -> list[tuple[str, str]]:
        """The values that methods tell."""
        return [pair for params in self.by_method.values() for pair in params.items()]

    def find(self, data: Any, asked: Asked) -> dict[str, str]:
        found = {name: word(path.find(data)) for name, path in self.paths.items()}
        told = self.by_method.get(asked.method, {})
        return {**told, **{name: value for name, value in found.items() if value}}


class FromHeader(NamedTuple):
    """The answer's header *name* holds it."""

    name: str
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return self.more.names

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"header {self.name}"

    def find(self, response: Response, data: Any, asked: Asked) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        value = (response.headers.get(self.name) or "").strip()
        return (HandedOff(value, self.more.find(data, asked)),) if value else ()


class FromBody(NamedTuple):
    """The answer's body holds it at *path*, or a list of them."""

    path: Expression
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return self.more.names

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"body {self.path.text}"

    def find(self, _response: Response, data: Any, asked: Asked) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        found = self.path.find(data)
        values = found if isinstance(found, list) else [found]
        words = (word(value) for value in values if not is_empty(value))
        params = self.more.find(data, asked)
        return tuple(HandedOff(each.strip(), params) for each in words if each)


class FromUrl(NamedTuple):
    """The URL that was asked holds it, as *template* says; who knows the id needs no URL."""

    template: Template
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return self.template.names | self.more.names

    @property
    def asked(self) -> frozenset[str]:
        """The parameters that only the request tells, and not its answer."""
        return self.template.names.union(*self.more.by_method.values())

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"URL {self.template.text}"

    def find(self, response: Response, data: Any, asked: Asked) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        head, _, query = self.template.text.partition("?")
        parts = urlsplit(response.url)
        path = Pattern(parse_template(head)).match_end(parts.path)
        found = {ID: asked.id} if asked.id else path
        if not found or is_empty(found.get(ID)):
            return ()
        reference = found.pop(ID)
        given = dict(parse_qsl(parts.query))
        found |= {param: given[name] for name, param in params_in(query).items() if name in given}
        return (HandedOff(reference, {**found, **self.more.find(data, asked)}),)


HandOff: TypeAlias = FromHeader | FromBody | FromUrl


def hand_off(
    rules: tuple[HandOff, ...], response: Response, data: Any, asked: Asked = UNKNOWN
) -> tuple[HandedOff, ...]:
    """Return what the first of *rules* that finds anything finds."""
    for rule in rules:
        found = rule.find(response, data, asked)
        if found:
            return found
    return ()


def unnamed(
    rules: tuple[HandOff, ...], response: Response, asked: Asked, profile: str, said: str
) -> UsageError:
    """Return what to say of an answer out of which *rules* do not take what *asked* wants.

    *said* is what the API itself says is wrong, as far as the profile knows.
    """
    by_url = [rule for rule in rules if isinstance(rule, FromUrl)]
    if asked.id and not by_url:
        message = f"with {profile!r} the answer names its operation itself"
        return UsageError(message, hint="leave out --param id=…")
    # What opwatch itself has sent is told with the status of its answer.
    status = "" if response.url else f" (HTTP {response.status})"
    message = f"the answer{status} names no operation of {profile!r}"
    if said:
        return UsageError(f"{message}: {said}")
    if by_url and not response.url:
        names = sorted(frozenset[str]().union(*(rule.asked for rule in by_url)))
        given = " ".join(f"--param {name}=…" for name in names)
        hint = f"only the request tells: add what you know of  {given}  or use  opwatch start"
        return UsageError(message, hint=hint)
    if not rules:
        hint = f"the profile has no handoff; name it yourself:  opwatch wait -p {profile} ID"
        return UsageError(message, hint=hint)
    places = listed(rule.place for rule in rules)
    return UsageError(message, hint=f"it must be in {places}; see  opwatch profile show {profile}")


def _more(keys: Mapping[str, Any]) -> _More:
    return _More(keys.get("with", {}), keys.get("by_method", {}))


def _from_header(**keys: Any) -> HandOff:
    return FromHeader(keys["header"], _more(keys))


def _from_body(**keys: Any) -> HandOff:
    return FromBody(keys["body"], _more(keys))


def _from_url(**keys: Any) -> HandOff:
    odd = odd_query(keys["url"].text)
    if odd or ID not in keys["url"].names:
        raise ValueError(odd or "the URL holds no {id}")
    return FromUrl(keys["url"], _more(keys))


def _check_method(name: str) -> None:
    """Raise ValueError unless *name* is a method that starts something."""
    if name not in _METHODS:
        raise ValueError(f"expected {listed(_METHODS)}, found {name!r}")


_WITH: Final = Key(MapOf(EXPRESSION, check_name), "further parameters, out of the body")
_BY_METHOD: Final = Key(
    MapOf(MapOf(TEXT, check_name), _check_method),
    "further parameters, which the method of the starting request tells",
)


def _form(make: Any, name: str, key: Key) -> Record[HandOff]:
    keys = {name: key._replace(required=True), "with": _WITH, "by_method": _BY_METHOD}
    return Record(make, "the hand-off", keys)


HANDOFF: Final = ListOf(
    OneOf(
        "a hand-off",
        {
            "header": _form(_from_header, "header", Key(HEADER, "a header of the answer")),
            "body": _form(_from_body, "body", Key(EXPRESSION, "a path in the answer")),
            "url": _form(_from_url, "url", Key(TEMPLATE, "the end of the URL that was asked")),
        },
    ),
    or_one=True,
)
