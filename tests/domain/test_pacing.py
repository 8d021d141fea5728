from __future__ import annotations

import math
import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.operation import State
from opwatch.domain.origin import parse_origin
from opwatch.domain.outcome import Eagerness
from opwatch.domain.pacing import (
    Forecast,
    Limits,
    Pace,
    PollingRules,
    paced,
    pause_after_bad,
    pause_after_good,
    regular,
    shortest_at,
)
from simulation.bench import middle

PACES: Final = st.builds(
    Pace,
    first=st.floats(0.1, 60.0),
    longest=st.floats(60.0, 600.0),
    factor=st.floats(1.0, 10.0),
    steps=st.just(()) | st.lists(st.floats(0.1, 600.0), min_size=1, max_size=4).map(tuple),
)
FORECASTS: Final = st.builds(Forecast, left=st.floats(-1e6, 1e6), seen=st.floats(0.0, 1e6))


def pauses(pace: Pace, count: int, forecast: Forecast | None = None) -> list[float]:
    return [round(pause_after_good(pace, quiet, forecast, middle), 3) for quiet in range(count)]


def test_a_pause_grows_by_a_fifth_while_nothing_changes_up_to_the_longest() -> None:
    grown = pauses(Pace(), 17)

    assert grown[:5] == [2.0, 2.4, 2.88, 3.456, 4.147]
    assert grown[14:] == [25.678, 30.0, 30.0]


def test_a_pause_that_was_quiet_for_ever_is_still_the_longest() -> None:
    assert pause_after_good(Pace(), 10**9, None, middle) == 30.0
    assert pause_after_good(Pace(first=0.1, longest=3600, factor=10), 10**9, None, middle) == 3600


def test_steps_are_taken_as_they_are_and_the_last_repeats() -> None:
    assert pauses(Pace(steps=(5.0, 30.0, 60.0)), 5) == [5.0, 30.0, 60.0, 60.0, 60.0]


def test_steps_are_kept_whatever_is_predicted() -> None:
    assert pauses(Pace(steps=(5.0, 30.0)), 2, Forecast(2.0, 100.0)) == [5.0, 30.0]


@pytest.mark.parametrize(
    ("left", "pause"),
    [(1000.0, 180.0), (400.0, 100.0), (40.0, 10.0), (8.0, 2.0), (4.0, 2.0), (0.0, 2.0)],
)
def test_a_quarter_of_the_predicted_time_is_slept(left: float, pause: float) -> None:
    assert pauses(Pace(), 3, Forecast(left, seen=1000.0)) == [pause] * 3


@pytest.mark.parametrize(
    ("seen", "pause"), [(0.0, 30.0), (60.0, 30.0), (100.0, 50.0), (900.0, 180.0)]
)
def test_what_was_seen_for_a_short_time_is_not_relied_on_for_a_long_one(
    seen: float, pause: float
) -> None:
    assert pauses(Pace(), 1, Forecast(10_000.0, seen)) == [pause]


@pytest.mark.parametrize(
    ("overdue", "pause"), [(1.0, 2.0), (5.0, 2.0), (80.0, 8.0), (2000.0, 40.0), (1e6, 180.0)]
)
def test_an_operation_that_is_overdue_is_asked_ever_more_rarely(
    overdue: float, pause: float
) -> None:
    assert pauses(Pace(), 1, Forecast(-overdue, seen=1e6)) == [pause]


@given(PACES, st.sampled_from(Eagerness), st.integers(0, 10**6), st.none() | FORECASTS)
def test_no_pause_is_shorter_than_the_first_or_longer_than_the_documented_bound(
    pace: Pace, eagerness: Eagerness, quiet: int, forecast: Forecast | None
) -> None:
    it = paced(pace, eagerness)
    seen = 0.0 if forecast is None else forecast.seen

    low, high = (pause_after_good(it, quiet, forecast, lot) for lot in (min, max))

    shortest = min(pace.steps) if pace.steps else pace.first
    allowed = max(it.usual_bound, min(it.bound, seen / 2))
    assert 0.9 * shortest <= low * (1 + 1e-9)
    assert high <= 1.1 * allowed * (1 + 1e-9)


@given(PACES, st.integers(0, 100), st.none() | FORECASTS)
def test_the_gentler_the_pace_the_longer_each_pause(
    pace: Pace, quiet: int, forecast: Forecast | None
) -> None:
    eager, normal, gentle = (
        pause_after_good(paced(pace, each), quiet, forecast, middle) for each in Eagerness
    )

    assert eager <= normal * (1 + 1e-9)
    assert normal <= gentle * (1 + 1e-9)


def test_the_default_paces_have_the_bounds_that_are_documented() -> None:
    bounds = {each.value: paced(Pace(), each) for each in Eagerness}

    assert {name: (it.usual_bound, it.bound) for name, it in bounds.items()} == {
        "eager": (15.0, 90.0),
        "normal": (30.0, 180.0),
        "gentle": (60.0, 360.0),
    }


@given(st.floats(0.1, 3600.0), st.integers(0, 100), st.none() | FORECASTS)
def test_an_interval_is_kept_whatever_is_predicted(
    seconds: float, quiet: int, forecast: Forecast | None
) -> None:
    assert pause_after_good(regular(seconds), quiet, forecast, middle) == pytest.approx(seconds)


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
    assert Pace() == Pace(first=2.0, longest=30.0, factor=1.2, steps=())
    assert Limits() == Limits(rate=math.inf, burst=10, at_once=32)
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


def test_a_regular_pace_is_the_same_in_all_its_parts() -> None:
    assert regular(7.0) == Pace(first=7.0, longest=7.0, steps=(7.0,))
