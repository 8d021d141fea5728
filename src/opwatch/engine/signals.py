"""Which signals end or hold a wait, and how they reach the loop.

Decides that INT, TERM and HUP detach, that TSTP (Ctrl-Z) gives the terminal back
before the process is stopped, that a signal which was ignored when we started
stays ignored (``nohup``, a background job of a script), and that a second one of
the same kind, or any other that kills, does so at once; but the cursor is given back
even then.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from opwatch.domain.events import Pausable
from opwatch.domain.outcome import Abort

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from types import FrameType

    from opwatch.domain.operation import Answer, Operation, Poll

    Receive: TypeAlias = Callable[[int, FrameType | None], None]


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Suspend:
    """Ctrl-Z: the process is about to be stopped for a while."""


@dataclass(frozen=True, slots=True)
class LookNow:
    """A person wants to know now, and not when the pace has it."""


Message: TypeAlias = "tuple[Poll, Answer] | Operation | BaseException | Abort | Suspend | LookNow"
Inbox: TypeAlias = "asyncio.Queue[Message]"

_BY_NAME: Final[Mapping[str, Abort | Suspend]] = {
    "SIGINT": Abort.INTERRUPTED,
    "SIGTERM": Abort.TERMINATED,
    "SIGHUP": Abort.HANGUP,
    "SIGTSTP": Suspend(),
}
# Windows has neither HUP nor job control.
MESSAGES: Final[Mapping[signal.Signals, Abort | Suspend]] = {
    getattr(signal, name): message for name, message in _BY_NAME.items() if hasattr(signal, name)
}
ABORTS: Final[Mapping[signal.Signals, Abort]] = {
    number: message for number, message in MESSAGES.items() if isinstance(message, Abort)
}
_FATAL: Final = ("SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU")
FATAL: Final = tuple(getattr(signal, name) for name in _FATAL if hasattr(signal, name))
BACK: Final = tuple(getattr(signal, name) for name in ("SIGCONT",) if hasattr(signal, name))
LONG: Final = 3600.0


class Interruption(BaseException):
    """A signal came while no event loop was running. *abort* says which."""

    def __init__(self, abort: Abort) -> None:
        super().__init__(abort.value)
        self.abort = abort


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise ``Interruption`` when a signal ends the run; the main thread only."""

    def receive(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Interruption(ABORTS[signal.Signals(number)])

    with _installed(receive, ABORTS):
        yield


@contextmanager
def pass_over_signals() -> Iterator[None]:
    """Pass over the first signal of each kind, for all is over; the main thread only.

    The second one kills: what is still to be written may have nobody who reads it.
    """

    def receive(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)

    with _installed(receive, ABORTS):
        yield


def stay() -> Abort:
    """Return the signal that ends the run, however long it takes; the main thread only."""
    try:
        with raise_on_signals():
            while True:
                time.sleep(LONG)
    except Interruption as interruption:
        return interruption.abort


async def or_abort(work: Coroutine[object, object, T], inbox: Inbox | None = None) -> T | Abort:
    """Return what *work* returns, or the signal that ends the run, if that comes first.

    The main thread only. *work* is cancelled then. An *inbox* that signals come to already
    may hold one.
    """
    messages: Inbox = asyncio.Queue() if inbox is None else inbox
    doing = asyncio.ensure_future(work)
    try:
        with catch_signals(messages, messages=ABORTS):
            while not doing.done():
                message = asyncio.ensure_future(messages.get())
                await asyncio.wait({doing, message}, return_when=asyncio.FIRST_COMPLETED)
                came = message.result() if message.done() and not doing.done() else None
                message.cancel()
                if isinstance(came, Abort):
                    return came
        return await doing
    finally:
        doing.cancel()


@contextmanager
def catch_signals(
    inbox: Inbox,
    terminal: object = None,
    messages: Mapping[signal.Signals, Abort | Suspend] = MESSAGES,
) -> Iterator[None]:
    """Put the message of each signal that comes into *inbox*; the main thread only.

    *terminal* lets go of the cursor, if it holds it, before a signal kills, and is
    told when the process goes on after a stop, announced or not.
    """
    loop = asyncio.get_running_loop()

    def receive(number: int, _frame: FrameType | None) -> None:
        message = messages[signal.Signals(number)]
        if isinstance(message, Abort):
            signal.signal(number, die)
        loop.call_soon_threadsafe(inbox.put_nowait, message)

    def go_on(_number: int, _frame: FrameType | None) -> None:
        if isinstance(terminal, Pausable):
            terminal.resume()

    def die(number: int, _frame: FrameType | None) -> None:
        if isinstance(terminal, Pausable):
            terminal.let_go()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    # One that somebody handles does not kill: a profiler's timer, say.
    fatal = [number for number in FATAL if _before(number) is signal.SIG_DFL]
    with (
        _waking(loop),
        _installed(receive, messages),
        _installed(die, fatal),
        _installed(go_on, BACK),
    ):
        yield


@contextmanager
def _waking(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let a signal wake *loop* that comes just before it falls asleep.

    Its handler would be called only once the loop wakes by itself. Windows' own loop
    does it already.
    """
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)  # noqa: FBT003, its only form
        there.setblocking(False)  # noqa: FBT003, its only form
        try:
            loop.add_reader(here.fileno(), here.recv, 4096)
        except NotImplementedError:
            yield
            return
        before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(here.fileno())


def stop_here() -> None:
    """Stop this process as Ctrl-Z would have; return when it goes on."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    # A process whose shell has gone is not stopped: it goes on at once.
    signal.raise_signal(signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)


def _before(number: signal.Signals) -> Any:
    """Return what handles *number* but for us; what did while we were loading does no more."""
    handler = signal.getsignal(number)
    if not getattr(handler, "while_loading", False):
        return handler
    return signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL


@contextmanager
def _installed(receive: Receive, numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Install *receive* for those of *numbers* that were not ignored when we started."""
    before = {number: _before(number) for number in numbers}
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
