"""Inspecting where a secret would come from, without asking anybody for anything.

Decides what an inspection leaves alone: a helper that talks to a person is never run,
a keyring is read as if nobody were there, and where many profiles are inspected,
neither is started. The search then ends at the place that would have been next.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from opwatch.credentials.context import KeyringEntry
from opwatch.credentials.keyring import SystemKeyring

if TYPE_CHECKING:
    from opwatch.credentials.context import CredentialContext, Keyring
    from opwatch.credentials.process import Program, ProgramResult
    from opwatch.domain.secret import Secret


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
