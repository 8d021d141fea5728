from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from opwatch.engine import SystemClock, run_to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Keep = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Close the loops that a process would leave to its end."""
    loops: list[asyncio.AbstractEventLoop] = []

    def running() -> asyncio.AbstractEventLoop:
        loops.append(asyncio.get_running_loop())
        return loops[-1]

    yield running
    for loop in loops:
        loop.close()


def test_the_result_is_handed_on(keep: Keep) -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42 if keep().is_running() else 0

    assert run_to_end(answer()) == 42


def test_an_exception_is_handed_on(keep: Keep) -> None:
    async def fail() -> None:
        keep()
        await asyncio.sleep(0)
        raise KeyError("oh")

    with pytest.raises(KeyError):
        run_to_end(fail())


def test_the_end_waits_for_no_thread(keep: Keep) -> None:
    told, ended = threading.Event(), threading.Event()

    def hold() -> None:
        told.wait(600)
        ended.set()

    async def leave_one_behind() -> None:
        keep().run_in_executor(None, hold)
        await asyncio.sleep(0)

    run_to_end(leave_one_behind())

    assert not ended.is_set()
    told.set()


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
    monkeypatch.setattr("opwatch.engine.loop._BOOTTIME", None)

    before = time.monotonic()
    assert before <= SystemClock().now() <= time.monotonic()


def test_the_time_of_day_is_that_of_the_machine() -> None:
    before = time.time()

    assert before <= SystemClock().wall() <= time.time()
