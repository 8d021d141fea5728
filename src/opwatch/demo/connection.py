"""One client's connection to the demo server: bytes in, replies out, in order.

Decides when a connection ends: when the client asks for it, after a request
that cannot be read, and without a word where a reply is to be dropped.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from opwatch.demo.http import Reply, UnreadableError, render, take_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.demo.http import Request


class Connection(asyncio.Protocol):
    """A connection that adds itself to *peers* for as long as it lives."""

    def __init__(
        self,
        answer: Callable[[Request], Reply],
        clock: Callable[[], float],
        peers: set[Connection],
    ) -> None:
        self._answer = answer
        self._clock = clock
        self._peers = peers
        self._buffer = bytearray()
        self._lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)
        self._peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave; a client may go for any reason."""
        del exc
        self._peers.discard(self)
        self._lost.set_result(None)

    def pause_writing(self) -> None:
        """Read no more of a client that does not read its answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on, for the client has caught up."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        try:
            while not self._transport.is_closing() and (request := take_request(self._buffer)):
                self._write(self._answer(request), keep_alive=request.keep_alive)
        except UnreadableError as problem:
            self._write(Reply.page(problem.status), keep_alive=False)

    def abort(self) -> asyncio.Future[None]:
        """Cut the connection and return what is done when it is gone."""
        self._transport.abort()
        return self._lost

    def _write(self, reply: Reply, *, keep_alive: bool) -> None:
        if not reply.status:
            self._transport.abort()
            return
        self._transport.write(render(reply, self._clock(), keep_alive=keep_alive))
        if not keep_alive:
            self._transport.close()
