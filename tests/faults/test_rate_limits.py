"""Faults 37 to 45: pauses that a host asks for, in every spelling, and a shared limit."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from faults.catalogue import fault
from faults.whole import DONE, RUNNING, api, asked_about, says, state
from opwatch.domain.outcome import Outcome, Policy
from opwatch.domain.trouble import Fault, Trouble
from servers.raw import http
from simulation.world import HOST, Host, Job, Spell, World

if TYPE_CHECKING:
    from faults.whole import Wait


def limited(*headers: str, status: str = "429 Too Many Requests") -> bytes:
    return http(b'{"message": "slow down"}', *headers, status=status)


class Times:
    """Answers each operation's polls with *answers* in turn, and notes when they came."""

    def __init__(self, *answers: str | bytes) -> None:
        self.at: list[float] = []
        self._answers = answers

    def __call__(self, request: bytes) -> bytes:
        self.at.append(time.monotonic())
        answer = self._answers[min(len(self.at), len(self._answers)) - 1]
        if isinstance(answer, bytes):
            return answer
        return http(state(answer, asked_about(request)))

    def pause(self, wait: Wait, number: int) -> float:
        """Return the seconds of the run's clock before the request *number*."""
        return (self.at[number] - self.at[number - 1]) * wait.speed


# -- Retry-After ---------------------------------------------------------------------


@fault(37)
@pytest.mark.parametrize("status", ["429 Slow", "503 Busy", "403 Not now"])
def test_a_named_pause_holds_the_whole_host(wait: Wait, status: str) -> None:
    times = Times(
        "running", "running", "running", limited("Retry-After: 20", status=status), "done"
    )
    with api(times) as server:
        ended = wait(server.url, *"abc")

    assert ended.code == 0, ended.err
    longest = max(times.pause(wait, number) for number in range(1, len(times.at)))
    assert longest >= 20, "no operation was asked about meanwhile"
    assert "no request for" in ended.err


@fault(37)
@pytest.mark.parametrize("status", ["200 OK", "202 Accepted"])
def test_a_pause_that_a_good_answer_names_is_the_least_for_its_operation(
    wait: Wait, status: str
) -> None:
    with api(says("running", "Retry-After: 20", http_status=status), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0)
    assert 20 <= ended.took < 30


DATES = (
    "Sun, 06 Nov 1994 08:50:07 GMT",
    "Sunday, 06-Nov-94 08:50:07 GMT",
    "Sun Nov  6 08:50:07 1994",
    "Sun, 06 Nov 1994 08:50:07 -0000",
)


@fault(38)
@pytest.mark.parametrize("until", DATES)
def test_a_date_is_compared_with_the_servers_own_clock(wait: Wait, until: str) -> None:
    """By ours, that moment was thirty years ago."""
    date = "Date: Sun, 06 Nov 1994 08:49:47 GMT"
    with api(limited(f"Retry-After: {until}", date), DONE) as server:
        ended = wait(server.url)

    assert ended.code == 0, ended.err
    assert 20 <= ended.took < 40


@fault(39)
@pytest.mark.parametrize("value", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_pause_of_nothing_is_no_licence_to_hammer(wait: Wait, value: str) -> None:
    wait.speed = 200.0
    with api(limited(f"Retry-After: {value}")) as server:
        ended = wait(server.url, policy=Policy(timeout=60))

    assert ended.code == 124
    assert len(server.requests) <= 8, "its own pauses grow all the same"


@fault(39)
def test_a_good_answer_that_names_no_pause_is_not_asked_again_at_once(wait: Wait) -> None:
    wait.speed = 200.0
    with api(says("running", "Retry-After: 0")) as server:
        wait(server.url, policy=Policy(timeout=60, interval=10.0))

    assert len(server.requests) <= 8


NO_PAUSES = ("-5", "nan", "inf", "1e3", "1_000", "١٢٠", "+5", "0x10", "soon", "5, 7", "", "1" * 21)


@fault(40)
@pytest.mark.parametrize("value", NO_PAUSES)
def test_what_is_no_pause_is_passed_over(wait: Wait, value: str) -> None:
    sent = value.encode().decode("latin-1")
    with api(limited(f"Retry-After: {sent}"), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err
    assert 2 <= ended.took < 15, "its own pause, that of a rate limit"


@fault(40)
def test_two_pauses_in_two_headers_are_none(wait: Wait) -> None:
    with api(limited("Retry-After: 500", "Retry-After: 400"), DONE) as server:
        ended = wait(server.url)

    assert ended.code == 0
    assert ended.took < 15


@fault(41)
@pytest.mark.parametrize("value", ["3600", "86400", "999999999"])
def test_a_pause_past_the_deadline_ends_the_wait_now(wait: Wait, value: str) -> None:
    with api(RUNNING, limited(f"Retry-After: {value}"), DONE) as server:
        ended = wait(server.url, policy=Policy(timeout=600))

    assert (ended.code, ended.one["reason"]) == (124, "rate_limited")
    assert ended.took < 30
    assert "a longer pause than there is time for; " in ended.line("a out of time after")
    assert "(HTTP 429)" in ended.line("a out of time after")
    assert "--interval" in ended.line("to fix")


@pytest.mark.slow
@fault(41)
def test_a_pause_of_a_day_is_cut_to_an_hour_with_a_warning(wait: Wait) -> None:
    wait.speed = 6000.0
    with api(RUNNING, limited("Retry-After: 86400"), DONE) as server:
        ended = wait(server.url, policy=Policy())

    assert ended.code == 0, ended.err
    assert 3600 <= ended.took < 3600 * 3
    assert "a pause of 86400 s; opwatch waits an hour at most" in ended.line("warning")


# -- no hint, and other headers ------------------------------------------------------


@fault(42)
def test_a_limit_without_a_hint_is_met_with_growing_pauses(wait: Wait) -> None:
    wait.speed = 200.0
    times = Times("running", *[limited()] * 5, "done")
    with api(times) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 5), ended.err
    assert times.pause(wait, 2) >= 2.5
    assert times.pause(wait, 5) >= 15


@fault(42)
def test_a_pause_of_nothing_costs_nothing_extra(wait: Wait) -> None:
    busy = http(b"{}", "Retry-After: 0", status="429 Too Many Requests")
    with api(RUNNING, busy, busy, DONE) as server:
        ended = wait(server.url)
    with api(RUNNING, RUNNING, RUNNING, DONE) as server:
        usual = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 2), ended.err
    assert ended.took <= usual.took + 1.5


