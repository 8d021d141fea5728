"""What references are like, and how one is held against it.

Decides which likeness is that of a page at the API's own host, what it has to hold,
and that a parameter may be made out of what is found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl

from opwatch.profiles.language.params import ID
from opwatch.profiles.language.scalars import TEMPLATE, check_name
from opwatch.profiles.language.template import Pattern, Template, parse_template
from opwatch.profiles.yaml.schema import Key, ListOf, MapOf, OneOf, Record

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from opwatch.profiles.language.template import Text
    from opwatch.profiles.yaml.nodes import Node
    from opwatch.profiles.yaml.schema import Reader

SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class ReferencePattern(NamedTuple):
    """What references are *like*, and the parameters that are *made* of what one holds."""

    like: Template
    made: Mapping[str, Template] = {}

    @property
    def parts(self) -> frozenset[str]:
        """What others are made of."""
        return frozenset(name for each in self.made.values() for name in each.names)

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it brings."""
        return (self.like.names - self.parts) | self.made.keys()

    def fault(self, base_url: Text | None) -> str | None:
        """Return why no reference can be like this, None if one can."""
        if ID not in self.like.names | self.made.keys():
            return "the reference holds no {id}, so it names no operation"
        odd = odd_query(self.like.text)
        if odd:
            return odd
        stray = sorted(self.parts - self.like.names)
        if stray:
            return f"what is made of {{{stray[0]}}} needs it in 'like'"
        first = self.like.first
        if first and base_url and first in base_url.names and not _is_all_of(base_url, first):
            return f"base_url is more than {{{first}}}; '/' begins a page at the API's own host"
        return None


def _is_all_of(base_url: Text, name: str) -> bool:
    return isinstance(base_url, Template) and base_url.alone == name


def params_in(query: str) -> dict[str, str]:
    """Return which parameter each name of *query*, as it is written in a profile, brings."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name: param for name, text in pairs if (param := parse_template(text).alone)}


def odd_query(text: str) -> str | None:
    """Return why nothing can be read out of the query of *text*, None if it can."""
    query = text.partition("#")[0].partition("?")[2]
    if len(params_in(query)) == query.count("&") + bool(query):
        return None
    return "what follows '?' is of the form NAME={parameter}, joined by '&'"


class Spelling:
    """A likeness at one profile: a text, perhaps a query and a fragment after it.

    *wide* names the parameters that may hold slashes, *known* all that there are.
    A page at the API's own host is written as a path; *base_url*, where it is one
    parameter, may stand before it.
    """

    def __init__(
        self,
        likeness: ReferencePattern,
        wide: frozenset[str],
        known: Container[str],
        base_url: Text | None = None,
    ) -> None:
        text, _, fragment = likeness.like.text.partition("#")
        head, _, query = text.partition("?")
        first = likeness.like.first
        if first and base_url and _is_all_of(base_url, first):
            head = head.removeprefix(f"{{{first}}}")
        self.is_url = bool(SCHEME.match(head))
        self.is_path = head.startswith("/")
        self._pattern = Pattern(parse_template(head), wide)
        self._fragment = Pattern(parse_template(fragment), wide) if fragment else None
        self._made = likeness.made
        self._known = known
        self.in_query = params_in(query)

    def match(
        self, head: str, query: Mapping[str, str], fragment: str = ""
    ) -> dict[str, str] | None:
        """Return the parameters in the three, None if they do not fit."""
        found = self._pattern.match(head)
        in_fragment = self._fragment.match(fragment) if self._fragment else {}
        if found is None or in_fragment is None:
            return None
        found |= in_fragment
        for name, param in self.in_query.items():
            if query.get(name):
                found[param] = query[name]
        found |= {name: text.fill(found) for name, text in self._made.items()}
        return {name: value for name, value in found.items() if name in self._known}


class _Plain:
    """A text alone makes nothing."""

    def read(self, node: Node, reader: Reader) -> ReferencePattern:
        """Return the likeness."""
        return ReferencePattern(TEMPLATE.read(node, reader))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return TEMPLATE.schema()


def _likeness(**keys: Any) -> ReferencePattern:
    return ReferencePattern(keys["like"], keys["with"])


REFERENCES: Final[ListOf[ReferencePattern]] = ListOf(
    OneOf(
        "a reference",
        {
            "scalar": _Plain(),
            "map": Record(
                _likeness,
                "the reference",
                {
                    "like": Key(TEMPLATE, "what such references are like", required=True),
                    "with": Key(
                        MapOf(TEMPLATE, check_name), "parameters made of its parts", required=True
                    ),
                },
            ),
        },
    )
)
