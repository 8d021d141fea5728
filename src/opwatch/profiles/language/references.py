"""The ``references`` of a profile: patterns of what a person may give for an operation.

Decides which pattern is that of a web page at the API's own host, what a pattern must
hold, and that a parameter may be composed of the parts that it finds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl

from opwatch.profiles.language.params import ID
from opwatch.profiles.language.scalars import TEMPLATE, check_name
from opwatch.profiles.language.template import Pattern, Template, Text, parse_template
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, MapOf, OneOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Container, Mapping


SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class ReferencePattern(NamedTuple):
    """What references are *like*, and the parameters that are *made* of their parts."""

    like: Template
    made: Mapping[str, Template] = {}

    @property
    def parts(self) -> frozenset[str]:
        """The names that only serve to make other parameters."""
        return frozenset(name for each in self.made.values() for name in each.names)

    @property
    def names(self) -> frozenset[str]:
        """The parameters that a reference sets."""
        return (self.like.names - self.parts) | self.made.keys()

    def fault(self, base_url: Text | None) -> str | None:
        """Return what is wrong with the pattern, None if nothing is."""
        if ID not in self.like.names | self.made.keys():
            return "the reference has no {id}, so it does not name an operation"
        odd = odd_query(self.like.text)
        if odd:
            return odd
        stray = sorted(self.parts - self.like.names)
        if stray:
            return f"a parameter is made of {{{stray[0]}}}, which 'like' lacks"
        first = self.like.first
        if first and base_url and first in base_url.names and not _is_all_of(base_url, first):
            return f"base_url is more than {{{first}}}; begin a page at the API's own host with '/'"
        return None


def _is_all_of(base_url: Text, name: str) -> bool:
    return isinstance(base_url, Template) and base_url.alone == name


def params_in(query: str) -> dict[str, str]:
    """Return the parameter that each name of *query*, as written in a profile, sets."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name: param for name, text in pairs if (param := parse_template(text).alone)}


def odd_query(text: str) -> str | None:
    """Return what is wrong with the query of *text*, None if nothing is."""
    query = text.partition("#")[0].partition("?")[2]
    if len(params_in(query)) == query.count("&") + bool(query):
        return None
    return "what follows '?' must be NAME={parameter}, joined by '&'"


class ReferenceMatcher:
    """A pattern of one profile, compiled: a text, perhaps a query and a fragment.

    *wide* names the parameters that may hold slashes, *known* all of them. A page at
    the API's own host is written as a path; *base_url*, where it is a single
    parameter, may precede it.
    """

    def __init__(
        self,
        pattern: ReferencePattern,
        wide: frozenset[str],
        known: Container[str],
        base_url: Text | None = None,
    ) -> None:
        text, _, fragment = pattern.like.text.partition("#")
        head, _, query = text.partition("?")
        first = pattern.like.first
        if first and base_url and _is_all_of(base_url, first):
            head = head.removeprefix(f"{{{first}}}")
        self.is_url = bool(SCHEME.match(head))
        self.is_path = head.startswith("/")
        self._pattern = Pattern(parse_template(head), wide)
        self._fragment = Pattern(parse_template(fragment), wide) if fragment else None
        self._made = pattern.made
        self._known = known
        self.in_query = params_in(query)

    def match(
        self, head: str, query: Mapping[str, str], fragment: str = ""
    ) -> dict[str, str] | None:
        """Return the parameters in these parts of a reference, None if they do not match."""
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


REFERENCES: Final[ListOf[ReferencePattern]] = ListOf(
    OneOf(
        "a reference",
        {
            "scalar": Conversion(TEMPLATE, ReferencePattern),
            "map": RecordOf(
                ReferencePattern,
                "the reference",
                {
                    "like": Key(TEMPLATE, "what such references are like", required=True),
                    "with": Key(
                        MapOf(TEMPLATE, check_name),
                        "parameters made of its parts",
                        required=True,
                        field="made",
                    ),
                },
            ),
        },
    )
)
