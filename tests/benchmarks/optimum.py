"""The best that a schedule can do that knows a mix of durations, but nothing of the operation.

Exact, by dynamic programming over the moments at which to ask, a second apart: for each
price of a second of lateness, in requests, the schedule of the least mean cost. (Barlow,
Hunter and Proschan 1963 ask when to look for a hidden failure: it is the same question.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

from benchmarks.shapes import LONGEST, SHORTEST, SPREAD

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Mix:
    """Durations: by each second, the part that has *ended*, and the mean of their *moments*."""

    ended: Sequence[float]
    moments: Sequence[float]

    def late(self, i: int, j: int) -> float:
        """Return the mean seconds that those are late that end after *i*, if *j* is the next."""
        return j * (self.ended[j] - self.ended[i]) - (self.moments[j] - self.moments[i])

    def cost(self, moments: Sequence[int]) -> tuple[float, float]:
        """Return the mean requests and seconds late of who asks at *moments*, the first of them 0.

        Asking at ``i`` and next at ``j`` costs a request if the operation runs at ``i``, and
        the seconds until ``j`` if it ends in between.
        """
        steps = list(pairwise(moments))
        requests = 1 + sum(1 - self.ended[i] for i, _ in steps)
        return requests, sum(self.late(i, j) for i, j in steps)


@cache
def evenly() -> Mix:
    """Return the mix that is spread evenly over the orders of magnitude."""
    seconds = range(int(LONGEST) + 1)
    return Mix(
        [math.log(max(1.0, t / SHORTEST)) / SPREAD for t in seconds],
        [max(0.0, t - SHORTEST) / SPREAD for t in seconds],
    )


@cache
def around(median: float, spread: float) -> Mix:
    """Return log-normal durations; what takes longer than five spreads is over then."""
    normal, end = NormalDist(), int(median * math.exp(5 * spread))
    ended = [normal.cdf(math.log(max(t, 1e-9) / median) / spread) for t in range(end)] + [1.0]
    parts = ((t - 0.5) * (after - before) for t, (before, after) in enumerate(pairwise(ended), 1))
    return Mix(ended, list(accumulate(parts, initial=0.0)))


def best_moments(price: float, mix: Mix, most: int | None = None) -> list[int]:
    """Return when to ask at the least mean cost, no pause being longer than *most* seconds.

    A request at 0 is always sent. A second of lateness costs *price* requests.
    """
    end = len(mix.ended) - 1
    cost, following = [0.0] * (end + 1), [end] * (end + 1)
    latest = end
    for i in range(end - 1, -1, -1):
        least, best_j = math.inf, i + 1
        # The next moment never comes sooner for a later one, so none beyond it is tried.
        for j in range(i + 1, min(latest, i + (most or end)) + 1):
            total = cost[j] + price * mix.late(i, j)
            if total < least:
                least, best_j = total, j
        cost[i], following[i], latest = 1 - mix.ended[i] + least, best_j, best_j
    moments = [0]
    while moments[-1] < end:
        moments.append(following[moments[-1]])
    return moments


def best(price: float, mix: Mix | None = None, most: int | None = None) -> tuple[float, float]:
    """Return the mean requests and seconds late of the schedule that is best at *price*."""
    mix = mix or evenly()
    return mix.cost(best_moments(price, mix, most))


def best_at(late: float, mix: Mix | None = None, most: int | None = None) -> tuple[float, float]:
    """Return the means of ``best`` at the lowest price at which it is no later than *late*."""
    low, high = 0.05, 500.0
    for _ in range(14):
        middle = math.sqrt(low * high)
        if best(middle, mix, most)[1] > late:
            low = middle
        else:
            high = middle
    return best(high, mix, most)
