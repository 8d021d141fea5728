"""The system's keyring: what is stored there, under which name, and how long we wait.

Decides that an entry is bound to one origin (its account name), so that a secret
stored for one host is never found for another; and that a keyring which hangs,
is locked or does not exist is a clear message within seconds (faults 84 to 87). To keep a
secret it has longer, for a refresh token that is lost is a login that is lost. A
child process talks to it, see ``keyring_worker``.

Decides also what an inspection leaves alone, which asks nobody for anything: a helper that
talks to a person is never run, a keyring is read as if nobody were there, and where many
profiles are inspected, neither is started. The search then ends at the place that would have
been next.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opwatch.credentials.context import KeyringEntry, WaitingFor, announced
from opwatch.credentials.process import Program, ProgramOutcome, ProgramResult
from opwatch.credentials.validation import KeyringDownError, UnusableError
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from opwatch.credentials.context import CredentialContext, Keyring

PREFIX: Final = "opwatch:"
# All in seconds. Ten processes that start at once on a busy machine take some of it.
PATIENCE: Final = 10.0
PATIENCE_TO_KEEP: Final = 30.0
PATIENCE_AT_TERMINAL: Final = 60.0
STUCK: Final = 60.0
WINDOWS_LIMIT: Final = 1200
_WORKER: Final = str(Path(__file__).with_name("keyring_worker.py"))
_LONGEST_DETAIL: Final = 200


@dataclass(slots=True)
class SystemKeyring:
    """The keyring that the ``keyring`` library finds on this machine."""

    context: CredentialContext
    patience: float = field(default_factory=lambda: PATIENCE)
    limit: int | None = WINDOWS_LIMIT if os.name == "nt" else None
    _stuck: UnusableError | None = field(default=None, init=False)
    _stuck_until: float = field(default=-math.inf, init=False)

    async def read_entry(self, service: str, account: str, *, interactive: bool) -> KeyringEntry:
        """Return the entry of *account* under *service*."""
        try:
            answer = await self._ask("read", service, account, interactive=interactive)
        except _NoKeyringError as problem:
            return KeyringEntry(why=problem.why, no_keyring=True)
        backend = str(answer.get("backend", ""))
        if answer.get("damaged"):
            raise UnusableError("holds a damaged entry; log in again")
        value = answer.get("value")
        if isinstance(value, str):
            return KeyringEntry(Secret(value))
        other = answer.get("other")
        why = f"its entry is for {other}" if isinstance(other, str) else f"no entry in {backend}"
        return KeyringEntry(why=why)

    async def write_entry(self, service: str, account: str, secret: Secret) -> str:
        """Keep *secret* for *account* under *service*; return the name of what keeps it."""
        return await self._write("write", service, account, value=secret.reveal())

    async def try_entry(self, service: str, account: str) -> None:
        """Find out whether an entry of *account* under *service* could be written."""
        await self._write("try", service, account)

    async def _write(self, verb: str, service: str, account: str, **more: str) -> str:
        interactive = self.context.interactive
        answer = await self._ask(verb, service, account, interactive=interactive, **more)
        if "refused" in answer:
            raise KeyringDownError(str(answer["refused"]))
        return str(answer.get("backend", ""))

    async def erase_entry(self, service: str, account: str) -> bool:
        """Delete the entry; tell whether there was one."""
        interactive = self.context.interactive
        answer = await self._ask("erase", service, account, interactive=interactive)
        return bool(answer.get("erased"))

    async def _ask(
        self, verb: str, service: str, account: str, *, interactive: bool, **more: str
    ) -> dict[str, Any]:
        is_kept = verb == "write"
        if self._stuck is not None and self.context.now() < self._stuck_until and not is_kept:
            raise self._stuck
        if getattr(sys, "frozen", False):
            raise _FrozenError("cannot be asked by a frozen program")
        request = {
            "verb": verb,
            "service": PREFIX + service,
            "account": account,
            "limit": self.limit,
            "path": [each for each in sys.path if each],
            **more,
        }
        program = Program(
            (sys.executable, "-P", _WORKER),
            self.context.environ,
            PATIENCE_AT_TERMINAL if interactive else PATIENCE_TO_KEEP if is_kept else self.patience,
            feed=json.dumps(request).encode(),
        )
        running = self.context.run(program)
        result = await announced(running, WaitingFor.KEYRING, self.context.announce)
        if result.outcome is ProgramOutcome.TIMED_OUT:
            # Asking it again at once would only take as long again.
            self._stuck_until = self.context.now() + STUCK
            self._stuck = KeyringDownError(f"did not answer within {program.timeout:g} s")
            raise self._stuck
        try:
            answer = json.loads(result.out)
        except ValueError:
            raise KeyringDownError(f"failed: its process {result.ending}") from None
        if "problem" in answer:
            raise _problem(answer["problem"], answer["detail"])
        return dict(answer)


class _NoKeyringError(KeyringDownError):
    """There is no keyring on this machine."""

    why = "there is none on this machine"


class _FrozenError(_NoKeyringError):
    """``sys.executable`` is this very program, which would start itself again and again."""

    why = "a frozen program cannot ask it"


def _problem(classes: list[str], detail: str) -> UnusableError:
    if "NoKeyringError" in classes or "ModuleNotFoundError" in classes:
        return _NoKeyringError("does not exist on this machine")
    if "KeyringLocked" in classes:
        return KeyringDownError("is locked")
    line = next(iter(detail.splitlines()), "")[:_LONGEST_DETAIL].rstrip(" :")
    return KeyringDownError(f"failed: {classes[0]}: {line}" if line else f"failed: {classes[0]}")


# -- an inspection ---------------------------------------------------------------------


class HelperNotRunError(Exception):
    """The search came to *place*, a helper that an inspection does not run."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} was not run")
        self.place = place


def inspection_context(
    context: CredentialContext, *, keyring: bool, helpers: bool
) -> CredentialContext:
    """Return *context* for an inspection; *keyring* and *helpers* say what may be started.

    ``Credential.prepare`` raises HelperNotRunError where a helper would have been run.
    """
    inner = context.keyring or SystemKeyring(context)

    async def run(program: Program) -> ProgramResult:
        if program.at_terminal or not helpers:
            words = (Path(program.argv[0]).name, *program.argv[1:])
            raise HelperNotRunError(shlex.join(words))
        return await context.run(program)

    return replace(
        context,
        # So that a helper which would share the terminal shows itself, in run().
        interactive=True,
        run=run,
        keyring=_Unattended(inner if keyring else None),
    )


@dataclass(frozen=True, slots=True)
class _Unattended:
    """*keyring* as if nobody were at the terminal; without one, nothing is ever found."""

    keyring: Keyring | None

    async def read_entry(self, service: str, account: str, *, interactive: bool) -> KeyringEntry:
        del interactive
        if self.keyring is None:
            return KeyringEntry(why="not asked")
        return await self.keyring.read_entry(service, account, interactive=False)

    async def write_entry(self, service: str, account: str, secret: Secret) -> str:
        raise NotImplementedError("an inspection writes nothing")

    async def try_entry(self, service: str, account: str) -> None:
        raise NotImplementedError("an inspection writes nothing")

    async def erase_entry(self, service: str, account: str) -> bool:
        raise NotImplementedError("an inspection erases nothing")
