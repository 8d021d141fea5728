"""Running a program of the user's for a secret.

Decides the bounds: no shell, no standard input, its own process group, a bound
on time and on output; the end of the process is the end of its output, and a
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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

OUTPUT_LIMIT: Final = 64 * 1024
DRAIN: Final = 1.0
_OUT, _ERR = 1, 2


class ProgramOutcome(StrEnum):
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
class ProgramResult:
    """How a program ended, and what it printed. Neither output is ever shown by ``repr``."""

    outcome: ProgramOutcome
    code: int = 0
    out: bytes = field(default=b"", repr=False)
    err: bytes = field(default=b"", repr=False)
    detail: str = ""

    @property
    def ending(self) -> str:
        """How it ended, in words, behind its name."""
        if self.code < 0:
            return f"was ended by signal {-self.code}"
        return f"ended with exit code {self.code}"


Run: TypeAlias = Callable[[Program], Awaitable[ProgramResult]]


async def run_program(program: Program) -> ProgramResult:
    """Run *program* to its end, or until it takes too long or prints too much."""
    loop = asyncio.get_running_loop()
    reader = _OutputReader(loop, {_OUT} if program.at_terminal else {_OUT, _ERR})
    try:
        transport, _ = await loop.subprocess_exec(
            lambda: reader, *program.argv, **_settings(program)
        )
    except (OSError, ValueError) as problem:
        return ProgramResult(
            ProgramOutcome.NOT_STARTED, detail=getattr(problem, "strerror", None) or "cannot run it"
        )
    try:
        _feed(transport, program.feed)
        await asyncio.wait({reader.outcome}, timeout=program.timeout)
        outcome = reader.outcome.result() if reader.outcome.done() else ProgramOutcome.TIMED_OUT
        if outcome is ProgramOutcome.EXITED:
            await asyncio.wait({reader.drained}, timeout=DRAIN)
        return ProgramResult(
            outcome, transport.get_returncode() or 0, reader.output(_OUT), reader.output(_ERR)
        )
    finally:
        await _end(transport, reader, group=not program.at_terminal)


class _OutputReader(asyncio.SubprocessProtocol):
    """Collects what a program prints, up to the limit, and notes when it ends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pipes: set[int]) -> None:
        self.outcome: asyncio.Future[ProgramOutcome] = loop.create_future()
        self.drained: asyncio.Future[None] = loop.create_future()
        self.exit: asyncio.Future[None] = loop.create_future()
        self._received = {_OUT: bytearray(), _ERR: bytearray()}
        self._open = pipes

    def output(self, fd: int) -> bytes:
        return bytes(self._received[fd])

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        received = self._received[fd]
        received += data[: OUTPUT_LIMIT - len(received)]
        if fd == _OUT and len(received) >= OUTPUT_LIMIT and not self.outcome.done():
            self.outcome.set_result(ProgramOutcome.FLOODED)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002, the protocol's signature
        self._open.discard(fd)
        if not self._open and not self.drained.done():
            self.drained.set_result(None)

    def process_exited(self) -> None:
        if not self.outcome.done():
            self.outcome.set_result(ProgramOutcome.EXITED)
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


async def _end(
    transport: asyncio.SubprocessTransport, reader: _OutputReader, *, group: bool
) -> None:
    """Kill what still runs, with its group, and wait until it has been reaped."""
    try:
        if transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if group and sys.platform != "win32":
                    os.killpg(transport.get_pid(), signal.SIGKILL)
                else:
                    transport.kill()
            await asyncio.wait({reader.exit}, timeout=DRAIN)
    finally:
        transport.close()
