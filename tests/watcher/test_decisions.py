from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.durations import UsualDuration
from opwatch.domain.operation import TERMINAL, Contradiction, Reading, State, Target
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.pacing import Pace, PollingRules
from opwatch.domain.trouble import REFUSED_BY_API, RULES, Fault, Handling, Trouble
from opwatch.watcher.decisions import (
    OF_STATE,
    Context,
    PollAgain,
    Step,
    Stop,
    after_reading,
    after_trouble,
)
from opwatch.watcher.record import Record
from simulation.bench import BAD_GATEWAY, NOT_FOUND, RUNNING, SUCCEEDED, middle, throttled

CONFLICT = Contradiction("status", "completed", "done", "false")
# What ends the watch while nothing good has come yet: after how many tries, how, and for whom.
STRICT: dict[Fault, tuple[int, Outcome, str]] = {
    Fault.UNRESOLVED: (3, Outcome.UNKNOWN, "host"),
    Fault.CONNECTION_REFUSED: (3, Outcome.UNKNOWN, "host"),
    Fault.NO_DESCRIPTORS: (3, Outcome.UNKNOWN, "host"),
    Fault.TLS: (3, Outcome.UNKNOWN, "host"),
    Fault.PROXY: (3, Outcome.UNKNOWN, "host"),
    Fault.CERTIFICATE: (1, Outcome.UNKNOWN, "host"),
    Fault.STATUS_PROXY_AUTH: (1, Outcome.UNKNOWN, "host"),
    Fault.HTML: (3, Outcome.UNKNOWN, "operation"),
    Fault.XML: (3, Outcome.UNKNOWN, "operation"),
    Fault.EMPTY: (3, Outcome.UNKNOWN, "operation"),
    Fault.NOT_JSON: (3, Outcome.UNKNOWN, "operation"),
    Fault.STATUS_UNAUTHORIZED: (1, Outcome.DENIED, "host"),
    Fault.API_DENIED: (1, Outcome.DENIED, "host"),
    Fault.NO_CREDENTIAL: (1, Outcome.DENIED, "host"),
    Fault.TOKEN_REFUSED: (1, Outcome.DENIED, "host"),
    Fault.RENEWAL_REFUSED: (1, Outcome.DENIED, "host"),
    Fault.STATUS_FORBIDDEN: (1, Outcome.DENIED, "operation"),
    Fault.TOO_LARGE: (3, Outcome.UNKNOWN, "operation"),
    Fault.NO_STATUS: (3, Outcome.UNKNOWN, "operation"),
    Fault.NOT_AN_OBJECT: (3, Outcome.UNKNOWN, "operation"),
    Fault.STATUS_UNSUPPORTED: (1, Outcome.UNKNOWN, "operation"),
    Fault.FOREIGN_ORIGIN: (1, Outcome.UNKNOWN, "operation"),
    Fault.REDIRECT_LOOP: (1, Outcome.UNKNOWN, "operation"),
    Fault.BAD_REDIRECT: (1, Outcome.UNKNOWN, "operation"),
    Fault.BAD_REQUEST: (1, Outcome.UNKNOWN, "operation"),
    Fault.STATUS_REFUSED: (1, Outcome.UNKNOWN, "operation"),
    Fault.API_REFUSED: (1, Outcome.UNKNOWN, "operation"),
    Fault.NO_RESULT: (1, Outcome.UNKNOWN, "operation"),
}
# What ends it at once even after hours of good answers.
FINAL: dict[Fault, tuple[Outcome, Reason]] = {
    Fault.FOREIGN_ORIGIN: (Outcome.UNKNOWN, Reason.REFUSED),
    Fault.REDIRECT_LOOP: (Outcome.UNKNOWN, Reason.REFUSED),
    Fault.BAD_REDIRECT: (Outcome.UNKNOWN, Reason.REFUSED),
    Fault.BAD_REQUEST: (Outcome.UNKNOWN, Reason.REFUSED),
    Fault.NO_RESULT: (Outcome.UNKNOWN, Reason.REFUSED),
    Fault.NO_CREDENTIAL: (Outcome.DENIED, Reason.NO_CREDENTIAL),
    Fault.TOKEN_REFUSED: (Outcome.DENIED, Reason.DENIED),
    Fault.RENEWAL_REFUSED: (Outcome.DENIED, Reason.DENIED),
}


def a_record(*readings: Reading, at: float = 0.0) -> Record:
    record = Record(Target("a", "a", "https://api.example"), now=0.0)
    for reading in readings:
        record.ask(at, patience=0.0)
        record.confirm(reading, at)
    return record


