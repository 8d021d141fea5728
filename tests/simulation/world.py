"""A world for the watcher: hosts, operations, and time that costs nothing.

Decides what each host truthfully answers at each moment, and drives the real
``Watcher`` through it on a heap of moments. Hours pass in milliseconds. What
was sent, told and decided is kept in a ``Run``, for ``simulation.laws`` to judge.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import (
    Answer,
    Finding,
    Operation,
    Poll,
    Reading,
    State,
    Target,
    Unchanged,
)
from opwatch.domain.outcome import Abort, Policy, Verdict
from opwatch.domain.pacing import PollingRules
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opwatch.domain.events import Event

HOST: Final = "https://api.example"


@dataclass(frozen=True, slots=True)
class Spell:
    """What answers are like from *start* until *end* seconds; *chance* is that of each request."""

    start: float
    end: float
    finding: Trouble | Unchanged
    chance: float = 1.0

    @property
    def is_outage(self) -> bool:
        return self.chance >= 1 and isinstance(self.finding, Trouble)


@dataclass(frozen=True, slots=True)
class Job:
    """The truth about one operation. Times are seconds since the watch began.

    It is unknown to its API before *appears* and after *vanishes*. While it
    runs it says *words* in turn, a word a minute. *percent* maps the part of
    its time that has passed to what it shows.
    """

    duration: float
    end: State = State.SUCCEEDED
    host: str = HOST
    group: str = ""
    percent: Callable[[float], float] | None = None
    appears: float = -math.inf
    vanishes: float = math.inf
    words: tuple[str, ...] = ()
    wait: float | None = None
    spells: tuple[Spell, ...] = ()

    def at(self, time: float) -> Reading | Trouble:
        if not self.appears <= time < self.vanishes:
            return Trouble(Fault.STATUS_NOT_FOUND, status=404)
        if time >= self.duration:
            return Reading(self.end, self.end.value.upper(), progress=100.0)
        percent = self.percent(time / self.duration) if self.percent else None
        if self.words:
            word = self.words[int(time // 60) % len(self.words)]
            return Reading(State.RUNNING, word, is_known_word=False, progress=percent)
        return Reading(State.RUNNING, "RUNNING", progress=percent, wait=self.wait)


@dataclass(frozen=True, slots=True)
class Host:
    """How one host behaves. *limit* requests a second are served, the rest get 429.

    *hint* is the pause that a 429 names. *largest* is the batch that it accepts.
    With *etags* it answers 304, when *stale* whatever has changed.
    """

    latency: tuple[float, float] = (0.05, 0.3)
    spells: tuple[Spell, ...] = ()
    limit: float = math.inf
    hint: float | None = None
    etags: bool = False
    stale: bool = False
    largest: int = 1_000_000


@dataclass(slots=True)
class Sent:
    """One request: the moments it left and was answered, and its answer."""

    at: float
    poll: Poll
    answer: Answer
    answered: float


@dataclass(slots=True)
class Run:
    """What happened in one watch."""

    world: World
    watcher: Watcher
    policy: Policy
    polling_rules: PollingRules
    sent: list[Sent] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    turns: int = 0
    ended: float = 0.0

    @property
    def operations(self) -> dict[str, Operation]:
        return {each.id: each for each in self.watcher.operations}

    @property
    def verdict(self) -> Verdict:
        return self.watcher.verdict()

    def outcomes(self) -> dict[str, str]:
        return {each.id: str(each.outcome) for each in self.watcher.operations}

    def requests(self, start: float = 0.0, end: float = math.inf, host: str = HOST) -> int:
        """Return how many requests left for *host* from *start* until *end*."""
        return sum(1 for each in self.sent if start <= each.at < end and _origin(each.poll) == host)


def _origin(poll: Poll) -> str:
    return poll.targets[0].origin


class World:
    """Hosts and jobs by name, and what befalls the watcher's own machine.

    *suspends* are (moment, seconds asleep), *signals* (moment, abort), *looks* the moments
    at which a person wants to know.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        hosts: Mapping[str, Host] | None = None,
        *,
        seed: int = 0,
        suspends: Sequence[tuple[float, float]] = (),
        signals: Sequence[tuple[float, Abort]] = (),
        looks: Sequence[float] = (),
    ) -> None:
        self.jobs = dict(jobs)
        self.hosts = {job.host: Host() for job in jobs.values()} | dict(hosts or {})
        self.suspends = tuple(sorted(suspends))
        self.signals = tuple(sorted(signals))
        self.looks = tuple(sorted(looks))
        self.seed = seed
        self._chance = random.Random(seed)  # noqa: S311, a reproducible world is the point
        self._shown: dict[str, Finding] = {}
        self._served: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))

    def watch(
        self,
        policy: Policy | None = None,
        polling_rules: PollingRules | None = None,
        *,
        order: Sequence[str] | None = None,
        until: float = math.inf,
    ) -> Run:
        """Watch all jobs, asked for in *order*, to the end or *until* that moment."""
        targets = [
            Target(name, name, self.jobs[name].host, group=self.jobs[name].group)
            for name in order or self.jobs
        ]
        policy, polling_rules = policy or Policy(), polling_rules or PollingRules()
        rng = random.Random(self.seed + 1)  # noqa: S311, as above
        watcher = Watcher(targets, {"": polling_rules}, policy, now=0.0, uniform=rng.uniform)
        run = Run(self, watcher, policy, polling_rules)
        run.events += watcher.start()
        go_on(run, until)
        return run

    def answer(self, poll: Poll, now: float) -> tuple[float, Answer]:
        """Return when *poll*, sent at *now*, is answered, and how."""
        host = self.hosts[_origin(poll)]
        latency = self._chance.uniform(*host.latency)
        served_at = now + latency / 2
        answer = self._refusal(host, poll, served_at) or Answer(
            tuple(self._finding(target.id, host, served_at, poll) for target in poll.targets)
        )
        if latency >= poll.timeout or any(_is_silent(each) for each in answer.findings):
            return now + poll.timeout, Answer.all(Trouble(Fault.TIMEOUT), len(poll.targets))
        return now + latency, answer

    def _refusal(self, host: Host, poll: Poll, at: float) -> Answer | None:
        count = len(poll.targets)
        for spell in host.spells:
            if spell.start <= at < spell.end and self._chance.random() < spell.chance:
                return Answer.all(spell.finding, count)
        if count > host.largest:
            return Answer.all(Trouble(Fault.STATUS_TOO_LARGE_BATCH, status=413), count)
        if self._is_over_limit(host, _origin(poll), at):
            return Answer.all(Trouble(Fault.STATUS_THROTTLED, status=429, wait=host.hint), count)
        return None

    def _is_over_limit(self, host: Host, name: str, at: float) -> bool:
        """Serve from a bucket of one second's requests."""
        if math.isinf(host.limit):
            return False
        level, since = self._served[name]
        level = max(0.0, level - max(0.0, at - since) * host.limit)
        over = level + 1 > max(1.0, host.limit)
        self._served[name] = (level if over else level + 1, max(since, at))
        return over

    def _finding(self, name: str, host: Host, at: float, poll: Poll) -> Finding:
        job = self.jobs[name]
        for spell in job.spells:
            if spell.start <= at < spell.end and self._chance.random() < spell.chance:
                self._shown.pop(name, None)
                return spell.finding
        finding = job.at(at)
        is_known = host.etags and poll.conditional and name in self._shown
        if is_known and (host.stale or self._shown[name] == finding):
            return Unchanged()
        # Only a good answer leaves a validator, and a bad one takes it away: see session/fetch.py.
        self._shown.pop(name, None)
        if isinstance(finding, Reading):
            self._shown[name] = finding
        return finding


