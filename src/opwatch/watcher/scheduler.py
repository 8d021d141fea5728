"""All operations of a run, sorted into the gates and queues that they wait in.

Decides that operations of one profile and origin share a gate, and that those
of one group within it share batch requests.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opwatch.watcher.gate import Gate
from opwatch.watcher.queue import Queue
from opwatch.watcher.record import Life

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.domain.operation import Target
    from opwatch.domain.pacing import Habits, Uniform

GateKey = tuple[str, str]
QueueKey = tuple[str, str, str]


def _queue_key(target: Target) -> QueueKey:
    return (target.profile, target.origin, target.group)


class Roster:
    """The lives of a run. *habits* are looked up by the name of the profile."""

    def __init__(
        self, targets: Sequence[Target], habits: Mapping[str, Habits], uniform: Uniform, now: float
    ) -> None:
        self.lives = [Life(target, now) for target in targets]
        self._habits = habits
        self._gates: dict[GateKey, Gate] = {}
        self._queues: dict[QueueKey, Queue] = {}
        self._behind: dict[GateKey, list[QueueKey]] = {}
        self._batch: dict[QueueKey, int] = {}
        self._members: dict[GateKey, list[int]] = {}
        for index, target in enumerate(targets):
            key = _queue_key(target)
            if key not in self._queues:
                known = habits[target.profile]
                self._gates.setdefault(key[:2], Gate(known.limits, uniform, now=now))
                self._queues[key] = Queue(self.lives)
                self._behind.setdefault(key[:2], []).append(key)
                self._batch[key] = known.batch if target.group else 1
            self._members.setdefault(key[:2], []).append(index)
            self._queues[key].put(index)

    def habits(self, index: int) -> Habits:
        """Return the habits of the API that operation *index* belongs to."""
        return self._habits[self.lives[index].operation.target.profile]

    def gate(self, index: int) -> Gate:
        """Return the gate of operation *index*."""
        return self._gates[_queue_key(self.lives[index].operation.target)[:2]]

    def neighbours(self, index: int) -> Iterator[int]:
        """Yield all open operations that share the gate of operation *index*."""
        key = _queue_key(self.lives[index].operation.target)[:2]
        return (each for each in self._members[key] if not self.lives[each].is_over)

    def excuse(self, seconds: float) -> None:
        """Do not count *seconds* as any host's silence."""
        for gate in self._gates.values():
            gate.excuse(seconds)

    def open(self) -> Iterator[int]:
        """Yield all operations that are not over."""
        return (index for index, life in enumerate(self.lives) if not life.is_over)

    def put(self, index: int) -> None:
        """Queue operation *index* at its due time."""
        self._queues[_queue_key(self.lives[index].operation.target)].put(index)

    def halve(self, indices: Sequence[int]) -> None:
        """Let no further batch of this group be larger than half of *indices*."""
        key = _queue_key(self.lives[indices[0]].operation.target)
        self._batch[key] = min(self._batch[key], max(1, len(indices) // 2))

    def take(self, now: float) -> Iterator[tuple[tuple[int, ...], Gate]]:
        """Yield the operations that may be asked about at *now*, a request at a time.

        Of the queues behind a gate, the one whose first has waited longest goes.
        """
        for name, gate in self._gates.items():
            while gate.free_at(now) <= now:
                key = min(self._behind[name], key=self._first_due)
                if self._first_due(key) > now:
                    break
                queue, most = self._queues[key], self._batch[key]
                yield queue.take(now, most, probe=gate.is_held), gate

    def _first_due(self, key: QueueKey) -> float:
        return self._queues[key].first_due()

    def next_at(self, now: float) -> float:
        """Return when the next request can go, ``inf`` while answers must come first."""
        times = (
            max(due, self._gates[key[:2]].free_at(now))
            for key, queue in self._queues.items()
            if not math.isinf(due := queue.first_due())
        )
        return min(times, default=math.inf)
