from __future__ import annotations

import time

import pytest

from opwatch.engine import SystemClock, loop


def test_the_clock_does_not_fall() -> None:
    clock = SystemClock()
    moments = [clock.now() for _ in range(1000)]

    assert moments == sorted(moments)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has this clock")
def test_the_time_of_a_suspend_counts() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= SystemClock().now() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_machine_without_such_a_clock_has_the_monotonic_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_BOOTTIME", None)

    before = time.monotonic()
    assert before <= SystemClock().now() <= time.monotonic()


def test_the_time_of_day_is_that_of_the_machine() -> None:
    before = time.time()

    assert before <= SystemClock().wall() <= time.time()
