"""How one request gets its answer: signed, sent, redirected, signed again.

Decides the order of these, and that a refused credential is renewed and the request
repeated, a few times if other requests use up what was renewed. Redirects are followed by
hand, and only to an origin that the profile allows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.redirects import next_hop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from opwatch.credentials import Credential, Redactor
    from opwatch.domain.origin import AllowedOrigins
    from opwatch.http.client import Client

    Send: TypeAlias = Callable[[Request], Awaitable[Response | Trouble]]

Trace: TypeAlias = "Callable[[Request, Response | Trouble, float], None]"
UNAUTHORIZED: Final = 401
MOST_RENEWALS: Final = 5
NO_HEADERS: Final[Mapping[str, str]] = {}


class Sender:
    """Sends the requests of one profile: its *credential* goes to *origins* only.

    So do *headers*, which a person gave: each is added or replaces one of its name, and
    an empty one leaves it out.
    """

    def __init__(
        self,
        client: Client,
        credential: Credential,
        origins: AllowedOrigins,
        now: Callable[[], float],
        trace: Trace | None = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self._client = client
        self._credential = credential
        self._origins = origins
        self._now = now
        self._trace = trace
        self._headers = headers

    def now(self) -> float:
        """Return the seconds of the run's clock."""
        return self._now()

    @property
    def redact(self) -> Redactor:
        """What masks the live secrets of the run."""
        return self._credential.redactor()

    async def send(
        self, request: Request, timeout: float, *, redirected: bool = True
    ) -> Response | Trouble:
        """Return the answer to *request*, within *timeout* seconds for all hops together.

        Unless it may be *redirected*, a redirect is the answer.
        """
        until = self.now() + timeout

        async def send(signed: Request) -> Response | Trouble:
            left = until - self.now()
            if left <= 0:
                return Trouble(Fault.TIMEOUT, unsent=True)
            return await self._client.send(signed, timeout=left)

        return await self._follow(request, send, redirected=redirected)

    async def download(
        self, request: Request, file: BinaryIO, *, timeout: float, limit: int
    ) -> Response | Trouble:
        """Write the body of a good answer to *file*, at most *limit* bytes.

        *timeout* bounds each silence, in seconds. What has been written
        is to be thrown away unless a good answer is returned.

        Raises:
            UnwritableError: *file* cannot be written.
        """

        async def send(signed: Request) -> Response | Trouble:
            return await self._client.download(signed, file, timeout=timeout, limit=limit)

        return await self._follow(request, send)

    async def _follow(
        self, request: Request, send: Send, *, redirected: bool = True
    ) -> Response | Trouble:
        if self._headers and request.authorize:
            request = replace(request, headers=with_given(request.headers, self._headers))
        hops = renewals = 0
        while True:
            signed, reply = await self._sign_and(send, request)
            if isinstance(reply, Trouble):
                return reply
            if renewals and reply.is_good:
                self._credential.confirm(signed)
            if reply.status == UNAUTHORIZED and request.authorize and renewals < MOST_RENEWALS:
                renewals += 1
                fresh = await self._credential.renew(signed)
                if isinstance(fresh, Trouble):
                    return replace(fresh, unsent=True)
                if fresh:
                    continue
            if not redirected:
                return reply
            hop = next_hop(request, reply, self._origins, hops)
            if not isinstance(hop, Request):
                return hop or reply
            request, hops = hop, hops + 1

    async def _sign_and(self, send: Send, request: Request) -> tuple[Request, Response | Trouble]:
        """Return *request* as it was signed, and its reply."""
        signed = await self._credential.authorize(request)
        if isinstance(signed, Trouble):
            return request, replace(signed, unsent=True)
        began = self.now()
        reply = await send(signed)
        if self._trace is not None:
            self._trace(signed, reply, self.now() - began)
        return signed, reply


def with_given(headers: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with those of *given* added or replaced; an empty one leaves it out."""
    replaced = {name.lower() for name in given}
    kept = {name: headers[name] for name in headers if name.lower() not in replaced}
    return {**kept, **{name: value for name, value in given.items() if value}}
