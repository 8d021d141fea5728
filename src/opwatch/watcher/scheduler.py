"""Whose turn it is: all operations of a run in queues by their due time, behind gates.

Decides that operations of one profile and origin share a gate, that those of one group
within it share batch requests, and which of them are asked about together.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Final

from opwatch.watcher.gate import Gate
from opwatch.watcher.record import ANY_NUMBER, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from opwatch.domain.operation import Target
    from opwatch.domain.pacing import PollingRules, Uniform


EARLY: Final = 0.25
"""The part of its pause by which an operation may be asked early, to fill a batch."""
SOONEST: Final = 1.0
"""Seconds after the last look for which a person who wants another one waits at the least."""


class DueQueue:
    """The operations of one gate and group: a heap of (due, serial, index) over *records*.

    An entry that was superseded stays in the heap and is passed over when it comes up.
    """

    __slots__ = ("_heap", "_records")

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._heap: list[tuple[float, int, int]] = []

    def put(self, index: int) -> None:
        """Queue the operation *index* at its due time; an older entry of it is void."""
        record = self._records[index]
        record.serial += 1
        heapq.heappush(self._heap, (record.due, record.serial, index))

    def first_due(self) -> float:
        """Return the earliest due time, ``inf`` when nothing waits."""
        self._drop_void()
        return self._heap[0][0] if self._heap else math.inf

    def take(self, now: float, most: int, *, probe: bool = False) -> tuple[int, ...]:
        """Return up to *most* operations that are due at *now* or nearly so.

        None is asked about with more than its own record allows. A *probe* of a troubled
        host starts with the one that was confirmed last: that one itself is the least
        likely to be the trouble.
        """
        taken = [self._confirmed_last(now)] if probe else list[int]()
        while True:
            self._drop_void()
            if not self._heap:
                break
            due, _, index = self._heap[0]
            most = min(most, self._records[index].together)
            if len(taken) >= most:
                break
            slack = EARLY * self._records[index].pause if taken else 0.0
            if due > now + slack:
                break
            heapq.heappop(self._heap)
            self._records[index].serial += 1
            taken.append(index)
        return tuple(taken)

    def sort(self) -> None:
        """Take in that due times have changed, of many at once."""
        self._sort(lambda record, _due: record.due)

    def begin_again(self, now: float) -> None:
        """Let those that are due at *now* go in the order in which they were last heard of.

        After an outage all are due. By their due times those would come first that are asked
        often, of which most is known. One that has failed more than once keeps its place: the
        trouble may be its own, and must not hold up the others again.
        """
        self._sort(
            lambda record, due: (
                record.heard_at if due <= now and record.operation.streak <= 1 else due
            )
        )

    def _sort(self, key: Callable[[Record, float], float]) -> None:
        records = self._records
        self._heap = [
            (key(records[index], due), serial, index) for due, serial, index in self._heap
        ]
        heapq.heapify(self._heap)

    def _confirmed_last(self, now: float) -> int:
        waiting = [
            index
            for due, serial, index in self._heap
            if due <= now
            and serial == self._records[index].serial
            and not self._records[index].is_over
        ]
        index = max(waiting, key=lambda each: self._records[each].operation.confirmed_at or 0.0)
        self._records[index].serial += 1
        return index

    def _drop_void(self) -> None:
        heap = self._heap
        while heap:
            _, serial, index = heap[0]
            record = self._records[index]
            if serial == record.serial and not record.is_over:
                return
            heapq.heappop(heap)


GateKey = tuple[str, str]
QueueKey = tuple[str, str, str]


def _queue_key(target: Target) -> QueueKey:
    return (target.profile, target.origin, target.group)


class Scheduler:
    """The records of a run. *polling_rules* are looked up by the name of the profile."""

    def __init__(
        self,
        targets: Sequence[Target],
        polling_rules: Mapping[str, PollingRules],
        uniform: Uniform,
        now: float,
    ) -> None:
        self.records = [Record(target, now) for target in targets]
        self._polling_rules = polling_rules
        self.gates: dict[GateKey, Gate] = {}
        self._queues: dict[QueueKey, DueQueue] = {}
        self._behind: dict[GateKey, list[QueueKey]] = {}
        self._batch: dict[QueueKey, int] = {}
        self._members: dict[GateKey, list[int]] = {}
        for index, target in enumerate(targets):
            if self.records[index].is_over:
                continue
            key = _queue_key(target)
            if key not in self._queues:
                known = polling_rules[target.profile]
                self.gates.setdefault(key[:2], Gate(known.limits, uniform, now=now))
                self._queues[key] = DueQueue(self.records)
                self._behind.setdefault(key[:2], []).append(key)
                self._batch[key] = known.batch if target.group else 1
            self._members.setdefault(key[:2], []).append(index)
            self._queues[key].put(index)

    def polling_rules(self, index: int) -> PollingRules:
        """Return the polling rules of the API that operation *index* belongs to."""
        return self._polling_rules[self.records[index].operation.target.profile]

    def gate(self, index: int) -> Gate:
        """Return the gate of operation *index*."""
        return self.gates[_queue_key(self.records[index].operation.target)[:2]]

    def neighbours(self, index: int) -> Iterator[int]:
        """Yield all open operations that share the gate of operation *index*."""
        key = _queue_key(self.records[index].operation.target)[:2]
        return (each for each in self._members[key] if not self.records[each].is_over)

    def discount(self, seconds: float) -> None:
        """Do not count *seconds* as any host's silence."""
        for gate in self.gates.values():
            gate.discount(seconds)

    def call_last(self) -> None:
        """Let no gate hold back the last look for a pause of its own choice."""
        for gate in self.gates.values():
            gate.call_last()

    def hurry(self, now: float) -> None:
        """Let all be due at *now*, as far as their hosts allow; one in flight is asked already."""
        for gate in self.gates.values():
            gate.hurry(now, SOONEST)
        for index in self.open():
            record = self.records[index]
            if not record.in_flight:
                least = max(SOONEST, self.polling_rules(index).pace.least)
                record.hurry(now, least, not_before=self.gate(index).not_before)
        self.sort()

    def open(self) -> Iterator[int]:
        """Yield all operations that are not over."""
        return (index for index, record in enumerate(self.records) if not record.is_over)

    def put(self, index: int) -> None:
        """Queue operation *index* at its due time."""
        self._queues[_queue_key(self.records[index].operation.target)].put(index)

    def sort(self) -> None:
        """Take in that due times have changed, of many at once."""
        for queue in self._queues.values():
            queue.sort()

    def begin_again(self, index: int, now: float) -> None:
        """Let the longest unheard go first: the host of operation *index* answers again."""
        for key in self._behind[_queue_key(self.records[index].operation.target)[:2]]:
            self._queues[key].begin_again(now)

    def split(self, indices: Sequence[int], *, is_too_large: bool) -> None:
        """Let none of *indices*, refused together, be asked about with more than half of them.

        That lasts until one has a good answer, so that in the end only the one is alone
        that the others are refused for. It holds for every further batch of the group if
        the refused one *is_too_large*, or if all of it was split before and found good.
        """
        half, records = max(1, len(indices) // 2), [self.records[index] for index in indices]
        if is_too_large or all(each.was_split and each.together == ANY_NUMBER for each in records):
            key = _queue_key(records[0].operation.target)
            self._batch[key] = min(self._batch[key], half)
        for record in records:
            record.together, record.was_split = min(record.together, half), True

    def take(self, now: float) -> Iterator[tuple[tuple[int, ...], Gate]]:
        """Yield the operations that may be asked about at *now*, a request at a time.

        Of the queues behind a gate, the one whose first has waited longest goes.
        """
        for name, gate in self.gates.items():
            while gate.free_at(now) <= now:
                key = min(self._behind[name], key=self._first_due)
                if self._first_due(key) > now:
                    break
                queue, most = self._queues[key], self._batch[key]
                yield queue.take(now, most, probe=gate.is_held), gate

    def late(self, name: GateKey, now: float) -> float:
        """Return for how many seconds the first has been due that waits behind the gate *name*."""
        return max(0.0, now - min(map(self._first_due, self._behind[name])))

    def _first_due(self, key: QueueKey) -> float:
        return self._queues[key].first_due()

    def next_at(self, now: float) -> float:
        """Return when the next request can go, ``inf`` while answers must come first."""
        times = (
            max(due, self.gates[key[:2]].free_at(now))
            for key, queue in self._queues.items()
            if not math.isinf(due := queue.first_due())
        )
        return min(times, default=math.inf)
