"""How a helper program is asked for a secret, and what a bad one is told of.

Decides that anything but exit code 0 is no secret, and that an error names the
program, its exit code and at most one line of its standard error (fault 89).
Its standard output is never repeated.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, assert_never

from opwatch.credentials.context import Waiting
from opwatch.credentials.process import Fate, Program, Ran
from opwatch.credentials.program import environment_for, find_program
from opwatch.credentials.redaction import Redactor
from opwatch.credentials.reply import Reply, read_reply
from opwatch.credentials.validation import UnusableError
from opwatch.credentials.waiting import announced
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from opwatch.credentials.context import Surroundings
    from opwatch.domain.auth import FromCommand

_LONGEST_LINE: Final = 200
_SAYS_WHY: Final = re.compile(r"\s*(?:error|fatal)\b", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[^\s\"',:{}]{8,}")


class ProgramMissingError(UnusableError):
    """The program that a profile names is not there."""


async def ask(source: FromCommand, surroundings: Surroundings) -> Reply:
    """Return what the helper of *source* printed.

    Raises:
        ProgramMissingError: there is no such program.
        UnusableError: it failed, took too long, or printed no secret.
    """
    path = find_program(source.argv[0], surroundings.environ) if source.argv else None
    if path is None:
        raise ProgramMissingError(_why_missing(source.argv))
    program = Program(
        (path, *source.argv[1:]),
        environment_for(source.environ, surroundings.environ),
        source.timeout,
        at_terminal=source.interactive and surroundings.interactive,
    )
    running = surroundings.run(program)
    ran = await announced(running, Waiting.HELPER, surroundings.announce)
    match ran.fate:
        case Fate.NOT_STARTED:
            raise UnusableError(f"could not be started: {ran.detail}")
        case Fate.TIMED_OUT:
            raise UnusableError(f"did not end within {source.timeout:g} s and was stopped")
        case Fate.FLOODED:
            raise UnusableError("printed more than 64 KiB")
        case Fate.EXITED if ran.code != 0:
            raise UnusableError(_ending(ran, surroundings.redactor))
        case Fate.EXITED:
            return read_reply(ran.out)
        case _:
            assert_never(ran.fate)


def _why_missing(argv: tuple[str, ...]) -> str:
    name = argv[0] if argv else ""
    if os.path.isabs(name) or name.startswith("~"):  # noqa: PTH117, it is text of the configuration
        return "is no program that can be run"
    if os.sep in name:
        return "is a relative path; write it in full"
    return "is no program on PATH"


def _ending(ran: Ran, redactor: Redactor) -> str:
    """Return the exit code and the one line of standard error that says most."""
    how = f"ended with exit code {ran.code}" if ran.code > 0 else f"was ended by signal {-ran.code}"
    lines = [line.strip() for line in ran.err.decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return how
    line = next((each for each in lines if _SAYS_WHY.match(each)), lines[-1])
    # It may have printed a secret before it failed, and say it again in its complaint.
    own = Redactor()
    for text in _TOKENS.findall(ran.out.decode(errors="replace")):
        own.learn(Secret(text))
    return f"{how}: {redactor(own(line))[:_LONGEST_LINE]}"
