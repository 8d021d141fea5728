"""The time lines of a page, as SVG: one of each operation, the axis above them, the legend.

Decides what a state looks like, so that nobody needs the colour of it: pending is a thin
line, running a band, blocked a hatched one; progress fills the band from below. What was not
confirmed is an outline only. A short tick below is a good answer, a tall one a bad one.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.domain.moments import format_duration
from opwatch.domain.operation import State
from opwatch.output.text.sentences import rounded
from opwatch.output.text.words import STATES, UNCONFIRMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opwatch.output.report.history import Track

WIDTH: Final = 1000
TOP: Final = 3
HEIGHT: Final = 14
LINE: Final = 4
"""How high the line of a pending operation is."""
HATCH: Final = (
    '<svg class="defs" aria-hidden="true"><defs><pattern id="hatch" width="9" height="6"'
    ' patternUnits="userSpaceOnUse"><path class="b" d="M0 6L9 0M-2 1L2 -1M7 7L11 5"/>'
    "</pattern></defs></svg>"
)
"""What blocked bands are filled with; once in a page, before the first time line."""
_SHAPES: Final = {State.PENDING: "p", State.BLOCKED: "h"}
STEPS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * each for each in (1, 2, 5, 10, 15, 30)),
    *(3600 * each for each in (1, 2, 3, 6, 12)),
)
"""Seconds between two marks of the axis; after these, whole days."""
MARKS: Final = 8
LEGEND: Final = (
    ("p", "M0 8h60v4h-60z", "pending"),
    ("r", "M0 3h60v14h-60z", "running"),
    ("a", "M0 8h60v9h-60z", "progress"),
    ("h", "M0 3h60v14h-60z", "blocked"),
    ("u", "M1 3h58v14h-58z", "not confirmed"),
    ("g", "M10 19v5M30 19v5M50 19v5", "good answers"),
    ("x", "M15 0v23M45 0v23", "bad answers"),
    ("e", "M58 0v23", "the end"),
)


# -- one operation -------------------------------------------------------------------


class Span(NamedTuple):
    """A part of a time line in which nothing changed, in seconds since the run began."""

    start: float
    end: float
    state: State | None
    progress: float | None
    confirmed: bool


def strip(track: Track, ended: float, total: float, tone: str) -> str:
    """Return the time line of *track*, which ended after *ended* of *total* seconds."""
    found = list(spans(track, ended))
    scale = WIDTH / max(total, 1e-3)
    paths: dict[str, list[str]] = {kind: [] for kind in "prhalu"}
    for each in found:
        # Both ends are rounded, so that no seam is seen between two parts.
        x = round(each.start * scale)
        wide = max(1, round(each.end * scale) - x)
        shape = _SHAPES.get(each.state, "r") if each.state else "p"
        kind = shape if each.confirmed and each.state else "u"
        low = shape == "p"
        top, high = (TOP + (HEIGHT - LINE) // 2, LINE) if low else (TOP, HEIGHT)
        paths[kind].append(_box(x, top, wide, high))
        filled = 0 if each.progress is None or low else round(HEIGHT * each.progress / 100)
        if filled:
            solid = "a" if each.confirmed else "l"
            paths[solid].append(_box(x, TOP + HEIGHT - filled, wide, filled))
    for kind, cells, line in (("g", track.good, "19v5"), ("x", track.bad, "0v23")):
        at = dict.fromkeys(_mark(cell * track.width * scale) for cell in cells)
        paths[kind] = [f"M{x} {line}" for x in at]
    paths[f"e {tone}"] = [f"M{_mark(ended * scale)} 0v23"]
    drawn = "".join(f'<path class="{kind}" d="{"".join(d)}"/>' for kind, d in paths.items() if d)
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} 24" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(in_words(found, track))}">{drawn}</svg>'
    )


def _mark(x: float) -> int:
    """Return where a mark at *x* is drawn: never half outside."""
    return min(WIDTH - 2, max(2, round(x)))


def _box(x: int, y: int, wide: int, high: int) -> str:
    return f"M{x} {y}h{wide}v{high}h-{wide}z"


def spans(track: Track, ended: float) -> Iterator[Span]:
    """Yield the parts of the time line of *track*, which ended after *ended* seconds."""
    starts = [min(each.cell * track.width, ended) for each in track.stages]
    for stage, (start, end) in zip(track.stages, pairwise([*starts, ended]), strict=True):
        if end > start:
            yield Span(start, end, stage.state, stage.progress, stage.confirmed)


def in_words(found: Iterable[Span], track: Track) -> str:
    """Return what a time line shows: ``pending 9s, running 1m 50s, unconfirmed 8s``."""
    seconds: dict[str, float] = {}
    for each in found:
        state = State.RUNNING if each.state and each.state.is_terminal else each.state
        word = STATES[state] if state and each.confirmed else UNCONFIRMED
        seconds[word] = seconds.get(word, 0.0) + each.end - each.start
    said = ", ".join(f"{word} {format_duration(long)}" for word, long in seconds.items())
    return said or ("asked once" if track.good or track.bad else "never asked")


# -- the axis and the legend ---------------------------------------------------------


def step_of(elapsed: float) -> float:
    """Return the seconds between two marks of an axis of *elapsed* seconds."""
    day = 86_400
    most = elapsed / MARKS
    return next((each for each in STEPS if each >= most), day * (1 + int(most / day)))


def axis(step: float, elapsed: float) -> str:
    """Return the axis of *elapsed* seconds, with a mark every *step*."""
    # The last mark would run out of the page.
    count = int(min(MARKS, elapsed * 0.97 / step))
    marks = "".join(
        f'<text x="{100 * step * each / elapsed:.2f}%" y="12">{rounded(step * each)}</text>'
        for each in range(1, count + 1)
    )
    return f'<svg aria-hidden="true"><text x="0" y="12">0</text>{marks}</svg>'


def legend() -> str:
    """Return each sign, and what it means."""
    return "".join(
        f'<span><svg viewBox="0 0 60 24" aria-hidden="true"><path class="{kind}" d="{path}"/></svg>'
        f" {escape(words)}</span> "
        for kind, path, words in LEGEND
    )
