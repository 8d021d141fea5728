"""The axis above the time lines, and what their signs mean."""

from __future__ import annotations

from html import escape
from typing import Final

from opwatch.output.text.sentences import rounded

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
