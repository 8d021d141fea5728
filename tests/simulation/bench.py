"""A watcher in the hand of a test: one answer at a time, on a clock that the test moves."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final, TypeVar

from opwatch.domain.operation import Answer, Finding, Operation, Poll, Reading, State, Target
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import PollingRules
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.events import Event
    from opwatch.domain.pacing import Uniform

RUNNING: Final = Reading(State.RUNNING, "RUNNING")
SUCCEEDED: Final = Reading(State.SUCCEEDED, "COMPLETED")
FAILED: Final = Reading(State.FAILED, "FAILED")
CANCELLED: Final = Reading(State.CANCELLED, "CANCELLED")
BAD_GATEWAY: Final = Trouble(Fault.STATUS_TRANSIENT, status=502)
NOT_FOUND: Final = Trouble(Fault.STATUS_NOT_FOUND, status=404)
REFUSED: Final = Trouble(Fault.CONNECTION_REFUSED)
LATENCY: Final = 0.1
PATIENCE: Final = 100_000

E = TypeVar("E", bound="Event")


def middle(low: float, high: float) -> float:
    """Draw no lot: the mean of the two bounds."""
    return (low + high) / 2


def throttled(wait: float | None = None) -> Trouble:
    return Trouble(Fault.STATUS_THROTTLED, status=429, wait=wait)


def running(
    percent: float | None = None, *, status: str = "RUNNING", wait: float | None = None
) -> Reading:
    return Reading(State.RUNNING, status, progress=percent, wait=wait)


class Bench:
    """Operations *names* at one host. Times are seconds since the watch began."""

    def __init__(
        self,
        *names: str,
        policy: Policy | None = None,
        polling_rules: PollingRules | None = None,
        group: str = "",
        uniform: Uniform = middle,
        targets: Sequence[Target] = (),
    ) -> None:
        self.now = 0.0
        named = [Target(name, name, "https://api.example", group=group) for name in names or ("a",)]
        self.watcher = Watcher(
            targets or named,
            {"": polling_rules or PollingRules()},
            policy or Policy(),
            now=0.0,
            uniform=uniform,
        )
        self.events: list[Event] = []
        self.asked: list[Poll] = []
        self._pending: Poll | None = None

    # -- moving the clock --------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let *seconds* pass, as the engine does, while nothing is sent."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 5.0)
            self.events += self.watcher.tick(self.now)

    def run(self, *findings: Finding, until: float = math.inf) -> None:
        """Answer every poll with *findings*, the last one again and again, to the end."""
        script = deque(findings)
        for _ in range(PATIENCE):
            for poll in [self._pending] if self._pending else self.ask():
                self.now += LATENCY
                self.record(poll, script.popleft() if len(script) > 1 else script[0])
            if self.watcher.finished or self.now >= until:
                return
            self.now = max(self.now, self.watcher.wake_at(self.now))
        raise AssertionError("it never ends")

    def sleep(self, seconds: float) -> None:
        """Suspend the machine for *seconds*."""
        self.now += seconds
        self.events += self.watcher.tick(self.now)

    def ask(self) -> list[Poll]:
        """Return the polls that are due now."""
        self.events += self.watcher.tick(self.now)
        polls = self.watcher.due(self.now)
        self.asked += polls
        return polls

    def next(self) -> Poll:
        """Move on to the next poll and return it; there must be but one."""
        for _ in range(PATIENCE):
            polls = [self._pending] if self._pending else self.ask()
            if polls:
                assert len(polls) == 1, "more than one poll is due"
                self._pending = polls[0]
                return polls[0]
            assert not self.watcher.finished, "nothing more will be asked"
            self.now = max(self.now, self.watcher.wake_at(self.now))
        raise AssertionError("nothing was ever asked")

    def answer(
        self, *findings: Finding, wait: float | None = None, latency: float = LATENCY
    ) -> Poll:
        """Answer each next poll, one after the other, with one of *findings*; return the last."""
        for finding in findings:
            poll = self.next()
            self.now += latency
            self.record(poll, finding, wait=wait)
        return poll

    def record(self, poll: Poll, *findings: Finding, wait: float | None = None) -> None:
        """Take in *findings* as the answer to *poll*; one stands for all its operations."""
        many = findings if len(findings) == len(poll.indices) else findings * len(poll.indices)
        if wait is None and isinstance(findings[0], Trouble):
            wait = findings[0].wait
        self.events += self.watcher.record(poll, Answer(many, wait), self.now)
        self._pending = None

    def pause(self) -> float:
        """Return the seconds until the next poll."""
        since = self.now
        self.next()
        return self.now - since

    # -- what is to be seen ------------------------------------------------------

    @property
    def one(self) -> Operation:
        """The only, or the first, operation."""
        return self.watcher.operations[0]

    @property
    def outcomes(self) -> Sequence[str]:
        return [str(each.outcome) for each in self.watcher.operations]

    def told(self, kind: type[E]) -> list[E]:
        """Return the events of this *kind*, in order."""
        return [event for event in self.events if isinstance(event, kind)]
