from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.events import Ended, Observed, Started
from opwatch.domain.operation import InitialAnswer, Reading, Target
from opwatch.domain.outcome import Goal, Outcome, Policy, Reason
from opwatch.domain.pacing import PollingRules
from opwatch.watcher.watcher import Watcher
from simulation.bench import FAILED, RUNNING, SUCCEEDED, middle
from simulation.world import HOST


def a_watcher(*beginnings: InitialAnswer, policy: Policy | None = None) -> Watcher:
    targets = [
        Target(str(n), str(n), HOST, initial=initial) for n, initial in enumerate(beginnings)
    ]
    return Watcher(targets, {"": PollingRules()}, policy or Policy(), now=5.0, uniform=middle)


@pytest.mark.parametrize(
    ("reading", "outcome"), [(SUCCEEDED, Outcome.SUCCEEDED), (FAILED, Outcome.FAILED)]
)
def test_what_had_ended_when_it_was_started_is_never_asked_about(
    reading: Reading, outcome: Outcome
) -> None:
    watcher = a_watcher(InitialAnswer(reading))

    events = watcher.start()

    assert [type(event) for event in events] == [Started, Observed, Ended]
    assert watcher.finished
    assert watcher.due(5.0) == []
    assert watcher.operations[0].outcome is outcome


def test_what_was_known_at_the_start_is_reported_as_it_was_observed() -> None:
    watcher = a_watcher(InitialAnswer(FAILED))

    _, observed, ended = watcher.start()

    assert isinstance(observed, Observed)
    assert isinstance(ended, Ended)
    assert (observed.at, observed.changed) == (5.0, True)
    assert (observed.operation.reading, observed.operation.polls) == (FAILED, 0)
    assert ended.operation is watcher.operations[0]


def test_the_others_are_watched_as_ever() -> None:
    watcher = a_watcher(InitialAnswer(SUCCEEDED), InitialAnswer())
    watcher.start()

    assert not watcher.finished
    assert [poll.indices for poll in watcher.due(5.0)] == [(1,)]


def test_one_success_at_the_start_is_enough_for_any() -> None:
    watcher = a_watcher(InitialAnswer(SUCCEEDED), InitialAnswer(), policy=Policy(goal=Goal.ANY))
    watcher.start()

    assert watcher.finished
    assert watcher.verdict().code == 0
    assert watcher.operations[1].reason is Reason.STOPPED_EARLY


def test_a_failure_at_the_start_stops_a_wait_that_shall_fail_fast() -> None:
    watcher = a_watcher(InitialAnswer(), InitialAnswer(FAILED), policy=Policy(fail_fast=True))
    watcher.start()

    assert watcher.finished
    assert watcher.verdict().code == 1


def test_the_pause_that_the_starting_answer_asked_for_is_kept() -> None:
    watcher = a_watcher(InitialAnswer(pause=30.0))
    watcher.start()

    assert watcher.due(34.9) == []
    assert len(watcher.due(35.0)) == 1


def test_an_operation_that_has_not_ended_says_nothing_yet() -> None:
    watcher = a_watcher(InitialAnswer(pause=1.0))

    assert [type(event) for event in watcher.start()] == [Started]
    assert watcher.operations[0].reading is None


def test_a_result_that_came_later_is_kept_with_its_operation() -> None:
    watcher = a_watcher(InitialAnswer(SUCCEEDED), InitialAnswer(SUCCEEDED))
    watcher.start()
    second = watcher.operations[1]
    assert second.reading is not None
    brought = second.but(reading=replace(second.reading, result={"rows": 7}))

    events = watcher.set_result(brought, 9.0)

    assert events == [Ended(9.0, brought)]
    assert [each.reading and each.reading.result for each in watcher.operations] == [
        None,
        {"rows": 7},
    ]


def test_a_result_that_could_not_be_had_is_no_success_of_the_run() -> None:
    watcher = a_watcher(InitialAnswer(SUCCEEDED))
    watcher.start()
    assert watcher.verdict().code == 0

    watcher.set_result(watcher.operations[0].but(reason=Reason.NO_RESULT), 9.0)

    assert watcher.verdict().code == 74


def test_a_run_of_one_look_takes_the_starting_answer_for_it() -> None:
    watcher = a_watcher(InitialAnswer(SUCCEEDED), policy=Policy(once=True))
    watcher.start()

    assert watcher.verdict().code == 0


def test_a_reading_at_the_start_that_is_not_terminal_is_no_end() -> None:
    watcher = a_watcher(InitialAnswer(RUNNING))
    watcher.start()

    assert watcher.operations[0].outcome is None
    assert len(watcher.due(watcher.wake_at(5.0))) <= 1
    assert not watcher.finished
