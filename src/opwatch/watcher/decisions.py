"""What an answer means for the watch of one operation: go on, or over.

Decides, as pure functions of the record, the answer and the time. A bad answer
leads to a pause or to an end that says we do not know; only a parsed answer
about the very operation leads to succeeded, failed or cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.pacing import Pace, pause_after_bad, pause_after_good
from opwatch.domain.trouble import (
    FINAL_AFTER_TRIES,
    FINAL_AT_ONCE,
    Fault,
    FirstContact,
    Handling,
    Scope,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.operation import Reading
    from opwatch.domain.pacing import Habits, Uniform
    from opwatch.domain.policy import Policy
    from opwatch.domain.trouble import Trouble
    from opwatch.watcher.record import Life

TRIES: Final = 3
HOST_TRIES: Final = 8
"""Bad answers in a row after which a host that has answered before is down for one look."""
MISSES_ONCE_SEEN: Final = 3
REFUSAL_PAUSE: Final = 30.0
ONCE_PATIENCE: Final = 10.0

OF_STATE: Final[Mapping[State, Outcome]] = {
    State.SUCCEEDED: Outcome.SUCCEEDED,
    State.FAILED: Outcome.FAILED,
    State.CANCELLED: Outcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Again:
    """Ask again after *pause* seconds."""

    pause: float


@dataclass(frozen=True, slots=True)
class Over:
    """The watch ends. *whole_host* ends it for all that wait for the same host in vain."""

    outcome: Outcome
    reason: Reason | None = None
    whole_host: bool = False


Step: TypeAlias = Again | Over


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a judgement depends on besides the operation's own record.

    *contacted* tells that the host has given a good answer. *host_bad* counts
    its bad answers in a row, *host_strict* those of them that are strict at first
    contact; *silence* is for how many seconds it has not answered. *quick* takes
    the price of one quick retry from the budget, if it is there.
    """

    habits: Habits
    policy: Policy
    now: float
    uniform: Uniform
    contacted: bool
    host_bad: int = 0
    host_strict: int = 0
    silence: float = 0.0
    quick: Callable[[], bool] = lambda: False

    @property
    def pace(self) -> Pace:
        """The profile's pace, or the interval that the person chose."""
        if self.policy.interval is None:
            return self.habits.pace
        return Pace(first=self.policy.interval, longest=self.policy.interval, factor=1.0)


def after_reading(life: Life, reading: Reading, given: Circumstances) -> Step:
    """Return what follows from the good answer *reading*, already taken in by *life*."""
    policy, now = given.policy, given.now
    if reading.state.is_terminal:
        needed = policy.confirm or given.habits.confirm
        if policy.once or life.confirmations >= needed:
            return Over(OF_STATE[reading.state])
        return Again(_until_next(life, reading, given))
    if reading.state is State.BLOCKED and policy.fail_on_blocked:
        return Over(Outcome.FAILED, Reason.BLOCKED)
    if policy.once and policy.timeout is not None:
        return Over(Outcome.TIMED_OUT, Reason.DEADLINE)
    if policy.once:
        return Over(Outcome.PENDING, Reason.NOT_WAITED)
    patience = given.habits.give_up_after
    if patience is not None and now - life.operation.watched_from >= patience:
        return Over(OF_STATE[given.habits.given_up], Reason.GIVEN_UP)
    return _undecided(life, reading, given)


def _undecided(life: Life, reading: Reading, given: Circumstances) -> Step:
    """Return how it goes on with an operation that is not over, by the person's patience."""
    policy, now = given.policy, given.now
    changed_at = life.operation.changed_at
    if policy.stall is not None and changed_at is not None and now - changed_at >= policy.stall:
        return Over(Outcome.TIMED_OUT, Reason.STALLED)
    unknown = life.unknown_from
    if unknown is not None and now - unknown >= given.habits.unknown_after:
        return Over(Outcome.UNKNOWN, Reason.UNKNOWN_STATUS)
    return Again(_until_next(life, reading, given))


def after_trouble(life: Life, trouble: Trouble, given: Circumstances) -> Step:
    """Return what follows from the bad answer *trouble*, already taken in by *life*."""
    strict = _at_first_contact(life, trouble, given)
    if strict is not None:
        return strict
    match trouble.rule.handling:
        case Handling.REFUSED:
            return Over(Outcome.UNKNOWN, Reason.REFUSED)
        case Handling.NOT_FOUND:
            return _not_found(life, given)
        case Handling.DENIED:
            return _denied(life, trouble, given)
        case Handling.TRANSIENT | Handling.THROTTLED:
            return _transient(life, trouble, given)


def _at_first_contact(life: Life, trouble: Trouble, given: Circumstances) -> Step | None:
    """Judge strictly while nothing good has come from the host (or about the operation)."""
    rule = trouble.rule
    host_wide = rule.scope is Scope.HOST
    if given.contacted if host_wide else life.operation.reading is not None:
        return None
    tries = given.host_strict if host_wide else life.strict_tries
    match rule.first:
        case FirstContact.TOLERANT:
            return None
        case FirstContact.AT_ONCE:
            enough = True
        case FirstContact.TRIES:
            enough = tries >= rule.tries
    if not enough:
        return Again(given.uniform(0.5, 1.0) * 2.0 ** max(0, tries - 1))
    if rule.handling is Handling.DENIED:
        return Over(Outcome.DENIED, _denial(trouble), whole_host=host_wide)
    return Over(Outcome.UNKNOWN, Reason.UNREACHABLE, whole_host=host_wide)


