"""YAML text to nodes that know where they stand.

Decides what YAML a profile may be written in: one document, a mapping at its
top, scalars as YAML 1.2's core schema reads them (``NO``, ``on`` and ``1:30``
are texts), no anchors, aliases, tags or duplicate keys, and bounds of size and
depth that are checked before anything is built (faults 108 to 116).
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import Problem, ProfileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
_BASES: Final = {"0x": 16, "0o": 8}
_BEGINS: Final = frozenset("+-.0123456789")
_DECIMAL: Final = _BEGINS | frozenset("eE")


class Source:
    """A file's name and lines. *is_builtin* tells that it ships with the package."""

    __slots__ = ("is_builtin", "lines", "name")

    def __init__(self, name: str, text: str, *, is_builtin: bool = False) -> None:
        self.name = name
        self.lines = text.splitlines()
        self.is_builtin = is_builtin


class Place(NamedTuple):
    """Where something stands in a file. Line and column count from 1; 0 is unknown."""

    source: Source
    line: int
    column: int

    def problem(self, message: str, *, shift: int = 0) -> Problem:
        """Return the *problem* that is here, *shift* columns to the right."""
        lines = self.source.lines
        excerpt = lines[self.line - 1] if 0 < self.line <= len(lines) else ""
        return Problem(self.source.name, self.line, self.column + shift, message, excerpt)


class Node(NamedTuple):
    """A value and where it stands.

    *value* is None, a bool, int, float or str; a list of nodes; or a dict of
    entries. *text* is a scalar as it was written, so that ``1.10`` stays so.
    """

    value: Any
    place: Place
    text: str = ""
    is_plain: bool = True

    @property
    def is_map(self) -> bool:
        """Tell whether this is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Tell whether this is a list."""
        return isinstance(self.value, list)

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries of a mapping."""
        entries: dict[str, Entry] = self.value
        return entries

    def get(self, key: str) -> Node | None:
        """Return the value of *key*, None where this is no mapping or has no such key."""
        entry = self.entries.get(key) if self.is_map else None
        return entry.value if entry else None

    def plain(self) -> Any:
        """Return the data alone, without places."""
        if self.is_map:
            return {key: entry.value.plain() for key, entry in self.entries.items()}
        if self.is_list:
            return [item.plain() for item in self.value]
        return self.value


class Entry(NamedTuple):
    """One key of a mapping, where it stands, and its value."""

    place: Place
    value: Node


_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS: Final = 300


def core_scalar(text: str) -> Any:
    """Return what the plain scalar *text* is in YAML 1.2's core schema (§10.3.2)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _BEGINS and len(text) <= _MAX_DIGITS:
        base = _BASES.get(text[:2])
        if base and text[2:].isalnum():
            return _read(lambda: int(text[2:], base), text)
        if _DECIMAL.issuperset(text):
            return _read(lambda: int(text), _read(lambda: float(text), text))
    return text


def _read(number: Callable[[], float], otherwise: Any) -> Any:
    try:
        found = number()
    except ValueError:
        return otherwise
    return found if math.isfinite(found) else otherwise


def decode(name: str, data: bytes) -> str:
    """Return the text of the file *name*.

    Raises:
        ProfileError: it is too large, or not UTF-8.
    """
    source = Source(name, "")
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise ProfileError((Place(source, 0, 0).problem(message),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError((Place(source, line, 1).problem("the file is not UTF-8"),)) from error


def parse(source: Source, text: str) -> Node:
    """Return the mapping that *text* is.

    Raises:
        ProfileError: it is not the YAML that a profile may be written in. All
            duplicate keys are told; of other faults the first.
    """
    builder = _Builder(source)
    root = builder.build(text)
    if builder.problems:
        raise ProfileError(tuple(builder.problems))
    if root is None:
        raise ProfileError((Place(source, 1, 1).problem("the file is empty"),))
    if not root.is_map:
        raise ProfileError((root.place.problem("the top of the file must be a mapping"),))
    return root


class _Builder:
    """Nodes out of the parser's events, so that bounds are checked as it reads."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def build(self, text: str) -> Node | None:
        import yaml  # noqa: PLC0415, one command in two reads no YAML

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self._document(iter(yaml.parse(text, Loader=loader)))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if mark:
                # A parser reads ahead, so it may meet its own bounds before ours are seen.
                with suppress(yaml.YAMLError, RecursionError):
                    self._document(iter(yaml.parse(text[: mark.index], Loader=loader)))
            place = self._at(mark) if mark else Place(self.source, 0, 0)
            raise ProfileError((place.problem(_said(error, self._line(place))),)) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            message = "the file holds a control character"
            raise ProfileError((Place(self.source, line, column).problem(message),)) from error
        except (yaml.YAMLError, RecursionError) as error:
            message = "the file is no YAML"
            raise ProfileError((Place(self.source, 0, 0).problem(message),)) from error

    def _line(self, place: Place) -> str:
        lines = self.source.lines
        return lines[place.line - 1] if 0 < place.line <= len(lines) else ""

    def _document(self, events: Iterator[Any]) -> Node | None:
        root, documents = None, 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._refuse(event, "the file holds more than one document")
            elif kind in {"ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"}:
                root = self._node(event, events, 1)
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = self._at(event.start_mark)
        if depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor:
            self._refuse(event, "anchors and aliases are not read; use 'extends'")
        if event.tag and event.tag != "!":
            self._refuse(event, f"the tag {event.tag!r} is not read")
        match type(event).__name__:
            case "SequenceStartEvent":
                return Node(list(self._items(events, depth)), place)
            case "MappingStartEvent":
                return Node(self._entries(events, depth), place)
            case _:
                plain = event.implicit[0] and event.style in {None, ""}
                value = core_scalar(event.value) if plain else event.value
                return Node(value, place, event.value, bool(plain))

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                return
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[Any], depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.is_map or key.is_list:
                self._refuse(event, "a key must be a word")
            first = entries.get(key.text)
            if first:
                message = f"duplicate key {key.text!r}; it is first on line {first.place.line}"
                self.problems.append(key.place.problem(message))
            else:
                entries[key.text] = Entry(key.place, value)
        return entries

    def _at(self, mark: Any) -> Place:
        return Place(self.source, mark.line + 1, mark.column + 1)

    def _refuse(self, event: Any, message: str) -> None:
        raise ProfileError((self._at(event.start_mark).problem(message),))


def _said(error: Any, line: str) -> str:
    """Return the parser's own words, with the commonest cause named."""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab; YAML is indented with spaces"
    return str(error.problem or error.context or "the file is no YAML")
