"""The operations that the demo server runs, and what happens to each of them.

Decides the state and the progress at each moment as a pure function of the seconds since the
start, written down beforehand, so that a test with a clock of its own knows both. And who is
who: an operation is named by its dialect's profile and its id. Started from any thread,
polled from the server's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import OperationError, State

if TYPE_CHECKING:
    from collections.abc import Mapping

TENTHS: Final = tuple(float(percent) for percent in range(0, 100, 10))
_FAILURE: Final = OperationError(code="DemoFailure", message="This operation was started to fail.")


# -- what will happen ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hitch:
    """A poll that goes wrong: the *at*-th about the operation, and *times* in a row.

    *status* is the HTTP status of the answer, None to drop the connection
    without one. *wait* is what a 429 names, in whole seconds.
    """

    at: int
    status: int | None = 502
    wait: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class JobPhase:
    """Where an operation stands; *since* is in seconds after its start."""

    state: State
    percent: float
    since: float


@dataclass(frozen=True, slots=True)
class Script:
    """The life of an operation that ends as *end* after *seconds* (``inf``: never).

    It is pending for *pending* seconds, then runs through *steps*, percentages
    that share the rest of the time evenly. An operation that ends badly keeps
    its last step.
    """

    seconds: float
    end: State = State.SUCCEEDED
    pending: float = 0.0
    steps: tuple[float, ...] = TENTHS
    message: str | None = None
    error: OperationError | None = None
    hitches: tuple[Hitch, ...] = ()

    def __post_init__(self) -> None:
        if not self.end.is_terminal:
            raise ValueError(f"an operation cannot end as {self.end}")
        if not 0 <= self.pending <= self.seconds:
            raise ValueError("an operation cannot end before it runs")
        if not self.steps:
            raise ValueError("an operation needs at least one step")

    def at(self, elapsed: float) -> JobPhase:
        """Return where the operation stands *elapsed* seconds after its start."""
        if elapsed >= self.seconds:
            last = 100.0 if self.end is State.SUCCEEDED else self.steps[-1]
            return JobPhase(self.end, last, self.seconds)
        if elapsed < self.pending:
            return JobPhase(State.PENDING, 0.0, 0.0)
        step = int((elapsed - self.pending) / (self.seconds - self.pending) * len(self.steps))
        return JobPhase(State.RUNNING, self.steps[min(step, len(self.steps) - 1)], self.pending)

    @property
    def failure(self) -> OperationError:
        """Why it fails, if it does."""
        return self.error or _FAILURE

    def hitch(self, poll: int) -> Hitch | None:
        """Return what goes wrong with the *poll*-th poll (from 1), None for nothing."""
        return next((it for it in self.hitches if it.at <= poll < it.at + it.times), None)


# -- who is who ----------------------------------------------------------------------


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
