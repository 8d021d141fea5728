"""Coloured text without a library: what a piece of a line means, and its look.

Decides the few tones that everything is drawn in. Colour repeats what glyph
and word already say, so all of it may be left out.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.output.text.clean import cells, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    for text, tone in trimmed(line):
        room = width - line_cells(kept)
        if cells(text) > room:
            return [*kept, (cut(text, room, ellipsis=ellipsis), tone)]
        kept.append((text, tone))
    return kept


def line_cells(line: Iterable[Span]) -> int:
    """Return how many cells *line* takes."""
    return sum(cells(text) for text, _ in line)


def pad(text: str, width: int) -> str:
    """Return *text* filled with blanks to *width* cells."""
    return text + " " * (width - cells(text))
