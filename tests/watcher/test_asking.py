from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from opwatch.domain.events import Held, Oddity, Resumed, Troubled, Warned
from opwatch.domain.operation import Answer, Earlier, State, Target, Unchanged
from opwatch.domain.outcome import Abort, Eagerness, Policy
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import Fault, Speaker, Trouble
from opwatch.watcher.watcher import TICK, Watcher
from simulation.bench import (
    BAD_GATEWAY,
    REFUSED,
    RUNNING,
    SUCCEEDED,
    Bench,
    middle,
    running,
    throttled,
)
from simulation.laws import check
from simulation.world import HOST, Host, Job, Spell, World

TOO_LARGE = Trouble(Fault.STATUS_TOO_LARGE_BATCH, status=413)


# -- how often -------------------------------------------------------------------------


def test_an_operation_without_progress_is_asked_ever_more_rarely() -> None:
    bench, pauses = Bench(), []

    for _ in range(10):
        bench.answer(RUNNING)
        pauses.append(round(bench.pause(), 2))

    assert pauses == [2.0, 2.4, 2.88, 3.46, 4.15, 4.98, 5.97, 7.17, 8.6, 10.32]


def test_polls_gather_where_the_percentages_say_that_the_end_is() -> None:
    late, requests = [], []
    for percent in (None, lambda part: 100 * part):
        runs = [World({"a": Job(300.0 + n, percent=percent)}).watch() for n in range(30)]
        late.append(sum(run.ended - 300.0 - n for n, run in enumerate(runs)) / 30)
        requests.append(sum(len(run.sent) for run in runs) / 30)

    assert late[1] < late[0] / 5
    assert requests[1] < requests[0] + 5


@pytest.mark.every(3)
@pytest.mark.parametrize(("pace", "bound"), [("eager", 90), ("normal", 180), ("gentle", 360)])
def test_a_failure_that_progress_did_not_foretell_is_noticed_within_the_bound(
    pace: str, bound: float
) -> None:
    policy, late = Policy(pace=Eagerness(pace)), []
    for n in range(20):
        failed_at = 3000.0 + 50 * n
        at_failure = 100 * failed_at / (4 * 3600.0)
        job = Job(failed_at, State.FAILED, percent=at_failure.__mul__)
        late.append(World({"a": job}, seed=n).watch(policy).ended - failed_at)

    assert bound / 3 < max(late) <= 1.1 * bound + 1


@pytest.mark.parametrize("stuck", [99.0, 100.0])
def test_an_operation_that_is_stuck_at_the_end_is_not_hammered(stuck: float) -> None:
    run = World({"a": Job(7200.0, percent=lambda part: min(stuck, 1000 * part))}).watch()

    assert len(run.sent) < 300


def test_nothing_is_done_between_two_polls_but_to_look_at_the_clock() -> None:
    run = World({"a": Job(3600.0)}).watch()

    assert run.turns < 3600 / TICK * 1.5 + 4 * len(run.sent)


def test_a_wake_up_is_never_more_than_a_tick_away_and_never_in_the_past() -> None:
    bench = Bench("a", "b", policy=Policy(timeout=100.0))

    while not bench.watcher.finished:
        polls = bench.ask()
        for poll in polls:
            bench.now += 0.05
            bench.record(poll, RUNNING)
        wake_at = bench.watcher.wake_at(bench.now)
        assert wake_at <= bench.now + TICK
        assert wake_at > bench.now or polls
        bench.now = max(bench.now, wake_at)


def test_every_tenth_answer_about_an_operation_must_be_whole() -> None:
    run = World({"a": Job(3600.0)}, {HOST: Host(etags=True)}).watch()

    whole = [n for n, each in enumerate(run.sent) if not each.poll.conditional]
    assert whole == list(range(0, len(run.sent), 10))


def test_a_wrong_304_cannot_hang_a_wait() -> None:
    run = World({"a": Job(600.0)}, {HOST: Host(etags=True, stale=True)}).watch()

    assert run.outcomes() == {"a": "succeeded"}
    assert run.ended < 600 + 10 * 34


def test_an_unchanged_answer_is_a_good_one() -> None:
    bench = Bench()
    bench.answer(running(40.0, wait=50.0), BAD_GATEWAY, Unchanged())

    it = bench.one
    assert (it.confirmed_at, it.streak, it.trouble) == (bench.now, 0, None)
    assert it.reading == running(40.0)
    assert bench.pause() < 30


def test_an_unchanged_answer_about_nothing_is_a_trouble() -> None:
    bench = Bench()

    bench.answer(Unchanged())

    assert bench.one.reading is None
    assert bench.told(Troubled)[0].trouble.fault is Fault.NOT_MODIFIED_UNASKED


# -- many at one host ------------------------------------------------------------------


