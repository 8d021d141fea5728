"""When a person is told that something is being waited for: after one second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.credentials.context import Waiting

PATIENCE: Final = 1.0
T = TypeVar("T")


async def announced(work: Awaitable[T], waiting: Waiting, announce: Callable[[Waiting], None]) -> T:
    """Return the result of *work*, and call *announce* once if it takes its time."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            announce(waiting)
        return await task
    finally:
        if task.cancel():
            # Whoever is cancelled leaves only when what it ran for is buried.
            await asyncio.wait({task})
