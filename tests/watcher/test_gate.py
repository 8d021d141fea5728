from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.operation import Target
from opwatch.domain.pacing import Limits
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.gate import Gate, GateState, count_trouble
from opwatch.watcher.record import Record
from simulation.bench import BAD_GATEWAY, NOT_FOUND, middle

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, CLOSED, OPEN, RAMPING = GateState.FIRST, GateState.CLOSED, GateState.OPEN, GateState.RAMPING


def a_gate(limits: Limits | None = None) -> Gate:
    return Gate(limits or Limits(at_once=8), middle, now=0.0)


def ask(gate: Gate, now: float) -> None:
    assert gate.free_at(now) <= now
    gate.take(now)


def asked(gate: Gate, now: float, count: int = 1) -> None:
    """Send *count* requests at *now*, whatever the rate says."""
    for _ in range(count):
        gate.take(now)


def a_gate_that(phase: GateState, now: float = 0.0) -> Gate:
    """Return a gate that came into *phase* at *now*."""
    gate = a_gate()
    if phase is FIRST:
        return gate
    asked(gate, now)
    gate.good(now)
    if phase is CLOSED:
        return gate
    asked(gate, now, 5)
    for _ in range(5):
        gate.bad(now)
    if phase is OPEN:
        return gate
    asked(gate, now + 1.0)
    gate.good(now + 1.0)
    return gate


def be_good_but_name_a_pause(gate: Gate) -> None:
    gate.good(5.0)
    gate.hold(5.0, 20.0)


ACTIONS: dict[str, Callable[[Gate], object]] = {
    "good": lambda gate: gate.good(5.0),
    "answered": lambda gate: gate.answered(5.0),
    "bad": lambda gate: gate.bad(5.0),
    "moot": lambda gate: gate.inconclusive(5.0),
    "throttled": lambda gate: gate.throttled(5.0, None),
    "throttled for a while": lambda gate: gate.throttled(5.0, 20.0),
    "good, but a pause is named": be_good_but_name_a_pause,
}


@pytest.mark.parametrize(
    ("phase", "what", "after"),
    [
        (FIRST, "good", CLOSED),
        (FIRST, "answered", CLOSED),
        (FIRST, "bad", FIRST),
        (FIRST, "throttled", FIRST),
        (FIRST, "throttled for a while", FIRST),
        (FIRST, "good, but a pause is named", OPEN),
        (CLOSED, "good", CLOSED),
        (CLOSED, "answered", CLOSED),
        (CLOSED, "bad", CLOSED),
        (CLOSED, "moot", CLOSED),
        (CLOSED, "throttled", CLOSED),
        (CLOSED, "throttled for a while", OPEN),
        (CLOSED, "good, but a pause is named", OPEN),
        (OPEN, "good", RAMPING),
        (OPEN, "answered", RAMPING),
        (OPEN, "bad", OPEN),
        (OPEN, "moot", OPEN),
        (OPEN, "throttled", OPEN),
        (OPEN, "good, but a pause is named", OPEN),
        (OPEN, "throttled for a while", OPEN),
        (RAMPING, "good", RAMPING),
        (RAMPING, "answered", RAMPING),
        (RAMPING, "bad", RAMPING),
        (RAMPING, "moot", RAMPING),
        (RAMPING, "throttled for a while", OPEN),
        (RAMPING, "good, but a pause is named", OPEN),
    ],
)
def test_an_answer_turns_the_gate(phase: GateState, what: str, after: GateState) -> None:
    gate = a_gate_that(phase)
    assert gate.state is phase
    asked(gate, 5.0)

    ACTIONS[what](gate)

    assert gate.state is after
    assert gate.in_flight == 0


def test_five_bad_answers_in_a_row_open_the_gate() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0, 5)

    assert [gate.bad(1.0) for _ in range(5)] == [False] * 4 + [True]
    assert gate.state is OPEN


def test_a_good_answer_among_them_begins_a_new_row() -> None:
    gate = a_gate_that(CLOSED)

    for _ in range(4):
        asked(gate, 1.0, 5)
        gate.bad(1.0)
        gate.bad(1.0)
        gate.good(1.0)
        gate.good(1.0)
        gate.good(1.0)

    assert gate.state is CLOSED


