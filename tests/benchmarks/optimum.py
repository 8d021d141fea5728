"""The best that a schedule can do that knows the mix of durations, but nothing of the operation.

Exact, by dynamic programming over the moments at which to ask, a second apart: for each
price of a second of lateness, in requests, the schedule of the least mean cost. (Barlow,
Hunter and Proschan 1963 ask when to look for a hidden failure: it is the same question.)
"""

from __future__ import annotations

import math

from benchmarks.shapes import LONGEST, SHORTEST, SPREAD

END = int(LONGEST)


def best(price: float) -> tuple[float, float]:
    """Return the mean requests and seconds late of the schedule that is best at *price*.

    A request at 0 is always sent. Asking at ``i`` and next at ``j`` costs a request if the
    operation runs at ``i``, and the seconds until ``j`` if it ends in between.
    """
    ended = [math.log(max(1.0, t / SHORTEST)) / SPREAD for t in range(END + 1)]
    moment = [max(0.0, t - SHORTEST) / SPREAD for t in range(END + 1)]
    cost, following = [0.0] * (END + 1), [END] * (END + 1)
    latest = END
    for i in range(END - 1, -1, -1):
        least, best_j = math.inf, i + 1
        # The next moment never comes sooner for a later one, so none beyond it is tried.
        for j in range(i + 1, latest + 1):
            late = j * (ended[j] - ended[i]) - (moment[j] - moment[i])
            if cost[j] + price * late < least:
                least, best_j = cost[j] + price * late, j
        cost[i], following[i], latest = 1 - ended[i] + least, best_j, best_j
    requests, late, i = 1.0, 0.0, 0
    while i < END:
        j = following[i]
        requests += 1 - ended[i]
        late += j * (ended[j] - ended[i]) - (moment[j] - moment[i])
        i = j
    return requests, late


def best_at(lateness: float) -> tuple[float, float]:
    """Return the mean requests, and seconds late, of the best that is no later than *lateness*."""
    low, high = 0.05, 500.0
    for _ in range(14):
        middle = math.sqrt(low * high)
        if best(middle)[1] > lateness:
            low = middle
        else:
            high = middle
    return best(high)
