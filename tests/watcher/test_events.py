"""What is reported, and at which moment."""

from __future__ import annotations

import pytest

from opwatch.domain.events import Ended, Event, Held, Interrupted, Observed, Resumed, Troubled
from opwatch.domain.operation import Answer, Unchanged
from opwatch.domain.outcome import Abort, Goal, Outcome, Policy, Reason
from opwatch.domain.pacing import PollingRules
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import BAD_GATEWAY, FAILED, RUNNING, SUCCEEDED, Bench, throttled

HOST = "https://api.example"


def news(bench: Bench, finding: object, *, wait: float | None = None) -> list[Event]:
    """Return what is reported when *finding* comes; all of it is of that very moment."""
    poll = bench.next()
    bench.now += 0.25
    events = bench.watcher.record(poll, Answer((finding,), wait), bench.now)  # type: ignore[arg-type]
    bench._pending = None
    assert {event.at for event in events} == {bench.now}
    return events


def test_a_good_answer_is_observed_and_an_end_comes_after_it() -> None:
    bench = Bench()

    (first,) = news(bench, RUNNING)
    (again,) = news(bench, RUNNING)
    observed, ended = news(bench, FAILED)

    assert isinstance(first, Observed)
    assert isinstance(again, Observed)
    assert isinstance(observed, Observed)
    assert isinstance(ended, Ended)
    assert (first.changed, again.changed, observed.changed) == (True, False, True)
    assert (first.operation.polls, again.operation.polls) == (1, 2)
    # What is observed is what was found; that the watch is over is an event of its own.
    assert observed.operation.reading == FAILED
    assert (ended.operation.outcome, ended.operation.ended_at) == (Outcome.FAILED, bench.now)


def test_a_bad_answer_is_reported_with_what_it_left_standing() -> None:
    bench = Bench()
    news(bench, RUNNING)

    (troubled,) = news(bench, BAD_GATEWAY)

    assert isinstance(troubled, Troubled)
    assert troubled.trouble is BAD_GATEWAY
    assert troubled.operation.reading == RUNNING
    assert troubled.operation.trouble is BAD_GATEWAY


def test_a_limit_is_reported_with_its_host_its_end_and_its_cause() -> None:
    bench = Bench()
    news(bench, RUNNING)
    limit = throttled(60.0)

    held, troubled = news(bench, limit, wait=60.0)

    assert isinstance(held, Held)
    assert isinstance(troubled, Troubled)
    assert (held.origin, held.trouble) == (HOST, limit)
    assert held.until == pytest.approx(bench.now + 63.0)


def test_a_sleep_is_reported_when_it_is_over_and_with_its_length() -> None:
    bench = Bench()
    news(bench, RUNNING)
    bench.watcher.tick(bench.now)
    before = bench.now

    bench.sleep(3600.0)

    (resumed,) = bench.told(Resumed)
    assert (resumed.at, resumed.gap) == (before + 3600.0, 3600.0)


@pytest.mark.parametrize("gap", [15.0, 15.1])
def test_more_than_three_ticks_without_one_are_a_sleep(gap: float) -> None:
    bench = Bench()
    bench.ask()

    bench.sleep(gap)

    assert bool(bench.told(Resumed)) is (gap > 15.0)


def test_an_interruption_comes_first_and_ends_what_is_open_for_us_only() -> None:
    bench = Bench("a", "b", "c")
    bench.answer(SUCCEEDED)
    bench.now += 3.0

    first, *rest = bench.watcher.interrupt(Abort.TERMINATED, bench.now)

    assert first == Interrupted(bench.now, Abort.TERMINATED)
    assert [type(event) for event in rest] == [Ended, Ended]
    assert {event.at for event in rest} == {bench.now}
    assert bench.outcomes == ["succeeded", "pending", "pending"]
    assert [each.reason for each in bench.watcher.operations[1:]] == [Reason.DETACHED] * 2
    assert bench.watcher.finished
    assert bench.watcher.verdict().cause is Abort.TERMINATED


@pytest.mark.parametrize(
    ("policy", "finding", "stops"),
    [
        (Policy(goal=Goal.ANY), SUCCEEDED, True),
        (Policy(goal=Goal.ANY), FAILED, False),
        (Policy(goal=Goal.ALL), SUCCEEDED, False),
        (Policy(fail_fast=True), FAILED, True),
        (Policy(fail_fast=True), SUCCEEDED, False),
        (Policy(), FAILED, False),
    ],
)
def test_one_end_stops_the_others_only_where_nothing_more_is_needed(
    policy: Policy, finding: object, *, stops: bool
) -> None:
    bench = Bench("a", "b", policy=policy)

    events = news(bench, finding)

    assert bench.watcher.finished is stops
    assert len(events) == (3 if stops else 2)
    assert bench.watcher.operations[1].reason is (Reason.STOPPED_EARLY if stops else None)


def test_an_answer_that_comes_twice_or_too_late_is_passed_over() -> None:
    bench = Bench("a", "b")
    poll = bench.next()
    bench.record(poll, RUNNING)
    before = bench.one

    assert bench.watcher.record(poll, Answer((SUCCEEDED,)), bench.now + 1.0) == []
    assert bench.one is before

    late = bench.next()
    bench.watcher.interrupt(Abort.INTERRUPTED, bench.now)
    bench.watcher.record(late, Answer((SUCCEEDED,)), bench.now + 1.0)
    assert bench.outcomes == ["pending", "pending"]


def test_the_watcher_wants_to_be_woken_within_five_seconds_and_sooner_where_something_is_due() -> (
    None
):
    bench = Bench(polling_rules=PollingRules(), policy=Policy(timeout=33.0))
    news(bench, RUNNING)
    assert bench.watcher.wake_at(bench.now) == pytest.approx(bench.now + 2.0)

    bench.next()

    assert bench.watcher.wake_at(bench.now) == bench.now + 5.0
    assert bench.watcher.wake_at(31.0) == 33.0


def test_nothing_new_is_asked_of_a_304_that_nobody_asked_for() -> None:
    bench = Bench()
    (troubled,) = news(bench, Unchanged())
    assert isinstance(troubled, Troubled)
    assert troubled.trouble == Trouble(Fault.NOT_MODIFIED_UNASKED)

    news(bench, RUNNING)
    (observed,) = news(bench, Unchanged())
    assert isinstance(observed, Observed)
    assert (observed.changed, observed.operation.reading) == (False, RUNNING)