def context(now: float = 0.0, *, contacted: bool = True, **more: object) -> Context:
    it = Context(
        polling_rules=PollingRules(),
        policy=Policy(),
        now=now,
        uniform=middle,
        contacted=contacted,
        host_bad=0,
        host_strict=0,
        silence=0.0,
        quick=lambda: False,
        usual=None,
    )
    return replace(it, **more)  # type: ignore[arg-type]


def decide_on_trouble(record: Record, trouble: Trouble, it: Context) -> Step:
    record.record_trouble(trouble, it.now)
    return after_trouble(record, trouble, it)


def decide_on_reading(record: Record, reading: Reading, it: Context) -> Step:
    record.confirm(reading, it.now)
    return after_reading(record, reading, it)


# -- first contact ---------------------------------------------------------------


@pytest.mark.parametrize("fault", STRICT)
def test_at_first_contact_it_is_final_after_so_many_tries(fault: Fault) -> None:
    tries, outcome, scope = STRICT[fault]
    record = a_record()

    steps = [
        decide_on_trouble(
            record,
            Trouble(fault),
            context(contacted=False, host_bad=n, host_strict=n, silence=30.0),
        )
        for n in range(1, tries + 1)
    ]

    assert all(isinstance(step, PollAgain) for step in steps[:-1])
    last = steps[-1]
    assert isinstance(last, Stop)
    assert (last.outcome, last.whole_host) == (outcome, scope == "host")


@pytest.mark.parametrize("fault", sorted(set(Fault) - set(STRICT)))
def test_at_first_contact_it_is_borne_as_ever(fault: Fault) -> None:
    record = a_record()

    for n in range(1, 6):
        it = context(now=0.1 * n, contacted=False, host_bad=n, host_strict=0)
        assert isinstance(decide_on_trouble(record, Trouble(fault), it), PollAgain)


@pytest.mark.parametrize("fault", [f for f, (tries, *_) in STRICT.items() if tries > 1])
def test_the_tries_at_first_contact_are_over_within_five_seconds(fault: Fault) -> None:
    record = a_record()
    slow = context(contacted=False, uniform=lambda _low, high: high)

    total = 0.0
    for n in range(1, STRICT[fault][0]):
        step = decide_on_trouble(record, Trouble(fault), replace(slow, host_bad=n, host_strict=n))
        assert isinstance(step, PollAgain)
        total += step.pause

    assert total <= 5


@pytest.mark.parametrize("fault", [Fault.NO_STATUS, Fault.TOO_LARGE, Fault.NOT_AN_OBJECT])
def test_troubles_of_another_kind_are_no_tries(fault: Fault) -> None:
    record = a_record()
    for _ in range(5):
        decide_on_trouble(record, BAD_GATEWAY, context())

    assert isinstance(decide_on_trouble(record, Trouble(fault), context()), PollAgain)


# -- in the middle of a wait -----------------------------------------------------


@pytest.mark.parametrize("fault", Fault)
def test_in_the_middle_of_a_wait_only_the_hopeless_is_final_at_once(fault: Fault) -> None:
    step = decide_on_trouble(a_record(RUNNING), Trouble(fault), context(now=60.0))

    if fault in FINAL:
        assert isinstance(step, Stop)
        assert (step.outcome, step.reason) == FINAL[fault]
    else:
        assert isinstance(step, PollAgain)


def test_an_answer_that_is_too_large_three_times_will_be_so_for_ever() -> None:
    record = a_record(RUNNING)
    huge = Trouble(Fault.TOO_LARGE)

    steps = [decide_on_trouble(record, huge, context(now=60.0)) for _ in range(3)]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, Stop]
    assert steps[-1] == Stop(Outcome.UNKNOWN, Reason.REFUSED)


@pytest.mark.parametrize("fault", Fault)
def test_no_trouble_is_ever_a_state(fault: Fault) -> None:
    for record in (a_record(), a_record(RUNNING), a_record(SUCCEEDED)):
        for n in range(1, 50):
            it = context(now=60.0 * n, contacted=n > 25, host_bad=n, host_strict=n)
            step = decide_on_trouble(record, Trouble(fault), it)
            if isinstance(step, Stop):
                assert step.outcome not in OF_STATE.values()


@pytest.mark.parametrize("gone", [None, *State])
def test_what_is_gone_is_what_the_profile_says_it_is(gone: State | None) -> None:
    record, it = a_record(RUNNING), context(now=60.0, polling_rules=PollingRules(gone=gone))

    steps = [decide_on_trouble(record, NOT_FOUND, replace(it, now=60.0 + 15 * n)) for n in range(3)]

    expected = OF_STATE[gone] if gone in TERMINAL else Outcome.NOT_FOUND
    assert [type(step) for step in steps] == [PollAgain, PollAgain, Stop]
    assert steps[-1] == Stop(expected, Reason.GONE)


