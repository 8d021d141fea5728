"""Who is asked next: the operations of one gate and group, by their due time.

Decides which operations share a batch request. Entries that were superseded
stay in the heap and are passed over when they surface.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.watcher.record import Life

EARLY: Final = 0.25
"""The part of its pause by which an operation may be asked early, to fill a batch."""


class Queue:
    """A heap of (due, serial, index) over *lives*."""

    __slots__ = ("_heap", "_lives")

    def __init__(self, lives: Sequence[Life]) -> None:
        self._lives = lives
        self._heap: list[tuple[float, int, int]] = []

    def put(self, index: int) -> None:
        """Queue the operation *index* at its due time; an older entry of it is void."""
        life = self._lives[index]
        life.serial += 1
        heapq.heappush(self._heap, (life.due, life.serial, index))

    def first_due(self) -> float:
        """Return the earliest due time, ``inf`` when nothing waits."""
        self._drop_void()
        return self._heap[0][0] if self._heap else math.inf

    def take(self, now: float, most: int, *, probe: bool = False) -> tuple[int, ...]:
        """Return up to *most* operations that are due at *now* or nearly so.

        A *probe* of a troubled host starts with the one that was confirmed last:
        that one itself is the least likely to be the trouble.
        """
        taken = [self._confirmed_last(now)] if probe else list[int]()
        while len(taken) < most:
            self._drop_void()
            if not self._heap:
                break
            due, _, index = self._heap[0]
            slack = EARLY * self._lives[index].pause if taken else 0.0
            if due > now + slack:
                break
            heapq.heappop(self._heap)
            self._lives[index].serial += 1
            taken.append(index)
        return tuple(taken)

    def _confirmed_last(self, now: float) -> int:
        waiting = [
            index
            for due, serial, index in self._heap
            if due <= now and serial == self._lives[index].serial and not self._lives[index].is_over
        ]
        index = max(waiting, key=lambda each: self._lives[each].operation.confirmed_at or 0.0)
        self._lives[index].serial += 1
        return index

    def _drop_void(self) -> None:
        heap = self._heap
        while heap:
            _, serial, index = heap[0]
            life = self._lives[index]
            if serial == life.serial and not life.is_over:
                return
            heapq.heappop(heap)
