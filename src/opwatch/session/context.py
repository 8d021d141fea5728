"""Everything that a run takes from outside, in one value.

Decides the seams of a run: environment, clock, chance, the token that was piped in,
and who may be asked. Tests replace any of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from opwatch.credentials.context import CredentialContext, Lock, ignore
from opwatch.engine import SystemClock, pause
from opwatch.state.folder import is_marked, mark, one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opwatch.domain.moments import Clock
    from opwatch.domain.pacing import Uniform
    from opwatch.session.recording.recorder import Recorder
    from opwatch.session.sender import Trace

_one_at_a_time: Lock = partial(one_at_a_time, sleep=pause)


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
    mark: Callable[[str], None] = mark
    is_marked: Callable[[str], bool] = is_marked
    ca_file: Path | None = None
    catch_signals: bool = False
    uniform: Uniform = random.uniform
    shares_hosts: bool = False
    trace: Trace | None = None
    recorder: Recorder | None = None
    notice: Callable[[str, str], None] = ignore