@pytest.mark.parametrize(
    ("fault", "at", "final"),
    [
        (Trouble(Fault.STATUS_UNAUTHORIZED, status=401), (0.0, 29.0, 30.0), [False, False, True]),
        (Trouble(Fault.STATUS_FORBIDDEN, status=403), (0.0, 30.0, 60.0), [False, False, True]),
        (Trouble(Fault.API_DENIED, status=200), (0.0, 59.0, 61.0), [False, False, True]),
        (Trouble(Fault.STATUS_UNAUTHORIZED, status=401), (0.0, 900.0), [False, True]),
    ],
)
def test_a_refusal_in_the_middle_of_a_wait_needs_a_second_opinion(
    fault: Trouble, at: tuple[float, ...], final: list[bool]
) -> None:
    record = a_record(RUNNING)

    steps = [decide_on_trouble(record, fault, context(now=1000 + moment)) for moment in at]

    assert [isinstance(step, Stop) for step in steps] == final
    assert steps[-1] == Stop(Outcome.DENIED, Reason.DENIED)


@pytest.mark.parametrize("fault", sorted(REFUSED_BY_API))
def test_a_request_that_was_taken_before_is_refused_when_it_still_is_half_a_minute_later(
    fault: Fault,
) -> None:
    heard, unheard, trouble = a_record(RUNNING), a_record(), Trouble(fault, status=400)

    steps = [decide_on_trouble(heard, trouble, context(now=at)) for at in (60.0, 89.0, 90.0)]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, Stop]
    assert steps[-1] == Stop(Outcome.UNKNOWN, Reason.REFUSED)
    assert isinstance(decide_on_trouble(unheard, trouble, context(now=60.0)), Stop)
    once = context(now=90.0, policy=Policy(once=True))
    assert isinstance(decide_on_trouble(a_record(RUNNING), trouble, once), Stop)


def test_a_good_answer_between_two_refusals_starts_the_count_anew() -> None:
    record, fault = a_record(RUNNING), Trouble(Fault.STATUS_UNAUTHORIZED, status=401)
    decide_on_trouble(record, fault, context(now=0.0))
    record.confirm(RUNNING, 20.0)

    assert isinstance(decide_on_trouble(record, fault, context(now=100.0)), PollAgain)


# -- transient -------------------------------------------------------------------


def test_contact_is_lost_after_its_time_and_three_bad_answers() -> None:
    record = a_record(RUNNING)

    steps = [
        decide_on_trouble(record, BAD_GATEWAY, context(now=now)) for now in (898, 899, 899.9, 900)
    ]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, PollAgain, Stop]
    assert steps[-1] == Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT)


def test_two_bad_answers_never_lose_contact() -> None:
    record = a_record(RUNNING)

    steps = [decide_on_trouble(record, BAD_GATEWAY, context(now=now)) for now in (5000.0, 9000.0)]

    assert [type(step) for step in steps] == [PollAgain, PollAgain]


@pytest.mark.parametrize("lost_after", [None, 0.0])
def test_contact_can_be_kept_for_lost_until_the_deadline(lost_after: float | None) -> None:
    record, it = a_record(RUNNING), context(policy=Policy(lost_after=lost_after), silence=1e9)

    for n in range(1, 100):
        step = decide_on_trouble(record, BAD_GATEWAY, replace(it, now=1e6 * n, host_bad=n))
        assert isinstance(step, PollAgain)


def test_a_host_that_was_silent_for_too_long_is_lost_to_all() -> None:
    over = Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT, whole_host=True)

    for silence, host_bad, step in (
        (900.0, 3, over),
        (899.0, 3, PollAgain(2.0)),
        (900.0, 2, PollAgain(2.0)),
    ):
        it = context(now=10.0, silence=silence, host_bad=host_bad)
        assert decide_on_trouble(a_record(RUNNING), BAD_GATEWAY, it) == step


def test_the_excused_time_is_no_silence() -> None:
    record = a_record(RUNNING)
    record.uncounted = 600.0

    steps = [
        decide_on_trouble(record, BAD_GATEWAY, context(now=now)) for now in (900, 1000, 1499, 1500)
    ]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, PollAgain, Stop]


def test_it_asks_once_more_when_the_budget_ends_and_not_long_after() -> None:
    record = a_record(*[RUNNING] * 12)
    for now in (800.0, 801.0):
        decide_on_trouble(record, BAD_GATEWAY, context(now=now))

    assert decide_on_trouble(record, BAD_GATEWAY, context(now=890.0)) == PollAgain(10.0)


