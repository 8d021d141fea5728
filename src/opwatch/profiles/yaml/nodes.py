"""The tree of a YAML file, in which every value knows its position.

Decides how a problem shows its line, what the position of a path is, which known word a
person probably meant, and how a profile is laid over the one that it extends: mappings
merge key by key, lists and single values replace, null removes, and what is one thing (an
``auth``, a ``batch``) is replaced whole.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WHOLE: Final = frozenset(
    {
        ("auth",),
        ("batch",),
        ("read", "progress"),
        ("request", "body"),
        ("request", "graphql"),
    }
)
_VARIABLE: Final = r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}"


class TextError(ValueError):
    """A text is not what is expected of it. *offset* counts its characters from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class Source:
    """A file's name and lines. *is_builtin*: it ships with the package."""

    __slots__ = ("is_builtin", "lines", "name")

    def __init__(self, name: str, text: str, *, is_builtin: bool = False) -> None:
        self.name = name
        self.lines = text.splitlines()
        self.is_builtin = is_builtin


class Position(NamedTuple):
    """A position in a file. Line and column count from 1; 0 means unknown."""

    source: Source
    line: int
    column: int

    def problem(self, message: str, *, shift: int = 0) -> Problem:
        """Return a problem at this position, *shift* columns to the right."""
        return Problem(self.source.name, self.line, self.column + shift, message, self.text)

    def warning(self, message: str) -> Problem:
        """Return a warning about this position."""
        return replace(self.problem(message), is_warning=True)

    @property
    def text(self) -> str:
        """The line of the file."""
        lines = self.source.lines
        return lines[self.line - 1] if 0 < self.line <= len(lines) else ""


class Node(NamedTuple):
    """A value and its position.

    *value* is None, a bool, int, float or str; a list of nodes; or a dict of
    entries. *text* is a scalar as it was written, so that ``1.10`` stays so.
    """

    value: Any
    position: Position
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
    def entries(self) -> dict[str, MapEntry]:
        """The entries of a mapping."""
        entries: dict[str, MapEntry] = self.value
        return entries

    def get(self, key: str) -> Node | None:
        """Return the value of *key*, None if this is not a mapping or lacks the key."""
        entry = self.entries.get(key) if self.is_map else None
        return entry.value if entry else None

    def scalars(self) -> Iterator[Node]:
        """Yield the single values in it, in their order."""
        if self.is_map:
            for entry in self.entries.values():
                yield from entry.value.scalars()
        elif self.is_list:
            for each in self.value:
                yield from each.scalars()
        else:
            yield self

    def plain(self) -> Any:
        """Return the data alone, without positions."""
        if self.is_map:
            return {key: entry.value.plain() for key, entry in self.entries.items()}
        if self.is_list:
            return [item.plain() for item in self.value]
        return self.value


class MapEntry(NamedTuple):
    """One key of a mapping, its position, and its value."""

    position: Position
    value: Node


def position_of(node: Node, *path: str, holding: str = "") -> Position:
    """Return the position of the value at *path*, or of the scalar in it that has *holding*."""
    node = _value_at(node, path)
    found = (each for each in node.scalars() if holding in each.text)
    return next(found, node).position if holding else node.position


def item_position(node: Node, path: tuple[str, ...], index: int) -> Position:
    """Return the position of the item *index* of the list at *path*."""
    node = _value_at(node, path)
    if node.is_list and index < len(node.value):
        item: Node = node.value[index]
        return item.position
    return node.position


def _value_at(node: Node, path: Iterable[str]) -> Node:
    """Return the value at *path*, or the last that there is on the way to it."""
    for key in path:
        node = node.get(key) or node
    return node


def overlay(below: Node, above: Node, path: tuple[str, ...] = ()) -> Node:
    """Return *above* laid over *below*."""
    if below.is_map and not above.is_map and path[:1] == ("params",) and len(path) == 2:  # noqa: PLR2004, the value of one parameter
        above = Node({"default": MapEntry(above.position, above)}, above.position)
    if not (below.is_map and above.is_map) or path in WHOLE:
        return above
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        old = entries.get(key)
        if entry.value.value is None and entry.value.is_plain:
            entries.pop(key, None)
        elif old is None:
            entries[key] = entry
        else:
            entries[key] = MapEntry(entry.position, overlay(old.value, entry.value, (*path, key)))
    return Node(entries, above.position)


def expand_variables(node: Node, environ: Mapping[str, str], problems: list[Problem]) -> Node:
    """Return *node* with the ``${VARIABLES}`` of its texts filled in, once.

    ``${NAME:-default}`` has a default; ``$${`` is a literal ``${``.
    """
    if node.is_map:
        entries = {
            key: MapEntry(entry.position, expand_variables(entry.value, environ, problems))
            for key, entry in node.entries.items()
        }
        return node._replace(value=entries)
    if node.is_list:
        return node._replace(
            value=[expand_variables(each, environ, problems) for each in node.value]
        )
    if not isinstance(node.value, str) or "${" not in node.value:
        return node

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        found = environ.get(match[1])
        if found is None and match[2] is None:
            message = (
                f"the variable {match[1]} is not set; write ${{{match[1]}:-default}} for a default"
            )
            shift = match.start() + (not node.is_plain)
            problems.append(node.position.problem(message, shift=shift))
        return found if found is not None else match[2] or ""

    text = re.sub(_VARIABLE, fill, node.value)
    return node._replace(value=text, text=text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest of *known*, or an empty text."""
    from difflib import get_close_matches  # noqa: PLC0415, only errors pay for it

    lower = {each.lower(): each for each in known}
    close = get_close_matches(word.lower()[:100], lower, n=1, cutoff=0.6)
    return f"; did you mean {lower[close[0]]!r}?" if close else ""


def join_or(words: Iterable[str]) -> str:
    """Return *words* joined for a sentence: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
