"""The event loop of a process that must be able to leave.

Decides that the end of a run waits for no thread: ``asyncio.run`` would join
the resolver's, which cannot be cancelled.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run_to_end(work: Coroutine[object, object, T]) -> T:
    """Return what *work* returns. The caller ends the process soon after."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        asyncio.set_event_loop(None)
        if not any(not task.done() for task in asyncio.all_tasks(loop)):
            loop.run_until_complete(loop.shutdown_asyncgens())
