"""One request out, one answer back, or what went wrong in between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be stale (fault 7). It works on the library's connections, below its client, which
would redirect, send cookies to other hosts, and log whole URLs. Decides that a cookie
goes back to the origin that has set it and to no other, with the requests that carry a
credential, as long as the run lasts; and how many a server may set.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opwatch.domain.origin import parse_origin
from opwatch.http.faults import is_lost_before_answer, trouble_of
from opwatch.http.network import Wire
from opwatch.http.request import build_request, origin_of
from opwatch.http.response import BODY_LIMIT, ResponseReader
from opwatch.http.trace import RequestPhase, RequestTrace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.cookiejar import Cookie
    from typing import BinaryIO

    import httpcore2 as httpcore
    import httpx2 as httpx

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.origin import Origin
    from opwatch.domain.trouble import Trouble
    from opwatch.http.connections import Connections


MOST_COOKIES: Final = 50
MOST_COOKIE_BYTES: Final = 16 * 1024
"""What one origin may set (RFC 6265 §6.1 asks for as many); beyond it all of its are dropped."""


class Exchange:
    """Carries requests over *connections*, each with the headers of *defaults*.

    Connecting, with name resolution and TLS, may take *connect* seconds.
    """

    def __init__(
        self, connections: Connections, *, defaults: Mapping[str, str], connect: float
    ) -> None:
        self._connections = connections
        self._defaults = defaults
        self._timeouts = {"connect": connect, "read": None, "write": None, "pool": None}
        self._jars: dict[Origin, httpx.Cookies] = {}

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
            host, proxy = origin.host, str(self._connections.proxy_to(origin) or "")
            extensions = {"timeout": self._timeouts}
            outgoing = build_request(request, origin, self._defaults, extensions)
            async with asyncio.timeout(seconds) as clock:
                reader = ResponseReader(request.url, trace, limit, into, clock, seconds)
                return await self._exchange(request, origin, outgoing, reader)
        except Exception as problem:
            trouble = trouble_of(problem, trace, host, proxy)
            if trouble is None:
                raise
            return replace(trouble, unsent=trace.is_unsent)

    async def _exchange(
        self, request: Request, origin: Origin, outgoing: httpcore.Request, reader: ResponseReader
    ) -> Response:
        if request.authorize and origin in self._jars:  # a cookie is a credential too
            self._add_cookies(origin, request.url, outgoing)
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
        outgoing: httpcore.Request,
        reader: ResponseReader,
        *,
        fresh: bool = False,
    ) -> Response:
        trace = reader.trace
        connection = await self._connections.take(origin, fresh=fresh)
        try:
            if connection.is_idle():
                trace.reuse()
            else:
                outgoing.extensions["trace"] = trace
            answer = await connection.handle_async_request(outgoing)
            wire = answer.extensions.get("network_stream")
            trace.answer(heard=not isinstance(wire, Wire) or wire.heard)
            try:
                if request.authorize:
                    self._keep_cookies(origin, request.url, answer.headers)
                return await reader.read_response(answer)
            finally:
                await answer.aclose()
        finally:
            await self._connections.give_back(origin, connection)

    def keep_cookies(self, url: str, lines: Sequence[str]) -> None:
        """Keep the cookies of *lines*, each a ``Set-Cookie``, as if *url* had set them."""
        headers = [(b"set-cookie", line.encode("utf-8", "replace")) for line in lines]
        self._keep_cookies(parse_origin(url), url, headers)

    def cookie_names(self) -> list[str]:
        """Return the names of the cookies that are kept."""
        return sorted({each.name for jar in self._jars.values() for each in jar.jar})

    def _add_cookies(self, origin: Origin, url: str, outgoing: httpcore.Request) -> None:
        import httpx2 as httpx  # noqa: PLC0415, few servers set cookies

        asked = httpx.Request("GET", url, headers=outgoing.headers)
        self._jars[origin].set_cookie_header(asked)
        if "cookie" in asked.headers:
            outgoing.headers.append((b"Cookie", asked.headers["cookie"].encode()))

    def _keep_cookies(
        self, origin: Origin, url: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> None:
        if all(name.lower() != b"set-cookie" for name, _ in headers):
            return
        import httpx2 as httpx  # noqa: PLC0415, few servers set cookies

        jar = self._jars.setdefault(origin, httpx.Cookies())
        jar.extract_cookies(
            httpx.Response(200, headers=list(headers), request=httpx.Request("GET", url))
        )
        if len(jar) > MOST_COOKIES or sum(map(_length, jar.jar)) > MOST_COOKIE_BYTES:
            del self._jars[origin]


def _length(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "")


def _was_stale(problem: Exception, trace: RequestTrace) -> bool:
    """Tell whether a kept connection failed before an answer to this request began."""
    if not trace.is_reused:
        return False
    return trace.is_unsolicited or (
        trace.phase is not RequestPhase.BODY and is_lost_before_answer(problem)
    )
