"""The sockets under the HTTP library, as its interface for them wants.

Decides that reading and writing have no limit of their own, for the whole exchange has
one and each would be set up for every piece; that a connection given up in its TLS
handshake is closed, which the library's own stream leaves open when it is cancelled;
and whether anything was heard after a request was sent: what came before answers another.
"""

from __future__ import annotations

import select
import ssl
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import httpcore2 as httpcore
from anyio.streams.tls import TLSAttribute, TLSStream

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        try:
            with anyio.fail_after(timeout):
                return Wire(await anyio.connect_tcp(host, port, local_host=local_address))
        except TimeoutError as problem:
            raise httpcore.ConnectTimeout(str(problem)) from problem
        except (OSError, anyio.BrokenResourceError) as problem:
            raise httpcore.ConnectError(str(problem)) from problem


class Wire(httpcore.AsyncNetworkStream):
    """One connection. *heard*: something was read since the last that was written."""

    def __init__(self, stream: anyio.abc.ByteStream) -> None:
        self.heard = False
        self._stream = stream
        self._socket = stream.extra(anyio.abc.SocketAttribute.raw_socket, None)  # noqa: S610, this is no Django

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, see the module's docstring
        """Return what has come, nothing at the end.

        Raises:
            ReadError: the connection is lost.
        """
        self.heard = True
        try:
            return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as problem:
            raise httpcore.ReadError(str(problem)) from problem

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, see the module's docstring
        """Send *buffer*.

        Raises:
            WriteError: the connection is lost.
        """
        if not buffer:
            return
        self.heard = False
        try:
            await self._stream.send(buffer)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as problem:
            raise httpcore.WriteError(str(problem)) from problem

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
        try:
            with anyio.fail_after(timeout):
                return Wire(
                    await TLSStream.wrap(
                        self._stream,
                        ssl_context=ssl_context,
                        hostname=server_hostname,
                        standard_compatible=False,
                        server_side=False,
                    )
                )
        except BaseException as problem:
            await self.aclose()
            if isinstance(problem, TimeoutError):
                raise httpcore.ConnectTimeout(str(problem)) from problem
            if isinstance(problem, (anyio.BrokenResourceError, anyio.EndOfStream, ssl.SSLError)):
                raise httpcore.ConnectError(str(problem)) from problem
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what the library asks for: the TLS of a connection, or if it can be read."""
        if info == "ssl_object":
            return self._stream.extra(TLSAttribute.ssl_object, None)  # noqa: S610, this is no Django
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        if self._socket is None or self._socket.fileno() < 0:
            return True  # its end can be read
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([self._socket], [], [], 0)[0])
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))
