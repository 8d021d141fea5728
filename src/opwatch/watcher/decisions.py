"""What an answer means for the watch of one operation: poll again, or stop.

Decides, as pure functions of the record, the answer and the time. A bad answer
leads to a pause or to an end that says we do not know; only a parsed answer
about the very operation leads to succeeded, failed or cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.operation import Finding, Operation, Reading, State
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.pacing import Pace, paced, pause_after_bad, pause_after_good, regular
from opwatch.domain.trouble import (
    FINAL_AFTER_TRIES,
    FINAL_AT_ONCE,
    OF_A_MEMBER,
    REFUSED_BY_API,
    STRICT_TRIES,
    Fault,
    FirstContact,
    Handling,
    Scope,
    Speaker,
    Trouble,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.durations import UsualDuration
    from opwatch.domain.pacing import PollingRules, Uniform
    from opwatch.watcher.record import Record

TRIES: Final = 3
HOST_TRIES: Final = 8
"""Bad answers in a row after which a host that has answered before is down for one look."""
GONE_AFTER: Final = 30.0
"""Seconds for which an operation that was seen must be missed."""
REFUSAL_PAUSE: Final = 30.0
ONCE_PATIENCE: Final = 10.0
CONTRADICTION_PATIENCE: Final = 50.0
"""Seconds for which an answer may contradict itself: two fields are not written at once."""

OF_STATE: Final[Mapping[State, Outcome]] = {
    State.SUCCEEDED: Outcome.SUCCEEDED,
    State.FAILED: Outcome.FAILED,
    State.CANCELLED: Outcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Ask again after *pause* seconds."""

    pause: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The watch ends. *whole_host* ends it for all that wait for the same host in vain."""

    outcome: Outcome
    reason: Reason | None = None
    whole_host: bool = False


Step: TypeAlias = PollAgain | Stop


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision depends on besides the operation's own record.

    *contacted* tells that the host has given a good answer. *host_bad* counts
    its bad answers in a row, *host_strict* those of them that are strict at first
    contact; *silence* is for how many seconds it has not answered. *quick* takes
    the price of one quick retry from the budget, if it is there. *usual* is how long such
    an operation usually takes, if that is known, and how old it is.
    """

    polling_rules: PollingRules
    policy: Policy
    now: float
    uniform: Uniform
    contacted: bool
    host_bad: int
    host_strict: int
    silence: float
    quick: Callable[[], bool]
    usual: tuple[UsualDuration, float] | None

    @property
    def pace(self) -> Pace:
        """The profile's pace, as eager as the person wants it, or the interval that he chose."""
        if self.policy.interval is None:
            return paced(self.polling_rules.pace, self.policy.pace)
        return regular(self.policy.interval)

    @property
    def grace(self) -> float:
        """For how many seconds what was never found may still appear; at one look, for none."""
        if self.policy.grace is not None:
            return self.policy.grace
        return 0.0 if self.policy.once else self.polling_rules.not_found_grace


def after_reading(record: Record, reading: Reading, context: Context) -> Step:
    """Return what follows from the good answer *reading*, already taken in by *record*."""
    policy, now = context.policy, context.now
    if reading.state.is_terminal:
        needed = policy.confirm or context.polling_rules.confirm
        # The look that is left of a wait whose deadline has passed confirms as a wait does.
        is_mere_look = policy.once and policy.timeout is None
        if is_mere_look or record.confirmations >= needed:
            if reading.partial and policy.fail_on_warnings:
                return Stop(Outcome.FAILED, Reason.WARNINGS)
            return Stop(OF_STATE[reading.state])
        return PollAgain(_until_next(record, reading, context))
    if reading.state is State.BLOCKED and policy.fail_on_blocked:
        return Stop(Outcome.FAILED, Reason.BLOCKED)
    if policy.once and policy.timeout is not None:
        return Stop(Outcome.TIMED_OUT, Reason.DEADLINE)
    if policy.once:
        return Stop(Outcome.PENDING, Reason.NOT_WAITED)
    patience = context.polling_rules.give_up_after
    if patience is not None and now - record.operation.watched_from >= patience:
        return Stop(OF_STATE[context.polling_rules.given_up], Reason.GIVEN_UP)
    return _undecided(record, reading, context)


def _undecided(record: Record, reading: Reading, context: Context) -> Step:
    """Return how it goes on with an operation that is not over, by the person's patience."""
    policy, now = context.policy, context.now
    changed_at = record.operation.changed_at
    if policy.stall is not None and changed_at is not None and now - changed_at >= policy.stall:
        return Stop(Outcome.TIMED_OUT, Reason.STALLED)
    since = record.contradicted_from
    if since is not None and now - since >= CONTRADICTION_PATIENCE:
        return Stop(Outcome.UNKNOWN, Reason.CONTRADICTED)
    unknown = record.unknown_from
    if unknown is not None and now - unknown >= context.polling_rules.unknown_after:
        return Stop(Outcome.UNKNOWN, Reason.UNKNOWN_STATUS)
    return PollAgain(_until_next(record, reading, context))


