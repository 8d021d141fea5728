"""A TCP proxy that spoils the line between a client and a real server.

It knows the faults that toxiproxy made well known: latency and jitter, slicing, an
end after so many bytes (closed, reset, or silent), a slow close. They are applied
to what the server sends, or to what the client sends. Nothing is understood of
what passes through, so TLS goes through as well.

    with RawServer([answer(b"{}")]) as server, FaultProxy(server.port, piece=1) as proxy:
        ...  # ask proxy.url: each byte arrives alone, and nothing changes
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from enum import Enum, auto
from random import Random
from typing import TYPE_CHECKING, Self

from servers.raw import LOOPBACK, PATIENCE, abort

if TYPE_CHECKING:
    from collections.abc import Callable


class Ending(Enum):
    """What happens to a connection when enough has passed."""

    CLOSED = auto()
    RESET = auto()
    SILENT = auto()


class FaultProxy:
    """Passes every connection on to *upstream*, a port on loopback, and spoils it.

    *latency* and *jitter* are in seconds, for each piece of at most *piece* bytes.
    When *after* bytes have passed, the connection is *then* as it says. A close
    is passed on *linger* seconds late. With *spoils_requests* the way there is
    spoiled, else the way back.
    """

    def __init__(
        self,
        upstream: int,
        *,
        latency: float = 0.0,
        jitter: float = 0.0,
        piece: int = 65536,
        after: int | None = None,
        then: Ending = Ending.CLOSED,
        linger: float = 0.0,
        spoils_requests: bool = False,
    ) -> None:
        self.connections = 0
        self._upstream = upstream
        self._latency = latency
        self._jitter = jitter
        self._piece = piece
        self._after = after
        self._then = then
        self._linger = linger
        self._spoils_requests = spoils_requests
        self._random = Random(0)  # noqa: S311, jitter that a test can repeat
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The URL of the proxied server's root over plain http, without a slash."""
        return f"http://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server((LOOPBACK, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):  # wakes the listening thread up
            socket.create_connection((LOOPBACK, self.port), PATIENCE).close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in (*self._open, self._listener):
            each.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self._open.append(client)
            if self._over.is_set():
                return
            self.connections += 1
            server = socket.create_connection((LOOPBACK, self._upstream))
            self._open.append(server)
            there, back = self._pass, self._spoil
            if self._spoils_requests:
                there, back = back, there
            self._start(there, client, server)
            self._start(back, server, client)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _spoil(self, source: socket.socket, target: socket.socket) -> None:
        left = self._after
        try:
            while left != 0:
                data = source.recv(self._piece if left is None else min(self._piece, left))
                if not data:
                    break
                self._over.wait(self._latency + self._jitter * self._random.random())
                target.sendall(data)
                left = None if left is None else left - len(data)
            self._end(target, is_early=left == 0)
        except OSError:
            # A reset on one side is passed on to the other.
            with suppress(OSError):
                abort(target)

    def _end(self, target: socket.socket, *, is_early: bool) -> None:
        if is_early and self._then is Ending.SILENT:
            self._over.wait()
        elif is_early and self._then is Ending.RESET:
            abort(target)
        else:
            self._over.wait(self._linger)
            target.shutdown(socket.SHUT_WR)