def test_half_of_the_last_twenty_open_the_gate() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0, 20)

    for _ in range(9):
        gate.good(1.0)
        assert gate.bad(1.0) is False
    assert gate.bad(1.0) is True


def test_two_bad_answers_in_a_row_end_a_ramp_and_one_does_not() -> None:
    gate = a_gate_that(RAMPING)
    asked(gate, 10.0, 4)

    gate.bad(10.0)
    gate.good(10.0)
    assert gate.bad(10.0) is False
    assert gate.bad(10.0) is True
    assert gate.state is OPEN


# -- how fast --------------------------------------------------------------------


def test_before_first_contact_one_request_goes_at_a_time() -> None:
    gate = a_gate()
    ask(gate, 0.0)

    assert gate.free_at(0.0) == math.inf
    gate.good(0.5)
    assert gate.free_at(0.5) == 0.5


def test_a_burst_goes_at_once_and_then_the_rate_counts() -> None:
    gate = a_gate(Limits(rate=4.0, burst=3, at_once=99))
    ask(gate, 0.0)
    gate.good(0.0)
    ask(gate, 0.0)
    ask(gate, 0.0)

    assert gate.free_at(0.0) == 0.25
    assert gate.free_at(0.125) == 0.25
    ask(gate, 0.25)
    assert gate.free_at(0.25) == 0.5


def test_no_more_are_in_flight_than_the_host_bears() -> None:
    gate = a_gate(Limits(at_once=2))
    ask(gate, 0.0)
    gate.good(0.0)
    ask(gate, 0.0)
    ask(gate, 0.0)

    assert gate.free_at(0.0) == math.inf


def test_the_bucket_is_served_at_the_very_moment_that_it_names() -> None:
    for rate in (0.2, 0.3, 1 / 3, 3.0, 7.0, 500 / 60):
        gate = a_gate(Limits(rate=rate, burst=1, at_once=10_000))
        now = 1_234_567.891
        gate.take(now)
        gate.good(now)
        for _ in range(1_000):
            turns = 0
            while (free_at := gate.free_at(now)) > now:
                now, turns = free_at, turns + 1
                assert turns <= 2
            gate.take(now)
            gate.good(now)


def test_limits_that_were_in_flight_together_are_one_event() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 4)

    for _ in range(4):
        gate.throttled(0.0, 30.0)
    assert gate.rate.now == 5.0

    asked(gate, 40.0)
    gate.throttled(40.0, 30.0)
    assert gate.rate.now == 2.5


def test_the_rate_never_falls_to_nothing() -> None:
    gate = a_gate_that(CLOSED)

    for n in range(50):
        asked(gate, 100.0 * n)
        gate.throttled(100.0 * n, 10.0)

    assert gate.rate.now == 0.2


def test_a_machine_without_descriptors_sends_half_as_many_at_once_but_never_under_two() -> None:
    gate = a_gate_that(CLOSED)
    most = []

    for n in range(4):
        asked(gate, 10.0 * n)
        gate.out_of_descriptors(10.0 * n)
        most.append(gate._at_once)

    assert most == [4, 2, 2, 2]
    assert gate.state is CLOSED


def test_descriptors_that_lacked_at_one_moment_are_one_event() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 8)

    for _ in range(8):
        gate.out_of_descriptors(0.0)

    assert gate._at_once == 4
    assert gate.in_flight == 0


def test_descriptors_that_lack_for_two_as_well_are_an_outage() -> None:
    gate = a_gate_that(CLOSED)

    for n in range(7):
        asked(gate, float(n))
        gate.out_of_descriptors(float(n))

    assert gate.state is OPEN


def test_clean_minutes_bring_back_the_requests_in_flight_too() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0)
    gate.out_of_descriptors(0.0)

    for minute in range(1, 9):
        asked(gate, 61.0 * minute)
        gate.good(61.0 * minute)

    assert gate._at_once == 8


# -- held ------------------------------------------------------------------------


