"""How long operations of one kind usually take, from those that have succeeded.

Decides how many count, which of them are outliers, and when what was usual is so no more. It
is a guess for the pace, never for a state. Durations are taken by their logarithms: twice
as long is as far from the usual as half as long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 20
FEWEST: Final = 5
NARROWEST: Final = 0.05
WIDEST: Final = 0.3
"""Spreads above this tell the pace nothing."""
CHANGED: Final = 2.0
"""Spreads by which each of the latest must differ from those before to be another usual."""
OUTLIER: Final = 3.5
"""Spreads from the middle beyond which one does not count."""
TYPICAL: Final = 0.1
"""The spread of most kinds: few durations tell less of theirs than what is known of others."""
TYPICAL_COUNTS: Final = MOST
"""How many durations of the typical spread count beside those that are known."""
OF_NORMAL: Final = 1.4826
"""A normal distribution's standard deviation by its median absolute deviation."""
PASSED: Final = 2.05
"""Spreads beyond the usual after which a run is like no other: 2 of 100 take longer."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class UsualDuration:
    """A log-normal distribution: its *median* in seconds, and the *spread* of the logarithm."""

    median: float
    spread: float

    def spreads(self, age: float) -> float:
        """Return how many spreads one of *age* seconds is older than usual, below 0 if younger."""
        return math.log(max(age, 1e-3) / self.median) / self.spread

    def until(self, age: float, chance: float) -> float | None:
        """Return the seconds in which one of *age* seconds ends with a *chance* below 1.

        None if it has taken longer than can be usual.
        """
        passed = self.spreads(age)
        if passed > PASSED:
            return None
        ended = 1 - (1 - _NORMAL.cdf(passed)) * (1 - chance)
        return self.median * math.exp(self.spread * _NORMAL.inv_cdf(ended)) - age


def usual_duration(latest: Sequence[float]) -> UsualDuration | None:
    """Return what is usual by the durations in seconds of the *latest*, the last of all first.

    Where all of the last five are far from those before, and on one side, only they count.
    The spread is that of the next one: how far the middle of so few may be off is in it.
    """
    logs = [math.log(each) for each in latest[:MOST] if each > 0]
    if len(logs) < FEWEST:
        return None
    new, old = logs[:FEWEST], logs[FEWEST:]
    if len(old) >= FEWEST:
        far = CHANGED * _spread(old)
        if min(new) - median(old) > far or median(old) - max(new) > far:
            logs = new
    middle, robust = median(logs), _spread(logs)
    if robust > WIDEST:
        return None
    near = [each for each in logs if abs(each - middle) <= OUTLIER * robust]
    mean, count = fmean(near), len(near)
    squares = TYPICAL_COUNTS * TYPICAL**2 + sum((each - mean) ** 2 for each in near)
    variance = squares / (TYPICAL_COUNTS + count - 1)
    return UsualDuration(math.exp(mean), math.sqrt(variance * (1 + 1 / count)))


def _spread(logs: Sequence[float]) -> float:
    middle = median(logs)
    return max(NARROWEST, OF_NORMAL * median(abs(each - middle) for each in logs))
