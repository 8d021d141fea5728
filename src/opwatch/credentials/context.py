"""All that a credential takes from outside, in one value.

Decides the seams: the environment, the token read from standard input, the two
clocks, the HTTP client, programs and the keyring. Nothing else in this room reads
``os.environ``, a clock or a terminal, so a test can replace any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from opwatch.credentials.process import Run, run_program
from opwatch.credentials.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from opwatch.credentials.keyring import Keychain
    from opwatch.domain.messages import Request, Response
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble

Send: TypeAlias = "Callable[[Request, float], Awaitable[Response | Trouble]]"


class Waiting(StrEnum):
    """Whom a person is waiting for, once it takes more than a second."""

    KEYRING = "keyring"
    HELPER = "helper"


def _say_nothing(_waiting: Waiting) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Surroundings:
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
    keychain: Keychain | None = None
    announce: Callable[[Waiting], None] = _say_nothing
