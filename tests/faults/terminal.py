"""A real terminal: a pseudo-terminal that controls a process, with a screen behind it.

What is written to it goes through the kernel's terminal driver into a terminal
emulator, so that a test sees what a person would see, and can type.

    with Tty() as tty:
        tty.run("opwatch", "wait", ...)
        tty.until("RUNNING")
        tty.type(CTRL_C)
        assert tty.exit_code() == 130
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyte

from cli.forkserver import start, take_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE = 15.0
CTRL_C, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x1a", "\x1c"
OPWATCH = (sys.executable, "-m", "opwatch")
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


class Tty:
    """A terminal of *columns* and *rows*. What was written to it is in ``raw``."""

    def __init__(self, columns: int = 100, rows: int = 30) -> None:
        self.raw = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._lock = threading.Lock()
        self._ours, self._theirs = pty.openpty()
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait(PATIENCE)
        self.close()

    def run(self, *argv: str, environ: Mapping[str, str], stdout: int | None = None) -> None:
        """Start *argv* as the leader of a session that this terminal controls."""
        environ = {**environ, "TERM": environ.get("TERM", "xterm-256color")}
        out = self._theirs if stdout is None else stdout
        streams: dict[str, Any] = {"stdin": self._theirs, "stdout": out, "stderr": self._theirs}
        if argv[: len(OPWATCH)] == OPWATCH:
            arguments = argv[len(OPWATCH) :]
            self.child: Any = start(*arguments, env=environ, cwd=Path.cwd(), leader=True, **streams)
        else:
            self.child = subprocess.Popen(  # noqa: S603, a shell for our own program
                argv, env=environ, start_new_session=True, **streams,
                preexec_fn=take_terminal,  # noqa: PLW1509, one system call that is safe after a fork
            )  # fmt: skip

    def close(self) -> None:
        """Take the terminal away, as closing its window does."""
        for each in (self._theirs, self._ours):
            if each >= 0:
                os.close(each)
        self._theirs = self._ours = -1
        self._reader.join(PATIENCE)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)
        with self._lock:
            # The emulator cannot be without a cell, as a terminal can.
            self.screen.resize(max(rows, 1), max(columns, 1))

    def until(self, wanted: str | Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until the screen shows *wanted*, or until it holds."""
        holds = wanted if callable(wanted) else lambda: wanted in self.text
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"never saw {wanted!r} on:\n{self.text}"
            time.sleep(0.01)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        """Return the exit code of the process, once all it wrote has arrived."""
        code = int(self.child.wait(seconds))
        self.settle()
        return code

    def settle(self) -> None:
        """Wait until nothing more arrives."""
        before = -1
        while before != len(self.raw):
            before = len(self.raw)
            time.sleep(0.05)

    @property
    def shown(self) -> list[str]:
        """The lines of the screen down to the last that holds something."""
        with self._lock:
            lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        return "\n".join(self.shown)

    def cursor_is_hidden(self) -> bool:
        return bool(self.screen.cursor.hidden)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)
