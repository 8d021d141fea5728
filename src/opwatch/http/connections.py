"""Which connection carries a request, and which certificates it trusts.

Decides that a connection carries one request at a time and that the one which served
last is taken first: no more are open than requests are under way, and those that the
pace does not need any more grow idle, and are closed. Decides how one is opened, through
a proxy or without (RFC 9110 §9.3.6), and that a run over plain http makes no TLS context.
The one of any other run trusts the system's own store, or what SSL_CERT_FILE and SSL_CERT_DIR
name instead, as OpenSSL reads them, and the certificates of ``--ca-file`` in addition. There
is no way to trust everything.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import UsageError
from opwatch.domain.trouble import Fault
from opwatch.http.connection import Connection, Wire, connect
from opwatch.http.faults import FaultError, ProxyRefusedError, RequestPhase, RequestTrace
from opwatch.http.request import build_connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.origin import Origin
    from opwatch.http.proxies import Proxies, Proxy


class Connections:
    """The connections of one client, opened when first needed.

    At most *most* are open; one is kept for *keepalive* idle seconds. To open one, with name
    resolution and TLS, may take *connect* seconds.
    """

    def __init__(
        self,
        *,
        most: int,
        keepalive: float,
        connect: float,
        proxies: Proxies | None,
        environ: Mapping[str, str],
        ca_file: Path | None,
    ) -> None:
        self._most = most
        self._keepalive = keepalive
        self._connect = connect
        self._proxies = proxies
        self._environ = environ
        self._ca_file = ca_file
        self._turns = asyncio.Semaphore(most)
        self._open = set[Connection]()
        self._opening = 0
        self._idle: dict[Connection, tuple[Origin, float]] = {}
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
            self._proxy_to[origin] = self._proxies.to(origin) if self._proxies else None
        return self._proxy_to[origin]

    async def take(self, origin: Origin, trace: RequestTrace, *, fresh: bool = False) -> Connection:
        """Return a connection to *origin* for one request; it goes back with ``give_back``.

        A *fresh* one has never been used, and all that were kept for *origin* are closed:
        they are older than the one that has failed. *trace* is told how far opening it comes.

        Raises:
            OSError: nobody can be reached, there is no TLS, or it took too long.
            ProtocolError: a proxy does not speak HTTP.
            ProxyRefusedError: a proxy does not let us through.
        """
        await self._turns.acquire()
        try:
            return self._kept(origin, fresh=fresh) or await self._new(origin, trace)
        except BaseException:
            self._turns.release()
            raise

    def _kept(self, origin: Origin, *, fresh: bool) -> Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            oldest = next(iter(self._idle))
            if now - self._idle[oldest][1] < self._keepalive:
                break
            self._close(oldest)
        while latest := self._latest(origin):
            del self._idle[latest]
            if not fresh and not latest.has_ended():
                return latest
            self._close(latest)
        return None

    def _latest(self, origin: Origin) -> Connection | None:
        return next((each for each in reversed(self._idle) if self._idle[each][0] == origin), None)

    async def _new(self, origin: Origin, trace: RequestTrace) -> Connection:
        while len(self._open) + self._opening >= self._most:
            # Whoever uses one has a turn, and so has this request: at least one is idle.
            self._close(next(iter(self._idle)))
        self._opening += 1
        try:
            async with asyncio.timeout(self._connect):
                connection = Connection(await self._wire(origin, trace))
        finally:
            self._opening -= 1
        self._open.add(connection)
        return connection

    async def _wire(self, origin: Origin, trace: RequestTrace) -> Wire:
        proxy = self.proxy_to(origin)
        first = proxy.origin if proxy else origin
        trace.phase, trace.at_proxy = RequestPhase.CONNECT, bool(proxy)
        wire = await connect(first.host, first.port)
        try:
            await self._prepare(wire, origin, proxy, trace)
        except BaseException:
            wire.close()
            raise
        return wire

    async def _prepare(
        self, wire: Wire, origin: Origin, proxy: Proxy | None, trace: RequestTrace
    ) -> None:
        """Make of *wire*, to *origin* or to *proxy*, one that a request can be sent over."""
        if proxy and proxy.origin.scheme == "https":
            trace.phase = RequestPhase.TLS
            await wire.start_tls(self.trust, proxy.origin.host)
        if origin.scheme == "https":
            if proxy:
                await _open_tunnel(wire, origin, proxy, trace)
            trace.phase, trace.at_proxy = RequestPhase.TLS, False
            await wire.start_tls(self.trust, origin.host)
        trace.at_proxy = False

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Take *connection* to *origin* back, and keep it if it can serve once more."""
        self._turns.release()
        if connection in self._open and connection.renew():
            self._idle[connection] = origin, asyncio.get_running_loop().time()
        else:
            self._close(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        for each in tuple(self._open):
            self._close(each)
        await asyncio.sleep(0)  # the loop closes the sockets

    def _close(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._open.discard(connection)
        connection.close()


async def _open_tunnel(wire: Wire, origin: Origin, proxy: Proxy, trace: RequestTrace) -> None:
    connection = Connection(wire)
    head = await connection.ask(build_connect(origin, proxy), trace)
    if not 200 <= head.status < 300:  # noqa: PLR2004, the class of success
        raise ProxyRefusedError(head.status)
    if connection.leftover():  # it would be taken for what is said under TLS
        raise FaultError(Fault.PROTOCOL, "bytes before the handshake")


STORES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)
"""Where certificates are when OpenSSL was built to look elsewhere, as in Pythons that are moved."""


def tls_context(environ: Mapping[str, str], ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names (TLS 1.2 and up).

    Raises:
        UsageError: a file of certificates cannot be read; the message names it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if file or folder else _system_context()
    context.set_alpn_protocols(["http/1.1"])
    if file:
        _load(context, "SSL_CERT_FILE", file=file)
    if folder:
        _load(context, "SSL_CERT_DIR", folder=folder)
    if ca_file:
        _load(context, "--ca-file", file=str(ca_file))
    return context


def _system_context() -> ssl.SSLContext:
    if sys.platform in {"win32", "darwin"}:
        import truststore  # noqa: PLC0415, elsewhere it is not installed

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # ``load_default_certs`` would ask our own environment.
    paths = ssl.get_default_verify_paths()
    file = next((each for each in (paths.openssl_cafile, *STORES) if Path(each).is_file()), None)
    folder = paths.openssl_capath if Path(paths.openssl_capath).is_dir() else None
    if file or folder:
        context.load_verify_locations(file, folder)
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
