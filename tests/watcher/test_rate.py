from __future__ import annotations

import math
from itertools import pairwise

import pytest

from opwatch.domain.pacing import Limits
from opwatch.watcher.rate import HostRate, Latency

QUICK = 0.01


def served(rate: HostRate, start: float, seconds: float, latency: float = QUICK) -> int:
    """Ask as fast as *rate* allows for *seconds*, answered at once and well; return how often."""
    now, count = rate.free_at(start), 0
    while now < start + seconds:
        rate.take(now)
        rate.good(now, latency)
        count += 1
        now = rate.free_at(now)
    return count


def a_rate(limits: Limits | None = None) -> HostRate:
    return HostRate(limits or Limits(), 0.0)


def test_it_begins_at_ten_a_second_and_at_least_doubles_in_each() -> None:
    rate = a_rate()
    paces = [rate.now]
    for second in range(3):
        served(rate, float(second), 1.0)
        paces.append(rate.now)

    assert paces[0] == 10.0
    assert all(after >= 2 * before for before, after in pairwise(paces))


def test_a_rate_that_another_was_told_a_moment_ago_lets_nothing_more_pass() -> None:
    rate = HostRate(Limits(rate=10.0, burst=5), 100.0)
    for _ in range(5):
        rate.take(100.0)

    rate.allow(10.0, 98.0)

    assert rate.free_at(100.0) == pytest.approx(100.1)


def test_two_thousand_answers_take_less_than_four_seconds() -> None:
    assert served(a_rate(), 0.0, 4.0) > 2_000


def test_a_pace_that_is_not_used_does_not_grow() -> None:
    rate = a_rate()
    for second in range(1_000):
        rate.take(2.0 * second)
        rate.good(2.0 * second, QUICK)

    assert rate.now == 10.0


def test_a_pace_does_not_grow_while_the_answers_take_longer() -> None:
    rate = a_rate()
    served(rate, 0.0, 1.0)
    served(rate, 1.0, 0.2, latency=1.0)
    before = rate.now
    served(rate, 1.2, 1.0, latency=1.0)
    assert rate.now == before

    served(rate, 2.2, 1.0)
    assert rate.now > before


def test_a_throttle_halves_what_was_answered_and_is_one_for_a_second() -> None:
    rate = a_rate()
    served(rate, 0.0, 1.0)
    answered = served(rate, 1.0, 1.0)
    for late in (0.0, 0.3, 0.9):
        rate.throttled(2.0 + late)

    assert rate.now == pytest.approx(min(answered, rate.now * 2) / 2)
    before = rate.now
    rate.throttled(3.0)
    assert rate.now == pytest.approx(before / 2)


def test_what_was_learned_of_a_limit_is_remembered() -> None:
    rate = a_rate()
    served(rate, 0.0, 2.0)
    rate.throttled(2.0)
    served(rate, 2.0, 10.0)
    rate.throttled(12.0)
    known = rate.most

    served(rate, 13.0, 5.0)
    assert 0.85 * known < rate.now < 0.95 * known
    served(rate, 18.0, 60.0)
    assert rate.now < 1.1 * known


def test_a_throttle_of_a_crowd_that_hardly_asks_halves_the_pace() -> None:
    rate = a_rate()
    paces = []
    for minute in range(9):
        rate.take(60.0 * minute)
        rate.throttled(60.0 * minute)
        paces.append(rate.now)

    assert paces == [5.0, 2.5, 1.25, 0.625, 0.3125, 0.2, 0.2, 0.2, 0.2]


def test_what_a_vendor_documents_is_never_exceeded() -> None:
    rate = a_rate(Limits(rate=25.0, burst=5))

    assert served(rate, 0.0, 10.0) <= 25 * 10 + 5
    assert rate.now == 25.0


def test_the_least_of_all_that_is_known_of_a_limit_is_the_most() -> None:
    rate = HostRate(Limits(rate=4.0), 0.0)
    rate.allow(9.0, 1.0)

    assert rate.most == 4.0


