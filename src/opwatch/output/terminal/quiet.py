"""The display of ``--quiet``: nothing but what went wrong.

Decides that an ending which is not a success is worth a line even then, and so is
what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.domain.events import Ended, Event, Finished, Started
from opwatch.domain.outcome import Abort, Outcome
from opwatch.output.terminal.renderer import Renderer
from opwatch.output.text.names import Names
from opwatch.output.text.sentences import RUN_REASONS, ending_sentence
from opwatch.output.text.summary import next_steps

if TYPE_CHECKING:
    from opwatch.output.streams import Sink
    from opwatch.output.text.summary import Resume


class Quiet(Renderer):
    """A renderer that writes bad endings to *sink*, and the command of *resume*.

    Without *endings*, which a table beside it shows, only what to do about them.
    """

    def __init__(self, sink: Sink, *, resume: Resume | None = None, endings: bool = True) -> None:
        self._sink = sink
        self._endings = endings
        self._resume = resume
        self._names = Names(sink.show)

    def __call__(self, event: Event) -> None:
        """Write *event* if it is a bad ending."""
        match event:
            case Started(operations=operations):
                self._names = Names(self._sink.show, operations)
            case Ended(operation=operation) if self._endings:
                is_good = operation.outcome is Outcome.SUCCEEDED and operation.reason is None
                if not is_good and operation.reason not in RUN_REASONS:
                    name = self._names.of(operation)
                    self._sink.line(
                        f"opwatch: {ending_sentence(operation, self._sink.show, name=name)}"
                    )
            case Finished(verdict=verdict) if verdict.cause is not Abort.PIPE_CLOSED:
                for label, text in next_steps(event.operations, self._sink.show, self._resume):
                    self._sink.line(f"opwatch: {label}: {text}")
            case _:
                # A reader who closed the pipe wants no more lines.
                pass
