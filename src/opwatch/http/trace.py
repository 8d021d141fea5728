"""How far one request has come.

Decides in which phases a request is, when nothing of it has left, and whether what came
back can be the answer to it at all.
"""

from __future__ import annotations

from enum import StrEnum


class RequestPhase(StrEnum):
    """What a request is doing. Name resolution is a part of connecting."""

    QUEUED = "queued"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    WAIT = "wait"
    BODY = "body"


class RequestTrace:
    """How far a request has come.

    *at_proxy*: the other side is still the proxy. *is_reused*: its connection has served
    before. *is_unsolicited*: nothing was heard after the request had been sent, so the
    answer is left over from the exchange before and answers nothing.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything: the request is sent once more."""
        self.phase = RequestPhase.QUEUED
        self.at_proxy = False
        self.is_reused = False
        self.is_unsolicited = False

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
