"""What a run shows while it goes on, and what it leaves on standard output.

Decides which renderer listens, by the options and by what the streams are.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from opwatch.cli.ci_report import CiReport
from opwatch.domain.errors import StartError, UnwritableError
from opwatch.domain.events import Pausable
from opwatch.output.errors import write_error
from opwatch.output.streams import is_terminal
from opwatch.output.terminal.display import Style, open_display

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.cli.keeping import Keeper
    from opwatch.cli.run_options import RunOptions
    from opwatch.credentials import Redactor
    from opwatch.domain.events import Event, Listener
    from opwatch.domain.operation import Operation, Target
    from opwatch.domain.outcome import Verdict
    from opwatch.session.context import RunContext
    from opwatch.session.session import Session

TICK_BARS: Final = 0.1
TICK_LINES: Final = 1.0
RESUMABLE: Final = frozenset({"wait", "start"})


@dataclass(frozen=True, slots=True)
class View:
    """How the run of *command* is shown. *collect* is given its operations when it is over.

    *keeper* keeps it, if anything does.
    """

    command: str
    options: RunOptions
    context: RunContext
    collect: Callable[[Sequence[Operation]], None] | None = None
    keeper: Keeper | None = None

    @property
    def redact(self) -> Redactor:
        """What masks the secrets of the run."""
        return self.context.redactor

    @property
    def style(self) -> Style:
        """How progress is shown: never for ``get``."""
        if self.options.quiet or self.command == "get":
            return Style.NONE
        style = Style(self.options.progress)
        # Lines of a trace would tear bars apart; Buildkite's log is a terminal, but a log.
        is_log = self.options.verbose or self.ci.is_known
        return Style.LINES if is_log and style is Style.AUTO else style

    @property
    def ci(self) -> CiReport:
        """What is sent to the CI system: nothing for ``get``."""
        return CiReport(self.command, self.options, self.context)

    def wall_of(self) -> Callable[[float], datetime]:
        """Return the function from the run's clock to the time of day, local zone."""
        offset = self.context.wall() - self.context.now()
        return lambda at: datetime.fromtimestamp(at + offset, UTC).astimezone()

    @property
    def tick(self) -> float:
        """Seconds between two ticks: short only if something moves."""
        moving = self.style in {Style.AUTO, Style.BARS} and is_terminal(sys.stderr)
        return TICK_BARS if moving else TICK_LINES

    @contextmanager
    def listening(self, session: Session) -> Iterator[Listener]:
        """Yield the listener that shows the run of *session*, and keeps it."""
        plan = session.plan
        with ExitStack() as stack:
            wall_of = self.wall_of()
            # What is shown at the end says how to go on, so it is kept before.
            listeners = [] if self.keeper is None else [self.keeper.listener(session)]
            display = open_display(
                self.style,
                sys.stderr,
                wall_of=wall_of,
                redact=self.redact,
                resume=self.resume if self.command in RESUMABLE else None,
                no_color=self.options.no_color,
                environ=self.context.environ,
            )
            shown = self.ci.mark(display, wall_of, grouped=self.style is Style.LINES)
            listeners.append(stack.enter_context(shown))
            if self.options.as_jsonl:
                from opwatch.output.formats.jsonl import jsonl

                events = jsonl(
                    sys.stdout,
                    command=self.command,
                    wall_of=wall_of,
                    profile=plan.profile_name,
                    raw=self.options.raw,
                    redact=self.redact,
                    duplicates=plan.duplicates,
                )
                listeners.append(stack.enter_context(events))
            together = Listeners(listeners)
            yield together
        if together.failure is not None:
            write_error(sys.stderr, together.failure, redact=self.redact)

    def write_started(self, targets: Sequence[Target]) -> None:
        """Write what was started, unless this view writes nothing."""
        from opwatch.output.commands.start import report_started

        if self.style is not Style.NONE:
            report_started(sys.stderr, targets, redact=self.redact)

    def write_way_on(self, problem: BaseException) -> None:
        """Write the command that waits for what *problem* kept from being watched."""
        if isinstance(problem, StartError) and problem.references:
            from opwatch.output.commands.start import report_wait_command

            targets = [each.target for each in lost_operations(problem, self.options.profile)]
            how = wait_command(self.options.resume_arguments(), targets)
            report_wait_command(sys.stderr, how, redact=self.redact)

    def resume(self, unfinished: Sequence[Operation]) -> str | None:
        """Return the command that goes on waiting for the *unfinished* operations."""
        if not unfinished:
            return None
        way_on = self.keeper.way_on() if self.keeper is not None else None
        if way_on is not None:
            return way_on
        targets = [operation.target for operation in unfinished]
        return wait_command(self.options.resume_arguments(), targets)

    def end(self, code: int) -> None:
        """Let whatever keeps the run know that it ends with *code*."""
        if self.keeper is not None:
            self.keeper.end(code)

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
        now = self.context.now()
        if self.collect is not None:
            self.collect(operations)
        if self.options.junit is not None:
            self._write_junit(self.options.junit, operations, now)

        @cache
        def result() -> dict[str, Any]:
            from opwatch.output.formats.document import document

            return document(
                operations,
                verdict,
                command=self.command,
                started_at=started_at,
                ended_at=now,
                wall_of=self.wall_of(),
                profile=profile,
                raw=self.options.raw,
                redact=self.redact,
                duplicates=duplicates,
            )

        resume = self.resume if self.command in RESUMABLE else None
        self.ci.report(operations, verdict, result, (started_at, now), resume)
        if self.options.as_json:
            from opwatch.output.formats.document import write_document

            write_document(sys.stdout, result())
        elif self.command == "get" and not self.options.quiet:
            self._write_table(operations, now)

    def _write_table(self, operations: Sequence[Operation], now: float) -> None:
        from opwatch.output.formats.table import write_table
        from opwatch.output.streams import wants_colour, width_of

        environ, no_color = self.context.environ, self.options.no_color
        write_table(
            sys.stdout,
            operations,
            now=now,
            wall_of=self.wall_of(),
            terminal=is_terminal(sys.stdout),
            colour=wants_colour(sys.stdout, no_color=no_color, environ=environ),
            width=width_of(sys.stdout),
            redact=self.redact,
        )

    def _write_junit(self, path: Path, operations: Sequence[Operation], now: float) -> None:
        from opwatch.output.formats.junit import junit

        try:
            path.write_text(junit(operations, at=now, redact=self.redact), encoding="utf-8")
        except OSError as problem:
            raise UnwritableError(f"cannot write {path}: {problem.strerror}") from problem


