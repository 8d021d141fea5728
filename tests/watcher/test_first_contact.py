from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.domain.events import Ended, Troubled
from opwatch.domain.outcome import Policy, Reason
from opwatch.domain.trouble import Fault, Trouble
from simulation.bench import BAD_GATEWAY, NOT_FOUND, REFUSED, RUNNING, Bench
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from opwatch.domain.operation import Finding

FOREVER = float("inf")


def test_a_refused_host_is_given_up_after_half_a_minute() -> None:
    bench = Bench("a", "b", "c")

    bench.run(REFUSED)

    assert 30 <= bench.now <= 40
    assert len(bench.asked) <= 10
    assert bench.outcomes == ["unknown"] * 3
    assert {each.reason for each in bench.watcher.operations} == {Reason.UNREACHABLE}
    assert {each.trouble for each in bench.watcher.operations} == {REFUSED}
    assert bench.watcher.verdict().code == 6


@pytest.mark.parametrize("fault", [Fault.CONNECTION_REFUSED, Fault.UNRESOLVED])
@pytest.mark.parametrize("patience", [2.0, 120.0, 3600.0])
def test_how_long_a_host_may_be_away_at_first_is_for_the_person_to_say(
    fault: Fault, patience: float
) -> None:
    bench = Bench("a", "b", policy=Policy(lost_after=patience, no_contact=patience))

    bench.run(Trouble(fault))

    assert bench.outcomes == ["unknown", "unknown"]
    assert patience <= bench.now <= patience + 10


def test_a_host_may_be_away_until_the_deadline() -> None:
    bench = Bench(policy=Policy(lost_after=None, no_contact=None, timeout=300.0))

    bench.run(REFUSED)

    assert bench.outcomes == ["timed_out"]


def test_a_host_that_comes_up_within_half_a_minute_is_watched() -> None:
    late = Host(spells=(Spell(0.0, 25.0, REFUSED),))
    run = World({"a": Job(60.0)}, {HOST: late}).watch()

    assert run.outcomes() == {"a": "succeeded"}


def test_one_look_at_a_refused_host_takes_three_tries() -> None:
    bench = Bench("a", "b", policy=Policy(once=True))

    bench.answer(REFUSED, REFUSED, REFUSED)

    assert bench.outcomes == ["unknown", "unknown"]
    assert bench.now <= 5


def test_a_thousand_operations_try_a_refused_host_no_more_often_than_one() -> None:
    dead = Host(spells=(Spell(0.0, FOREVER, REFUSED),))
    run = World({str(n): Job(60.0) for n in range(1000)}, {HOST: dead}).watch()

    assert len(run.sent) <= 10
    assert run.ended <= 40
    assert set(run.outcomes().values()) == {"unknown"}


@pytest.mark.parametrize(
    ("fault", "tries", "outcome"),
    [
        (Fault.CERTIFICATE, 1, "unknown"),
        (Fault.STATUS_PROXY_AUTH, 1, "unknown"),
        (Fault.TLS, 3, "unknown"),
        (Fault.STATUS_UNAUTHORIZED, 1, "denied"),
        (Fault.NO_CREDENTIAL, 1, "denied"),
    ],
)
def test_what_no_operation_could_survive_ends_them_all(
    fault: Fault, tries: int, outcome: str
) -> None:
    bench = Bench("a", "b", "c")

    bench.answer(*[Trouble(fault)] * tries)

    assert bench.watcher.finished
    assert len(bench.asked) == tries
    assert bench.outcomes == [outcome] * 3
    assert len(bench.told(Ended)) == 3


USELESS = [Fault.EMPTY, Fault.HTML, Fault.NOT_JSON, Fault.NOT_AN_OBJECT, Fault.NO_STATUS]


@pytest.mark.parametrize("fault", USELESS)
@pytest.mark.parametrize("other", [NOT_FOUND, RUNNING])
def test_an_answer_of_no_use_ends_its_own_operation_within_seconds(
    fault: Fault, other: Finding
) -> None:
    bench = Bench(*"abc")

    while bench.now < 10:
        for poll in bench.ask():
            bench.now += 0.1
            bench.record(poll, Trouble(fault, status=200) if poll.indices == (1,) else other)
        bench.now = bench.watcher.wake_at(bench.now)

    assert bench.outcomes == ["None", "unknown", "None"]
    assert (bench.watcher.operations[1].ended_at or 99) < 6


