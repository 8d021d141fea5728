from __future__ import annotations

import math
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
from opwatch.domain.outcome import Abort, ExitCode, Goal, Outcome, Policy, Reason
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import (
    FINAL_AFTER_TRIES,
    OF_THE_OPERATION,
    RULES,
    Fault,
    FirstContact,
    Handling,
    Trouble,
)
from opwatch.watcher.watcher import TICK, Watcher
from simulation.bench import SUCCEEDED
from simulation.laws import check
from simulation.world import HOST, Host, Job, Spell, World

WAITS = st.none() | st.sampled_from([0.0, 1.0, 30.0, 700.0, 86_400.0])
READINGS = st.builds(
    Reading,
    state=st.sampled_from(State),
    status=st.sampled_from(["", "RUNNING", "QUEUED"]),
    progress=st.none() | st.floats(0, 100),
    is_known_word=st.booleans(),
    wait=WAITS,
)
TROUBLES = st.builds(
    Trouble,
    fault=st.sampled_from(Fault),
    status=st.sampled_from([None, 401, 403, 404, 502]),
    wait=WAITS,
)
FINDINGS = READINGS | TROUBLES | st.just(Unchanged())
POLICIES = st.builds(
    Policy,
    goal=st.sampled_from([Goal.ALL, Goal.ALL, Goal.ANY, Goal.READ]),
    timeout=st.none() | st.sampled_from([0.0, 20.0, 2000.0]),
    lost_after=st.none() | st.sampled_from([0.0, 5.0, 900.0]),
    stall=st.none() | st.sampled_from([1.0, 600.0]),
    interval=st.none() | st.sampled_from([0.1, 60.0]),
    confirm=st.none() | st.integers(1, 3),
    fail_fast=st.booleans(),
    fail_on_blocked=st.booleans(),
    once=st.sampled_from([False, False, False, True]),
)
HABITS = st.builds(
    PollingRules,
    pace=st.sampled_from([Pace(), Pace(steps=(1.0, 90.0)), Pace(first=0.1, longest=0.1)]),
    limits=st.builds(
        Limits,
        rate=st.sampled_from([0.2, 10.0, 1000.0]),
        burst=st.sampled_from([1, 10]),
        at_once=st.sampled_from([1, 2, 8]),
    ),
    batch=st.sampled_from([1, 3]),
    not_found_grace=st.sampled_from([0.0, 30.0]),
    gone=st.none() | st.sampled_from(State),
    unknown_after=st.sampled_from([0.0, 600.0]),
)
HOSTS = ("https://one.example", "https://two.example")


