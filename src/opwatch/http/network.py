"""The sockets under the HTTP library, as its interface for them wants.

Decides that reading and writing have no limit of their own, for the whole exchange has
one and each would be set up for every piece; that what comes is taken in as it comes, up
to a bound, for to begin and end each read costs more than the read; that a connection
given up in its TLS handshake is closed; and whether anything came after a request was
sent: what came before answers another.
"""

from __future__ import annotations

import asyncio
import re
import select
from typing import TYPE_CHECKING, Any, Final, cast

import httpcore2 as httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

ATTEMPT: Final = 0.25
"""Seconds until the next address is tried as well (RFC 8305 §5)."""
MOST_UNREAD: Final = 256 * 1024
"""Bytes that wait to be read; until they are, no more are taken in."""
_NUMBER: Final = re.compile(r"\[Errno (\d{1,9})\]")


class Network(httpcore.AsyncNetworkBackend):
    """Connects to whatever has an address, over IPv6 or IPv4 (RFC 8305)."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002, we set none
    ) -> Wire:
        """Return a connection that was made within *timeout* seconds.

        Raises:
            ConnectTimeout: it was not.
            ConnectError: nobody can be reached; the cause says why.
        """
        local = (local_address, 0) if local_address else None
        try:
            async with asyncio.timeout(timeout):
                _, wire = await asyncio.get_running_loop().create_connection(
                    Wire, host, port, local_addr=local, happy_eyeballs_delay=ATTEMPT
                )
        except TimeoutError as problem:
            raise httpcore.ConnectTimeout(str(problem)) from problem
        except OSError as problem:
            raise httpcore.ConnectError(str(problem)) from _causes(problem)
        return wire


def _causes(problem: OSError) -> Exception:
    """Return *problem*, or what each address failed with, which asyncio joins to one text."""
    numbers = _NUMBER.findall(str(problem)) if problem.errno is None else []
    each = [OSError(int(number), "") for number in numbers]
    return ExceptionGroup(str(problem), each) if each else problem


class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
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

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, see the module's docstring
        """Return what has come, nothing at the end.

        Raises:
            ReadError: the connection is lost.
        """
        if not self._unread and not self._is_over:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        if not self._unread and self._lost:
            raise httpcore.ReadError(str(self._lost)) from self._lost
        piece = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        if len(self._unread) <= MOST_UNREAD and not self._is_over:
            self._transport.resume_reading()
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, see the module's docstring
        """Send *buffer*.

        Raises:
            WriteError: the connection is lost.
        """
        if not buffer:
            return
        self.heard = False
        if not self._is_over:
            self._transport.write(buffer)
        if self._space:
            await self._space
        if self._is_over and not self._unread:
            raise httpcore.WriteError(str(self._lost or "it is closed")) from self._lost

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Wire:
        """Return this connection under TLS, with a handshake of at most *timeout* seconds.

        Raises:
            ConnectTimeout: it took longer.
            ConnectError: there was none; the cause says why.
        """
        if self._unread:  # it would be taken for what is said under TLS
            await self.aclose()
            raise httpcore.ConnectError("bytes before the handshake")
        try:
            async with asyncio.timeout(timeout):
                self._transport = cast(
                    "asyncio.Transport",
                    await asyncio.get_running_loop().start_tls(
                        self._transport, self, ssl_context, server_hostname=server_hostname
                    ),
                )
        except BaseException as problem:
            await self.aclose()
            if isinstance(problem, TimeoutError):
                raise httpcore.ConnectTimeout(str(problem)) from problem
            if isinstance(problem, OSError):
                raise httpcore.ConnectError(str(problem)) from problem
            raise
        return self

    async def aclose(self) -> None:
        """Close the connection."""
        self._transport.abort()
        await asyncio.sleep(0)

    def get_extra_info(self, info: str) -> Any:
        """Return what the library asks for: the TLS of a connection, or if it can be read."""
        if info == "ssl_object":
            return self._transport.get_extra_info(info)
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        socket = self._transport.get_extra_info("socket")
        if self._unread or self._is_over or socket is None or socket.fileno() < 0:
            return True  # its end can be read
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([socket], [], [], 0)[0])
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return bool(poll.poll(0))