def _denial(trouble: Trouble) -> Reason:
    return Reason.NO_CREDENTIAL if trouble.fault is Fault.NO_CREDENTIAL else Reason.DENIED


def _not_found(life: Life, given: Circumstances) -> Step:
    if life.operation.reading is not None:
        if life.misses < MISSES_ONCE_SEEN:
            return Again(_retry(life, given, throttled=False))
        gone = given.habits.gone
        return Over(
            OF_STATE.get(gone, Outcome.NOT_FOUND) if gone else Outcome.NOT_FOUND, Reason.GONE
        )
    grace = given.habits.not_found_grace
    if given.policy.once or (life.misses >= TRIES and given.now - life.misses_from >= grace):
        return Over(Outcome.NOT_FOUND, Reason.NEVER_FOUND)
    left = grace - (given.now - life.misses_from)
    pause = pause_after_good(given.pace, life.misses - 1, None, given.uniform)
    return Again(min(pause, max(left, given.pace.first)) if life.misses >= TRIES - 1 else pause)


def _denied(life: Life, trouble: Trouble, given: Circumstances) -> Step:
    """Judge a refusal in the middle of a wait: a second opinion, half a minute apart."""
    patience = REFUSAL_PAUSE if trouble.status == 401 else 2 * REFUSAL_PAUSE  # noqa: PLR2004
    lasted = given.now - life.refusals_from
    # A credential that was never needed is not believed to be so at the first word.
    is_news = trouble.fault is Fault.NO_CREDENTIAL and trouble.status is not None
    final = (trouble.fault in FINAL_AT_ONCE and not is_news) or given.policy.once
    if final or (life.refusals > 1 and lasted >= patience):
        return Over(Outcome.DENIED, _denial(trouble))
    return Again(REFUSAL_PAUSE)


def _transient(life: Life, trouble: Trouble, given: Circumstances) -> Step:
    policy, operation = given.policy, life.operation
    throttled = trouble.rule.handling is Handling.THROTTLED
    if trouble.fault in FINAL_AFTER_TRIES and life.strict_tries >= trouble.rule.tries:
        return Over(Outcome.UNKNOWN, Reason.REFUSED)
    if policy.once:
        patient = trouble.wait is None or trouble.wait <= ONCE_PATIENCE
        down = given.host_bad >= (HOST_TRIES if given.contacted else TRIES)
        if operation.streak >= TRIES or down or not patient:
            limited = Reason.RATE_LIMITED if throttled else Reason.UNREACHABLE
            return Over(Outcome.UNKNOWN, limited, whole_host=down)
        return Again(
            max(trouble.wait or 0.0, pause_after_bad(1, throttled=False, uniform=given.uniform))
        )
    if policy.lost_after and given.silence >= policy.lost_after and given.host_bad >= TRIES:
        return Over(Outcome.UNKNOWN, Reason.LOST_CONTACT, whole_host=True)
    lost_at = _lost_at(life, policy)
    if lost_at is not None and given.now >= lost_at and operation.streak >= TRIES:
        return Over(Outcome.UNKNOWN, Reason.LOST_CONTACT)
    pause = _retry(life, given, throttled=throttled)
    if trouble.wait is not None:
        return Again(max(pause, trouble.wait * given.uniform(1.0, 1.1)))
    if lost_at is not None and lost_at > given.now and operation.streak >= TRIES - 1:
        # Ask once more when the budget ends, not long after it.
        pause = min(pause, max(lost_at - given.now, given.pace.first))
    return Again(pause)


def _lost_at(life: Life, policy: Policy) -> float | None:
    if not policy.lost_after:
        return None
    operation = life.operation
    since = operation.confirmed_at
    if since is None:
        since = operation.watched_from if life.first_asked_at is None else life.first_asked_at
    return since + policy.lost_after + life.excused


def _retry(life: Life, given: Circumstances, *, throttled: bool) -> float:
    """Return the pause before a retry: only the first may come sooner than the schedule."""
    streak = max(1, life.operation.streak)
    pause = pause_after_bad(streak, throttled=throttled, uniform=given.uniform)
    if streak == 1 and not throttled and given.quick():
        return pause
    return max(pause, _by_schedule(life, given))


def _by_schedule(life: Life, given: Circumstances) -> float:
    left = None if life.operation.eta is None else life.trend.left(given.now)
    return pause_after_good(given.pace, life.quiet, left, given.uniform)


def _until_next(life: Life, reading: Reading, given: Circumstances) -> float:
    pause = _by_schedule(life, given)
    policy, changed_at = given.policy, life.operation.changed_at
    if policy.stall is not None and changed_at is not None:
        stalled_at = changed_at + policy.stall
        pause = min(pause, max(stalled_at - given.now, given.pace.first))
    if reading.wait is not None:
        pause = max(pause, reading.wait * given.uniform(1.0, 1.1))
    return pause