def _is_silent(finding: Finding) -> bool:
    return isinstance(finding, Trouble) and finding.fault is Fault.TIMEOUT


def go_on(run: Run, until: float = math.inf) -> None:
    """Drive the watcher of *run* through its world, to the end or *until* that moment."""
    _Drive(run.world, run).to_end(until)


class _Drive:
    """The loop of the engine, on a heap instead of a clock."""

    def __init__(self, world: World, run: Run) -> None:
        self._world = world
        self._run = run
        self._now = 0.0
        self._due: list[tuple[float, int, Sent]] = []
        self._suspends = list(world.suspends)
        self._signals = list(world.signals)
        self._looks = list(world.looks)

    def to_end(self, until: float) -> None:
        run, watcher = self._run, self._run.watcher
        idle = 0
        while not watcher.finished and self._now < until:
            before, told = self._now, len(run.events) + len(run.sent)
            self._turn()
            run.turns += 1
            idle = 0 if self._now > before or len(run.events) + len(run.sent) > told else idle + 1
            assert idle < 3, f"the watcher is busy with nothing at {self._now}"
        run.ended = self._now

    def _turn(self) -> None:
        run, watcher, now = self._run, self._run.watcher, self._now
        run.events += watcher.tick(now)
        for poll in watcher.due(now):
            answered, answer = self._world.answer(poll, now)
            sent = Sent(now, poll, answer, answered)
            run.sent.append(sent)
            heapq.heappush(self._due, (answered, len(run.sent), sent))
        if not watcher.finished:
            self._pass_time()
            self._deliver()

    def _pass_time(self) -> None:
        moments = [self._run.watcher.wake_at(self._now)]
        if self._due:
            moments.append(self._due[0][0])
        if self._signals:
            moments.append(self._signals[0][0])
        moments += self._looks[:1]
        now = max(self._now, min(moments))
        if self._suspends and self._suspends[0][0] <= now:
            at, asleep = self._suspends.pop(0)
            now = max(self._now, at) + asleep
        self._now = now

    def _deliver(self) -> None:
        run, now = self._run, self._now
        while self._due and self._due[0][0] <= now:
            _, _, sent = heapq.heappop(self._due)
            sent.answered = now
            run.events += run.watcher.record(sent.poll, sent.answer, now)
        while self._looks and self._looks[0] <= now:
            del self._looks[0]
            run.watcher.look_now(now)
        while self._signals and self._signals[0][0] <= now:
            _, abort = self._signals.pop(0)
            run.events += run.watcher.interrupt(abort, now)
