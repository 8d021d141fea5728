from __future__ import annotations

import math

import pytest

from opwatch.domain.events import Ended, Interrupted, Observed, Oddity, Troubled, Warned
from opwatch.domain.operation import Reading, State
from opwatch.domain.outcome import Abort, Goal, Policy, Reason
from opwatch.domain.pacing import Limits, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import (
    BAD_GATEWAY,
    FAILED,
    NOT_FOUND,
    REFUSED,
    RUNNING,
    SUCCEEDED,
    Bench,
    throttled,
)
from simulation.laws import check
from simulation.world import HOST, Host, Job, Spell, World

ANY = Policy(goal=Goal.ANY)
FAST = Policy(fail_fast=True)


# -- all, any, the first failure ---------------------------------------------------


def test_a_wait_for_all_goes_on_after_a_failure() -> None:
    run = World({"a": Job(60.0, State.FAILED), "b": Job(600.0)}).watch()

    assert run.outcomes() == {"a": "failed", "b": "succeeded"}
    assert run.verdict.code == 1


def test_a_wait_for_any_ends_with_the_first_success() -> None:
    jobs = {"a": Job(60.0, State.FAILED), "b": Job(200.0), "c": Job(9000.0)}
    run = World(jobs).watch(ANY)

    assert run.outcomes() == {"a": "failed", "b": "succeeded", "c": "pending"}
    assert run.operations["c"].reason is Reason.STOPPED_EARLY
    assert run.verdict.code == 0


def test_a_wait_for_any_without_a_success_says_what_went_wrong() -> None:
    run = World({"a": Job(60.0, State.FAILED), "b": Job(90.0, State.CANCELLED)}).watch(ANY)

    assert run.verdict.code == 1


@pytest.mark.parametrize(
    ("end", "code"), [(State.FAILED, 1), (State.CANCELLED, 3), (State.SUCCEEDED, 0)]
)
def test_the_first_end_that_is_no_success_stops_a_wait_that_shall_fail_fast(
    end: State, code: int
) -> None:
    run = World({"a": Job(60.0, end), "b": Job(600.0)}).watch(FAST)

    assert run.verdict.code == code
    assert run.outcomes()["b"] == ("succeeded" if code == 0 else "pending")
    check(run)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(NOT_FOUND, 5), (Trouble(Fault.STATUS_REFUSED, status=400), 6)],
)
def test_not_knowing_is_no_success_either(trouble: Trouble, code: int) -> None:
    bench = Bench("a", "b", policy=FAST)
    bench.answer(RUNNING)

    while not bench.watcher.finished:
        for poll in bench.ask():
            bench.record(poll, RUNNING if poll.targets[0].id == "a" else trouble)
        bench.now += 5.0

    assert bench.outcomes[0] == "pending"
    assert bench.watcher.verdict().code == code


def test_a_deadline_of_one_and_the_success_of_another_are_told_apart() -> None:
    run = World({"a": Job(60.0), "b": Job(9000.0)}).watch(Policy(timeout=120.0))

    assert run.outcomes() == {"a": "succeeded", "b": "timed_out"}


# -- one look ----------------------------------------------------------------------

LOOK = Policy(once=True)


def test_one_look_asks_each_operation_once() -> None:
    run = World({"a": Job(60.0), "b": Job(0.0), "c": Job(0.0, State.FAILED)}).watch(LOOK)

    assert run.outcomes() == {"a": "pending", "b": "succeeded", "c": "failed"}
    assert run.operations["a"].reason is Reason.NOT_WAITED
    assert len(run.sent) == 3
    assert run.ended < 2


def test_one_look_has_no_deadline() -> None:
    assert Bench(policy=Policy(once=True, timeout=0.0)).watcher.deadline is None


def test_one_look_that_is_bounded_ends_at_its_bound_and_keeps_what_was_read() -> None:
    world = World({"a": Job(0.0), "b": Job(60.0), "c": Job(0.0)})
    rules = PollingRules(limits=Limits(rate=0.1, burst=1, at_once=1))
    run = world.watch(Policy(once=True, look_within=12.0), rules)

    assert run.outcomes() == {"a": "succeeded", "b": "pending", "c": "timed_out"}
    assert run.operations["c"].reason is Reason.DEADLINE
    assert run.ended == 12.0
    assert run.verdict.code == 124