def test_errors_poll_no_faster_than_the_schedule_when_the_budget_is_spent() -> None:
    rare = PollingRules(pace=Pace(first=2.0, longest=1800.0, factor=1000.0))
    record = a_record(RUNNING, RUNNING, RUNNING)
    decide_on_trouble(record, BAD_GATEWAY, context(now=1800.0, polling_rules=rare))

    assert decide_on_trouble(
        record, BAD_GATEWAY, context(now=1801.0, polling_rules=rare)
    ) == PollAgain(1800.0)


def test_only_the_first_retry_may_come_sooner_than_the_schedule_and_only_if_it_is_paid() -> None:
    paid = context(quick=lambda: True)
    unhurried = [RUNNING] * 17
    broke, rich = a_record(*unhurried), a_record(*unhurried)

    assert decide_on_trouble(broke, BAD_GATEWAY, context()) == PollAgain(30.0)
    assert decide_on_trouble(rich, BAD_GATEWAY, paid) == PollAgain(0.75)
    assert decide_on_trouble(rich, BAD_GATEWAY, paid) == PollAgain(30.0)


def test_a_rate_limit_is_no_reason_for_a_quick_retry() -> None:
    step = decide_on_trouble(a_record(RUNNING), throttled(), context(quick=lambda: True))

    assert step == PollAgain(3.75)


def test_a_named_pause_is_a_floor_with_a_little_on_top() -> None:
    step = decide_on_trouble(a_record(RUNNING), throttled(100.0), context())

    assert isinstance(step, PollAgain)
    assert step.pause == pytest.approx(105.0)


def test_a_retry_backs_off_up_to_a_minute() -> None:
    record = a_record(RUNNING)

    pauses = [decide_on_trouble(record, BAD_GATEWAY, context()) for _ in range(9)]

    # The schedule itself asks for two seconds.
    assert pauses == [PollAgain(p) for p in (2.0, 2.0, 3.0, 6.0, 12.0, 24.0, 45.0, 45.0, 45.0)]


# -- a reading -------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_only_a_terminal_reading_ends_as_its_state(state: State) -> None:
    step = decide_on_reading(a_record(), Reading(state), context())

    assert step == (Stop(OF_STATE[state]) if state in TERMINAL else PollAgain(2.0))


def test_every_terminal_state_has_an_outcome() -> None:
    assert set(OF_STATE) == set(TERMINAL)


@pytest.mark.parametrize(("policy", "profile", "needed"), [(None, 1, 1), (None, 3, 3), (2, 5, 2)])
def test_so_many_equal_terminal_answers_are_needed(
    policy: int | None, profile: int, needed: int
) -> None:
    record, it = (
        a_record(),
        context(policy=Policy(confirm=policy), polling_rules=PollingRules(confirm=profile)),
    )

    steps = [decide_on_reading(record, SUCCEEDED, it) for _ in range(needed)]

    assert [isinstance(step, Stop) for step in steps] == [False] * (needed - 1) + [True]


def test_an_end_that_is_taken_back_is_confirmed_anew() -> None:
    record, it = a_record(), context(policy=Policy(confirm=2))
    failed = Reading(State.FAILED)

    steps = [
        decide_on_reading(record, each, it) for each in (SUCCEEDED, failed, SUCCEEDED, SUCCEEDED)
    ]

    assert steps[:3] == [PollAgain(2.0)] * 3
    assert steps[3] == Stop(Outcome.SUCCEEDED)


def test_a_confirmation_is_paced_by_the_schedule_and_not_by_the_prediction() -> None:
    record, it = a_record(), context(policy=Policy(confirm=2))
    for n in range(1, 6):
        record.confirm(Reading(State.RUNNING, progress=float(n)), 10.0 * n)

    step = decide_on_reading(record, Reading(State.FAILED, progress=6.0), replace(it, now=60.0))

    assert step == PollAgain(2.0)


def test_what_does_not_change_for_long_has_stalled() -> None:
    record, policy = a_record(), Policy(stall=600.0)

    steps = [
        decide_on_reading(record, RUNNING, context(now=now, policy=policy)) for now in (0, 598, 600)
    ]

    assert steps[1:] == [PollAgain(2.0), Stop(Outcome.TIMED_OUT, Reason.STALLED)]


@pytest.mark.parametrize(
    "changed",
    [
        Reading(State.RUNNING, "RUNNING", progress=1.0),
        Reading(State.RUNNING, "RUNNING", message="moving"),
        Reading(State.RUNNING, "RUNNING", count=3),
        Reading(State.PENDING, "RUNNING"),
    ],
)
def test_any_change_shows_that_it_has_not_stalled(changed: Reading) -> None:
    record, it = a_record(), context(policy=Policy(stall=600.0))
    decide_on_reading(record, RUNNING, it)
    decide_on_reading(record, changed, replace(it, now=599.0))

    assert isinstance(decide_on_reading(record, changed, replace(it, now=700.0)), PollAgain)


