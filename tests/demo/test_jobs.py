from __future__ import annotations

import math

import pytest

from opwatch.demo import Hitch, Script
from opwatch.demo.jobs import JobPhase
from opwatch.domain.operation import State
from servers.dialects.extras import BlockedScript


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (0.0, JobPhase(State.PENDING, 0.0, 0.0)),
        (1.99, JobPhase(State.PENDING, 0.0, 0.0)),
        (2.0, JobPhase(State.BLOCKED, 0.0, 2.0)),
        (3.0, JobPhase(State.RUNNING, 0.0, 3.0)),
        (4.9, JobPhase(State.RUNNING, 0.0, 3.0)),
        (5.0, JobPhase(State.RUNNING, 50.0, 3.0)),
        (6.99, JobPhase(State.RUNNING, 50.0, 3.0)),
        (7.0, JobPhase(State.SUCCEEDED, 100.0, 7.0)),
        (1e9, JobPhase(State.SUCCEEDED, 100.0, 7.0)),
    ],
)
def test_an_operation_passes_through_its_phases(elapsed: float, expected: JobPhase) -> None:
    script = BlockedScript(7.0, pending=2.0, blocked=1.0, steps=(0.0, 50.0))

    assert expected == script.at(elapsed)


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (1.99, JobPhase(State.PENDING, 0.0, 0.0)),
        (2.0, JobPhase(State.RUNNING, 0.0, 2.0)),
        (4.49, JobPhase(State.RUNNING, 0.0, 2.0)),
        (4.5, JobPhase(State.RUNNING, 50.0, 2.0)),
        (7.0, JobPhase(State.SUCCEEDED, 100.0, 7.0)),
    ],
)
def test_one_that_waits_for_nobody_runs_at_once(elapsed: float, expected: JobPhase) -> None:
    assert expected == Script(7.0, pending=2.0, steps=(0.0, 50.0)).at(elapsed)


def test_an_operation_that_fails_keeps_its_last_step() -> None:
    script = Script(2.0, State.FAILED, steps=(10.0, 100.0))

    assert JobPhase(State.FAILED, 100.0, 2.0) == script.at(2.0)


def test_an_operation_of_no_seconds_has_ended_when_it_starts() -> None:
    assert State.CANCELLED is Script(0.0, State.CANCELLED).at(0.0).state


def test_an_endless_operation_runs_for_ever() -> None:
    assert State.RUNNING is Script(math.inf, pending=1.0).at(1e12).state


@pytest.mark.parametrize(
    ("seconds", "end", "pending", "steps"),
    [
        (1.0, State.RUNNING, 0.0, (0.0,)),
        (1.0, State.FAILED, 2.0, (0.0,)),
        (-1.0, State.FAILED, 0.0, (0.0,)),
        (math.nan, State.FAILED, 0.0, (0.0,)),
        (1.0, State.FAILED, 0.0, ()),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(
    seconds: float, end: State, pending: float, steps: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match="an operation"):
        Script(seconds, end, pending, steps=steps)


def test_a_hitch_covers_its_polls_and_no_other() -> None:
    script = Script(1.0, hitches=(Hitch(2, 502, times=2), Hitch(5, None)))

    statuses = [hitch.status if (hitch := script.hitch(n)) else 200 for n in range(1, 7)]
    assert statuses == [200, 502, 502, 200, None, 200]
