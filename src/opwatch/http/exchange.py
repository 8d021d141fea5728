"""One request out, one answer back, or what went wrong in between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be stale (fault 7). It works on the library's transports, below its client, which
would redirect, keep cookies, and log whole URLs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2 as httpx

from opwatch.http.faults import is_lost_before_answer, trouble_of
from opwatch.http.request import build_request, origin_of
from opwatch.http.response import BODY_LIMIT, ResponseReader
from opwatch.http.trace import RequestPhase, RequestTrace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from opwatch.domain.messages import Request, Response
    from opwatch.domain.origin import Origin
    from opwatch.domain.trouble import Trouble
    from opwatch.http.pools import Pools


class Exchange:
    """Carries requests over *pools*, each with the headers of *defaults*.

    Connecting, with name resolution and TLS, may take *connect* seconds. With
    *cookies*, those that answers set are sent back.
    """

    def __init__(
        self, pools: Pools, *, defaults: Mapping[str, str], connect: float, cookies: bool
    ) -> None:
        self._pools = pools
        self._defaults = defaults
        self._timeouts = {"connect": connect, "read": None, "write": None, "pool": None}
        self._cookies = httpx.Cookies() if cookies else None

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
            host, proxy = origin.host, str(self._pools.proxy_to(origin) or "")
            extensions = {"timeout": self._timeouts, "trace": trace}
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
        self, request: Request, origin: Origin, outgoing: httpx.Request, reader: ResponseReader
    ) -> Response:
        jar = self._cookies if request.authorize else None  # a cookie is a credential too
        if jar is not None:
            jar.set_cookie_header(outgoing)
        trace = reader.trace
        try:
            return await _once(self._pools.to(origin), outgoing, jar, reader)
        except Exception as problem:
            if not (request.is_safe and _was_stale(problem, trace)):
                raise
        trace.restart()
        return await _once(self._pools.to(origin, fresh=True), outgoing, jar, reader)


async def _once(
    transport: httpx.AsyncBaseTransport,
    outgoing: httpx.Request,
    jar: httpx.Cookies | None,
    reader: ResponseReader,
) -> Response:
    try:
        answer = await transport.handle_async_request(outgoing)
    except BaseException:
        await reader.trace.close_handshake()
        raise
    try:
        if jar is not None:
            answer.request = outgoing
            jar.extract_cookies(answer)
        return await reader.read_response(answer)
    finally:
        await answer.aclose()


def _was_stale(problem: Exception, trace: RequestTrace) -> bool:
    """Tell whether a kept connection failed before an answer to this request began."""
    if not trace.is_reused:
        return False
    return trace.is_unsolicited or (
        trace.phase is not RequestPhase.BODY and is_lost_before_answer(problem)
    )