def test_only_unknown_words_for_ten_minutes_end_the_watch_as_unknown() -> None:
    record, odd = a_record(), Reading(State.RUNNING, "Wibbling", is_known_word=False)

    steps = [decide_on_reading(record, odd, context(now=now)) for now in (0, 599, 600)]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, Stop]
    assert steps[-1] == Stop(Outcome.UNKNOWN, Reason.UNKNOWN_STATUS)


def test_an_answer_that_contradicts_itself_is_looked_at_again_and_ends_within_a_minute() -> None:
    record = a_record()
    odd = Reading(State.RUNNING, "completed", is_known_word=False, contradiction=CONFLICT)

    steps = [decide_on_reading(record, odd, context(now=now)) for now in (0, 5, 45, 55)]

    assert [type(step) for step in steps] == [PollAgain, PollAgain, PollAgain, Stop]
    assert all(isinstance(step, PollAgain) and step.pause <= 60 for step in steps[:2])
    assert isinstance(steps[2], PollAgain)
    assert steps[2].pause + 45 <= 60
    assert steps[-1] == Stop(Outcome.UNKNOWN, Reason.CONTRADICTED)


def test_a_contradiction_that_has_passed_is_forgotten() -> None:
    record = a_record()
    odd = Reading(State.RUNNING, "completed", is_known_word=False, contradiction=CONFLICT)

    for now, each in enumerate((odd, RUNNING, odd)):
        decide_on_reading(record, each, context(now=float(now) * 40))

    assert isinstance(decide_on_reading(record, odd, context(now=120.0)), PollAgain)
    assert decide_on_reading(record, SUCCEEDED, context(now=130.0)) == Stop(Outcome.SUCCEEDED)


def test_one_known_word_forgives_the_unknown_ones() -> None:
    record, odd = a_record(), Reading(State.RUNNING, "Wibbling", is_known_word=False)
    decide_on_reading(record, odd, context())
    decide_on_reading(record, RUNNING, context(now=300.0))

    assert isinstance(decide_on_reading(record, odd, context(now=601.0)), PollAgain)


@pytest.mark.parametrize(
    ("fail", "step"), [(False, PollAgain(2.0)), (True, Stop(Outcome.FAILED, Reason.BLOCKED))]
)
def test_blocked_is_running_unless_it_shall_fail(*, fail: bool, step: Step) -> None:
    it = context(policy=Policy(fail_on_blocked=fail))

    assert decide_on_reading(a_record(), Reading(State.BLOCKED), it) == step


def test_a_wait_asked_for_by_a_good_answer_is_a_floor() -> None:
    assert decide_on_reading(a_record(), Reading(State.RUNNING, wait=60.0), context()) == PollAgain(
        63.0
    )
    assert decide_on_reading(a_record(), Reading(State.RUNNING, wait=0.0), context()) == PollAgain(
        2.0
    )


def test_the_interval_of_the_person_replaces_the_pace_of_the_profile() -> None:
    record, it = a_record(), context(policy=Policy(interval=7.0))

    assert [decide_on_reading(record, RUNNING, it) for _ in range(20)] == [PollAgain(7.0)] * 20


# -- one look --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "step"),
    [
        (SUCCEEDED, Stop(Outcome.SUCCEEDED)),
        (RUNNING, Stop(Outcome.PENDING, Reason.NOT_WAITED)),
        (Reading(State.BLOCKED), Stop(Outcome.PENDING, Reason.NOT_WAITED)),
    ],
)
def test_one_look_ends_with_the_first_reading(reading: Reading, step: Step) -> None:
    it = context(policy=Policy(once=True, confirm=5))

    assert decide_on_reading(a_record(), reading, it) == step


def test_one_look_of_a_wait_without_time_has_timed_out() -> None:
    it = context(policy=Policy(once=True, timeout=0.0))

    assert decide_on_reading(a_record(), RUNNING, it) == Stop(Outcome.TIMED_OUT, Reason.DEADLINE)
    assert decide_on_reading(a_record(), SUCCEEDED, it) == Stop(Outcome.SUCCEEDED)


