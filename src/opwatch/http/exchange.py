"""One request out, one answer back, or what went wrong between.

Decides how an exchange is bounded: in time from the name's resolution to the last
byte, and in tries: one more, on a fresh connection, when a kept one turned out to
be dead (fault 7). It works on the library's transports, below its client, which
would redirect, keep cookies, and log whole URLs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2 as httpx

from opwatch.http.faults import is_lost_before_answer, trouble_of
from opwatch.http.request import build_request, origin_of
from opwatch.http.response import BODY_LIMIT, Reader
from opwatch.http.trace import ConnectionTrace, Phase

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
        self._routes = pools
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

        Without *into*, *seconds* bound it all. With *into*, the body of a good
        answer is written there, and *seconds* bound each silence.

        Raises:
            UnwritableError: *into* does not take what is written to it.
        """
        trail = ConnectionTrace()
        host = proxy = ""
        try:
            origin = origin_of(request)
            host, proxy = origin.host, str(self._routes.proxy_to(origin) or "")
            extensions = {"timeout": self._timeouts, "trace": trail}
            sealed = build_request(request, origin, self._defaults, extensions)
            async with asyncio.timeout(seconds) as clock:
                reader = Reader(request.url, trail, limit, into, clock, seconds)
                return await self._exchange(request, origin, sealed, reader)
        except Exception as problem:
            trouble = trouble_of(problem, trail, host, proxy)
            if trouble is None:
                raise
            return replace(trouble, unsent=trail.is_unsent)

    async def _exchange(
        self, request: Request, origin: Origin, sealed: httpx.Request, reader: Reader
    ) -> Response:
        jar = self._cookies if request.authorize else None  # a cookie is a credential too
        if jar is not None:
            jar.set_cookie_header(sealed)
        trail = reader.trail
        try:
            return await _once(self._routes.to(origin), sealed, jar, reader)
        except Exception as problem:
            if not (request.is_safe and _was_dead(problem, trail)):
                raise
        trail.begin_anew()
        return await _once(self._routes.to(origin, fresh=True), sealed, jar, reader)


async def _once(
    transport: httpx.AsyncBaseTransport,
    sealed: httpx.Request,
    jar: httpx.Cookies | None,
    reader: Reader,
) -> Response:
    try:
        answer = await transport.handle_async_request(sealed)
    except BaseException:
        await reader.trail.hang_up()
        raise
    try:
        if jar is not None:
            answer.request = sealed
            jar.extract_cookies(answer)
        return await reader.read(answer)
    finally:
        await answer.aclose()


def _was_dead(problem: Exception, trail: ConnectionTrace) -> bool:
    """Tell whether a kept connection failed before an answer to this request began."""
    if not trail.is_reused:
        return False
    return trail.is_stray or (trail.phase is not Phase.BODY and is_lost_before_answer(problem))
