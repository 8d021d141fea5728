from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.events import Troubled
from opwatch.domain.operation import InitialAnswer, Reading, State, Target
from opwatch.domain.outcome import Policy, Reason
from opwatch.domain.pacing import PollingRules
from opwatch.domain.trouble import Fault, Speaker, Trouble
from simulation.bench import NOT_FOUND, RUNNING, SUCCEEDED, Bench
from simulation.world import Job, World

MISSING = Trouble(Fault.MISSING_FROM_BATCH)


@pytest.mark.parametrize("appears", [1.0, 10.0, 29.0])
def test_an_operation_that_appears_within_its_grace_is_watched(appears: float) -> None:
    run = World({"a": Job(60.0, appears=appears)}).watch()

    assert run.outcomes() == {"a": "succeeded"}


def test_an_operation_that_never_appears_is_not_found_after_its_grace() -> None:
    run = World({"a": Job(60.0, appears=1e9)}).watch()

    it = run.operations["a"]
    assert (str(it.outcome), it.reason) == ("not_found", Reason.NEVER_FOUND)
    assert it.polls >= 3
    assert 30 <= run.ended <= 33
    assert run.verdict.code == 5


def test_until_when_a_missing_one_may_appear_is_told_and_no_longer_once_it_was_seen() -> None:
    run = World({"a": Job(60.0, appears=10.0)}).watch()
    told = [each.operation.missing_until for each in run.events if isinstance(each, Troubled)]

    assert told
    assert {round(until) for until in told if until is not None} <= {30, 31}

    bench = Bench()
    bench.answer(RUNNING, NOT_FOUND)
    assert bench.watcher.operations[0].missing_until is None


def test_the_grace_is_that_of_the_profile() -> None:
    run = World({"a": Job(600.0, appears=280.0)}).watch(
        polling_rules=PollingRules(not_found_grace=300.0)
    )

    assert run.outcomes() == {"a": "succeeded"}


