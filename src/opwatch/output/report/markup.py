"""The small parts that a page is put together from, as HTML.

Decides that whatever is not ours is escaped where it becomes markup.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from opwatch.domain.moments import format_duration
from opwatch.output.text.styles import UNICODE, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opwatch.output.report.history import Entry, Log
    from opwatch.output.report.run import Run
    from opwatch.output.text.clean import Show

DETAIL: Final = 160
"""Cells of a remote text."""


def sign(glyph: str, tone: Tone) -> str:
    """Return a sign that repeats what a word says."""
    return f'<span class="{class_of(tone)}" aria-hidden="true">{escape(glyph)}</span>'


def class_of(tone: Tone) -> str:
    """Return the class that the style sheet has for *tone*."""
    return tone.name.lower()


def listed(facts: Iterable[str]) -> str:
    """Return *facts* on one line; none can turn the direction of its neighbours."""
    return " &#183; ".join(f"<bdi>{escape(each)}</bdi>" for each in facts if each)


def answers(polls: int, bad: int) -> str:
    """Return how often was asked, and how often in vain."""
    asked = f"{polls:,} poll{'' if polls == 1 else 's'}"
    return f"{asked}, {bad:,} without a good answer" if bad else asked


def entries(log: Log, run: Run, show: Show) -> str:
    """Return the lines of *log*, and how many of them were not kept."""
    left = f"<li>{UNICODE.ellipsis} {log.left_out:,} more</li>" if log.left_out else ""
    first = "".join(_entry(each, run, show) for each in log.first)
    return first + left + "".join(_entry(each, run, show) for each in log.last)


def _entry(entry: Entry, run: Run, show: Show) -> str:
    after = format_duration(entry.at - run.started_at)
    often = ""
    if entry.count > 1:
        often = f" {UNICODE.times}{entry.count:,}, until {run.wall_of(entry.until):%H:%M:%S}"
    return (
        f"<li><time>{run.wall_of(entry.at):%H:%M:%S}</time> <i>+{after}</i> "
        f"<bdi>{escape(show(entry.text, DETAIL))}</bdi>{escape(often)}</li>"
    )
