"""The operations that schedules are measured with: how long they run, what they show.

Durations are spread evenly over the orders of magnitude from 5 s to 4 h.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Percent: TypeAlias = Callable[[float], float]
    """From the part of an operation's time that has passed to the percentage it shows."""

SHORTEST, LONGEST = 5.0, 4 * 3600.0
SPREAD: Final = math.log(LONGEST / SHORTEST)


def in_leaps(part: float) -> float:
    """Stand still for long at a few percentages."""
    return next(percent for end, percent in LEAPS if part < end)


LEAPS: Final = ((0.2, 10.0), (0.5, 40.0), (0.9, 80.0), (math.inf, 95.0))

SHAPES: Final[dict[str, Percent | None]] = {
    "no progress": None,
    "even progress": lambda part: math.floor(100 * part),
    "slow then fast": lambda part: math.floor(100 * part**1.6),
    "fast then slow": lambda part: math.floor(100 * math.sqrt(part)),
    "slow-fast-slow": lambda part: math.floor(100 * part * part * (3 - 2 * part)),
    "in four leaps": in_leaps,
    "stuck at 99 % from half": lambda part: min(99.0, math.floor(200 * part)),
}


def spread(count: int) -> list[float]:
    """Return *count* durations, one from the middle of each equal part of the mix."""
    return [SHORTEST * math.exp(SPREAD * (n + 0.5) / count) for n in range(count)]


def drawn(count: int) -> list[float]:
    """Return *count* durations drawn from the mix, the same ones each time."""
    rng = random.Random(7)  # noqa: S311, reproducible
    return [math.exp(rng.uniform(math.log(SHORTEST), math.log(LONGEST))) for _ in range(count)]
