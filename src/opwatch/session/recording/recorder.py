"""The recorder: writes down whatever a run's watcher is given, while it goes on.

Decides that a line is on the disk before the next thing happens (a killed run leaves a
readable beginning), that each answer is read back from its masked form before it is
written (where a mask would change what is read, that is written too), and that nothing
about the recording can change how the run ends: where the disk is full, or the recording as
large as it may be, it ends there and says so.

``{"at": 3.5}`` is a tick; those that changed nothing are written only as far as is needed
to see that the machine did not sleep in between.
"""

from __future__ import annotations

import json
import os
import random
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from opwatch.credentials import Redactor
from opwatch.domain.errors import OpwatchError, UsageError
from opwatch.domain.events import Event, Finished
from opwatch.domain.messages import Request, Response
from opwatch.domain.outcome import Abort, Outcome
from opwatch.output.text.summary import Resume, unfinished
from opwatch.profiles.snapshot import profile_snapshot, restore_profile
from opwatch.session.fetch import Fetcher, Sends
from opwatch.session.recording.codec import Reply, encode, encode_answer, encode_reply, masked_reply
from opwatch.session.recording.recording import FORMAT, RecordedAnswers
from opwatch.state.discretion import masked_parameters
from opwatch.version import __version__
from opwatch.watcher.watcher import SUSPENDED, Watcher

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from opwatch.domain.durations import UsualDuration
    from opwatch.domain.operation import Answer, Operation, Poll
    from opwatch.domain.sharing import Advice
    from opwatch.session.plan import Plan
    from opwatch.session.sender import Trace
    from opwatch.watcher.scheduler import GateKey

    Heard = list[tuple[Reply, list[dict[str, Any]]]]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a recording."""
MOST_TOLD: Final = 1000
"""Warnings in its last line; each failure of a command of ``--exec`` is one."""
NOTHING: Final[Mapping[str, str]] = {}
_hops: ContextVar[list[dict[str, Any]] | None] = ContextVar("_hops", default=None)
_heard: ContextVar[Heard] = ContextVar("_heard")


class Recorder:
    """Writes the run of *command* into the new file *path*, at most *largest* bytes.

    *wall* is the time of day at 0 of the run's clock, in seconds since the epoch. A user's
    profile may hold what it took from *environ*: what is named there after a secret is
    masked in it. *failure* is why the recording is not whole, once it is not; *resume* returns
    the command that goes on, *warnings* are all that the run warned of, also outside its watch.
    It is a listener of the run.

    Raises:
        UsageError: the file is there already, or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        *,
        command: str,
        redact: Redactor,
        wall: float,
        timeout_code: int = 124,
        largest: int = LARGEST,
        seed: int | None = None,
        environ: Mapping[str, str] = NOTHING,
    ) -> None:
        self.failure: str | None = None
        self.resume: Resume | None = None
        self.warnings: Sequence[str] = ()
        self._told = 0
        self.redact = redact
        self._environ = environ
        self._head = {"command": command, "wall": wall, "timeout_code": timeout_code}
        self._seed = random.getrandbits(53) if seed is None else seed
        self._left = largest
        self._path = path
        self._begun = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as problem:
            raise UsageError(
                f"{path} exists already", hint="a recording needs a new file"
            ) from problem
        except OSError as problem:
            raise UsageError(f"cannot write {path}: {problem.strerror}") from problem

    def begin(
        self, plan: Plan, senders: Mapping[str, Sends], now: float, *, collects: Collection[Outcome]
    ) -> tuple[RecordedWatcher, RecordingFetcher]:
        """Write what the run begins with; return the watcher and the fetcher that are recorded.

        An end with an outcome that *collects* names is told when what belongs to it is there.
        """
        of_environ = Redactor()
        of_environ.learn_environ(self._environ)

        def redact(text: str) -> str:
            return of_environ(self.redact(text))

        snapshots = {
            name: profile_snapshot(profile, redact) for name, profile in plan.profiles.items()
        }
        try:
            restored = {name: restore_profile(name, each) for name, each in snapshots.items()}
        except OpwatchError as problem:
            # The operation may have been started already, so the run goes on without.
            self.failure = f"without what is secret in it, the profile is none: {problem}"
            self.close()
            restored = dict(plan.profiles)
        head = {
            "format": FORMAT,
            "version": __version__,
            **self._head,
            "seed": self._seed,
            "clock": now,
            "policy": encode(plan.policy, str),
            "profile": plan.profile_name,
            "duplicates": plan.duplicates,
            "collects": Outcome.SUCCEEDED in collects,
            "asks_why": Outcome.FAILED in collects,
            "profiles": snapshots,
            "targets": [self._target(each) for each in plan.targets],
        }
        self.write({"opwatch": "recording", **head})
        fetch = RecordingFetcher(plan, senders)
        watcher = RecordedWatcher(
            plan.targets,
            {name: profile.polling_rules for name, profile in plan.profiles.items()},
            plan.policy,
            now=now,
            uniform=random.Random(self._seed).uniform,  # noqa: S311, it is to be repeated
        )
        watcher.attach(self, RecordedAnswers(restored), fetch.heard)
        return watcher, fetch

    def _target(self, target: Any) -> dict[str, Any]:
        return {
            name: masked_parameters(each) if name in {"reference", "url"} else each
            for name, each in encode(target, self.redact).items()
        }

    def _masked(self, text: str) -> str:
        return masked_parameters(self.redact(text))

    def __call__(self, event: Event) -> None:
        """Note how many warnings there were when the last *event* was told."""
        if isinstance(event, Finished):
            self._told = len(self.warnings)

    def end(self, finished: Finished) -> None:
        """Write how the run ended, and close the file."""
        outcomes = [each.counted_as for each in finished.operations]
        line: dict[str, Any] = {"at": finished.at, "exit": finished.verdict.code}
        line["reason"] = finished.verdict.reason
        rest = unfinished(finished.operations)
        way_on = self.resume(rest) if self.resume and rest else None
        if way_on is not None:
            line["resume"] = self._masked(way_on)
        if self.warnings:
            line["warnings"] = [self._masked(each) for each in self.warnings[:MOST_TOLD]]
            line["told"] = self._told
        self.write({**line, "outcomes": outcomes})
        self.close()

    def close(self) -> None:
        """Close the file, and remove it if the run never began."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            if not self._begun:
                self._path.unlink(missing_ok=True)

    def write(self, line: Mapping[str, Any]) -> None:
        """Write *line*, unless the recording has ended."""
        if self._file < 0:
            return
        text = json.dumps(line, separators=(",", ":"))
        if len(text) >= self._left:
            text = json.dumps({"cut": "the recording was as large as it may be"})
            self.failure = "it was as large as it may be"
        self._left -= len(text) + 1
        self._begun = True
        try:
            left = memoryview(text.encode("ascii") + b"\n")
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as problem:
            self.failure = problem.strerror
        if self.failure is not None:
            self.close()

    def trace(self, shown: Trace | None) -> Trace:
        """Return a trace that notes each exchange of the reply under way, beside *shown*."""

        def note(request: Request, reply: Reply, seconds: float) -> None:
            if shown is not None:
                shown(request, reply, seconds)
            hops = _hops.get()
            if hops is not None:
                what: dict[str, Any] = (
                    {"status": reply.status}
                    if isinstance(reply, Response)
                    else {"fault": reply.fault}
                )
                url = self.redact(request.url.partition("?")[0])
                hops.append({"url": url, **what, "seconds": round(seconds, 3)})

        return note


class RecordingFetcher(Fetcher):
    """Answers the polls of *plan* through *senders*, and keeps what it *heard* until written."""

    def __init__(self, plan: Plan, senders: Mapping[str, Sends]) -> None:
        super().__init__(plan.profiles, {name: _Tap(each) for name, each in senders.items()})
        self.heard: dict[int, Heard] = {}

    async def __call__(self, poll: Poll) -> Answer:
        """Return the answer to *poll*."""
        heard = self.heard[id(poll)] = []
        _heard.set(heard)
        return await super().__call__(poll)


class _Tap:
    """A *sender* that notes each reply, with the exchanges before it."""

    def __init__(self, sender: Sends) -> None:
        self._sender = sender
        self.now = sender.now

    async def send(self, request: Request, timeout: float) -> Reply:
        hops: list[dict[str, Any]] = []
        _hops.set(hops)
        reply = await self._sender.send(request, timeout)
        # The last exchange is the reply itself.
        _heard.get().append((reply, hops[:-1]))
        return reply


class RecordedWatcher(Watcher):
    """A watcher that writes down what it is given."""

    def attach(self, recorder: Recorder, answers: RecordedAnswers, heard: dict[int, Heard]) -> None:
        """Write to *recorder* from now on, and read what was *heard* back as *answers* does."""
        self._recorder = recorder
        self._answers = answers
        self._heard = heard
        self._numbers: dict[int, int] = {}
        self._count = 0
        self._changed = False
        self._idle: float | None = None
        self._written = self._started_at

    def tick(self, now: float) -> Iterable[Event]:
        """Take in that time has passed."""
        events = super().tick(now)
        self._changed = bool(events) or (self.deadline is not None and now >= self.deadline)
        return events

    def due(self, now: float) -> list[Poll]:
        """Return the polls to send at *now*; write that they were."""
        polls = super().due(now)
        self._catch_up(now)
        if not polls and not self._changed:
            self._idle = now
            return polls
        self._tick(now, polls)
        return polls

    def _catch_up(self, now: float) -> None:
        """Write the last tick before *now*, if it would look as if the machine had slept."""
        if now - self._written > SUSPENDED and self._idle is not None:
            self._tick(self._idle)

    def _tick(self, at: float, polls: Sequence[Poll] = ()) -> None:
        self._written, self._idle = at, None
        for poll in polls:
            self._numbers[id(poll)] = self._count
            self._count += 1
        sent = {"sent": [each.indices for each in polls]} if polls else {}
        self._recorder.write({"at": at, **sent})

    def record(self, poll: Poll, answer: Answer, now: float) -> list[Event]:
        """Take in the *answer* to *poll*, and write it."""
        found = {"at": now, "poll": self._numbers.pop(id(poll), None)}
        self._recorder.write(found | self._written_answer(poll, answer))
        return super().record(poll, answer, now)

    def _written_answer(self, poll: Poll, answer: Answer) -> dict[str, Any]:
        """Return the replies to *poll*, masked, and the *answer* where they do not lead to it."""
        heard, redact = self._heard.pop(id(poll), []), self._recorder.redact
        wanted, lines = encode_answer(answer, redact), list[dict[str, Any]]()
        for by_name in (True, False):
            masked = [masked_reply(reply, redact, by_name=by_name) for reply, _ in heard]
            # Without one of them the others could not be read either.
            whole = [] if None in masked else [each for each in masked if each is not None]
            lines = [
                encode_reply(each, redact) | ({"before": hops} if hops else {})
                for each, (_, hops) in zip(whole, heard, strict=False)
            ]
            found = self._answers.read(poll, whole)
            if found is not None and encode_answer(found, redact) == wanted:
                return {"replies": lines}
        return {"replies": lines, "answer": wanted}

    def heed(self, key: GateKey, advice: Advice, now: float) -> list[Event]:
        """Follow *advice* about the host *key*, and write it."""
        host = encode(key, self._recorder.redact)
        self._give(now, {"host": host, "advice": encode(advice, str)})
        return super().heed(key, advice, now)

    def learn_usual(
        self, usual: Mapping[tuple[str, str | None], UsualDuration], offset: float
    ) -> None:
        """Take in how long operations usually take, and write it."""
        redact = self._recorder.redact
        known = [[*encode(key, redact), encode(each, redact)] for key, each in usual.items()]
        self._give(self._ticked_at, {"usual": known, "offset": offset})
        super().learn_usual(usual, offset)

    def _give(self, at: float, line: Mapping[str, Any]) -> None:
        """Write what the watcher is given right after a tick."""
        self._catch_up(at)
        self._recorder.write({"at": at, **line})

    def look_now(self, now: float) -> None:
        """Ask about all that is open, and write that a person wanted it."""
        self._recorder.write({"at": now, "look": True})
        super().look_now(now)

    def interrupt(self, abort: Abort, now: float) -> list[Event]:
        """End the watch of all that is open, and write why."""
        self._recorder.write({"at": now, "abort": abort})
        return super().interrupt(abort, now)

    def set_result(self, operation: Operation, now: float) -> list[Event]:
        """Take in *operation* with its result or why it failed, and write that."""
        index = next(i for i, each in enumerate(self.operations) if each.target is operation.target)
        redact, reading, found = self._recorder.redact, operation.reading, dict[str, Any]()
        if operation.outcome is Outcome.SUCCEEDED:
            found["result"] = encode(reading and reading.result, redact)
            more = {"reason": operation.reason, "trouble": operation.trouble}
            found |= {name: encode(each, redact) for name, each in more.items() if each is not None}
        else:
            found["failure"] = encode(operation.failure and operation.failure._asdict(), redact)
        self._recorder.write({"at": now, "result_of": index, **found})
        return super().set_result(operation, now)
