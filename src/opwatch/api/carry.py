"""How one request gets its answer: signed, sent, redirected, signed anew.

Decides the order of these, and that a refused credential is renewed and the
request repeated exactly once. Redirects are followed by hand, and only to an
origin that the profile allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.trouble import Fault, Trouble
from opwatch.http import next_hop

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials import Credential
    from opwatch.domain.exchange import Request, Response
    from opwatch.domain.origin import AllowedOrigins
    from opwatch.http import Client

UNAUTHORIZED: Final = 401


class Carrier:
    """Carries the requests of one profile: its *credential* goes to *origins* only."""

    def __init__(
        self,
        client: Client,
        credential: Credential,
        origins: AllowedOrigins,
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._credential = credential
        self._origins = origins
        self._now = now

    async def carry(self, request: Request, timeout: float) -> Response | Trouble:
        """Return the answer to *request*, within *timeout* seconds for all hops together."""
        until = self._now() + timeout
        hops, renewed = 0, False
        while True:
            signed = await self._credential.authorize(request)
            if isinstance(signed, Trouble):
                return signed
            left = until - self._now()
            if left <= 0:
                return Trouble(Fault.TIMEOUT)
            response = await self._client.send(signed, timeout=left)
            if isinstance(response, Trouble):
                return response
            if response.status == UNAUTHORIZED and request.authorize and not renewed:
                renewed = True
                fresh = await self._credential.renew(signed)
                if isinstance(fresh, Trouble):
                    return fresh
                if fresh:
                    continue
            hop = next_hop(request, response, self._origins, hops)
            if hop is None:
                return response
            if isinstance(hop, Trouble):
                return hop
            request, hops = hop, hops + 1
