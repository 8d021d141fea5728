"""What a run shows while it goes on, and what it leaves on standard output.

Decides which renderer listens, by the options and by what the streams are.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.errors import UnwritableError
from opwatch.domain.events import Pausable
from opwatch.output.errors import write_error
from opwatch.output.formats.document import document, write_document
from opwatch.output.formats.jsonl import jsonl
from opwatch.output.formats.junit import junit
from opwatch.output.formats.table import write_table
from opwatch.output.streams import wants_colour
from opwatch.output.terminal.display import Style, open_display

if TYPE_CHECKING:
    from opwatch.domain.events import Event, Listener
    from opwatch.domain.operation import Operation, Target
    from opwatch.domain.outcome import Verdict
    from opwatch.engine import Clock
    from opwatch.session.plan import Plan

TICK_BARS: Final = 0.1
TICK_LINES: Final = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """How a run is shown.

    *resume_with* are the arguments that name the same profile again, None where
    there is nothing to go on with. *collect* is given the operations when the run is over.
    """

    command: str
    clock: Clock
    redact: Callable[[str], str]
    style: Style = Style.AUTO
    as_json: bool = False
    as_jsonl: bool = False
    raw: bool = False
    no_color: bool = False
    table: bool = False
    junit: Path | None = None
    resume_with: tuple[str, ...] | None = None
    collect: Callable[[Sequence[Operation]], None] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def wall_of(self) -> Callable[[float], datetime]:
        """Return the function from the run's clock to the time of day, local zone."""
        offset = self.clock.wall() - self.clock.now()
        return lambda at: datetime.fromtimestamp(at + offset, UTC).astimezone()

    @property
    def tick(self) -> float:
        """Seconds between two looks at the time: often only if something moves."""
        moving = self.style in {Style.AUTO, Style.BARS} and is_terminal(sys.stderr)
        return TICK_BARS if moving else TICK_LINES

    @contextmanager
    def listening(self, plan: Plan) -> Iterator[Listener]:
        """Yield the listener that shows the run."""
        with ExitStack() as stack:
            wall_of = self.wall_of()
            listeners: list[Listener] = [
                stack.enter_context(
                    open_display(
                        self.style,
                        sys.stderr,
                        wall_of=wall_of,
                        redact=self.redact,
                        resume=None if self.resume_with is None else self.resume,
                        no_color=self.no_color,
                        environ=self.environ,
                    )
                )
            ]
            if self.as_jsonl:
                events = jsonl(
                    sys.stdout,
                    command=self.command,
                    wall_of=wall_of,
                    profile=plan.profile_name,
                    raw=self.raw,
                    redact=self.redact,
                    duplicates=plan.duplicates,
                )
                listeners.append(stack.enter_context(events))
            together = Together(listeners)
            yield together
        if together.failure is not None:
            write_error(sys.stderr, together.failure, redact=self.redact)

    def tell_started(self, targets: Sequence[Target]) -> None:
        """Say what was started, unless this view says nothing."""
        from opwatch.output.commands.start import report_started

        if self.style is not Style.NONE:
            report_started(sys.stderr, targets, redact=self.redact)

    def resume(self, unfinished: Sequence[Operation]) -> str | None:
        """Return the command that goes on with the *unfinished* operations."""
        if not unfinished or self.resume_with is None:
            return None
        return wait_command(self.resume_with, [operation.target for operation in unfinished])

    def leave(
        self,
        operations: Sequence[Operation],
        verdict: Verdict,
        *,
        started_at: float,
        profile: str | None = None,
        duplicates: int = 0,
    ) -> None:
        """Write what the run leaves: the document, the table, the JUnit file.

        Raises:
            PipeClosedError, UnwritableError: it could not be written.
        """
        now, wall_of = self.clock.now(), self.wall_of()
        if self.collect is not None:
            self.collect(operations)
        if self.junit is not None:
            self._write_junit(operations, now)
        if self.as_json:
            result = document(
                operations,
                verdict,
                command=self.command,
                started_at=started_at,
                ended_at=now,
                wall_of=wall_of,
                profile=profile,
                raw=self.raw,
                redact=self.redact,
                duplicates=duplicates,
            )
            write_document(sys.stdout, result)
        elif self.table:
            write_table(
                sys.stdout,
                operations,
                now=now,
                wall_of=wall_of,
                terminal=is_terminal(sys.stdout),
                colour=wants_colour(sys.stdout, no_color=self.no_color, environ=self.environ),
                width=width_of(sys.stdout),
                redact=self.redact,
            )

    def _write_junit(self, operations: Sequence[Operation], now: float) -> None:
        path = self.junit or Path()
        try:
            path.write_text(junit(operations, at=now, redact=self.redact), encoding="utf-8")
        except OSError as problem:
            raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem


class Together:
    """Several listeners as one; those that hold the terminal let go of it together."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self.failure: UnwritableError | None = None
        held: Sequence[object] = listeners
        self._pausable = [each for each in held if isinstance(each, Pausable)]

    def __call__(self, event: Event) -> None:
        """Tell each of *event*; what one could not write is its *failure*."""
        for listener in self._listeners:
            try:
                listener(event)
            except UnwritableError as problem:
                self.failure = problem
                raise

    def pause(self) -> None:
        """Give the terminal back."""
        for each in self._pausable:
            each.pause()

    def resume(self) -> None:
        """Take the terminal again."""
        for each in self._pausable:
            each.resume()

    def let_go(self) -> None:
        """Give the cursor back."""
        for each in self._pausable:
            each.let_go()


def wait_command(words: Sequence[str], targets: Sequence[Target]) -> str:
    """Return the command that waits for *targets*; *words* choose their profile."""
    shared = set.intersection(*(set(each.initial.params.items()) for each in targets))
    params = [word for key, value in sorted(shared) for word in ("--param", f"{key}={value}")]
    references = [each.reference for each in targets]
    dashes = ["--"] if any(each.startswith("-") for each in references) else []
    return shlex.join(["opwatch", "wait", *words, *params, *dashes, *references])


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person looks at *stream*; a closed one is none."""
    try:
        return stream is not None and bool(stream.isatty())
    except ValueError:
        return False


def width_of(stream: TextIO | None) -> int:
    """Return the columns of the terminal behind *stream*, 80 where there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream else 80
    except (OSError, ValueError, AttributeError):
        return 80
