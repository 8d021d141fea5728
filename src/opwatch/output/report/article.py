"""One operation on the page, and the small parts that a page is put together from, as HTML.

Decides that whatever is not ours is escaped where it becomes markup, and which links may be
followed: to http and https only, and with no secret in them. An operation has its name, its
time line, why it ended so, its log and where to look.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from opwatch.domain.moments import format_duration
from opwatch.output.report.timeline import strip
from opwatch.output.terminal.lines import LOG_LINE
from opwatch.output.terminal.rows import glyph_of
from opwatch.output.text.sentences import (
    API_OUTCOMES,
    brief,
    describe,
    display_name,
    ending_detail,
    failure_lines,
    kind_of,
    message_of,
    status_of,
)
from opwatch.output.text.styles import UNICODE, Tone, page_of, web_link
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opwatch.domain.operation import Failure, Operation
    from opwatch.output.report.history import Entry, History, Log, Run
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


NAME: Final = 80


def article(operation: Operation, run: Run, history: History) -> Iterator[str]:
    """Yield *operation* as it ended, with what *history* remembers of it."""
    show = history.show
    glyph, tone = glyph_of(operation, UNICODE)
    name = display_name(operation, show, NAME)
    facts = [
        OUTCOMES[operation.counted_as],
        status_of(operation, show),
        kind_of(operation, show),
        format_duration(operation.elapsed(run.ended_at)),
        answers(operation.polls, operation.problems),
        "" if run.profile else show(operation.target.profile, NAME),
    ]
    yield f"<article><div><h3>{sign(glyph, tone)} <bdi>{escape(name)}</bdi></h3>"
    yield f'<p class="facts">{listed(facts)}</p></div><div>'
    track = history.track(operation)
    if track is not None:
        ended = run.ended_at if operation.ended_at is None else operation.ended_at
        yield strip(track, max(0.0, ended - track.began), run.elapsed, class_of(tone))
    for reason in reasons(operation, history):
        yield f'<p class="why">{escape(reason)}</p>'
    failure = operation.failure
    pages = (page_of(operation, show), web_link(failure.link if failure else None, show))
    for link in dict.fromkeys(filter(None, pages)):
        yield f'<p><a href="{escape(link)}" rel="noopener noreferrer">{escape(link)}</a></p>'
    is_open = " open" if len(run.operations) == 1 else ""
    if failure is not None:
        yield from _log(operation, failure, is_open, show)
    if track is not None and track.log.first:
        yield f"<details{is_open}><summary>What was reported</summary>"
        yield f"<ol>{entries(track.log, run, show)}</ol></details>"
    yield "</div></article>\n"


def _log(operation: Operation, failure: Failure, is_open: str, show: Show) -> Iterator[str]:
    """Yield the end of the log of what failed, or else why there is none."""
    lines = failure_lines(operation, show, LOG_LINE)
    if failure.lines:
        text = "\n".join(f"| <bdi>{escape(each)}</bdi>" for each in lines)
        yield f"<details{is_open}><summary>The end of its log</summary><pre>{text}</pre></details>"
    else:
        yield from (f'<p class="facts">{escape(each)}</p>' for each in lines)


def reasons(operation: Operation, history: History) -> list[str]:
    """Return why *operation* ended as it did, what the API says of it, and the last trouble."""
    show = history.show
    found = [ending_detail(operation, show), message_of(operation, show)]
    trouble = operation.trouble
    if trouble is not None and operation.outcome not in API_OUTCOMES:
        is_new = trouble.detail or brief(trouble, show) not in found[0]
        found += [describe(trouble, show)] if is_new else []
    said: list[str] = []
    for each in (show(one, DETAIL) for one in found):
        if each and not any(each in other for other in said):
            said.append(each)
    return said
