"""What the commands of ``--exec`` print, and what went wrong with them.

Decides that every line begins with our own word, that it is cleaned like an API's text,
and that it waits until bars have left the screen.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.errors import OpwatchError
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.sentences import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.domain.operation import Operation

MOST_LINES: Final = 20
"""Lines of one command; the last ones tell most."""
LINE: Final = 400


class CommandLog:
    """Writes to *stream*; what went wrong is added to *warnings* as well."""

    def __init__(
        self, stream: TextIO | None, *, redact: Redact = as_is, warnings: list[str] | None = None
    ) -> None:
        self._sink = Sink(stream, redact=redact, required=False)
        self._warnings = [] if warnings is None else warnings
        self._waiting: list[str] | None = None

    def report(self, operation: Operation, printed: str, fault: str | None) -> None:
        """Write what the command of *operation* *printed*, and its *fault* if it has one."""
        show = self._sink.show
        name = display_name(operation, show)
        lines = [show(line, LINE) for line in printed.splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            lines = [f"({len(lines) - MOST_LINES} lines left out)", *lines[-MOST_LINES:]]
        if fault is not None:
            lines.append(show(fault, LINE))
            self._warnings.append(f"exec {name}: {lines[-1]}")
        for line in lines:
            self._write(f"opwatch: exec {name}: {line}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all lines until this is left."""
        waiting: list[str] = []
        self._waiting = waiting
        try:
            yield
        finally:
            self._waiting = None
            for line in waiting:
                self._write(line)

    def _write(self, line: str) -> None:
        if self._waiting is not None:
            self._waiting.append(line)
            return
        with suppress(OpwatchError):
            self._sink.line(line)