def test_what_the_headers_name_holds_until_they_name_something_else() -> None:
    rate = a_rate()
    served(rate, 0.0, 2.0)
    rate.allow(4.0, 0.0)
    assert rate.now == 4.0
    rate.allow(0.0001, 0.0)
    assert rate.now == 0.2, "a header alone does not stop a watch"
    rate.allow(None, 0.0)

    assert rate.now > 100.0


def test_after_an_outage_it_begins_slowly_again() -> None:
    rate = a_rate()
    served(rate, 0.0, 2.0)
    rate.begin_again(10.0)

    assert rate.free_at(10.0) == 10.5
    assert not rate.is_full
    served(rate, 10.5, 2.0)
    assert rate.is_full


def test_a_rate_that_is_unlimited_is_never_infinite() -> None:
    rate = a_rate()
    served(rate, 0.0, 3.0)

    assert math.isfinite(rate.now)


def test_to_ask_when_the_next_may_go_changes_nothing() -> None:
    asked, unasked = a_rate(), a_rate()
    for rate in (asked, unasked):
        rate.begin_again(0.0)
        rate.allow(0.7, 0.0)
    for tick in range(1, 1000):
        asked.free_at(tick / 3000)

    assert asked.free_at(0.4) == unasked.free_at(0.4) > 0.4


def test_each_request_is_counted_once_for_what_others_are_told() -> None:
    rate = a_rate()

    assert served(rate, 0.0, 2.0) == rate.sent


def test_a_burst_of_one_that_a_vendor_documents_is_one_request() -> None:
    rate = a_rate(Limits(rate=1.0, burst=1))
    rate.free_at(100.0)
    rate.take(100.0)

    assert rate.free_at(100.0) > 100.0


def test_a_burst_that_a_vendor_documents_is_kept_where_the_rate_is_high() -> None:
    rate = a_rate(Limits(rate=200.0, burst=2))
    served(rate, 0.0, 3.0)

    count = 0
    while rate.free_at(100.0) <= 100.0:
        rate.take(100.0)
        count += 1
    assert count == 2


def test_a_measure_that_is_taken_over_counts_as_its_own() -> None:
    rate = a_rate()
    rate.adopt(30.0, 40.0)
    assert (rate.now, rate.most) == (30.0, 40.0)

    rate.adopt(0.0001, 40.0)
    assert rate.now == 0.2


def test_from_nine_tenths_of_a_limit_on_it_only_creeps() -> None:
    rate = a_rate()
    rate.adopt(9.0, 10.0)
    for _ in range(10):
        rate.take(1.0)
    rate.good(1.0, QUICK)

    assert 9.0 < rate.now < 9.9


def test_right_after_a_throttle_nothing_goes_at_once() -> None:
    rate = a_rate()
    rate.throttled(100.0)

    assert rate.free_at(100.0) == 100.0 + 1 / rate.now


def test_a_second_after_a_throttle_it_grows_again() -> None:
    paces = []
    for after in (0.9, 1.0):
        rate = a_rate()
        rate.throttled(100.0)
        for _ in range(9):
            rate.take(100.0)
        before = rate.now
        rate.good(100.0 + after, QUICK)
        paces.append(rate.now > before)

    assert paces == [False, True]


def test_what_half_of_the_pace_shows_of_the_host_counts_twice() -> None:
    rate = a_rate(Limits(rate=40.0))
    rate.share(0.5, 0.0)
    served(rate, 0.0, 2.0)
    rate.throttled(2.0)

    assert rate.most == pytest.approx(40.0, rel=0.1)


def test_answers_take_longer_once_a_round_of_eight_does() -> None:
    latency, told = Latency(), []
    for seconds in [0.1] * 8 + [1.0] * 8:
        latency.add(seconds)
        told.append(latency.rises)

    assert told == [False] * 15 + [True]
