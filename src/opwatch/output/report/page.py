"""A run as one page of HTML: how it went, why, and how to go on.

Decides what stands on it and in which order: what did not succeed comes first. The page
needs nothing else: it loads nothing, runs nothing, and its policy forbids both. It is
ASCII, so that no server that hands it out can change what it says. Remote text is made safe
to show, cut and escaped. Beyond MOST operations the others are counted, and so the page is
bounded, whatever a server sends.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import Outcome, Verdict
from opwatch.output.report.article import DETAIL, NAME, answers, article, entries, listed, sign
from opwatch.output.report.timeline import HATCH, axis, legend, step_of
from opwatch.output.text.sentences import rounded
from opwatch.output.text.styles import UNICODE, Tone
from opwatch.output.text.summary import ORDER, TO_GO_ON, exit_text, left_out, next_steps, summary
from opwatch.output.text.words import OUTCOMES
from opwatch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from opwatch.output.report.history import History, Run

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