@pytest.mark.parametrize(
    ("trouble", "tries", "outcome"),
    [
        (NOT_FOUND, 1, Outcome.NOT_FOUND),
        (Trouble(Fault.STATUS_UNAUTHORIZED, status=401), 1, Outcome.DENIED),
        (Trouble(Fault.STATUS_REFUSED, status=400), 1, Outcome.UNKNOWN),
        (BAD_GATEWAY, 3, Outcome.UNKNOWN),
        (throttled(), 3, Outcome.UNKNOWN),
        (throttled(10.0), 3, Outcome.UNKNOWN),
        (throttled(10.5), 1, Outcome.UNKNOWN),
    ],
)
def test_one_look_is_patient_for_seconds_only(
    trouble: Trouble, tries: int, outcome: Outcome
) -> None:
    record, it = a_record(), context(policy=Policy(once=True))

    steps = [decide_on_trouble(record, trouble, it) for _ in range(tries)]

    assert [isinstance(step, Stop) for step in steps] == [False] * (tries - 1) + [True]
    assert isinstance(steps[-1], Stop)
    assert steps[-1].outcome is outcome


def test_one_look_at_many_does_not_try_a_dead_host_for_each() -> None:
    over = Stop(Outcome.UNKNOWN, Reason.UNREACHABLE, whole_host=True)

    for contacted, host_bad, step in (
        (False, 3, over),
        (True, 8, over),
        (False, 2, PollAgain(0.75)),
        (True, 7, PollAgain(0.75)),
    ):
        it = context(policy=Policy(once=True), contacted=contacted, host_bad=host_bad)
        assert decide_on_trouble(a_record(), BAD_GATEWAY, it) == step


# -- the 404 of a thing that may not be there yet ---------------------------------


@pytest.mark.parametrize(
    ("grace", "at", "final"),
    [
        (30.0, (0.0, 10.0, 29.9, 30.0), [False, False, False, True]),
        (30.0, (0.0, 40.0, 41.0), [False, False, True]),
        (0.0, (0.0, 0.1, 0.2), [False, False, True]),
        (300.0, (0.0, 100.0, 200.0, 299.0, 301.0), [False] * 4 + [True]),
    ],
)
def test_a_404_is_final_after_its_grace_and_three_tries(
    grace: float, at: tuple[float, ...], final: list[bool]
) -> None:
    record, it = (
        a_record(),
        context(contacted=False, polling_rules=PollingRules(not_found_grace=grace)),
    )

    steps = [decide_on_trouble(record, NOT_FOUND, replace(it, now=100 + moment)) for moment in at]

    assert [isinstance(step, Stop) for step in steps] == final
    assert steps[-1] == Stop(Outcome.NOT_FOUND, Reason.NEVER_FOUND)


def test_the_last_try_of_a_grace_is_made_as_it_ends() -> None:
    record, it = (
        a_record(),
        context(polling_rules=PollingRules(pace=Pace(first=20.0, longest=20.0))),
    )
    decide_on_trouble(record, NOT_FOUND, it)

    assert decide_on_trouble(record, NOT_FOUND, replace(it, now=20.0)) == PollAgain(20.0)
    assert decide_on_trouble(record, NOT_FOUND, replace(it, now=29.0)) == PollAgain(20.0)

    record, it = (
        a_record(),
        context(polling_rules=PollingRules(pace=Pace(first=4.0, longest=20.0, factor=9.0))),
    )
    decide_on_trouble(record, NOT_FOUND, it)
    assert decide_on_trouble(record, NOT_FOUND, replace(it, now=20.0)) == PollAgain(10.0)


def test_the_last_try_of_a_grace_keeps_to_the_shortest_step_of_a_vendor() -> None:
    record, it = a_record(), context(polling_rules=PollingRules(pace=Pace(steps=(5.0, 20.0))))
    decide_on_trouble(record, NOT_FOUND, it)

    assert decide_on_trouble(record, NOT_FOUND, replace(it, now=29.0)) == PollAgain(5.0)


def test_the_table_of_this_test_names_real_handlings() -> None:
    refused = {fault for fault in Fault if RULES[fault].handling is Handling.REFUSED}

    assert refused <= set(STRICT)
    assert refused <= {*FINAL, *REFUSED_BY_API}


def test_three_answers_over_the_limit_are_final_at_any_time_if_they_come_in_a_row() -> None:
    record, large = a_record(RUNNING), Trouble(Fault.TOO_LARGE)
    for _ in range(2):
        assert isinstance(decide_on_trouble(record, large, context(10.0)), PollAgain)
    record.confirm(RUNNING, 20.0)
    for _ in range(2):
        assert isinstance(decide_on_trouble(record, large, context(30.0)), PollAgain)

    assert decide_on_trouble(record, large, context(30.0)) == Stop(Outcome.UNKNOWN, Reason.REFUSED)


# -- where each patience ends, exactly -------------------------------------------