def test_a_probe_goes_alone_after_a_pause_that_doubles_up_to_half_a_minute() -> None:
    gate, now, pauses = a_gate_that(OPEN), 0.0, []

    for _ in range(8):
        pauses.append(gate.free_at(now) - now)
        now = gate.free_at(now)
        ask(gate, now)
        assert gate.free_at(now) == math.inf
        assert gate.bad(now) is True

    assert pauses == [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5, 22.5]


def test_answers_to_what_was_in_flight_as_it_opened_are_no_failed_probes() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0, 8)

    told = [gate.bad(1.0) for _ in range(8)]

    assert told == [False] * 4 + [True] + [False] * 3
    assert gate.free_at(1.0) == 1.75


def test_after_a_good_probe_the_host_is_asked_slowly_at_first() -> None:
    gate = a_gate_that(RAMPING)
    now, gaps = 1.0, []

    for _ in range(40):
        gaps.append(gate.free_at(now) - now)
        now = gate.free_at(now)
        ask(gate, now)
        gate.good(now)

    assert gaps[0] == pytest.approx(0.5)
    assert all(next_ <= gap + 1e-9 for gap, next_ in pairwise(gaps))
    assert gaps[-1] < 0.1
    assert gate.state is CLOSED


def test_a_named_pause_is_never_undercut_and_has_a_tenth_on_top_at_most() -> None:
    for lot in (min, middle, max):
        gate = Gate(Limits(), lot, now=0.0)
        asked(gate, 0.0)
        gate.throttled(0.0, 100.0)

        assert 100.0 <= gate.free_at(0.0) <= 110.0 + 1e-9
        assert gate.named_until == 100.0


def test_a_shorter_pause_does_not_shorten_a_longer_one() -> None:
    gate = a_gate_that(CLOSED)
    gate.hold(0.0, 100.0)
    gate.hold(0.0, 10.0)

    assert gate.not_before == 105.0
    assert gate.named_until == 100.0


def test_a_late_good_answer_does_not_lift_a_named_pause() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 2)
    gate.throttled(0.0, 100.0)
    gate.good(0.1)

    assert gate.free_at(0.1) >= 100.0


def test_a_pause_of_nothing_is_a_limit_without_a_pause() -> None:
    gate = a_gate_that(CLOSED)
    told = []
    for _ in range(5):
        asked(gate, 0.0)
        told.append(gate.throttled(0.0, 0.0))

    assert told == [False] * 4 + [True]
    assert gate.free_at(0.0) > 0.0


def test_a_crowd_that_is_throttled_at_one_moment_is_no_outage() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 8)

    assert [gate.throttled(0.0, None) for _ in range(8)] == [False] * 8
    assert (gate.state, gate.bad_in_a_row) == (CLOSED, 1)


def test_an_old_outage_does_not_lengthen_the_probes_of_a_new_one() -> None:
    gate, now = a_gate_that(OPEN), 0.0
    for _ in range(6):
        now = gate.free_at(now)
        ask(gate, now)
        gate.bad(now)
    now = gate.free_at(now)
    ask(gate, now)
    gate.good(now)

    gate.hold(now, 10.0)
    now = gate.free_at(now)
    ask(gate, now)
    gate.bad(now)

    assert gate.free_at(now) - now == 1.5


def test_a_moot_fault_keeps_the_probes_coming_but_no_rarer() -> None:
    gate, now = a_gate_that(OPEN), 0.0

    for _ in range(4):
        now = gate.free_at(now)
        ask(gate, now)
        gate.inconclusive(now)
        assert gate.free_at(now) - now == 0.75


# -- first contact ---------------------------------------------------------------


def test_a_host_that_never_answered_is_tried_ever_more_rarely() -> None:
    gate, now, pauses = a_gate(), 0.0, []

    for _ in range(8):
        ask(gate, now)
        gate.bad(now)
        pauses.append(gate.free_at(now) - now)
        now = gate.free_at(now)

    assert pauses == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 24.0, 24.0]


def test_without_a_good_answer_a_bad_one_leads_back_to_one_at_a_time() -> None:
    gate = a_gate()
    ask(gate, 0.0)
    gate.answered(0.0)
    asked(gate, 0.0, 4)

    for _ in range(4):
        gate.bad(0.0, strict=True)

    assert gate.state is FIRST
    assert gate.strict_in_a_row == 1
    assert gate.free_at(0.0) == 0.75


