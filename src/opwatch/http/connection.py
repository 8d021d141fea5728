"""One connection and the HTTP/1.1 on it (RFC 9112).

Decides that h11 reads and writes the protocol, that a head is bounded, that interim
answers are passed over, and when a connection can serve once more: when both sides have
said all of their messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

import h11

from opwatch.domain.messages import Headers
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError
from opwatch.http.trace import RequestPhase, RequestTrace

if TYPE_CHECKING:
    from opwatch.http.network import Wire
    from opwatch.http.request import Outgoing

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
