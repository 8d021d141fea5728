"""Everything that a run takes from outside, in one value.

Decides the seams of a run: environment, clock, chance, the token that was read
from standard input, and who may be asked. Tests replace any of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opwatch.credentials import Redactor
from opwatch.engine import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from opwatch.credentials import WaitingFor
    from opwatch.domain.pacing import Uniform
    from opwatch.domain.secret import Secret
    from opwatch.session.sender import Trace


def _say_nothing(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The surroundings of a run.

    *environ* is the environment, *ca_file* an additional certificate authority.
    *token* was read from standard input. *named* tells that the profile was
    chosen by the person, not by default. *interactive* tells that somebody sits
    at a terminal. *redactor* learns every secret of the run. *trace* is told each
    exchange, and the seconds that it took. *announce* is told whom we wait for, and
    *notice* what is odd about a profile's credential, both before the run only.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    token: Secret | None = None
    named: bool = True
    interactive: bool = False
    catch_signals: bool = False
    clock: Clock = field(default_factory=SystemClock)
    uniform: Uniform = random.uniform
    redactor: Redactor = field(default_factory=Redactor)
    trace: Trace | None = None
    announce: Callable[[WaitingFor], None] = _say_nothing
    notice: Callable[[str, str], None] = _say_nothing

    @property
    def is_ci(self) -> bool:
        """Tell whether nobody is there to answer a prompt."""
        return self.environ.get("CI", "").lower() not in {"", "0", "false"}
