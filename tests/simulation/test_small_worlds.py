"""Every sequence of six answers of twelve kinds about two operations, without any chance.

By day all of three answers, and each n-th of six; by night all of four. All of six, some millions
of them, is a part of the campaign: ``tests/campaign/small_worlds.py``.
"""

from __future__ import annotations

from itertools import product

import pytest

from opwatch.domain.outcome import Outcome
from simulation.small import DONE, KINDS, NAMES, REFUSED, RUNNING, SmallRun, play, worlds, wrongs

EACH = 2399


def judged(kinds: list[str], run: SmallRun) -> list[str]:
    return [f"{kinds}: {wrong}" for wrong in wrongs(run)]


def test_three_answers_lead_to_no_end_that_they_do_not_allow() -> None:
    found = [judged(kinds, run) for kinds, run in worlds(length=3)]

    assert len(found) > 1200
    assert [wrong for each in found for wrong in each] == []


def test_each_nth_sequence_of_six_answers_leads_to_no_end_that_it_does_not_allow() -> None:
    ends = set()
    for number in range(0, len(KINDS) ** 6, EACH):
        kinds = [KINDS[number // len(KINDS) ** place % len(KINDS)] for place in range(6)]
        run = play(kinds)
        assert judged(kinds, run) == []
        ends |= set(run.outcomes.values())

    assert ends == set(Outcome) - {Outcome.CANCELLED, Outcome.PENDING}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(len(KINDS)), ids=KINDS.__getitem__)
def test_four_answers_lead_to_no_end_that_they_do_not_allow(first: int) -> None:
    for kinds, run in worlds(first, length=4):
        assert judged(kinds, run) == []


@pytest.mark.slow
def test_the_worlds_are_all_sequences_as_far_as_they_were_asked_for() -> None:
    asked = [tuple(kinds[: run.used]) for kinds, run in worlds(length=3)]

    for kinds in product(KINDS, repeat=3):
        assert sum(kinds[: len(each)] == each for each in asked) == 1


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
