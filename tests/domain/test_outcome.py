"""The exit table of the README, row by row: a public contract."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.outcome import (
    OF_ABORT,
    OF_OUTCOME,
    PRECEDENCE,
    Abort,
    ExitCode,
    Goal,
    Outcome,
    verdict,
)

OUTCOMES = st.lists(st.sampled_from(Outcome), min_size=1, max_size=6)
ABORTS = st.frozensets(st.sampled_from(Abort), max_size=3)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SUCCEEDED, 0),
        (Outcome.FAILED, 1),
        (Outcome.CANCELLED, 3),
        (Outcome.DENIED, 4),
        (Outcome.NOT_FOUND, 5),
        (Outcome.UNKNOWN, 6),
        (Outcome.PENDING, 8),
        (Outcome.TIMED_OUT, 124),
    ],
)
def test_one_operation_decides_alone(outcome: Outcome, code: int) -> None:
    found = verdict([outcome])
    assert (found.code, found.reason) == (code, outcome.value)


@pytest.mark.parametrize(
    ("abort", "code"),
    [
        (Abort.USAGE, 2),
        (Abort.BUG, 70),
        (Abort.UNWRITABLE, 74),
        (Abort.HANGUP, 129),
        (Abort.INTERRUPTED, 130),
        (Abort.PIPE_CLOSED, 141),
        (Abort.TERMINATED, 143),
    ],
)
@pytest.mark.parametrize("outcomes", [[], [Outcome.SUCCEEDED], [Outcome.FAILED], list(Outcome)])
def test_what_aborts_a_run_decides_whatever_the_operations_did(
    abort: Abort, code: int, outcomes: list[Outcome]
) -> None:
    found = verdict(outcomes, aborts=frozenset({abort}))
    assert (found.code, found.reason) == (code, abort.value)


ROWS = [
    # signal, 2, 70, 74, 1, 3, 4, 5, 6, 124, 8, 0: the first that is there decides
    Abort.INTERRUPTED,
    Abort.USAGE,
    Abort.BUG,
    Abort.UNWRITABLE,
    Outcome.FAILED,
    Outcome.CANCELLED,
    Outcome.DENIED,
    Outcome.NOT_FOUND,
    Outcome.UNKNOWN,
    Outcome.TIMED_OUT,
    Outcome.PENDING,
    Outcome.SUCCEEDED,
]


@pytest.mark.parametrize(("first", "second"), itertools.combinations(ROWS, 2))
def test_of_two_results_the_upper_row_decides(
    first: Abort | Outcome, second: Abort | Outcome
) -> None:
    both = [second, first]
    found = verdict(
        [each for each in both if isinstance(each, Outcome)],
        aborts=frozenset(each for each in both if isinstance(each, Abort)),
    )
    assert found.cause is first


def test_every_word_has_one_code_and_one_place_in_the_order() -> None:
    assert set(OF_OUTCOME) == set(Outcome)
    assert set(OF_ABORT) == set(Abort)
    assert len(PRECEDENCE) == len(Outcome) + len(Abort) == len({*PRECEDENCE})
    codes = [*OF_OUTCOME.values(), *OF_ABORT.values()]
    assert len(codes) == len(set(codes)) == len(ExitCode)


@given(OUTCOMES)
def test_zero_needs_every_operation_to_have_succeeded(outcomes: list[Outcome]) -> None:
    assert (verdict(outcomes).code == 0) == all(each is Outcome.SUCCEEDED for each in outcomes)


@given(OUTCOMES)
def test_one_needs_an_operation_that_failed(outcomes: list[Outcome]) -> None:
    assert (verdict(outcomes).code == 1) == (Outcome.FAILED in outcomes)


@given(OUTCOMES, st.randoms())
def test_the_order_of_operations_changes_no_verdict(
    outcomes: list[Outcome], chance: object
) -> None:
    shuffled = list(outcomes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert verdict(outcomes) == verdict(shuffled)


@given(st.lists(st.sampled_from(Outcome), max_size=6), ABORTS, st.sampled_from(Goal))
def test_every_run_has_a_documented_code(
    outcomes: list[Outcome], aborts: frozenset[Abort], goal: Goal
) -> None:
    found = verdict(outcomes, goal=goal, aborts=aborts)
    assert found.code in set(ExitCode)
    assert (found.code == 0) <= (Outcome.SUCCEEDED in outcomes or goal is Goal.READ)


def test_no_evidence_is_no_success() -> None:
    assert verdict([]).code == 2
    assert verdict([], goal=Goal.ANY).code == 2
    assert verdict([], goal=Goal.READ).code == 2


def test_an_operation_that_got_lost_on_the_way_is_a_bug_and_no_success() -> None:
    assert verdict([Outcome.SUCCEEDED], expected=2).code == 70
    assert verdict([Outcome.SUCCEEDED] * 2, expected=2).code == 0


@pytest.mark.parametrize("other", Outcome)
def test_any_is_content_with_one_success(other: Outcome) -> None:
    assert verdict([other, Outcome.SUCCEEDED], goal=Goal.ANY).code == 0
    assert verdict([other, other], goal=Goal.ANY).code == OF_OUTCOME[other]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SUCCEEDED, 0),
        (Outcome.FAILED, 0),
        (Outcome.CANCELLED, 0),
        (Outcome.PENDING, 0),
        (Outcome.DENIED, 4),
        (Outcome.NOT_FOUND, 5),
        (Outcome.UNKNOWN, 6),
        (Outcome.TIMED_OUT, 124),
    ],
)
def test_exit_zero_is_content_with_having_read_every_operation(outcome: Outcome, code: int) -> None:
    assert verdict([Outcome.SUCCEEDED, outcome], goal=Goal.READ).code == code


def test_the_code_for_a_deadline_can_be_chosen_and_no_other() -> None:
    assert verdict([Outcome.TIMED_OUT], timeout_code=75).code == 75
    assert verdict([Outcome.TIMED_OUT], timeout_code=75).reason == "timed_out"
    assert verdict([Outcome.TIMED_OUT, Outcome.FAILED], timeout_code=75).code == 1


def test_a_signal_wins_over_a_success_by_any() -> None:
    found = verdict(
        [Outcome.SUCCEEDED], goal=Goal.ANY, aborts=frozenset({Abort.TERMINATED, Abort.INTERRUPTED})
    )
    assert found.code == 130
