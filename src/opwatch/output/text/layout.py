"""How wide each column is.

Decides what gives way when a terminal is narrow: the bar shrinks, then the note
wraps under its row, then the bar goes, and under 40 columns one line is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ONE_LINE_BELOW: Final = 40
PERCENT: Final = 4
LONGEST_BAR: Final = 24
SHORTEST_BAR: Final = 10
STUB_OF_BAR: Final = 6
WANTED_NOTE: Final = 38
GOOD_NOTE: Final = 22
SHORTEST_NOTE: Final = 18
SHORT_NAME: Final = 14
ROOMY: Final = 100
GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of each column; 0 leaves it out. *wraps* puts notes under their rows."""

    width: int
    name: int
    bar: int
    status: int
    elapsed: int
    note: int
    wraps: bool
    profile: int = 0


def plan(width: int, *, name: int, status: int, elapsed: int, profile: int = 0) -> Layout:
    """Return the layout for *width* columns; the others are the widest contents."""
    profile = min(profile, width // 6) if width >= ROOMY else 0
    name = min(name, max(8, width // (5 if profile else 4)))
    status = min(max(status, 9), max(9, width // 6))
    elapsed = max(elapsed, 6)
    fixed = 2 + name + 2 + PERCENT + 2 + status + 2 + elapsed + (profile and profile + 2)
    left = width - fixed
    bar = min(max(left - 3 - WANTED_NOTE, SHORTEST_BAR), LONGEST_BAR)
    note = left - bar - 3
    # A name is read well before its end; a note that is cut is not.
    given = min(max(0, name - SHORT_NAME), max(0, GOOD_NOTE - note))
    if note + given >= SHORTEST_NOTE:
        name, note = name - given, note + given
    if note >= SHORTEST_NOTE:
        return Layout(width, name, bar, status, elapsed, note, wraps=False, profile=profile)
    bar = min(left - 1, LONGEST_BAR)
    return Layout(
        width,
        name=max(1, name + min(0, left)),
        bar=bar if bar >= STUB_OF_BAR else 0,
        status=status,
        elapsed=elapsed,
        note=width - 4,
        wraps=True,
        profile=profile,
    )