def test_only_strict_faults_count_as_tries() -> None:
    gate = a_gate()
    for n, strict in enumerate((True, False, True, False)):
        asked(gate, 100.0 * n)
        gate.bad(100.0 * n, strict=strict)

    assert (gate.bad_in_a_row, gate.strict_in_a_row) == (4, 2)
    asked(gate, 500.0)
    gate.answered(500.0)
    assert (gate.bad_in_a_row, gate.strict_in_a_row) == (0, 0)


# -- silence ---------------------------------------------------------------------


def test_silence_is_the_time_since_the_first_bad_answer_after_a_proper_one() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 10.0, 4)
    gate.good(10.0)
    assert gate.silence(3600.0) == 0.0

    gate.bad(3600.0)
    gate.bad(3610.0)
    assert gate.silence(3620.0) == 20.0

    gate.answered(3620.0)
    assert gate.silence(3700.0) == 0.0


def test_a_pause_that_the_host_named_is_no_silence_and_neither_is_sleep() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 2)
    gate.bad(0.0)
    gate.throttled(0.0, 100.0)
    gate.discount(1000.0)

    assert gate.silence(1500.0) == 1500.0 - 105.0 - 1000.0


# -- quick retries ----------------------------------------------------------------


def test_quick_retries_are_a_tenth_of_the_good_answers() -> None:
    gate = a_gate_that(CLOSED)
    assert [gate.pay_quick() for _ in range(11)] == [True] * 10 + [False]

    for _ in range(10):
        assert gate.pay_quick() is False
        asked(gate, 0.0)
        gate.good(0.0)

    asked(gate, 0.0)
    gate.good(0.0)
    assert [gate.pay_quick(), gate.pay_quick()] == [True, False]


@pytest.mark.parametrize("phase", [FIRST, OPEN, RAMPING])
def test_no_retry_is_quick_while_the_host_is_in_trouble(phase: GateState) -> None:
    assert a_gate_that(phase).pay_quick() is False


@pytest.mark.parametrize("what", ACTIONS)
def test_an_answer_too_many_makes_no_room_for_a_request_too_many(what: str) -> None:
    gate = a_gate()
    ACTIONS[what](gate)

    assert gate.in_flight == 0


# -- this machine has no descriptor left -------------------------------------------------


def at_once(gate: Gate, now: float) -> int:
    """Return how many requests may be in flight together."""
    count = 0
    while not math.isinf(gate.free_at(now)):
        gate.take(now)
        count += 1
    for _ in range(count):
        gate.good(now)
    return count


def test_a_machine_without_descriptors_halves_what_goes_at_once_and_blames_no_host() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0, 8)

    assert [gate.out_of_descriptors(0.0) for _ in range(8)] == [False] * 8
    assert gate.state is CLOSED
    assert gate.bad_in_a_row == 0
    assert at_once(gate, 10.0) == 4, "those in flight together are one event"


def test_two_at_once_are_left_and_then_the_host_is_held_after_all() -> None:
    gate = a_gate_that(CLOSED)
    for now in (1.0, 2.0, 3.0):
        asked(gate, now)
        assert not gate.out_of_descriptors(now)
    assert at_once(gate, 10.0) == 2

    asked(gate, 11.0, 5)
    assert [gate.out_of_descriptors(11.0) for _ in range(5)] == [False] * 4 + [True]
    assert gate.state is OPEN


def test_what_goes_at_once_grows_back_by_one_a_minute() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0)
    gate.out_of_descriptors(0.0)
    for now in (61.0, 122.0):
        asked(gate, now)
        gate.good(now)

    assert at_once(gate, 130.0) == 6


# -- what others were told -----------------------------------------------------------------


def test_a_pause_that_others_were_asked_for_holds_it_from_now_until_then() -> None:
    gate = a_gate_that(CLOSED, 100.0)

    assert gate.hold_for_others(100.0, 110.0) is True
    assert gate.state is OPEN
    assert gate.free_at(100.0) == pytest.approx(110.5)
    assert gate.hold_for_others(100.0, 111.0) is False, "the same pause by another clock"
    assert gate.hold_for_others(100.0, 111.5) is True


