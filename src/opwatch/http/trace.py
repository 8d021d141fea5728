"""How far one request came.

Decides what the trace of the HTTP library means: in which phase a request is,
whether its connection had served before, and whether what came back can be the
answer to it at all.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any, Final


class Phase(StrEnum):
    """What a request is doing. Name resolution is a part of connecting."""

    QUEUED = "queued"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    WAIT = "wait"
    BODY = "body"


_PHASES: Final = {
    "connect_tcp.started": Phase.CONNECT,
    "start_tls.started": Phase.TLS,
    "send_request_headers.started": Phase.SEND,
    "receive_response_headers.started": Phase.WAIT,
    "receive_response_headers.complete": Phase.BODY,
}


class ConnectionTrace:
    """The ``trace`` extension of one request.

    *at_proxy* tells that the other side is still the proxy. *is_stray* tells
    that the answer was in the buffer before the request had been sent: bytes left
    over from the exchange before, which answer nothing.
    """

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything: the request is sent once more."""
        self.phase = Phase.QUEUED
        self.at_proxy = False
        self.is_stray = False
        self._connected = False
        self._has_waited = False
        self._stream: Any = None

    @property
    def is_reused(self) -> bool:
        """Tell whether the request was sent on a connection that had served before."""
        sent = self.phase in {Phase.SEND, Phase.WAIT, Phase.BODY}
        return sent and not self._connected

    @property
    def is_unsent(self) -> bool:
        """Tell whether nothing of the request itself has left, whatever a proxy was told."""
        return self.at_proxy or self.phase in {Phase.QUEUED, Phase.CONNECT, Phase.TLS}

    async def __call__(self, event: str, facts: dict[str, Any]) -> None:
        """Take note of *event*, such as ``http11.send_request_headers.started``."""
        layer, _, step = event.partition(".")
        if step == "connect_tcp.complete":
            self._stream = facts["return_value"]
        phase = _PHASES.get(step)
        if phase is None:
            return
        self.phase = phase
        if phase is Phase.CONNECT:
            self._connected = True
        elif phase is Phase.WAIT:
            self._has_waited = False
            asyncio.get_running_loop().call_soon(self._wait)
        elif phase is Phase.BODY:
            self.is_stray = not self._has_waited
        request = facts.get("request")
        if layer == "connection":
            self.at_proxy = True
        elif request is not None or layer == "proxy":
            self.at_proxy = getattr(request, "method", b"") == b"CONNECT"

    async def hang_up(self) -> None:
        """Close a connection that was given up in its TLS handshake.

        The library closes it when its own time is up, but leaves it open, and
        known to the event loop, when the request is cancelled.
        """
        if self.phase is Phase.TLS and self._stream is not None:
            await self._stream.aclose()

    def _wait(self) -> None:
        self._has_waited = True
