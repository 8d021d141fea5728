from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.events import (
    Ended,
    Event,
    Finished,
    Interrupted,
    Listener,
    Observed,
    Resumed,
    Started,
    Ticked,
    Troubled,
)
from opwatch.domain.operation import Answer, Operation, Poll, Target
from opwatch.domain.outcome import Abort, Outcome, Policy, Reason
from opwatch.domain.pacing import Pace, PollingRules
from opwatch.domain.trouble import Fault
from opwatch.engine import Inbox, drive
from opwatch.engine.drive import PORTION
from opwatch.watcher.watcher import Watcher
from simulation.bench import BAD_GATEWAY, FAILED, RUNNING, SUCCEEDED, middle
from simulation.loop import VirtualClock, VirtualLoop, run_virtually
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.domain.operation import Reading
    from opwatch.engine import Fetch

FOREVER = 1e9


def a_watcher(
    *names: str, policy: Policy | None = None, polling_rules: PollingRules | None = None
) -> Watcher:
    targets = [Target(name, name, HOST) for name in names or ("a",)]
    return Watcher(
        targets, {"": polling_rules or PollingRules()}, policy or Policy(), now=0.0, uniform=middle
    )


def answers(*script: Reading, latency: float = 0.1) -> Fetch:
    """Return a fetch that answers each poll with the next of *script*, and then with its last."""
    left = list(script)

    async def fetch(poll: Poll) -> Answer:
        await asyncio.sleep(latency)
        finding = left.pop(0) if len(left) > 1 else left[0]
        return Answer((finding,) * len(poll.targets))

    return fetch


async def hang(_poll: Poll) -> Answer:
    await asyncio.sleep(FOREVER)
    raise AssertionError("it was left alone for ever")


@dataclass
class Told:
    """A listener that keeps what it is told, and fails at the first event of *fails_at*."""

    fails_at: type[Event] | None = None
    error: Exception | None = None
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.error is not None and self.fails_at and isinstance(event, self.fails_at):
            raise self.error

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


def carry_out(
    watcher: Watcher,
    fetch: Fetch,
    told: Listener,
    *,
    clock: VirtualClock | None = None,
    after: dict[float, Abort] | None = None,
    tick: float = 1.0,
    collect: Callable[[Operation], Awaitable[Operation]] | None = None,
    collects: Outcome = Outcome.SUCCEEDED,
) -> float:
    """Drive *watcher* to its end; return the seconds that this took."""

    async def run() -> float:
        inbox: Inbox = asyncio.Queue()
        for moment, abort in (after or {}).items():
            asyncio.get_running_loop().call_later(moment, inbox.put_nowait, abort)
        await drive(
            watcher,
            fetch,
            told,
            clock=clock or VirtualClock(),
            inbox=inbox,
            tick=tick,
            collect={collects: collect} if collect else {},
        )
        return asyncio.get_running_loop().time()

    return run_virtually(run())


# -- a run ---------------------------------------------------------------------------


def test_a_run_is_told_from_its_start_to_its_verdict() -> None:
    watcher, told = a_watcher(), Told()

    carry_out(watcher, answers(RUNNING, SUCCEEDED), told)

    kinds = [kind for kind in told.kinds() if kind != "Ticked"]
    assert kinds == ["Started", "Observed", "Observed", "Ended", "Finished"]
    finished = told.events[-1]
    assert isinstance(finished, Finished)
    assert finished.verdict.code == 0
    assert finished.operations == watcher.operations


def test_an_hour_passes_as_the_simulator_has_it() -> None:
    jobs = {str(n): Job(60.0 * n + 1) for n in range(20)} | {"x": Job(90.0, end=FAILED.state)}
    hosts = {HOST: Host(spells=(Spell(100.0, 700.0, BAD_GATEWAY),))}
    world, expected = World(jobs, hosts), World(jobs, hosts).watch()

    async def fetch(poll: Poll) -> Answer:
        now = asyncio.get_running_loop().time()
        answered, answer = world.answer(poll, now)
        await asyncio.sleep(answered - now)
        return answer

    watcher, told = a_watcher(*jobs), Told()
    took = carry_out(watcher, fetch, told)

    assert {each.id: str(each.outcome) for each in watcher.operations} == expected.outcomes()
    assert took == pytest.approx(expected.ended, abs=60)


def test_time_is_told_while_nothing_happens() -> None:
    told = Told()

    carry_out(a_watcher(), answers(RUNNING, SUCCEEDED, latency=20.0), told, tick=2.0)

    ticks = [event.at for event in told.events if isinstance(event, Ticked) and not event.asked]
    assert ticks[0] == 2.0
    assert all(later - earlier <= 2.0 + 1e-6 for earlier, later in pairwise(ticks))


def test_it_is_told_about_whom_a_request_leaves() -> None:
    told = Told()

    carry_out(a_watcher("a", "b"), answers(SUCCEEDED, latency=1.0), told)

    asked = [each.id for event in told.events if isinstance(event, Ticked) for each in event.asked]
    assert sorted(asked) == ["a", "b"]