def test_a_pause_of_others_that_is_over_or_our_own_is_nothing_new() -> None:
    gate = a_gate_that(CLOSED, 100.0)
    assert gate.hold_for_others(100.0, 50.0) is False
    assert gate.state is CLOSED

    gate.hold(100.0, 20.0)
    assert gate.hold_for_others(100.0, 120.0) is False


# -- a longer history ----------------------------------------------------------------------


def test_only_the_last_twenty_count_and_fewer_than_half_of_them_do_not_open_it() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0, 50)
    for _ in range(30):
        gate.good(1.0)

    for _ in range(9):
        assert gate.bad(1.0) is False
        gate.good(1.0)
    assert gate.bad(1.0) is True


def test_where_nobody_is_there_two_tries_are_at_most_eight_seconds_apart() -> None:
    gate, now, pauses = a_gate(), 0.0, []
    for _ in range(6):
        ask(gate, now)
        assert gate.bad(now, strict=True) is False, "nothing is held that was never open"
        pauses.append(gate.free_at(now) - now)
        now = gate.free_at(now)

    assert pauses == [0.75, 1.5, 3.0, 6.0, 6.0, 6.0]


def test_a_probe_that_this_machine_has_no_descriptor_for_is_paused_as_well() -> None:
    gate = a_gate_that(OPEN)
    now = gate.free_at(0.0)
    ask(gate, now)

    assert gate.out_of_descriptors(now) is False
    assert gate.free_at(now) == now + 0.75


def test_what_no_descriptor_was_left_for_at_first_contact_is_a_try() -> None:
    gate = a_gate(Limits(at_once=2))
    ask(gate, 0.0)
    gate.out_of_descriptors(0.0, strict=True)

    assert (gate.state, gate.strict_in_a_row) == (FIRST, 1)


def test_a_clean_minute_is_one_of_sixty_seconds() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 0.0)
    gate.out_of_descriptors(0.0)
    for now, most in ((59.9, 4), (60.0, 5)):
        asked(gate, now)
        gate.good(now)
        assert at_once(gate, now) == most


# -- whose trouble it is -------------------------------------------------------------------


def a_record_of(streak: int) -> Record:
    """Return the record of one operation that has had so many bad answers in a row."""
    record = Record(Target("a", "a", "https://api.example"), now=0.0)
    for _ in range(streak):
        record.record_trouble(BAD_GATEWAY, 0.0)
    return record


@pytest.mark.parametrize(("streak", "bad"), [(1, 1), (2, 0)])
def test_what_an_operation_repeats_while_others_are_served_is_not_the_hosts(
    streak: int, bad: int
) -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0)

    assert count_trouble(gate, [a_record_of(streak)], BAD_GATEWAY, None, 1.0) is False
    assert gate.bad_in_a_row == bad


@pytest.mark.parametrize(("status", "pace"), [(502, 10.0), (503, 5.0), (504, 10.0)])
def test_only_a_host_that_says_it_is_overloaded_is_asked_more_slowly_at_once(
    status: int, pace: float
) -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0)
    trouble = Trouble(Fault.STATUS_TRANSIENT, status=status)

    count_trouble(gate, [a_record_of(0)], trouble, None, 1.0)

    assert gate.rate.now == pace


def test_a_first_overload_is_no_measure_of_what_the_host_bears() -> None:
    paces = []
    for fault, status in ((Fault.STATUS_TRANSIENT, 503), (Fault.STATUS_THROTTLED, 429)):
        gate = a_gate_that(CLOSED)
        for _ in range(4):
            asked(gate, 0.5)
            gate.good(0.5)
        asked(gate, 0.5)
        count_trouble(gate, [a_record_of(0)], Trouble(fault, status=status), None, 0.5)
        paces.append(gate.rate.now)

    assert paces[0] > paces[1] == 2.5, "five answers in the last second"


def test_an_answer_about_one_operation_holds_no_host() -> None:
    gate = a_gate_that(CLOSED)
    asked(gate, 1.0)

    assert count_trouble(gate, [a_record_of(0)], NOT_FOUND, None, 1.0) is False
