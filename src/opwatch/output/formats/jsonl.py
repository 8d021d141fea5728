"""The ``--jsonl`` stream: one versioned event a line, the last one a ``result``.

Decides which events a program gets. Passing time is not among them: a program has
its own clock.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, Unpack

from opwatch.domain import events
from opwatch.output.formats.document import FORMAT, RunFacts, document, to_json
from opwatch.output.formats.writer import NO_PROFILES, Writer
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import describe, warning_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.events import Listener
    from opwatch.domain.trouble import Trouble


@contextmanager
def jsonl(stream: TextIO | None, **facts: Unpack[RunFacts]) -> Iterator[Listener]:
    """Write each event as it happens; *facts* are those of ``document``.

    Raises, when an event is written:
        PipeClosedError: the reader has closed the pipe.
        UnwritableError: the stream is closed or full.
    """
    sink = Sink(stream)
    redact, profiles = facts.get("redact", as_is), facts.get("profiles", NO_PROFILES)
    raw = facts.get("raw", False)
    write = Writer(facts["wall_of"], redact=redact, raw=raw, profiles=profiles)
    fields = EventEncoder(write, redact)
    started_at = 0.0

    def write_event(event: events.Event) -> None:
        nonlocal started_at
        if isinstance(event, events.Started):
            started_at = event.at
        if isinstance(event, events.Finished):
            found = document(
                event.operations, event.verdict, started_at=started_at, ended_at=event.at, **facts
            )
            sink.line(result_line(found))
        elif not isinstance(event, events.Ticked):
            sink.line(to_json(fields.of(event)))

    yield write_event


def result_line(document: Mapping[str, Any]) -> str:
    """Return the last line of the stream, for a run that ended with *document*."""
    return to_json({"format": FORMAT, "type": "result", **document})


class EventEncoder:
    """Turns an event into the fields of its line."""

    def __init__(self, write: Writer, redact: Redact) -> None:
        self._write = write
        self._show = Show(redact)

    def of(self, event: events.Event) -> dict[str, Any]:
        """Return the fields of *event*."""
        head = {
            "format": FORMAT,
            "type": type(event).__name__.lower(),
            "at": self._write.clock_time(event.at),
        }
        return head | self._rest(event)

    def _rest(self, event: events.Event) -> dict[str, Any]:
        write = self._write
        match event:
            case events.Started():
                return {
                    "deadline": write.clock_time(event.deadline),
                    "operations": [write.named(each.target) for each in event.operations],
                }
            case events.Observed():
                return {
                    "changed": event.changed,
                    "operation": write.operation(event.operation, event.at),
                }
            case events.Troubled():
                return {
                    "trouble": self._trouble(event.trouble),
                    "next_poll_at": write.clock_time(event.operation.next_poll_at),
                    "operation": write.operation(event.operation, event.at),
                }
            case events.Ended():
                return {"operation": write.operation(event.operation, event.at)}
            case events.Warned():
                return {
                    "oddity": event.oddity.value,
                    "reference": write.text(event.reference),
                    "message": warning_text(event, self._show),
                }
            case events.Held():
                return {
                    "origin": write.text(event.origin),
                    "until": write.clock_time(event.until),
                    "trouble": self._trouble(event.trouble) if event.trouble else None,
                    "of_another_run": event.is_of_another,
                }
            case events.Resumed():
                return {"gap_seconds": round(event.gap, 3)}
            case events.Interrupted():
                return {"reason": event.abort.value}
            case events.Ticked() | events.Finished():
                return {}

    def _trouble(self, trouble: Trouble) -> dict[str, Any]:
        return {
            "code": trouble.fault.value,
            "http_status": trouble.status,
            "message": describe(trouble, self._show),
        }
