"""How far one request has come.

Decides what the trace of the HTTP library means: in which phase a request is,
whether its connection had served before, and whether what came back can be the
answer to it at all.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any, Final


class RequestPhase(StrEnum):
    """What a request is doing. Name resolution is a part of connecting."""

    QUEUED = "queued"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    WAIT = "wait"
    BODY = "body"


_PHASES: Final = {
    "connect_tcp.started": RequestPhase.CONNECT,
    "start_tls.started": RequestPhase.TLS,
    "send_request_headers.started": RequestPhase.SEND,
    "receive_response_headers.started": RequestPhase.WAIT,
    "receive_response_headers.complete": RequestPhase.BODY,
}


class RequestTrace:
    """The ``trace`` extension of one request.

    *at_proxy*: the other side is still the proxy. *is_unsolicited*: the answer was in
    the buffer before the request had been sent, so it is left over from the exchange
    before and answers nothing.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything: the request is sent once more."""
        self.phase = RequestPhase.QUEUED
        self.at_proxy = False
        self.is_unsolicited = False
        self._connected = False
        self._has_waited = False
        self._stream: Any = None

    @property
    def is_reused(self) -> bool:
        """Tell whether the request was sent on a connection that had served before."""
        sent = self.phase in {RequestPhase.SEND, RequestPhase.WAIT, RequestPhase.BODY}
        return sent and not self._connected

    @property
    def is_unsent(self) -> bool:
        """Tell whether nothing of the request itself has left, whatever a proxy was sent."""
        return self.at_proxy or self.phase in {
            RequestPhase.QUEUED,
            RequestPhase.CONNECT,
            RequestPhase.TLS,
        }

    async def __call__(self, event: str, facts: dict[str, Any]) -> None:
        """Take note of *event*, such as ``http11.send_request_headers.started``."""
        layer, _, step = event.partition(".")
        if step == "connect_tcp.complete":
            self._stream = facts["return_value"]
        phase = _PHASES.get(step)
        if phase is None:
            return
        self.phase = phase
        if phase is RequestPhase.CONNECT:
            self._connected = True
        elif phase is RequestPhase.WAIT:
            self._has_waited = False
            asyncio.get_running_loop().call_soon(self._wait)
        elif phase is RequestPhase.BODY:
            self.is_unsolicited = not self._has_waited
        request = facts.get("request")
        if layer == "connection":
            self.at_proxy = True
        elif request is not None or layer == "proxy":
            self.at_proxy = getattr(request, "method", b"") == b"CONNECT"

    async def close_handshake(self) -> None:
        """Close a connection that was given up in its TLS handshake.

        The library closes it when its own time is up, but leaves it open, and
        known to the event loop, when the request is cancelled.
        """
        if self.phase is RequestPhase.TLS and self._stream is not None:
            await self._stream.aclose()

    def _wait(self) -> None:
        self._has_waited = True
