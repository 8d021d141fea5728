"""What will happen to one operation of the demo server, written down beforehand.

Decides the state and the progress at each moment as a pure function of the
seconds since the start, so that a test with a clock of its own knows both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opwatch.domain.operation import OperationError, State

TENTHS: Final = tuple(float(percent) for percent in range(0, 100, 10))
_FAILURE: Final = OperationError(code="DemoFailure", message="This operation was started to fail.")


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
