"""A run written by hand: the events that renderers are shown in tests, and on a real terminal.

``python tests/output/script.py [--fast] [--style lines]`` plays the story on this terminal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from opwatch.domain.events import (
    Ended,
    Event,
    Finished,
    Held,
    Interrupted,
    Observed,
    Oddity,
    Resumed,
    Started,
    Ticked,
    Troubled,
    Warned,
)
from opwatch.domain.operation import Failure, Operation, OperationError, Reading, State, Target
from opwatch.domain.outcome import Abort, Goal, Outcome, Reason, Verdict, verdict
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOON = datetime(2026, 11, 22, 10, 12, 17, tzinfo=UTC)
HOST = "api.example.com"


def wall_of(at: float) -> datetime:
    """Return the time of day of a run that began at 10:12:17."""
    return NOON + timedelta(seconds=at)


def target(reference: str, *, profile: str = "fullstory", host: str = HOST, **more: Any) -> Target:
    more.setdefault("id", reference)
    return Target(reference=reference, origin=f"https://{host}", profile=profile, **more)


@dataclass
class Story:
    """Writes the events of a run; ``at`` is its clock."""

    references: Sequence[str | Target]
    timeout: float | None = None
    at: float = 0.0
    events: list[Event] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        targets = [each if isinstance(each, Target) else target(each) for each in self.references]
        self.operations = {
            each.reference: Operation(each, watched_from=self.at) for each in targets
        }
        self.began = self.at
        deadline = None if self.timeout is None else self.at + self.timeout
        self._add(Started(self.at, tuple(self.operations.values()), deadline))

    def _add(self, event: Event) -> None:
        self.events.append(event)

    def _now(self, reference: str, **changes: Any) -> Operation:
        self.operations[reference] = self.operations[reference].but(**changes)
        return self.operations[reference]

    def read(
        self,
        reference: str,
        status: str = "RUNNING",
        progress: float | None = None,
        *,
        state: State = State.RUNNING,
        again: float = 10.0,
        eta: float | None = None,
        usually: float | None = None,
        outcome: Outcome | None = None,
        **more: Any,
    ) -> Story:
        """Give a good answer; the last one has its outcome, as the watcher does."""
        before = self.operations[reference]
        reading = Reading(state, status=status, progress=progress, **more)
        changed = reading.differs_from(before.reading)
        operation = self._now(
            reference,
            reading=reading,
            confirmed_at=self.at,
            changed_at=self.at if changed else before.changed_at,
            usually=usually,
            polls=before.polls + 1,
            streak=0,
            trouble=None,
            next_poll_at=self.at + again,
            eta=eta,
            outcome=outcome,
            ended_at=None if outcome is None else self.at,
        )
        self._add(Observed(self.at, operation, changed))
        return self

    def bad(
        self, reference: str, fault: Fault | Trouble, *, again: float = 8.0, **more: Any
    ) -> Story:
        trouble = fault if isinstance(fault, Trouble) else Trouble(fault, host=HOST, **more)
        before = self.operations[reference]
        operation = self._now(
            reference,
            polls=before.polls + 1,
            problems=before.problems + 1,
            streak=before.streak + 1,
            trouble=trouble,
            next_poll_at=self.at + again,
        )
        self._add(Troubled(self.at, operation, trouble))
        return self

    def end(
        self, reference: str, outcome: Outcome, reason: Reason | None = None, **changes: Any
    ) -> Story:
        ended = {"ended_at": self.at, "next_poll_at": None, "eta": None, **changes}
        operation = self._now(reference, outcome=outcome, reason=reason, **ended)
        self._add(Ended(self.at, operation))
        return self

    def succeed(self, reference: str, status: str = "COMPLETED", **more: Any) -> Story:
        more.setdefault("progress", 100.0)
        self.read(reference, status, state=State.SUCCEEDED, outcome=Outcome.SUCCEEDED, **more)
        return self.end(reference, Outcome.SUCCEEDED)

    def fail(
        self,
        reference: str,
        message: str,
        code: str | None = None,
        failure: Failure | None = None,
    ) -> Story:
        error = OperationError(code, message)
        progress = getattr(self.operations[reference].reading, "progress", None)
        ended: dict[str, Any] = {"state": State.FAILED, "outcome": Outcome.FAILED}
        self.read(reference, "FAILED", progress, error=error, **ended)
        self._now(reference, failure=failure)
        return self.end(reference, Outcome.FAILED)

    def hold(
        self,
        seconds: float,
        trouble: Trouble | None = None,
        host: str = HOST,
        *,
        is_of_another: bool = False,
    ) -> Story:
        until = self.at + seconds
        self._add(Held(self.at, f"https://{host}", until, trouble, is_of_another=is_of_another))
        return self

    def warn(self, oddity: Oddity, text: str, reference: str | None = None) -> Story:
        self._add(Warned(self.at, oddity, text, reference))
        return self

    def sleep(self, gap: float) -> Story:
        self.at += gap
        self._add(Resumed(self.at, gap))
        return self

    def wait(self, seconds: float, step: float = 1.0) -> Story:
        """Let time pass, with a tick each *step*."""
        until = self.at + seconds
        while self.at < until - 1e-9:
            self.at = min(until, self.at + step)
            self._add(Ticked(self.at))
        return self

    def interrupt(self, abort: Abort = Abort.INTERRUPTED) -> Story:
        self._add(Interrupted(self.at, abort))
        for reference, operation in list(self.operations.items()):
            if not operation.is_over:
                self.end(reference, Outcome.PENDING, Reason.DETACHED)
        return self.finish(frozenset({abort}))

    def finish(self, aborts: frozenset[Abort] = frozenset()) -> Story:
        self._add(Finished(self.at, tuple(self.operations.values()), self.verdict(aborts)))
        return self

    def verdict(self, aborts: frozenset[Abort] = frozenset()) -> Verdict:
        outcomes = [each.outcome or Outcome.PENDING for each in self.operations.values()]
        return verdict(outcomes, goal=Goal.ALL, aborts=aborts)


def four(*, step: float = 1.0) -> Story:
    """Return the run of the README: one of each outcome."""
    story = Story(
        ["export-7f3a0c1d91", "export-9c01ab07", "delete-user-2", "import-44"], timeout=1800.0
    )
    done, half, silent, bad = story.operations
    story.wait(1, step)
    for each in story.operations:
        story.read(each, "PENDING", state=State.PENDING)
    story.wait(9, step)
    story.read(done, progress=30.0).read(half, progress=12.0).read(bad, progress=25.0)
    story.wait(14, step)
    story.read(done, progress=72.0, eta=9.0).read(half, progress=21.0)
    story.wait(23, step)
    story.succeed(done, result={"searchExportId": "YKDYR5yeTq2"})
    story.read(bad, progress=25.0)
    for pause in (5, 8):
        story.bad(bad, Fault.STATUS_TRANSIENT, status=502, again=pause).wait(pause, step)
    story.read(half, progress=55.0, eta=59.0, again=20.0)
    story.bad(bad, Fault.STATUS_TRANSIENT, status=502, again=16.0).wait(4, step)
    story.read(silent, "PENDING", state=State.PENDING)
    story.wait(60, step)
    story.read(bad, progress=40.0).read(half, progress=90.0, eta=8.0).wait(15, step)
    story.fail(bad, "bad column 'x'", "17")
    story.succeed(half, result={"searchExportId": "ZZ81"})
    for _ in range(41):
        story.bad(silent, Fault.STATUS_TRANSIENT, status=502, again=8.0).wait(8, step)
    story.end(silent, Outcome.UNKNOWN, Reason.LOST_CONTACT)
    return story.finish()


def crowd(many: int = 10_000) -> Story:
    """Return a run of *many* operations in the middle of its work."""
    story = Story([f"job-{number:05d}" for number in range(many)])
    story.wait(1)
    for number, each in enumerate(story.operations):
        match number % 13:
            case 0:
                story.succeed(each)
            case 1 | 2 | 3:
                story.read(each, progress=float(number % 100))
            case 4 if number % 5 == 0:
                story.bad(each, Fault.TIMEOUT)
            case 5 if number % 1000 == 18:
                story.fail(each, "disk full", "28")
            case _:
                story.read(each, "QUEUED", state=State.PENDING)
    return story.wait(4)


def play(
    events: Sequence[Event], listener: Callable[[Event], None], sleep: Callable[[float], None]
) -> None:
    """Pass on *events* as fast as *sleep* lets time pass."""
    last = events[0].at
    for event in events:
        if event.at > last:
            sleep(event.at - last)
            last = event.at
        listener(event)


def kinds(events: Sequence[Event]) -> Counter[str]:
    """Return how many events of each kind there are."""
    return Counter(type(each).__name__ for each in events)


def _main() -> Iterator[str]:
    from opwatch.output.terminal import Style  # noqa: PLC0415, as below
    from opwatch.output.terminal.display import open_display  # noqa: PLC0415, for the terminal only

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--style", default="auto")
    parser.add_argument("--crowd", type=int, default=0)
    parser.add_argument("--interrupt-at", type=float, default=0.0)
    options = parser.parse_args()
    story = crowd(options.crowd).wait(20, 0.1) if options.crowd else four(step=0.1)
    events = story.events
    if options.interrupt_at:
        story.events = [each for each in events if each.at < options.interrupt_at]
        story.at = options.interrupt_at
        last = {
            each.operation.reference: each.operation
            for each in story.events
            if hasattr(each, "operation")
        }
        story.operations |= last
        events = story.interrupt().events

    def resume(unfinished: Sequence[Operation]) -> str:
        return " ".join(["opwatch wait -p fullstory", *(each.reference for each in unfinished)])

    chosen = open_display(Style(options.style), sys.stderr, wall_of=wall_of, resume=resume)
    with chosen as listener:
        play(events, listener, lambda seconds: time.sleep(seconds / options.speed))
    yield "done"


if __name__ == "__main__":
    list(_main())
