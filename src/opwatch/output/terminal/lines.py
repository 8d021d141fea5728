"""The display where there is no terminal: a line per change, a heartbeat a minute.

Decides what is worth a line in a log. Each line begins with our own word and the time
of day, and none holds an escape byte. A trouble is reported when it begins and when it
changes its kind, not at each retry, and one that comes and goes not more than once a
minute; progress is reported every ten points.
"""

from __future__ import annotations

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
from opwatch.domain.moments import format_duration
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.heartbeat import heartbeat
from opwatch.output.terminal.renderer import Renderer
from opwatch.output.text.names import key_of
from opwatch.output.text.sentences import (
    RUN_REASONS,
    describe,
    ending_sentence,
    failure_lines,
    state_text,
    warning_text,
)
from opwatch.output.text.summary import Resume, exit_text, next_steps, summary
from opwatch.output.text.words import ASKED_ANOTHER, CAUSES, NOTHING_LEFT, TO_BE_SURE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from opwatch.domain.operation import Operation, Reading
    from opwatch.domain.trouble import Fault, Trouble
    from opwatch.output.streams import Sink

HEARTBEAT: Final = 60.0
LONG_PAUSE: Final = 10.0
CROWD: Final = 50
"""More operations than this have lines for their ends only, and one about trouble for each host."""
QUIET: Final = 60.0
STEP: Final = 10.0
LOG_LINE: Final = 400
"""Cells of a line of another log."""
STEP_PAUSE: Final = 10.0

Kind: TypeAlias = "tuple[Fault, int | None]"


class ReportHistory:
    """What has been reported, by its subject. Times are of the run's clock."""

    def __init__(self) -> None:
        self._reports: dict[Hashable, tuple[str, float, float]] = {}
        self._current: dict[Hashable, tuple[Kind, bool]] = {}
        self._reported_at: dict[tuple[Hashable, Kind], float] = {}

    def is_new_trouble(self, subject: Hashable, trouble: Trouble, at: float) -> bool:
        """Tell whether *trouble* is news about *subject*, and take it as reported."""
        kind = (trouble.fault, trouble.status)
        current = self._current.get(subject)
        if current is not None and current[0] == kind:
            return False
        fresh = at - self._reported_at.get((subject, kind), float("-inf")) >= QUIET
        self._current[subject] = (kind, fresh)
        if fresh:
            self._reported_at[(subject, kind)] = at
        return fresh

    def is_recovery(self, subject: Hashable) -> bool:
        """Tell whether a good answer about *subject* ends a trouble that was reported."""
        _, was_reported = self._current.pop(subject, (None, False))
        return was_reported

    def is_change(self, subject: Hashable, reading: Reading, at: float) -> bool:
        """Tell whether *reading* is worth a line about *subject*."""
        state, progress, since = self._reports.get(subject, ("", 0.0, at))
        if state != f"{reading.state} {reading.status}":
            return True
        return abs((reading.progress or 0.0) - progress) >= STEP and at - since >= STEP_PAUSE

    def add(self, subject: Hashable, reading: Reading, at: float) -> None:
        """Take *reading* as reported."""
        self._reports[subject] = f"{reading.state} {reading.status}", reading.progress or 0.0, at


