from __future__ import annotations

from datetime import UTC, datetime

from opwatch.domain.operation import Contradiction, InitialAnswer, Reading, State, Target
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble, fault_of_status
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


def test_what_was_asked_in_time_waited_for_nobody() -> None:
    record = a_record()
    for at in (0.0, 10.0, 19.9):
        record.ask(at, patience=0.0)
        record.plan(10.0, at, not_before=0.0)

    assert (record.uncounted, record.first_asked_at, record.asked_at) == (0.0, 0.0, 19.9)


def test_what_it_waited_for_the_gate_adds_up_until_a_good_answer_comes() -> None:
    record = a_record()
    record.ask(0.0, patience=0.0)
    for at in (5.0, 12.0):
        record.due = at - 3.0
        record.ask(at, patience=0.0)
    assert record.uncounted == 6.0

    record.confirm(RUNNING, 13.0)
    assert record.uncounted == 0.0


def test_refusals_and_misses_are_counted_apart_and_from_their_first() -> None:
    record = a_record()
    for at, status in ((5.0, 401), (6.0, 404), (7.0, 403), (8.0, 404)):
        fault = fault_of_status(status, wait_named=False, quota_empty=False)
        assert fault is not None
        record.record_trouble(Trouble(fault, status=status), at)

    assert (record.refusals, record.refusals_from) == (2, 5.0)
    assert (record.misses, record.misses_from) == (2, 6.0)
    missed = [record.operation.missed_from]

    record.confirm(RUNNING, 9.0)
    missed.append(record.operation.missed_from)
    assert missed == [6.0, None]
    record.record_trouble(NOT_FOUND, 10.0)
    assert (record.refusals, record.misses, record.misses_from) == (0, 1, 10.0)


def test_equal_ends_are_counted_by_their_state_whatever_their_word() -> None:
    record, counts = a_record(), []
    other = Reading(State.SUCCEEDED, "DONE")
    for reading in (SUCCEEDED, SUCCEEDED, other, RUNNING, SUCCEEDED):
        record.confirm(reading, 1.0)
        counts.append(record.confirmations)

    assert counts == [1, 2, 3, 1, 1]


def test_an_unknown_word_and_a_contradiction_each_have_their_first_moment() -> None:
    record = a_record()
    conflict = Contradiction("status", "done", "error", "x")
    odd = Reading(State.RUNNING, "x", is_known_word=False, contradiction=conflict)

    for at in (1.0, 2.0):
        record.confirm(odd, at)
        assert (record.unknown_from, record.contradicted_from) == (1.0, 1.0)

    record.confirm(RUNNING, 3.0)
    assert (record.unknown_from, record.contradicted_from) == (None, None)


def test_a_record_begins_with_the_pause_of_its_start() -> None:
    target = Target("a", "a", "https://api.example", initial=InitialAnswer(pause=7.0))

    record = Record(target, now=100.0)

    assert (record.due, record.asked_at, record.operation.watched_from) == (107.0, 100.0, 100.0)
    assert (record.is_unheard, record.is_over, record.in_flight) == (True, False, False)
    assert (record.successes_before, record.confirmations, record.quiet) == (0, 0, 0)
    assert (record.strict_tries, record.refusals, record.misses) == (0, 0, 0)


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


def test_what_has_ended_has_no_end_to_come() -> None:
    record = a_record()
    for n in range(1, 4):
        record.confirm(running(10.0 * n), 10.0 * n)
    assert record.operation.eta is not None

    record.end(Outcome.PENDING, Reason.DETACHED, 31.0)
    assert record.operation.eta is None


def test_what_has_no_grace_may_appear_until_it_is_missed() -> None:
    record = a_record()
    record.record_trouble(NOT_FOUND, 10.0)

    assert record.operation.missing_until == 10.0
