"""The pace where it is known how long such an operation usually takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks.remembered import cost
from opwatch.domain.durations import UsualDuration
from opwatch.domain.events import Event, Oddity, Warned
from opwatch.domain.operation import Answer, Operation, Reading, State, Target
from opwatch.domain.pacing import Pace, PollingRules, regular
from opwatch.domain.policy import Policy
from opwatch.watcher.watcher import Watcher

EPOCH = 1_700_000_000.0
USUAL = UsualDuration(600.0, 0.1)


def looked_at(
    reading: Reading, kind: str | None = "deploy", pace: Pace | None = None
) -> tuple[Operation, list[Event]]:
    """Return an operation that has answered with *reading*, and what was told of that."""
    rules = PollingRules(pace=pace or Pace())
    target = Target("1", "1", "https://api.example", "jobs")
    watcher = Watcher(
        [target], {"jobs": rules}, Policy(), now=0.0, uniform=lambda low, high: (low + high) / 2
    )
    watcher.learn_usual({("jobs", kind): USUAL}, EPOCH)
    (poll,) = watcher.due(0.0)
    events = watcher.record(poll, Answer((reading,)), 0.0)
    return watcher.operations[0], events


def pause_of(reading: Reading, *, kind: str | None = "deploy", pace: Pace | None = None) -> float:
    """Return the seconds until the second look at an operation that answers with *reading*."""
    operation, _ = looked_at(reading, kind, pace)
    assert operation.next_poll_at is not None
    return operation.next_poll_at


def running(**changes: object) -> Reading:
    return Reading(State.RUNNING, "running", kind="deploy", **changes)  # type: ignore[arg-type]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(EPOCH + seconds, UTC)


def test_one_that_has_just_begun_is_left_alone_up_to_the_bound() -> None:
    assert pause_of(running()) == Pace().bound
    assert pause_of(running(created_at=at(0))) == Pace().bound


def test_the_age_that_the_api_names_counts() -> None:
    assert pause_of(running(created_at=at(-600))) == pytest.approx(28, abs=3)
    assert pause_of(running(created_at=at(-500))) == 1.5 * Pace().longest


@pytest.mark.parametrize(
    "reading",
    [running(created_at=at(-1000)), running(created_at=at(-1e9))],
    ids=["longer than usual", "a time that means nothing"],
)
def test_one_that_takes_longer_than_any_before_has_the_usual_pauses(reading: Reading) -> None:
    assert pause_of(reading) == Pace().first


def test_another_kind_a_vendors_steps_and_an_interval_have_their_own_pauses() -> None:
    assert pause_of(running(), kind="test") == Pace().first
    assert pause_of(running(), pace=Pace(steps=(5.0, 10.0))) == 5.0
    assert pause_of(running(), pace=regular(7.0)) == 7.0


def test_a_pause_that_the_answer_asks_for_is_kept() -> None:
    assert pause_of(running(created_at=at(-600), wait=90.0)) >= 90.0


def test_runs_of_ten_minutes_cost_a_quarter_of_what_they_do_without_memory() -> None:
    known, unknown = cost(0.1, remembers=True), cost(0.1, remembers=False)

    assert known.requests < 7.4
    assert known.requests < unknown.requests / 4
    assert known.late < 17


def test_an_early_failure_is_noticed_within_the_bound_of_a_predicted_end() -> None:
    assert cost(0.1, remembers=True, fails_early=True).latest <= 1.1 * Pace().bound


def test_the_usual_end_is_told_where_there_is_no_progress() -> None:
    operation, _ = looked_at(running(created_at=at(-420)))
    assert (operation.usually, operation.eta) == (600.0, 180.0)

    operation, _ = looked_at(running(created_at=at(-420), progress=10.0))
    assert (operation.usually, operation.eta) == (600.0, None)


def test_one_that_takes_twice_as_long_is_reported() -> None:
    told = [looked_at(running(created_at=at(-age)))[1] for age in (1190.0, 1210.0)]

    slow = [[each for each in events if isinstance(each, Warned)] for events in told]
    assert slow[0] == []
    assert [(each.oddity, each.text, each.reference) for each in slow[1]] == [
        (Oddity.SLOW, "600", "1")
    ]
