"""How long operations of one kind usually take, from those that have succeeded.

Decides how many count, what an outlier may change, and when what was usual is so no more. It
is a guess for the pace, never for a state. Durations are taken by their logarithms: twice
as long is as far from the usual as half as long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, median
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

    @property
    def earliest(self) -> float:
        """The seconds after which one in ten has ended."""
        return self.median * math.exp(self.spread * _NORMAL.inv_cdf(0.1))

    def until(self, age: float, chance: float) -> float | None:
        """Return the seconds in which one of *age* seconds ends with a *chance* below 1.

        None if it has taken longer than can be usual.
        """
        passed = (math.log(max(age, 1e-3) / self.median)) / self.spread
        if passed > PASSED:
            return None
        ended = 1 - (1 - _NORMAL.cdf(passed)) * (1 - chance)
        return self.median * math.exp(self.spread * _NORMAL.inv_cdf(ended)) - age


def usual_duration(latest: Sequence[float]) -> UsualDuration | None:
    """Return what is usual by the durations in seconds of the *latest*, the last of all first.

    Where all of the last five are far from those before, and on one side, only they count.
    """
    logs = [math.log(each) for each in latest[:MOST] if each > 0]
    if len(logs) < FEWEST:
        return None
    new, old = logs[:FEWEST], logs[FEWEST:]
    if len(old) >= FEWEST:
        far = CHANGED * _spread(old)
        if min(new) - median(old) > far or median(old) - max(new) > far:
            logs = new
    spread = _spread(logs)
    return UsualDuration(math.exp(median(logs)), spread) if spread <= WIDEST else None


def _spread(logs: Sequence[float]) -> float:
    middle = median(logs)
    return max(NARROWEST, OF_NORMAL * median(abs(each - middle) for each in logs))
