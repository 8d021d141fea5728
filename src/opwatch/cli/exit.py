"""The end of a command: what it prints last, and the code it leaves with.

Decides that every way out, a bug and a full disk included, goes through the
one function that knows the exit codes, and speaks JSON if JSON was asked for.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from opwatch.domain import errors
from opwatch.domain.outcome import Abort, Outcome, Verdict, verdict
from opwatch.engine import Interruption
from opwatch.output.errors import OUT_OF_FILES, fixes_of, problem_of, write_error
from opwatch.output.text.words import CAUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from opwatch.domain.operation import Operation
    from opwatch.output.formats.writer import WrittenProfile
    from opwatch.output.text.summary import Resume


def cause_of(problem: BaseException) -> Abort | Outcome:
    """Return what *problem* means for the exit code."""
    match problem:
        case Interruption():
            return problem.abort
        case KeyboardInterrupt():
            return Abort.INTERRUPTED
        case errors.UsageError():
            return Abort.USAGE
        case errors.CredentialError():
            return Outcome.DENIED
        case errors.StartError():
            return problem.cause
        case errors.PipeClosedError() | BrokenPipeError():
            return Abort.PIPE_CLOSED
        case errors.UnwritableError():
            return Abort.UNWRITABLE
        case OSError() if problem.errno in OUT_OF_FILES:
            return Outcome.UNKNOWN
        case _:
            return Abort.BUG


def verdict_of(problem: BaseException) -> Verdict:
    """Return the verdict of a run that *problem* ended before it began."""
    cause = cause_of(problem)
    if isinstance(cause, Outcome):
        return verdict([cause])
    return verdict([], aborts=frozenset({cause}))


def end_of(
    problem: BaseException,
    *,
    as_json: bool,
    command: str = "opwatch",
    operations: Sequence[Operation] = (),
    debug: bool | None = None,
    reported: bool = False,
    redact: Callable[[str], str] = str,
    resume: Resume | None = None,
    profiles: Mapping[str, WrittenProfile] | None = None,
) -> int:
    """Report *problem*, unless it was *reported*, with *as_json* also in JSON; return the code."""
    ending = verdict_of(problem)
    if not reported and not isinstance(problem, Interruption | KeyboardInterrupt):
        write_error(sys.stderr, problem, redact=redact, debug=debug)
    if not as_json:
        return ending.code
    from opwatch.output.formats.document import write_document

    result = problem_document(
        problem,
        command=command,
        operations=operations,
        redact=redact,
        resume=resume,
        profiles=profiles,
    )
    try:
        write_document(sys.stdout, result)
    except (errors.PipeClosedError, errors.UnwritableError) as write_failure:
        return verdict_of(write_failure).code
    return ending.code


def problem_document(
    problem: BaseException,
    *,
    command: str,
    operations: Sequence[Operation],
    redact: Callable[[str], str],
    resume: Resume | None = None,
    profiles: Mapping[str, WrittenProfile] | None = None,
) -> dict[str, Any]:
    """Return the document of a run that *problem* ended before it began."""
    from opwatch.output.formats.document import document

    return document(
        operations,
        verdict_of(problem),
        command=command,
        started_at=0.0,
        ended_at=0.0,
        wall_of=_now,
        redact=redact,
        problem=sentence_of(problem, redact),
        fixes=fixes_of(problem, redact=redact),
        resume=resume,
        profiles=profiles or {},
    )


def sentence_of(problem: BaseException, redact: Callable[[str], str]) -> str:
    """Return why there is no more to report; an exception of Python's may be a signal's."""
    cause = cause_of(problem)
    if isinstance(problem, errors.OpwatchError) or cause is Abort.BUG:
        return problem_of(problem, redact=redact)
    return CAUSES[cause]


def _now(_at: float) -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)
