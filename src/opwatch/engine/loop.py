"""The event loop of a process that must be able to leave, and the clocks that it waits by.

Decides that the end of a run waits for no thread: ``asyncio.run`` would join
the resolver's, which cannot be cancelled. That what is under way is given a moment
to clean up: a helper program dies with the task that waits for it. That the
loop itself writes nothing: its own messages go to standard error unmasked, and
through the middle of the bars. And that a deadline is time as a person sees it, a suspended
laptop's included: Linux' monotonic clock stops during a suspend, its boot-time clock does not;
elsewhere the monotonic clock is the best there is.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

PATIENCE: Final = 0.25
"""Seconds that the tasks of an interrupted run are given to clean up."""
_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def run_to_end(work: Coroutine[object, object, T]) -> T:
    """Return what *work* returns. The caller ends the process soon after."""
    loop = asyncio.new_event_loop()
    if not loop.get_debug():  # PYTHONASYNCIODEBUG=1 shows its messages
        loop.set_exception_handler(_ignore)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        _finish_tasks(loop)
        asyncio.set_event_loop(None)


def _finish_tasks(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=PATIENCE))
    else:
        loop.run_until_complete(loop.shutdown_asyncgens())


async def pause(seconds: float) -> None:
    """Let *seconds* pass."""
    await asyncio.sleep(seconds)


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Pass over a failure that nobody waited for."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Return seconds since the machine started, suspended time included."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    def wall(self) -> float:
        """Return seconds since the epoch."""
        return time.time()
