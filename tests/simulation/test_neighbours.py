"""Processes of one user that ask the same host, each with a watcher, over a store of two lines.

The host serves a number of requests in any second and answers 429 to the others. Measured are
the requests that all send, and what each had answered.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Held
from opwatch.domain.operation import Answer, Poll, Reading, State, Target
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import Limits, PollingRules, regular
from opwatch.domain.sharing import Advice, HostReport
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.gate import Gate
from opwatch.watcher.neighbour import Neighbour, Neighbourhood
from opwatch.watcher.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.watcher.scheduler import GateKey

HOST = "https://api.example"
LIMIT = 50.0
STEP, LATENCY, APART, ALIVE = 0.01, 0.05, 0.1, 5.0


@dataclass
class Process:
    """One watcher of *many* operations that never end, from *begins* until *dies*."""

    name: str
    many: int
    begins: float = 0.0
    dies: float = math.inf
    rules: PollingRules = field(default_factory=lambda: PollingRules(pace=regular(1.0)))
    sent: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)

    def begin(
        self, now: float, chance: random.Random, presumed: int, policy: Policy | None = None
    ) -> None:
        targets = [Target(f"{n}", f"{n}", HOST, "jobs") for n in range(self.many)]
        self.watcher = Watcher(
            targets,
            {"jobs": self.rules},
            policy or Policy(),
            now=now,
            uniform=chance.uniform,
        )
        self.watcher.start()
        self.neighbourhood = Neighbourhood(self.watcher, self.name, now, presumed=presumed)
        self.exchanges_at = now + chance.uniform(0, APART)
        self.flying: deque[tuple[float, Poll, Answer]] = deque()


@dataclass
class Town:
    """All *processes*, the host that serves *limit* a second, and their reports."""

    processes: Sequence[Process]
    limit: float = LIMIT
    hint: float | None = None
    named: float | None = None
    is_shared: bool = True
    written: dict[str, deque[tuple[float, HostReport]]] = field(default_factory=dict)
    lately: deque[float] = field(default_factory=deque)
    refused: list[float] = field(default_factory=list)

    def live(self, seconds: float) -> None:
        chance = random.Random(7)  # noqa: S311, a simulation
        for number in range(round(seconds / STEP)):
            now = number * STEP
            for each in self.processes:
                if each.begins <= now < each.begins + STEP:
                    each.begin(now, chance, 7 if self.is_shared else 0)
                if each.begins <= now < each.dies:
                    self.turn(each, now)

    def turn(self, process: Process, now: float) -> None:
        watcher = process.watcher
        while process.flying and process.flying[0][0] <= now:
            _, poll, answer = process.flying.popleft()
            watcher.record(poll, answer, now)
        watcher.tick(now)
        if self.is_shared and now >= process.exchanges_at:
            self.exchange(process, now)
        for poll in watcher.due(now):
            process.sent.append(now)
            process.flying.append((now + LATENCY, poll, self.answer(process, now)))

    def exchange(self, process: Process, now: float) -> None:
        process.exchanges_at = now + APART
        heard: dict[GateKey, list[HostReport]] = {}
        for key, own in process.neighbourhood.report(now).items():
            heard[key] = [
                report
                for name, written in self.written.items()
                if name != process.name and (report := self.read(written, now)) is not None
            ]
            self.written.setdefault(process.name, deque(maxlen=5)).append((now, own))
        process.neighbourhood.follow(heard, now)

    def read(self, written: deque[tuple[float, HostReport]], now: float) -> HostReport | None:
        """Return the last that was *written* a tenth of a second ago or before."""
        old = [(at, each) for at, each in written if at <= now - APART]
        return old[-1][1] if old and now < old[-1][0] + ALIVE else None

    def answer(self, process: Process, now: float) -> Answer:
        while self.lately and self.lately[0] <= now - 1:
            self.lately.popleft()
        if len(self.lately) >= self.limit:
            self.refused.append(now)
            return Answer.all(Trouble(Fault.STATUS_THROTTLED, status=429, wait=self.hint), 1)
        self.lately.append(now)
        process.served.append(now)
        return Answer((Reading(State.RUNNING, "RUNNING"),), rate=self.named)


def crowd(count: int, *, rate: float = math.inf) -> list[Process]:
    """Return *count* processes that want far more than the host bears, told *rate* by a profile."""
    rules = PollingRules(pace=regular(1.0), limits=Limits(rate=rate))
    return [Process(str(number), 100, rules=rules) for number in range(count)]


def within(moments: Sequence[float], start: float, end: float) -> int:
    return sum(start <= each < end for each in moments)


def test_eight_ask_no_more_than_one_would_and_each_gets_its_part() -> None:
    town = Town(crowd(8))
    town.live(30.0)

    served = [within(each.served, 10, 30) for each in town.processes]
    sent = sum(within(each.sent, 10, 30) for each in town.processes)
    assert 0.6 * LIMIT * 20 < sent <= 1.05 * LIMIT * 20
    assert min(served) > 0.9 * sum(served) / 8
    assert max(served) < 1.1 * sum(served) / 8


def test_a_limit_that_is_documented_is_that_of_all_together() -> None:
    """The host refuses nothing, so that nobody learns anything from it."""
    town, control = Town(crowd(8, rate=LIMIT), math.inf), Town(crowd(8, rate=LIMIT), math.inf)
    control.is_shared = False
    for each in (town, control):
        each.live(10.0)

    sent = [sum(within(each.sent, 0, 10) for each in found.processes) for found in (town, control)]
    assert 0.9 * LIMIT * 10 < sent[0] <= 1.05 * LIMIT * 10
    assert sent[1] > 5 * LIMIT * 10


def test_the_pace_that_headers_name_is_that_of_all_together() -> None:
    town = Town(crowd(4), math.inf, named=LIMIT)
    town.live(10.0)

    sent = sum(within(each.sent, 1, 10) for each in town.processes)
    assert 0.9 * LIMIT * 9 < sent <= 1.05 * LIMIT * 9


def test_a_pause_that_one_is_asked_for_is_kept_by_all() -> None:
    town = Town(crowd(4), hint=20.0)
    town.live(30.0)

    (first, *_) = town.refused
    assert sum(within(each.sent, first + 0.3, first + 20) for each in town.processes) == 0
    assert all(within(each.served, first + 20, 30) for each in town.processes)


def test_the_part_of_one_that_dies_is_the_others_within_seconds() -> None:
    town = Town(crowd(2, rate=LIMIT), math.inf)
    town.processes[0].dies = 5.0
    town.live(15.0)

    left = town.processes[1].sent
    assert within(left, 3, 5) <= 1.1 * LIMIT
    assert within(left, 5 + ALIVE + 0.5, 15) >= 0.9 * LIMIT * (10 - ALIVE - 0.5)


def test_one_that_comes_late_takes_over_what_the_others_know() -> None:
    town = Town(crowd(3))
    town.processes[2].begins = 20.0
    town.live(30.0)

    parts = [within(each.served, 22, 30) for each in town.processes]
    assert sum(within(each.sent, 20, 30) for each in town.processes) <= 1.05 * LIMIT * 10
    assert min(parts) > 0.8 * sum(parts) / 3


def test_one_that_hardly_asks_leaves_its_part_to_the_others() -> None:
    town = Town(crowd(2, rate=LIMIT), math.inf)
    town.processes[1].many = 5
    town.live(10.0)

    assert within(town.processes[0].sent, 3, 10) >= 0.85 * LIMIT * 7
    assert within(town.processes[1].sent, 3, 10) >= 4 * 7


def test_a_watch_ends_as_it_would_alone_whatever_the_others_report() -> None:
    """The last look at the deadline minds no pause that only others were asked for."""
    process = Process("a", 1)
    process.begin(0.0, random.Random(7), 0, Policy(timeout=60.0))  # noqa: S311, a simulation
    process.neighbourhood.report(0.0)
    process.neighbourhood.follow({("jobs", HOST): [HostReport("b", 1.0, held_until=1e9)]}, 0.0)
    asked = [(now, poll) for now in range(62) for poll in at(process.watcher, now)]

    assert [now for now, _ in asked] == [60]


def at(watcher: Watcher, now: float) -> list[Poll]:
    watcher.tick(now)
    return watcher.due(now)


def a_pair(now: float) -> tuple[Gate, Neighbour]:
    gate = Gate(Limits(), min, now=now)
    return gate, Neighbour(gate, "z", now)


def test_the_pace_that_headers_named_to_another_is_kept() -> None:
    gate, neighbour = a_pair(0.0)
    own = neighbour.report(0.0, 1.0)

    gate.heed(neighbour.advice(own, [HostReport("b", 10.0, allowed=4.0, allowed_at=0.5)], 1.0), 1.0)

    assert gate.rate.whole == 4.0


def test_a_rate_that_is_kept_already_and_a_pause_that_is_known_are_no_advice() -> None:
    gate, neighbour = a_pair(0.0)
    gate.rate.allow(4.0, 0.5)
    gate.hold(0.5, 60.0)
    other = HostReport("b", 10.0, allowed=4.0, allowed_at=0.9, held_until=60.4)

    advice = neighbour.advice(neighbour.report(0.0, 1.0), [other], 1.0)
    later = neighbour.advice(neighbour.report(0.0, 1.0), [replace(other, held_until=99.0)], 1.0)

    assert (advice.allowed, advice.until) == (None, None)
    assert later.until == 99.0


def test_a_faster_measure_is_for_the_time_to_come() -> None:
    gate, _ = a_pair(0.0)
    while gate.rate.free_at(0.0) <= 0.0:
        gate.rate.take(0.0)

    gate.heed(Advice(1.0, measure=(1000.0, 1000.0)), 0.1)
    gate.rate.take(0.1)

    assert gate.rate.free_at(0.1) > 0.1


def test_the_measure_of_the_first_counts_again_after_an_own_pace_has_grown() -> None:
    process = Process("z", 1)
    process.begin(0.0, random.Random(7), 0)  # noqa: S311, a simulation
    first, rate = (
        HostReport("a", 3.0, 6.0, wants_more=True),
        process.watcher.gates["jobs", HOST].rate,
    )
    paces = []
    for now in (5.0, 6.0):
        process.neighbourhood.report(now)
        process.neighbourhood.follow({("jobs", HOST): [first]}, now)
        paces.append(rate.whole)
        rate.adopt(9.0, 9.0)

    assert paces == [3.0, 3.0]


@pytest.mark.parametrize(("after", "measure"), [(0.9, (5.0, 10.0)), (1.0, (3.0, 6.0))])
def test_the_measure_of_the_first_is_taken_over_but_not_right_after_an_own_throttle(
    after: float, measure: tuple[float, float]
) -> None:
    gate, neighbour = a_pair(0.0)
    gate.rate.throttled(10.0)
    own = neighbour.report(1.0, 10.0 + after)

    advice = neighbour.advice(own, [HostReport("a", 3.0, 6.0, wants_more=True)], 10.0 + after)
    gate.heed(advice, 10.0 + after)

    assert (gate.rate.whole, gate.rate.known) == measure


def test_one_that_is_in_time_wants_no_more() -> None:
    _, neighbour = a_pair(0.0)

    assert [neighbour.report(late, 1.0).wants_more for late in (0.0, 0.1, 0.11)] == [
        *(False, False),
        True,
    ]


def test_a_pause_that_others_were_asked_for_is_told_with_its_moment() -> None:
    process = Process("a", 1)
    process.begin(0.0, random.Random(7), 0)  # noqa: S311, a simulation
    process.neighbourhood.report(5.0)

    (held,) = process.neighbourhood.follow(
        {("jobs", HOST): [HostReport("b", 1.0, held_until=25.0)]}, 5.0
    )

    assert isinstance(held, Held)
    assert held.at == 5.0
    assert 25.0 <= held.until <= 27.0
