"""An event loop whose time is computed, not waited for: hours in milliseconds.

Where asyncio would sleep, the loop's own time moves on at once. Whoever waits
for ever is told so by an error instead of a hanging test.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 0 seconds and never sleeps. *turns*: how often it looked for more."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.turns = 0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return self.passed


class _Impatient(selectors.BaseSelector):
    """A selector that lets the loop's time pass instead of its own."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.turns += 1
        ready = self._real.select(0)
        if not ready and timeout is None:
            raise RuntimeError("all wait, and nothing will ever happen")
        if not ready and timeout:
            self._loop.passed += timeout
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualClock:
    """The clock of the loop that runs. *asleep* seconds passed while nothing ran."""

    def __init__(self) -> None:
        self.asleep = 0.0

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.asleep

    def wall(self) -> float:
        return 1_800_000_000.0 + self.now()


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Return what *work* returns, run in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