def test_a_seen_operation_that_is_not_found_twice_is_still_there() -> None:
    bench = Bench()

    bench.answer(RUNNING, NOT_FOUND, NOT_FOUND, RUNNING, NOT_FOUND, NOT_FOUND, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


@pytest.mark.parametrize("fault", [Fault.STATUS_NOT_FOUND, Fault.STATUS_GONE, Fault.API_NOT_FOUND])
def test_a_seen_operation_that_is_not_found_for_half_a_minute_is_gone(fault: Fault) -> None:
    bench = Bench()

    bench.answer(RUNNING, *[Trouble(fault)] * 3)
    since = bench.now
    assert bench.outcomes == ["None"]
    bench.run(Trouble(fault))

    assert (bench.outcomes, bench.one.reason) == (["not_found"], Reason.GONE)
    assert bench.one.state is State.RUNNING
    assert bench.one.problems >= 3
    assert 20 <= bench.now - since <= 40


def test_three_polls_that_miss_it_are_needed_however_far_apart() -> None:
    bench = Bench(policy=Policy(interval=300.0))

    bench.answer(RUNNING, NOT_FOUND, NOT_FOUND, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


@pytest.mark.parametrize("gone", [State.SUCCEEDED, State.FAILED, None])
def test_what_is_not_the_api_s_own_answer_never_makes_it_gone(gone: State | None) -> None:
    page = replace(NOT_FOUND, speaker=Speaker.OTHER)
    bench = Bench(polling_rules=PollingRules(gone=gone))

    bench.answer(RUNNING)
    bench.run(page)

    assert (bench.outcomes, bench.one.reason) == (["unknown"], Reason.LOST_CONTACT)
    assert bench.now >= 900


def test_pages_among_good_answers_do_not_add_up() -> None:
    page = replace(NOT_FOUND, speaker=Speaker.OTHER)
    bench = Bench()

    bench.answer(RUNNING, *[page] * 12, RUNNING, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


@pytest.mark.parametrize("gone", [State.SUCCEEDED, State.FAILED, None])
def test_a_plain_text_is_not_the_state_that_to_be_gone_means(gone: State | None) -> None:
    bench = Bench(polling_rules=PollingRules(gone=gone))

    bench.answer(RUNNING)
    bench.run(replace(NOT_FOUND, speaker=Speaker.UNSURE))

    assert (bench.outcomes, bench.one.reason) == (["not_found"], Reason.GONE)


@pytest.mark.parametrize(
    ("gone", "outcome"),
    [(State.SUCCEEDED, "succeeded"), (State.FAILED, "failed"), (None, "not_found")],
)
def test_gone_means_what_the_profile_says(gone: State | None, outcome: str) -> None:
    bench = Bench(polling_rules=PollingRules(gone=gone))

    bench.answer(RUNNING)
    bench.run(NOT_FOUND)

    assert bench.outcomes == [outcome]


DELETION_GONE = PollingRules(gone=State.SUCCEEDED, gone_kind="delete")


@pytest.mark.parametrize(
    ("kind", "outcome"), [("DELETE", "succeeded"), ("CREATE", "not_found"), (None, "not_found")]
)
def test_only_a_kind_of_operation_may_end_by_being_gone(kind: str | None, outcome: str) -> None:
    bench = Bench(polling_rules=DELETION_GONE)

    bench.answer(Reading(State.RUNNING, "in progress", kind=kind))
    bench.run(NOT_FOUND)

    assert (bench.outcomes, bench.one.reason) == ([outcome], Reason.GONE)


@pytest.mark.parametrize(
    ("params", "outcome"),
    [({"kind": "delete"}, "succeeded"), ({"kind": "create"}, "not_found"), ({}, "not_found")],
)
def test_what_we_have_started_may_be_gone_before_its_first_look(
    params: dict[str, str], outcome: str
) -> None:
    started = Target("a", "a", "https://api.example", initial=InitialAnswer(params=params))
    bench = Bench(polling_rules=DELETION_GONE, targets=[started])

    bench.run(NOT_FOUND)

    reason = Reason.GONE if outcome == "succeeded" else Reason.NEVER_FOUND
    assert (bench.outcomes, bench.one.reason) == ([outcome], reason)
    assert bench.now >= DELETION_GONE.not_found_grace


@pytest.mark.parametrize("gone", [State.SUCCEEDED, None])
def test_what_was_never_seen_is_never_gone(gone: State | None) -> None:
    bench = Bench(polling_rules=PollingRules(gone=gone))

    bench.run(NOT_FOUND)

    assert (bench.outcomes, bench.one.reason) == (["not_found"], Reason.NEVER_FOUND)


def test_an_operation_that_a_batch_does_not_name_is_not_found_for_itself() -> None:
    bench = Bench("a", "b", group="g", polling_rules=PollingRules(batch=9))

    while not bench.one.is_over and bench.now < 60:
        for poll in bench.ask():
            bench.now += 0.1
            bench.record(poll, *(MISSING if t.id == "a" else RUNNING for t in poll.targets))
        bench.now = max(bench.now, bench.watcher.wake_at(bench.now))

    assert bench.outcomes == ["not_found", "None"]
    assert bench.one.reason is Reason.NEVER_FOUND


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("policy", [Policy(timeout=300.0), Policy(once=True)], ids=["wait", "get"])
def test_what_is_missing_from_a_list_of_several_is_asked_about_alone_before_it_counts(
    policy: Policy, *, seen: bool
) -> None:
    """A server may answer with its first page only, whatever was asked for."""
    bench = Bench(
        *"abcd", group="g", policy=policy, polling_rules=PollingRules(batch=4, gone=State.SUCCEEDED)
    )
    asked = 0
    while not bench.watcher.finished and bench.now < 400:
        for poll in bench.ask():
            shown = poll.indices if asked == 0 and seen else poll.indices[:1]
            findings = [RUNNING if each in shown else MISSING for each in poll.indices]
            bench.record(poll, *findings)
            asked += 1
        bench.now = max(bench.now, bench.watcher.wake_at(bench.now))

    left = "pending" if policy.once else "timed_out"
    assert bench.outcomes == [left] * 4