def test_a_thousand_operations_start_at_the_rate_of_their_host() -> None:
    rules = PollingRules(limits=Limits(rate=10.0))
    run = World({str(n): Job(9000.0) for n in range(1000)}).watch(polling_rules=rules, until=50.0)

    assert 480 <= len(run.sent) <= 520
    check(run)


@pytest.mark.slow
def test_the_one_that_has_waited_longest_is_asked_next() -> None:
    run = World({str(n): Job(9000.0) for n in range(500)}).watch(until=300.0)

    counts = Counter(each.poll.targets[0].id for each in run.sent)
    assert max(counts.values()) - min(counts.values()) <= 2


@pytest.mark.slow
def test_no_group_starves_another_one_of_the_same_host() -> None:
    jobs = {f"many-{n}": Job(9000.0, group="many") for n in range(1000)}
    jobs |= {f"few-{n}": Job(9000.0, group="few") for n in range(4)}
    run = World(jobs).watch(polling_rules=PollingRules(batch=2), until=300.0)

    asked = Counter(target.id for each in run.sent for target in each.poll.targets)
    assert min(asked[f"few-{n}"] for n in range(4)) >= 4


def test_two_hosts_do_not_wait_for_each_other() -> None:
    dead, slow, fast = (f"https://{name}.example" for name in ("dead", "slow", "fast"))
    jobs = {"a": Job(300.0, host=dead), "b": Job(300.0, host=slow), "c": Job(300.0, host=fast)}
    hosts = {
        dead: Host(spells=(Spell(60.0, math.inf, REFUSED),)),
        slow: Host(spells=(Spell(60.0, 1000.0, throttled(500.0)),)),
    }
    run = World(jobs, hosts).watch()

    assert run.outcomes() == {"a": "unknown", "b": "succeeded", "c": "succeeded"}
    assert (run.operations["c"].ended_at or math.inf) < 340


def test_two_profiles_at_one_host_have_gates_of_their_own() -> None:
    targets = [Target(name, name, HOST, profile=name) for name in ("x", "y")]
    polling_rules = {"x": PollingRules(), "y": PollingRules()}
    watcher = Watcher(targets, polling_rules, Policy(), now=0.0, uniform=middle)

    assert len(watcher.due(0.0)) == 2


# -- rate limits -----------------------------------------------------------------------


def test_a_rate_limit_holds_the_whole_host() -> None:
    bench = Bench("a", "b", "c")
    bench.answer(RUNNING)
    first, second = bench.ask()
    bench.record(first, throttled(60.0))
    bench.record(second, RUNNING)

    held = bench.told(Held)[0]
    assert held.origin == HOST
    assert held.until == pytest.approx(63.1)
    assert bench.pause() == pytest.approx(63.0)


def test_a_pause_that_a_good_answer_asks_for_holds_its_operation_alone() -> None:
    bench = Bench("a", "b")
    bench.answer(running(wait=60.0))
    assert not bench.told(Held)

    for _ in range(5):
        assert bench.next().targets[0].id == "b"
        bench.answer(RUNNING)


def test_an_empty_quota_holds_the_whole_host_also_after_a_good_answer() -> None:
    bench = Bench("a", "b")

    bench.record(bench.next(), RUNNING, wait=60.0)

    assert bench.pause() == pytest.approx(63.0)
    assert bench.told(Held)[0].trouble is None


@pytest.mark.parametrize("wait", [None, 0.0])
def test_a_limit_that_names_no_pause_makes_no_tight_loop(wait: float | None) -> None:
    limited = Host(spells=(Spell(60.0, 660.0, throttled(wait)),))
    run = World({str(n): Job(900.0) for n in range(100)}, {HOST: limited}).watch()

    assert run.requests(60.0, 660.0) < 60
    assert set(run.outcomes().values()) == {"succeeded"}


@pytest.mark.slow
def test_a_limit_of_the_host_is_found_and_kept() -> None:
    for hint in (None, 20.0, 60.0):
        run = World(
            {str(n): Job(1200.0) for n in range(200)}, {HOST: Host(limit=3.0, hint=hint)}
        ).watch()

        limited = sum(isinstance(each.answer.findings[0], Trouble) for each in run.sent)
        assert limited / len(run.sent) < 0.02
        assert set(run.outcomes().values()) == {"succeeded"}
        check(run)


def test_a_machine_short_of_descriptors_asks_fewer_at_once() -> None:
    short = Host(spells=(Spell(30.0, 31.0, Trouble(Fault.NO_DESCRIPTORS)),))
    run = World({str(n): Job(300.0) for n in range(100)}, {HOST: short}).watch()

    assert set(run.outcomes().values()) == {"succeeded"}
    check(run)


# -- what was held is told ----------------------------------------------------------------


