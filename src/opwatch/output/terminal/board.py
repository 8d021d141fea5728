"""Where every operation stands, kept so that a screenful is found at once.

Decides which operations are worth a row when not all of them fit: those that
ended badly, then those in trouble, then the running ones by progress. An event
costs the same however many operations there are, and so does a screenful.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

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
from opwatch.output.text.clean import PLAIN, cells
from opwatch.output.text.sentences import display_name, status_of
from opwatch.output.text.words import OUTCOMES, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.domain.operation import Target
    from opwatch.output.text.clean import Show

Key: TypeAlias = tuple[str, str, str]

ENDED_BADLY: Final = 0
TROUBLED: Final = 1
BLOCKED: Final = 2
MEASURED: Final = 3  # and a hundred more, by progress
UNMEASURED: Final = 104
PENDING: Final = 105
UNSEEN: Final = 106
SUCCEEDED: Final = 107

# How a total line counts them, the news first.
COUNT_WORDS: Final = (
    *(OUTCOMES[each] for each in Outcome),
    STATES[State.RUNNING],
    STATES[State.BLOCKED],
    STATES[State.PENDING],
)


def key_of(operation: Operation) -> Key:
    """Return what distinguishes *operation* from all others of the run."""
    return key_of_target(operation.target)


def key_of_target(target: Target) -> Key:
    """Return what distinguishes the operation of *target* from all others of the run."""
    return target.profile, target.origin, target.reference


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


class Board:
    """All operations of a run as they stand, by its events."""

    def __init__(self, show: Show = PLAIN) -> None:
        self.show = show
        self.started_at = 0.0
        self.deadline: float | None = None
        self.profiles: tuple[str, ...] = ()
        self.widest_name = 1
        self.widest_status = 0
        self.counts: Counter[str] = Counter()
        self.held: dict[str, Held] = {}
        self.down: dict[str, Held] = {}
        """The hosts that are in trouble, by what was first held for it."""
        self.open: Counter[str] = Counter()
        """How many operations are under way at each host."""
        self._asked: set[Key] = set()
        self._unheard: Counter[str] = Counter()
        self._operations: dict[Key, Operation] = {}
        self._ranks: dict[Key, int] = {}
        self._buckets: dict[int, dict[Key, None]] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        """Iterate over all operations, in the order they were asked for."""
        return iter(self._operations.values())

    @property
    def troubled(self) -> int:
        """How many operations had a bad answer last, or wait for a host that gives none."""
        alone = sum(many for origin, many in self._unheard.items() if origin not in self.down)
        return alone + sum(self.open[origin] for origin in self.down)

    def asks(self, origin: str) -> bool:
        """Tell whether a request to *origin* is under way."""
        return any(each == origin for _, each, _ in self._asked)

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
                self._replace(operations)
            case Warned() | Resumed() | Interrupted():
                pass
        if isinstance(event, Observed):
            self.down.pop(event.operation.target.origin, None)

    def _start(self, event: Started) -> None:
        self.started_at, self.deadline = event.at, event.deadline
        self.profiles = tuple(dict.fromkeys(each.target.profile for each in event.operations))
        self._replace(event.operations)
        self.widest_name = max(
            (cells(display_name(each, self.show)) for each in event.operations), default=1
        )

    def _replace(self, operations: Sequence[Operation]) -> None:
        for each in operations:
            self._put(each)

    def _put(self, operation: Operation) -> None:
        key = key_of(operation)
        before = self._operations.get(key)
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
            if reading.name:
                self.widest_name = max(self.widest_name, cells(display_name(operation, self.show)))

    def _count(self, operation: Operation, many: int) -> None:
        self.counts[count_word(operation)] += many
        if operation.outcome is None:
            self.open[operation.target.origin] += many
            self._unheard[operation.target.origin] += many if operation.streak else 0

    def _move(self, key: Key, new: int) -> None:
        old = self._ranks.get(key)
        if old == new:
            return
        if old is not None:
            self._buckets[old].pop(key, None)
        self._ranks[key] = new
        self._buckets.setdefault(new, {})[key] = None

    def foremost(self, room: int) -> list[Operation]:
        """Return the *room* operations that deserve a row most."""
        chosen: list[Operation] = []
        for each in sorted(self._buckets):
            for key in self._buckets[each]:
                if len(chosen) == room:
                    return chosen
                chosen.append(self._operations[key])
        return chosen

    def held_for(self, operation: Operation, at: float) -> Held | None:
        """Return what keeps requests about *operation* back at *at*, if anything does."""
        held = self.held.get(operation.target.origin)
        return held if held is not None and held.until > at else None
