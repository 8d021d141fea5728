"""Hosts of five kinds, and how fast each is asked about operations that have all ended.

Measured are the seconds until the last has its end, the requests, and how many requests
left in any window of the run's clock. The best possible is the limit itself (or, where
there is none, as many in flight as may be), from the first second on.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.operation import Answer
from opwatch.domain.pacing import Limits
from opwatch.domain.trouble import Fault, Trouble
from simulation.world import HOST, Host, Job, Run, World

if TYPE_CHECKING:
    from opwatch.domain.operation import Poll

AT_ONCE = Limits().at_once
LIMIT = 50.0
WORKERS, SERVICE, QUEUE = 10, 0.1, 15


class Announced(World):
    """A host whose answers name its limit, as ``RateLimit-Policy: "default";q=50;w=1`` does."""

    def answer(self, poll: Poll, now: float) -> tuple[float, Answer]:
        answered, answer = super().answer(poll, now)
        return answered, replace(answer, rate=LIMIT)


class Office(World):
    """A host that serves ten at a time, and whom finds too many waiting with 503."""

    def __init__(self, jobs: dict[str, Job], hosts: dict[str, Host]) -> None:
        super().__init__(jobs, hosts)
        self._free = [0.0] * WORKERS
        self._waiting: list[float] = []

    def answer(self, poll: Poll, now: float) -> tuple[float, Answer]:
        arrived = now + 0.01
        while self._waiting and self._waiting[0] <= arrived:
            heapq.heappop(self._waiting)
        if len(self._waiting) >= QUEUE:
            return arrived + 0.01, Answer.all(Trouble(Fault.STATUS_TRANSIENT, status=503), 1)
        begins = max(arrived, heapq.heappop(self._free))
        heapq.heappush(self._free, begins + SERVICE)
        heapq.heappush(self._waiting, begins)
        _, answer = super().answer(poll, now)
        return begins + SERVICE + 0.01, answer


def look(many: int, host: Host, kind: type[World] = World) -> Run:
    run = kind({str(n): Job(0.0) for n in range(many)}, {HOST: host}).watch()
    assert set(run.outcomes().values()) == {"succeeded"}
    return run


def busiest(run: Run, window: float, since: float = 0.0) -> int:
    """Return the most requests in any *window* seconds that begin after *since*."""
    times = [each.at for each in run.sent if each.at > since]
    return max(bisect_left(times, at + window, lo=n) - n for n, at in enumerate(times))


def throttles(run: Run) -> list[float]:
    """Return when requests were refused; those of one second are one throttle."""
    found: list[float] = []
    for each in sorted(run.sent, key=lambda sent: sent.answered):
        is_refused = isinstance(each.answer.findings[0], Trouble)
        if is_refused and (not found or each.answered - found[-1] >= 1):
            found.append(each.answered)
    return found


@pytest.mark.parametrize(
    ("latency", "many"),
    [((0.5, 1.5), 2_000), pytest.param((0.04, 0.04), 10_000, marks=pytest.mark.slow)],
)
def test_a_host_without_a_limit_is_asked_as_fast_as_it_answers(
    latency: tuple[float, float], many: int
) -> None:
    run = look(many, Host(latency=latency))

    assert len(run.sent) == many
    assert run.ended <= 1.3 * many * sum(latency) / 2 / AT_ONCE


@pytest.mark.every(3)
@pytest.mark.parametrize("hint", [None, 0.0, 1.0])
@pytest.mark.parametrize("latency", [(0.001, 0.001), (0.02, 0.05), (0.05, 0.3)])
def test_a_limit_that_only_throttles_tell_of_is_found_and_kept(
    latency: tuple[float, float], hint: float | None
) -> None:
    run = look(2_000, Host(latency=latency, limit=LIMIT, hint=hint))
    first, second = throttles(run)[:2]

    assert run.ended <= 1.3 * 2_000 / LIMIT
    assert len(run.sent) <= 1.1 * 2_000
    # The host lets a second's worth pass at once, so that one throttle is but a guess of its
    # limit: from the first on it holds in the mean, from the second on in every second.
    assert busiest(run, 10.0, first) <= 1.1 * LIMIT * 10
    assert busiest(run, 1.0, second) <= 1.1 * LIMIT


@pytest.mark.every(4)
@pytest.mark.parametrize("limit", [5.0, 200.0])
def test_limits_of_all_sizes_are_found(limit: float) -> None:
    many = int(20 * limit) if limit > LIMIT else 400
    run = look(many, Host(latency=(0.05, 0.1), limit=limit))

    assert run.ended <= 1.3 * many / limit
    assert len(run.sent) <= 1.1 * many
    assert busiest(run, 10.0, throttles(run)[0]) <= 1.1 * limit * 10


def test_a_limit_that_the_answers_name_is_never_met() -> None:
    run = look(2_000, Host(latency=(0.05, 0.3), limit=LIMIT), Announced)

    assert throttles(run) == []
    assert run.ended <= 1.3 * 2_000 / LIMIT
    assert busiest(run, 1.0) <= 1.1 * LIMIT


def test_a_host_that_falls_over_is_asked_as_fast_as_it_can_bear() -> None:
    run = look(2_000, Host(), Office)
    best = 2_000 * SERVICE / WORKERS

    assert run.ended <= 1.3 * best
    assert len(run.sent) <= 1.1 * 2_000
    assert busiest(run, 10.0, throttles(run)[0]) <= 1.1 * WORKERS / SERVICE * 10
