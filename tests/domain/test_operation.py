"""The snapshot of an operation, and what makes two readings differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from opwatch.domain.operation import (
    TERMINAL,
    Answer,
    Basis,
    Contradiction,
    Earlier,
    InitialAnswer,
    Operation,
    Reading,
    State,
    Target,
    Unchanged,
)
from opwatch.domain.outcome import Outcome
from opwatch.domain.trouble import Fault, Trouble

RUNNING = Reading(State.RUNNING, "RUNNING", 40.0, 7, "half way")
TARGET = Target("ref", "id", "https://api.example")


def test_three_states_are_the_end_and_nothing_else_is() -> None:
    assert {State.SUCCEEDED, State.FAILED, State.CANCELLED} == TERMINAL
    for state in State:
        assert state.is_terminal is (state in TERMINAL)


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.BLOCKED},
        {"status": "Running"},
        {"progress": 40.1},
        {"count": 8},
        {"message": None},
    ],
)
def test_a_person_sees_a_state_a_word_a_number_and_a_message(change: dict[str, Any]) -> None:
    assert RUNNING.differs_from(replace(RUNNING, **change))
    assert replace(RUNNING, **change).differs_from(RUNNING)


def test_a_person_sees_the_first_reading_and_nothing_of_the_rest() -> None:
    unseen = replace(RUNNING, wait=5.0, updated_at=datetime.now(UTC), raw={"x": 1}, id="b")

    assert RUNNING.differs_from(None)
    assert not RUNNING.differs_from(unseen)


def test_a_contradiction_is_written_as_its_two_fields() -> None:
    assert str(Contradiction("status", "done", "error.code", "7")) == "status: done, error.code: 7"


def test_an_operation_is_known_by_its_target_and_begins_with_nothing() -> None:
    it = Operation(TARGET, watched_from=100.0)

    assert (it.reference, it.id, it.state, it.is_over) == ("ref", "id", None, False)
    assert (it.polls, it.problems, it.streak) == (0, 0, 0)
    assert it.but(reading=RUNNING).state is State.RUNNING
    assert it.but(outcome=Outcome.PENDING).is_over


@pytest.mark.parametrize(
    ("earlier", "ended"),
    [
        (None, False),
        (Earlier(90.0), False),
        (Earlier(90.0, outcome=Outcome.FAILED), True),
    ],
)
def test_an_end_is_only_recorded_where_an_earlier_process_saw_it(
    earlier: Earlier | None, *, ended: bool
) -> None:
    it = Operation(replace(TARGET, earlier=earlier), 100.0, outcome=Outcome.SUCCEEDED)

    assert it.ended_before is ended


def test_what_an_answer_or_a_pipe_said_beside_the_reference_is_handed_on_and_no_more() -> None:
    target = replace(
        TARGET,
        params={"zone": "a", "project": "p", "other": "x"},
        options=(("--param", "zone=a"), ("--param", "project=q"), ("other=x",)),
        initial=InitialAnswer(params={"job": "7"}),
    )

    assert target.handed == {"zone": "a", "job": "7"}
    assert replace(target, initial=InitialAnswer(params={"zone": "b"})).handed == {"zone": "b"}


def test_time_stands_still_for_what_is_over_and_never_runs_backwards() -> None:
    it = Operation(TARGET, watched_from=100.0)

    assert (it.elapsed(130.0), it.elapsed(90.0)) == (30.0, 0.0)
    assert it.but(ended_at=110.0).elapsed(130.0) == 10.0


@pytest.mark.parametrize(
    ("finding", "wait"),
    [
        (Trouble(Fault.STATUS_THROTTLED, wait=9.0), 9.0),
        (Trouble(Fault.STATUS_THROTTLED), None),
        (Unchanged(), None),
    ],
)
def test_one_finding_for_all_brings_its_pause(
    finding: Trouble | Unchanged, wait: float | None
) -> None:
    assert Answer.all(finding, 3) == Answer((finding,) * 3, wait)


def test_the_words_for_states_and_for_why_a_profile_was_chosen_are_public() -> None:
    assert list(State) == ["pending", "running", "blocked", "succeeded", "failed", "cancelled"]
    assert list(Basis) == ["address", "path", "words", "piped"]
