"""One connection: the socket, and the HTTP/1.1 on it (RFC 9112).

Decides that reading and writing have no limit of their own, for the whole exchange has
one and each would be set up for every piece; that what comes is taken in as it comes, up
to a bound, for to begin and end each read costs more than the read; that to write never
fails, for whoever closes may have answered first, and reading tells; and whether anything
came after a request was sent: what came before answers another. Decides also that h11
reads and writes the protocol, that a head is bounded, that interim answers are passed over,
and when a connection can serve once more: when both sides have said all of their messages.
"""

from __future__ import annotations

import asyncio
import re
import select
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import h11

from opwatch.domain.messages import Headers
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError, RequestPhase, RequestTrace

if TYPE_CHECKING:
    import ssl

    from opwatch.http.request import Outgoing

ATTEMPT: Final = 0.25
"""Seconds until the next address is tried as well (RFC 8305 §5)."""
MOST_UNREAD: Final = 256 * 1024
"""Bytes that wait to be read; until they are, no more are taken in."""
_NUMBER: Final = re.compile(r"\[Errno (\d{1,9})\]")


async def connect(host: str, port: int) -> Wire:
    """Return a connection to *host*, over IPv6 or IPv4 (RFC 8305).

    Raises:
        OSError: nobody can be reached; of several addresses, the cause names each failure.
    """
    loop = asyncio.get_running_loop()
    try:
        _, wire = await loop.create_connection(Wire, host, port, happy_eyeballs_delay=ATTEMPT)
    except OSError as problem:
        numbers = _NUMBER.findall(str(problem)) if problem.errno is None else []
        if not numbers:
            raise
        each = [OSError(int(number), "") for number in numbers]
        raise OSError(str(problem)) from ExceptionGroup(str(problem), each)
    return wire


class Wire(asyncio.Protocol):
    """One connection. *heard*: something came since the last that was written."""

    def __init__(self) -> None:
        self.heard = False
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._is_over = False
        self._lost: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._space: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to use *transport*."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take *data* in."""
        self._unread += data
        if len(self._unread) > MOST_UNREAD:
            self._transport.pause_reading()
        self._hear()

    def eof_received(self) -> None:
        """Take note that nothing more will come; the connection closes."""
        self._is_over = True
        self._hear()

    def connection_lost(self, problem: Exception | None) -> None:
        """Take note that the connection is closed, because of *problem* if it is one."""
        self._is_over, self._lost = True, problem
        self._hear()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Let whoever writes wait until there is space."""
        self._space = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let whoever waits for space go on."""
        if self._space and not self._space.done():
            self._space.set_result(None)
        self._space = None

    def _hear(self) -> None:
        self.heard = True
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    async def read(self) -> bytes:
        """Return what has come, nothing at the end.

        Raises:
            OSError: the connection is lost.
        """
        if not self._unread and not self._is_over:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        if not self._unread and self._lost:
            raise self._lost
        piece, self._unread = bytes(self._unread), bytearray()
        if len(piece) > MOST_UNREAD and not self._is_over:
            self._transport.resume_reading()
        return piece

    async def write(self, data: bytes) -> None:
        """Send *data*, if the connection is not closed."""
        self.heard = False
        if not self._is_over:
            self._transport.write(data)
        if self._space:
            await self._space

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from now on, with somebody who proves to be *host*.

        Raises:
            OSError: there was no handshake.
        """
        if self._unread:  # it would be taken for what is said under TLS
            raise ConnectionAbortedError("bytes before the handshake")
        self._transport = cast(
            "asyncio.Transport",
            await asyncio.get_running_loop().start_tls(
                self._transport, self, context, server_hostname=host
            ),
        )

    def close(self) -> None:
        """Close the connection."""
        self._transport.abort()

    def is_readable(self) -> bool:
        """Tell whether something has come, or the end."""
        socket = self._transport.get_extra_info("socket")
        if self._unread or self._is_over or socket is None or socket.fileno() < 0:
            return True
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([socket], [], [], 0)[0])
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return bool(poll.poll(0))


HEAD_LIMIT: Final = 100 * 1024
_END: Final = h11.EndOfMessage()


class Head(NamedTuple):
    """What an answer begins with; bytes beyond ASCII are as they came, in Latin-1."""

    status: int
    version: str
    headers: Headers


class Connection:
    """HTTP/1.1 over *wire*, one exchange at a time. *has_served*: it is not its first."""

    def __init__(self, wire: Wire) -> None:
        self.has_served = False
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._sent: tuple[Outgoing, h11.Request] | None = None

    async def ask(self, request: Outgoing, trace: RequestTrace) -> Head:
        """Send *request*; return the head of the answer, and note how far it came in *trace*.

        Raises:
            OSError: the connection is lost.
            ProtocolError: h11 cannot make a request of it, or the answer is not HTTP.
            FaultError: the connection ended without an answer.
        """
        trace.phase = RequestPhase.SEND
        await self._wire.write(self._written(request))
        trace.phase = RequestPhase.WAIT
        while isinstance(event := await self._next(), h11.InformationalResponse):
            pass
        trace.answer(heard=self._wire.heard)
        answer = cast("h11.Response", event)  # there is nothing else in this state
        pairs = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in answer.headers.raw_items()
        ]
        version = answer.http_version.decode("latin-1")
        return Head(answer.status_code, f"HTTP/{version}", Headers(tuple(pairs)))

    def _written(self, request: Outgoing) -> bytes:
        # Headers that h11 has checked once are not checked for each poll.
        before = self._sent
        is_known = before and before[0].headers == request.headers
        headers = before[1].headers if before and is_known else request.headers
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        self._sent = request, head
        body = (h11.Data(data=request.body),) if request.body else ()
        return b"".join(self._http.send(each) or b"" for each in (head, *body, _END))

    async def piece(self) -> bytes:
        """Return the next piece of the body, nothing at its end.

        Raises:
            OSError: the connection is lost.
            ProtocolError: the body has not ended as its head announced.
        """
        event = await self._next()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = await self._wire.read()
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise FaultError(
                    Fault.CONNECTION_LOST, "the connection was closed without an answer"
                )
            self._http.receive_data(data)
        return event

    def leftover(self) -> bytes:
        """Return what came after the head of an answer that ended the HTTP here."""
        return self._http.trailing_data[0]

    def renew(self) -> bool:
        """Make it ready for one more exchange; return False if it can carry none."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self.has_served = True
        return True

    def has_ended(self) -> bool:
        """Tell of an idle one whether its end, or an answer that nobody asked for, has come."""
        return self._wire.is_readable()

    def close(self) -> None:
        """Close it."""
        self._wire.close()
