"""All that a credential takes from outside, in one value.

Decides the seams: the environment, the token read from standard input, the two
clocks, the HTTP client, programs and the keyring. Nothing else in this room reads
``os.environ``, a clock or a terminal, so a test can replace any of them.

When a person is told that something is being waited for: after one second.

What a person is shown who logs in with a code (RFC 8628 §3.3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

from opwatch.credentials.process import Run, run_program
from opwatch.credentials.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What a person needs: a code and where to enter it. Hostile until cleaned.

    *complete_url* holds the code already, if the server gives one. *expires_in* is
    in seconds.
    """

    user_code: str
    url: str
    complete_url: str | None
    expires_in: float


PATIENCE: Final = 1.0
T = TypeVar("T")


async def announced(
    work: Awaitable[T], waiting: WaitingFor, announce: Callable[[WaitingFor], None]
) -> T:
    """Return the result of *work*, and call *announce* once if it takes its time."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            announce(waiting)
        return await task
    finally:
        if task.cancel():
            # Whoever is cancelled leaves only when what it ran for is buried.
            await asyncio.wait({task})


Send: TypeAlias = "Callable[[Request, float], Awaitable[Response | Trouble]]"


class WaitingFor(StrEnum):
    """Whom a person is waiting for, once it takes more than a second."""

    KEYRING = "keyring"
    HELPER = "helper"


def _say_nothing(_waiting: WaitingFor) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """What the keyring holds: a *value*, or None and *why*."""

    value: Secret | None = None
    why: str = ""
    backend: str = ""


class Keyring(Protocol):
    """A keyring. Each verb raises UnusableError when it cannot be done in time."""

    async def read_entry(self, service: str, account: str, *, interactive: bool) -> KeyringEntry:
        """Return the entry of *account* under *service*."""

    async def write_entry(self, service: str, account: str, secret: Secret) -> None:
        """Keep *secret* for *account* under *service*."""

    async def erase_entry(self, service: str, account: str) -> bool:
        """Delete the entry; tell whether there was one."""


@dataclass(frozen=True, slots=True)
class CredentialContext:
    """What a credential may use of the world.

    *now* is the run's clock, *wall* seconds since the epoch. ``OPWATCH_TOKEN`` and
    *token_from_stdin* count only for a profile that was *named_on_command_line*
    (or is the default one). *interactive* tells that a person sits at a terminal,
    *ci* that none does and that the keyring is to be left alone unless a profile
    lists it. *redactor* learns every secret; share one among all credentials of
    a run. *announce* is told whom we are waiting for.
    """

    send: Send
    now: Callable[[], float]
    wall: Callable[[], float]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_from_stdin: Secret | None = None
    named_on_command_line: bool = True
    interactive: bool = False
    ci: bool = False
    redactor: Redactor = field(default_factory=Redactor)
    run: Run = run_program
    keyring: Keyring | None = None
    announce: Callable[[WaitingFor], None] = _say_nothing
