from __future__ import annotations

import os
from collections import Counter

import pytest

from opwatch.domain.pacing import Limits, PollingRules
from simulation.laws import check
from simulation.weather import play
from simulation.world import Host, Job, World

# The whole campaign: OPWATCH_WORLDS=5000 pytest -m "" tests/simulation
WORLDS = int(os.environ.get("OPWATCH_WORLDS", "240"))
A_CHAPTER = 40


@pytest.mark.parametrize(
    "first",
    [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(A_CHAPTER, WORLDS, A_CHAPTER))],
)
def test_no_world_makes_the_watcher_break_a_law(first: int) -> None:
    for seed in range(first, first + A_CHAPTER):
        try:
            run = play(seed)
            check(run)
        except AssertionError as broken:
            raise AssertionError(f"in world {seed}: {broken}") from broken
        assert run.watcher.finished, f"world {seed} never ends"


@pytest.mark.slow
def test_the_worlds_are_rich_enough_for_every_verdict() -> None:
    causes = Counter(play(seed).verdict.reason for seed in range(60))

    assert set(causes) >= {
        "succeeded",
        "failed",
        "cancelled",
        "denied",
        "not_found",
        "unknown",
        "timed_out",
    }


def test_a_seed_names_a_world_for_ever() -> None:
    for seed in (1, 7, 12):
        once, again = play(seed), play(seed)
        assert [each.at for each in once.sent] == [each.at for each in again.sent]
        assert once.outcomes() == again.outcomes()


@pytest.mark.slow
@pytest.mark.parametrize("many", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_operations_are_watched_to_the_end(many: int) -> None:
    world = World({str(n): Job(60.0, group="g") for n in range(many)}, {})
    world.hosts = {name: Host(latency=(0.1, 0.2)) for name in world.hosts}
    run = world.watch(polling_rules=PollingRules(batch=100, limits=Limits(rate=50.0, burst=20)))

    assert set(run.outcomes().values()) == {"succeeded"}
    assert run.ended < 120
    check(run)
