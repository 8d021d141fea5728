"""A person wants to know now: what that may hurry, and what it may not."""

from __future__ import annotations

import pytest

from opwatch.domain.operation import InitialAnswer, Target
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import Pace, PollingRules
from simulation import laws
from simulation.bench import BAD_GATEWAY, LATENCY, RUNNING, SUCCEEDED, Bench, running, throttled
from simulation.weather import scene
from simulation.world import World


def after_a_while(*, pace: Pace | None = None, policy: Policy | None = None) -> Bench:
    """Return an operation that is asked about every minute by now, last ten seconds ago."""
    pace = pace or Pace(first=2.0, longest=60.0, factor=100.0)
    bench = Bench(polling_rules=PollingRules(pace=pace), policy=policy)
    bench.answer(RUNNING, RUNNING, RUNNING)
    bench.now += 10.0
    return bench


def look(bench: Bench) -> float:
    """Return in how many seconds the next request goes, when a person looks."""
    bench.watcher.look_now(bench.now)
    return round(bench.pause(), 3)


def test_a_person_who_looks_has_it_asked_at_once() -> None:
    assert after_a_while().pause() > 40.0
    assert look(after_a_while()) == 0.0


def test_all_that_are_open_are_asked_and_one_that_is_over_is_not() -> None:
    bench = Bench(*"abc", polling_rules=PollingRules(pace=Pace(longest=60.0, factor=100.0)))
    for _ in range(60):
        for poll in bench.ask():
            bench.record(poll, SUCCEEDED if poll.indices == (1,) else RUNNING)
        bench.now += 0.1
    assert bench.ask() == []
    bench.watcher.look_now(bench.now)

    assert [poll.indices for poll in bench.ask()] == [(0,), (2,)]


def test_ten_looks_in_a_second_are_one_request() -> None:
    bench = after_a_while()
    sent = 0
    for _ in range(10):
        bench.watcher.look_now(bench.now)
        for poll in bench.ask():
            sent += 1
            bench.record(poll, RUNNING)
        bench.now += 0.1

    assert sent == 1


@pytest.mark.parametrize(
    ("pace", "least"),
    [
        (Pace(first=0.1, longest=60.0, factor=1000.0), 1.0),
        (Pace(first=15.0, longest=60.0, factor=100.0), 15.0),
        (Pace(steps=(5.0, 60.0)), 5.0),
    ],
    ids=["never below a second", "the first pause", "the shortest step"],
)
def test_two_looks_are_as_far_apart_as_the_profile_asks_at_the_least(
    pace: Pace, least: float
) -> None:
    bench = after_a_while(pace=pace)
    bench.now += 10.0
    assert look(bench) == 0.0
    asked_at = bench.now
    bench.answer(RUNNING)
    look(bench)

    assert bench.now - asked_at == pytest.approx(least)


def test_an_interval_that_was_chosen_does_not_hold_a_look_back() -> None:
    assert look(after_a_while(policy=Policy(interval=300.0))) == 0.0


def test_a_look_is_never_later_than_the_pace() -> None:
    bench = Bench(policy=Policy(interval=3.0), polling_rules=PollingRules(pace=Pace(first=15.0)))
    bench.answer(RUNNING)

    assert look(bench) == pytest.approx(3.0)


def test_a_pause_that_an_answer_names_is_kept() -> None:
    bench = Bench()
    bench.answer(running(wait=50.0))
    bench.now += 10.0

    assert look(bench) == 40.0


@pytest.mark.parametrize("wait", [30.0, 300.0])
def test_a_pause_that_a_refusal_names_is_kept(wait: float) -> None:
    bench = Bench()
    bench.answer(RUNNING, throttled(wait))
    bench.now += 10.0

    assert look(bench) >= wait - 10.0


def test_a_pause_that_the_host_named_to_another_process_is_kept() -> None:
    bench = after_a_while()
    (gate,) = bench.watcher.gates.values()
    gate.hold_for_others(bench.now, bench.now + 30.0)

    assert look(bench) >= 30.0


def test_the_pause_before_the_first_poll_is_kept() -> None:
    target = Target("a", "a", "https://api.example", initial=InitialAnswer(pause=20.0))

    assert look(Bench(targets=[target])) == 20.0


def test_the_pause_after_a_bad_answer_is_our_own_and_gives_way() -> None:
    bench = Bench()
    bench.answer(RUNNING, *[BAD_GATEWAY] * 6)
    assert bench.watcher.gates[("", "https://api.example")].is_held
    bench.now += 2.5
    assert bench.one.next_poll_at is not None
    assert bench.one.next_poll_at > bench.now

    assert look(bench) == 0.0


def test_a_host_that_is_down_is_tried_once_a_second_however_many_wait_for_it() -> None:
    bench = Bench(*map(str, range(60)), polling_rules=PollingRules(pace=Pace(first=1.0)))
    for _ in range(20):
        for poll in bench.ask():
            bench.now += LATENCY
            bench.record(poll, RUNNING)
        bench.now = max(bench.now + 0.01, bench.watcher.wake_at(bench.now))
    for _ in range(30):
        for poll in bench.ask():
            bench.record(poll, BAD_GATEWAY)
        bench.now += 1.0
    asked = len(bench.asked)

    for _ in range(100):
        bench.watcher.look_now(bench.now)
        for poll in bench.ask():
            bench.record(poll, BAD_GATEWAY)
        bench.now += 0.1

    assert 9 <= len(bench.asked) - asked <= 11


def test_an_end_that_must_be_confirmed_is_asked_again_when_it_would_be() -> None:
    pace = Pace(first=10.0)
    pauses = []
    for looks in (False, True):
        bench = Bench(policy=Policy(confirm=2), polling_rules=PollingRules(pace=pace))
        bench.answer(SUCCEEDED)
        bench.now += 5.0
        pauses.append(look(bench) if looks else round(bench.pause(), 3))

    assert pauses[0] == pauses[1] == 5.0


def test_who_looks_is_not_asked_more_rarely_for_it() -> None:
    def pause_after(looks: int) -> float:
        bench = Bench()
        bench.answer(RUNNING, RUNNING)
        for _ in range(looks):
            bench.now += 2.0
            assert look(bench) == 0.0
            bench.answer(RUNNING)
        return bench.pause()

    assert pause_after(20) <= pause_after(1)


def test_a_request_under_way_is_the_look() -> None:
    bench = after_a_while()
    bench.now += 100.0
    assert len(bench.ask()) == 1

    bench.watcher.look_now(bench.now)

    assert bench.ask() == []


@pytest.mark.parametrize("seed", range(12))
def test_looks_in_any_weather_break_no_pause_no_rate_and_no_truth(seed: int) -> None:
    found = scene(seed)
    before = found.world
    world = World(
        before.jobs,
        before.hosts,
        seed=seed,
        suspends=before.suspends,
        signals=before.signals,
        looks=[0.7 * n for n in range(2000)],
    )
    run = world.watch(found.policy, found.polling_rules)

    for law in laws.LAWS:
        if law is not laws.an_outage_is_met_with_few_requests:
            law(run)
