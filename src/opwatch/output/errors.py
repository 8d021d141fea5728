"""What a person reads when a run cannot be carried out.

Decides the form of each of our exceptions: what happened, to what, what to do.
Anything else is a bug in opwatch, and is reported as one.
"""

from __future__ import annotations

import errno
import re
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain import errors
from opwatch.domain.secret import MASK
from opwatch.domain.trouble import Fault
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is, cells, leading
from opwatch.output.text.words import FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE: Final = 400
REPORT: Final = "report this line, the command, and what  opwatch --version  says"
REPORT_DEBUG: Final = "run it again with --debug, and report what it prints"
OUT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
"""What the machine lacks when no more file can be opened: no bug of ours."""
EXCERPT: Final = 120
BEFORE: Final = 60
LABEL: Final = 11
LABELS: Final = ("opwatch: ", f"  {'looked in':<{LABEL}}", f"  {'to fix':<{LABEL}}")
"""Of sentences. All else is an excerpt, a reference or a traceback: it stays in one piece."""
_PASSWORD: Final = re.compile(r"//[^/?#\s]*@")


def write_error(
    stream: TextIO | None,
    error: BaseException,
    *,
    redact: Redact = as_is,
    debug: bool | None = None,
) -> None:
    """Write *error* to *stream*; a stream that is gone is left alone.

    *debug* is that of ``--debug``, None for a command without it.
    """
    sink = Sink(stream, redact=redact, required=False)
    with suppress(errors.OpwatchError):
        for line in error_lines(error, show=sink.show, debug=debug):
            label = next((each for each in LABELS if line.startswith(each)), None)
            if label is None:
                sink.line(line)
            else:
                sink.say(line.removeprefix(label), label)


def write_warning(stream: TextIO | None, text: str) -> None:
    """Write what a person should know before a run, which goes on."""
    sink = Sink(stream, required=False)
    with suppress(errors.OpwatchError):
        sink.say(sink.show(text, LINE))


def error_lines(
    error: BaseException, *, show: Show | None = None, debug: bool | None = None
) -> list[str]:
    """Return *error* as lines; *debug* adds the traceback of a bug, None cannot."""
    show = show or Show()
    match error:
        case errors.PipeClosedError() | BrokenPipeError():
            return []
        case errors.ProfileError():
            found = [line for each in error.problems for line in _problem(each, show)]
            return [*found, *_fixes(show, error.hint)]
        case errors.BadReferenceError():
            return [
                f"opwatch: {_with_reference(error, show)}",
                *_fixes(show, error.hint),
            ]
        case errors.UsageError():
            return [f"opwatch: {show(_discreet(error.message), LINE)}", *_fixes(show, error.hint)]
        case errors.StartError():
            started = [_labelled("started", show(each, None)) for each in error.references]
            line = f"opwatch: {show(_discreet(error.message), LINE)}"
            return [line, *started, *_fixes(show, error.hint)]
        case errors.CredentialError():
            return _credential(error, show)
        case errors.OpwatchError():
            return [f"opwatch: {show(error, LINE)}"]
        case _ if (lack := _lack(error)) is not None:
            what, fix = lack
            return [f"opwatch: {what}", *_fixes(show, fix)]
        case _:
            return _bug(error, show, debug=debug)


def problem_of(error: BaseException, *, redact: Redact = as_is) -> str:
    """Return *error* as the one line of a document's ``problem``."""
    show = Show(redact)
    match error:
        case errors.BadReferenceError():
            return _with_reference(error, show)
        case errors.OpwatchError():
            return show(_discreet(str(error)), LINE)
        case _ if (lack := _lack(error)) is not None:
            return lack[0]
        case _:
            return f"a bug in opwatch: {show(_bug_text(error), LINE)}"


def fixes_of(error: BaseException, *, redact: Redact = as_is) -> list[str]:
    """Return what to do about *error*, for the ``fix`` of a document."""
    show = Show(redact)
    match error:
        case errors.UsageError() | errors.StartError():
            hints: Sequence[str | None] = (error.hint,)
        case errors.CredentialError():
            hints = error.fixes
        case errors.OpwatchError():
            hints = ()
        case _:
            lack = _lack(error)
            hints = () if lack is None else (lack[1],)
    return [show(each, LINE) for each in hints if each]


def _lack(error: BaseException) -> tuple[str, str] | None:
    """Return what this machine lacks by *error* and what to do, None if it lacks nothing."""
    if isinstance(error, MemoryError):
        return "out of memory", "watch fewer operations at once, or raise the limit"
    if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
        words = FAULTS[Fault.NO_DESCRIPTORS]
        return words.full, words.fix
    return None


def _with_reference(error: errors.BadReferenceError, show: Show) -> str:
    """Return the message, with the reference in front unless it has it already."""
    reference = show(_discreet(error.reference), 80)
    message = show(_discreet(error.message), LINE)
    return message if not reference or reference in message else f"{reference}: {message}"


def _discreet(text: str) -> str:
    """Return *text* without a password that stands before the host of a URL."""
    return _PASSWORD.sub(f"//{MASK}@", text)


def _labelled(label: str, text: str) -> str:
    return f"  {label:<{LABEL}}{text}"


def _fixes(show: Show, *hints: str | None) -> list[str]:
    return [_labelled("to fix", show(hint, LINE)) for hint in hints if hint]


def _credential(error: errors.CredentialError, show: Show) -> list[str]:
    where = f" ({show(error.origin, 120)})" if error.origin else ""
    lines = [f"opwatch: {show(error.message, LINE)}{where}"]
    if error.tried:
        places = (
            show(each.place, 80) + (f" ({show(each.found, 80)})" if each.found else "")
            for each in error.tried
        )
        lines.append(_labelled("looked in", ", ".join(places)))
    if error.fixes:
        commands = "   or   ".join(show(each, LINE) for each in error.fixes)
        lines.append(_labelled("to fix", commands))
    return lines


def _problem(problem: errors.Problem, show: Show) -> list[str]:
    """Return where in a file something is wrong: the position, the line, a caret."""
    place = ":".join(str(each) for each in (problem.line, problem.column) if each)
    file = leading(show(problem.file, None))
    kind = "warning: " if problem.is_warning else ""
    message = kind + show(problem.message, LINE)
    lines = [f"{file}:{place}: {message}" if place else f"{file}: {message}"]
    if problem.excerpt.strip():
        lines += _excerpt(problem.excerpt.rstrip("\r\n"), problem.column, show)
    return lines


def _excerpt(text: str, column: int, show: Show) -> list[str]:
    """Return the offending line and a caret below the column, in cells."""
    text = text.rstrip()
    begin = max(0, column - 1 - BEFORE) if len(text) > EXCERPT else 0
    shown = leading(show(text[begin:], EXCERPT))
    lines = [f"  {shown}"]
    if 0 < column <= len(text) + 1:
        lines.append("  " + " " * cells(leading(show(text[begin : column - 1], EXCERPT))) + "^")
    return lines


def _bug_text(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _bug(error: BaseException, show: Show, *, debug: bool | None) -> list[str]:
    lines = [f"opwatch: a bug in opwatch: {show(_bug_text(error), LINE)}"]
    if not debug:
        return [*lines, *_fixes(show, REPORT if debug is None else REPORT_DEBUG)]
    for chunk in traceback.format_exception(error):
        # The bar keeps remote text from standing at the beginning of a line.
        lines += [f"  | {show(line, LINE)}" for line in chunk.rstrip().splitlines()]
    return lines
