from __future__ import annotations

from datetime import UTC, datetime

from opwatch.domain.operation import Reading, State, Target
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.record import Life
from simulation.bench import BAD_GATEWAY, NOT_FOUND, RUNNING, SUCCEEDED, running

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def a_life() -> Life:
    return Life(Target("a", "a", "https://api.example"), now=0.0)


def test_a_bad_answer_leaves_what_was_confirmed() -> None:
    life = a_life()
    life.confirm(running(40.0), 10.0)

    life.stumble(BAD_GATEWAY, 20.0)

    it = life.operation
    assert (it.state, it.confirmed_at, it.trouble) == (State.RUNNING, 10.0, BAD_GATEWAY)
    assert (it.polls, it.problems, it.streak) == (2, 1, 1)


def test_a_good_answer_clears_the_trouble_but_not_its_count() -> None:
    life = a_life()
    life.stumble(BAD_GATEWAY, 1.0)
    life.stumble(NOT_FOUND, 2.0)

    life.confirm(RUNNING, 3.0)

    it = life.operation
    assert (it.trouble, it.streak, it.problems, it.polls) == (None, 0, 2, 3)
    assert (life.misses, life.refusals, life.excused) == (0, 0, 0.0)


def test_only_what_a_person_would_see_is_a_change() -> None:
    life = a_life()
    assert life.confirm(running(1.0), 1.0) is True
    assert life.confirm(running(1.0), 2.0) is False
    assert life.confirm(running(2.0), 3.0) is True
    assert life.confirm(running(2.0, wait=9.0), 4.0) is False
    assert life.operation.changed_at == 3.0


def test_a_new_time_of_update_moves_the_clock_of_the_stall_without_being_a_change() -> None:
    life = a_life()
    life.confirm(RUNNING, 1.0)

    assert life.confirm(Reading(State.RUNNING, "RUNNING", updated_at=MOMENT), 5.0) is False
    assert life.operation.changed_at == 5.0


def test_the_pace_starts_anew_with_a_new_word_and_not_with_a_new_percentage() -> None:
    life, quiet = a_life(), []
    for n, reading in enumerate(
        (RUNNING, running(1.0), running(2.0), running(2.0, status="Packing"), running(3.0))
    ):
        life.confirm(reading, float(n))
        quiet.append(life.quiet)

    assert quiet == [0, 1, 2, 0, 0]


def test_the_time_left_is_shown_while_it_can_be_known_and_is_never_below_nothing() -> None:
    life = a_life()
    for n in range(1, 4):
        life.confirm(running(10.0 * n), 10.0 * n)
    assert life.operation.eta == 70.0

    life.confirm(running(30.0), 200.0)
    assert life.operation.eta == 0.0

    life.confirm(SUCCEEDED, 201.0)
    assert life.operation.eta is None


def test_what_it_waited_for_the_gate_beyond_a_probe_is_not_its_own_silence() -> None:
    life = a_life()
    life.ask(100.0, patience=0.0)
    assert (life.first_asked_at, life.excused) == (100.0, 0.0)

    life.plan(10.0, 100.0, not_before=0.0)
    life.ask(150.0, patience=30.0)
    assert life.excused == 10.0


def test_the_next_poll_is_told_with_regard_to_the_gate() -> None:
    life = a_life()
    life.plan(10.0, 100.0, not_before=0.0)
    assert life.operation.next_poll_at == 110.0

    life.plan(10.0, 100.0, not_before=130.0)
    assert (life.operation.next_poll_at, life.due) == (130.0, 110.0)


def test_only_strict_troubles_are_tries_of_first_contact() -> None:
    life = a_life()
    for fault in (Fault.NO_STATUS, Fault.TIMEOUT, Fault.NOT_AN_OBJECT, Fault.STATUS_NOT_FOUND):
        life.stumble(Trouble(fault), 1.0)

    assert life.strict_tries == 2


def test_an_end_keeps_the_last_trouble_as_its_cause() -> None:
    life = a_life()
    life.confirm(RUNNING, 1.0)
    life.stumble(BAD_GATEWAY, 2.0)
    life.plan(5.0, 2.0, not_before=0.0)

    life.end(Outcome.UNKNOWN, Reason.LOST_CONTACT, 3.0)

    it = life.operation
    assert life.is_over
    assert (it.outcome, it.reason, it.ended_at) == (Outcome.UNKNOWN, Reason.LOST_CONTACT, 3.0)
    assert (it.trouble, it.state, it.next_poll_at) == (BAD_GATEWAY, State.RUNNING, None)
