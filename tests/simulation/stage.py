"""Combined worlds carried out: each run, what is left of it after a kill, and the truth.

Profile, fetcher, watcher, journal and resume are the real ones; time is computed. Nothing but
the end that its API has said of an operation, or a reason that was given, may be how the watch
of it ended.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from opwatch.domain.events import Finished
from opwatch.domain.kept import KeptRun
from opwatch.domain.outcome import Goal, Outcome, Reason
from opwatch.profiles import load_config
from opwatch.session.fetch import Fetcher
from opwatch.session.resume import resumed_plan
from opwatch.state.journal import Journal
from opwatch.state.runs import find_run
from opwatch.state.store import open_store
from opwatch.watcher.watcher import Watcher
from simulation.combined import BAD, ENDS, EPOCH, RUN, Api, Combination, Key, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opwatch.domain.operation import Operation
    from opwatch.domain.outcome import Verdict
    from opwatch.session.sender import Sender
    from opwatch.state.folder import RunLock


@dataclass
class Ended:
    """How a world ended, and what its API had said of each operation."""

    world: Combination
    operations: tuple[Operation, ...]
    verdict: Verdict
    keys: list[Key]
    said: dict[Key, list[str]]


def play(seed: int, folder: Path) -> Ended:
    """Return how the world of *seed* ended, whose runs are kept in *folder*."""
    return asyncio.run(Stage(Combination(seed), folder).play())


class Stage:
    """The runs of one *world*, one after the other, until one of them ends by itself."""

    def __init__(self, world: Combination, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._api = Api(world)
        self._plan = world.plan()
        self._bound = dict(self._plan.profiles)
        self._now = 0.0

    async def play(self) -> Ended:
        world, rng = self._world, self._world.rng
        keys = [(each.params["tenant"], each.params["id"]) for each in self._plan.targets]
        kept = KeptRun(RUN, "wait", options={"any_": world.policy.goal is Goal.ANY})
        kills = 0 if world.policy.once else rng.choice((0, 0, 1, 2))
        for number in range(kills + 1):
            watcher = await self._watch(kept, rng.randint(1, 12) if number < kills else None)
            if watcher.finished:
                operations, said = watcher.operations, self._api.said
                return Ended(world, operations, watcher.verdict(), keys, said)
            self._now += rng.choice((1.0, 100.0, 5000.0))
            kept = self._resume()
        raise AssertionError("it never ends")

    def _resume(self) -> KeptRun:
        """Plan what the store says is left; return the run as it was kept."""
        with closing(open_store(self._folder)) as store:
            kept = find_run(store, RUN)
        assert kept is not None
        policy = self._world.policy
        self._plan = resumed_plan(
            kept, policy, self._bound, load_config(None, {}), {}, has_token=False,
            until=EPOCH + (policy.timeout or 0.0), clock_of=lambda at: at - EPOCH,
        )  # fmt: skip
        return kept

    async def _watch(self, kept: KeptRun, most: int | None) -> Watcher:
        """Watch until all has ended, or *most* requests were sent: then the process is killed."""
        fetcher = Fetcher(self._bound, dict.fromkeys(self._bound, cast("Sender", self._api)))
        watcher = Watcher(
            self._plan.targets,
            {name: each.polling_rules for name, each in self._bound.items()},
            self._plan.policy_at(EPOCH + self._now),
            now=self._now,
            uniform=self._world.rng.uniform,
        )
        journal = Journal(
            self._folder,
            kept,
            redact=str,
            wall_of=lambda at: EPOCH + at,
            memory=fetcher.memory,
            cookies=lambda: (),
            lock=cast("RunLock", _NoLock()) if kept.started_at else None,
        )
        try:
            await self._drive(watcher, fetcher, journal, math.inf if most is None else most)
        finally:
            journal.settle()
            journal.close(0)
        return watcher

    async def _drive(
        self, watcher: Watcher, fetcher: Fetcher, journal: Journal, most: float
    ) -> None:
        events, sent = watcher.start(), 0
        while True:
            for each in events:
                journal(each)
            if watcher.finished or sent >= most:
                break
            self._now = max(self._now, watcher.wake_at(self._now))
            events = list(watcher.tick(self._now))
            polls = [(poll, await fetcher(poll)) for poll in watcher.due(self._now)]
            sent += len(polls)
            self._world.rng.shuffle(polls)
            for poll, answer in polls:
                self._now += 0.1
                events += watcher.record(poll, answer, self._now)
        if watcher.finished:
            journal(Finished(self._now, watcher.operations, watcher.verdict()))


class _NoLock:
    """Nobody else is here."""

    def close(self) -> None: ...


# -- the truth -----------------------------------------------------------------------------


def wrongs(ended: Ended) -> Iterator[str]:
    """Yield what the API's words do not allow of how it *ended*."""
    world, policy = ended.world, ended.world.policy
    outcomes = [each.outcome for each in ended.operations]
    everything = {word for said in ended.said.values() for word in said}
    for key, operation in zip(ended.keys, ended.operations, strict=True):
        script, said = world.scripts[key], ended.said[key]
        wrong = _wrong(operation, script, said, everything, world)
        if wrong:
            yield f"{'/'.join(key)} {operation.outcome} ({operation.reason}) {wrong}: {said}"
    won = (
        Outcome.SUCCEEDED in outcomes
        if policy.goal is Goal.ANY
        else set(outcomes) == {Outcome.SUCCEEDED}
    )
    if (ended.verdict.code == 0) is not won:
        yield f"exit code {ended.verdict.code} of {outcomes}"


def _wrong(
    operation: Operation, script: Script, said: list[str], everything: set[str], world: Combination
) -> str | None:
    """Return what is wrong with the end of *operation*, of which this was *said*."""
    policy = world.policy
    match operation.outcome:
        case None:
            return "has not ended"
        case Outcome.SUCCEEDED | Outcome.FAILED | Outcome.CANCELLED:
            return _wrong_end(operation, script, said, world)
        case Outcome.NOT_FOUND if not any(each.startswith("404") for each in said):
            return "was never missed"
        case Outcome.DENIED if not everything & {"401", "403"}:  # the credential is that of all
            return "was never refused"
        case Outcome.UNKNOWN if not set(said) & {*BAD, "odd"}:
            return "has no reason"
        case Outcome.PENDING if not (policy.fail_fast or policy.once or policy.goal is Goal.ANY):
            return "was left"
    return None


def _wrong_end(
    operation: Operation, script: Script, said: list[str], world: Combination
) -> str | None:
    policy, outcome = world.policy, operation.outcome
    heard = [each for each in said if each not in BAD]
    end = script.end if script.end in heard else None
    match operation.reason:
        case Reason.BLOCKED:
            return None if policy.fail_on_blocked and "hold" in heard else "was not on hold"
        case Reason.WARNINGS:
            return None if policy.fail_on_warnings and end == "partly" else "had no warnings"
        case Reason.GONE:
            return None if world.gone and said[-1] == "404" and heard else "was not gone"
        case _:
            pass
    if end is None or ENDS[end] is not outcome:
        return f"is not its end ({end})"
    return "had warnings" if policy.fail_on_warnings and end == "partly" else None
