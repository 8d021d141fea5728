"""Which signals end a wait, and how they reach the loop.

Decides that INT, TERM and HUP detach, that one which was ignored when we
started stays ignored (``nohup``, a background job of a script), and that a
second one of the same kind kills at once.
"""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.outcome import Abort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from opwatch.domain.answer import Answer, Poll

Letter: TypeAlias = "tuple[Poll, Answer] | BaseException | Abort"
Mailbox: TypeAlias = "asyncio.Queue[Letter]"

_BY_NAME: Final[Mapping[str, Abort]] = {
    "SIGINT": Abort.INTERRUPTED,
    "SIGTERM": Abort.TERMINATED,
    "SIGHUP": Abort.HANGUP,
}
# Windows has no HUP.
ABORTS: Final[Mapping[signal.Signals, Abort]] = {
    getattr(signal, name): abort for name, abort in _BY_NAME.items() if hasattr(signal, name)
}


LONG: Final = 3600.0


class Interruption(BaseException):
    """A signal came while no loop was there to be told. *abort* says which."""

    def __init__(self, abort: Abort) -> None:
        super().__init__(abort.value)
        self.abort = abort


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise ``Interruption`` when a signal asks us to go; the main thread only."""

    def receive(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Interruption(ABORTS[signal.Signals(number)])

    with _installed(receive):
        yield


def stay() -> Abort:
    """Return the signal that asks us to go, however long it takes; the main thread only."""
    try:
        with raise_on_signals():
            while True:
                time.sleep(LONG)
    except Interruption as interruption:
        return interruption.abort


@contextmanager
def catch_signals(mailbox: Mailbox) -> Iterator[None]:
    """Put an ``Abort`` into *mailbox* when a signal asks us to go; the main thread only."""
    loop = asyncio.get_running_loop()

    def receive(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(mailbox.put_nowait, ABORTS[signal.Signals(number)])

    with _installed(receive):
        yield


@contextmanager
def _installed(receive: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Install *receive* for every signal that was not ignored when we started."""
    before = {number: signal.getsignal(number) for number in ABORTS}
    # None is a handler that was not installed from Python, and could not be put back.
    ours = [number for number, was in before.items() if was not in {signal.SIG_IGN, None}]
    for number in ours:
        signal.signal(number, receive)
    try:
        yield
    finally:
        for number in ours:
            if signal.getsignal(number) is receive:
                signal.signal(number, before[number])