def test_tries_at_first_contact_come_less_and_less_often_up_to_eight_seconds() -> None:
    def pause(tries: int) -> float:
        it = context(contacted=False, host_bad=tries, host_strict=tries, silence=0.0)
        step = decide_on_trouble(a_record(), Trouble(Fault.CONNECTION_REFUSED), it)
        assert isinstance(step, PollAgain)
        return step.pause

    assert [pause(tries) for tries in range(7)] == [0.75, 0.75, 1.5, 3.0, 6.0, 6.0, 6.0]


@pytest.mark.parametrize(
    ("policy", "silence", "is_over"),
    [
        (Policy(no_contact=30.0), 29.9, False),
        (Policy(no_contact=30.0), 30.0, True),
        (Policy(no_contact=None), 1e9, False),
        (Policy(no_contact=30.0, once=True), 0.0, True),
    ],
)
def test_a_host_has_its_time_to_be_there(policy: Policy, silence: float, *, is_over: bool) -> None:
    it = context(contacted=False, host_bad=3, host_strict=3, silence=silence, policy=policy)
    step = decide_on_trouble(a_record(), Trouble(Fault.UNRESOLVED), it)

    assert isinstance(step, Stop) is is_over


@pytest.mark.parametrize(
    ("misses", "at", "is_gone"), [(3, 29.9, False), (3, 30.0, True), (2, 99.0, False)]
)
def test_what_was_seen_is_gone_after_half_a_minute_and_three_misses(
    misses: int, at: float, *, is_gone: bool
) -> None:
    record = a_record(RUNNING)
    record.misses, record.misses_from = misses - 1, 0.0

    step = decide_on_trouble(record, NOT_FOUND, context(at))

    assert (step == Stop(Outcome.NOT_FOUND, Reason.GONE)) is is_gone


@pytest.mark.parametrize(
    ("misses", "at", "is_over"), [(3, 19.9, False), (3, 20.0, True), (2, 99.0, False)]
)
def test_what_was_never_seen_has_its_grace(misses: int, at: float, *, is_over: bool) -> None:
    record = a_record()
    record.misses, record.misses_from = misses - 1, 0.0
    rules = PollingRules(not_found_grace=20.0)

    step = decide_on_trouble(record, NOT_FOUND, context(at, polling_rules=rules))

    assert (step == Stop(Outcome.NOT_FOUND, Reason.NEVER_FOUND)) is is_over


@pytest.mark.parametrize(
    ("fault", "status", "seconds"),
    [(Fault.STATUS_UNAUTHORIZED, 401, 30.0), (Fault.STATUS_FORBIDDEN, 403, 60.0)],
)
def test_a_refusal_counts_when_it_has_lasted(fault: Fault, status: int, seconds: float) -> None:
    record = a_record(RUNNING)
    steps = [
        decide_on_trouble(record, Trouble(fault, status=status), context(at))
        for at in (0.0, seconds - 0.1, seconds)
    ]

    assert steps == [PollAgain(30.0), PollAgain(30.0), Stop(Outcome.DENIED, Reason.DENIED)]


def test_a_credential_that_was_not_sent_is_not_refused_at_once_by_one_answer() -> None:
    asked = Trouble(Fault.NO_CREDENTIAL, status=401)
    record = a_record(RUNNING)

    steps = [decide_on_trouble(record, asked, context(at)) for at in (0.0, 30.0)]

    assert steps == [PollAgain(30.0), Stop(Outcome.DENIED, Reason.NO_CREDENTIAL)]


@pytest.mark.parametrize(
    ("wait", "step"),
    [
        (None, PollAgain(0.75)),
        (0.2, PollAgain(0.75)),
        (10.0, PollAgain(10.0)),
        (10.1, Stop(Outcome.UNKNOWN, Reason.RATE_LIMITED)),
    ],
)
def test_one_look_waits_for_ten_seconds_and_no_longer(wait: float | None, step: Step) -> None:
    it = context(policy=Policy(once=True), host_bad=1)

    assert decide_on_trouble(a_record(), throttled(wait), it) == step


@pytest.mark.parametrize(("contacted", "down"), [(True, 8), (False, 3)])
def test_one_look_takes_a_host_for_down_sooner_if_it_never_answered(
    *, contacted: bool, down: int
) -> None:
    def step(bad: int) -> Step:
        it = context(policy=Policy(once=True), contacted=contacted, host_bad=bad)
        return decide_on_trouble(a_record(), BAD_GATEWAY, it)

    assert step(down - 1) == PollAgain(0.75)
    assert step(down) == Stop(Outcome.UNKNOWN, Reason.UNREACHABLE, whole_host=True)