def test_a_request_of_a_bounded_look_lasts_no_longer_than_the_look() -> None:
    bench = Bench("a", policy=Policy(once=True, look_within=5.0))

    (poll,) = bench.watcher.due(bench.now)

    assert poll.timeout == 5.0


def test_a_pause_that_passes_the_bound_of_a_look_ends_it_at_once() -> None:
    bench = Bench("a", policy=Policy(once=True, look_within=5.0))

    bench.answer(throttled(8.0))

    assert bench.outcomes == ["timed_out"]
    assert bench.now < 5.0


def test_one_look_tries_again_what_may_have_been_chance() -> None:
    bench = Bench(policy=LOOK)

    bench.answer(BAD_GATEWAY, BAD_GATEWAY, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]
    assert bench.now < 5


def test_one_look_takes_a_404_at_its_word() -> None:
    bench = Bench(policy=LOOK)

    bench.answer(NOT_FOUND)

    assert bench.outcomes == ["not_found"]


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("start", [0.0, 3.0])
@pytest.mark.parametrize("finding", [BAD_GATEWAY, REFUSED, throttled()])
def test_one_look_at_a_dead_host_is_over_in_seconds(
    finding: Trouble, start: float, count: int
) -> None:
    dead = Host(spells=(Spell(start, math.inf, finding),))
    run = World({str(n): Job(60.0) for n in range(count)}, {HOST: dead}).watch(LOOK)

    assert run.ended < 30
    assert set(run.outcomes().values()) <= {"unknown", "pending"}
    check(run)


@pytest.mark.parametrize("finding", [throttled(120.0), throttled(3600.0)])
def test_one_look_does_not_wait_for_minutes_because_it_is_told_to(finding: Trouble) -> None:
    limited = Host(spells=(Spell(1.0, math.inf, finding),))
    run = World({str(n): Job(60.0) for n in range(1000)}, {HOST: limited}).watch(LOOK)

    assert run.ended < 10
    assert Reason.RATE_LIMITED in {each.reason for each in run.watcher.operations}


def test_one_look_does_not_wait_for_a_quota_to_be_filled() -> None:
    bench = Bench("a", "b", "c", policy=LOOK)

    bench.record(bench.next(), RUNNING, wait=1800.0)

    assert bench.outcomes == ["pending", "unknown", "unknown"]


# -- blocked, stalled, unknown words -------------------------------------------------


def test_what_waits_for_a_human_is_waited_for() -> None:
    bench = Bench()
    blocked = Reading(State.BLOCKED, "Approval")

    bench.answer(blocked, blocked, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


def test_what_waits_for_a_human_can_be_taken_for_a_failure() -> None:
    bench = Bench("a", policy=Policy(fail_on_blocked=True))

    bench.answer(RUNNING, Reading(State.BLOCKED, "Approval"))

    assert (bench.outcomes, bench.one.reason) == (["failed"], Reason.BLOCKED)
    assert bench.watcher.verdict().code == 1


def test_an_operation_that_stands_still_for_too_long_has_timed_out() -> None:
    jobs = {"stuck": Job(9000.0), "moving": Job(3000.0, percent=lambda part: part * 100)}
    run = World(jobs).watch(Policy(stall=600.0))

    assert run.outcomes() == {"stuck": "timed_out", "moving": "succeeded"}
    assert run.operations["stuck"].reason is Reason.STALLED
    assert 600 <= (run.operations["stuck"].ended_at or 0.0) <= 603


def test_unknown_words_are_running_and_told_once_each() -> None:
    run = World({"a": Job(400.0, words=("Wibbling", "Wobbling"))}).watch()

    warned = [event for event in run.events if isinstance(event, Warned)]
    assert run.outcomes() == {"a": "succeeded"}
    assert [(event.oddity, event.text) for event in warned] == [
        (Oddity.UNKNOWN_STATUS, "Wibbling"),
        (Oddity.UNKNOWN_STATUS, "Wobbling"),
    ]
    assert warned[0].reference == "a"


def test_nothing_but_unknown_words_for_ten_minutes_is_not_knowing() -> None:
    run = World({"a": Job(4000.0, words=("Wibbling",))}).watch()

    assert run.outcomes() == {"a": "unknown"}
    assert run.operations["a"].reason is Reason.UNKNOWN_STATUS
    assert 600 <= run.ended <= 640


# -- confirmation --------------------------------------------------------------------


def test_an_end_that_is_taken_back_before_it_was_confirmed_is_none() -> None:
    bench = Bench(polling_rules=PollingRules(confirm=3))

    bench.answer(FAILED, FAILED, RUNNING, SUCCEEDED, SUCCEEDED)
    assert bench.outcomes == ["None"]

    bench.answer(SUCCEEDED)
    assert bench.outcomes == ["succeeded"]


def test_a_terminal_answer_is_final_when_none_else_is_asked_for() -> None:
    bench = Bench("a", "b")

    bench.answer(FAILED)

    assert bench.outcomes == ["failed", "None"]


# -- signals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("abort", "code"), [(Abort.INTERRUPTED, 130), (Abort.TERMINATED, 143), (Abort.HANGUP, 129)]
)
def test_a_signal_detaches_from_all_that_is_open(abort: Abort, code: int) -> None:
    jobs = {"a": Job(60.0, State.FAILED), "b": Job(9000.0)}
    run = World(jobs, signals=[(120.0, abort)]).watch()

    assert run.outcomes() == {"a": "failed", "b": "pending"}
    assert run.operations["b"].reason is Reason.DETACHED
    assert run.verdict.code == code
    assert run.ended == 120.0
    check(run)