def test_many_that_get_a_web_page_each_end_for_themselves_without_delay() -> None:
    page = Host(spells=(Spell(0.0, FOREVER, Trouble(Fault.HTML, status=200)),))
    run = World({str(n): Job(60.0) for n in range(50)}, {HOST: page}).watch()

    assert set(run.outcomes().values()) == {"unknown"}
    assert len(run.sent) == 150
    assert run.ended <= 20


@pytest.mark.parametrize("fault", [Fault.STATUS_UNAUTHORIZED, Fault.CERTIFICATE])
def test_one_that_the_host_has_answered_is_not_ended_for_another_one_s_trouble(
    fault: Fault,
) -> None:
    bench = Bench("a", "b", "c")

    bench.answer(NOT_FOUND)
    first, second = bench.ask()
    bench.record(first, Trouble(fault))

    assert second.indices == (2,)
    assert bench.outcomes[0] == "None"
    assert bench.outcomes[1] != "None"


def test_a_forbidden_operation_does_not_speak_for_its_neighbours() -> None:
    bench = Bench("a", "b", "c")

    bench.answer(Trouble(Fault.STATUS_FORBIDDEN, status=403))

    assert bench.outcomes == ["denied", "None", "None"]


def test_before_first_contact_one_request_goes_at_a_time() -> None:
    bench = Bench(*"abcde")
    assert len(bench.ask()) == 1
    assert bench.ask() == []

    bench.record(bench.asked[0], RUNNING)
    assert len(bench.ask()) == 4


def test_any_proper_answer_shows_that_the_host_is_there() -> None:
    bench = Bench(*"abcde")

    bench.answer(NOT_FOUND)

    assert len(bench.ask()) == 4


def test_an_outage_that_is_no_refusal_is_borne_also_at_first_contact() -> None:
    bench = Bench("a", "b")

    bench.run(*[BAD_GATEWAY] * 8, RUNNING, until=300.0)

    assert bench.outcomes == ["None", "None"]
    assert len(bench.told(Troubled)) == 8


def test_answers_of_another_kind_are_no_tries_of_a_refused_host() -> None:
    bench = Bench()

    bench.run(*[BAD_GATEWAY] * 8, Trouble(Fault.TLS), Trouble(Fault.TLS), BAD_GATEWAY, until=300.0)
    assert not bench.watcher.finished

    bench.answer(Trouble(Fault.TLS))
    assert bench.outcomes == ["unknown"]


def test_what_was_sent_together_is_one_try() -> None:
    bench = Bench(*"abcdefgh")
    bench.answer(NOT_FOUND)

    polls = bench.ask()
    for poll in polls:
        bench.record(poll, REFUSED)

    assert len(polls) == 7
    assert not bench.watcher.finished


def test_one_good_answer_makes_a_refused_host_an_outage() -> None:
    bench = Bench("a", "b")
    bench.answer(RUNNING)

    bench.run(*[REFUSED] * 20, RUNNING, until=600.0)

    assert bench.outcomes == ["None", "None"]


def test_an_operation_without_a_status_is_given_up_alone() -> None:
    odd = Spell(0.0, FOREVER, Trouble(Fault.NO_STATUS))
    run = World({"odd": Job(60.0, spells=(odd,)), "even": Job(60.0)}).watch()

    assert run.outcomes() == {"odd": "unknown", "even": "succeeded"}
    assert (run.operations["odd"].ended_at or 0.0) < 10


def test_each_host_is_met_for_itself() -> None:
    good, bad = "https://good.example", "https://bad.example"
    dead = Host(spells=(Spell(0.0, FOREVER, REFUSED),))
    run = World(
        {"x": Job(60.0, host=bad), "y": Job(60.0, host=good), "z": Job(60.0, host=bad)}, {bad: dead}
    ).watch()

    assert run.outcomes() == {"x": "unknown", "y": "succeeded", "z": "unknown"}
