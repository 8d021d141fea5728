"""A run that is recorded in no time: real engine, fetcher and profile, and a world of replies.

recorded = record(profile, ["a"], replies, path)
assert shown(replay(read_recording(path.read_bytes(), "it"))) == recorded.shown
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opwatch.credentials import Redactor
from opwatch.domain.messages import Headers, Request, Response
from opwatch.domain.operation import Target
from opwatch.domain.outcome import Abort, Outcome, Policy
from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine import drive
from opwatch.output.formats.jsonl import jsonl
from opwatch.session.plan import make_plan
from opwatch.session.recording.recorder import Recorder
from simulation.loop import VirtualClock, run_virtually

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from opwatch.domain.events import Event
    from opwatch.domain.operation import Operation
    from opwatch.engine import Inbox, LookNow
    from opwatch.engine.drive import Exchange
    from opwatch.profiles import Profile
    from opwatch.watcher.watcher import Watcher

Reply = Response | Trouble
Replies = Callable[[Request, int, float], Reply]
"""What is replied to a request, the n-th to its URL, at a moment of the run."""
WALL = 1_800_000_000.0
LATENCY = 0.2


@dataclass(slots=True)
class Recorded:
    """A run that was recorded: all that it told, and its exit code."""

    events: list[Event] = field(default_factory=list)
    redact: Redactor = field(default_factory=Redactor)

    @property
    def shown(self) -> str:
        return shown(self.events, self.redact)

    @property
    def code(self) -> int:
        code: int = self.events[-1].verdict.code  # type: ignore[union-attr]
        return code


@dataclass(slots=True)
class ReplyingSender:
    """Replies as *replies* says, a moment after each request."""

    replies: Replies
    clock: VirtualClock
    asked: dict[str, int] = field(default_factory=dict)

    def now(self) -> float:
        return self.clock.now()

    async def send(self, request: Request, timeout: float) -> Reply:
        self.asked[request.url] = number = self.asked.get(request.url, 0) + 1
        reply = self.replies(request, number, self.clock.now())
        silent = isinstance(reply, Trouble) and reply.fault is Fault.TIMEOUT
        await asyncio.sleep(timeout if silent else min(timeout, LATENCY))
        return reply


def shown(events: Iterable[Event], redact: Redactor | None = None) -> str:
    """Return what ``--jsonl`` prints of *events*."""
    stream = io.StringIO()
    with jsonl(
        stream,
        command="wait",
        wall_of=lambda at: datetime.fromtimestamp(WALL + at, UTC),
        redact=redact or Redactor(),
    ) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def reply(
    body: str | bytes = b"", status: int = 200, url: str = "https://api.example/a", **headers: str
) -> Response:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    data = body.encode() if isinstance(body, str) else body
    return Response(status, url, Headers(pairs), data, WALL)


def record(
    profile: Profile,
    references: Sequence[str | Target],
    replies: Replies,
    path: Path,
    policy: Policy | None = None,
    *,
    seed: int = 1,
    redact: Redactor | None = None,
    signals: Sequence[tuple[float, Abort | LookNow]] = (),
    suspends: Sequence[tuple[float, float]] = (),
    collect: Callable[[Operation], Any] | None = None,
    collects: Sequence[Outcome] = (Outcome.SUCCEEDED,),
    largest: int = 1 << 20,
    beside: Callable[[Watcher], Exchange] = lambda _watcher: lambda _now: (),
) -> Recorded:
    """Watch *references* to the end, with the run recorded in *path*.

    *signals* are (moment, message), *suspends* (moment, seconds asleep); *beside* returns what
    other processes do to the watcher.
    """
    targets = [each if isinstance(each, Target) else profile.target(each) for each in references]
    plan = make_plan([(profile, targets)], policy or Policy())
    recorded = Recorded(redact=redact or Redactor())
    recorder = Recorder(
        path, command="wait", redact=recorded.redact, wall=WALL, seed=seed, largest=largest
    )

    async def run() -> None:
        clock = VirtualClock()
        inbox: Inbox = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for at, abort in signals:
            loop.call_later(at, inbox.put_nowait, abort)
        for at, seconds in suspends:
            loop.call_later(at, lambda more: setattr(clock, "asleep", clock.asleep + more), seconds)
        senders = {name: ReplyingSender(replies, clock) for name in plan.profiles}

        async def collected(operation: Operation) -> Operation:
            assert collect is not None
            await asyncio.sleep(1.0)
            found: Operation = collect(operation)
            return found

        collectors = dict.fromkeys(collects, collected) if collect else {}
        watcher, fetch = recorder.begin(plan, senders, clock.now(), collects=collectors)
        finished = await drive(
            watcher,
            fetch,
            recorded.events.append,
            clock=clock,
            inbox=inbox,
            tick=5.0,
            collect=collectors,
            exchange=beside(watcher),
        )
        recorder.end(finished)

    run_virtually(run())
    return recorded
