"""A run as one page of HTML: how it went, why, and how to go on.

Decides what stands on it and in which order: what did not succeed comes first. Of an
operation that is its name, its time line, why it ended so, its log and where to look. The page
needs nothing else: it loads nothing, runs nothing, and its policy forbids both. It is
ASCII, so that no server that hands it out can change what it says. Remote text is made safe
to show, cut, and escaped where it becomes markup; links are followed to http and https only,
and have no secret in them. Beyond MOST operations the others are counted, and so the page is
bounded, whatever a server sends.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

from opwatch.domain.moments import format_duration
from opwatch.domain.outcome import Outcome, Verdict
from opwatch.output.report.timeline import HATCH, axis, legend, step_of, strip
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
    rounded,
    status_of,
)
from opwatch.output.text.styles import UNICODE, Tone, page_of, web_link
from opwatch.output.text.summary import ORDER, TO_GO_ON, exit_text, left_out, next_steps, summary
from opwatch.output.text.words import OUTCOMES
from opwatch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from opwatch.domain.operation import Failure, Operation
    from opwatch.output.report.history import Entry, History, Log, Run
    from opwatch.output.text.clean import Show

MOST: Final = 2_000
"""Operations with a time line of their own."""
LONGEST_COMMAND: Final = 100_000
TOO_LONG: Final = "the command is too long for this page: name the same operations again"


def page(run: Run, history: History) -> str:
    """Return the page about *run*, of which *history* remembers the time lines."""
    step = step_of(run.elapsed)
    style = _style(step, run.elapsed)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    said = history.show(summary(run.operations, run.elapsed, history.show), DETAIL)
    body = "".join((*_head(run, history, said), *_rows(run, history, step), *_log(run, history)))
    text = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>opwatch: {escape(said)}</title>\n<style>{style}</style></head>\n"
        f"<body>{HATCH}\n{body}"
        f"<footer>opwatch {escape(__version__)}</footer>\n</body></html>\n"
    )
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _style(step: float, elapsed: float) -> str:
    sheet = resources.files("opwatch.output.report").joinpath("style.css").read_text("ascii")
    return f":root{{--step:{min(100.0, 100 * step / max(elapsed, 1e-3)):.4f}%}}\n{sheet}"


# -- the head ------------------------------------------------------------------------


def _head(run: Run, history: History, said: str) -> Iterator[str]:
    show = history.show
    profile = f" <bdi>{escape(show(run.profile, NAME))}</bdi>" if run.profile else ""
    yield f"<header><p>opwatch {escape(run.command)}{profile}</p>\n"
    yield f"<h1>{sign(*_glyph(run.verdict))} {escape(said)}</h1>\n"
    if run.problem:
        yield f'<p class="why">{escape(run.problem)}</p>\n'
    polls = sum(each.polls for each in run.operations)
    bad = sum(each.problems for each in run.operations)
    facts = [
        _from_to(run.wall_of(run.started_at), run.wall_of(run.ended_at)),
        answers(polls, bad),
    ]
    if history.deadline is not None and history.started_at is not None:
        facts.append(f"timeout {rounded(history.deadline - history.started_at)}")
    yield f'<p class="facts"><b>{escape(exit_text(run.verdict))}</b> &#183; {listed(facts)}</p>'
    yield "</header>\n"
    steps = list(next_steps(run.operations, show, run.resume))
    if steps:
        yield "<section><h2>What to do</h2><dl>"
        for label, text in steps:
            fits = text if len(text) <= LONGEST_COMMAND else TOO_LONG
            element = "code" if label == TO_GO_ON else "span"
            yield f"<dt>{escape(label)}</dt><dd><{element}>{escape(fits)}</{element}></dd>"
        yield "</dl></section>\n"


def _glyph(verdict: Verdict) -> tuple[str, Tone]:
    match verdict.cause:
        case Outcome.SUCCEEDED:
            return UNICODE.succeeded, Tone.GOOD
        case Outcome.FAILED | Outcome.CANCELLED:
            return UNICODE.failed, Tone.BAD
        case _:
            return UNICODE.trouble, Tone.WARN


def _from_to(began: datetime, ended: datetime) -> str:
    until = f"{ended:%H:%M:%S}" if ended.date() == began.date() else f"{ended:%Y-%m-%d %H:%M:%S}"
    return f"{began:%Y-%m-%d %H:%M:%S} to {until} ({began.tzname() or 'local time'})"


# -- the operations ------------------------------------------------------------------


def _rows(run: Run, history: History, step: float) -> Iterator[str]:
    if not run.operations:
        return
    parts = {
        "Not succeeded": [each for each in run.operations if each.outcome is not Outcome.SUCCEEDED],
        "Succeeded": [each for each in run.operations if each.outcome is Outcome.SUCCEEDED],
    }
    yield f'<section><h2>Time lines</h2><p class="legend">{legend()}</p>\n'
    yield f'<div class="axis">{axis(step, run.elapsed)}</div>\n'
    room = MOST
    for title, found in parts.items():
        shown, rest = found[:room], found[room:]
        room -= len(shown)
        if found and len(found) < len(run.operations):
            yield f"<h2>{title} ({len(found):,})</h2>\n"
        for each in shown:
            yield from article(each, run, history)
        if rest:
            counts = Counter(OUTCOMES[each.counted_as] for each in rest)
            more = left_out(counts, (OUTCOMES[each] for each in ORDER), UNICODE.ellipsis)
            yield f"<p>{escape(more)}</p>\n"
    yield "</section>\n"


def _log(run: Run, history: History) -> Iterator[str]:
    if history.log.first:
        lines = entries(history.log, run, history.show)
        yield f"<section><h2>Notes</h2><ol>{lines}</ol></section>\n"


# -- one operation, and the small parts --------------------------------------------------

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
        yield from _failure_log(operation, failure, is_open, show)
    if track is not None and track.log.first:
        yield f"<details{is_open}><summary>What was reported</summary>"
        yield f"<ol>{entries(track.log, run, show)}</ol></details>"
    yield "</div></article>\n"


def _failure_log(operation: Operation, failure: Failure, is_open: str, show: Show) -> Iterator[str]:
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
