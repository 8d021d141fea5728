"""The operations that the demo server runs, and what it knows to be true of them.

Decides who is who: an operation is named by its dialect's profile and its id.
Started from any thread, polled from the server's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.demo.script import JobPhase, Script
    from opwatch.domain.operation import State


@dataclass(slots=True)
class Job:
    """One operation. *began* is in seconds since the epoch, of the server's clock."""

    profile: str
    id: str
    script: Script
    began: float
    params: Mapping[str, str] = field(default_factory=dict)
    polls: int = 0

    def phase(self, now: float) -> JobPhase:
        """Return where it stands at *now*."""
        return self.script.at(now - self.began)

    def answers_to(self, params: Mapping[str, str]) -> bool:
        """Tell whether none of *params*, as a URL gave them, contradicts its own."""
        return all(params.get(name, value) == value for name, value in self.params.items())


@dataclass(frozen=True, slots=True)
class StartedJob:
    """How to name an operation that has been started: by *id*, *url* or *path*.

    *params* are the profile's parameters that go with the id.
    """

    profile: str
    id: str
    url: str
    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happens to an operation: its *state* now, its *end*, its *polls* so far."""

    profile: str
    id: str
    state: State
    end: State
    ends_at: float
    polls: int


class Jobs:
    """All operations of one server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._jobs: dict[tuple[str, str], Job] = {}

    def add(self, job: Job) -> Job:
        """Keep *job*.

        Raises:
            ValueError: its id is taken.
        """
        with self._lock:
            if (job.profile, job.id) in self._jobs:
                raise ValueError(f"{job.profile} already runs {job.id!r}")
            self._jobs[job.profile, job.id] = job
        return job

    def number(self) -> int:
        """Return a number that no operation of this server has had."""
        return next(self._numbers)

    def find(self, profile: str, name: str) -> Job | None:
        """Return the operation of *profile* with the id *name*, None for no such."""
        return self._jobs.get((profile, name))

    def of_profile(self, profile: str) -> tuple[Job, ...]:
        """Return the operations of *profile*, oldest first."""
        return tuple(job for job in self._all() if job.profile == profile)

    def truth(self, now: float) -> tuple[Truth, ...]:
        """Return what is true at *now* of every operation, oldest first."""
        return tuple(
            Truth(
                job.profile,
                job.id,
                job.phase(now).state,
                job.script.end,
                job.began + job.script.seconds,
                job.polls,
            )
            for job in self._all()
        )

    def _all(self) -> tuple[Job, ...]:
        with self._lock:
            return tuple(self._jobs.values())
