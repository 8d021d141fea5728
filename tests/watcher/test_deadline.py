from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Ended, Oddity, Started, Warned
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.deadline import Deadline
from opwatch.watcher.decisions import Stop
from simulation.bench import BAD_GATEWAY, REFUSED, RUNNING, SUCCEEDED, Bench, running, throttled
from simulation.laws import check
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from opwatch.domain.operation import Finding, Reading


def test_an_operation_that_ended_a_moment_before_the_deadline_is_not_reported_as_late() -> None:
    run = World({"a": Job(599.9)}).watch(Policy(timeout=600.0))

    assert run.outcomes() == {"a": "succeeded"}
    assert run.sent[-1].at == 600.0
    assert run.sent[-1].poll.final
    assert not run.sent[-1].poll.conditional


def test_what_has_not_ended_by_the_deadline_has_timed_out() -> None:
    run = World({"a": Job(9000.0), "b": Job(60.0)}).watch(Policy(timeout=600.0))

    assert run.outcomes() == {"a": "timed_out", "b": "succeeded"}
    assert run.operations["a"].reason is Reason.DEADLINE
    assert run.verdict.code == 124
    assert 600 <= run.ended <= 601


SILENT = [
    (4.0, BAD_GATEWAY),
    (0.0, BAD_GATEWAY),
    (4.0, Trouble(Fault.EMPTY, status=200)),
    (4.0, REFUSED),
    (0.0, REFUSED),
    (4.0, throttled()),
]


@pytest.mark.parametrize(("since", "trouble"), SILENT, ids=str)
@pytest.mark.parametrize("timeout", [15.0, 47.0, 300.0])
def test_the_last_look_comes_at_the_deadline_whatever_came_before(
    since: float, trouble: Trouble, timeout: float
) -> None:
    host = Host(spells=(Spell(since, timeout, trouble),))
    policy = Policy(timeout=timeout, no_contact=None)
    run = World({"a": Job(timeout - 1)}, {HOST: host}).watch(policy)

    assert run.outcomes() == {"a": "succeeded"}
    assert run.sent[-1].poll.final
    assert run.sent[-1].at <= timeout + 0.3
    assert run.ended <= timeout + 1


