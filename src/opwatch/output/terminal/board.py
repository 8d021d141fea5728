"""Where every operation stands, kept so that a screenful is found at once.

Decides which operations are worth a row when not all of them fit: those that
ended badly, then those in trouble, then the running ones by progress; who has a row
keeps its place (``places``). An event costs the same however many operations there
are, and so does a screenful.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from opwatch.domain.events import (
    Ended,
    Event,
    Finished,
    Held,
    Interrupted,
    Observed,
    Resumed,
    Started,
    Ticked,
    Troubled,
    Warned,
)
from opwatch.domain.operation import Operation, State
from opwatch.domain.outcome import Outcome
from opwatch.output.terminal.places import LINGER, Places, Section
from opwatch.output.text.clean import PLAIN, Show, cells
from opwatch.output.text.names import Key, Names, key_of, key_of_target
from opwatch.output.text.sentences import status_of
from opwatch.output.text.words import OUTCOMES, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.domain.trouble import Fault, Trouble

ENDED_BADLY: Final = 0
TROUBLED: Final = 1
BLOCKED: Final = 2
MEASURED: Final = 3  # and a hundred more, by progress
UNMEASURED: Final = 104
PENDING: Final = 105
UNSEEN: Final = 106
SUCCEEDED: Final = 107

SEVERAL: Final = 3
"""Operations with the same trouble at one host, which is told once for all of them."""

# How a total line counts them, the news first.
COUNT_WORDS: Final = (
    *(OUTCOMES[each] for each in Outcome),
    STATES[State.RUNNING],
    STATES[State.BLOCKED],
    STATES[State.PENDING],
)


def count_word(operation: Operation) -> str:
    """Return the word under which *operation* is counted."""
    if operation.outcome is not None:
        return OUTCOMES[operation.outcome]
    match operation.state:
        case None | State.PENDING:
            return STATES[State.PENDING]
        case State.BLOCKED:
            return STATES[State.BLOCKED]
        # One that reports an end, and is asked once more, is still under way.
        case State.RUNNING | State.SUCCEEDED | State.FAILED | State.CANCELLED:
            return STATES[State.RUNNING]


def rank(operation: Operation) -> int:
    """Return how much *operation* deserves a row: the least is shown first."""
    if operation.outcome is not None:
        return SUCCEEDED if operation.outcome is Outcome.SUCCEEDED else ENDED_BADLY
    if operation.streak:
        return TROUBLED
    reading = operation.reading
    if reading is None:
        return UNSEEN
    if reading.state is State.BLOCKED:
        return BLOCKED
    if reading.progress is not None:
        return MEASURED + 100 - int(reading.progress)
    return PENDING if reading.state is State.PENDING else UNMEASURED


def section_of(rank: int) -> Section:
    """Return the part of the rows in which an operation of *rank* stands."""
    if rank <= TROUBLED:
        return Section.BAD if rank == ENDED_BADLY else Section.TROUBLED
    return Section.DONE if rank == SUCCEEDED else Section.OPEN


def _kind_of(operation: Operation, trouble: Trouble) -> tuple[str, Fault, int | None]:
    return operation.target.origin, trouble.fault, trouble.status


class Board:
    """All operations of a run as they stand, by its events."""

    def __init__(self, show: Show = PLAIN) -> None:
        self.show = show
        self.started_at = 0.0
        self.deadline: float | None = None
        self.profiles: tuple[str, ...] = ()
        self.names = Names(show)
        self.widest_status = 0
        self.counts: Counter[str] = Counter()
        self.held: dict[str, Held] = {}
        self.down: dict[str, Held] = {}
        """The hosts that are in trouble, by what was first held for it."""
        self.open: Counter[str] = Counter()
        """How many operations are under way at each host."""
        self.places = Places()
        self._asked: set[Key] = set()
        self._unheard: Counter[str] = Counter()
        self._repeats: dict[tuple[str, Fault, int | None], dict[Key, Trouble]] = {}
        self._operations: dict[Key, Operation] = {}
        self._ranks: dict[Key, int] = {}
        self._buckets: dict[int, dict[Key, None]] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        """Iterate over all operations, in the order they were asked for."""
        return iter(self._operations.values())

    @property
    def done(self) -> int:
        """How many operations are over."""
        return len(self) - sum(self.open.values())

    @property
    def troubled(self) -> int:
        """How many operations had a bad answer last, or wait for a host that gives none."""
        alone = sum(many for origin, many in self._unheard.items() if origin not in self.down)
        return alone + sum(self.open[origin] for origin in self.down)

    @property
    def repeated(self) -> list[tuple[str, Trouble, int]]:
        """The troubles that several operations of a host have at once, and how many have it."""
        return [
            (origin, next(iter(same.values())), len(same))
            for (origin, _, _), same in self._repeats.items()
            if len(same) >= SEVERAL and origin not in self.down
        ]

    def is_told_of_host(self, operation: Operation) -> bool:
        """Tell whether the trouble of *operation* is that of its whole host."""
        origin, trouble = operation.target.origin, operation.trouble
        if operation.is_over:
            return False
        if origin in self.down:
            return self.open[origin] > 1
        if not operation.streak or trouble is None:
            return False
        return len(self._repeats.get(_kind_of(operation, trouble), ())) >= SEVERAL

    def asks(self, origin: str) -> bool:
        """Tell whether a request to *origin* is under way."""
        return any(each[1] == origin for each in self._asked)

    def is_asked(self, operation: Operation) -> bool:
        """Tell whether a request about *operation* is under way."""
        return key_of(operation) in self._asked

    @property
    def progress(self) -> float | None:
        """The mean percentage of the operations under way that report one."""
        found = [
            (100 - (at - MEASURED), len(keys))
            for at, keys in self._buckets.items()
            if MEASURED <= at < UNMEASURED
        ]
        count = sum(many for _, many in found)
        return sum(percent * many for percent, many in found) / count if count else None

    def take(self, event: Event) -> None:
        """Take in *event*."""
        match event:
            case Started():
                self._start(event)
            case (
                Observed(operation=operation)
                | Troubled(operation=operation)
                | Ended(operation=operation)
            ):
                self._put(operation)
            case Held(origin=origin):
                self.held[origin] = event
                if event.trouble is not None:
                    self.down.setdefault(origin, event)
            case Ticked(asked=targets):
                self._asked.update(map(key_of_target, targets))
            case Finished(operations=operations):
                for each in operations:
                    self._put(each)
            case Warned() | Resumed() | Interrupted():
                pass
        if isinstance(event, Observed):
            self.down.pop(event.operation.target.origin, None)

    def _start(self, event: Started) -> None:
        self.started_at, self.deadline = event.at, event.deadline
        self.profiles = tuple(dict.fromkeys(each.target.profile for each in event.operations))
        for each in event.operations:
            self._put(each)

    def _put(self, operation: Operation) -> None:
        key = key_of(operation)
        before = self._operations.get(key)
        self.names.add(operation)
        self._asked.discard(key)
        if before is operation:
            return
        self._operations[key] = operation
        if before is not None:
            self._count(before, -1)
        self._count(operation, 1)
        self._move(key, rank(operation))
        reading = operation.reading
        if reading is not None and (before is None or reading is not before.reading):
            self.widest_status = max(self.widest_status, cells(status_of(operation, self.show)))

    def _count(self, operation: Operation, many: int) -> None:
        self.counts[count_word(operation)] += many
        if operation.outcome is None:
            self.open[operation.target.origin] += many
            self._unheard[operation.target.origin] += many if operation.streak else 0
            if operation.streak and operation.trouble is not None:
                same = self._repeats.setdefault(_kind_of(operation, operation.trouble), {})
                if many > 0:
                    same[key_of(operation)] = operation.trouble
                else:
                    same.pop(key_of(operation), None)

    def _move(self, key: Key, new: int) -> None:
        old = self._ranks.get(key)
        if old == new:
            return
        if old is not None:
            self._buckets[old].pop(key, None)
        self._ranks[key] = new
        self._buckets.setdefault(new, {})[key] = None

    def ranked(self) -> Iterator[tuple[int, Operation]]:
        """Yield the rank of each operation and itself, the worthiest of a row first."""
        for each in sorted(self._buckets):
            for key in self._buckets[each]:
                yield each, self._operations[key]

    def rows(self, room: int, at: float) -> list[Operation]:
        """Return the operations that have one of *room* rows at *at*, in their order."""
        if len(self) <= room:
            self.places.keep(self._operations)
            return list(self)
        shown: list[Key] = list(self.places)
        now = {key: section_of(self._ranks[key]) for key in shown}
        seen = [key for key in shown if self._is_seen(self._operations[key], at)]
        ranked = ((key_of(operation), section_of(rank)) for rank, operation in self.ranked())
        return [self._operations[key] for key in self.places.fill(room, ranked, now, seen)]

    def _is_seen(self, operation: Operation, at: float) -> bool:
        """Tell whether *operation* has succeeded so long ago that it has been seen."""
        ended_at = operation.ended_at
        is_done = operation.outcome is Outcome.SUCCEEDED
        return is_done and ended_at is not None and at - ended_at >= LINGER

    def held_for(self, operation: Operation, at: float) -> Held | None:
        """Return what keeps requests about *operation* back at *at*, if anything does."""
        held = self.held.get(operation.target.origin)
        return held if held is not None and held.until > at else None
