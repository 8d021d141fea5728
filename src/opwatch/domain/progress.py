"""When an operation is likely to end, judged by its own percentages.

Decides how many samples a prediction needs, and that a falling percentage
starts it anew. It is a guess for pacing and for the eye, never for a verdict.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

FEWEST: Final = 3
WINDOW: Final = 6
WHOLE: Final = 100.0


class Trend:
    """The latest samples of one operation's progress."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=WINDOW)

    def add(self, at: float, percent: float | None) -> None:
        """Add a sample; one that says nothing new is not one."""
        if percent is None or not math.isfinite(percent):
            return
        if self._samples and percent < self._samples[-1][1]:
            self._samples.clear()
        if not self._samples or percent > self._samples[-1][1]:
            self._samples.append((at, percent))

    def left(self, now: float) -> float | None:
        """Return the seconds to go at *now*, None while there are too few samples.

        Less than 0 says for how long the end has been overdue.
        """
        if len(self._samples) < FEWEST:
            return None
        (since, low), (until, high) = self._samples[0], self._samples[-1]
        pace = (high - low) / (until - since) if until > since else 0.0
        if pace <= 0:
            return None
        return (WHOLE - high) / pace - (now - until)