def after_trouble(record: Record, trouble: Trouble, context: Context) -> Step:
    """Return what follows from the bad answer *trouble*, already taken in by *record*."""
    strict = _at_first_contact(record, trouble, context)
    if strict is not None:
        return strict
    match trouble.handling(seen=not record.is_unheard):
        case Handling.REFUSED:
            return _refused(record, trouble, context)
        case Handling.NOT_FOUND if record.is_unheard:
            return _never_found(record, trouble, context)
        case Handling.NOT_FOUND:
            return _gone(record, trouble, context)
        case Handling.DENIED:
            return _denied(record, trouble, context)
        case Handling.TRANSIENT | Handling.THROTTLED:
            return _transient(record, trouble, context)


def may_be_of_one(finding: Finding) -> bool:
    """Tell whether *finding*, the same for a whole batch, may be owed to one of its members."""
    if not isinstance(finding, Trouble) or finding.speaker is Speaker.OTHER:
        return False
    return finding.fault in OF_A_MEMBER


def _at_first_contact(record: Record, trouble: Trouble, context: Context) -> Step | None:
    """Be strict while nothing good has come from the host (or about the operation)."""
    rule = trouble.rule
    host_wide = rule.scope is Scope.HOST
    if context.contacted if host_wide else record.operation.reading is not None:
        return None
    tries = context.host_strict if host_wide else record.strict_tries
    match rule.first:
        case FirstContact.TOLERANT:
            return None
        case FirstContact.AT_ONCE:
            enough = True
        case FirstContact.TRIES:
            enough = tries >= STRICT_TRIES
        case FirstContact.PATIENCE:
            enough = tries >= STRICT_TRIES and _has_no_patience(context)
    if not enough:
        return PollAgain(context.uniform(0.5, 1.0) * 2.0 ** min(max(0, tries - 1), 3))
    if rule.handling is Handling.DENIED:
        return Stop(Outcome.DENIED, _denial(trouble), whole_host=host_wide)
    return Stop(Outcome.UNKNOWN, Reason.UNREACHABLE, whole_host=host_wide)


def _has_no_patience(context: Context) -> bool:
    """Tell whether the host had the time that it is given to be there at all."""
    patience = context.policy.no_contact
    return context.policy.once or (patience is not None and context.silence >= patience)


def _denial(trouble: Trouble) -> Reason:
    lacks = trouble.anonymous or trouble.fault is Fault.NO_CREDENTIAL
    return Reason.NO_CREDENTIAL if lacks else Reason.DENIED


def _gone(record: Record, trouble: Trouble, context: Context) -> Step:
    """Decide about a 404 in mid-wait: it counts when it still comes half a minute later.

    So does a list without it, but only one that was asked for it alone: of several a server
    may show the first page only.

    What it means by the profile, perhaps a success, it means only in the API's own words.
    """
    left = GONE_AFTER - (context.now - record.misses_from)
    if record.misses < TRIES or left > 0 or record.is_missing_among_others(trouble):
        pause = _retry(record, context, throttled=False)
        return PollAgain(min(pause, max(left, context.pace.least)))
    end = _end_of_gone(record.operation, trouble, context)
    return Stop(end or Outcome.NOT_FOUND, Reason.GONE)


def _never_found(record: Record, trouble: Trouble, context: Context) -> Step:
    grace = context.grace
    tries = 1 if context.policy.once and not grace else TRIES
    among_others = record.is_missing_among_others(trouble)
    if among_others and context.policy.once:
        return PollAgain(0.0)
    if record.misses >= tries and context.now - record.misses_from >= grace and not among_others:
        end = _end_of_gone(record.operation, trouble, context)
        return Stop(end, Reason.GONE) if end else Stop(Outcome.NOT_FOUND, Reason.NEVER_FOUND)
    left = grace - (context.now - record.misses_from)
    pause = pause_after_good(context.pace, record.misses - 1, None, context.uniform)
    return PollAgain(
        min(pause, max(left, context.pace.least)) if record.misses >= TRIES - 1 else pause
    )


def _end_of_gone(operation: Operation, trouble: Trouble, context: Context) -> Outcome | None:
    """Return how *operation*, which is not found, has ended by its API's own rule, if it has.

    What was neither seen nor started by us may never have been there, and only the API
    itself can say that something is gone.
    """
    if trouble.speaker is not Speaker.API:
        return None
    rules, reading = context.polling_rules, operation.reading
    kind = (reading and reading.kind) or operation.target.initial.params.get("kind", "")
    holds = kind.lower() == rules.gone_kind if rules.gone_kind else reading is not None
    return OF_STATE.get(rules.gone) if rules.gone and holds else None


