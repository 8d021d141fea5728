from __future__ import annotations

import math

import pytest

from opwatch.domain.outcome import Reason
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import RUNNING, SUCCEEDED, Bench
from simulation.laws import check
from simulation.world import HOST, Host, Job, Spell, World

UNAUTHORIZED = Trouble(Fault.STATUS_UNAUTHORIZED, status=401)
FORBIDDEN = Trouble(Fault.STATUS_FORBIDDEN, status=403)
# No credential was needed so far, and none is at hand.
WANTED = Trouble(Fault.NO_CREDENTIAL, status=401)


def test_a_token_that_expires_and_is_renewed_goes_unnoticed() -> None:
    expired = Spell(600.0, 620.0, UNAUTHORIZED)
    jobs = {str(n): Job(1800.0) for n in range(50)}
    run = World(jobs, {HOST: Host(spells=(expired,))}).watch()

    assert set(run.outcomes().values()) == {"succeeded"}
    check(run)


def test_a_token_that_stays_refused_ends_all_as_denied_after_a_second_opinion() -> None:
    expired = Spell(600.0, math.inf, UNAUTHORIZED)
    jobs = {str(n): Job(1800.0) for n in range(50)}
    run = World(jobs, {HOST: Host(spells=(expired,))}).watch()

    assert set(run.outcomes().values()) == {"denied"}
    assert run.verdict.code == 4
    assert 630 <= run.ended <= 720


@pytest.mark.parametrize(("trouble", "refusals"), [(UNAUTHORIZED, 2), (FORBIDDEN, 3)])
def test_a_refusal_in_the_middle_of_a_wait_is_repeated_half_a_minute_apart(
    trouble: Trouble, refusals: int
) -> None:
    bench = Bench()
    bench.answer(RUNNING)
    bench.pause()
    start = bench.now

    bench.run(trouble)

    assert (bench.outcomes, bench.one.problems) == (["denied"], refusals)
    assert bench.one.reason is Reason.DENIED
    assert bench.now - start >= 30 * (refusals - 1)


def test_a_credential_that_is_suddenly_wanted_is_not_believed_at_the_first_word() -> None:
    bench = Bench()

    bench.answer(RUNNING, WANTED, RUNNING)
    assert bench.one.outcome is None
    bench.run(WANTED)

    assert (bench.outcomes, bench.one.reason) == (["denied"], Reason.NO_CREDENTIAL)
    assert bench.one.problems == 3


def test_one_refusal_among_good_answers_is_forgiven() -> None:
    bench = Bench()

    for _ in range(3):
        bench.answer(RUNNING, UNAUTHORIZED, RUNNING, FORBIDDEN, FORBIDDEN)
    bench.answer(SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.NO_CREDENTIAL, Reason.NO_CREDENTIAL),
        (Fault.RENEWAL_REFUSED, Reason.DENIED),
    ],
)
def test_the_last_word_of_the_credential_is_not_asked_for_twice(
    fault: Fault, reason: Reason
) -> None:
    bench = Bench()

    bench.answer(RUNNING, Trouble(fault))

    assert (bench.outcomes, bench.one.reason) == (["denied"], reason)


def test_a_renewal_that_could_not_be_tried_is_an_outage() -> None:
    bench = Bench()

    bench.answer(RUNNING, *[Trouble(Fault.RENEWAL_FAILED)] * 5, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]