@fault(42)
def test_the_rate_of_the_host_is_halved() -> None:
    jobs = {str(number): Job(500) for number in range(100)}
    run = World(jobs, {HOST: Host(limit=5.0)}).watch()

    late = [each for each in run.sent if each.at > 120]
    refused = [each for each in late if isinstance(each.answer.findings[0], Trouble)]
    assert run.verdict.code == 0
    assert len(refused) < len(late) / 10


DATE = "Date: Sun, 01 Mar 2026 09:00:00 GMT"
AT = 1_772_355_600 + 20
QUOTAS = (
    ("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 20"),
    ("X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {AT}"),
    ("X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {AT * 1000}"),
    ("RateLimit-Remaining: 0", "RateLimit-Reset: 20"),
    ('RateLimit: "default";r=0;t=20',),
    ("RateLimit: limit=100, remaining=0, reset=20",),
)


@fault(43)
@pytest.mark.parametrize("headers", QUOTAS)
def test_a_quota_that_is_empty_holds_the_host_until_it_is_filled(
    wait: Wait, headers: tuple[str, ...]
) -> None:
    with api(says("running", DATE, *headers), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0), ended.err
    assert 20 <= ended.took < 30


@fault(43)
@pytest.mark.parametrize(
    "headers",
    [
        ("X-RateLimit-Remaining: 5000", "X-RateLimit-Reset: 900"),
        ("X-RateLimit-Remaining: none", "X-RateLimit-Reset: 900"),
        ("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: soon"),
        ("RateLimit: \x1b[31m;;;==",),
        ("RateLimit: " + '"a";r=0;' * 300,),
    ],
)
def test_a_quota_that_is_not_empty_or_unreadable_changes_nothing(
    wait: Wait, headers: tuple[str, ...]
) -> None:
    with api(says("running", DATE, *headers), DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0), ended.err
    assert ended.took < 15


# -- shared, and lasting -------------------------------------------------------------


class Bucket:
    """Serves *rate* requests a second of the run's clock, and refuses all others."""

    def __init__(self, rate: float, speed: float) -> None:
        self.refused = 0
        self._rate, self._speed, self._level, self._since = rate, speed, 0.0, time.monotonic()
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()

    def __call__(self, request: bytes) -> bytes:
        name, now = asked_about(request), time.monotonic()
        with self._lock:
            passed = (now - self._since) * self._speed
            self._level = max(0.0, self._level - passed * self._rate)
            self._since = now
            if self._level + 1 > self._rate:
                self.refused += 1
                return limited("Retry-After: 1")
            self._level += 1
            self._asked[name] += 1
        return http(state("done" if self._asked[name] > 1 else "running", name))


@fault(44, simulated="the runs share one process; what matters is that they share the host")
def test_runs_that_share_a_limit_all_come_to_their_end(wait: Wait) -> None:
    wait.speed = 20.0
    bucket = Bucket(5.0, wait.speed)
    groups = [[f"{run}-{number}" for number in range(10)] for run in range(4)]
    with api(bucket) as server:
        found = wait.side_by_side(server.url, *groups, limits={"rate": "100/s", "burst": 100})

    assert {outcome for each in found for outcome in each} == {Outcome.SUCCEEDED}
    assert bucket.refused, "the limit was met"


@fault(45)
def test_an_hour_of_named_pauses_is_no_lost_contact() -> None:
    limit = Trouble(Fault.STATUS_THROTTLED, status=429, wait=60.0)
    world = World({"a": Job(4000)}, {HOST: Host(spells=(Spell(10, 3610, limit),))})

    run = world.watch(Policy(lost_after=300))

    assert run.verdict.code == 0
    assert 50 <= run.requests(10, 3610) <= 62


@fault(45)
def test_an_hour_of_limits_without_a_pause_confirms_nothing() -> None:
    limit = Trouble(Fault.STATUS_THROTTLED, status=429)
    world = World({"a": Job(4000)}, {HOST: Host(spells=(Spell(10, 3610, limit),))})

    run = world.watch(Policy(lost_after=300))

    assert run.verdict.code == 6
    assert 300 <= run.ended < 400
