from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.outcome import Abort
from opwatch.engine import (
    Inbox,
    Interruption,
    catch_signals,
    pass_over_signals,
    raise_on_signals,
)
from opwatch.engine.signals import ABORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

CHILD = Path(__file__).with_name("child.py")
PATIENCE = 20.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


@contextmanager
def a_run(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run that goes on until it is told to go."""
    command = [sys.executable, str(CHILD), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603, our own
        try:
            expect(child, "ready")
            yield child
        finally:
            child.kill()


def expect(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdout is not None
    assert child.stdout.readline().strip() == line


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_the_run_with_its_code(name: str, code: int) -> None:
    with a_run() as child:
        child.send_signal(signal.Signals[name])

        expect(child, str(code))
        assert child.wait(PATIENCE) == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_a_signal_that_was_ignored_from_the_start_stays_ignored(name: str) -> None:
    with a_run("ignore", name) as child:
        child.send_signal(signal.Signals[name])
        child.send_signal(signal.SIGTERM)

        expect(child, "143")


def test_a_second_signal_of_the_same_kind_kills() -> None:
    with a_run("stuck") as child:
        child.send_signal(signal.SIGINT)
        expect(child, "stuck")
        child.send_signal(signal.SIGINT)

        assert child.wait(PATIENCE) == -signal.SIGINT


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the handlers of this process back."""
    before = {number: signal.getsignal(number) for number in ABORTS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def installed() -> dict[signal.Signals, object]:
    return {number: signal.getsignal(number) for number in ABORTS}


@pytest.mark.usefixtures("handlers")
async def test_a_caught_signal_is_a_letter() -> None:
    inbox: Inbox = asyncio.Queue()
    before = installed()

    with catch_signals(inbox):
        signal.raise_signal(signal.SIGTERM)
        assert await inbox.get() is Abort.TERMINATED

    # Also while the result is written, a second one kills at once.
    changed = {number for number, was in before.items() if installed()[number] != was}
    assert changed == {signal.SIGTERM}


async def test_without_a_signal_all_is_put_back() -> None:
    before = installed()

    with catch_signals(asyncio.Queue()):
        assert installed() != before

    assert installed() == before


@pytest.mark.usefixtures("handlers")
async def test_a_deadly_signal_that_somebody_handles_stays_theirs() -> None:
    """A profiler's timer sends SIGPROF a thousand times a second."""
    came: list[int] = []
    before = signal.signal(signal.SIGPROF, lambda number, _frame: came.append(number))
    try:
        with catch_signals(asyncio.Queue()):
            signal.raise_signal(signal.SIGPROF)
            assert signal.getsignal(signal.SIGUSR1) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGPROF, before)

    assert came == [signal.SIGPROF]


def test_without_a_loop_a_signal_is_an_exception() -> None:
    with pytest.raises(Interruption) as raised, raise_on_signals():
        signal.raise_signal(signal.SIGINT)

    assert raised.value.abort is Abort.INTERRUPTED


@pytest.mark.usefixtures("handlers")
def test_an_ignored_signal_is_no_exception_either() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with raise_on_signals():
        signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_when_all_is_over_the_first_signal_is_passed_over_and_the_second_would_kill() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        with raise_on_signals(), pass_over_signals():
            signal.raise_signal(signal.SIGTERM)

            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
