from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from opwatch.engine import run_to_end

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
