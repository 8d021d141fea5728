"""Styled text without a library: lines of toned spans, their widths, and a row's columns.

Decides the few tones that everything is drawn in, and what gives way when a terminal is
narrow: the bar shrinks, then the note wraps under its row, then the bar goes, and under
40 columns one line is left. Colour repeats what glyph and word already say, so all of it
may be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.output.text.clean import cells, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Tone(Enum):
    """What a piece of text is about."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    BUSY = "busy"


Span: TypeAlias = tuple[str, Tone]
Line: TypeAlias = "list[Span]"

# The terminal's own eight colours: its owner has chosen them to be readable.
SGR: Final[Mapping[Tone, str]] = {
    Tone.PLAIN: "",
    Tone.STRONG: "1",
    Tone.FAINT: "2",
    Tone.GOOD: "32",
    Tone.BAD: "31",
    Tone.WARN: "33",
    Tone.BUSY: "36",
}


def plain(line: Iterable[Span]) -> str:
    """Return the text of *line*, without blanks at its end."""
    return "".join(text for text, _ in line).rstrip(" ")


def painted(line: Iterable[Span]) -> str:
    """Return the text of *line* with its tones as ANSI colours (ECMA-48 SGR)."""
    return "".join(
        f"\x1b[{SGR[tone]}m{text}\x1b[0m" if SGR[tone] and text.strip() else text
        for text, tone in trimmed(line)
    )


def trimmed(line: Iterable[Span]) -> Line:
    """Return *line* without blanks at its end."""
    spans = [span for span in line if span[0]]
    while spans:
        text = spans[-1][0].rstrip(" ")
        if text:
            return [*spans[:-1], (text, spans[-1][1])]
        spans.pop()
    return []


def fitted(line: Iterable[Span], width: int, *, ellipsis: str = "…") -> Line:
    """Return *line* cut to *width* cells."""
    kept: Line = []
    room = width
    for text, tone in trimmed(line):
        wanted = cells(text)
        if wanted > room:
            return [*kept, (cut(text, room, ellipsis=ellipsis), tone)]
        kept.append((text, tone))
        room -= wanted
    return kept


def line_cells(line: Iterable[Span]) -> int:
    """Return how many cells *line* takes."""
    return sum(cells(text) for text, _ in line)


def pad(text: str, width: int) -> str:
    """Return *text* filled with blanks to *width* cells."""
    return text + " " * (width - cells(text))


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


def plan_layout(width: int, *, name: int, status: int, elapsed: int, profile: int = 0) -> Layout:
    """Return the layout for *width* columns; the others are the widest contents."""
    profile = min(profile, width // 6) if width >= ROOMY else 0
    name = min(name, max(8, width // (5 if profile else 4)))
    status = min(max(status, 9), max(9, width // 6))
    elapsed = max(elapsed, 6)
    fixed = 2 + name + 2 + PERCENT + 2 + status + 2 + elapsed + (profile and profile + 2)
    left = width - fixed
    bar = min(max(left - 3 - WANTED_NOTE, SHORTEST_BAR), LONGEST_BAR)
    note = left - bar - 3
    # A name can do without its end; a note cannot.
    lent = min(max(0, name - SHORT_NAME), max(0, GOOD_NOTE - note))
    if note + lent >= SHORTEST_NOTE:
        name, note = name - lent, note + lent
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