def test_a_signal_is_told_before_what_it_ends() -> None:
    bench = Bench("a", "b")
    bench.next()

    events = bench.watcher.interrupt(Abort.INTERRUPTED, 1.0)

    assert [type(event) for event in events] == [Interrupted, Ended, Ended]
    assert bench.ask() == []


def test_what_comes_after_a_signal_changes_nothing() -> None:
    bench = Bench()
    poll = bench.next()
    bench.watcher.interrupt(Abort.INTERRUPTED, 1.0)

    bench.record(poll, SUCCEEDED)

    assert bench.outcomes == ["pending"]
    assert not bench.told(Observed)
    assert not bench.told(Troubled)


def test_a_second_signal_of_another_kind_is_no_second_end() -> None:
    bench = Bench()
    first = bench.watcher.interrupt(Abort.TERMINATED, 1.0)
    second = bench.watcher.interrupt(Abort.INTERRUPTED, 2.0)

    assert [len(first), len(second)] == [2, 1]
    assert bench.watcher.verdict().code == 130


# -- answers that make no sense ---------------------------------------------------------


def test_an_answer_that_comes_twice_counts_once() -> None:
    bench = Bench("a", "b")
    poll = bench.next()
    bench.record(poll, RUNNING)
    before = bench.watcher.operations, len(bench.events)

    bench.record(poll, FAILED)

    assert (bench.watcher.operations, len(bench.events)) == before


def test_a_late_double_of_a_terminal_answer_ends_nothing_twice() -> None:
    bench = Bench("a", "b")
    poll = bench.next()

    bench.record(poll, SUCCEEDED)
    bench.record(poll, FAILED)

    assert bench.outcomes == ["succeeded", "None"]
    assert not bench.watcher.finished


def test_a_state_may_go_backwards_and_is_shown_as_it_comes() -> None:
    bench = Bench()
    pending = Reading(State.PENDING, "QUEUED")

    bench.answer(RUNNING, pending)

    assert bench.one.state is State.PENDING
    bench.answer(RUNNING, SUCCEEDED)
    assert bench.outcomes == ["succeeded"]


PARTIAL = Reading(State.SUCCEEDED, "DONE", message="3 rows skipped", partial=True)


@pytest.mark.parametrize(
    "policy", [Policy(fail_on_warnings=True), Policy(fail_on_warnings=True, fail_on_blocked=True)]
)
def test_warnings_can_count_as_failed(policy: Policy) -> None:
    bench = Bench("a", policy=policy)

    bench.answer(RUNNING, PARTIAL)

    assert (bench.outcomes, bench.one.reason) == (["failed"], Reason.WARNINGS)
    assert bench.one.state is State.SUCCEEDED
    assert bench.watcher.verdict().code == 1


@pytest.mark.parametrize("policy", [Policy(), Policy(fail_on_blocked=True)])
def test_warnings_are_a_success_unless_asked_otherwise(policy: Policy) -> None:
    bench = Bench("a", policy=policy)

    bench.answer(RUNNING, PARTIAL)

    assert (bench.outcomes, bench.watcher.verdict().code) == (["succeeded"], 0)
