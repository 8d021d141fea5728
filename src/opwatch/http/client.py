"""The client: the interface of this room.

Decides nothing but what is loaded when: h11 and the event loop on entering, for a command that
sends nothing must not pay for them, and the proxies where a variable may name one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble
    from opwatch.http.connections import Connections
    from opwatch.http.exchange import Exchange
    from opwatch.http.proxies import Proxies

CONNECT: Final = 10.0


class Client:
    """Sends requests and returns answers, over connections that are kept.

    At most *connections* are open, each until it has been idle for *keepalive*
    seconds, which should outlive the pause between polls. Proxies and the
    system's certificates are chosen by *environ*; *ca_file* adds certificates.
    Connecting, with name resolution and TLS, may take *connect* seconds. The cookies of
    an origin go back to it.

    The look-up of a name runs in a thread that cannot be stopped. A request ends in
    time all the same, but a process with a hung resolver leaves by ``os._exit``.

    Raises:
        UsageError: a proxy variable, or on entering a file of certificates, cannot be
            used.
    """

    def __init__(
        self,
        *,
        connections: int,
        environ: Mapping[str, str],
        user_agent: str,
        ca_file: Path | None = None,
        keepalive: float = 120.0,
        connect: float = CONNECT,
    ) -> None:
        self._proxies = _proxies_of(environ)
        self._connections = connections
        self._environ = environ
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._keepalive = keepalive
        self._connect = connect
        self._kept: Connections
        self._exchange: Exchange

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The passwords of the proxies, for whoever masks what a proxy sends back."""
        by_scheme = self._proxies.by_scheme if self._proxies else {}
        found = (proxy.password for proxy in by_scheme.values())
        return tuple(dict.fromkeys(each for each in found if each))

    async def __aenter__(self) -> Self:
        from opwatch.http.connections import Connections  # noqa: PLC0415, see the module's docstring
        from opwatch.http.exchange import Exchange  # noqa: PLC0415, see the module's docstring

        self._kept = Connections(
            most=self._connections,
            keepalive=self._keepalive,
            proxies=self._proxies,
            environ=self._environ,
            ca_file=self._ca_file,
            connect=self._connect,
        )
        self._kept.check_trust()
        self._exchange = Exchange(
            self._kept,
            defaults={
                "Accept": "application/json, */*;q=0.5",
                "Accept-Encoding": "identity",
                "User-Agent": self._user_agent,
            },
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._kept.aclose()

    def keep_cookies(self, url: str, lines: Sequence[str]) -> None:
        """Keep the cookies of *lines*, each a ``Set-Cookie``, as if *url* had set them."""
        self._exchange.keep_cookies(url, lines)

    def cookie_names(self) -> list[str]:
        """Return the names of the cookies that are kept."""
        return self._exchange.cookie_names()

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
    ) -> Response | Trouble:
        """Return the answer to *request*, read to its end, or what went wrong.

        It takes at most *timeout* seconds from the look-up of the name to the last
        byte, and at most 8 MiB. No redirect is followed: see ``next_hop``.
        """
        return await self._exchange.send(request, seconds=timeout)

    async def download(
        self,
        request: Request,
        sink: BinaryIO,
        *,
        timeout: float,
        limit: int,
    ) -> Response | Trouble:
        """Write the body of a good answer to *sink*; its ``body`` then is empty.

        *timeout* is in seconds and bounds each silence; *limit* is in bytes. The
        body of any other answer is read as by ``send``. What has been written
        when a Trouble is returned is incomplete, and to be discarded.

        Raises:
            UnwritableError: *sink* does not take what is written to it.
        """
        return await self._exchange.send(request, seconds=timeout, limit=limit, into=sink)


def _proxies_of(environ: Mapping[str, str]) -> Proxies | None:
    if not any(name.lower().endswith("_proxy") for name in environ):
        return None
    from opwatch.http.proxies import Proxies  # noqa: PLC0415, see the module's docstring

    return Proxies.of(environ)
