"""How far one request has come.

Decides what the trace of the HTTP library means: in which phase a request is,
whether its connection had served before, and whether what came back can be the
answer to it at all.
"""

from __future__ import annotations

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
}


class RequestTrace:
    """The ``trace`` extension of a request on a new connection; on a kept one none is needed.

    *at_proxy*: the other side is still the proxy. *is_unsolicited*: nothing was heard
    after the request had been sent, so the answer is left over from the exchange before
    and answers nothing.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything: the request is sent once more."""
        self.phase = RequestPhase.QUEUED
        self.at_proxy = False
        self.is_reused = False
        self.is_unsolicited = False

    def reuse(self) -> None:
        """Take note that the request goes out on a connection that has served before."""
        self.phase = RequestPhase.SEND
        self.is_reused = True

    def answer(self, *, heard: bool) -> None:
        """Take note that the head of an answer is there."""
        self.phase = RequestPhase.BODY
        self.is_unsolicited = not heard

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
        phase = _PHASES.get(step)
        if phase is None:
            return
        self.phase = phase
        request = facts.get("request")
        if layer == "connection":
            self.at_proxy = True
        elif request is not None or layer == "proxy":
            self.at_proxy = getattr(request, "method", b"") == b"CONNECT"
