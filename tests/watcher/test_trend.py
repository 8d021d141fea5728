from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opwatch.domain.pacing import Forecast
from opwatch.watcher.record import Trend


def trend(*samples: tuple[float, float | None]) -> Trend:
    it = Trend()
    for at, percent in samples:
        it.add(at, percent)
    return it


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [(0.0, 10.0)],
        [(0.0, 10.0), (10.0, 20.0)],
        [(0.0, 10.0), (10.0, 10.0), (20.0, 10.0), (30.0, 10.0)],
        [(0.0, None), (10.0, None), (20.0, None)],
        [(0.0, 10.0), (10.0, None), (20.0, 20.0), (30.0, None)],
    ],
)
def test_nothing_is_predicted_from_fewer_than_three_samples(
    samples: list[tuple[float, float | None]],
) -> None:
    assert trend(*samples).left(100.0) is None


def test_nothing_is_predicted_from_samples_of_one_moment() -> None:
    assert trend((5.0, 10.0), (5.0, 20.0), (5.0, 30.0)).left(9.0) is None


def test_a_steady_pace_is_drawn_on_to_the_end() -> None:
    it = trend((0.0, 10.0), (10.0, 20.0), (20.0, 30.0))

    assert it.left(20.0) == 70.0
    assert it.left(50.0) == 40.0


def test_a_prediction_that_was_missed_says_by_how_much() -> None:
    it = trend((0.0, 10.0), (10.0, 20.0), (20.0, 30.0))

    assert it.left(100.0) == -10.0


def test_a_percentage_that_falls_starts_the_prediction_anew() -> None:
    it = trend((0.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, 5.0))
    assert it.left(30.0) is None

    it.add(40.0, 10.0)
    it.add(50.0, 15.0)
    assert it.left(50.0) == 170.0


def test_only_the_latest_pace_counts() -> None:
    slow = [(100.0 * n, float(n)) for n in range(10)]
    fast = [(900.0 + n, 10.0 + 5 * n) for n in range(6)]

    assert trend(*slow, *fast).left(905.0) == 13.0


def test_the_pace_relies_on_two_samples_and_on_the_faster_of_the_latest_step_and_all() -> None:
    assert trend((0.0, 10.0)).forecast(50.0) is None
    assert trend((0.0, 10.0), (10.0, 20.0)).forecast(20.0) == Forecast(left=70.0, seen=20.0)

    quickens = trend((0.0, 0.0), (100.0, 10.0), (110.0, 20.0))
    slows = trend((0.0, 0.0), (10.0, 10.0), (110.0, 20.0))

    assert quickens.forecast(110.0) == Forecast(left=80.0, seen=110.0)
    assert slows.forecast(110.0) == Forecast(left=440.0, seen=110.0)


def test_after_a_fall_only_what_was_seen_since_counts() -> None:
    it = trend((0.0, 10.0), (10.0, 50.0), (20.0, 5.0))
    assert it.forecast(20.0) is None

    it.add(30.0, 15.0)

    assert it.forecast(40.0) == Forecast(left=75.0, seen=20.0)


@example([(0.0, 0.0), (0.0, 1.0), (1.0, math.inf)], 0.0)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.floats(allow_nan=True, allow_infinity=True))
    ),
    st.floats(0, 1e7),
)
def test_whatever_is_reported_the_prediction_is_a_number_or_none(
    samples: list[tuple[float, float | None]], now: float
) -> None:
    it = trend(*sorted(samples, key=lambda each: each[0]))
    left, forecast = it.left(now), it.forecast(now)

    assert left is None or not math.isnan(left)
    assert forecast is None or not math.isnan(forecast.left)


def test_the_pace_is_that_of_all_samples_to_the_last() -> None:
    assert trend((0.0, 0.0), (10.0, 10.0), (20.0, 40.0)).left(25.0) == 25.0
