from __future__ import annotations

from datetime import UTC, datetime

from opwatch.domain.operation import Reading, State, Target
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.record import Record
from simulation.bench import BAD_GATEWAY, NOT_FOUND, RUNNING, SUCCEEDED, running

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def a_record() -> Record:
    return Record(Target("a", "a", "https://api.example"), now=0.0)


def test_a_bad_answer_leaves_what_was_confirmed() -> None:
    record = a_record()
    record.confirm(running(40.0), 10.0)

    record.record_trouble(BAD_GATEWAY, 20.0)

    it = record.operation
    assert (it.state, it.confirmed_at, it.trouble) == (State.RUNNING, 10.0, BAD_GATEWAY)
    assert (it.polls, it.problems, it.streak) == (2, 1, 1)


def test_a_good_answer_clears_the_trouble_but_not_its_count() -> None:
    record = a_record()
    record.record_trouble(BAD_GATEWAY, 1.0)
    record.record_trouble(NOT_FOUND, 2.0)

    record.confirm(RUNNING, 3.0)

    it = record.operation
    assert (it.trouble, it.streak, it.problems, it.polls) == (None, 0, 2, 3)
    assert (record.misses, record.refusals, record.uncounted) == (0, 0, 0.0)


def test_only_what_a_person_would_see_is_a_change() -> None:
    record = a_record()
    assert record.confirm(running(1.0), 1.0) is True
    assert record.confirm(running(1.0), 2.0) is False
    assert record.confirm(running(2.0), 3.0) is True
    assert record.confirm(running(2.0, wait=9.0), 4.0) is False
    assert record.operation.changed_at == 3.0


def test_a_new_time_of_update_moves_the_clock_of_the_stall_without_being_a_change() -> None:
    record = a_record()
    record.confirm(RUNNING, 1.0)

    assert record.confirm(Reading(State.RUNNING, "RUNNING", updated_at=MOMENT), 5.0) is False
    assert record.operation.changed_at == 5.0


def test_the_pace_starts_anew_with_a_new_word_and_not_with_a_new_percentage() -> None:
    record, quiet = a_record(), []
    for n, reading in enumerate(
        (RUNNING, running(1.0), running(2.0), running(2.0, status="Packing"), running(3.0))
    ):
        record.confirm(reading, float(n))
        quiet.append(record.quiet)

    assert quiet == [0, 1, 2, 0, 0]


def test_the_time_left_is_shown_while_it_can_be_known_and_is_never_below_nothing() -> None:
    record = a_record()
    for n in range(1, 4):
        record.confirm(running(10.0 * n), 10.0 * n)
    assert record.operation.eta == 70.0

    record.confirm(running(30.0), 200.0)
    assert record.operation.eta == 0.0

    record.confirm(SUCCEEDED, 201.0)
    assert record.operation.eta is None


def test_what_it_waited_for_the_gate_beyond_a_probe_is_not_its_own_silence() -> None:
    record = a_record()
    record.ask(100.0, patience=0.0)
    assert (record.first_asked_at, record.uncounted) == (100.0, 0.0)

    record.plan(10.0, 100.0, not_before=0.0)
    record.ask(150.0, patience=30.0)
    assert record.uncounted == 10.0


def test_the_next_poll_is_told_with_regard_to_the_gate() -> None:
    record = a_record()
    record.plan(10.0, 100.0, not_before=0.0)
    assert record.operation.next_poll_at == 110.0

    record.plan(10.0, 100.0, not_before=130.0)
    assert (record.operation.next_poll_at, record.due) == (130.0, 110.0)


def test_only_strict_troubles_are_tries_of_first_contact() -> None:
    record = a_record()
    for fault in (Fault.NO_STATUS, Fault.TIMEOUT, Fault.NOT_AN_OBJECT, Fault.STATUS_NOT_FOUND):
        record.record_trouble(Trouble(fault), 1.0)

    assert record.strict_tries == 2


def test_an_end_keeps_the_last_trouble_as_its_cause() -> None:
    record = a_record()
    record.confirm(RUNNING, 1.0)
    record.record_trouble(BAD_GATEWAY, 2.0)
    record.plan(5.0, 2.0, not_before=0.0)

    record.end(Outcome.UNKNOWN, Reason.LOST_CONTACT, 3.0)

    it = record.operation
    assert record.is_over
    assert (it.outcome, it.reason, it.ended_at) == (Outcome.UNKNOWN, Reason.LOST_CONTACT, 3.0)
    assert (it.trouble, it.state, it.next_poll_at) == (BAD_GATEWAY, State.RUNNING, None)
