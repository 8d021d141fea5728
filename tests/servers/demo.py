"""The demo's server, which keeps what it was asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opwatch import demo

if TYPE_CHECKING:
    from opwatch.demo.http import Reply, Request
    from opwatch.domain.messages import Headers


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that was answered with *status*, 0 where the connection was dropped.

    *profile* is empty where no dialect knew the path. *at* is of the server's clock.
    """

    at: float
    profile: str
    method: str
    target: str
    status: int
    # They hold the credential as it was sent.
    headers: Headers = field(repr=False)


class DemoServer(demo.DemoServer):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._seen: deque[RecordedRequest] = deque()

    def requests(self, profile: str | None = None) -> tuple[RecordedRequest, ...]:
        """Return the requests, oldest first; only those of *profile*, if given."""
        return tuple(each for each in self._seen.copy() if profile in (None, each.profile))

    def _answer(self, request: Request) -> Reply:
        at, found, reply = self._clock(), self._found(request), super()._answer(request)
        profile = found[0].profile if found else ""
        self._seen.append(
            RecordedRequest(
                at, profile, request.method, request.target, reply.status, request.headers
            )
        )
        return reply
