"""One request out, one answer back, or what went wrong in between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be stale (fault 7). Cookies go with the requests that carry a credential, for a cookie is
one too.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from opwatch.domain.origin import Origin, parse_origin
from opwatch.http.cookies import Cookies
from opwatch.http.faults import is_lost_before_answer, trouble_of
from opwatch.http.request import Outgoing, build_request, origin_of
from opwatch.http.response import BODY_LIMIT, ResponseReader
from opwatch.http.trace import RequestPhase, RequestTrace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

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
