"""Which connection carries a request, and which certificates it trusts.

Decides that a connection carries one request at a time and that the one which served
last is taken first: no more are open than requests are under way, and those that the
pace does not need any more grow idle, and are closed. The library's own pool would look
through all of them for each request. Decides the one TLS context of a run, which a run
over plain http never builds: the system's own store, or what SSL_CERT_FILE and
SSL_CERT_DIR name instead, as OpenSSL reads them, and the certificates of ``--ca-file``
in addition. There is no way to trust everything.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import cached_property
from typing import TYPE_CHECKING

import httpcore2 as httpcore

from opwatch.domain.errors import UsageError
from opwatch.http.network import Network
from opwatch.http.request import proxy_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opwatch.domain.origin import Origin
    from opwatch.http.proxies import Proxies, Proxy


class Connections:
    """The connections of one client, opened when first needed.

    At most *most* are open; one is kept for *keepalive* idle seconds. *network* takes
    the place of the sockets in a test.
    """

    def __init__(
        self,
        *,
        most: int,
        keepalive: float,
        proxies: Proxies,
        environ: Mapping[str, str],
        ca_file: Path | None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._most = most
        self._keepalive = keepalive
        self._proxies = proxies
        self._environ = environ
        self._ca_file = ca_file
        self._network = network or Network()
        self._turns = asyncio.Semaphore(most)
        self._open = set[httpcore.AsyncConnectionInterface]()
        self._idle: dict[httpcore.AsyncConnectionInterface, tuple[Origin, float]] = {}
        self._factories: dict[tuple[bool, Proxy | None], httpcore.AsyncConnectionPool] = {}
        self._proxy_to: dict[Origin, Proxy | None] = {}

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """The TLS context. It costs about 30 ms, so it is made once and for https only."""
        return tls_context(self._environ, self._ca_file)

    def check_trust(self) -> None:
        """Make the TLS context now if a person named certificates, so that a mistake shows.

        Raises:
            UsageError: they cannot be read.
        """
        if self._ca_file or {"SSL_CERT_FILE", "SSL_CERT_DIR"} & self._environ.keys():
            _ = self.trust

    def proxy_to(self, origin: Origin) -> Proxy | None:
        """Return the proxy in front of *origin*, None for none."""
        if origin not in self._proxy_to:
            self._proxy_to[origin] = self._proxies.to(origin)
        return self._proxy_to[origin]

    async def take(
        self, origin: Origin, *, fresh: bool = False
    ) -> httpcore.AsyncConnectionInterface:
        """Return a connection to *origin* for one request; it goes back with ``give_back``.

        A *fresh* one has never been used, and all that were kept for *origin* are closed:
        they are older than the one that has failed.
        """
        await self._turns.acquire()
        try:
            return await self._kept(origin, fresh=fresh) or await self._new(origin)
        except BaseException:
            self._turns.release()
            raise

    async def _kept(
        self, origin: Origin, *, fresh: bool
    ) -> httpcore.AsyncConnectionInterface | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            oldest = next(iter(self._idle))
            if now - self._idle[oldest][1] < self._keepalive:
                break
            await self._close(oldest)
        while latest := self._latest(origin):
            del self._idle[latest]
            # What can be read from an idle one is its end, or an answer that nobody asked for.
            if not fresh and not latest.has_expired():
                return latest
            await self._close(latest)
        return None

    def _latest(self, origin: Origin) -> httpcore.AsyncConnectionInterface | None:
        return next((each for each in reversed(self._idle) if self._idle[each][0] == origin), None)

    async def _new(self, origin: Origin) -> httpcore.AsyncConnectionInterface:
        speaks_tls, proxy = origin.scheme == "https", self.proxy_to(origin)
        factory = self._factories.get((speaks_tls, proxy))
        if factory is None:
            factory = self._factories[speaks_tls, proxy] = self._factory(proxy, tls=speaks_tls)
        while len(self._open) >= self._most:
            # Whoever uses one has a turn, and so has this request: at least one is idle.
            await self._close(next(iter(self._idle)))
        connection = factory.create_connection(
            httpcore.Origin(origin.scheme.encode(), origin.host.encode(), origin.port)
        )
        self._open.add(connection)
        return connection

    async def give_back(
        self, origin: Origin, connection: httpcore.AsyncConnectionInterface
    ) -> None:
        """Take *connection* to *origin* back, and keep it if it can serve once more."""
        self._turns.release()
        if connection.is_available() and connection in self._open:
            self._idle[connection] = origin, asyncio.get_running_loop().time()
        else:
            await self._close(connection)

    def _factory(self, proxy: Proxy | None, *, tls: bool) -> httpcore.AsyncConnectionPool:
        """Return what makes the connections through *proxy*; it is never asked to keep them."""
        if tls or (proxy and proxy.origin.scheme == "https"):
            context = self.trust
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
        return httpcore.AsyncConnectionPool(
            ssl_context=context,
            proxy=proxy_of(proxy, context) if proxy else None,
            network_backend=self._network,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for each in tuple(self._open):
            await self._close(each)

    async def _close(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self._idle.pop(connection, None)
        self._open.discard(connection)
        await connection.aclose()


def tls_context(environ: Mapping[str, str], ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names (TLS 1.2 and up).

    Raises:
        UsageError: a file of certificates cannot be read; the message names it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        from httpx2 import create_ssl_context  # noqa: PLC0415, plain http needs none of it

        context = create_ssl_context(trust_env=False)
    if file:
        _load(context, "SSL_CERT_FILE", file=file)
    if folder:
        _load(context, "SSL_CERT_DIR", folder=folder)
    if ca_file:
        _load(context, "--ca-file", file=str(ca_file))
    return context


def _load(
    context: ssl.SSLContext, name: str, *, file: str | None = None, folder: str | None = None
) -> None:
    try:
        context.load_verify_locations(file, folder)
    except ssl.SSLError as problem:
        raise UsageError(
            f"{name} {file or folder}: no certificate in it",
            hint="give a file of certificates in PEM form (-----BEGIN CERTIFICATE-----)",
        ) from problem
    except OSError as problem:
        raise UsageError(f"{name} {file or folder}: {problem.strerror}") from problem