class Listeners:
    """Several listeners as one; those that hold the terminal give it back together."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self.failure: UnwritableError | None = None
        held: Sequence[object] = listeners
        self._pausable = [each for each in held if isinstance(each, Pausable)]

    def __call__(self, event: Event) -> None:
        """Pass *event* to each; what one could not write is the *failure*."""
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


def lost_operations(problem: StartError, profile: str | None) -> list[Operation]:
    """Return what was started, by *profile*, and cannot be watched because of *problem*."""
    from opwatch.domain.operation import Operation, Target
    from opwatch.domain.outcome import Outcome, Reason
    from opwatch.domain.trouble import Fault, Trouble

    return [
        Operation(
            Target(each, each, "", profile or ""),
            watched_from=0.0,
            outcome=Outcome.UNKNOWN,
            reason=Reason.REFUSED,
            trouble=Trouble(Fault.BAD_REQUEST, problem.message),
        )
        for each in problem.references
    ]


def wait_command(words: Sequence[str], targets: Sequence[Target]) -> str:
    """Return the command that waits for *targets*; *words* choose their profile."""
    shared = set.intersection(*(set(each.initial.params.items()) for each in targets))
    params = [word for key, value in sorted(shared) for word in ("--param", f"{key}={value}")]
    references = [each.reference for each in targets]
    dashes = ["--"] if any(each.startswith("-") for each in references) else []
    return shlex.join(["opwatch", "wait", *words, *params, *dashes, *references])
