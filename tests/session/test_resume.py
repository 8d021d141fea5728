"""What is left of a deadline, and which operations a run that goes on is about."""

from __future__ import annotations

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.policy import Policy
from opwatch.profiles import load_config
from opwatch.session.plan import Plan
from opwatch.session.resume import resumed_plan

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("until", "timeout", "once"),
    [(None, 9.0, False), (NOW + 60, 60.0, False), (NOW, 0.0, True), (NOW - 5, 0.0, True)],
)
def test_a_deadline_is_a_time_of_day(
    until: float | None,
    timeout: float,
    once: bool,  # noqa: FBT001, a parameter of the test
) -> None:
    found = Plan({}, (), Policy(timeout=9.0), until=until).policy_at(NOW)

    assert (found.timeout, found.once) == (timeout, once)


def test_what_is_over_keeps_its_place_its_times_and_its_outcome() -> None:
    run = KeptRun(
        "00000001", "wait", options={"any_": True},
        operations=[
            KeptOperation("a", "a", "p", "o", outcome="succeeded", state="succeeded", ended_at=NOW),
            KeptOperation("b", "b", "p", "o", state="running", watched_from=NOW - 10),
        ],
    )  # fmt: skip

    plan = resumed_plan(
        run, Policy(), {}, load_config(None, {}), {},
        has_token=False, until=None, clock_of=lambda at: at - NOW,
    )  # fmt: skip
    first, second = (each.earlier for each in plan.targets)

    assert first is not None
    assert (first.outcome, first.ended_at) == (Outcome.SUCCEEDED, 0.0)
    assert second is not None
    assert (second.outcome, second.reason) == (Outcome.PENDING, Reason.STOPPED_EARLY)
    assert second.watched_from == -10
