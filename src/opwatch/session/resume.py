"""A run taken up where an earlier process left it.

Decides what is carried over: the times of the earlier watch, on this run's clock, and what
the next poll needs of the last answer. An end that was confirmed then counts as it was
recorded; only what is left is asked about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from opwatch.domain.operation import Earlier, InitialAnswer, Reading, State, Target
from opwatch.domain.outcome import Outcome, Reason
from opwatch.session.detect import assumed_lanes
from opwatch.session.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.kept import KeptOperation, KeptRun
    from opwatch.domain.policy import Policy
    from opwatch.profiles import Config, Profile


def resumed_plan(
    run: KeptRun,
    policy: Policy,
    profile: Profile | None,
    config: Config,
    params: Mapping[str, str],
    *,
    has_token: bool,
    until: float | None,
    clock_of: Callable[[float], float],
) -> Plan:
    """Return what is left of *run*, at its place among what has ended before.

    Without a *profile*, each URL finds its own again. *until* is the deadline in seconds since
    the epoch, which *clock_of* turns into the clock of this run.

    Raises:
        UsageError: a reference or a parameter can no longer be used.
    """
    left = run.left
    if not left:
        plan = Plan({}, (), policy)
    elif profile is not None:
        found = [profile.target(each.reference, each.handed) for each in left]
        plan = make_plan([(profile, found)], policy)
    else:
        typed = not run.options.get("piped")
        urls = [(each.reference, typed) for each in left]
        plan = make_plan(assumed_lanes(urls, config, params, has_token=has_token), policy)
    again = iter(plan.targets)
    targets = tuple(
        _taken_up(next(again), each, clock_of) if each in left else _ended(each, clock_of)
        for each in run.operations
    )
    return replace(plan, targets=targets, until=until)


def _taken_up(target: Target, kept: KeptOperation, clock_of: Callable[[float], float]) -> Target:
    earlier = replace(_earlier(kept, clock_of), outcome=None, reason=None, ended_at=None)
    return replace(target, initial=InitialAnswer(params=dict(kept.handed)), earlier=earlier)


def _ended(kept: KeptOperation, clock_of: Callable[[float], float]) -> Target:
    """Return what is never asked about again; one that had not ended was given up then."""
    earlier = _earlier(kept, clock_of)
    if earlier.outcome is None:
        earlier = replace(earlier, outcome=Outcome.PENDING, reason=Reason.STOPPED_EARLY)
    return Target(kept.reference, kept.id, kept.origin, kept.profile, earlier=earlier)


def _earlier(kept: KeptOperation, clock_of: Callable[[float], float]) -> Earlier:
    def clock(at: float | None) -> float | None:
        return None if at is None else clock_of(at)

    reading = None
    if kept.state is not None:
        reading = Reading(
            State(kept.state),
            status=kept.status,
            progress=kept.progress,
            count=kept.count,
            message=kept.message,
            kind=kept.kind,
            updated_at=datetime.fromisoformat(kept.updated_at) if kept.updated_at else None,
            is_known_word=kept.is_known_word,
        )
    return Earlier(
        watched_from=clock_of(kept.watched_from),
        reading=reading,
        confirmed_at=clock(kept.confirmed_at),
        changed_at=clock(kept.changed_at),
        missed_from=clock(kept.missed_from),
        ended_at=clock(kept.ended_at),
        polls=kept.polls,
        problems=kept.problems,
        outcome=Outcome(kept.outcome) if kept.outcome else None,
        reason=Reason(kept.reason) if kept.reason else None,
        etag=kept.etag,
        modified=kept.modified,
        moved_to=kept.moved_to,
    )
