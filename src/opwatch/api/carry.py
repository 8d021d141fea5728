"""How one request gets its answer: signed, sent, redirected, signed anew.

Decides the order of these, and that a refused credential is renewed and the
request repeated exactly once. Redirects are followed by hand, and only to an
origin that the profile allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.exchange import Request
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http import next_hop

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials import Credential
    from opwatch.domain.exchange import Response
    from opwatch.domain.origin import AllowedOrigins
    from opwatch.http import Client

Trace: TypeAlias = "Callable[[Request, Response | Trouble, float], None]"
UNAUTHORIZED: Final = 401


class Carrier:
    """Carries the requests of one profile: its *credential* goes to *origins* only."""

    def __init__(
        self,
        client: Client,
        credential: Credential,
        origins: AllowedOrigins,
        now: Callable[[], float],
        trace: Trace | None = None,
    ) -> None:
        self._client = client
        self._credential = credential
        self._origins = origins
        self._now = now
        self._trace = trace

    async def carry(self, request: Request, timeout: float) -> Response | Trouble:
        """Return the answer to *request*, within *timeout* seconds for all hops together."""
        until = self._now() + timeout
        hops, renewed = 0, False
        while True:
            signed, came = await self._send(request, until)
            if isinstance(came, Trouble):
                return came
            if came.status == UNAUTHORIZED and request.authorize and not renewed:
                renewed = True
                fresh = await self._credential.renew(signed)
                if isinstance(fresh, Trouble):
                    return fresh
                if fresh:
                    continue
            hop = next_hop(request, came, self._origins, hops)
            if not isinstance(hop, Request):
                return hop or came
            request, hops = hop, hops + 1

    async def _send(self, request: Request, until: float) -> tuple[Request, Response | Trouble]:
        """Return *request* as it was signed, and what came back."""
        signed = await self._credential.authorize(request)
        if isinstance(signed, Trouble):
            return request, signed
        began = self._now()
        if began >= until:
            return signed, Trouble(Fault.TIMEOUT)
        came = await self._client.send(signed, timeout=until - began)
        if self._trace is not None:
            self._trace(signed, came, self._now() - began)
        return signed, came
