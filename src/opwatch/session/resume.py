"""A run taken up where an earlier process left it.

Decides what is carried over: the times of the earlier watch, on this run's clock, and what
the next poll needs of the last answer. An end that was confirmed then counts as it was
recorded; only what is left is asked about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opwatch.domain.command_line import params_to_paste
from opwatch.domain.kept import COUNTED, NEXT, READ, TIMES, KeptOperation, KeptRun
from opwatch.domain.operation import Basis, Earlier, InitialAnswer, Reading, Target
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.session.detect import assumed_lanes
from opwatch.session.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opwatch.profiles import Config, Profile


def resumed_plan(
    run: KeptRun,
    policy: Policy,
    profiles: Mapping[str, Profile],
    config: Config,
    params: Mapping[str, str],
    *,
    has_token: bool,
    until: float | None,
    clock_of: Callable[[float], float],
) -> Plan:
    """Return what is left of *run*, at its place among what has ended before.

    *profiles* are those that were named, by their names in the run; a URL of any other finds
    its own again. *until* is the deadline in seconds since
    the epoch, which *clock_of* turns into the clock of this run.

    Raises:
        UsageError: a reference or a parameter can no longer be used, or a token would be for
            several hosts.
    """
    left, typed = run.left, not run.options.get("piped")
    urls = [(each.reference, typed) for each in left if each.profile not in profiles]
    assumed = iter(assumed_lanes(urls, config, params, has_token=has_token) if urls else ())
    lanes = [
        (profile, [_again(profile, each, run)])
        if (profile := profiles.get(each.profile))
        else next(assumed)
        for each in left
    ]
    plan = make_plan(lanes, policy, profiles) if lanes else Plan({}, (), policy)
    if has_token:
        plan.check_one_host()
    again = iter(plan.targets)
    targets = tuple(
        _taken_up(next(again), each, clock_of) if each in left else _ended(each, clock_of)
        for each in run.operations
    )
    return replace(plan, targets=targets, until=until)


def _again(profile: Profile, kept: KeptOperation, run: KeptRun) -> Target:
    """Return *kept* of *run* as *profile* names it, with what chose that profile."""
    target = profile.target(kept.reference, kept.handed)
    if kept.profile not in (run.options.get("bindings") or {}):
        return target
    return replace(
        target,
        basis=Basis(kept.basis) if kept.basis else None,
        options=(*target.options, *params_to_paste(kept.handed)),
    )


def _taken_up(target: Target, kept: KeptOperation, clock_of: Callable[[float], float]) -> Target:
    earlier = replace(_earlier(kept, clock_of), outcome=None, reason=None, ended_at=None)
    if earlier.reading is not None and earlier.reading.state.is_terminal:
        # An end is confirmed by a whole answer: what else it says is not kept.
        earlier = replace(earlier, etag=None, modified=None)
    return replace(target, initial=InitialAnswer(params=dict(kept.handed)), earlier=earlier)


def _ended(kept: KeptOperation, clock_of: Callable[[float], float]) -> Target:
    """Return what is never asked about again; one that had not ended was given up then."""
    earlier = _earlier(kept, clock_of)
    if earlier.outcome is None:
        earlier = replace(earlier, outcome=Outcome.PENDING, reason=Reason.STOPPED_EARLY)
    params = dict(kept.handed)
    return Target(kept.reference, kept.id, kept.origin, kept.profile, params, earlier=earlier)


def _earlier(kept: KeptOperation, clock_of: Callable[[float], float]) -> Earlier:
    def named(names: Iterable[str]) -> dict[str, Any]:
        return {name: getattr(kept, name) for name in names}

    times = named(TIMES).items()
    return Earlier(
        reading=Reading(**named(READ)) if kept.state else None,
        **{name: None if at is None else clock_of(at) for name, at in times},  # type: ignore[arg-type]
        **named(("outcome", "reason", *COUNTED, *NEXT)),
    )
