"""What a person is asked at the terminal: a choice, or a secret that is not shown.

Decides that nobody is asked to choose unless all three streams are terminals; where a secret
is read, at the terminal if standard input is one, how long it may be, and that the marks which
some systems put around a text do not count. Of a secret nothing is ever echoed; a pasted one
is taken whole (the terminal's own lines end after 4,096 characters, on macOS after 1,024); and
whatever ends the question, Ctrl-C above all, leaves the terminal as it was.
"""

from __future__ import annotations

import os
import select
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import click

from opwatch.domain.errors import UsageError
from opwatch.domain.secret import Secret
from opwatch.output.streams import is_terminal

MOST: Final = 64 * 1024
TICK: Final = 0.2
"""Seconds after which a signal is seen at the latest."""
_ENTER: Final = frozenset(b"\r\n")
_ERASE: Final = frozenset(b"\x08\x7f")
_KILL: Final = 0x15
_END: Final = 0x04
_CONTINUATION: Final = range(0x80, 0xC0)


# -- a choice ------------------------------------------------------------------------


def has_person() -> bool:
    """Tell whether a person can be asked: all three streams are terminals."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout) and is_terminal(sys.stderr)


def choose(question: str, among: Sequence[str]) -> str:
    """Return the one of *among* that a person names or abbreviates; nothing for no answer."""
    while answer := ask(question):
        meant = [each for each in among if each.startswith(answer.lower())]
        exact = [each for each in among if each == answer]
        if exact or len(meant) == 1:
            return (exact or meant)[0]
    return ""


def ask(question: str) -> str:
    """Return what a person answers to *question*, without the space around it."""
    try:
        answer: str = click.prompt(question, default="", show_default=False, err=True)
    except click.Abort as problem:
        raise KeyboardInterrupt from problem
    return answer.strip()


# -- a secret ------------------------------------------------------------------------


def read_secret(prompt: Callable[[], str]) -> Secret:
    """Return what a person types after *prompt*, or what standard input holds.

    Bytes that are not UTF-8 are kept as half surrogate pairs: no secret may hold one.

    Raises:
        UsageError: standard input is closed, or it is too long.
    """
    if is_terminal(sys.stdin):
        line = hidden_line(prompt())
    elif sys.stdin is None:
        raise UsageError("standard input is closed, and there is no terminal to ask at")
    else:
        from opwatch.cli.files import stdin_bytes

        line = stdin_bytes(MOST + 1)
    if len(line) > MOST:
        raise UsageError("standard input is longer than 64 KiB")
    return Secret(line.decode("utf-8-sig", "surrogateescape"))


def hidden_line(prompt: str) -> bytes:
    """Return the line that a person types at the terminal after *prompt*.

    Raises:
        UsageError: the terminal cannot be kept from showing it, or it is too long.
    """
    if sys.platform == "win32":
        return _by_getpass(prompt)
    terminal, is_ours = _terminal()
    try:
        with _unechoed(terminal):
            os.write(terminal, prompt.encode(errors="backslashreplace"))
            return _read(terminal)
    finally:
        with suppress(OSError):
            os.write(terminal, b"\n")
        if is_ours:
            os.close(terminal)


def _terminal() -> tuple[int, bool]:
    """Return the terminal to ask at, and whether it must be closed."""
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY), True
    except OSError:
        return sys.stdin.fileno(), False


@contextmanager
def _unechoed(terminal: int) -> Iterator[None]:
    import termios

    try:
        before = termios.tcgetattr(terminal)
        termios.tcsetattr(terminal, termios.TCSAFLUSH, _silent(before, terminal))
    except (termios.error, OSError):
        raise _shows() from None
    try:
        yield
    finally:
        # Flushed: the second line of what was pasted must not reach the shell.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _shows() -> UsageError:
    return UsageError(
        "this terminal cannot be kept from showing what is typed",
        hint="give it on standard input, with --token-stdin",
    )


def _silent(mode: list[Any], terminal: int) -> list[Any]:
    """Return *mode* without echo and line editing; Ctrl-C stays what it is."""
    import termios

    iflag, oflag, cflag, lflag, ispeed, ospeed, keys = mode
    lflag &= ~(termios.ECHO | termios.ECHONL | termios.ICANON)
    off = bytes([os.fpathconf(terminal, "PC_VDISABLE") & 0xFF])
    silent = [*keys]
    silent[termios.VMIN], silent[termios.VTIME] = 1, 0
    # One who comes back from Ctrl-Z would type with echo.
    silent[termios.VSUSP] = silent[termios.VQUIT] = off
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, silent]


def _read(terminal: int) -> bytes:
    line = bytearray()
    while True:
        # A signal that comes just before a read would not wake it.
        while not select.select([terminal], [], [], TICK)[0]:
            pass
        typed = os.read(terminal, 4096)
        for byte in typed:
            if byte in _ENTER or byte == _END:
                return bytes(line)
            _take(line, byte)
        if not typed:
            return bytes(line)
        if len(line) > MOST:
            raise UsageError("what was typed is longer than 64 KiB")


def _take(line: bytearray, byte: int) -> None:
    """Add *byte* to *line*, or do what its key does."""
    if byte == _KILL:
        line.clear()
    elif byte in _ERASE:
        while line and line.pop() in _CONTINUATION:
            pass
    else:
        line.append(byte)


def _by_getpass(prompt: str) -> bytes:
    from getpass import GetPassWarning, getpass

    with warnings.catch_warnings():
        # It would only warn, and then show what is typed.
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(prompt).encode()
        except (GetPassWarning, EOFError):
            raise _shows() from None
