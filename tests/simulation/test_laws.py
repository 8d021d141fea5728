"""The laws are held themselves: each must see its breach."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Ended
from opwatch.domain.operation import Answer, State
from opwatch.domain.outcome import Outcome, Policy
from opwatch.domain.pacing import Limits, PollingRules
from opwatch.watcher.watcher import Watcher
from simulation import laws
from simulation.bench import REFUSED
from simulation.world import HOST, Host, Job, Run, Spell, World

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run() -> Run:
    world = World({"a": Job(300.0), "b": Job(300.0, State.FAILED)})
    rules = PollingRules(limits=Limits(rate=10.0, at_once=8))
    run = world.watch(Policy(timeout=600.0), rules)
    laws.check(run)
    return run


def alter(run: Run, **changes: object) -> None:
    """Forge the first operation of the *run*."""
    record = run.watcher._scheduler.records[0]
    record.operation = record.operation.but(**changes)


def test_the_law_of_the_rate_sees_a_request_too_many(run: Run) -> None:
    first = run.sent[0]
    run.sent[1:1] = [replace(first, answered=first.at) for _ in range(20)]

    with pytest.raises(AssertionError, match="too fast"):
        laws.no_host_is_asked_faster_than_it_bears(run)


def test_the_law_of_those_in_flight_sees_one_too_many(run: Run) -> None:
    run.sent += [replace(run.sent[0]) for _ in range(9)]

    with pytest.raises(AssertionError, match="had 9"):
        laws.no_host_has_more_requests_in_flight_than_it_bears(run)


def test_the_law_of_the_named_pause_sees_an_early_request(run: Run) -> None:
    run.sent[0].answer = Answer(run.sent[0].answer.findings, wait=200.0)

    with pytest.raises(AssertionError, match="was asked at"):
        laws.no_request_goes_before_a_named_pause_is_over(run)


def test_the_law_of_the_outage_sees_a_host_that_is_hammered(run: Run) -> None:
    run.world.hosts[HOST] = Host(spells=(Spell(0.0, 300.0, REFUSED),))
    run.sent *= 3

    with pytest.raises(AssertionError, match="times in"):
        laws.an_outage_is_met_with_few_requests(run)


def test_the_law_of_the_deadline_sees_a_late_end(run: Run) -> None:
    alter(run, ended_at=602.1)

    with pytest.raises(AssertionError, match="a"):
        laws.every_watch_ends_by_the_deadline(run)


def end_as_something_else(run: Run) -> None:
    alter(run, outcome=Outcome.FAILED)


def end_before_it_was_told(run: Run) -> None:
    alter(run, ended_at=299.0)


def end_before_its_time(run: Run) -> None:
    run.world.jobs["a"] = Job(400.0)


@pytest.mark.parametrize(
    "forge", [end_as_something_else, end_before_it_was_told, end_before_its_time]
)
def test_the_law_of_the_state_sees_a_verdict_without_evidence(
    run: Run, forge: Callable[[Run], None]
) -> None:
    forge(run)

    with pytest.raises(AssertionError, match="a "):
        laws.a_state_is_only_what_the_api_said_of_that_operation(run)


def test_the_law_of_the_end_sees_one_that_goes_on(run: Run) -> None:
    ended = next(event for event in run.events if isinstance(event, Ended))
    run.events.append(ended)

    with pytest.raises(AssertionError, match="went on"):
        laws.an_end_is_final(run)


def test_the_law_of_the_story_sees_time_run_backwards(run: Run) -> None:
    run.events.append(run.events[1])

    with pytest.raises(AssertionError, match="out of order"):
        laws.the_story_is_whole(run)


def test_what_was_heard_of_after_a_recovery_is_counted(run: Run) -> None:
    assert laws.confirmed_within(run, 100.0, 60.0) == 1.0
    assert laws.confirmed_within(run, 100.0, 0.5) < 1.0


def test_a_watcher_that_is_busy_with_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watcher, "wake_at", lambda _self, now: now)

    with pytest.raises(AssertionError, match="busy with nothing"):
        World({"a": Job(60.0)}).watch()
