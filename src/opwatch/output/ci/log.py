"""A display whose lines are marked for a CI system.

Decides what is in the group and what below it: the course of the run inside, which most
systems fold away; the result, and a problem for each operation that did not succeed, below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from opwatch.domain.events import Event, Finished, Started
from opwatch.output.ci.dialects import Plain, annotations_of, dialect_of
from opwatch.output.streams import Sink
from opwatch.output.terminal.renderer import Guard, Renderer
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.sentences import display_name
from opwatch.output.text.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from opwatch.output.ci import System


class MarkedLog(Renderer):
    """Passes events to *display*, and writes the marks of *dialect* around its lines to *sink*."""

    def __init__(
        self,
        display: Renderer,
        dialect: Plain,
        sink: Sink,
        *,
        wall_of: Callable[[float], datetime],
        grouped: bool,
    ) -> None:
        self._display = display
        self._dialect = dialect
        self._sink = sink
        self._wall_of = wall_of
        self._grouped = grouped
        self._started_at = self._latest = 0.0
        self._is_open = False

    def __call__(self, event: Event) -> None:
        """Show *event* between the marks that it needs."""
        self._latest = event.at
        if isinstance(event, Started):
            self._open(event)
        if isinstance(event, Finished):
            took = event.at - self._started_at
            result = summary(event.operations, took, self._sink.show)
            self._close(f"opwatch: {result}", is_good=event.verdict.code == 0)
        self._display(event)
        if isinstance(event, Finished):
            for each in annotations_of(event, self._sink.show):
                self._sink.line(self._dialect.report(each))

    def _open(self, event: Started) -> None:
        self._started_at = event.at
        many = len(event.operations)
        one = display_name(event.operations[0], self._sink.show) if many == 1 else ""
        title = f"opwatch: waiting for {one or f'{many:,} operations'}"
        line = self._dialect.open(title, self._now()) if self._grouped else None
        if line is not None:
            self._is_open = True
            self._sink.line(line)

    def _close(self, title: str, *, is_good: bool) -> None:
        if self._is_open:
            self._is_open = False
            line = self._dialect.close(title, self._now(), is_good=is_good)
            if line is not None:
                self._sink.line(line)

    def _now(self) -> int:
        return int(self._wall_of(self._latest).timestamp())

    def close(self) -> None:
        """Close the group that a run without an end has left open."""
        self._close("opwatch", is_good=False)
        self._display.close()

    def pause(self) -> None:
        """Let the display give the cursor back."""
        self._display.pause()

    def resume(self) -> None:
        """Let the display draw again."""
        self._display.resume()

    def let_go(self) -> None:
        """Let the display give the cursor back."""
        self._display.let_go()


def mark(
    display: Renderer,
    system: System,
    stream: TextIO | None,
    *,
    wall_of: Callable[[float], datetime],
    redact: Redact = as_is,
    grouped: bool = True,
) -> Guard:
    """Return *display* with its lines on *stream* marked for *system*.

    Without *grouped*, only what went wrong is marked. A mark that cannot be written ends
    the marks, not the run.
    """
    sink = Sink(stream, redact=redact, required=False)
    marked = MarkedLog(display, dialect_of(system), sink, wall_of=wall_of, grouped=grouped)
    return Guard(marked, lambda: display)
