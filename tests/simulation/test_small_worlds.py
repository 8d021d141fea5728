"""Every sequence of six answers of twelve kinds about two operations, without any chance.

By day all of three answers, and each n-th of six; by night all of four. All of six, some millions
of them, is a part of the campaign: ``tests/campaign/small_worlds.py``.
"""

from __future__ import annotations

from itertools import product

import pytest

from opwatch.domain.outcome import Outcome
from simulation.small import (
    DONE,
    KINDS,
    NAMES,
    NO_SUCH,
    REFUSED,
    RUNNING,
    SmallRun,
    play,
    worlds,
    wrongs,
)

EACH = 2399


def judged(kinds: list[str], run: SmallRun) -> list[str]:
    return [f"{kinds}: {wrong}" for wrong in wrongs(run)]


@pytest.mark.parametrize("batch", [False, True])
def test_three_answers_lead_to_no_end_that_they_do_not_allow(*, batch: bool) -> None:
    found = [judged(kinds, run) for kinds, run in worlds(length=3, batch=batch)]

    assert len(found) > (140 if batch else 1200)
    assert [wrong for each in found for wrong in each] == []


@pytest.mark.parametrize("batch", [False, True])
def test_each_nth_sequence_of_six_answers_leads_to_no_end_that_it_does_not_allow(
    *, batch: bool
) -> None:
    ends = set()
    for number in range(0, len(KINDS) ** 6, EACH):
        kinds = [KINDS[number // len(KINDS) ** place % len(KINDS)] for place in range(6)]
        run = play(kinds, batch=batch)
        assert judged(kinds, run) == []
        ends |= set(run.outcomes.values())

    # In a batch six kinds are three answers, which are too few for the grace of a 404.
    too_few = {Outcome.NOT_FOUND} if batch else set()
    assert ends == set(Outcome) - {Outcome.CANCELLED, Outcome.PENDING} - too_few


@pytest.mark.slow
@pytest.mark.parametrize("first", range(len(KINDS)), ids=KINDS.__getitem__)
@pytest.mark.parametrize("batch", [False, True])
def test_four_answers_lead_to_no_end_that_they_do_not_allow(first: int, *, batch: bool) -> None:
    for kinds, run in worlds(first, length=4, batch=batch):
        assert judged(kinds, run) == []


@pytest.mark.slow
def test_the_worlds_are_all_sequences_as_far_as_they_were_asked_for() -> None:
    asked = [tuple(kinds[: run.used]) for kinds, run in worlds(length=3)]

    for kinds in product(KINDS, repeat=3):
        assert sum(kinds[: len(each)] == each for each in asked) == 1


def test_a_batch_is_asked_about_both_at_once_and_after_a_refusal_about_each_alone() -> None:
    together, alone = (
        play([RUNNING, DONE], batch=True),
        play([NO_SUCH, DONE, DONE, DONE], batch=True),
    )

    assert together.said == {"a": [RUNNING], "b": [DONE]}
    assert alone.said == {"a": [NO_SUCH, DONE], "b": [NO_SUCH, DONE]}
    assert alone.verdict is not None
    assert alone.verdict.code == 0


def test_what_is_in_flight_when_its_host_refuses_another_ends_by_its_own_answer() -> None:
    run = play([NO_SUCH, NO_SUCH, REFUSED, DONE], batch=True)

    assert run.said == {"a": [NO_SUCH, REFUSED], "b": [NO_SUCH, DONE]}
    assert run.outcomes == {"a": Outcome.DENIED, "b": Outcome.SUCCEEDED}


FORGED: tuple[tuple[list[str], Outcome, str], ...] = (
    ([RUNNING], Outcome.SUCCEEDED, "a is succeeded, which nobody said"),
    ([DONE], Outcome.UNKNOWN, "a was done, and is unknown"),
    ([DONE, RUNNING], Outcome.SUCCEEDED, "asked about after its end"),
    ([RUNNING, "lost"], Outcome.UNKNOWN, "although it had been heard of"),
    (["another's done"], Outcome.SUCCEEDED, "which nobody said"),
    (["lost"], Outcome.DENIED, "nobody refused"),
    ([REFUSED], Outcome.NOT_FOUND, "nobody said so"),
    ([RUNNING], Outcome.PENDING, "which nobody said"),
    ([], Outcome.UNKNOWN, "without a reason"),
)


@pytest.mark.parametrize(("said", "outcome", "wrong"), FORGED)
def test_the_model_sees_an_end_that_is_not_allowed(
    said: list[str], outcome: Outcome, wrong: str
) -> None:
    run = play([DONE])
    run.said = {NAMES[0]: said, NAMES[1]: [DONE]}
    run.order = [(NAMES[0], kind) for kind in said]
    run.outcomes = {NAMES[0]: outcome, NAMES[1]: Outcome.SUCCEEDED}

    assert any(wrong in each for each in wrongs(run)), list(wrongs(run))


def test_the_model_sees_a_success_of_the_run_without_both() -> None:
    run = play([DONE, DONE])
    assert list(wrongs(run)) == []

    run.said[NAMES[1]] = [RUNNING]

    assert any("exit code 0" in each for each in wrongs(run))
