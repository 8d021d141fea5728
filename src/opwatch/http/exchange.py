"""One request out, one answer back, or what went wrong in between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be stale (fault 7). Cookies (RFC 6265) go with the requests that carry a credential, for a
cookie is one too, and back to the origin that has set them and to no other.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from opwatch.domain.origin import Origin, parse_origin
from opwatch.http.faults import RequestPhase, RequestTrace, is_lost_before_answer, trouble_of
from opwatch.http.request import Outgoing, build_request, origin_of
from opwatch.http.response import BODY_LIMIT, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.cookiejar import Cookie, CookieJar

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.trouble import Trouble
    from opwatch.http.connections import Connections


class Exchange:
    """Carries requests over *connections*, each with the headers of *defaults*."""

    def __init__(self, connections: Connections, *, defaults: Mapping[str, str]) -> None:
        self._connections = connections
        self._defaults = defaults
        self._cookies = Cookies()

    async def send(
        self,
        request: Request,
        *,
        seconds: float,
        limit: int = BODY_LIMIT,
        into: BinaryIO | None = None,
    ) -> Response | Trouble:
        """Return the answer to *request*, with a body of at most *limit* bytes.

        Without *into*, *seconds* bounds it all. With *into*, the body of a good
        answer is written there, and *seconds* bounds each silence.

        Raises:
            UnwritableError: *into* does not take what is written to it.
        """
        trace = RequestTrace()
        host = proxy = ""
        try:
            origin = origin_of(request)
            through = self._connections.proxy_to(origin)
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
        connection = await self._connections.take(origin, trace, fresh=fresh)
        try:
            trace.is_reused = connection.has_served
            head = await connection.ask(outgoing, trace)
            if request.authorize:
                self._cookies.keep(origin, request.url, head.headers.all("set-cookie"))
            return await reader.read_response(head, connection)
        finally:
            self._connections.give_back(origin, connection)

    def keep_cookies(self, url: str, lines: Sequence[str]) -> None:
        """Keep the cookies of *lines*, each a ``Set-Cookie``, as if *url* had set them."""
        self._cookies.keep(parse_origin(url), url, lines)

    def cookie_names(self) -> list[str]:
        """Return the names of the cookies that are kept."""
        return self._cookies.names()


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
