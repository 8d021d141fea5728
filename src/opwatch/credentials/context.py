"""What a credential takes from outside, in one value.

Decides the seams: the environment, the token that was piped in, the clocks, the HTTP
client, programs and the keyring. Nothing else in this room reads ``os.environ``, a
clock or a terminal, so a test can replace any of them. A person learns what is
being waited for after one second, and what to enter where for a login with a code
(RFC 8628 §3.3).
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, TypeAlias, TypeVar

from opwatch.credentials.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from opwatch.credentials.process import Program, ProgramResult, Run
    from opwatch.domain.messages import Request, Response
    from opwatch.domain.moments import Clock
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble


Lock: TypeAlias = "Callable[[str], AbstractAsyncContextManager[None]]"
Send: TypeAlias = "Callable[[Request, float], Awaitable[Response | Trouble]]"

PATIENCE: Final = 1.0
T = TypeVar("T")


class WaitingFor(StrEnum):
    """Whom a person is waiting for, once it takes more than a second."""

    KEYRING = "keyring"
    HELPER = "helper"


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What a person needs: a code and where to enter it. It is remote text, not yet cleaned.

    *complete_url* holds the code already, if the server gives one. *expires_in* is
    in seconds.
    """

    user_code: str
    url: str
    complete_url: str | None
    expires_in: float


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """What the keyring holds: a *value*, or None and *why*; *no_keyring*: there is none."""

    value: Secret | None = None
    why: str = ""
    no_keyring: bool = False


class Keyring(Protocol):
    """A keyring. Each verb raises UnusableError when it cannot be done in time."""

    async def read_entry(self, service: str, account: str, *, interactive: bool) -> KeyringEntry:
        """Return the entry of *account* under *service*."""

    async def write_entry(self, service: str, account: str, secret: Secret) -> str:
        """Store *secret* for *account* under *service*; return the name of what keeps it."""

    async def try_entry(self, service: str, account: str) -> None:
        """Find out whether an entry of *account* under *service* could be written."""

    async def erase_entry(self, service: str, account: str) -> bool:
        """Delete the entry; tell whether there was one."""


async def send_nothing(request: Request, _timeout: float) -> NoReturn:
    """Stand in for the network where a credential is only inspected or stored."""
    raise AssertionError(f"a {request.method} was about to be sent")


async def run_program(program: Program) -> ProgramResult:
    """Run *program*, a helper or what talks to the keyring."""
    from opwatch.credentials import process  # noqa: PLC0415, a token in a variable needs none

    return await process.run_program(program)


def alone(_name: str) -> AbstractAsyncContextManager[None]:
    """Stand in for a lock where there is no other process."""
    return nullcontext()


def ignore(*_: object) -> None:
    """Stand in for a function that would inform somebody."""


def never(*_: object) -> bool:
    """Stand in for a question about other runs."""
    return False


@dataclass(frozen=True, slots=True)
class CredentialContext:
    """What a credential may use of its surroundings.

    ``OPWATCH_TOKEN`` and *token_from_stdin* count only for a profile that was
    *named_on_command_line* (or is the default one). *interactive* tells that a person
    sits at a terminal. *redactor* learns every secret; share one among all credentials
    of a run. *send* asks a token endpoint. *lock* keeps other processes away from what
    it names; *mark* leaves word for later ones, and *is_marked* finds it. *asks_keyring*
    is false where only a keyring that a profile lists is asked. *announce* is called with
    what is being waited for.
    """

    clock: Clock
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_from_stdin: Secret | None = None
    named_on_command_line: bool = True
    interactive: bool = False
    redactor: Redactor = field(default_factory=Redactor)
    send: Send = send_nothing
    lock: Lock = alone
    mark: Callable[[str], None] = ignore
    is_marked: Callable[[str], bool] = never
    run: Run = run_program
    keyring: Keyring | None = None
    asks_keyring: bool = True
    announce: Callable[[WaitingFor], None] = ignore

    @property
    def ci(self) -> bool:
        """Tell whether this is a CI job: only a keyring that a profile lists is asked."""
        return self.environ.get("CI", "").lower() not in {"", "0", "false"}

    def now(self) -> float:
        """Return the time of the run's clock, in seconds."""
        return self.clock.now()

    def wall(self) -> float:
        """Return seconds since the epoch."""
        return self.clock.wall()


async def announced(
    work: Awaitable[T], waiting: WaitingFor, announce: Callable[[WaitingFor], None]
) -> T:
    """Return the result of *work*, and call *announce* once if it takes longer than PATIENCE."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            announce(waiting)
        return await task
    finally:
        if task.cancel():
            # What was cancelled must have ended before its caller goes on.
            await asyncio.wait({task})
