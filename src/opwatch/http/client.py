"""The client: one request out, one answer back, or what went wrong in between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be stale (fault 7). Cookies (RFC 6265) go with the requests that carry a credential, for a
cookie is one too, and back to the origin that has set them and to no other. What goes wrong
is a value, never an exception of the library.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from opwatch.domain.origin import Origin, parse_origin
from opwatch.http.connections import Connections
from opwatch.http.faults import RequestPhase, RequestTrace, is_lost_before_answer, trouble_of
from opwatch.http.request import Outgoing, build_request, origin_of
from opwatch.http.response import BODY_LIMIT, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.cookiejar import Cookie, CookieJar
    from pathlib import Path
    from types import TracebackType

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.secret import Secret
    from opwatch.domain.trouble import Trouble
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
        self._kept = Connections(
            most=connections,
            keepalive=keepalive,
            proxies=self._proxies,
            environ=environ,
            ca_file=ca_file,
            connect=connect,
        )
        self._cookies = Cookies()
        self._defaults = {
            "Accept": "application/json, */*;q=0.5",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The passwords of the proxies, for whoever masks what a proxy sends back."""
        by_scheme = self._proxies.by_scheme if self._proxies else {}
        found = (proxy.password for proxy in by_scheme.values())
        return tuple(dict.fromkeys(each for each in found if each))

    async def __aenter__(self) -> Self:
        self._kept.check_trust()
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
        self._cookies.keep(parse_origin(url), url, lines)

    def cookie_names(self) -> list[str]:
        """Return the names of the cookies that are kept."""
        return self._cookies.names()

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
        return await self._send(request, timeout, BODY_LIMIT, None)

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
        return await self._send(request, timeout, limit, sink)

    async def _send(
        self, request: Request, seconds: float, limit: int, into: BinaryIO | None
    ) -> Response | Trouble:
        trace = RequestTrace()
        host = proxy = ""
        try:
            origin = origin_of(request)
            through = self._kept.proxy_to(origin)
            host, proxy = origin.authority, str(through or "")
            cookie = self._cookies.header(origin, request.url) if request.authorize else None
            outgoing = build_request(request, origin, self._defaults, proxy=through, cookie=cookie)
            async with asyncio.timeout(seconds) as clock:
                reader = ResponseReader(request, trace, limit, into, clock, seconds)
                return await self._exchange(request, origin, outgoing, reader)
        except Exception as problem:
            trouble = trouble_of(problem, trace, host, proxy)
            if trouble is None:
                raise
            return replace(trouble, unsent=trace.is_unsent)

    async def _exchange(
        self, request: Request, origin: Origin, outgoing: Outgoing, reader: ResponseReader
    ) -> Response:
        trace = reader.trace
        try:
            return await self._once(request, origin, outgoing, reader)
        except Exception as problem:
            if not (request.is_safe and _was_stale(problem, trace)):
                raise
        trace.restart()
        return await self._once(request, origin, outgoing, reader, fresh=True)

    async def _once(
        self,
        request: Request,
        origin: Origin,
        outgoing: Outgoing,
        reader: ResponseReader,
        *,
        fresh: bool = False,
    ) -> Response:
        trace = reader.trace
        connection = await self._kept.take(origin, trace, fresh=fresh)
        try:
            trace.is_reused = connection.has_served
            head = await connection.ask(outgoing, trace)
            if request.authorize:
                self._cookies.keep(origin, request.url, head.headers.all("set-cookie"))
            return await reader.read_response(head, connection)
        finally:
            self._kept.give_back(origin, connection)


def _was_stale(problem: Exception, trace: RequestTrace) -> bool:
    """Tell whether a kept connection failed before an answer to this request began."""
    if not trace.is_reused:
        return False
    return trace.is_unsolicited or (
        trace.phase is not RequestPhase.BODY and is_lost_before_answer(problem)
    )


# -- cookies -----------------------------------------------------------------------------

MOST: Final = 50
MOST_BYTES: Final = 16 * 1024
"""What one origin may set (RFC 6265 §6.1 asks for as many); beyond it all of its are dropped."""


class Cookies:
    """A jar for each origin; ``http.cookiejar`` is loaded when the first cookie is set."""

    def __init__(self) -> None:
        self._jars: dict[Origin, CookieJar] = {}

    def keep(self, origin: Origin, url: str, lines: Sequence[str]) -> None:
        """Keep the cookies of *lines*, each a ``Set-Cookie`` that *url* of *origin* sent."""
        if not lines:
            return
        from http.cookiejar import CookieJar  # noqa: PLC0415, few servers set cookies
        from urllib.request import Request  # noqa: PLC0415, few servers set cookies

        jar = self._jars.setdefault(origin, CookieJar())
        answer: Any = _Answer(lines)
        jar.extract_cookies(answer, Request(url))  # noqa: S310, it is never opened
        if len(jar) > MOST or sum(map(_length, jar)) > MOST_BYTES:
            del self._jars[origin]

    def header(self, origin: Origin, url: str) -> str | None:
        """Return what a request to *url* of *origin* says of its cookies, None for nothing."""
        if origin not in self._jars:
            return None
        from urllib.request import Request  # noqa: PLC0415, few servers set cookies

        request = Request(url)  # noqa: S310, it is never opened
        self._jars[origin].add_cookie_header(request)
        return request.get_header("Cookie")

    def names(self) -> list[str]:
        """Return the names of all that are kept."""
        return sorted({each.name for jar in self._jars.values() for each in jar})


class _Answer:
    """An answer as ``http.cookiejar`` asks for it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def info(self) -> _Answer:
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        return [*self._lines] if name.lower() == "set-cookie" else default


def _length(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "")


def _proxies_of(environ: Mapping[str, str]) -> Proxies | None:
    if not any(name.lower().endswith("_proxy") for name in environ):
        return None
    from opwatch.http.proxies import Proxies  # noqa: PLC0415, few have any

    return Proxies.of(environ)
