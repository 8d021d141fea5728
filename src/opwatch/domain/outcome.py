"""How a watch ends, and the one function that turns outcomes into an exit code.

The exit codes are a public contract. Their precedence, for mixed results, is
the order of ``PRECEDENCE``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum, unique
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Outcome(StrEnum):
    """How our watch of one operation ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"
    TIMED_OUT = "timed_out"
    PENDING = "pending"


class Reason(StrEnum):
    """Why our watch ended where the API's own state does not say it."""

    LOST_CONTACT = "lost_contact"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNKNOWN_STATUS = "unknown_status"
    CONTRADICTED = "contradicted"
    DENIED = "denied"
    NO_CREDENTIAL = "no_credential"
    NEVER_FOUND = "never_found"
    GONE = "gone"
    DEADLINE = "deadline"
    RATE_LIMITED = "rate_limited"
    STALLED = "stalled"
    BLOCKED = "blocked"
    WARNINGS = "warnings"
    GIVEN_UP = "given_up"
    NOT_WAITED = "not_waited"
    DETACHED = "detached"
    STOPPED_EARLY = "stopped_early"
    NO_RESULT = "no_result"


@unique
class ExitCode(IntEnum):
    """Every code that opwatch exits with."""

    SUCCEEDED = 0
    FAILED = 1
    USAGE = 2
    CANCELLED = 3
    DENIED = 4
    NOT_FOUND = 5
    UNKNOWN = 6
    PENDING = 8
    BUG = 70
    UNWRITABLE = 74
    TIMED_OUT = 124
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143
    PIPE_CLOSED = 141


class Abort(StrEnum):
    """What ends a run whatever its operations did."""

    HANGUP = "hangup"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    PIPE_CLOSED = "pipe_closed"
    USAGE = "usage"
    BUG = "bug"
    UNWRITABLE = "unwritable"


OF_OUTCOME: Final[Mapping[Outcome, ExitCode]] = {
    Outcome.SUCCEEDED: ExitCode.SUCCEEDED,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.CANCELLED: ExitCode.CANCELLED,
    Outcome.DENIED: ExitCode.DENIED,
    Outcome.NOT_FOUND: ExitCode.NOT_FOUND,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
    Outcome.TIMED_OUT: ExitCode.TIMED_OUT,
    Outcome.PENDING: ExitCode.PENDING,
}

OF_ABORT: Final[Mapping[Abort, ExitCode]] = {
    Abort.HANGUP: ExitCode.HANGUP,
    Abort.INTERRUPTED: ExitCode.INTERRUPTED,
    Abort.TERMINATED: ExitCode.TERMINATED,
    Abort.PIPE_CLOSED: ExitCode.PIPE_CLOSED,
    Abort.USAGE: ExitCode.USAGE,
    Abort.BUG: ExitCode.BUG,
    Abort.UNWRITABLE: ExitCode.UNWRITABLE,
}

# The reader who left stands with the signals: it is SIGPIPE by another name.
PRECEDENCE: Final[Sequence[Abort | Outcome]] = (
    Abort.HANGUP,
    Abort.INTERRUPTED,
    Abort.TERMINATED,
    Abort.PIPE_CLOSED,
    Abort.USAGE,
    Abort.BUG,
    Abort.UNWRITABLE,
    Outcome.FAILED,
    Outcome.CANCELLED,
    Outcome.DENIED,
    Outcome.NOT_FOUND,
    Outcome.UNKNOWN,
    Outcome.TIMED_OUT,
    Outcome.PENDING,
    Outcome.SUCCEEDED,
)


class Goal(StrEnum):
    """What a run is after: every operation's success, one's, or just a look."""

    ALL = "all"
    ANY = "any"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run reduced to a number and the word for it."""

    code: int
    cause: Abort | Outcome

    @property
    def reason(self) -> str:
        """The word that ``--json`` prints as ``exit_reason``."""
        return self.cause.value

    def after(self, abort: Abort) -> Verdict:
        """Return this verdict, or that of *abort*, by which of them takes precedence."""
        if PRECEDENCE.index(self.cause) < PRECEDENCE.index(abort):
            return self
        return Verdict(OF_ABORT[abort], abort)


def verdict(
    outcomes: Sequence[Outcome],
    *,
    goal: Goal = Goal.ALL,
    aborts: frozenset[Abort] = frozenset(),
    timeout_code: int = ExitCode.TIMED_OUT,
    expected: int | None = None,
) -> Verdict:
    """Reduce the *outcomes* of a run, and what aborted it, to one exit code.

    With ``Goal.ANY`` one success is enough; with ``Goal.READ`` (``get
    --exit-zero``) every operation that was read counts as well. No outcome at
    all, or fewer than *expected*, is never a success (security rule S15).
    """
    found: set[Abort | Outcome] = {*aborts}
    if goal is Goal.ANY and Outcome.SUCCEEDED in outcomes:
        found.add(Outcome.SUCCEEDED)
    elif goal is Goal.READ:
        found.update(Outcome.SUCCEEDED if each in READ else each for each in outcomes)
    else:
        found.update(outcomes)
    if not found or (expected is not None and len(outcomes) < expected and not aborts):
        found.add(Abort.BUG if outcomes else Abort.USAGE)
    cause = next(each for each in PRECEDENCE if each in found)
    if cause is Outcome.TIMED_OUT:
        return Verdict(timeout_code, cause)
    return Verdict(OF_ABORT[cause] if isinstance(cause, Abort) else OF_OUTCOME[cause], cause)


READ: Final = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED, Outcome.PENDING})
