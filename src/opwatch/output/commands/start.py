"""What is said when an operation has been started: how to name it from now on.

Decides that a reference is printed whole, for a copy of it must work, and that a
program gets it as JSON with all that is needed to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.output.formats.document import FORMAT, encoded
from opwatch.output.formats.values import Writer
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, keep, leading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import TextIO

    from opwatch.domain.operation import Target

REASON: Final = "started"


def tell_started(
    stream: TextIO | None, targets: Sequence[Target], *, redact: Redact = keep
) -> None:
    """Say on standard error what was started, before anything can hide or lose it."""
    sink = Sink(stream, redact=redact, required=False)
    for target in targets:
        sink.line(f"opwatch: started {sink.show(target.reference, None)}")


def tell_command(stream: TextIO | None, command: str, *, redact: Redact = keep) -> None:
    """Say on standard error with which *command* to wait."""
    sink = Sink(stream, redact=redact, required=False)
    sink.line(f"opwatch: to wait: {sink.show(command, None)}")


def write_references(
    stream: TextIO | None, targets: Sequence[Target], *, redact: Redact = keep
) -> None:
    """Write the references of *targets*, one a line, as ``opwatch wait -`` reads them.

    Raises:
        PipeClosedError, UnwritableError: it could not be written.
    """
    sink = Sink(stream, redact=redact)
    for target in targets:
        sink.line(leading(sink.show(target.reference, None)))


def write_started(
    stream: TextIO | None,
    targets: Sequence[Target],
    *,
    profile: str | None,
    command: str,
    redact: Redact = keep,
) -> None:
    """Write the document of a start that is not waited for; *command* waits for it.

    Raises:
        PipeClosedError, UnwritableError: it could not be written.
    """
    write = Writer(_never, redact=redact)
    operations = [
        {
            "reference": write.text(each.reference),
            "id": write.text(each.id),
            "params": write.value(dict(each.begun.params)),
            "state": each.begun.reading.state.value if each.begun.reading else None,
        }
        for each in targets
    ]
    document = {
        "format": FORMAT,
        "command": "start",
        "profile": write.text(profile),
        "exit_code": 0,
        "exit_reason": REASON,
        "operations": operations,
        "wait_with": write.text(command),
    }
    Sink(stream).line(encoded(document))


def _never(_at: float) -> datetime:
    raise AssertionError("a start has no times")
