"""What a run shows while it goes on, and what it leaves on standard output.

Decides which renderer listens, by the options and by what the streams are.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TextIO

from opwatch.domain.errors import UnwritableError
from opwatch.domain.events import Event, Listener, Pausable, Started
from opwatch.engine import Inbox, or_abort
from opwatch.output.ci import System, system_of
from opwatch.output.errors import write_error, write_warning
from opwatch.output.streams import can_draw, is_terminal, wants_colour, width_of
from opwatch.output.terminal import Style
from opwatch.output.terminal.display import open_display, write_advice
from opwatch.session.plan import Plan, wait_command

if TYPE_CHECKING:
    from opwatch.cli.ci_report import CiReport
    from opwatch.cli.keeping import Keeper
    from opwatch.cli.run_options import RunOptions
    from opwatch.credentials import Redactor
    from opwatch.domain.operation import Operation, Target
    from opwatch.domain.outcome import Verdict
    from opwatch.output.formats.document import RunFacts
    from opwatch.output.report.history import History
    from opwatch.output.text.summary import Resume
    from opwatch.session.context import RunContext
    from opwatch.session.exec import EndCommands
    from opwatch.session.recording.recorder import Recorder
    from opwatch.session.session import Session

ALLOCATIONS: Final = 50_000
"""New objects between two collections of garbage; Python's 700 costs a long run more."""
TURN: Final = 0.0005
"""Seconds for which a thread of the store may keep the event loop waiting, at each of its calls."""
TICK_BARS: Final = 0.1
TICK_LINES: Final = 1.0
COMMANDS_LEFT: Final = "commands of --exec were still running, and were killed"
RESUMABLE: Final = frozenset({"wait", "start"})