class Lines(Renderer):
    """A renderer that writes to *sink*; *wall_of* turns the run's clock into the time of day."""

    def __init__(
        self,
        sink: Sink,
        *,
        wall_of: Callable[[float], datetime],
        resume: Resume | None = None,
    ) -> None:
        self._sink = sink
        self._wall_of = wall_of
        self._resume = resume
        self._show = sink.show
        self._board = Board(sink.show)
        self._history = ReportHistory()
        self._next_beat = HEARTBEAT

    def __call__(self, event: Event) -> None:
        """Take in *event*, and write what is new in it."""
        self._board.take(event)
        match event:
            case Started():
                self._start(event)
            case Observed():
                self._observe(event)
            case Troubled():
                self._report_trouble(event)
            case Ended():
                self._end(event)
            case Held():
                self._hold(event)
            case Finished():
                self._finish(event)
            case Warned() | Resumed() | Interrupted():
                self._write(event.at, self._remark(event))
            case Ticked():
                pass
        if event.at >= self._next_beat and not isinstance(event, Finished):
            self._next_beat = event.at + HEARTBEAT
            self._write(event.at, heartbeat(self._board, event.at))

    def _remark(self, event: Warned | Resumed | Interrupted) -> str:
        match event:
            case Warned():
                return f"warning: {warning_text(event, self._show)}"
            case Resumed():
                return f"awake again after {format_duration(event.gap)}; polling at once"
            case Interrupted():
                return CAUSES[event.abort]

    def _write(self, at: float, text: str) -> None:
        self._sink.line(f"opwatch {self._wall_of(at):%H:%M:%S} {text}")

    # -- events ------------------------------------------------------------------

    def _start(self, event: Started) -> None:
        self._next_beat = event.at + HEARTBEAT
        left = [each for each in event.operations if not each.is_over]
        many, total = len(left), len(event.operations)
        names = self._board.names.of(left[0]) if many == 1 else f"{many:,} operations"
        if many < total:
            names = f"{many:,} of {total:,} operations" if many else NOTHING_LEFT
        until = (
            "" if event.deadline is None else f", until {self._wall_of(event.deadline):%H:%M:%S}"
        )
        self._write(event.at, f"waiting for {names}{until}")
        for each in () if self._is_crowd else event.operations:
            if each.is_over:
                self._write(event.at, ending_sentence(each, self._show))

    def _observe(self, event: Observed) -> None:
        operation, reading = event.operation, event.operation.reading
        returned = self._history.is_recovery(self._subject(operation))
        self._history.is_recovery(("held", operation.target.origin))
        if reading is None or operation.is_over:
            return
        if self._is_crowd:
            if returned:
                self._write(event.at, f"{self._show(operation.target.origin, 80)} answers again")
            return
        key = key_of(operation)
        if not returned and not self._history.is_change(key, reading, event.at):
            return
        self._history.add(key, reading, event.at)
        name, where = self._name(operation), state_text(operation, self._show)
        more = f", {TO_BE_SURE}" if reading.state.is_terminal else ""
        self._write(event.at, f"{name} {where}{' again' if returned else ''}{more}")

    def _report_trouble(self, event: Troubled) -> None:
        operation, trouble = event.operation, event.trouble
        subject = self._subject(operation)
        if operation.is_over or not self._history.is_new_trouble(subject, trouble, event.at):
            return
        text = f"{self._name(operation)} trouble: {describe(trouble, self._show)}"
        due = operation.next_poll_at
        if due is not None:
            pause = due - event.at
            text += f", trying again {'in ' + format_duration(pause) if pause >= 1 else 'at once'}"
        if operation.confirmed_at is not None:
            age = event.at - operation.confirmed_at
            ago = f"{format_duration(age)} ago" if age >= 1 else "just now"
            text += f"; last confirmed {ago}: {state_text(operation, self._show)}"
        self._write(event.at, text)

    def _end(self, event: Ended) -> None:
        if not self._is_crowd or event.operation.reason not in RUN_REASONS:
            name = self._name(event.operation)
            self._write(event.at, ending_sentence(event.operation, self._show, name=name))
            for line in failure_lines(event.operation, self._show, LOG_LINE):
                self._sink.line(f"opwatch   | {line}")

    def _hold(self, event: Held) -> None:
        pause, key = event.until - event.at, ("held", event.origin)
        if pause < LONG_PAUSE:
            return
        what = ""
        if event.is_of_another:
            what = f"{self._show(event.origin.partition('://')[2], 80)} has {ASKED_ANOTHER}"
        elif event.trouble and self._history.is_new_trouble(key, event.trouble, event.at):
            what = describe(event.trouble, self._show)
        if what:
            self._write(event.at, f"{what}; no request for {format_duration(pause)}")

    def _finish(self, event: Finished) -> None:
        took = event.at - self._board.started_at
        self._write(
            event.at, f"{summary(event.operations, took, self._show)}; {exit_text(event.verdict)}"
        )
        for label, text in next_steps(event.operations, self._show, self._resume):
            self._sink.line(f"opwatch {label}: {text}")

    def _name(self, operation: Operation) -> str:
        """Return what *operation* is called, with its profile where there are several."""
        name = self._board.names.of(operation)
        several = len(self._board.profiles) > 1
        return f"{self._show(operation.target.profile, 40)}: {name}" if several else name

    @property
    def _is_crowd(self) -> bool:
        return len(self._board) > CROWD

    def _subject(self, operation: Operation) -> Hashable:
        """Return what a trouble is about: the operation, or the host of a crowd."""
        return operation.target.origin if self._is_crowd else key_of(operation)
