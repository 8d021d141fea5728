"""From a starting answer to the reference of the operation that it started.

Decides where the reference is looked for, and that several ids in a list are
several operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from opwatch.profiles.expressions import is_empty
from opwatch.profiles.leaves import EXPRESSION, HEADER, TEMPLATE, check_name
from opwatch.profiles.shapes import Key, ListOf, MapOf, OneOf, Record
from opwatch.profiles.template import Pattern
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.exchange import Response
    from opwatch.profiles.expressions import Expression
    from opwatch.profiles.template import Template


class HandedOff(NamedTuple):
    """A *reference* out of a starting answer, and further parameters beside it."""

    reference: str
    params: Mapping[str, str] = {}


class _More(NamedTuple):
    """Parameters that stand in the body."""

    paths: Mapping[str, Expression] = {}

    def find(self, data: Any) -> dict[str, str]:
        found = {name: word(path.find(data)) for name, path in self.paths.items()}
        return {name: value for name, value in found.items() if value}


class FromHeader(NamedTuple):
    """The answer's header *name* holds it."""

    name: str
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return frozenset(self.more.paths)

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"header {self.name}"

    def find(self, response: Response, data: Any) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        value = (response.headers.get(self.name) or "").strip()
        return (HandedOff(value, self.more.find(data)),) if value else ()


class FromBody(NamedTuple):
    """The answer's body holds it at *path*, or a list of them."""

    path: Expression
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return frozenset(self.more.paths)

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"body {self.path.text}"

    def find(self, _response: Response, data: Any) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        found = self.path.find(data)
        values = found if isinstance(found, list) else [found]
        words = (word(value) for value in values if not is_empty(value))
        params = self.more.find(data)
        return tuple(HandedOff(each.strip(), params) for each in words if each)


class FromUrl(NamedTuple):
    """The URL that was asked holds it, as *template* says."""

    template: Template
    more: _More = _More()

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it sets."""
        return self.template.names | frozenset(self.more.paths)

    @property
    def place(self) -> str:
        """How a person names this place."""
        return f"URL {self.template.text}"

    def find(self, response: Response, data: Any) -> tuple[HandedOff, ...]:
        """Return what is handed off."""
        path = urlsplit(response.url).path
        found = Pattern(self.template).match_end(path)
        if not found or is_empty(found.get("id")):
            return ()
        reference = found.pop("id")
        return (HandedOff(reference, {**found, **self.more.find(data)}),)


HandOff: TypeAlias = FromHeader | FromBody | FromUrl


def hand_off(rules: tuple[HandOff, ...], response: Response, data: Any) -> tuple[HandedOff, ...]:
    """Return what the first of *rules* that finds anything finds."""
    for rule in rules:
        found = rule.find(response, data)
        if found:
            return found
    return ()


def _from_header(**keys: Any) -> HandOff:
    return FromHeader(keys["header"], _More(keys.get("with", {})))


def _from_body(**keys: Any) -> HandOff:
    return FromBody(keys["body"], _More(keys.get("with", {})))


def _from_url(**keys: Any) -> HandOff:
    return FromUrl(keys["url"], _More(keys.get("with", {})))


_WITH: Final = Key(MapOf(EXPRESSION, check_name), "further parameters, out of the body")


def _form(make: Any, name: str, key: Key) -> Record[HandOff]:
    return Record(make, "the hand-off", {name: key._replace(required=True), "with": _WITH})


HANDOFF: Final = ListOf(
    OneOf(
        "a hand-off",
        {
            "header": _form(_from_header, "header", Key(HEADER, "a header of the answer")),
            "body": _form(_from_body, "body", Key(EXPRESSION, "a path in the answer")),
            "url": _form(_from_url, "url", Key(TEMPLATE, "the end of the path that was asked")),
        },
    ),
    or_one=True,
)
