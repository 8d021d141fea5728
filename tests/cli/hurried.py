"""A day in a minute: the program's clocks run fast, and the server's go on as they are looked at.

Nothing waits for the other: the server's operations move from one request to the next,
however long the program has taken for it.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING

from opwatch.engine import SystemClock

if TYPE_CHECKING:
    import pytest

PACE = 40.0
"""Seconds of the program in one of the machine's."""
STEP = 0.5
"""Seconds by which the server's clock goes on whenever it is looked at: twice for each request."""
_BEGAN = time.monotonic()
_EPOCH = time.time()


def now() -> float:
    """Return the seconds since this module was read, as the program counts them."""
    return (time.monotonic() - _BEGAN) * PACE


class Stepping:
    """The server's clock."""

    def __init__(self) -> None:
        self._now = _EPOCH

    def __call__(self) -> float:
        self._now += STEP
        return self._now


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout and timeout / PACE)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_Selector())

    def time(self) -> float:
        return now()


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let every program that is run in this process hurry."""
    patch.setattr(asyncio, "new_event_loop", _Loop)
    patch.setattr(SystemClock, "now", lambda _: now())
    patch.setattr(SystemClock, "wall", lambda _: _EPOCH + now())
