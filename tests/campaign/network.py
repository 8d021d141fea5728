"""A network and a clock that exist in memory only, under the real libraries.

The event loop is the seam: what connects through it reaches a server in the same
process, and a second of its time costs nothing. Everything above it, from the sockets to
the exit code, is the real thing, and every run is the same as the one before.
Each call that can fail is told to a ``Ledger`` first, which may make it fail.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from campaign.ledger import Ledger

LATENCY: Final = 0.02
CHUNK: Final = 48
IMPATIENCE: Final = 200_000
"""Turns of the loop after which a run is taken to go round for ever."""

Answer: TypeAlias = Callable[[bytes], bytes]


class StuckError(BaseException):
    """The run waits for what will never come, or goes round for ever."""


class TorturedClock:
    """Both clocks of a run; *ledger* hears of every look at them."""

    def __init__(self, loop: TorturedLoop, ledger: Ledger, wall: float) -> None:
        self._loop = loop
        self._ledger = ledger
        self._offset = wall
        self._ahead = 0.0

    def now(self) -> float:
        self._ahead += self._ledger.meet("clock") or 0.0
        return self._loop.time() + self._ahead

    def wall(self) -> float:
        self._offset += self._ledger.meet("wall clock") or 0.0
        return self._offset + self._loop.time()


class TorturedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next thing to do, and whose hosts are *answer*.

    With *context*, the hosts speak TLS.
    """

    def __init__(
        self, ledger: Ledger, answer: Answer, context: ssl.SSLContext | None = None
    ) -> None:
        self.ledger = ledger
        self.answer = answer
        self.context = context
        self.ahead = _Ahead()
        self.wires: list[Wire] = []
        super().__init__(self.ahead)

    def time(self) -> float:
        return self.ahead.now

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:  # noqa: ARG002, the loop's signature
        if self.ledger.meet("resolve"):
            await self.create_future()
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    async def create_connection(self, *args: Any, **_: Any) -> Any:
        await self.getaddrinfo(*args[1:])
        await asyncio.sleep(LATENCY)
        if self.ledger.meet("connect"):
            await self.create_future()
        protocol = args[0]()
        self.wires.append(Wire(self, protocol))
        protocol.connection_made(self.wires[-1])
        return self.wires[-1], protocol

    def close(self) -> None:
        for wire in self.wires:
            wire.hang_up()
        super().close()


class _Ahead(selectors.DefaultSelector):
    """Waits for no descriptor: time passes instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.is_stuck = False
        self._turns = 0

    def select(self, timeout: float | None = None) -> Any:
        self._turns += 1
        # A signal's handler wakes the loop up by a byte.
        woken = super().select(0)
        if (timeout is None and not woken) or self._turns > IMPATIENCE:
            self.is_stuck = True
            raise StuckError
        self.now += 0.0 if woken or timeout is None else timeout
        return woken


class Wire(asyncio.Transport):
    """One connection. What the client writes is answered *LATENCY* later, in small pieces."""

    _start_tls_compatible = True  # asyncio asks each transport for it

    def __init__(self, loop: TorturedLoop, protocol: Any) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._is_closed = self._is_mute = False
        # The library asks a socket whether a kept connection has been closed.
        self._ends = socket.socketpair()
        self._free_at = 0.0
        server = Talker(loop.answer)
        self._server = TlsTalker(server, loop.context) if loop.context else server

    def write(self, data: Any) -> None:
        try:
            is_lost = self._loop.ledger.meet("send")
        except OSError as problem:
            self._end(problem)
            return
        for piece in () if is_lost or self._is_closed else self._server.hear(bytes(data)):
            self._free_at = max(self._free_at, self._loop.time() + LATENCY)
            for start in range(0, len(piece), CHUNK):
                chunk = piece[start : start + CHUNK]
                self._loop.call_at(self._free_at, self._deliver, chunk)
                self._free_at += LATENCY / 100

    def _deliver(self, chunk: bytes) -> None:
        if self._is_closed or self._is_mute:
            return
        try:
            spoil = self._loop.ledger.meet("receive")
        except OSError as problem:
            self._end(problem)
            return
        except EOFError:
            self._protocol.eof_received()
            self._end(None)
            return
        if spoil is None:
            self._give(chunk)
        elif not (data := spoil(chunk)):
            self._is_mute = True
        else:
            self._give(data)

    def _give(self, data: bytes) -> None:
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            self._protocol.data_received(data)
            return
        while data:  # asyncio's TLS
            buffer = memoryview(self._protocol.get_buffer(len(data)))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            self._protocol.buffer_updated(size)
            data = data[size:]

    def _end(self, problem: Exception | None) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._loop.call_soon(self._protocol.connection_lost, problem)
            self._ends[1].close()

    def hang_up(self) -> None:
        for end in self._ends:
            end.close()

    # -- what the library expects of a transport -------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._ends[0] if name == "socket" else default

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def _force_close(self, problem: Exception | None) -> None:
        self._end(problem)

    def is_closing(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


class Talker:
    """The server's side of a connection: answers whole requests."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._heard = b""

    def hear(self, data: bytes) -> list[bytes]:
        """Return what is said to *data*."""
        self._heard += data
        said = []
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            said.append(self._answer(head))
        return said


class TlsTalker:
    """*inner* under TLS."""

    def __init__(self, inner: Talker, context: ssl.SSLContext) -> None:
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_open = False

    def hear(self, data: bytes) -> list[bytes]:
        """Return what is said to *data*."""
        self._incoming.write(data)
        with suppress(ssl.SSLError):  # more to come, or a client that gave up
            if not self._is_open:
                self._tls.do_handshake()
                self._is_open = True
            while plain := self._tls.read(65536):
                for piece in self._inner.hear(plain):
                    self._tls.write(piece)
        said = self._outgoing.read()
        return [said] if said else []
