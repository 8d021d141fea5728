"""What the operations of one host have in common: its end, its history, its quick retries."""

from __future__ import annotations

import pytest

from opwatch.domain.operation import Answer, InitialAnswer, Poll, Target
from opwatch.domain.outcome import Abort, Outcome, Policy, Reason
from opwatch.domain.pacing import Limits, PollingRules, regular
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import BAD_GATEWAY, REFUSED, RUNNING, SUCCEEDED, Bench, throttled

NO_CREDENTIAL = Trouble(Fault.NO_CREDENTIAL)


def test_a_host_that_ends_ends_for_all_who_were_never_heard_of() -> None:
    bench = Bench("a", "b", "c")

    bench.answer(NO_CREDENTIAL)

    assert bench.outcomes == ["denied"] * 3
    assert len(bench.asked) == 1
    assert all(each.reason is Reason.NO_CREDENTIAL for each in bench.watcher.operations)


def test_a_host_that_ends_leaves_those_who_have_their_end() -> None:
    bench = Bench("a", "b", policy=Policy(lost_after=60.0))

    bench.answer(SUCCEEDED)
    bench.run(REFUSED)

    assert bench.outcomes == ["succeeded", "unknown"]
    assert bench.watcher.operations[1].reason is Reason.LOST_CONTACT


def test_an_answer_on_its_way_is_waited_for_when_its_host_is_given_up() -> None:
    bench = Bench("a", "b", policy=Policy(lost_after=1.0))
    bench.answer(RUNNING, RUNNING)
    late = None

    while bench.outcomes[0] == "None":
        for poll in bench.ask():
            if poll.indices == (1,):
                late = poll
            else:
                bench.record(poll, REFUSED)
        bench.now = max(bench.now + 0.1, bench.watcher.wake_at(bench.now))

    assert bench.outcomes == ["unknown", "None"]
    assert late is not None
    bench.record(late, SUCCEEDED)
    assert bench.outcomes == ["unknown", "succeeded"]


def test_a_host_that_has_answered_once_is_not_at_first_contact_for_another() -> None:
    bench = Bench("a", "b")
    bench.answer(RUNNING)

    bench.answer(*[REFUSED] * 4)

    assert bench.outcomes == ["None"] * 2, "strict only while the host has never answered"


def test_after_a_long_outage_one_bad_answer_is_chance_again() -> None:
    bench = Bench()
    bench.answer(RUNNING)
    bench.answer(*[BAD_GATEWAY] * 20)
    gate = bench.watcher._scheduler.gate(0)
    assert gate.is_held

    bench.answer(RUNNING, BAD_GATEWAY)

    assert not gate.is_held, "what was before the recovery does not count"


@pytest.mark.parametrize(("trouble", "bad"), [(Trouble(Fault.NO_DESCRIPTORS), 0), (BAD_GATEWAY, 1)])
def test_what_this_machine_is_short_of_is_no_fault_of_the_host(trouble: Trouble, bad: int) -> None:
    bench = Bench()
    bench.answer(RUNNING, trouble)

    assert bench.watcher._scheduler.gate(0).bad_in_a_row == bad


def test_the_first_bad_answer_is_retried_soon_and_the_second_is_not() -> None:
    bench = Bench()
    bench.answer(RUNNING)

    bench.answer(BAD_GATEWAY)
    soon = bench.pause()
    bench.answer(BAD_GATEWAY)

    assert soon < 2.0
    assert bench.pause() >= bench.watcher._scheduler.polling_rules(0).pace.first


def test_an_operation_that_got_lost_inside_is_a_bug_and_never_a_success() -> None:
    """Security rule S15."""
    bench = Bench("a", "b")
    bench.answer(SUCCEEDED, SUCCEEDED)
    assert bench.watcher.verdict().code == 0

    bench.watcher._records.pop()

    assert bench.watcher.verdict().cause is Abort.BUG


@pytest.mark.parametrize("first", [SUCCEEDED, RUNNING])
def test_no_operation_at_all_is_never_a_success(first: object) -> None:
    bench = Bench()
    bench.answer(first)  # type: ignore[arg-type]

    bench.watcher._records.clear()

    assert bench.watcher.verdict().cause is not Outcome.SUCCEEDED


def test_quick_retries_run_out_where_bad_answers_are_common() -> None:
    bench = Bench()
    pauses = []
    for _ in range(20):
        bench.answer(RUNNING, BAD_GATEWAY)
        pauses.append(bench.pause())

    assert max(pauses[:5]) < 2.0
    first = bench.watcher._scheduler.polling_rules(0).pace.first
    assert sum(pause < first for pause in pauses) <= 12, "ten, and one for ten good answers"


def test_those_that_end_with_their_host_tell_the_trouble_that_it_had() -> None:
    bench = Bench("a", "b")

    bench.answer(NO_CREDENTIAL)

    assert [each.trouble for each in bench.watcher.operations] == [NO_CREDENTIAL] * 2


def test_a_pause_that_only_one_of_a_batch_is_asked_for_must_end_before_the_deadline() -> None:
    bench = Bench(
        "a", "b", group="g", polling_rules=PollingRules(batch=9), policy=Policy(timeout=60.0)
    )
    poll = bench.next()
    bench.now += 0.1

    bench.record(poll, RUNNING, throttled(100.0))

    assert bench.outcomes == ["None", "timed_out"]
    assert bench.watcher.operations[1].reason is Reason.RATE_LIMITED


def test_the_pace_does_not_grow_while_the_answers_take_longer() -> None:
    rules = PollingRules(pace=regular(1.0), limits=Limits(at_once=10_000))
    bench = Bench(*map(str, range(800)), polling_rules=rules)
    (gate,) = bench.watcher.gates.values()
    flying: list[tuple[float, Poll]] = []
    paces = []
    for step in range(200):
        bench.now = step / 50
        latency = 0.1 if step < 50 else 1.0
        while flying and flying[0][0] <= bench.now:
            bench.record(flying.pop(0)[1], RUNNING)
        flying += [(bench.now + latency, poll) for poll in bench.ask()]
        paces.append(gate.rate.now)

    assert paces[49] > 20.0
    assert paces[120] == paces[199]


def test_a_pace_that_an_answer_names_is_that_of_its_host() -> None:
    bench = Bench()

    bench.watcher.record(bench.next(), Answer((RUNNING,), rate=2.0), bench.now)

    (gate,) = bench.watcher.gates.values()
    assert gate.rate.now == 2.0


def test_a_host_that_ends_ends_also_for_one_whose_first_look_is_still_to_come() -> None:
    later = InitialAnswer(pause=50.0)
    bench = Bench(
        targets=[
            Target("a", "a", "https://api.example"),
            Target("b", "b", "https://api.example", initial=later),
        ]
    )

    bench.answer(NO_CREDENTIAL)

    assert bench.outcomes == ["denied"] * 2
