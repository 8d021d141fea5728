"""Styled text without a library: signs, links, lines of toned spans, and a row's columns.

Decides the few tones that everything is drawn in, and what gives way when a terminal is
narrow: the bar shrinks, then the note wraps under its row, then the bar goes, and under
40 columns one line is left. Colour repeats what glyph and word already say, so all of it
may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from opwatch.domain.outcome import Outcome
from opwatch.output.text.clean import PLAIN, Show, cells, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.domain.operation import Operation

ONE_LINE_BELOW: Final = 40
PERCENT: Final = 4
LONGEST_BAR: Final = 24
SHORTEST_BAR: Final = 6
ROOMY_BAR: Final = 10
STUB_OF_BAR: Final = 6
WANTED_NOTE: Final = 32
GOOD_NOTE: Final = 26
SHORTEST_NOTE: Final = 18
SHORT_NAME: Final = 14
SHORT_STATUS: Final = 9
SHORT_ELAPSED: Final = 7
"""Cells of ``10m 00s``, which is on its way."""
ROOMY: Final = 100
USUAL: Final = 80
GAP: Final = "  "


LONGEST_LINK: Final = 500
# What RFC 3986 lets stand in an address, but for the apostrophe, which ends an HTML attribute.
_WEB: Final = re.compile(
    r"(?i:https?)://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]*)?"
)


class Glyphs(NamedTuple):
    """The signs that are drawn, each one cell wide but for the *ellipsis*."""

    succeeded: str
    failed: str
    running: str
    pending: str
    unseen: str
    trouble: str
    unknown: str
    ellipsis: str
    dot: str
    times: str
    dash: str
    under: str
    bar: str
    bar_end: str
    bar_start: str
    rest: str


UNICODE: Final = Glyphs._make("✓✗●○◌!?…·×–│━╸╺─")  # noqa: RUF001, the signs are meant
ASCII: Final = Glyphs._make([*"+x*o.!?", "...", *"-x-|=><-"])


def glyphs_for(encoding: str) -> Glyphs:
    """Return the signs that *encoding* has, all of one set."""
    try:
        "".join(UNICODE).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


class Tone(Enum):
    """What a piece of text is about."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    BUSY = "busy"


TONES: Final[Mapping[Outcome, Tone]] = {
    Outcome.SUCCEEDED: Tone.GOOD,
    Outcome.FAILED: Tone.BAD,
    Outcome.CANCELLED: Tone.WARN,
    Outcome.DENIED: Tone.BAD,
    Outcome.NOT_FOUND: Tone.BAD,
    Outcome.UNKNOWN: Tone.WARN,
    Outcome.TIMED_OUT: Tone.WARN,
    Outcome.PENDING: Tone.FAINT,
}
"""How bad an end is."""


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of text that leads to *url*, which is of printable ASCII characters only."""

    url: str


def page_of(operation: Operation, show: Show = PLAIN) -> str:
    """Return the link to the page of *operation*, empty if the API names none for a browser."""
    return web_link(operation.reading.link if operation.reading else None, show)


def web_link(text: str | None, show: Show) -> str:
    """Return *text* if it may be shown as a link, and nothing otherwise.

    Only a plain address of http or https is one: a browser opens it, nothing else does, it
    names nobody's account, and it holds no secret.
    """
    link = text or ""
    is_web = len(link) <= LONGEST_LINK and _WEB.fullmatch(link)
    return link if is_web and show(link, None) == link else ""


Span: TypeAlias = "tuple[str, Tone | Link]"
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


def painted(line: Iterable[Span], *, colour: bool = True, links: bool = False) -> str:
    """Return the text of *line* with its tones as ANSI colours (ECMA-48 SGR), and its links.

    https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda (OSC 8)
    """
    parts: list[str] = []
    for text, tone in trimmed(line):
        if isinstance(tone, Link):
            parts.append(f"\x1b]8;;{tone.url}\x1b\\{text}\x1b]8;;\x1b\\" if links else text)
        elif colour and SGR[tone] and text.strip():
            parts.append(f"\x1b[{SGR[tone]}m{text}\x1b[0m")
        else:
            parts.append(text)
    return "".join(parts)


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
    """Return the layout for *width* columns; the others are the widest contents so far.

    What stands before the status depends on nothing that grows during a run: a longer
    word takes its room from the note.
    """
    profile = min(profile, width // 6) if width >= ROOMY else 0
    name = min(name, max(8, width // (5 if profile else 4)))
    most = max(SHORT_STATUS, width // 6)
    fixed = 2 + name + 2 + PERCENT + 2 + 2 + SHORT_ELAPSED + (profile and profile + 2)
    left = width - fixed - SHORT_STATUS
    shortest = min(ROOMY_BAR, SHORTEST_BAR + max(0, width - USUAL) // 4)
    bar = min(max(left - 3 - WANTED_NOTE, shortest), LONGEST_BAR)
    note = left - bar - 3
    # A name can do without its end; a note cannot.
    lent = min(max(0, name - SHORT_NAME), max(0, GOOD_NOTE - note))
    grown = max(0, elapsed - SHORT_ELAPSED)
    if note + lent >= SHORTEST_NOTE:
        name, note = name - lent, note + lent - grown
        status = min(max(status, SHORT_STATUS), most, SHORT_STATUS + max(0, note - SHORTEST_NOTE))
        note -= status - SHORT_STATUS
        return Layout(
            width,
            name,
            bar,
            status,
            max(elapsed, SHORT_ELAPSED),
            note,
            wraps=False,
            profile=profile,
        )
    left = width - fixed - most
    bar = min(left - 1, LONGEST_BAR)
    return Layout(
        width,
        name=max(1, name + min(0, left)),
        bar=bar if bar >= STUB_OF_BAR else 0,
        status=most,
        elapsed=max(elapsed, SHORT_ELAPSED),
        note=width - 4,
        wraps=True,
        profile=profile,
    )
