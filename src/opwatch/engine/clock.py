"""Which clock a wait is measured by.

Decides that a deadline is time as a person sees it: a suspended laptop's time
counts. Linux' monotonic clock stops during a suspend, its boot-time clock does
not; elsewhere the monotonic clock is the best there is.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


class Clock(Protocol):
    """Two clocks: one that never jumps back, and the time of day."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; never falls."""

    def wall(self) -> float:
        """Return seconds since the epoch, as this machine believes."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Return seconds since the machine started, suspended time included."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    def wall(self) -> float:
        """Return seconds since the epoch."""
        return time.time()
