from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Event, Observed, Resumed
from opwatch.domain.operation import Reading, State
from opwatch.domain.outcome import Policy, Reason
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import BAD_GATEWAY, REFUSED, RUNNING, SUCCEEDED, Bench, running, throttled
from simulation.laws import check, confirmed_within
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.world import Sent

FOREVER = math.inf
STEEP = PollingRules(limits=Limits(rate=100.0, burst=10, at_once=32))


def outage(start: float, end: float, finding: Trouble = REFUSED) -> dict[str, Host]:
    return {HOST: Host(spells=(Spell(start, end, finding),))}


@pytest.mark.parametrize(
    "finding",
    [
        REFUSED,
        Trouble(Fault.UNRESOLVED),
        Trouble(Fault.TIMEOUT),
        Trouble(Fault.CERTIFICATE),
        Trouble(Fault.HTML),
        BAD_GATEWAY,
        throttled(),
    ],
)
def test_a_wait_survives_an_outage_of_ten_minutes(finding: Trouble) -> None:
    run = World({"a": Job(1200.0)}, outage(300.0, 900.0, finding)).watch()

    assert run.outcomes() == {"a": "succeeded"}
    check(run)
    assert confirmed_within(run, 900.0, 61.0) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("count", [300, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_operations_survive_it_with_a_hundredth_of_the_requests(count: int) -> None:
    jobs = {str(n): Job(1100.0) for n in range(count)}
    run = World(jobs, outage(300.0, 900.0)).watch(polling_rules=STEEP)

    usual = run.requests(200.0, 300.0) * 6
    assert set(run.outcomes().values()) == {"succeeded"}
    assert run.requests(300.0, 900.0) / usual <= 0.01
    assert confirmed_within(run, 900.0, 60.0) >= 0.99
    check(run)


@pytest.mark.every(3)
@pytest.mark.parametrize("count", [1, 20, 300])
def test_a_host_that_is_gone_is_given_up_by_all_when_the_budget_is_spent(count: int) -> None:
    jobs = {str(n): Job(9000.0) for n in range(count)}
    run = World(jobs, outage(300.0, FOREVER)).watch()

    assert set(run.outcomes().values()) == {"unknown"}
    assert {each.reason for each in run.watcher.operations} == {Reason.LOST_CONTACT}
    assert {each.state for each in run.watcher.operations} == {State.RUNNING}
    assert 1150 <= run.ended <= 1300


def test_a_host_that_was_never_heard_of_is_given_up_by_all_too() -> None:
    jobs = {str(n): Job(9000.0) for n in range(100)}
    run = World(jobs, outage(0.0, FOREVER, BAD_GATEWAY)).watch()

    assert set(run.outcomes().values()) == {"unknown"}
    assert 900 <= run.ended <= 960


@pytest.mark.parametrize("lost_after", [None, 0.0])
def test_a_wait_can_be_told_to_go_on_until_the_deadline(lost_after: float | None) -> None:
    run = World({"a": Job(90_000.0), "b": Job(90_000.0)}, outage(60.0, FOREVER)).watch(
        Policy(lost_after=lost_after, timeout=7200.0)
    )

    assert set(run.outcomes().values()) == {"timed_out"}
    assert 7200 <= run.ended <= 7202
    check(run)


def test_a_shorter_patience_is_kept() -> None:
    run = World({"a": Job(9000.0)}, outage(300.0, FOREVER)).watch(Policy(lost_after=120.0))

    assert run.outcomes() == {"a": "unknown"}
    assert 390 <= run.ended <= 430


def test_two_bad_answers_do_not_lose_contact_however_short_the_patience() -> None:
    bench = Bench(policy=Policy(lost_after=0.001))
    bench.answer(RUNNING, BAD_GATEWAY, BAD_GATEWAY)
    assert not bench.watcher.finished

    bench.answer(BAD_GATEWAY)
    assert bench.outcomes == ["unknown"]


def test_one_broken_operation_is_lost_alone() -> None:
    broken = Spell(100.0, FOREVER, BAD_GATEWAY)
    jobs = {f"ok-{n}": Job(3000.0) for n in range(5)} | {"broken": Job(3000.0, spells=(broken,))}
    run = World(jobs).watch()

    assert run.outcomes() == {f"ok-{n}": "succeeded" for n in range(5)} | {"broken": "unknown"}
    assert run.operations["broken"].reason is Reason.LOST_CONTACT
    check(run)


@pytest.mark.every(4)
@pytest.mark.parametrize(("broken", "healthy"), [(1, 20), (1, 1), (9, 1), (50, 50)])
def test_broken_operations_do_not_hold_up_the_healthy_ones(broken: int, healthy: int) -> None:
    spell = Spell(10.0, FOREVER, BAD_GATEWAY)
    jobs = {f"ok-{n}": Job(1000.0) for n in range(healthy)}
    jobs |= {f"broken-{n}": Job(1000.0, spells=(spell,)) for n in range(broken)}
    run = World(jobs).watch(Policy(lost_after=None, timeout=1100.0))

    assert {run.outcomes()[f"ok-{n}"] for n in range(healthy)} == {"succeeded"}
    assert longest_silence(run.events, "ok-") < 120
    check(run)


def longest_silence(events: Sequence[Event], prefix: str) -> float:
    last: dict[str, float] = {}
    longest = 0.0
    for event in events:
        if isinstance(event, Observed) and event.operation.id.startswith(prefix):
            longest = max(longest, event.at - last.get(event.operation.id, event.at))
            last[event.operation.id] = event.at
    return longest


def test_while_the_server_names_its_pauses_nothing_is_lost() -> None:
    for limited in (throttled(600.0), throttled(3000.0)):
        run = World({"a": Job(7500.0)}, outage(60.0, 7200.0, limited)).watch()
        assert run.outcomes() == {"a": "succeeded"}


def test_a_limit_without_a_pause_is_lost_contact_in_the_end() -> None:
    run = World({"a": Job(9000.0)}, outage(60.0, FOREVER, throttled())).watch()

    assert run.outcomes() == {"a": "unknown"}
    assert 900 <= run.ended <= 1100


def test_an_hour_that_the_answer_itself_asked_for_is_no_silence() -> None:
    bench = Bench()
    bench.answer(running(wait=3600.0))
    bench.run(*[BAD_GATEWAY] * 12, SUCCEEDED)

    assert bench.now > 3600.0 + 300.0
    assert bench.outcomes == ["succeeded"]


def test_a_pause_that_the_schedule_made_is_not_lost_to_a_short_blip() -> None:
    bench = Bench(polling_rules=PollingRules(pace=Pace(steps=(3000.0,))))
    bench.answer(RUNNING)
    assert bench.pause() == 3000.0
    bench.answer(BAD_GATEWAY)
    assert bench.pause() == pytest.approx(0.75)
    bench.answer(BAD_GATEWAY)

    assert bench.pause() == pytest.approx(3000.0)
    bench.answer(SUCCEEDED)
    assert bench.outcomes == ["succeeded"]


def test_the_time_that_the_machine_slept_is_no_silence() -> None:
    bench = Bench("a", "b")
    bench.answer(RUNNING)
    bench.run(RUNNING, until=100.0)
    bench.sleep(8 * 3600.0)

    bench.run(*[REFUSED] * 12, RUNNING, until=bench.now + 600)

    assert len(bench.told(Resumed)) == 1
    assert bench.outcomes == ["None", "None"]


def test_being_offline_is_lost_contact_also_across_a_sleep() -> None:
    asleep = [(600.0, 7200.0)]
    run = World({"a": Job(90_000.0)}, outage(300.0, FOREVER), suspends=asleep).watch()

    assert run.outcomes() == {"a": "unknown"}
    assert 7200 + 1150 <= run.ended <= 7200 + 1300


def test_a_random_failure_of_every_third_answer_loses_nothing() -> None:
    flaky = {HOST: Host(spells=(Spell(0.0, FOREVER, BAD_GATEWAY, chance=0.3),))}
    run = World({str(n): Job(1800.0) for n in range(30)}, flaky).watch()

    assert set(run.outcomes().values()) == {"succeeded"}
    assert run.ended < 2200
    check(run)


def test_after_an_outage_those_are_asked_first_of_whom_nothing_was_heard_for_longest() -> None:
    jobs = {str(n): Job(9000.0, wait=float(20 + 37 * n % 200)) for n in range(60)}
    limits = Limits(rate=4.0, burst=1, at_once=1)

    run = World(jobs, outage(400.0, 1000.0)).watch(
        polling_rules=PollingRules(limits=limits), until=1060.0
    )

    heard = {
        name: max(each.answered for each in run.sent if is_about(each, name) and is_good(each, 400))
        for name in jobs
    }
    tried = {each.poll.targets[0].id for each in run.sent if 400 < each.at < 1000.0}
    after = [each.poll.targets[0].id for each in run.sent if each.at > 1000.0]
    order = [heard[name] for name in dict.fromkeys(after) if name not in tried]
    assert len(order) == 50
    assert order == sorted(order)


def is_about(sent: Sent, name: str) -> bool:
    return sent.poll.targets[0].id == name


def is_good(sent: Sent, until: float) -> bool:
    return sent.answered < until and isinstance(sent.answer.findings[0], Reading)


def test_of_several_sleeps_in_which_one_answer_is_awaited_each_is_no_silence() -> None:
    bench = Bench()
    bench.answer(RUNNING)
    bench.next()
    for _ in range(3):
        bench.sleep(800.0)

    bench.answer(*[BAD_GATEWAY] * 4)

    assert bench.outcomes == ["None"]


def test_of_several_sleeps_between_bad_answers_each_is_no_silence() -> None:
    bench = Bench()
    bench.answer(RUNNING)
    for _ in range(4):
        bench.sleep(800.0)
        bench.answer(BAD_GATEWAY)

    assert bench.outcomes == ["None"]


def test_an_answer_that_asks_for_no_pause_leaves_none_of_the_silence_out() -> None:
    bench = Bench()
    bench.answer(RUNNING)

    assert bench.watcher._records[0].uncounted == 0.0