def test_a_pause_that_the_host_has_named_is_kept_at_the_deadline_too() -> None:
    bench = Bench("a", "b", policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    bench.wait(40.0)
    bench.run(throttled(15.0), until=50.0)
    asked = len(bench.asked)

    bench.wait(61.5 - bench.now)

    assert len(bench.asked) == asked
    assert bench.watcher.finished


def test_without_a_timeout_there_is_no_deadline() -> None:
    run = World({"a": Job(40_000.0)}).watch()

    assert run.watcher.deadline is None
    assert run.outcomes() == {"a": "succeeded"}


def test_the_deadline_is_told_at_the_start() -> None:
    assert Bench(policy=Policy(timeout=60.0)).watcher.start() == [
        Started(0.0, Bench().watcher.operations, 60.0)
    ]


def test_a_wait_without_any_time_still_looks_once() -> None:
    run = World({"a": Job(0.0), "b": Job(60.0)}).watch(Policy(timeout=0.0))

    assert run.outcomes() == {"a": "succeeded", "b": "timed_out"}


def test_a_request_in_flight_at_the_deadline_is_given_one_second() -> None:
    bench = Bench(policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    bench.run(RUNNING, until=55.0)
    poll = bench.next()
    bench.wait(60.9 - bench.now)
    assert not bench.watcher.finished

    bench.record(poll, SUCCEEDED)
    assert bench.outcomes == ["succeeded"]


def test_what_is_not_answered_a_second_after_the_deadline_has_timed_out() -> None:
    bench = Bench(policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    bench.run(RUNNING, until=55.0)
    poll = bench.next()
    bench.wait(61.0 - bench.now)

    assert bench.outcomes == ["timed_out"]
    bench.record(poll, SUCCEEDED)
    assert bench.outcomes == ["timed_out"]
    assert len(bench.told(Ended)) == 1


def test_no_request_may_last_longer_than_the_deadline_and_a_second() -> None:
    run = World({"a": Job(9000.0)}).watch(Policy(timeout=45.0))

    for each in run.sent:
        assert each.poll.timeout == min(30.0, 46.0 - each.at)


def test_a_terminal_answer_that_has_arrived_beats_the_deadline() -> None:
    bench = Bench(policy=Policy(timeout=60.0))
    poll = bench.next()
    bench.now = 61.0

    bench.record(poll, SUCCEEDED)
    bench.wait(5.0)

    assert bench.outcomes == ["succeeded"]


@pytest.mark.parametrize("stale", [RUNNING, BAD_GATEWAY])
def test_a_request_from_before_the_deadline_is_not_the_last_one(stale: Finding) -> None:
    for answered_first in (True, False):
        bench = Bench(policy=Policy(timeout=60.0))
        poll = bench.next()
        bench.now = 7200.0  # the machine has slept meanwhile
        if not answered_first:
            bench.ask()

        bench.record(poll, stale)
        assert bench.next().final
        bench.answer(SUCCEEDED)

        assert bench.outcomes == ["succeeded"]


def test_an_answer_to_the_last_request_that_is_not_the_end_is_the_last() -> None:
    bench = Bench(policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    bench.wait(60.0 - bench.now)

    bench.answer(RUNNING)

    assert (bench.outcomes, bench.one.reason) == (["timed_out"], Reason.DEADLINE)


def test_at_the_deadline_those_who_waited_longest_are_asked_first() -> None:
    bench = Bench("a", "b", "c", policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    for poll, finding in zip(bench.ask(), (running(wait=58.0), RUNNING), strict=True):
        bench.record(poll, finding)
    bench.wait(60.0 - bench.now)

    assert [poll.targets[0].id for poll in bench.ask()] == ["a", "c", "b"]


def test_the_last_call_keeps_to_the_rate() -> None:
    rules = PollingRules(limits=Limits(rate=10.0))
    jobs = {str(n): Job(9000.0) for n in range(300)}
    run = World(jobs).watch(Policy(timeout=120.0), rules)

    assert 10 <= sum(each.poll.final for each in run.sent) <= 30
    check(run)


# -- rate limits and the deadline -------------------------------------------------


def test_a_pause_that_passes_the_deadline_ends_all_of_its_host_at_once() -> None:
    other = "https://other.example"
    limited = Host(spells=(Spell(100.0, 9000.0, throttled(1000.0)),))
    jobs = {"a": Job(9000.0), "b": Job(9000.0), "c": Job(300.0, host=other)}
    run = World(jobs, {HOST: limited}).watch(Policy(timeout=900.0))

    assert run.outcomes() == {"a": "timed_out", "b": "timed_out", "c": "succeeded"}
    assert run.operations["a"].reason is run.operations["b"].reason is Reason.RATE_LIMITED
    assert (run.operations["b"].ended_at or math.inf) < 140
    assert run.verdict.code == 124


def test_a_pause_within_the_deadline_is_waited_for() -> None:
    limited = Host(spells=(Spell(100.0, 400.0, throttled(300.0)),))
    run = World({"a": Job(500.0), "b": Job(500.0)}, {HOST: limited}).watch(Policy(timeout=900.0))

    assert set(run.outcomes().values()) == {"succeeded"}
    check(run)


@pytest.mark.parametrize(("reading", "outcome"), [(RUNNING, "timed_out"), (SUCCEEDED, "succeeded")])
def test_an_empty_quota_past_the_deadline_ends_also_the_one_that_was_just_read(
    reading: Reading, outcome: str
) -> None:
    bench = Bench("a", "b", policy=Policy(timeout=600.0))

    bench.record(bench.next(), reading, wait=3000.0)

    assert bench.outcomes == [outcome, "timed_out"]
    assert bench.watcher.operations[1].reason is Reason.RATE_LIMITED


def test_what_was_in_flight_when_the_pause_was_named_may_still_bring_the_end() -> None:
    bench = Bench("a", "b", "c", policy=Policy(timeout=600.0))
    bench.answer(RUNNING)
    first, second = bench.ask()

    bench.record(first, throttled(3000.0))
    assert bench.outcomes == ["timed_out", "timed_out", "None"]
    bench.record(second, SUCCEEDED)
    assert bench.outcomes == ["timed_out", "timed_out", "succeeded"]


def test_what_was_in_flight_and_has_not_ended_ends_with_the_others() -> None:
    bench = Bench("a", "b", "c", policy=Policy(timeout=600.0))
    bench.answer(RUNNING)
    first, second = bench.ask()

    bench.record(first, throttled(3000.0))
    bench.record(second, RUNNING)

    assert bench.watcher.finished
    assert {each.reason for each in bench.watcher.operations} == {Reason.RATE_LIMITED}


def test_no_last_poll_is_made_while_the_host_is_rate_limited() -> None:
    limited = Host(spells=(Spell(100.0, 9000.0, throttled(55.0)),))
    run = World({"a": Job(200.0)}, {HOST: limited}).watch(Policy(timeout=190.0))

    assert run.outcomes() == {"a": "timed_out"}
    check(run)


def test_a_pause_of_days_is_capped_at_an_hour_and_said_so_once() -> None:
    limited = Host(spells=(Spell(60.0, 4000.0, throttled(864_000.0)),))
    run = World({"a": Job(5000.0)}, {HOST: limited}).watch()

    warned = [event for event in run.events if isinstance(event, Warned)]
    assert run.outcomes() == {"a": "succeeded"}
    assert [(event.oddity, event.text) for event in warned] == [(Oddity.WAIT_CAPPED, "864000")]
    assert run.ended < 9000


def test_a_pause_for_one_operation_does_not_put_off_its_last_poll() -> None:
    bench = Bench(policy=Policy(timeout=600.0))
    bench.answer(running(wait=3000.0))

    assert bench.pause() == pytest.approx(600.0 - 0.1)
    bench.answer(SUCCEEDED)
    assert bench.outcomes == ["succeeded"]


# -- with other troubles ----------------------------------------------------------


def test_an_outage_over_the_deadline_ends_on_time() -> None:
    dead = Host(spells=(Spell(100.0, math.inf, REFUSED),))
    run = World({str(n): Job(9000.0) for n in range(50)}, {HOST: dead}).watch(Policy(timeout=400.0))

    assert set(run.outcomes().values()) == {"timed_out"}
    assert 400 <= run.ended <= 402
    check(run)


def test_a_bad_last_poll_says_no_more_than_that_time_is_up() -> None:
    bench = Bench(policy=Policy(timeout=60.0))
    bench.answer(RUNNING)
    bench.run(RUNNING, until=59.0)
    while not bench.watcher.finished:
        bench.answer(BAD_GATEWAY)

    assert (bench.outcomes, bench.one.reason) == (["timed_out"], Reason.DEADLINE)


def test_a_machine_that_slept_over_the_deadline_looks_once_more() -> None:
    for end, outcome in ((1000.0, "succeeded"), (90_000.0, "timed_out")):
        world = World({"a": Job(end)}, suspends=[(100.0, 7200.0)])
        run = world.watch(Policy(timeout=600.0))

        assert run.outcomes() == {"a": outcome}
        assert 7200 <= run.ended <= 7310
        assert run.sent[-1].poll.final


def test_a_long_schedule_does_not_pass_over_the_deadline() -> None:
    run = World({"a": Job(595.0)}).watch(
        Policy(timeout=600.0), PollingRules(pace=Pace(steps=(5.0, 3600.0)))
    )

    assert run.outcomes() == {"a": "succeeded"}
    assert run.sent[-1].at == 600.0


def test_a_deadline_is_called_once_at_its_moment_and_over_a_second_later() -> None:
    it = Deadline(Policy(timeout=60.0), 100.0)
    assert (it.at, it.next_at(), it.last_call_at) == (160.0, 160.0, None)
    assert not it.call(159.9)
    assert not it.is_over(999.0), "not before the last call"

    assert it.call(160.5)

    assert (it.last_call_at, it.next_at()) == (160.5, 161.5)
    assert not it.call(170.0)
    assert (it.is_over(161.4), it.is_over(161.5)) == (False, True)


@pytest.mark.parametrize("policy", [Policy(), Policy(once=True), Policy(timeout=60.0, once=True)])
def test_one_look_and_a_wait_without_end_have_no_deadline(policy: Policy) -> None:
    it = Deadline(policy, 100.0)

    assert (it.at, it.next_at(), it.call(1e9), it.is_over(1e9)) == (None, math.inf, False, False)
    assert it.request_timeout(1e9) == policy.request_timeout
    assert it.too_late(1e9) is None


def test_a_request_may_take_until_a_second_after_the_deadline_or_the_last_call() -> None:
    it = Deadline(Policy(timeout=60.0, request_timeout=30.0), 0.0)
    assert [it.request_timeout(at) for at in (0.0, 31.0, 31.5, 59.0)] == [30.0, 30.0, 29.5, 2.0]

    it.call(60.5)

    assert it.request_timeout(60.5) == 1.0
    assert it.request_timeout(61.0) == 0.5


def test_what_was_asked_at_the_last_call_ends_and_what_left_before_is_asked_again() -> None:
    it = Deadline(Policy(timeout=60.0), 0.0)
    assert it.too_late(60.0) is None

    it.call(60.0)

    assert it.too_late(59.9) is None
    assert it.too_late(60.0) == Stop(Outcome.TIMED_OUT, Reason.DEADLINE)


def test_a_pause_beyond_the_deadline_is_too_long_until_the_last_call() -> None:
    it = Deadline(Policy(timeout=60.0), 0.0)
    assert it.too_long(60.0, 10.0) is None
    assert it.too_long(60.1, 10.0) == Stop(Outcome.TIMED_OUT, Reason.RATE_LIMITED)

    it.call(60.0)

    assert it.too_long(99.0, 60.0) is None
    assert Deadline(Policy(), 0.0).too_long(1e9, 0.0) is None


def test_one_look_is_not_kept_for_more_than_ten_seconds() -> None:
    it = Deadline(Policy(once=True), 0.0)

    assert it.too_long(15.0, 5.0) is None
    assert it.too_long(15.1, 5.0) == Stop(Outcome.UNKNOWN, Reason.RATE_LIMITED)


def test_the_code_of_a_deadline_is_the_one_that_was_chosen() -> None:
    bench = Bench(policy=Policy(timeout=1.0))
    bench.run(RUNNING)

    assert [bench.watcher.verdict(timeout_code=code).code for code in (9, 124)] == [9, 124]
