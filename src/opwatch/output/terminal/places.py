"""Which operations have a row when not all of them fit, and where it stands.

Decides that a row keeps its place: it rises once when its operation ends badly, and once
when it gets into trouble, and is not moved when that passes. A success gives its place
to another after a moment. Who has none comes in by rank.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opwatch.output.text.names import Key

LINGER: Final = 2.0
"""Seconds for which a success is shown before its place is another's."""


class Section(IntEnum):
    """The parts of the rows, from the top."""

    BAD = 0
    TROUBLED = 1
    OPEN = 2
    DONE = 3


class Places:
    """The rows of the last frame, by what they are of, and the section each stands in."""

    def __init__(self) -> None:
        self._rows: dict[Key, Section] = {}
        self.noted: set[Key] = set()
        """Those that have had a line for a note under them, and keep it."""

    def __iter__(self) -> Iterator[Key]:
        """Iterate over those that have a row."""
        return iter(self._rows)

    def keep(self, keys: Iterable[Key]) -> None:
        """Take in that all of *keys* fit, in this order."""
        self._rows = dict.fromkeys(keys, Section.OPEN)

    def fill(
        self,
        room: int,
        ranked: Iterator[tuple[Key, Section]],
        now: Mapping[Key, Section],
        idle: Iterable[Key],
    ) -> list[Key]:
        """Return who has one of *room* rows, in their order.

        *ranked* yields everyone, the worthiest first, and its section; *now* has that of who
        stands here already. *idle* are those whose success has been seen.
        """
        for key, was in list(self._rows.items()):
            if now[key] < was:
                del self._rows[key]
                self._insert(key, now[key])
        for key in list(self._rows)[room:]:
            del self._rows[key]
        free = [key for key in idle if key in self._rows]
        for key, section in ranked:
            if key in self._rows:
                continue
            if len(self._rows) < room:
                self._insert(key, section)
            elif free and section < Section.DONE:
                self._take_place(free.pop(0), key, section)
            elif section >= Section.OPEN or not self._displace(key, section, now):
                break
        return list(self._rows)

    def _insert(self, key: Key, section: Section) -> None:
        """Put *key* last in its *section*."""
        rows = list(self._rows.items())
        at = next((i for i, (_, other) in enumerate(rows) if other > section), len(rows))
        rows.insert(at, (key, section))
        self._rows = dict(rows)

    def _take_place(self, old: Key, key: Key, section: Section) -> None:
        if self._rows[old] is section:
            self._rows = {key if each == old else each: where for each, where in self._rows.items()}
        else:
            del self._rows[old]
            self._insert(key, section)

    def _displace(self, key: Key, section: Section, now: Mapping[Key, Section]) -> bool:
        """Let *key* take the place of the least worthy, if that is less than *section*."""
        worth = {each: now.get(each, self._rows[each]) for each in self._rows}
        worst = max(reversed(worth), key=worth.__getitem__, default=None)
        if worst is None or worth[worst] <= section:
            return False
        del self._rows[worst]
        self._insert(key, section)
        return True
