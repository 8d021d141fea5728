"""What is left of a deadline, and which operations a run that goes on is about."""

from __future__ import annotations

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.profiles import load_config
from opwatch.session.plan import Plan
from opwatch.session.resume import resumed_plan
from profiles.making import profile

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


@pytest.mark.parametrize(("state", "etag"), [(State.SUCCEEDED, None), (State.RUNNING, '"1"')])
def test_an_end_that_is_to_be_confirmed_is_asked_for_in_full(
    state: State, etag: str | None
) -> None:
    kept = KeptOperation("a", "a", "mine", "https://a.example", state=state, etag='"1"')
    run = KeptRun("00000001", "wait", "mine", operations=[kept])

    plan = resumed_plan(
        run, Policy(), {"mine": profile()}, load_config(None, {}), {},
        has_token=False, until=None, clock_of=lambda at: at - NOW,
    )  # fmt: skip

    (earlier,) = (each.earlier for each in plan.targets)
    assert earlier is not None
    assert (earlier.etag, earlier.modified) == (etag, None)


def test_what_is_over_keeps_its_place_its_times_and_its_outcome() -> None:
    run = KeptRun(
        "00000001", "wait", options={"any_": True},
        operations=[
            KeptOperation(
                "a", "a", "p", "o",
                outcome=Outcome.SUCCEEDED, state=State.SUCCEEDED, ended_at=NOW,
            ),
            KeptOperation("b", "b", "p", "o", state=State.RUNNING, watched_from=NOW - 10),
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