def test_three_bad_answers_in_a_row_end_one_look_for_that_operation_only() -> None:
    record, it = a_record(), context(policy=Policy(once=True), host_bad=1)

    steps = [decide_on_trouble(record, BAD_GATEWAY, it) for _ in range(3)]

    assert steps[:2] == [PollAgain(0.75)] * 2
    assert steps[2] == Stop(Outcome.UNKNOWN, Reason.UNREACHABLE)


@pytest.mark.parametrize(
    ("silence", "bad", "is_lost"), [(900.0, 3, True), (899.9, 3, False), (900.0, 2, False)]
)
def test_a_host_is_lost_after_its_silence_and_three_bad_answers(
    silence: float, bad: int, *, is_lost: bool
) -> None:
    it = context(10.0, silence=silence, host_bad=bad, policy=Policy(lost_after=900.0))
    step = decide_on_trouble(a_record(RUNNING), BAD_GATEWAY, it)

    assert (step == Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT, whole_host=True)) is is_lost


def test_the_silence_of_what_was_never_confirmed_counts_from_its_first_poll() -> None:
    record = a_record()
    record.ask(100.0, patience=0.0)
    record.operation = record.operation.but(streak=2)
    policy = Policy(lost_after=60.0)

    early = decide_on_trouble(record, BAD_GATEWAY, context(159.9, policy=policy))
    late = decide_on_trouble(record, BAD_GATEWAY, context(160.0, policy=policy))

    assert isinstance(early, PollAgain)
    assert late == Stop(Outcome.UNKNOWN, Reason.LOST_CONTACT)


@pytest.mark.parametrize(
    ("policy", "rules", "more", "seconds", "end"),
    [
        (Policy(stall=90.0), PollingRules(), {}, 90.0, (Outcome.TIMED_OUT, Reason.STALLED)),
        (
            Policy(),
            PollingRules(give_up_after=70.0, given_up=State.CANCELLED),
            {},
            70.0,
            (Outcome.CANCELLED, Reason.GIVEN_UP),
        ),
        (
            Policy(),
            PollingRules(unknown_after=80.0),
            {"is_known_word": False},
            80.0,
            (Outcome.UNKNOWN, Reason.UNKNOWN_STATUS),
        ),
        (
            Policy(),
            PollingRules(),
            {"contradiction": CONFLICT},
            50.0,
            (Outcome.UNKNOWN, Reason.CONTRADICTED),
        ),
    ],
)
def test_what_goes_on_without_an_end_ends_at_its_moment(
    policy: Policy,
    rules: PollingRules,
    more: dict[str, object],
    seconds: float,
    end: tuple[Outcome, Reason],
) -> None:
    odd = replace(RUNNING, **more)  # type: ignore[arg-type]
    record = a_record(odd)

    def step(at: float) -> Step:
        return decide_on_reading(record, odd, context(at, policy=policy, polling_rules=rules))

    assert isinstance(step(seconds - 0.1), PollAgain)
    assert step(seconds) == Stop(*end)


@pytest.mark.parametrize(
    ("policy", "odd", "end"),
    [
        (Policy(stall=20.0), RUNNING, 20.0),
        (Policy(), replace(RUNNING, contradiction=CONFLICT), 50.0),
    ],
)
def test_the_last_look_of_a_patience_is_made_as_it_ends(
    policy: Policy, odd: Reading, end: float
) -> None:
    record = a_record(odd)
    record.quiet = 20

    def pause(at: float) -> float:
        step = after_reading(record, odd, context(at, policy=policy))
        assert isinstance(step, PollAgain)
        return step.pause

    assert (pause(end - 5.0), pause(end - 0.5), pause(0.0)) == (5.0, 2.0, min(end, 30.0))


# -- when it is asked again ----------------------------------------------------------------


def test_a_confirmation_is_paced_by_the_schedule_and_not_by_the_usual_duration() -> None:
    it = context(policy=Policy(confirm=2), usual=(UsualDuration(600.0, 0.1), 0.0))

    assert decide_on_reading(a_record(), SUCCEEDED, it) == PollAgain(2.0)


def test_the_third_bad_answer_in_a_row_may_be_the_one_at_which_the_budget_ends() -> None:
    record = a_record(*[RUNNING] * 17)
    decide_on_trouble(record, BAD_GATEWAY, context(now=800.0))

    assert decide_on_trouble(record, BAD_GATEWAY, context(now=890.0)) == PollAgain(10.0)


def test_one_that_is_missed_for_the_first_time_is_asked_again_when_the_pace_says_so() -> None:
    rules = PollingRules(pace=Pace(first=2.0), not_found_grace=1.0)
    it = context(polling_rules=rules, uniform=lambda _low, high: high)

    step = decide_on_trouble(a_record(), NOT_FOUND, it)

    assert isinstance(step, PollAgain)
    assert step.pause == pytest.approx(2.2)