def test_the_next_poll_is_told_to_who_waits() -> None:
    bench = Bench()
    bench.answer(RUNNING)
    assert bench.one.next_poll_at == pytest.approx(bench.now + 2.0)

    bench.answer(throttled(60.0))
    told = bench.one.next_poll_at
    assert told is not None
    bench.next()
    assert bench.now == pytest.approx(told)


# -- sleep -----------------------------------------------------------------------------------


def test_after_a_sleep_all_are_asked_at_once() -> None:
    bench = Bench("a", "b", "c")
    bench.run(RUNNING, until=300.0)

    bench.sleep(3600.0)

    assert [event.gap for event in bench.told(Resumed)] == [3600.0]
    assert len(bench.ask()) == 3


@pytest.mark.parametrize("gap", [5.0, 14.9])
def test_a_machine_that_was_merely_busy_has_not_slept(gap: float) -> None:
    bench = Bench()
    bench.answer(RUNNING)

    bench.sleep(gap)

    assert not bench.told(Resumed)


def test_after_a_sleep_the_rate_is_kept() -> None:
    run = World({str(n): Job(4000.0) for n in range(100)}, suspends=[(300.0, 3600.0)]).watch()

    assert set(run.outcomes().values()) == {"succeeded"}
    check(run)


# -- batches -----------------------------------------------------------------------------------


def test_operations_of_a_group_share_requests() -> None:
    run = World({str(n): Job(300.0, group="g") for n in range(100)}).watch(
        polling_rules=PollingRules(batch=50), until=250.0
    )

    sizes = Counter(len(each.poll.targets) for each in run.sent)
    assert sizes[50] >= 0.9 * len(run.sent)


def test_operations_of_two_groups_share_none() -> None:
    jobs = {str(n): Job(60.0, group="xy"[n % 2]) for n in range(10)}
    run = World(jobs).watch(polling_rules=PollingRules(batch=50))

    for each in run.sent:
        assert len({target.group for target in each.poll.targets}) == 1


def test_operations_without_a_group_are_asked_one_by_one() -> None:
    run = World({str(n): Job(60.0) for n in range(10)}).watch(polling_rules=PollingRules(batch=50))

    assert {len(each.poll.targets) for each in run.sent} == {1}


def test_a_batch_that_is_too_large_is_halved_and_that_is_remembered() -> None:
    jobs = {str(n): Job(300.0, group="g") for n in range(100)}
    run = World(jobs, {HOST: Host(largest=20)}).watch(polling_rules=PollingRules(batch=100))

    sizes = [len(each.poll.targets) for each in run.sent]
    assert sizes[:2] == [100, 50]
    assert max(sizes[30:]) == 12
    assert set(run.outcomes().values()) == {"succeeded"}
    halved = [e for e in run.events if isinstance(e, Warned) and e.oddity is Oddity.BATCH_HALVED]
    assert [event.text for event in halved] == ["100", "50", "25"]


def test_a_batch_that_was_halved_is_no_problem_of_its_operations() -> None:
    bench = Bench(*"abcd", group="g", polling_rules=PollingRules(batch=4))

    bench.answer(TOO_LARGE)

    assert {each.problems for each in bench.watcher.operations} == {0}
    assert [len(poll.targets) for poll in bench.ask()] == [2, 2]


@pytest.mark.parametrize("resumed", [False, True])
def test_one_that_has_moved_to_a_url_of_its_own_is_asked_about_alone(*, resumed: bool) -> None:
    moved = replace(RUNNING, moved_to="https://api.example/jobs/a")
    earlier = Earlier(watched_from=-9.0, moved_to=moved.moved_to) if resumed else None
    bench = Bench(
        targets=[
            Target(
                name,
                name,
                "https://api.example",
                group="g",
                earlier=earlier if name == "a" else None,
            )
            for name in "abc"
        ],
        polling_rules=PollingRules(batch=3),
    )
    for _ in range(40):
        for poll in bench.ask():
            bench.record(
                poll, *(moved if i == 0 and len(bench.asked) < 3 else RUNNING for i in poll.indices)
            )
        bench.now = max(bench.now, bench.watcher.wake_at(bench.now))

    later = {poll.indices for poll in bench.asked[(0 if resumed else 2) :]}
    assert {each for each in later if 0 in each} == {(0,)}
    assert (1, 2) in later


REFUSALS = [
    Trouble(Fault.STATUS_REFUSED, status=422),
    Trouble(Fault.STATUS_REFUSED, status=400),
    Trouble(Fault.STATUS_NOT_FOUND, status=404),
    Trouble(Fault.STATUS_FORBIDDEN, status=403),
    Trouble(Fault.API_REFUSED),
]


