"""Everything that a run takes from outside, in one value.

Decides the seams of a run: environment, clock, chance, the token that was piped in,
and who may be asked. Tests replace any of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opwatch.credentials.context import CredentialContext, Lock, ignore
from opwatch.engine import SystemClock, pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from opwatch.domain.moments import Clock
    from opwatch.domain.pacing import Uniform
    from opwatch.session.recording.recorder import Recorder
    from opwatch.session.sender import Trace


# Of the user's folder only a login that renews itself has need.


def _one_at_a_time(name: str) -> AbstractAsyncContextManager[None]:
    from opwatch.state.folder import one_at_a_time  # noqa: PLC0415, see above

    return one_at_a_time(name, sleep=pause)


def _mark(name: str) -> None:
    from opwatch.state.folder import mark  # noqa: PLC0415, see above

    mark(name)


def _is_marked(name: str) -> bool:
    from opwatch.state.folder import is_marked  # noqa: PLC0415, see above

    return is_marked(name)


@dataclass(frozen=True, slots=True)
class RunContext(CredentialContext):
    """What a run may use of its surroundings: what its credentials may, and more.

    *ca_file* is an additional certificate authority. *trace* is called with each
    exchange and the seconds that it took, *notice* with what is odd about a profile's
    credential, before the run and after it; *announce* is called before it only.
    *recorder* writes the run down; *shares_hosts* tells whether other processes are minded
    that ask the same hosts.
    """

    clock: Clock = field(default_factory=SystemClock)
    lock: Lock = _one_at_a_time
    mark: Callable[[str], None] = _mark
    is_marked: Callable[[str], bool] = _is_marked
    ca_file: Path | None = None
    catch_signals: bool = False
    uniform: Uniform = random.uniform
    shares_hosts: bool = False
    trace: Trace | None = None
    recorder: Recorder | None = None
    notice: Callable[[str, str], None] = ignore
