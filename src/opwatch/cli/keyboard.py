"""The keys that a person presses while a wait draws its bars.

Decides which key means what; that a key is one byte that stands alone, so that neither a
paste nor an arrow is one; that keys are read only while we are in the foreground; and that
the terminal has its settings back on every way out. Ctrl-C and Ctrl-Z do what they ever
did. Windows has no terminal of this kind, and so no keys.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self, TextIO

from opwatch.domain.events import Event, Finished
from opwatch.domain.outcome import Abort
from opwatch.engine import Inbox, LookNow
from opwatch.engine.signals import Message
from opwatch.output.streams import is_pipe, is_terminal, ownership_of
from opwatch.output.terminal.hints import Hint
from opwatch.output.terminal.renderer import Guard

if sys.platform != "win32":
    import termios


@dataclass(frozen=True, slots=True)
class KeyPress:
    """What a key asks for: of the run by a *message*, of the display by a *hint*."""

    message: Message | None = None
    hint: Hint | None = None


KEYS: Final[Mapping[bytes, KeyPress]] = {
    b"r": KeyPress(LookNow(), Hint.LOOKING),
    b"o": KeyPress(hint=Hint.PAGES),
    b"q": KeyPress(Abort.INTERRUPTED),
    b"?": KeyPress(hint=Hint.KEYS),
}
ANY_OTHER: Final = KeyPress()
ALONE: Final = 0.05
"""Seconds before and after a key in which nothing else is typed."""
MOST: Final = 4096
"""Bytes that are read at once: as much as a terminal keeps."""
WHERE_IS_THE_CURSOR: Final = b"\x1b[6n"
_CURSOR: Final = re.compile(rb"\x1b\[(\d{1,5});\d{1,5}R")
PATIENCE: Final = 0.2
"""Seconds for an answer to that; tmux gives it itself, in a thousandth of one."""


def key_of(typed: bytes, quiet: float) -> KeyPress | None:
    """Return what *typed* after *quiet* seconds asks for, None if it is no key."""
    is_key = len(typed) == 1 and quiet >= ALONE
    return KEYS.get(typed, ANY_OTHER) if is_key else None


def may_press(stdin: TextIO | None, stdout: TextIO | None) -> bool:
    """Tell whether what is typed at *stdin* is for us.

    It may be for a pager, where a program reads our standard output.
    """
    return sys.platform != "win32" and is_terminal(stdin) and not is_pipe(stdout)


def cursor_finder(terminal: TextIO, screen: TextIO) -> Callable[[], int | None]:
    """Return a function that asks *screen* for the row of its cursor (ECMA-48 DSR 6, CPR).

    It asks only while keys are read from *terminal*, for the answer is typed there; a key
    pressed in that moment is lost. None is no answer: then it never asks again.
    """
    fd, is_ours, answers = terminal.fileno(), ownership_of(terminal), True

    def row() -> int | None:
        nonlocal answers
        if not answers or not is_ours() or not _reads_keys(fd):
            return None
        typed, end = b"", time.monotonic() + PATIENCE
        with _unstopped(), suppress(OSError):
            os.write(screen.fileno(), WHERE_IS_THE_CURSOR)
            while (left := end - time.monotonic()) > 0 and select.select([fd], [], [], left)[0]:
                typed += os.read(fd, MOST)
                if found := _CURSOR.search(typed):
                    return int(found[1])
        answers = False
        return None

    return row


def _reads_keys(fd: int) -> bool:
    """Tell whether single keys are read from the terminal *fd*; one that has gone has none."""
    try:
        return not termios.tcgetattr(fd)[3] & termios.ICANON
    except termios.error:
        return False


class Keyboard:
    """Reads the keys of *terminal*, and passes on what each asks for to *inbox* and *display*.

    As a listener it takes the terminal as soon as it may, and gives it back with the last
    event; as a context manager, at the latest at its end.
    """

    def __init__(self, terminal: TextIO, inbox: Inbox, display: Guard) -> None:
        self._fd = terminal.fileno()
        self._is_ours = ownership_of(terminal)
        self._inbox = inbox
        self._display = display
        self._loop = asyncio.get_running_loop()
        self._before: list[Any] | None = None
        self._cbreak: list[Any] | None = None
        self._reads = self._is_paused = False
        self._typed_at = float("-inf")
        self._pending: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.pause()

    def __call__(self, event: Event) -> None:
        """Take the terminal, or give it back with the last event."""
        if isinstance(event, Finished):
            self.pause()
        elif not self._reads and not self._is_paused and self._is_ours():
            self._take()

    def pause(self) -> None:
        """Give the terminal back, with the settings that it had."""
        self._is_paused = True
        self._stop()
        self.let_go()

    def resume(self) -> None:
        """Take the terminal again when it is ours; others may have set it meanwhile."""
        self._is_paused = self._reads = False

    def let_go(self) -> None:
        """Give the terminal its settings back; in the background they are another's."""
        if self._before is not None and self._is_ours():
            self._set(self._before)

    def _take(self) -> None:
        """Read single keys, and do not show them. What was typed before is not thrown away."""
        try:
            found = termios.tcgetattr(self._fd)
            if found != self._cbreak:
                self._before = found
            *flags, characters = found
            flags[3] &= ~(termios.ICANON | termios.ECHO)
            keys = list(characters)
            # A read must not wait, should another program have read the key.
            keys[termios.VMIN] = keys[termios.VTIME] = 0
            self._loop.add_reader(self._fd, self._read)
            self._reads = True
            self._set([*flags, keys])
            self._cbreak = termios.tcgetattr(self._fd)
        except (OSError, termios.error):  # a wait goes on without keys
            self.pause()

    def _set(self, settings: list[Any]) -> None:
        # At once: what is still to be shown may wait for Ctrl-Q.
        with _unstopped(), suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)

    def _read(self) -> None:
        """Read what was typed; in the background it is typed for another."""
        typed = b""
        with _unstopped(), suppress(OSError):
            typed = os.read(self._fd, MOST) if self._is_ours() else b""
        if not typed:  # until the next event, or for good
            self._stop()
            return
        now = self._loop.time()
        key = key_of(typed, now - self._typed_at)
        self._typed_at = now
        self._forget()
        if key is not None:
            self._pending = self._loop.call_later(ALONE, self._press, key)

    def _press(self, key: KeyPress) -> None:
        if key.message is not None:
            self._inbox.put_nowait(key.message)
        self._display.answer(key.hint)

    def _forget(self) -> None:
        if self._pending is not None:
            self._pending.cancel()

    def _stop(self) -> None:
        self._reads = False
        self._forget()
        self._loop.remove_reader(self._fd)


@contextmanager
def _unstopped() -> Iterator[None]:
    """Let the terminal not stop us, should we come into the background at this very moment."""
    stops = {signal.SIGTTIN, signal.SIGTTOU}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
