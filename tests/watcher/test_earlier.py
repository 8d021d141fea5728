"""A watch that another process began: what is counted on, and what is never asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opwatch.domain.events import Started
from opwatch.domain.operation import Earlier, Reading, State, Target
from opwatch.domain.outcome import Goal, Outcome, Policy, Reason
from opwatch.domain.pacing import PollingRules
from opwatch.watcher.record import Record
from simulation.bench import BAD_GATEWAY, NOT_FOUND, RUNNING, SUCCEEDED, Bench, running

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3600.0


def taken_up(*earlier: Earlier) -> Sequence[Target]:
    names = "abc"[: len(earlier)]
    return [
        Target(name, name, "https://api.example", earlier=each)
        for name, each in zip(names, earlier, strict=True)
    ]


def seen(reading: Reading = RUNNING, *, ago: float = HOUR, **more: object) -> Earlier:
    known = Earlier(-2 * ago, reading, confirmed_at=-ago, changed_at=-ago, polls=3)
    return replace(known, **more)  # type: ignore[arg-type]


ENDED = seen(SUCCEEDED, outcome=Outcome.SUCCEEDED, ended_at=-HOUR)
FAILED_BEFORE = seen(Reading(State.FAILED, "ERR"), outcome=Outcome.FAILED, ended_at=-HOUR)


def test_what_had_ended_is_not_asked_again_and_counts_as_it_was_recorded() -> None:
    bench = Bench(targets=taken_up(FAILED_BEFORE, seen()))

    bench.run(SUCCEEDED)

    assert [each.outcome for each in bench.watcher.operations] == [
        Outcome.FAILED,
        Outcome.SUCCEEDED,
    ]
    assert bench.watcher.verdict().code == 1
    assert bench.watcher.operations[0].polls == 3
    assert bench.watcher.operations[0].ended_at == -HOUR
    assert bench.watcher.operations[0].ended_before
    assert not bench.watcher.operations[1].ended_before


def test_since_when_an_unknown_word_is_reported_is_counted_on() -> None:
    earlier = seen(Reading(State.RUNNING, "WEIRD", is_known_word=False), changed_at=-90.0)

    assert Record(taken_up(earlier)[0], 0.0).unknown_from == -90.0
    assert Record(taken_up(seen())[0], 0.0).unknown_from is None


def test_where_all_had_ended_nothing_is_asked() -> None:
    bench = Bench(targets=taken_up(ENDED, ENDED))

    assert bench.watcher.finished
    assert bench.watcher.due(0.0) == []
    assert bench.watcher.verdict().code == 0


def test_a_failure_before_does_not_stop_the_rest_at_once() -> None:
    bench = Bench(targets=taken_up(FAILED_BEFORE, seen()), policy=Policy(fail_fast=True))

    bench.run(RUNNING, SUCCEEDED)

    assert bench.watcher.operations[1].outcome is Outcome.SUCCEEDED


def test_any_still_needs_a_success() -> None:
    bench = Bench(targets=taken_up(FAILED_BEFORE, seen()), policy=Policy(goal=Goal.ANY))

    bench.run(SUCCEEDED)

    assert bench.watcher.verdict().code == 0


def test_the_last_state_is_there_from_the_start_with_its_age() -> None:
    bench = Bench(targets=taken_up(seen(running(40.0))))
    (started,) = [each for each in bench.watcher.start() if isinstance(each, Started)]
    (operation,) = started.operations

    assert operation.state is State.RUNNING
    assert operation.confirmed_at == -HOUR
    assert operation.elapsed(0.0) == 2 * HOUR


def test_a_stall_is_counted_on() -> None:
    bench = Bench(targets=taken_up(seen(running(40.0))), policy=Policy(stall=600.0))

    bench.run(running(40.0))

    assert (bench.one.outcome, bench.one.reason) == (Outcome.TIMED_OUT, Reason.STALLED)
    assert bench.now < 60


def test_what_has_moved_in_the_meantime_has_not_stalled() -> None:
    bench = Bench(targets=taken_up(seen(running(40.0))), policy=Policy(stall=600.0))

    bench.run(running(50.0), SUCCEEDED)

    assert bench.one.outcome is Outcome.SUCCEEDED


def test_the_grace_for_what_was_never_found_is_counted_on() -> None:
    rules = PollingRules(not_found_grace=1800.0)
    bench = Bench(targets=taken_up(Earlier(-HOUR, missed_from=-HOUR, polls=5)), polling_rules=rules)

    bench.run(NOT_FOUND)

    assert (bench.one.outcome, bench.one.reason) == (Outcome.NOT_FOUND, Reason.NEVER_FOUND)
    assert bench.now < 120, "the grace began when it was missed first"


def test_what_was_not_missed_before_has_the_whole_grace() -> None:
    rules = PollingRules(not_found_grace=1800.0)
    bench = Bench(targets=taken_up(Earlier(-HOUR)), polling_rules=rules)

    bench.run(NOT_FOUND)

    assert bench.now >= 1800


def test_the_time_without_a_process_is_no_lost_contact() -> None:
    bench = Bench(targets=taken_up(seen()), policy=Policy(lost_after=900.0))

    bench.run(RUNNING, *[BAD_GATEWAY] * 200)

    assert (bench.one.outcome, bench.one.reason) == (Outcome.UNKNOWN, Reason.LOST_CONTACT)
    assert bench.now >= 900


def test_a_host_that_is_down_at_the_resume_has_its_whole_patience() -> None:
    bench = Bench(targets=taken_up(seen()), policy=Policy(lost_after=900.0))

    bench.run(*[BAD_GATEWAY] * 200)

    assert (bench.one.outcome, bench.one.reason) == (Outcome.UNKNOWN, Reason.LOST_CONTACT)
    assert bench.now >= 900


def test_how_long_an_operation_may_run_is_counted_from_its_first_watch() -> None:
    rules = PollingRules(give_up_after=HOUR, given_up=State.FAILED)
    bench = Bench(targets=taken_up(seen()), polling_rules=rules)

    bench.run(RUNNING)

    assert (bench.one.outcome, bench.one.reason) == (Outcome.FAILED, Reason.GIVEN_UP)
    assert bench.now < 60


def test_only_the_time_without_a_process_is_no_silence() -> None:
    times = [Record(taken_up(seen(ago=ago))[0], 0.0).uncounted for ago in (0.0, 0.5, HOUR)]

    assert times == [0.0, 0.5, HOUR]


def test_the_look_that_is_left_after_a_deadline_believes_an_end_only_when_it_is_confirmed() -> None:
    late = Policy(once=True, timeout=0.0, confirm=2)
    one, flaps, sure = (Bench(targets=taken_up(seen()), policy=late) for _ in range(3))

    one.answer(SUCCEEDED)
    assert not one.watcher.finished
    flaps.answer(SUCCEEDED, RUNNING)
    assert flaps.outcomes == ["timed_out"]
    sure.answer(SUCCEEDED, SUCCEEDED)
    assert sure.outcomes == ["succeeded"]
