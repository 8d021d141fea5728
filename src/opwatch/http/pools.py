"""Which pool of connections carries a request, and which certificates it trusts.

Decides how pools are shared: one for each proxy and for whether TLS is used, so that
a run over plain http never builds a TLS context; and beside each one that keeps
nothing alive, for the request that must not meet an old connection. Decides the one
TLS context of a run: the system's own store, or what SSL_CERT_FILE and SSL_CERT_DIR
name instead, as OpenSSL reads them, and the certificates of ``--ca-file`` in addition.
There is no way to trust everything.
"""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import TYPE_CHECKING

import httpx2 as httpx

from opwatch.domain.errors import UsageError
from opwatch.http.request import proxy_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opwatch.domain.origin import Origin
    from opwatch.http.proxies import Proxies, Proxy


class Pools:
    """The pools of one client, made when first needed.

    Each holds at most *connections*, kept for *keepalive* idle seconds.
    *transport* takes the place of all of them in a test.
    """

    def __init__(
        self,
        *,
        connections: int,
        keepalive: float,
        proxies: Proxies,
        environ: Mapping[str, str],
        ca_file: Path | None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connections = connections
        self._keepalive = keepalive
        self._proxies = proxies
        self._environ = environ
        self._ca_file = ca_file
        self._transport = transport
        self._pools: dict[tuple[bool, Proxy | None, bool], httpx.AsyncBaseTransport] = {}

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
        return self._proxies.to(origin)

    def to(self, origin: Origin, *, fresh: bool = False) -> httpx.AsyncBaseTransport:
        """Return the pool for *origin*; a *fresh* one never reuses a connection."""
        if self._transport:
            return self._transport
        key = (origin.scheme == "https", self.proxy_to(origin), fresh)
        if key not in self._pools:
            self._pools[key] = self._pool(*key)
        return self._pools[key]

    def _pool(self, speaks_tls: bool, proxy: Proxy | None, fresh: bool) -> httpx.AsyncHTTPTransport:  # noqa: FBT001, the parts of a key
        if speaks_tls or (proxy and proxy.origin.scheme == "https"):
            context = self.trust
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
        return httpx.AsyncHTTPTransport(
            verify=context,
            trust_env=False,
            proxy=proxy_url(proxy, context) if proxy else None,
            limits=httpx.Limits(
                max_connections=self._connections,
                max_keepalive_connections=0 if fresh else self._connections,
                keepalive_expiry=self._keepalive,
            ),
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()


def tls_context(environ: Mapping[str, str], ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names (TLS 1.2 and up).

    Raises:
        UsageError: a file of certificates cannot be read; the message names it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = httpx.create_ssl_context(trust_env=False)
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