@pytest.mark.every(8)
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: f"{each.fault}-{each.status}")
@pytest.mark.parametrize("culprit", range(9))
def test_of_a_batch_that_is_refused_only_the_culprit_ends(refusal: Trouble, culprit: int) -> None:
    bench = Bench(*"abcdefghi", group="g", polling_rules=PollingRules(batch=9))

    for _ in range(300):
        for poll in bench.ask():
            bench.record(poll, refusal if culprit in poll.indices else RUNNING)
        bench.now = max(bench.now, bench.watcher.wake_at(bench.now))

    ended = [n for n, each in enumerate(bench.watcher.operations) if each.is_over]
    assert ended == [culprit]
    assert [len(poll.targets) for poll in bench.asked][-3:] == [8, 8, 8]


def test_what_was_refused_again_after_all_was_good_is_too_large() -> None:
    bench = Bench(*"abcdefgh", group="g", polling_rules=PollingRules(batch=8))

    for _ in range(100):
        for poll in bench.ask():
            refused = len(poll.indices) > 4
            bench.record(poll, REFUSALS[1] if refused else RUNNING)
        bench.now = max(bench.now, bench.watcher.wake_at(bench.now))

    assert [len(poll.targets) for poll in bench.asked].count(8) == 2
    assert "None" in bench.outcomes


def test_a_web_page_in_place_of_a_batch_is_of_nobody_in_it() -> None:
    page = Trouble(Fault.STATUS_NOT_FOUND, status=404, speaker=Speaker.OTHER)
    bench = Bench(*"abcd", group="g", polling_rules=PollingRules(batch=4))

    bench.answer(RUNNING, page)

    assert {each.problems for each in bench.watcher.operations} == {1}


def test_a_late_answer_to_a_larger_batch_does_not_enlarge_the_next() -> None:
    bench = Bench(*"abcdefghijklmnop", group="g", polling_rules=PollingRules(batch=8))
    bench.answer(RUNNING)
    (late,) = bench.ask()
    bench.now += 10.0
    (early,) = bench.ask()
    bench.record(early, TOO_LARGE)
    for poll in bench.ask():
        bench.record(poll, TOO_LARGE)
    bench.record(late, TOO_LARGE)

    assert {len(poll.targets) for poll in bench.ask()} == {2}


def test_one_operation_that_is_too_large_by_itself_is_borne_like_an_outage() -> None:
    bench = Bench("a", group="g", polling_rules=PollingRules(batch=4))

    bench.answer(RUNNING, *[TOO_LARGE] * 4, SUCCEEDED)

    assert bench.outcomes == ["succeeded"]


def test_a_halved_batch_does_not_bring_back_what_is_over() -> None:
    bench = Bench("a", "b", group="g", polling_rules=PollingRules(batch=4))
    poll = bench.next()
    bench.watcher.interrupt(Abort.INTERRUPTED, bench.now)

    bench.record(poll, TOO_LARGE)

    assert {each.next_poll_at for each in bench.watcher.operations} == {None}


def test_answers_of_a_batch_are_each_for_its_own_operation() -> None:
    bench = Bench("a", "b", "c", group="g", polling_rules=PollingRules(batch=4))
    poll = bench.next()

    bench.record(poll, SUCCEEDED, BAD_GATEWAY, RUNNING)

    assert bench.outcomes == ["succeeded", "None", "None"]
    assert [each.streak for each in bench.watcher.operations] == [0, 1, 0]


def test_a_batch_with_too_few_answers_is_a_bug_and_is_not_passed_over() -> None:
    bench = Bench("a", "b", "c", group="g", polling_rules=PollingRules(batch=4))
    poll = bench.next()

    with pytest.raises(ValueError, match="zip"):
        bench.watcher.record(poll, Answer((SUCCEEDED, SUCCEEDED)), 1.0)


@pytest.mark.parametrize(("wait", "count"), [(3000.0, 1), (299.0, 0)])
def test_a_pause_far_beyond_the_longest_of_its_profile_is_reported(wait: float, count: int) -> None:
    bench = Bench()

    bench.answer(running(wait=wait), running(wait=wait), SUCCEEDED)

    told = [each.text for each in bench.told(Warned) if each.oddity is Oddity.WAIT_LONG]
    assert told == ["3000"] * count


def test_a_note_is_told_once() -> None:
    bench = Bench()
    for _ in range(2):
        poll = bench.next()
        bench.events += bench.watcher.record(poll, Answer((RUNNING,), notes=("odd",)), bench.now)
        bench._pending = None

    assert [event.text for event in bench.told(Warned)] == ["odd"]


def test_a_batch_of_one_host_is_asked_within_its_limits() -> None:
    jobs = {str(n): Job(600.0, group="g") for n in range(500)}
    polling_rules = PollingRules(
        batch=10, limits=Limits(rate=2.0, burst=2, at_once=1), pace=Pace(first=5.0)
    )
    run = World(jobs).watch(polling_rules=polling_rules)

    assert set(run.outcomes().values()) == {"succeeded"}
    check(run)
