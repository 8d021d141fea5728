from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest

from opwatch.domain.outcome import (
    OF_ABORT,
    OF_OUTCOME,
    PRECEDENCE,
    Abort,
    ExitCode,
    Goal,
    Outcome,
    Verdict,
    verdict,
)

S, F, C, P = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED, Outcome.PENDING


def test_every_outcome_and_every_abort_has_a_code_and_a_rank() -> None:
    assert set(OF_OUTCOME) == set(Outcome)
    assert set(OF_ABORT) == set(Abort)
    assert sorted(PRECEDENCE) == sorted([*Outcome, *Abort])


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
def test_one_operation_ends_with_the_code_of_its_outcome(outcome: Outcome, code: int) -> None:
    assert verdict([outcome]) == Verdict(code, outcome)
    assert verdict([outcome]).reason == outcome.value


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
def test_an_abort_decides_whatever_the_operations_did(abort: Abort, code: int) -> None:
    for outcomes in ([], [S], [F], [*Outcome]):
        assert verdict(outcomes, aborts=frozenset({abort})) == Verdict(code, abort)


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(PRECEDENCE)))
def test_of_two_causes_the_first_in_the_order_decides(
    earlier: Abort | Outcome, later: Abort | Outcome
) -> None:
    both = (earlier, later)
    aborts = frozenset(each for each in both if isinstance(each, Abort))
    outcomes = [each for each in both if isinstance(each, Outcome)]

    for order in permutations(outcomes):
        assert verdict(list(order), aborts=aborts).cause is earlier


def test_the_order_is_the_one_of_the_contract() -> None:
    codes = [
        int(OF_ABORT[each]) if isinstance(each, Abort) else int(OF_OUTCOME[each])
        for each in PRECEDENCE
    ]

    assert codes == [129, 130, 143, 141, 2, 70, 74, 1, 3, 4, 5, 6, 124, 8, 0]


def test_no_outcome_at_all_is_never_a_success() -> None:
    for goal in Goal:
        assert verdict([], goal=goal).code == ExitCode.USAGE


def test_fewer_outcomes_than_expected_are_a_bug_and_no_success() -> None:
    for goal in Goal:
        assert verdict([S, S], goal=goal, expected=3).code in {ExitCode.BUG, ExitCode.SUCCEEDED}
    assert verdict([S, S], expected=3).code == ExitCode.BUG
    assert verdict([S, S], expected=2).code == ExitCode.SUCCEEDED


@pytest.mark.parametrize("abort", Abort)
def test_an_abort_is_why_fewer_ended_than_expected(abort: Abort) -> None:
    assert verdict([S], aborts=frozenset({abort}), expected=2).cause is abort


@pytest.mark.parametrize("abort", Abort)
@pytest.mark.parametrize("earlier", PRECEDENCE)
def test_what_goes_wrong_after_the_verdict_changes_it_only_if_it_comes_first(
    earlier: Abort | Outcome, abort: Abort
) -> None:
    def reached(cause: Abort | Outcome) -> Verdict:
        return verdict([cause]) if isinstance(cause, Outcome) else Verdict(OF_ABORT[cause], cause)

    assert reached(earlier).after(abort) == reached(min(earlier, abort, key=PRECEDENCE.index))


def test_zero_needs_the_success_of_all() -> None:
    for count in (1, 2, 3):
        for outcomes in product(Outcome, repeat=count):
            assert (verdict(outcomes).code == 0) == (set(outcomes) == {S})


def test_one_success_is_enough_for_any() -> None:
    for outcomes in product(Outcome, repeat=3):
        code = verdict(outcomes, goal=Goal.ANY).code
        assert (code == 0) == (S in outcomes)


def test_a_look_is_a_success_when_every_operation_was_read() -> None:
    assert verdict([S, F, C, P], goal=Goal.READ).code == 0
    for unread in (Outcome.DENIED, Outcome.NOT_FOUND, Outcome.UNKNOWN, Outcome.TIMED_OUT):
        assert verdict([S, unread], goal=Goal.READ) == verdict([unread])


def test_the_code_of_a_timeout_can_be_chosen() -> None:
    assert verdict([S, Outcome.TIMED_OUT], timeout_code=0).code == 0
    assert verdict([F, Outcome.TIMED_OUT], timeout_code=99).code == 1


def test_the_words_for_what_a_run_is_after_stay_as_recordings_have_them() -> None:
    assert list(Goal) == ["all", "any", "read"]
