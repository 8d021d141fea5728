"""The display of ``--quiet``: nothing but what went wrong.

Decides that an ending which is no success is worth a line even then, and so is
what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from opwatch.domain.events import Ended, Event, Finished
from opwatch.domain.outcome import Abort, Outcome
from opwatch.output.text.sentences import OURS, ended_text
from opwatch.output.text.summary import hints, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from opwatch.domain.operation import Operation
    from opwatch.output.streams import Sink


class Quiet:
    """A renderer that writes bad endings to *sink*, and *resume*'s command.

    Raises, when told an event:
        PipeClosedError, UnwritableError: the stream cannot be written.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        resume: Callable[[Sequence[Operation]], str | None] | None = None,
    ) -> None:
        self._sink = sink
        self._resume = resume

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _problem: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind: every line has been flushed."""

    def __call__(self, event: Event) -> None:
        """Write *event* if it is a bad ending."""
        match event:
            case Ended(operation=operation):
                is_good = operation.outcome is Outcome.SUCCEEDED and operation.reason is None
                if not is_good and operation.reason not in OURS:
                    self._sink.line(f"opwatch: {ended_text(operation, self._sink.show)}")
            case Finished(verdict=verdict) if verdict.cause is not Abort.PIPE_CLOSED:
                self._finish(event)
            case _:
                # Who closed the pipe wants to hear no more.
                pass

    def _finish(self, event: Finished) -> None:
        for hint in hints(event.operations, self._sink.show):
            self._sink.line(f"opwatch: to fix: {hint}")
        rest = unfinished(event.operations)
        command = self._resume(rest) if rest and self._resume else None
        if command:
            self._sink.line(f"opwatch: to go on: {self._sink.show(command, None)}")