def test_many_requests_are_in_flight_at_once() -> None:
    names = [str(n) for n in range(40)]

    took = carry_out(a_watcher(*names), answers(SUCCEEDED, latency=1.0), Told())

    # One to meet the host, nine at once, and the rest at a pace that grows with each answer.
    assert 3.0 <= took <= 4.0


def test_a_gap_of_the_clock_is_a_sleep() -> None:
    watcher, told, clock = a_watcher(), Told(), VirtualClock()

    def sleep_at_once(event: Event) -> None:
        told(event)
        if isinstance(event, Observed) and not clock.asleep:
            clock.asleep = 7200.0

    async def run() -> None:
        await drive(
            watcher,
            answers(RUNNING, RUNNING, SUCCEEDED),
            sleep_at_once,
            clock=clock,
            inbox=asyncio.Queue(),
        )

    run_virtually(run())

    assert [event.gap for event in told.events if isinstance(event, Resumed)] == [
        pytest.approx(7200.0, abs=5)
    ]
    assert watcher.verdict().code == 0


def test_an_empty_run_ends_at_once_and_is_no_success() -> None:
    told = Told()
    watcher = Watcher([], {}, Policy(), now=0.0, uniform=middle)

    assert carry_out(watcher, hang, told) == 0.0
    assert told.kinds() == ["Started", "Finished"]
    assert watcher.verdict().code == 2


# -- requests that do not come back -----------------------------------------------------


def test_a_request_that_hangs_is_taken_back_a_second_after_its_time() -> None:
    watcher, told = a_watcher(policy=Policy(request_timeout=5.0)), Told()

    carry_out(watcher, hang, told, after={6.5: Abort.INTERRUPTED})

    troubled = [event for event in told.events if isinstance(event, Troubled)]
    assert [(event.at, event.trouble.fault) for event in troubled] == [(6.0, Fault.TIMEOUT)]


def test_requests_that_hang_do_not_hold_the_deadline() -> None:
    watcher = a_watcher("a", "b", policy=Policy(timeout=60.0))

    assert carry_out(watcher, hang, Told()) == pytest.approx(61.0)
    assert watcher.verdict().code == 124


def test_a_request_that_will_not_be_cancelled_is_left_behind() -> None:
    async def defy(_poll: Poll) -> Answer:
        for _ in range(3):
            try:
                await asyncio.sleep(FOREVER)
            except asyncio.CancelledError:
                continue
        raise asyncio.CancelledError

    took = carry_out(a_watcher(), defy, Told(), after={2.0: Abort.TERMINATED})

    assert took == pytest.approx(2.25)


def test_no_request_outlives_the_run() -> None:
    cancelled = []

    async def fetch(poll: Poll) -> Answer:
        try:
            return await hang(poll)
        except asyncio.CancelledError:
            cancelled.append(poll.targets[0].id)
            raise

    watcher = a_watcher("a", "b", "c", policy=Policy(request_timeout=1000.0))
    carry_out(watcher, fetch, Told(), after={2.0: Abort.INTERRUPTED})

    assert cancelled == ["a"]


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), RecursionError(), OSError(28, "full")])
def test_what_a_request_raises_is_a_bug_and_is_raised_again(error: Exception) -> None:
    async def fetch(_poll: Poll) -> Answer:
        await asyncio.sleep(1.0)
        raise error

    with pytest.raises(type(error)) as raised:
        carry_out(a_watcher(), fetch, Told())

    assert raised.value is error


def test_an_answer_that_does_not_fit_its_poll_is_a_bug() -> None:
    async def fetch(_poll: Poll) -> Answer:
        await asyncio.sleep(0.0)
        return Answer(())

    with pytest.raises(ValueError, match="zip"):
        carry_out(a_watcher(), fetch, Told())


# -- signals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("abort", "code"), [(Abort.INTERRUPTED, 130), (Abort.TERMINATED, 143), (Abort.HANGUP, 129)]
)
def test_a_signal_ends_the_run_at_once(abort: Abort, code: int) -> None:
    watcher, told = a_watcher(policy=Policy(request_timeout=1000.0)), Told()

    took = carry_out(watcher, hang, told, after={12.0: abort})

    assert took == 12.0
    assert watcher.verdict().code == code
    assert told.kinds()[-3:] == ["Interrupted", "Ended", "Finished"]


def test_a_signal_beats_an_answer_of_the_same_moment() -> None:
    watcher = a_watcher()

    carry_out(watcher, answers(SUCCEEDED, latency=3.0), Told(), after={3.0: Abort.INTERRUPTED})

    assert watcher.verdict().code == 130


# -- listeners that cannot write -------------------------------------------------------------

FAILURES = [(PipeClosedError("gone"), 141), (UnwritableError("No space left on device"), 74)]


@pytest.mark.parametrize(("error", "code"), FAILURES)
@pytest.mark.parametrize("kind", [Started, Ticked, Observed, Ended, Finished])
def test_a_listener_that_cannot_write_ends_the_run_with_its_cause(
    kind: type[Event], error: Exception, code: int
) -> None:
    watcher, told = a_watcher(), Told(kind, error)

    took = carry_out(watcher, answers(*[RUNNING] * 3, SUCCEEDED), told)

    assert watcher.verdict().code == code
    assert took < 10
    if kind is not Finished:
        first = next(event for event in told.events if isinstance(event, kind))
        assert took - first.at < 0.3
    assert told.kinds()[-1] == "Finished"