@dataclass(frozen=True, slots=True)
class View:
    """How the run of *command* is shown. *collect* is given its operations when it is over.

    *keeper* keeps it, if anything does; *history* remembers what a page about it, if one is
    asked for, is made of; *warnings* are what it warned of, for its document. *wall* is the
    time of day at 0 of the run's clock, where it must be the same throughout. *inbox* is what
    keys go to.
    """

    command: str
    options: RunOptions
    context: RunContext
    collect: Callable[[Sequence[Operation]], None] | None = None
    keeper: Keeper | None = None
    history: History | None = None
    warnings: list[str] = field(default_factory=list)
    commands: list[EndCommands] = field(default_factory=list)
    wall: float | None = None
    inbox: Inbox = field(default_factory=asyncio.Queue)

    @property
    def redact(self) -> Redactor:
        """What masks the secrets of the run."""
        return self.context.redactor

    @property
    def style(self) -> Style:
        """How progress is shown: never for ``get``."""
        if self.options.quiet or self.command == "get":
            return Style.NONE
        style = self.options.progress
        # Lines of a trace would tear bars apart; Buildkite's log is a terminal, but a log.
        is_log = self.options.verbose or self.ci is not None
        return Style.LINES if is_log and style is Style.AUTO else style

    @property
    def ci(self) -> CiReport | None:
        """What reports to the CI system that reads the log, if one does; for ``get`` none does."""
        if self.command not in RESUMABLE:
            return None
        system = system_of(self.options.ci, self.context.environ)
        if system is System.NONE:
            return None
        from opwatch.cli.ci_report import CiReport

        return CiReport(self.command, system, self.context)

    @property
    def shows_table_beside(self) -> bool:
        """Tell whether the table of ``get`` will stand where the failures would."""
        prints = self.command == "get" and not (self.options.quiet or self.options.prints_json)
        return prints and is_terminal(sys.stdout) and is_terminal(sys.stderr)

    def wall_of(self) -> Callable[[float], datetime]:
        """Return the function from the run's clock to the time of day, local zone."""
        offset = self.context.wall() - self.context.now() if self.wall is None else self.wall
        return lambda at: datetime.fromtimestamp(at + offset, UTC).astimezone()

    @property
    def tick(self) -> float:
        """Seconds between two ticks: short only if something moves."""
        moving = self.style in {Style.AUTO, Style.BARS} and is_terminal(sys.stderr)
        return TICK_BARS if moving else TICK_LINES

    @property
    def has_keys(self) -> bool:
        """Tell whether keys are obeyed: at a terminal that bars are drawn on, and nowhere else."""
        environ = self.context.environ
        draws = self.style in {Style.AUTO, Style.BARS} and can_draw(sys.stderr, environ)
        if not draws or self.ci is not None or environ.get("CI"):
            return False
        from opwatch.cli.keyboard import may_press

        return may_press(sys.stdin, sys.stdout)

    @contextmanager
    def listening(self, session: Session, recorder: Recorder | None = None) -> Iterator[Listener]:
        """Yield the listener that shows the run of *session*, and keeps it; *recorder* follows."""
        with ExitStack() as stack:
            wall_of = self.wall_of()
            # Before the display, so that what it holds back is written after it.
            commands, has_keys, locate = self._end_commands(stack), self.has_keys, None
            if has_keys and "TMUX" in self.context.environ:
                from opwatch.cli.keyboard import cursor_finder

                locate = cursor_finder(sys.stdin, sys.stderr)
            # What is shown at the end says how to go on, so it is kept before.
            listeners = [] if self.keeper is None else [self.keeper.listener(session)]
            display = open_display(
                self.style,
                sys.stderr,
                wall_of=wall_of,
                redact=self.redact,
                resume=self.way_on,
                no_color=self.options.no_color,
                environ=self.context.environ,
                notify=self.options.notify,
                endings=not self.shows_table_beside,
                advises=self.command != "get",
                keys=has_keys,
                locate=locate,
            )
            if has_keys:
                from opwatch.cli.keyboard import Keyboard

                # First, for the terminal to have its settings back whatever becomes of the rest.
                keyboard = Keyboard(sys.stdin, self.inbox, display)
                listeners.insert(0, stack.enter_context(keyboard))
            ci, grouped = self.ci, self.style is Style.LINES
            shown = display if ci is None else ci.mark(display, wall_of, grouped=grouped)
            listeners.append(stack.enter_context(shown))
            if self.options.prints_json or recorder is not None:
                from opwatch.output.formats.document import warnings_into

                listeners.append(warnings_into(self.warnings, self.redact))
            if recorder is not None:
                recorder.resume, recorder.warnings = self.way_on, self.warnings
                listeners.append(recorder)
            if self.options.as_jsonl:
                from opwatch.output.formats.jsonl import jsonl

                events = jsonl(sys.stdout, **self._facts(session.plan))
                listeners.append(stack.enter_context(events))
            listeners += commands
            if self.history is not None:
                listeners.insert(0, self.history)
            listeners.insert(0, settle)
            together = Listeners(listeners)
            yield together
        if together.failure is not None:
            write_error(sys.stderr, together.failure, redact=self.redact)

    def _facts(self, plan: Plan) -> RunFacts:
        """Return what a document says of the run beside its operations."""
        return {
            "command": self.command,
            "wall_of": self.wall_of(),
            "profile": plan.profile_name,
            "raw": self.options.raw,
            "redact": self.redact,
            "duplicates": plan.duplicates,
            "profiles": plan.profiles,
            "resume": self.way_on,
            "warnings": self.warnings,
        }

    def _end_commands(self, stack: ExitStack) -> list[Listener]:
        """Return what runs the command of ``--exec`` at each end; bars are not torn by it."""
        if self.options.exec_ is None:
            return []
        from opwatch.output.commands.exec import CommandLog
        from opwatch.session.exec import EndCommands, parse_command

        log = CommandLog(sys.stderr, redact=self.redact, warnings=self.warnings)
        if self.tick == TICK_BARS:
            stack.enter_context(log.held())
        command, environ = parse_command(self.options.exec_), self.context.environ
        self.commands.append(EndCommands(command, environ, self.redact, log.report))
        return [self.commands[-1]]

    async def finish_commands(self, inbox: Inbox) -> None:
        """Wait for the commands that were begun; a signal kills those that still run."""
        for each in self.commands:
            if await or_abort(each.finish(), inbox) is not True:
                self.warnings.append(COMMANDS_LEFT)
                write_warning(sys.stderr, COMMANDS_LEFT)

    def write_started(self, targets: Sequence[Target]) -> None:
        """Write what was started, unless this view writes nothing."""
        from opwatch.output.commands.start import report_started

        if self.style is not Style.NONE:
            report_started(sys.stderr, targets, redact=self.redact)

    def write_way_on(self, targets: Sequence[Target]) -> None:
        """Write the command that waits for *targets*, which were started and not watched."""
        from opwatch.output.commands.start import report_wait_command

        how = wait_command(targets, self.options.further)
        report_wait_command(sys.stderr, how, redact=self.redact)

    @property
    def way_on(self) -> Resume | None:
        """What writes the command that goes on, for a command that waits."""
        return self.resume if self.command in RESUMABLE else None

    def resume(self, unfinished: Sequence[Operation]) -> str | None:
        """Return the command that goes on waiting for the *unfinished* operations."""
        if not unfinished:
            return None
        way_on = self.keeper.way_on() if self.keeper is not None else None
        if way_on is not None:
            return way_on
        return wait_command([each.target for each in unfinished], self.options.further)

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
        plan: Plan,
    ) -> None:
        """Write what the run leaves on standard output: the document, or the table.

        Raises:
            PipeClosedError, UnwritableError: it could not be written.
        """
        now = self.context.now()
        if self.collect is not None:
            self.collect(operations)

        @cache
        def result() -> dict[str, Any]:
            from opwatch.output.formats.document import document

            return document(
                operations,
                verdict,
                started_at=started_at,
                ended_at=now,
                **self._facts(plan),
            )

        if self.ci is not None:
            self.ci.report(operations, verdict, result, (started_at, now), self.way_on)
        if self.options.as_json:
            from opwatch.output.formats.document import write_document

            write_document(sys.stdout, result())
        elif self.command == "get" and not self.options.quiet:
            self._write_table(operations, now)
        if self.command == "get":
            # Below the table, where a reader's eye is when all is written.
            write_advice(
                sys.stderr, operations, redact=self.redact, colour=self._wants_colour(sys.stderr)
            )

    def _wants_colour(self, stream: TextIO) -> bool:
        return wants_colour(stream, no_color=self.options.no_color, environ=self.context.environ)

    def _write_table(self, operations: Sequence[Operation], now: float) -> None:
        from opwatch.output.formats.table import write_table

        write_table(
            sys.stdout,
            operations,
            now=now,
            wall_of=self.wall_of(),
            terminal=is_terminal(sys.stdout),
            colour=self._wants_colour(sys.stdout),
            width=width_of(sys.stdout),
            redact=self.redact,
        )

    def write_junit(self, operations: Sequence[Operation]) -> None:
        """Write the JUnit file, if one is asked for.

        Raises:
            UnwritableError: it could not be written.
        """
        if self.options.junit is not None:
            from opwatch.cli.files import write_report
            from opwatch.output.formats.junit import junit
            from opwatch.state.discretion import redact_to_keep

            redact = redact_to_keep(self.redact)
            text = junit(operations, at=self.context.now(), redact=redact)
            write_report(self.options.junit, text)

    def write_page(
        self, operations: Sequence[Operation], verdict: Verdict, problem: str | None = None
    ) -> None:
        """Write the page about the run, if one is asked for; *problem* ended it.

        Raises:
            UnwritableError: it could not be written.
        """
        if self.options.report is None or self.history is None:
            return
        from opwatch.cli.files import write_report
        from opwatch.output.report.history import Run
        from opwatch.output.report.page import page

        now, began = self.context.now(), self.history.started_at
        known = operations or tuple(self.history.operations)
        profiles = {each.target.profile for each in known}
        run = Run(
            self.command,
            known,
            verdict,
            started_at=now if began is None else began,
            ended_at=now,
            wall_of=self.wall_of(),
            profile=profiles.pop() if len(profiles) == 1 else None,
            resume=self.resume,
            problem=problem,
        )
        write_report(self.options.report, page(run, self.history))


def settle(event: Event) -> None:
    """When a watch begins, look for garbage again, but not in what lives to its end."""
    if isinstance(event, Started) and not gc.isenabled():
        gc.freeze()
        gc.set_threshold(ALLOCATIONS)
        gc.enable()
        sys.setswitchinterval(TURN)


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
