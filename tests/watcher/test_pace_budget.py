"""What the pace costs: requests and lateness, held to what was measured before.

Each operation is watched by the very parts that decide a pause, without a host between;
``tests/benchmarks/schedules.py`` measures the whole watcher.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from benchmarks.shapes import SHAPES, drawn
from opwatch.domain.outcome import Eagerness
from opwatch.domain.pacing import Pace, paced, pause_after_good
from opwatch.watcher.record import Trend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.shapes import Percent

RUNS: Final = 8
FIRST_MEASURED: Final = {
    "even progress": (27.3, 1.09),
    "slow then fast": (28.3, 1.42),
    "fast then slow": (30.1, 1.16),
    "slow-fast-slow": (42.4, 3.17),
    "in four leaps": (76.7, 3.26),
    "stuck at 99 % from half": (57.6, 8.21),
}
"""Requests, and seconds late, of a first draft of the rule for the same 150 operations."""


def cost(
    percent: Percent | None, ends: Sequence[float], pace: Pace, runs: int = RUNS
) -> tuple[float, float]:
    """Return the mean requests and the mean seconds late."""
    requests, late = 0, 0.0
    for seed in range(runs):
        rng = random.Random(seed)  # noqa: S311, reproducible
        for end in ends:
            trend, now, quiet = Trend(), 0.0, 0
            while now < end:
                trend.add(now, percent(now / end) if percent else None)
                now += pause_after_good(pace, quiet, trend.forecast(now), rng.uniform)
                quiet += 1
            requests += quiet + 1
            late += now - end
    return requests / (runs * len(ends)), late / (runs * len(ends))


@pytest.mark.every(3)
@pytest.mark.parametrize("name", FIRST_MEASURED)
def test_progress_pays_at_least_as_much_as_when_it_was_first_measured(name: str) -> None:
    requests, late = cost(SHAPES[name], drawn(150), Pace())

    assert requests <= FIRST_MEASURED[name][0]
    assert late <= FIRST_MEASURED[name][1]


@pytest.mark.every(4)
@pytest.mark.parametrize("name", SHAPES)
def test_a_gentler_pace_asks_less_and_knows_later(name: str) -> None:
    ends = drawn(150)

    eager, normal, gentle = (cost(SHAPES[name], ends, paced(Pace(), each), 2) for each in Eagerness)

    assert eager[0] > normal[0] > gentle[0]
    assert eager[1] < normal[1] < gentle[1]


@pytest.mark.parametrize("eagerness", Eagerness)
@pytest.mark.parametrize("name", SHAPES)
def test_a_failure_long_before_the_predicted_end_is_noticed_within_the_bound(
    name: str, eagerness: Eagerness
) -> None:
    pace, percent = paced(Pace(), eagerness), SHAPES[name]
    bound = 1.1 * (pace.bound if percent else pace.usual_bound)

    for seed in range(20):
        rng, trend, now, quiet = random.Random(seed), Trend(), 0.0, 0  # noqa: S311, reproducible
        while now < 4 * 3600.0:
            trend.add(now, percent(now / (4 * 3600.0)) if percent else None)
            pause = pause_after_good(pace, quiet, trend.forecast(now), rng.uniform)
            assert pause <= min(bound, max(1.1 * pace.usual_bound, 0.55 * now)) + 1e-9
            now, quiet = now + pause, quiet + 1