def _refused(record: Record, trouble: Trouble, context: Context) -> Step:
    """Decide about a request that the API does not take, but has taken before.

    It counts when it is refused again half a minute later: one answer may be an accident.
    """
    is_news = trouble.fault in REFUSED_BY_API and not record.is_unheard
    lasted = context.now - record.refusals_from
    if context.policy.once or not is_news or lasted >= REFUSAL_PAUSE:
        return Stop(Outcome.UNKNOWN, Reason.REFUSED)
    return PollAgain(REFUSAL_PAUSE)


def _denied(record: Record, trouble: Trouble, context: Context) -> Step:
    """Decide about a refusal in mid-wait: it counts when it comes again half a minute later."""
    patience = REFUSAL_PAUSE if trouble.status == 401 else 2 * REFUSAL_PAUSE  # noqa: PLR2004
    lasted = context.now - record.refusals_from
    # Nothing was sent because nothing was needed so far: one answer does not prove the contrary.
    was_optional = trouble.fault is Fault.NO_CREDENTIAL and trouble.status is not None
    final = (trouble.fault in FINAL_AT_ONCE and not was_optional) or context.policy.once
    if final or lasted >= patience:
        return Stop(Outcome.DENIED, _denial(trouble))
    return PollAgain(REFUSAL_PAUSE)


def _transient(record: Record, trouble: Trouble, context: Context) -> Step:
    policy, operation = context.policy, record.operation
    throttled = trouble.rule.handling is Handling.THROTTLED
    if trouble.fault in FINAL_AFTER_TRIES and record.strict_tries >= STRICT_TRIES:
        return Stop(Outcome.UNKNOWN, Reason.REFUSED)
    if policy.once:
        patient = trouble.wait is None or trouble.wait <= ONCE_PATIENCE
        down = context.host_bad >= (HOST_TRIES if context.contacted else TRIES)
        if operation.streak >= TRIES or down or not patient:
            limited = Reason.RATE_LIMITED if throttled else Reason.UNREACHABLE
            return Stop(Outcome.UNKNOWN, limited, whole_host=down)
        return PollAgain(
            max(trouble.wait or 0.0, pause_after_bad(1, throttled=False, uniform=context.uniform))
        )
    if policy.lost_after and context.silence >= policy.lost_after and context.host_bad >= TRIES:
        return Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT, whole_host=True)
    lost_at = _lost_at(record, policy)
    if lost_at is not None and context.now >= lost_at and operation.streak >= TRIES:
        return Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT)
    # "Retry-After: 0" is a busy host's leave to ask again: nothing extra is waited.
    pause = _retry(record, context, throttled=throttled and trouble.wait != 0)
    if trouble.wait is not None:
        return PollAgain(max(pause, trouble.wait * context.uniform(1.0, 1.1)))
    if lost_at is not None and lost_at > context.now and operation.streak >= TRIES - 1:
        # Ask once more when the budget ends, not long after it.
        pause = min(pause, max(lost_at - context.now, context.pace.least))
    return PollAgain(pause)


def _lost_at(record: Record, policy: Policy) -> float | None:
    if not policy.lost_after:
        return None
    operation = record.operation
    since = operation.confirmed_at
    if since is None:
        since = operation.watched_from if record.first_asked_at is None else record.first_asked_at
    return since + policy.lost_after + record.uncounted


def _retry(record: Record, context: Context, *, throttled: bool) -> float:
    """Return the pause before a retry: only the first may come sooner than the schedule."""
    streak = max(1, record.operation.streak)
    pause = pause_after_bad(streak, throttled=throttled, uniform=context.uniform)
    if streak == 1 and not throttled and context.quick():
        return pause
    # What went wrong is not slept over until a predicted end.
    return max(pause, min(_by_schedule(record, context), context.pace.usual_bound))


def _by_schedule(record: Record, context: Context) -> float:
    reading = record.operation.reading
    is_open = reading is not None and not reading.state.is_terminal
    forecast = record.trend.forecast(context.now) if is_open else None
    usual = context.usual if is_open else None
    return pause_after_good(context.pace, record.quiet, forecast, context.uniform, usual)


def _until_next(record: Record, reading: Reading, context: Context) -> float:
    pause = _by_schedule(record, context)
    policy, changed_at = context.policy, record.operation.changed_at
    if policy.stall is not None and changed_at is not None:
        stalled_at = changed_at + policy.stall
        pause = min(pause, max(stalled_at - context.now, context.pace.least))
    if record.contradicted_from is not None:
        left = record.contradicted_from + CONTRADICTION_PATIENCE - context.now
        pause = min(pause, max(left, context.pace.least))
    if reading.wait is not None:
        pause = max(pause, reading.wait * context.uniform(1.0, 1.1))
    return pause
