"""What a page is about: a run, and what is remembered of it, a bounded part however long it lasts.

Decides how much that is. The time line of an operation has cells: when a run outlasts
them, two become one, and so a time line is at least half as fine as it has cells. Of what
was reported in words, the first and the last lines are kept, as they were shown.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.domain import events
from opwatch.domain.moments import format_duration
from opwatch.output.text.clean import PLAIN, Show
from opwatch.output.text.names import Key, key_of
from opwatch.output.text.sentences import (
    API_OUTCOMES,
    brief,
    describe,
    ending_detail,
    message_of,
    state_text,
    warning_text,
)
from opwatch.output.text.words import ASKED_ANOTHER, CAUSES, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from opwatch.domain.operation import Operation, State
    from opwatch.domain.outcome import Verdict
    from opwatch.domain.trouble import Trouble
    from opwatch.output.text.summary import Resume

FINEST: Final = 0.05
"""Seconds of a cell when a run begins."""
CELLS: Final = (64, 512, 60_000)
"""Of one time line: the fewest, the most, and how many all of them have together."""
LINES: Final = (3, 60, 3_000)
"""Of one operation's log, the same."""
RUN_LINES: Final = 40


def share(limits: tuple[int, int, int], operations: int) -> int:
    """Return how many of what *limits* bounds each of so many *operations* may have."""
    fewest, most, together = limits
    return max(fewest, min(most, together // max(1, operations)))


class Stage(NamedTuple):
    """From *cell* on, this was the last that was known; *confirmed* tells by a good answer."""

    cell: int
    state: State | None
    progress: float | None
    confirmed: bool


@dataclass(slots=True)
class Entry:
    """A line of a log, *count* times from *at* to *until*; *text* has been made safe to show."""

    at: float
    text: str
    until: float
    count: int = 1


class Log:
    """At most *most* lines: the first and the last."""

    def __init__(self, most: int) -> None:
        self._first: list[Entry] = []
        self._most_first = max(1, most // 3)
        self._last: deque[Entry] = deque(maxlen=most - self._most_first)
        self.left_out = 0
        """Lines between the first and the last that were not kept."""

    def add(self, at: float, text: str) -> None:
        """Add a line, or count the last one once more if it says the same."""
        last = self._last[-1] if self._last else self._first[-1] if self._first else None
        if last is not None and last.text == text:
            last.until, last.count = at, last.count + 1
        elif len(self._first) < self._most_first:
            self._first.append(Entry(at, text, at))
        else:
            self.left_out += len(self._last) == self._last.maxlen
            self._last.append(Entry(at, text, at))

    @property
    def first(self) -> Sequence[Entry]:
        """The first lines."""
        return self._first

    @property
    def last(self) -> Sequence[Entry]:
        """The last lines; *left_out* others stand before them."""
        return tuple(self._last)


class Track:
    """The time line of one operation; a cell lasts *width* seconds, the first from *began* on."""

    def __init__(self, began: float, operations: int = 1) -> None:
        self.began = began
        self.width = FINEST
        self.good: list[int] = []
        """Cells with a good answer, and, below, with a bad one."""
        self.bad: list[int] = []
        self.stages: list[Stage] = [Stage(0, None, None, confirmed=True)]
        self.log = Log(share(LINES, operations))
        self._cells = share(CELLS, operations)
        self._news: tuple[State, str, str | None] | None = None

    def observe(self, at: float, operation: Operation, show: Show) -> None:
        """Take in a good answer."""
        reading = operation.reading
        if reading is None:
            return
        self._poll(self.good, at, reading.state, reading.progress, confirmed=True)
        # The time line draws progress; in words, the same status once is enough.
        news = reading.state, reading.status, reading.message
        if news != self._news:
            said = state_text(operation, show), message_of(operation, show)
            self.log.add(at, ": ".join(filter(None, said)))
            self._news = news

    def fail(self, at: float, operation: Operation, trouble: Trouble, show: Show) -> None:
        """Take in a bad answer."""
        reading = operation.reading
        state, progress = (reading.state, reading.progress) if reading else (None, None)
        self._poll(self.bad, at, state, progress, confirmed=False)
        self.log.add(at, describe(trouble, show))
        self._news = None

    def _poll(
        self,
        ticks: list[int],
        at: float,
        state: State | None,
        progress: float | None,
        *,
        confirmed: bool,
    ) -> None:
        # First the cell, for to find it may make the cells wider.
        cell = self._cell(at)
        if not ticks or ticks[-1] != cell:
            ticks.append(cell)
        stage, last = Stage(cell, state, progress, confirmed), self.stages[-1]
        if stage[1:] == last[1:]:
            return
        if last.cell == cell:
            self.stages.pop()
        self.stages.append(stage)

    def _cell(self, at: float) -> int:
        cell = max(0, int((at - self.began) / self.width))
        while cell >= self._cells:
            self._widen()
            cell //= 2
        return cell

    def _widen(self) -> None:
        self.width *= 2
        self.good[:] = dict.fromkeys(cell // 2 for cell in self.good)
        self.bad[:] = dict.fromkeys(cell // 2 for cell in self.bad)
        last_of = {each.cell // 2: each._replace(cell=each.cell // 2) for each in self.stages}
        self.stages[:] = last_of.values()


class History:
    """A listener that remembers a run; *show* makes remote text safe before it is kept."""

    def __init__(self, show: Show = PLAIN) -> None:
        self.show = show
        self.started_at: float | None = None
        self.deadline: float | None = None
        self.log = Log(RUN_LINES)
        """What concerns more than one operation."""
        self._tracks: dict[Key, Track] = {}
        self._last: dict[Key, Operation] = {}

    def track(self, operation: Operation) -> Track | None:
        """Return the time line of *operation*, None if no watch of it began."""
        return self._tracks.get(key_of(operation))

    @property
    def began(self) -> bool:
        """Tell whether a watch began."""
        return self.started_at is not None

    @property
    def operations(self) -> Iterator[Operation]:
        """All operations as they were last known."""
        return iter(self._last.values())

    def __call__(self, event: events.Event) -> None:
        """Remember *event*."""
        match event:
            case events.Started():
                self._start(event)
            case events.Observed(operation=operation):
                self._of(operation).observe(event.at, operation, self.show)
            case events.Troubled(operation=operation, trouble=trouble):
                self._of(operation).fail(event.at, operation, trouble, self.show)
            case events.Ended(operation=operation):
                self._end(event.at, operation)
            case events.Warned():
                self.log.add(event.at, warning_text(event, self.show))
            case events.Held() | events.Resumed() | events.Interrupted():
                self._note(event)
            case events.Ticked() | events.Finished():
                pass

    def _start(self, event: events.Started) -> None:
        self.started_at, self.deadline = event.at, event.deadline
        for each in event.operations:
            self._tracks[key_of(each)] = Track(event.at, len(event.operations))
            self._last[key_of(each)] = each

    def _of(self, operation: Operation) -> Track:
        key = key_of(operation)
        self._last[key] = operation
        if key not in self._tracks:
            self._tracks[key] = Track(self.started_at or 0.0, len(self._tracks))
        return self._tracks[key]

    def _end(self, at: float, operation: Operation) -> None:
        track, outcome = self._of(operation), operation.outcome
        # An end that the API has reported is in the log already.
        if outcome is not None and (operation.reason or outcome not in API_OUTCOMES):
            said = OUTCOMES[outcome], ending_detail(operation, self.show)
            track.log.add(at, ": ".join(filter(None, said)))

    def _note(self, event: events.Held | events.Resumed | events.Interrupted) -> None:
        match event:
            case events.Held(origin=origin, trouble=trouble):
                host = self.show(origin.partition("://")[2], 80)
                if trouble is not None:
                    self.log.add(event.at, f"{host} was in trouble: {brief(trouble, self.show)}")
                elif event.is_of_another:
                    self.log.add(event.at, f"{host} has {ASKED_ANOTHER}")
            case events.Resumed(gap=gap):
                self.log.add(event.at, f"awake again after {format_duration(gap)}")
            case events.Interrupted(abort=abort):
                self.log.add(event.at, CAUSES[abort])


@dataclass(frozen=True, slots=True)
class Run:
    """What a page is about; the times are on the run's clock.

    *problem* is a line, already safe to show, about a run that could not be carried out.
    """

    command: str
    operations: Sequence[Operation]
    verdict: Verdict
    started_at: float
    ended_at: float
    wall_of: Callable[[float], datetime]
    profile: str | None = None
    resume: Resume | None = None
    problem: str | None = None

    @property
    def elapsed(self) -> float:
        """How long it took, in seconds."""
        return max(0.0, self.ended_at - self.started_at)
