"""How a program of the user's is run for a secret.

Decides the bounds: no shell, no standard input, its own process group, so much
time and so much output, and the end of the process is the end of the reading; a
grandchild that keeps the pipe open is not waited for (faults 90 to 92, rule S9).
On Windows only the program itself is ended, not its children (untested there).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUT_LIMIT: Final = 64 * 1024
DRAIN: Final = 1.0
_OUT, _ERR = 1, 2


class Fate(StrEnum):
    """How a program's run ended."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    FLOODED = "flooded"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: *argv* begins with an absolute path; *timeout* is in seconds.

    *feed* is written to its standard input, which is empty otherwise. One that is
    *at_terminal* shares our terminal and our process group instead.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    timeout: float = 30.0
    feed: bytes = field(default=b"", repr=False)
    at_terminal: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program. Neither output is ever shown by ``repr``."""

    fate: Fate
    code: int = 0
    out: bytes = field(default=b"", repr=False)
    err: bytes = field(default=b"", repr=False)
    detail: str = ""


Run: TypeAlias = Callable[[Program], Awaitable[Ran]]


async def run_program(program: Program) -> Ran:
    """Run *program* to its end, or to the end of its time or room."""
    loop = asyncio.get_running_loop()
    ears = _Ears(loop, {_OUT} if program.at_terminal else {_OUT, _ERR})
    try:
        transport, _ = await loop.subprocess_exec(lambda: ears, *program.argv, **_settings(program))
    except (OSError, ValueError) as problem:
        return Ran(Fate.NOT_STARTED, detail=getattr(problem, "strerror", None) or "cannot run it")
    try:
        _feed(transport, program.feed)
        await asyncio.wait({ears.fate}, timeout=program.timeout)
        fate = ears.fate.result() if ears.fate.done() else Fate.TIMED_OUT
        if fate is Fate.EXITED:
            await asyncio.wait({ears.silence}, timeout=DRAIN)
        return Ran(fate, transport.get_returncode() or 0, ears.said(_OUT), ears.said(_ERR))
    finally:
        await _end(transport, ears, group=not program.at_terminal)


class _Ears(asyncio.SubprocessProtocol):
    """Hears what a program says, up to the limit, and when it ends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pipes: set[int]) -> None:
        self.fate: asyncio.Future[Fate] = loop.create_future()
        self.silence: asyncio.Future[None] = loop.create_future()
        self.exit: asyncio.Future[None] = loop.create_future()
        self._heard = {_OUT: bytearray(), _ERR: bytearray()}
        self._open = pipes

    def said(self, fd: int) -> bytes:
        return bytes(self._heard[fd])

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        heard = self._heard[fd]
        heard += data[: OUTPUT_LIMIT - len(heard)]
        if fd == _OUT and len(heard) >= OUTPUT_LIMIT and not self.fate.done():
            self.fate.set_result(Fate.FLOODED)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002, the protocol's signature
        self._open.discard(fd)
        if not self._open and not self.silence.done():
            self.silence.set_result(None)

    def process_exited(self) -> None:
        if not self.fate.done():
            self.fate.set_result(Fate.EXITED)
        if not self.exit.done():
            self.exit.set_result(None)


def _settings(program: Program) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "stdin": subprocess.PIPE if program.feed else subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "env": dict(program.environ),
    }
    if program.at_terminal:
        # Its prompts are for the person who sits there.
        return settings | {"stdin": None, "stderr": None}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return settings | {"creationflags": flags}
    return settings | {"start_new_session": True}


def _feed(transport: asyncio.SubprocessTransport, feed: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        pipe.write(feed)
        pipe.close()


async def _end(transport: asyncio.SubprocessTransport, ears: _Ears, *, group: bool) -> None:
    """Kill what still runs, with its group, and wait until it is buried."""
    try:
        if transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if group and sys.platform != "win32":
                    os.killpg(transport.get_pid(), signal.SIGKILL)
                else:
                    transport.kill()
            await asyncio.wait({ears.exit}, timeout=DRAIN)
    finally:
        transport.close()
