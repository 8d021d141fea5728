"""A server that says exactly what a test tells it to, byte by byte.

Each connection follows a script, a sequence of steps; the last script serves all
further connections. The end of a script closes the connection. Everything is on
loopback, ends with the ``with`` block, and needs no event loop, so that it serves
a test of a coroutine and of a process alike.

    with RawServer([answer(b"{}"), read(), reset()], [answer(b"{}")]) as server:
        ...  # the second request on the first connection meets a reset
    assert len(server.requests) == 3
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

LOOPBACK = "127.0.0.1"
PATIENCE = 5.0


@dataclass
class Talk:
    """One connection, as the steps of a script see it."""

    peer: socket.socket
    over: threading.Event
    requests: list[bytes] = field(default_factory=list)


Step: TypeAlias = Callable[[Talk], None]
Script: TypeAlias = "Sequence[Step]"


def read() -> Step:
    """Read one whole request and keep it in ``server.requests``."""

    def step(talk: Talk) -> None:
        got = b""
        while b"\r\n\r\n" not in got:
            got += _receive(talk.peer)
        head, _, body = got.partition(b"\r\n\r\n")
        length = next(
            (
                int(line[15:])
                for line in head.lower().split(b"\r\n")
                if line[:15] == b"content-length:"
            ),
            0,
        )
        while len(body) < length:
            body += _receive(talk.peer)
        talk.requests.append(head + b"\r\n\r\n" + body)

    return step


def send(data: bytes) -> Step:
    """Send *data* as it is."""
    return lambda talk: talk.peer.sendall(data)


def drip(data: bytes, every: float, size: int = 1) -> Step:
    """Send *data* in pieces of *size* bytes, one *every* so many seconds."""

    def step(talk: Talk) -> None:
        for start in range(0, len(data), size):
            talk.peer.sendall(data[start : start + size])
            if talk.over.wait(every):
                return

    return step


def flood(data: bytes, most: int = 1 << 30) -> Step:
    """Send *data* again and again until the peer leaves, *most* bytes at most."""

    def step(talk: Talk) -> None:
        block = data * max(1, 65536 // len(data))
        for _ in range(most // len(block)):
            talk.peer.sendall(block)

    return step


def pause(seconds: float) -> Step:
    """Say nothing for *seconds*."""

    def step(talk: Talk) -> None:
        talk.over.wait(seconds)

    return step


def hang() -> Step:
    """Say nothing until the peer leaves."""

    def step(talk: Talk) -> None:
        with suppress(OSError):
            while talk.peer.recv(65536):
                pass

    return step


def reset() -> Step:
    """End the connection with RST."""

    return lambda talk: abort(talk.peer)


def http(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """Return a well-formed answer with a Content-Length."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> Step:
    """Read a request and answer it well."""
    steps = (read(), send(http(body, *headers, status=status)))

    def step(talk: Talk) -> None:
        for each in steps:
            each(talk)

    return step


def tunnel(port: int) -> Step:
    """Read a CONNECT and carry it out, to *port* on loopback whatever it names."""

    def step(talk: Talk) -> None:
        read()(talk)
        with socket.create_connection((LOOPBACK, port), PATIENCE) as upstream:
            talk.peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(upstream, talk.peer), daemon=True)
            back.start()
            _pump(talk.peer, upstream)
            back.join(PATIENCE)

    return step


class RawServer:
    """A server that gives the n-th connection the n-th of *scripts*.

    With *context* it speaks TLS. What it read is in *requests*, in order of
    arrival; *connections* counts.
    """

    def __init__(
        self, *scripts: Script, context: ssl.SSLContext | None = None, host: str = LOOPBACK
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._scripts = chain(scripts, repeat(scripts[-1])) if scripts else repeat(())
        self._context = context
        self._host = host
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The URL of the server's root, without a slash."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._context else 'http'}://{host}:{self.port}"

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listener = socket.create_server((self._host, 0), family=family, backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):  # wakes the listening thread up
            socket.create_connection((self._host, self.port), PATIENCE).close()
        for peer in self._open:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        for script in self._scripts:
            peer, _ = self._listener.accept()
            if self._over.is_set():
                peer.close()
                return
            self.connections += 1
            self._start(self._serve, peer, script)

    def _serve(self, peer: socket.socket, script: Script) -> None:
        self._open.append(peer)
        # A peer that leaves early, or a handshake that it refuses, ends a script.
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(peer)
            if self._context:
                peer = stack.enter_context(self._context.wrap_socket(peer, server_side=True))
                self._open.append(peer)
            for step in script:
                step(Talk(peer, self._over, self.requests))


def abort(peer: socket.socket) -> None:
    """End a connection with RST, by lingering for no time."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):  # another thread that reads keeps a closed socket open
        peer.shutdown(socket.SHUT_RD)
    peer.close()


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def deaf_port() -> Iterator[int]:
    """Give a port where a connection is never accepted: its backlog is full."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as listener, ExitStack() as stack:
        port: int = listener.getsockname()[1]
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex((LOOPBACK, port))
        yield port


def _receive(peer: socket.socket) -> bytes:
    data = peer.recv(65536)
    if not data:
        raise ConnectionResetError("the peer has left")
    return data


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
