"""Starts the program as a process without loading it anew: as a fork of one that has loaded it.

A start costs half a second of a processor, of which three quarters is loading. The fork has its
own arguments, environment, folder, streams and signals, and ends as the program ends. By night,
on other systems than Linux, and where Python itself would start differently, it is a real start.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONGEST = 60_000
"""Bytes of a request that fit into one message of a local socket."""
OWN = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""How variables begin that are read before any line of ours."""
REPORT = struct.Struct("q")
SAME = {"PYTHONWARNINGS": "error"}
"""Those of them that the server has been started with."""


def start(
    *arguments: str,
    env: Mapping[str, str],
    cwd: Path,
    stdin: Any = subprocess.DEVNULL,
    stdout: Any = subprocess.PIPE,
    stderr: Any = subprocess.PIPE,
    leader: bool = False,
) -> Any:
    """Start ``opwatch`` with *arguments*, and return a `Forked` or a `subprocess.Popen`.

    A *leader* leads a session that the terminal at its standard input controls.
    """
    request = json.dumps(
        {"arguments": arguments, "env": dict(env), "cwd": str(cwd), "leader": leader}
    ).encode()
    own = {name: value for name, value in env.items() if name.startswith(OWN)}
    if own == SAME and len(request) <= LONGEST and (server := _server()) is not None:
        return Forked(server, request, stdin, stdout, stderr)
    return subprocess.Popen(  # noqa: S603, our own program
        [sys.executable, "-m", "opwatch", *arguments],
        env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=leader,
        preexec_fn=take_terminal if leader else None,  # noqa: PLW1509, one call, safe after a fork
    )  # fmt: skip


class Forked:
    """A process that the server has forked; as `subprocess.Popen`, as far as tests need it."""

    def __init__(self, server: socket.socket, request: bytes, *streams: Any) -> None:
        pairs = [_ends(stream, number) for number, stream in enumerate(streams)]
        self.stdin, self.stdout, self.stderr = (ours for ours, _ in pairs)
        self._report, reporter = os.pipe()
        theirs = [*(end for _, end in pairs), reporter]
        socket.send_fds(server, [request], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        self.pid: int = REPORT.unpack(os.read(self._report, REPORT.size))[0]
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(["opwatch"], timeout or 0)
            status = REPORT.unpack(os.read(self._report, REPORT.size))[0]
            os.close(self._report)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(
        self, given: bytes | None = None, timeout: float | None = None, /
    ) -> tuple[bytes, bytes]:
        found: dict[Any, bytes] = {None: b""}

        def read(stream: IO[bytes]) -> None:
            found[stream] = stream.read()

        readers = [
            threading.Thread(target=read, args=[stream], daemon=True)
            for stream in (self.stdout, self.stderr)
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(given or b"")
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        self.__exit__()
        return found[self.stdout], found[self.stderr]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.wait()


def take_terminal() -> None:
    """Make the terminal at standard input the one that controls this session."""
    import fcntl  # noqa: PLC0415, Windows has none
    import termios  # noqa: PLC0415, Windows has none

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _ends(stream: Any, number: int) -> tuple[IO[bytes] | None, int]:
    """Return our end of the stream *number*, where there is one, and that of the process."""
    if stream == subprocess.PIPE:
        reading, writing = os.pipe()
        if number == 0:
            return os.fdopen(writing, "wb"), reading
        return os.fdopen(reading, "rb"), writing
    if stream == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    return None, os.dup(stream if isinstance(stream, int) else stream.fileno())


@functools.cache
def _server() -> socket.socket | None:
    """Start the server of this process, once; it ends when its socket does."""
    # macOS has no socket that keeps the bounds of messages.
    if sys.platform != "linux" or "NOTHING_MISSING" in os.environ:
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(  # noqa: S603, this file
            [sys.executable, __file__, str(theirs.fileno())],
            env={"PATH": os.environ["PATH"], **SAME}, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def stop() -> None:
        ours.close()
        server.wait(10)

    atexit.register(stop)
    return ours


def _load() -> None:
    """Load all that a command may load."""
    import importlib  # noqa: PLC0415, only in the server
    import pkgutil  # noqa: PLC0415, only in the server

    import opwatch  # noqa: PLC0415, only in the server

    for module in pkgutil.walk_packages(opwatch.__path__, "opwatch."):
        if module.name.rpartition(".")[2] not in {"__main__", "keyring_worker"}:
            importlib.import_module(module.name)


def _serve(requests: socket.socket) -> None:
    """Fork for each request until there are none; return in the child, with what it was given."""
    running: dict[int, int] = {}
    bell, ringer = os.pipe()
    os.set_blocking(ringer, False)
    signal.set_wakeup_fd(ringer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([requests.fileno(), bell], [], [])[0]
        if bell in ready:
            os.read(bell, 512)
            _report_ends(running)
        if requests.fileno() not in ready:
            continue
        request, descriptors, *_ = socket.recv_fds(requests, 2 * LONGEST, 4)
        if not request:
            os._exit(0)
        *streams, reporter = descriptors
        if pid := os.fork():
            for stream in streams:
                os.close(stream)
            os.write(reporter, REPORT.pack(pid))
            running[pid] = reporter
            continue
        requests.detach()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 1024)
        asked = json.loads(request)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        sys.argv[1:] = asked["arguments"]
        if asked["leader"]:
            os.setsid()
            take_terminal()
        return


def _report_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        reporter = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(reporter, REPORT.pack(status))
        os.close(reporter)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    from opwatch.__main__ import main

    main()
