"""What a run is to reach and within which limits, how a watch ends, and the exit code of it all.

``verdict`` is the one function that turns outcomes into an exit code. The codes are a public
contract. Their precedence, for mixed results, is the order of ``PRECEDENCE``.
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


class Eagerness(StrEnum):
    """The choice between few requests and little lateness."""

    EAGER = "eager"
    NORMAL = "normal"
    GENTLE = "gentle"


LOST_AFTER: Final = 900.0
NO_CONTACT: Final = 30.0
"""Seconds that a host is given to be there at all."""
REQUEST_TIMEOUT: Final = 30.0
LAST_WORD: Final = 1.0
"""Seconds that a request in flight at the deadline is still given."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of one run. Times are in seconds, None is without limit.

    *once* looks at each operation until it has been read one time, all of them within
    *look_within*; with a *timeout* of 0 one that is not terminal then has timed out. *pace*
    says how eagerly the profile's pace is followed, *interval* replaces it; *confirm*
    replaces its number of confirmations, and *grace* its grace for what is not found, which
    *once* has none of its own. *no_contact* is *lost_after* for a host that could
    not be reached at all so far.
    """

    goal: Goal = Goal.ALL
    timeout: float | None = None
    lost_after: float | None = LOST_AFTER
    no_contact: float | None = NO_CONTACT
    stall: float | None = None
    pace: Eagerness = Eagerness.NORMAL
    interval: float | None = None
    confirm: int | None = None
    grace: float | None = None
    fail_fast: bool = False
    fail_on_blocked: bool = False
    fail_on_warnings: bool = False
    once: bool = False
    look_within: float | None = None
    request_timeout: float = REQUEST_TIMEOUT
