"""YAML text to a tree of nodes.

Decides what YAML a profile may be written in: one document, a mapping at its
top, scalars as YAML 1.2's core schema reads them (``NO``, ``on`` and ``1:30``
are texts), no anchors, aliases, tags or duplicate keys, and bounds of size and
depth that are checked before anything is built (faults 108 to 116).
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import Problem, ProfileError
from opwatch.profiles.yaml.nodes import MapEntry, Node, Position, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 300
_BASES: Final = {"0x": 16, "0o": 8}
_BEGINS: Final = frozenset("+-.0123456789")
_DECIMAL: Final = _BEGINS | frozenset("eE")
_BARE_TEMPLATE: Final = re.compile(
    r"\{[^'\"]{0,200}:\s+(?P<text>[^\s'\",{}]{0,200}\{\w{1,64}\}[^\s'\",{}]{0,200})"
)
"""A template without quotes in a mapping that is written in braces."""
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def decode(name: str, data: bytes) -> str:
    """Return the text of the file *name*.

    Raises:
        ProfileError: it is too large, or not UTF-8.
    """
    source = Source(name, "")
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise ProfileError((Position(source, 0, 0).problem(message),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError((Position(source, line, 1).problem("the file is not UTF-8"),)) from error


def parse(name: str, text: str, *, is_builtin: bool = False) -> Node:
    """Return the mapping that *text*, the content of the file *name*, is.

    Raises:
        ProfileError: it is not YAML that a profile may be written in. All
            duplicate keys are reported; of other faults the first.
    """
    source = Source(name, text, is_builtin=is_builtin)
    builder = _Builder(source)
    root = builder.build(text)
    if builder.problems:
        raise ProfileError(tuple(builder.problems))
    if root is None:
        raise ProfileError((Position(source, 1, 1).problem("the file is empty"),))
    if not root.is_map:
        raise ProfileError((root.position.problem("the top of the file must be a mapping"),))
    return root


class _Builder:
    """Builds nodes from the parser's events, so that bounds are checked while it reads."""

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
            position = self._at(mark) if mark else Position(self.source, 0, 0)
            raise ProfileError((position.problem(_described(error, position)),)) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            message = "the file holds a control character"
            raise ProfileError((Position(self.source, line, column).problem(message),)) from error
        except (yaml.YAMLError, RecursionError) as error:
            message = "the file is not YAML"
            raise ProfileError((Position(self.source, 0, 0).problem(message),)) from error

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
        position = self._at(event.start_mark)
        if depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor:
            self._refuse(event, "anchors and aliases are not supported; use 'extends'")
        if event.tag and event.tag != "!":
            self._refuse(event, f"the tag {event.tag!r} is not supported")
        match type(event).__name__:
            case "SequenceStartEvent":
                return Node(list(self._items(events, depth)), position)
            case "MappingStartEvent":
                return Node(self._entries(events, depth), position)
            case _:
                plain = event.implicit[0] and event.style in {None, ""}
                value = core_scalar(event.value) if plain else event.value
                return Node(value, position, event.value, bool(plain))

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                return
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[Any], depth: int) -> dict[str, MapEntry]:
        entries: dict[str, MapEntry] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if key.is_map or key.is_list:
                self._refuse(event, "a key must be a single value")
            first = entries.get(key.text)
            if first:
                message = f"duplicate key {key.text!r}; it is first on line {first.position.line}"
                self.problems.append(key.position.problem(message))
            else:
                entries[key.text] = MapEntry(key.position, value)
        return entries

    def _at(self, mark: Any) -> Position:
        return Position(self.source, mark.line + 1, mark.column + 1)

    def _refuse(self, event: Any, message: str) -> None:
        raise ProfileError((self._at(event.start_mark).problem(message),))


def _described(error: Any, position: Position) -> str:
    """Return the parser's own message, or the commonest cause by its name."""
    line = position.text
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab; YAML is indented with spaces"
    if found := _BARE_TEMPLATE.search(line):
        return f"in {{…}} a text with braces needs quotes: '{found['text']}'"
    return str(error.problem or error.context or "the file is not YAML")


def core_scalar(text: str) -> Any:
    """Return what the plain scalar *text* is in YAML 1.2's core schema (§10.3.2)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _BEGINS and len(text) <= _MAX_DIGITS:
        base = _BASES.get(text[:2])
        if base and text[2:].isalnum():
            return _finite(lambda: int(text[2:], base), text)
        if _DECIMAL.issuperset(text):
            return _finite(lambda: int(text), _finite(lambda: float(text), text))
    return text


def _finite(number: Callable[[], float], otherwise: Any) -> Any:
    try:
        found = number()
    except ValueError:
        return otherwise
    return found if math.isfinite(found) else otherwise
