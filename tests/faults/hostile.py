"""Hostile text: what somebody may name an operation, and what a screen or a CI runner makes of it.

Decides what is hostile (``texts`` makes as much of it as is wanted, the same for the same
seed), and what a disturbed screen and an obeyed runner are.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyte

from opwatch.domain.events import Oddity
from opwatch.domain.operation import Failure, OperationError, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.formats.table import write_table
from opwatch.output.streams import Sink
from opwatch.output.terminal.bars import Bars
from output.screen import Page, Terminal
from output.script import Story, target, wall_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.domain.operation import Operation

ESCAPES: Final = (
    "\x1b[2J", "\x1b[H", "\x1b[1A", "\x1b[31m", "\x1b[?25l", "\x1b[?1049h", "\x1b[6n", "\x1b[3;9r",
    "\x1b]0;owned\x07", "\x1b]2;owned\x1b\\", "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil\x07x\x1b]8;;\x07",
    "\x1bP$q\x1b\\", "\x1bc", "\x1b(0", "\x1b#8", "\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1bE",
    "\x1b[4h",
    "\x9b2J", "\x9b31m", "\x9d0;owned\x9c", "\x90x\x9c", "\x1b[", "\x1b]", "\x1b", "\x9b",
    "\x0e", "\x0f",
)  # fmt: skip
BREAKS: Final = (
    "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029",
    "\b", "\b\b\b",
    "\t", "\x00", "\x7f", "\x07", "\r\x1b[K",
)  # fmt: skip
DIRECTIONS: Final = (
    "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
    "\u200e",
    "\u200f", "\u061c", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\U000e0041",
    "\u05d0\u05d1\u05d2", "\u0627\u0644\u0639",
)  # fmt: skip
WIDTHS: Final = (
    "\u4e2d\u6587", "\uff21\uff22", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea", "\u0301" * 30, "e\u0301\u0336\u0489", "\u3164\u115f\uffa0",
    "\ufdfd", "\u2764\ufe0f",
    "\u1160" * 5, "\u0e33", "\u17b4", "\u034f", "\ufffc", "\ud800", "\udfff", "\ue000",
    "\U0010ffff", "\u0378",
)  # fmt: skip
MARKUP: Final = (
    "[/x]", "[red]", "[link=http://evil]x[/link]", ":boom:", "[bold", "[[", "]]", "\\[", "{0}",
    "{status}",
    "%s%n", "$(id)", "`id`", "<script>", "&lt;", "${X}", "\\x1b[31m", "%1b[2J", "{detail!r}",
)  # fmt: skip
COMMANDS: Final = (
    "::error::owned", "::set-output name=x::y", "::add-mask::a", "::stop-commands::x",
    "##[error]owned",
    "##[set-env name=PATH]x", "##vso[task.setvariable variable=x]y", "##VSO[task.complete]",
    "##teamcity[buildStatus status='SUCCESS']", "#\u200b#[error]x", "#\ufe0f#[x", "##\x00[x",
    "###[x",
    " ::error::owned", ":\u200b:error::x", "\t::warning::x", "\r::error::x", "\n::error::x",
    "\n##[error]x",
)  # fmt: skip
WORDS: Final = ("RUNNING", "done", "export 7", "a/b", "0", "-x", "100%", "null", "opwatch", " ")
KINDS: Final = (ESCAPES, BREAKS, DIRECTIONS, WIDTHS, MARKUP, COMMANDS, WORDS)


def texts(many: int, seed: int = 7) -> Iterator[str]:
    """Yield *many* hostile texts: every known one alone first, then mixtures."""
    chance = random.Random(seed)  # noqa: S311, the same for the same seed
    known = [each for kind in KINDS for each in kind] + ["\x1b[2J" * 50_000, "m" * 100_000]
    yield from known[:many]
    for _ in range(many - len(known)):
        yield _mixture(chance)


def _mixture(chance: random.Random) -> str:
    pieces = []
    for _ in range(chance.randrange(1, 9)):
        if chance.random() < 0.25:
            pieces.append(chr(chance.choice((chance.randrange(0x300), chance.randrange(0x110000)))))
        else:
            pieces.append(chance.choice(chance.choice(KINDS)))
    return "".join(pieces) * chance.choice((1, 1, 1, 1, 40))


# -- what a CI runner obeys ----------------------------------------------------------

# GitHub: "::" begins a line, behind blanks too, and "##[" is found anywhere in it; Azure finds
# "##vso[" and "##[" anywhere, TeamCity its own at least at the beginning.
OBEYED: Final = re.compile(r"(?im)^\s*::|##\[|##vso\[|##teamcity\[")
HIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def obeyed(text: str) -> list[str]:
    """Return what a CI runner would find in *text*, which is what we wrote into a log."""
    return [match[0] for match in OBEYED.finditer(text)]


def hidden(text: str) -> list[str]:
    """Return the characters in *text* that do more than stand there; tabs and newlines are ours."""
    return [match[0] for match in HIDDEN.finditer(text)]


# -- a run about hostile operations --------------------------------------------------


def story(hostile: Sequence[str]) -> Story:
    """Return a run in which *hostile* texts are all that a server, or a person, may say.

    It has two operations to which nothing hostile happens, the first and the last.
    """
    say = [hostile[index % len(hostile)] for index in range(12)]
    names = [target("above"), target(say[0], id=say[1]), target(say[2], id="x"), target("below")]
    run = Story(list({each.reference: each for each in names}.values()), timeout=1800.0)
    first, *middle, last = run.operations
    run.wait(1)
    for each in run.operations:
        run.read(each, progress=40.0)
    for each in middle:
        run.read(each, say[3], message=say[4], link=say[5], progress=10.0).wait(1)
        run.bad(each, Trouble(Fault.API_ERROR, say[6], 500, host=say[7])).wait(1)
    run.warn(Oddity.NOTE, say[8], say[9]).warn(Oddity.UNKNOWN_STATUS, say[3], say[0])
    run.hold(30.0, Trouble(Fault.API_THROTTLED, say[6], host=say[7]), host=say[7]).wait(1)
    ended: dict[str, Any] = {"state": State.FAILED, "outcome": Outcome.FAILED}
    failure = Failure(say[10], (*say[6:12], say[0]), say[5])
    for index, each in enumerate(middle):
        if index:
            error = OperationError(say[10], say[11], {"why": say[4], say[5]: [say[6]]})
            run.read(each, say[3], error=error, result={say[8]: say[9]}, **ended)
            run.end(each, Outcome.FAILED, failure=failure)
        else:
            run.bad(each, Trouble(Fault.API_DENIED, say[10], host=say[7]))
            run.end(each, Outcome.DENIED, Reason.DENIED, failure=failure)
    return run.succeed(first).succeed(last)


@dataclass(frozen=True, slots=True)
class Seen:
    """A screen after something was written to it: what is wrong with it, empty if nothing is."""

    wrong: str
    lines: tuple[str, ...]


def drawn(hostile: Sequence[str], size: tuple[int, int] = (100, 80)) -> Iterator[Seen]:
    """Yield the screens of the bars: in the middle of a run, and at its end."""
    run = story(hostile)
    terminal = Terminal(*size)
    terminal.write("$ first\n")
    with Bars(Sink(terminal), size=terminal.size, resume=_resume) as tell:
        try:
            for event in run.events[:-4]:
                tell(event)
            yield _judged(terminal, hides=True, whole=("● above", "● below"))
            for event in run.finish().events[-5:]:
                tell(event)
        except Exception as problem:  # noqa: BLE001, the emulator gives up on what disturbs it
            yield Seen(f"{type(problem).__name__}: {problem}", ())
            return
    terminal.write("$ next\n")
    yield _judged(terminal, hides=False, whole=("✓ above", "✓ below"))


def tabled(hostile: Sequence[str], width: int = 100) -> Seen:
    """Return the screen of a table of ``get``."""
    run = story(hostile)
    terminal = Terminal(width, 60)
    terminal.write("$ first\n")
    operations = tuple(run.operations.values())
    write_table(
        terminal, operations, now=run.at, wall_of=wall_of, terminal=True, colour=True, width=width
    )
    terminal.write("$ next\n")
    return _judged(terminal, hides=False, whole=("above ", "below "))


def pasted(text: str, width: int = 400) -> Seen:
    """Return a screen with room for all of *text*, whole lines of ours that were written to it."""
    rows = sum(2 * len(line) // width + 1 for line in text.split("\n"))
    terminal = Terminal(width, rows + 3)
    terminal.write("$ first\n")
    terminal.write(text)
    terminal.write("$ next\n")
    return _judged(terminal, hides=False)


def _judged(terminal: Terminal, *, hides: bool, whole: Sequence[str] = ()) -> Seen:
    """Judge the screen; each of *whole* must begin exactly one of its lines."""
    shown = tuple(terminal.shown)
    wrong = _disturbance(terminal, hides=hides)
    for begin in whole:
        if sum(each.startswith(begin) for each in shown) != 1:
            wrong = wrong or f"the row of {begin!r} is not there once"
    return Seen(wrong, shown)


def _disturbance(terminal: Terminal, *, hides: bool) -> str:
    screen, shown = terminal.screen, terminal.shown
    if screen.title or screen.icon_name:
        return "the title was set"
    if screen.cursor.hidden is not hides:
        return "the cursor is hidden" if screen.cursor.hidden else "the cursor is shown"
    if screen.margins is not None:
        return "margins were set"
    if screen.mode - {pyte.modes.DECTCEM} != {pyte.modes.DECAWM}:
        return f"modes were set: {screen.mode}"
    if screen.charset:
        return "another character set is in use"
    if shown[:1] != ["$ first"]:
        return f"the first line is {shown[:1]}"
    if not hides and (not shown or shown[-1] != "$ next"):
        return f"the last line is {shown[-1:]!r}"
    if not hides and screen.cursor.x:
        return "the cursor is in the middle of a line"
    attributes = screen.cursor.attrs
    if not hides and (attributes.fg, attributes.bold) != ("default", False):
        return "a colour was left behind"
    return ""


def _resume(rest: Sequence[Operation]) -> str:
    return " ".join(["opwatch wait", *(each.reference for each in rest)])


def page(text: str = "") -> Page:
    """Return a stream that is no terminal."""
    written = Page()
    written.write(text)
    return written