@pytest.mark.parametrize(("error", "code"), FAILURES)
def test_a_failure_is_never_a_success_even_if_all_had_ended_well(
    error: Exception, code: int
) -> None:
    watcher, told = a_watcher("a", "b"), Told(Ended, error)

    carry_out(watcher, answers(SUCCEEDED), told)

    assert watcher.verdict().code == code


def test_a_listener_with_a_bug_is_not_taken_for_a_full_disk() -> None:
    with pytest.raises(KeyError):
        carry_out(a_watcher(), answers(RUNNING), Told(Observed, KeyError("bug")))


# -- results that are fetched afterwards -------------------------------------------------------


def test_a_success_is_told_when_its_result_is_there() -> None:
    async def collect(operation: Operation) -> Operation:
        await asyncio.sleep(7.0)
        assert operation.reading is not None
        return operation

    watcher, told = a_watcher("a", "b"), Told()

    took = carry_out(watcher, answers(FAILED, SUCCEEDED), told, collect=collect)

    ended = [event for event in told.events if isinstance(event, Ended)]
    assert [(event.operation.id, event.operation.outcome) for event in ended] == [
        ("a", Outcome.FAILED),
        ("b", Outcome.SUCCEEDED),
    ]
    assert ended[1].at - ended[0].at >= 7.0
    assert took == ended[1].at


def test_a_signal_does_not_wait_for_a_result() -> None:
    async def collect(operation: Operation) -> Operation:
        await asyncio.sleep(FOREVER)
        return operation

    watcher, told = a_watcher(), Told()

    took = carry_out(
        watcher, answers(SUCCEEDED), told, collect=collect, after={5.0: Abort.INTERRUPTED}
    )

    assert took == 5.0
    assert watcher.verdict().code == 130
    it = watcher.operations[0]
    assert (it.outcome, it.reason) == (Outcome.SUCCEEDED, Reason.DETACHED)
    assert [event.operation.id for event in told.events if isinstance(event, Ended)] == ["a"]


def test_a_signal_does_not_wait_to_hear_why_an_operation_failed() -> None:
    async def collect(operation: Operation) -> Operation:
        await asyncio.sleep(FOREVER)
        return operation

    watcher, told = a_watcher("a", "b"), Told()
    after = {5.0: Abort.INTERRUPTED}

    took = carry_out(
        watcher,
        answers(FAILED, SUCCEEDED),
        told,
        collect=collect,
        collects=Outcome.FAILED,
        after=after,
    )

    assert took == 5.0
    it = watcher.operations[0]
    assert (it.outcome, it.reason, it.failure) == (Outcome.FAILED, None, None)
    assert [event.operation.id for event in told.events if isinstance(event, Ended)] == ["b", "a"]


def test_a_result_that_raises_is_a_bug_and_is_raised_again() -> None:
    async def collect(operation: Operation) -> Operation:
        await asyncio.sleep(1.0)
        raise ZeroDivisionError(operation.id)

    with pytest.raises(ZeroDivisionError):
        carry_out(a_watcher(), answers(SUCCEEDED), Told(), collect=collect)


# -- many --------------------------------------------------------------------------------------


def test_a_thousand_operations_go_through_one_loop() -> None:
    names = [str(n) for n in range(1000)]
    watcher = a_watcher(*names, polling_rules=PollingRules(pace=Pace(first=30.0)))

    took = carry_out(watcher, answers(SUCCEEDED), Told(), tick=60.0)

    assert took < 6.0
    assert watcher.verdict().code == 0


def test_what_is_interrupted_is_told_once() -> None:
    watcher, told = a_watcher("a", "b"), Told()

    carry_out(watcher, hang, told, after={1.0: Abort.INTERRUPTED, 1.1: Abort.TERMINATED})

    assert [type(event) for event in told.events].count(Interrupted) == 1


def test_ends_that_come_all_at_once_are_told_in_portions() -> None:
    portions: Counter[int] = Counter()
    ended: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Ended):
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            portions[loop.turns] += 1
            ended.append(event.operation.id)

    names = [str(n) for n in range(10 * PORTION)]
    watcher = a_watcher(*names, policy=Policy(timeout=30.0))
    carry_out(watcher, hang, tell)

    assert len(ended) == len(names) == len(set(ended))
    assert max(portions.values()) <= PORTION
    assert {each.reason for each in watcher.operations} == {Reason.DEADLINE}


def test_operations_end_at_the_deadline_one_event_at_a_time() -> None:
    watcher = a_watcher("a", "b", policy=Policy(timeout=30.0))
    watcher.start()
    watcher.tick(30.0)

    ends = iter(watcher.tick(40.0))

    assert isinstance(next(ends), Ended)
    assert [each.is_over for each in watcher.operations] == [True, False]
    assert [type(each) for each in ends] == [Ended]
    assert watcher.finished
