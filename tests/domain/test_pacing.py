from __future__ import annotations

import random

import pytest

from opwatch.domain.operation import State
from opwatch.domain.origin import parse_origin
from opwatch.domain.pacing import (
    Limits,
    Pace,
    PollingRules,
    pause_after_bad,
    pause_after_good,
    shortest_at,
)
from simulation.bench import middle


def pauses(pace: Pace, count: int, left: float | None = None) -> list[float]:
    return [round(pause_after_good(pace, quiet, left, middle), 3) for quiet in range(count)]


def test_a_pause_grows_by_half_while_nothing_changes_up_to_the_longest() -> None:
    assert pauses(Pace(), 9) == [2.0, 3.0, 4.5, 6.75, 10.125, 15.188, 22.781, 30.0, 30.0]


def test_a_pause_that_was_quiet_for_ever_is_still_the_longest() -> None:
    assert pause_after_good(Pace(), 10**9, None, middle) == 30.0


def test_steps_are_taken_as_they_are_and_the_last_repeats() -> None:
    assert pauses(Pace(steps=(5.0, 30.0, 60.0)), 5) == [5.0, 30.0, 60.0, 60.0, 60.0]


def test_steps_are_kept_whatever_is_predicted() -> None:
    assert pauses(Pace(steps=(5.0, 30.0)), 2, left=2.0) == [5.0, 30.0]


@pytest.mark.parametrize(
    ("left", "pause"),
    [(1000.0, 30.0), (60.0, 30.0), (40.0, 20.0), (10.0, 5.0), (4.0, 2.0), (1.0, 2.0), (0.0, 2.0)],
)
def test_half_of_the_predicted_time_is_slept(left: float, pause: float) -> None:
    assert pauses(Pace(), 3, left) == [pause] * 3


@pytest.mark.parametrize(
    ("overdue", "pause"), [(1.0, 2.0), (16.0, 2.0), (80.0, 10.0), (240.0, 30.0), (7200.0, 30.0)]
)
def test_an_operation_that_is_overdue_is_asked_ever_more_rarely(
    overdue: float, pause: float
) -> None:
    assert pauses(Pace(), 1, -overdue) == [pause]


def test_a_pause_is_within_a_tenth_of_the_schedule() -> None:
    rng = random.Random(1)  # noqa: S311, any lot will do
    drawn = [pause_after_good(Pace(first=10.0), 0, None, rng.uniform) for _ in range(1000)]

    assert 9.0 <= min(drawn) < 9.1
    assert 10.9 < max(drawn) <= 11.0


def test_a_retry_waits_at_least_half_of_a_growing_bound_and_at_most_a_minute() -> None:
    low = [pause_after_bad(n, throttled=False, uniform=min) for n in range(1, 9)]
    high = [pause_after_bad(n, throttled=False, uniform=max) for n in range(1, 9)]

    assert low == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert high == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_retry_after_a_rate_limit_starts_from_five_seconds() -> None:
    assert [pause_after_bad(n, throttled=True, uniform=max) for n in range(1, 6)] == [
        5.0,
        10.0,
        20.0,
        40.0,
        60.0,
    ]


def test_a_retry_after_a_million_bad_answers_is_still_a_number() -> None:
    assert pause_after_bad(10**6, throttled=True, uniform=max) == 60.0


def test_no_pause_of_a_pace_is_shorter_than_the_shortest_and_no_other_changes() -> None:
    given = Pace(first=0.5, longest=0.7, factor=3.0, steps=(0.1, 5.0))

    assert given.at_least(1.0) == Pace(first=1.0, longest=1.0, factor=3.0, steps=(1.0, 5.0))
    assert Pace().at_least(1.0) == Pace()


@pytest.mark.parametrize(("origin", "shortest"), [("http://127.0.0.1:80", 0.1), ("https://a.b", 1)])
def test_only_this_machine_may_be_asked_more_than_once_a_second(
    origin: str, shortest: float
) -> None:
    assert shortest_at(parse_origin(origin)) == shortest


def test_what_a_profile_does_not_say_is_as_its_page_documents() -> None:
    assert Pace() == Pace(first=2.0, longest=30.0, factor=1.5, steps=())
    assert Limits() == Limits(rate=10.0, burst=10, at_once=8)
    assert PollingRules() == PollingRules(
        pace=Pace(),
        limits=Limits(),
        batch=1,
        not_found_grace=30.0,
        gone=None,
        gone_kind="",
        confirm=1,
        unknown_after=600.0,
        give_up_after=None,
        given_up=State.FAILED,
    )
