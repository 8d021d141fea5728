"""The pace where it is known how long such an operation usually takes."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from benchmarks.optimum import around, best_at
from benchmarks.remembered import cost
from opwatch.domain.durations import UsualDuration
from opwatch.domain.events import Event, Oddity, Warned
from opwatch.domain.operation import Answer, Operation, Reading, State, Target
from opwatch.domain.outcome import Eagerness, Policy
from opwatch.domain.pacing import Pace, PollingRules, paced, pause_after_good, regular
from opwatch.watcher.watcher import Watcher
from simulation.bench import middle

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


def test_one_that_has_just_begun_is_left_alone_for_half_of_the_usual_duration() -> None:
    assert pause_of(running()) == 300.0
    assert pause_of(running(created_at=at(0))) == 300.0


@pytest.mark.parametrize(
    ("median", "first"), [(60.0, 54.5), (240.0, 180.0), (600.0, 300.0), (900.0, 450.0)]
)
def test_half_of_the_usual_duration_counts_as_three_minutes_at_least(
    median: float, first: float
) -> None:
    pause = pause_after_good(Pace(), 0, None, middle, (UsualDuration(median, 0.1), 0.0))
    assert pause == pytest.approx(first, abs=0.5)


@pytest.mark.parametrize(
    ("eagerness", "first"),
    [(Eagerness.EAGER, 300), (Eagerness.NORMAL, 600), (Eagerness.GENTLE, 1200)],
)
def test_half_of_a_long_one_counts_as_twenty_times_the_longest_pause(
    eagerness: Eagerness, first: float
) -> None:
    pace, usual = paced(Pace(), eagerness), UsualDuration(4 * 3600.0, 0.1)
    assert pause_after_good(pace, 0, None, middle, (usual, 0.0)) == first


@pytest.mark.parametrize(("eagerness", "first"), [(Eagerness.EAGER, 150), (Eagerness.NORMAL, 300)])
def test_an_eager_pace_looks_after_a_quarter_of_the_usual_duration(
    eagerness: Eagerness, first: float
) -> None:
    assert pause_after_good(paced(Pace(), eagerness), 0, None, middle, (USUAL, 0.0)) == first


@pytest.mark.parametrize("age", [0.0, 100.0, 299.0])
def test_a_pause_before_the_end_is_likely_is_off_by_three_seconds_at_most(age: float) -> None:
    low, high = (pause_after_good(Pace(), 0, None, lot, (USUAL, age)) for lot in (min, max))

    assert high - low == pytest.approx(6.0)


def test_the_age_that_the_api_names_counts() -> None:
    assert pause_of(running(created_at=at(-600))) == pytest.approx(22, abs=3)
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


def moments_of(usual: UsualDuration, end: int) -> list[int]:
    """Return the seconds after which one is asked about that does not end before *end*."""
    moments, now = [0], 0.0
    while moments[-1] < end:
        now += pause_after_good(Pace(), len(moments) - 1, None, middle, (usual, now))
        moments.append(min(end, round(now)))
    return moments


def test_where_the_usual_duration_is_known_the_pace_is_within_3_percent_of_the_optimum() -> None:
    mix = around(600.0, 0.1)
    requests, late = mix.cost(moments_of(USUAL, len(mix.ended) - 1))

    assert requests <= 6.0
    assert late <= 15.0
    assert requests <= 1.03 * best_at(late, mix, 300)[0]


def test_runs_of_ten_minutes_cost_a_fifth_of_what_they_do_without_memory() -> None:
    known, unknown = (cost(0.1, remembers=each, runs=2000) for each in (True, False))

    assert known.requests < 6.1
    assert known.requests < unknown.requests / 5
    assert known.late < 15.3


def test_an_early_failure_is_noticed_within_half_of_the_usual_duration() -> None:
    assert cost(0.1, remembers=True, fails_early=True).latest <= 1.1 * 300.0


def test_a_kind_that_has_become_slower_costs_no_more_than_without_memory() -> None:
    slower, ordinary = random.Random(2), Pace()  # noqa: S311, reproducible
    for _ in range(200):
        now, quiet, end = 0.0, 0, slower.uniform(1200.0, 7200.0)
        while now < end:
            now += pause_after_good(ordinary, quiet, None, slower.uniform, (USUAL, now))
            quiet += 1
        assert now - end <= 1.1 * ordinary.longest
        assert quiet <= 15 + (end - 600) / 25


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


def test_what_is_overdue_ends_now_and_not_in_a_second() -> None:
    operation, _ = looked_at(running(created_at=at(-700)))

    assert operation.eta == 0.0


def test_twice_as_long_is_slow() -> None:
    _, events = looked_at(running(created_at=at(-1200)))

    (slow,) = [each for each in events if isinstance(each, Warned)]
    assert (slow.oddity, slow.at) == (Oddity.SLOW, 0.0)