class Watching(RuleBasedStateMachine):
    """Any answers in any order, any jumps of time, any signals."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outstanding: list[Poll] = []
        self.answered: list[Poll] = []
        self.ended: dict[int, Operation] = {}
        self.told: dict[int, set[State]] = {}
        self.signalled = False

    @initialize(
        policy=POLICIES,
        polling_rules=HABITS,
        hosts=st.lists(st.sampled_from(HOSTS), min_size=1, max_size=6),
        group=st.sampled_from(["", "g"]),
        seed=st.integers(0, 99),
    )
    def begin(
        self, policy: Policy, polling_rules: PollingRules, hosts: list[str], group: str, seed: int
    ) -> None:
        targets = [Target(str(n), str(n), host, group=group) for n, host in enumerate(hosts)]
        self.policy, self.polling_rules = policy, polling_rules
        chance = random.Random(seed)  # noqa: S311, any lot will do
        self.watcher = Watcher(
            targets, {"": polling_rules}, policy, now=0.0, uniform=chance.uniform
        )
        self.told = {n: set() for n in range(len(targets))}

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        list(self.watcher.tick(self.now))

    @rule()
    def time_passes_until_it_wakes(self) -> None:
        self.now = max(self.now, self.watcher.wake_at(self.now))
        list(self.watcher.tick(self.now))

    @rule(seconds=st.sampled_from([16.0, 3600.0]))
    def the_machine_sleeps(self, seconds: float) -> None:
        self.now += seconds
        list(self.watcher.tick(self.now))

    @rule()
    def it_asks(self) -> None:
        list(self.watcher.tick(self.now))
        for poll in self.watcher.due(self.now):
            assert poll.indices
            assert 0 < len(poll.indices) <= max(1, self.polling_rules.batch)
            assert poll.timeout >= 0
            gate = self.watcher._scheduler.gate(poll.indices[0])
            # The last look waits for what the host has named, and not for a pause of ours.
            assert (gate.named_until if poll.final else gate.not_before) <= self.now
            assert not any(self.watcher.operations[index].is_over for index in poll.indices)
            self.outstanding.append(poll)

    @rule()
    def somebody_looks(self) -> None:
        self.watcher.look_now(self.now)

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data(), wait=WAITS)
    def an_answer_comes(self, data: st.DataObject, wait: float | None) -> None:
        which = data.draw(st.integers(0, len(self.outstanding) - 1))
        poll = self.outstanding.pop(which)
        count = len(poll.indices)
        findings = data.draw(
            FINDINGS.map(lambda each: (each,) * count)
            | st.lists(FINDINGS, min_size=count, max_size=count).map(tuple)
        )
        self._record(poll, findings, wait)
        self.answered.append(poll)

    @precondition(lambda self: self.answered)
    @rule(data=st.data(), finding=FINDINGS)
    def an_answer_comes_twice(self, data: st.DataObject, finding: Finding) -> None:
        poll = data.draw(st.sampled_from(self.answered))
        if not any(self.watcher._scheduler.records[index].in_flight for index in poll.indices):
            before = self.watcher.operations
            assert self.watcher.record(poll, Answer((finding,) * len(poll.indices)), self.now) == []
            assert self.watcher.operations == before

    @precondition(lambda self: not self.signalled)
    @rule(abort=st.sampled_from(Abort))
    def a_signal_comes(self, abort: Abort) -> None:
        self.signalled = True
        self.watcher.interrupt(abort, self.now)

    def _record(self, poll: Poll, findings: tuple[Finding, ...], wait: float | None) -> None:
        for index, finding in zip(poll.indices, findings, strict=True):
            if isinstance(finding, Reading) and finding.state.is_terminal:
                self.told[index].add(finding.state)
        self.watcher.record(poll, Answer(findings, wait), self.now)

    @invariant()
    def an_end_is_final(self) -> None:
        for index, operation in enumerate(self.watcher.operations):
            if index in self.ended:
                assert operation == self.ended[index]
            elif operation.is_over:
                self.ended[index] = operation
        assert self.watcher.finished == (len(self.ended) == len(self.told))

    @invariant()
    def a_state_is_only_what_was_told(self) -> None:
        for index, operation in enumerate(self.watcher.operations):
            if operation.reason in {Reason.GONE, Reason.BLOCKED}:
                continue
            for outcome, state in (
                (Outcome.SUCCEEDED, State.SUCCEEDED),
                (Outcome.FAILED, State.FAILED),
                (Outcome.CANCELLED, State.CANCELLED),
            ):
                assert operation.outcome is not outcome or state in self.told[index]

    @invariant()
    def nobody_is_forgotten(self) -> None:
        roster = self.watcher._scheduler
        waiting = {
            index
            for queue in roster._queues.values()
            for due, serial, index in queue._heap
            if serial == roster.records[index].serial and not math.isnan(due)
        }
        flying = {index for poll in self.outstanding for index in poll.indices}
        for index, record in enumerate(roster.records):
            if not record.is_over:
                assert record.in_flight == (index in flying)
                assert record.in_flight != (index in waiting)

    @invariant()
    def the_gates_count_aright(self) -> None:
        roster = self.watcher._scheduler
        for (_, origin), gate in roster.gates.items():
            flying = sum(1 for poll in self.outstanding if poll.targets[0].origin == origin)
            limits = self.polling_rules.limits
            assert gate.in_flight == flying <= limits.at_once
            assert -1e-9 <= gate.rate._tokens <= max(limits.burst, gate.rate.now / 20)
            assert min(0.2, limits.rate) <= gate.rate.now <= limits.rate
            assert 0 <= gate._quick <= 10
            assert not math.isnan(gate.not_before)

    @invariant()
    def it_wakes_in_time(self) -> None:
        assert self.watcher.wake_at(self.now) <= self.now + TICK

    @invariant()
    def the_verdict_is_one_of_the_contract(self) -> None:
        verdict = self.watcher.verdict()
        outcomes = {each.outcome for each in self.watcher.operations}
        assert verdict.code in set(ExitCode)
        if verdict.code == 0 and self.policy.goal is Goal.ALL:
            assert outcomes == {Outcome.SUCCEEDED}
        if verdict.code == 0 and self.policy.goal is Goal.ANY:
            assert Outcome.SUCCEEDED in outcomes
        assert not self.signalled or verdict.code not in {0, 1}

    @invariant()
    def the_snapshots_agree_with_themselves(self) -> None:
        for it in self.watcher.operations:
            assert it.streak <= it.problems <= it.polls
            assert not it.is_over or (it.next_poll_at is None and it.eta is None)
            assert it.confirmed_at is None or it.reading is not None
            assert it.eta is None or it.eta >= 0

    def teardown(self) -> None:
        """Whatever has happened: once all goes well, the watch comes to its end."""
        if not self.told:
            return
        for poll in self.outstanding:
            self._record(poll, (SUCCEEDED,) * len(poll.indices), None)
        self.outstanding.clear()
        patience = self.now + 100_000
        while not self.watcher.finished:
            assert self.now < patience, "it never ends"
            self.it_asks()
            for poll in self.outstanding:
                self._record(poll, (SUCCEEDED,) * len(poll.indices), None)
            self.outstanding.clear()
            self.now = max(self.now, self.watcher.wake_at(self.now))
        self.an_end_is_final()


def test_no_answers_jumps_of_time_or_signals_break_the_watcher() -> None:
    run_state_machine_as_test(
        Watching,
        settings=settings(
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )


# -- what must not matter ---------------------------------------------------------------

TRANSIENT = [
    Trouble(fault)
    for fault in Fault
    if RULES[fault].handling is Handling.TRANSIENT
    and fault not in {Fault.STATUS_TOO_LARGE_BATCH, *FINAL_AFTER_TRIES}
]
BORNE_FROM_THE_START = [
    trouble
    for trouble in TRANSIENT
    if trouble.rule.first is FirstContact.TOLERANT and trouble.fault not in OF_THE_OPERATION
]
LIMITED = [Trouble(Fault.STATUS_THROTTLED, status=429, wait=wait) for wait in (None, 0.0, 60.0)]
ENDS = [State.SUCCEEDED, State.FAILED, State.CANCELLED]


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Job]:
    count = draw(st.integers(1, 12))
    return {
        str(n): Job(draw(st.floats(5, 2500)), draw(st.sampled_from(ENDS)), group="g")
        for n in range(count)
    }


@st.composite
def blows(draw: st.DrawFn) -> tuple[Spell, ...]:
    """Draw spells that a wait must survive: below the budget, and with a breath in between."""
    spells = []
    start = draw(st.sampled_from([0.0, 60.0, 300.0]))
    for _ in range(draw(st.integers(1, 4))):
        length = draw(st.floats(1, 600))
        pool = BORNE_FROM_THE_START if start == 0 else TRANSIENT + LIMITED
        chance = draw(st.sampled_from([1.0, 1.0, 0.5]))
        spells.append(Spell(start, start + length, draw(st.sampled_from(pool)), chance))
        start += length + 200
    return tuple(spells)


@settings(max_examples=30)
@given(jobs(), blows(), st.integers(1, 20), st.integers(0, 9))
def test_faults_below_the_budget_change_no_verdict(
    truth: dict[str, Job], spells: tuple[Spell, ...], batch: int, seed: int
) -> None:
    world = World(truth, {HOST: Host(spells=spells)}, seed=seed)
    run = world.watch(polling_rules=PollingRules(batch=batch))

    assert run.outcomes() == {name: job.end.value for name, job in truth.items()}
    check(run)


@settings(max_examples=10)
@given(st.data(), jobs(), st.integers(1, 20), st.integers(0, 9))
def test_the_order_of_the_ids_and_their_batches_change_no_verdict(
    data: st.DataObject, truth: dict[str, Job], batch: int, seed: int
) -> None:
    truth |= {"lost": Job(60.0, group="g", appears=1e9)}
    truth |= {"odd": Job(60.0, group="h", spells=(Spell(0, 1e9, Trouble(Fault.NO_STATUS)),))}
    order = data.draw(st.permutations(list(truth)))

    usual = World(truth).watch()
    other = World(truth, seed=seed).watch(polling_rules=PollingRules(batch=batch), order=order)

    assert other.outcomes() == usual.outcomes()
    assert other.verdict == usual.verdict
    assert [each.id for each in other.watcher.operations] == list(order)
    check(other)


@settings(max_examples=20)
@given(
    jobs(),
    st.lists(st.tuples(st.floats(1, 2500), st.floats(16, 20_000)), max_size=3),
    st.integers(0, 9),
)
def test_sleeping_through_it_changes_no_verdict(
    truth: dict[str, Job], sleeps: list[tuple[float, float]], seed: int
) -> None:
    run = World(truth, suspends=sleeps, seed=seed).watch()

    assert run.outcomes() == {name: job.end.value for name, job in truth.items()}
    check(run)
