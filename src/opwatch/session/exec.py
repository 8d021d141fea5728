"""The command of ``--exec``, run at the end of each operation.

Decides that no shell reads what an API wrote, that what it wrote is one argument and
never the program, how many commands run at once and for how long, and that nothing of
them changes a verdict. A command is told no secret of the run.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.credentials.process import Program, ProgramOutcome, ProgramResult, Run, run_program
from opwatch.domain.errors import UsageError
from opwatch.domain.events import Ended, Event, Interrupted
from opwatch.domain.outcome import Outcome
from opwatch.domain.secret import SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.credentials import Redactor
    from opwatch.domain.operation import Operation

AT_ONCE: Final = 4
PATIENCE: Final = 30.0
"""Seconds for one command; then it is killed, with its process group."""
PREFIX: Final = "OPWATCH_OPERATION_"
FACTS: Final = ("id", "reference", "profile", "outcome", "state", "status", "url")
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "pwsh", "powershell"})

Report: TypeAlias = "Callable[[Operation, str, str | None], None]"
"""What is called with an operation, what its command printed, and what went wrong, if anything."""


@dataclass(frozen=True, slots=True)
class EndCommand:
    """The *program*, an absolute path, and its *arguments*, with places for facts."""

    program: str
    arguments: tuple[str, ...]

    def filled(self, facts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the arguments of a call with *facts*, each within its own argument."""
        filled = (_PLACE.sub(lambda place: facts[place[1]], each) for each in self.arguments)
        return (self.program, *filled)


def parse_command(text: str) -> EndCommand:
    """Return the command that *text* is, split as a shell would, but run by none.

    Raises:
        UsageError: it cannot be split, its program is not there, a place has no fact, or a
            fact would be read as a part of a script.
    """
    try:
        argv = shlex.split(text)
    except ValueError as problem:
        raise UsageError(f"--exec {text!r}: {problem}") from problem
    if not argv:
        raise UsageError("--exec names no command")
    name, *arguments = argv
    for place in _PLACE.findall(text):
        if place not in FACTS:
            known = ", ".join(f"{{{each}}}" for each in FACTS)
            raise UsageError(f"--exec knows no {{{place}}}", hint=f"it knows {known}")
    program = None if _PLACE.search(name) else shutil.which(name)
    if program is None:
        raise UsageError(f"--exec: there is no program {name!r} on this machine")
    if PurePath(name).stem in _SHELLS and any(map(_PLACE.search, _scripts(arguments))):
        raise UsageError(
            "--exec: what an API wrote would be read as a part of the script",
            hint=f"pass it behind the script:  {name} -c 'echo \"$1\"' _ {{id}}",
        )
    return EndCommand(program, tuple(arguments))


def _scripts(arguments: list[str]) -> list[str]:
    """Return the arguments that a shell reads as a script: what follows ``-c``."""
    pairs = pairwise(arguments)
    return [text for option, text in pairs if re.fullmatch(r"-[a-zA-Z]*[cC][a-zA-Z]*", option)]


class EndCommands:
    """A listener that runs *command* at the end of each operation, and *report*s how that went."""

    def __init__(
        self,
        command: EndCommand,
        environ: Mapping[str, str],
        redact: Redactor,
        report: Report,
        run: Run = run_program,
    ) -> None:
        self._command = command
        self._environ = environ
        self._redact = redact
        self._report = report
        self._run = run
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_interrupted = False

    def __call__(self, event: Event) -> None:
        """Begin to run the command if *event* is the end of an operation."""
        self._is_interrupted = self._is_interrupted or isinstance(event, Interrupted)
        if isinstance(event, Ended) and event.operation.outcome not in {None, Outcome.PENDING}:
            task = asyncio.get_running_loop().create_task(self._call(event.operation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> bool:
        """Wait for all commands, and tell whether all have ended.

        Where the run was interrupted, or this is cancelled, those that still run are killed.
        """
        try:
            while self._tasks and not self._is_interrupted:
                await asyncio.wait(self._tasks)
            return not self._tasks
        finally:
            left = tuple(self._tasks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _call(self, operation: Operation) -> None:
        facts = self._facts(operation)
        async with self._slots:
            program = Program(self._command.filled(facts), self._surroundings(facts), PATIENCE)
            result = await self._run(program)
        printed = b"\n".join(filter(None, (result.out.strip(), result.err.strip())))
        self._report(operation, printed.decode("utf-8", "replace"), _fault(result))

    def _facts(self, operation: Operation) -> dict[str, str]:
        target, reading = operation.target, operation.reading
        found = {
            "id": operation.id,
            "reference": operation.reference,
            "profile": target.profile.partition("@")[0],
            "outcome": operation.outcome or "",
            "state": reading.state if reading else "",
            "status": reading.status if reading else "",
            "url": (reading and reading.link) or target.url or "",
        }
        # No argument of a program can hold a NUL, nor half of a character.
        return {
            name: self._redact(str(text)).replace("\0", "").encode("utf-8", "replace").decode()
            for name, text in found.items()
        }

    def _surroundings(self, facts: Mapping[str, str]) -> dict[str, str]:
        """Return the environment without what holds a secret of this run."""
        kept = {
            name: text
            for name, text in self._environ.items()
            if self._redact(text) == text
            and not (name.startswith("OPWATCH_") and SECRET_NAME.search(name))
        }
        return kept | {PREFIX + name.upper(): text for name, text in facts.items()}


def _fault(result: ProgramResult) -> str | None:
    """Return what went wrong with a command, None if nothing did."""
    match result.outcome:
        case ProgramOutcome.EXITED:
            return None if result.code == 0 else f"the command has failed with {result.code}"
        case ProgramOutcome.TIMED_OUT:
            return f"the command was killed: it took longer than {PATIENCE:.0f} seconds"
        case ProgramOutcome.FLOODED:
            return "the command was killed: it printed too much"
        case ProgramOutcome.NOT_STARTED:
            return f"the command could not be run: {result.detail}"
