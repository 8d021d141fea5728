"""How far a request has come, and what each exception of the network means.

Decides in which phases nothing of a request has left, and, for every exception of h11, the
event loop, TLS, the resolver and the operating system, which ``Fault`` of the closed set it
is. asyncio raises OSError for a mistyped name, a closed port and a bad certificate alike, so
the whole chain of causes is searched. The texts are ours, or OpenSSL's and the system's:
h11's own may quote a header's value.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import h11

from opwatch.domain.trouble import Fault, Speaker, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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


Cause: TypeAlias = tuple[Fault, str]

_TEXTS: Final[Mapping[Fault, str]] = {
    Fault.BAD_REQUEST: "the request cannot be put into HTTP",
    Fault.CONNECTION_LOST: "the connection was closed",
}
_PROXY_AUTH: Final = 407
_QUOTED: Final = re.compile(r"[:(]| b['\"]")


class FaultError(Exception):
    """A fault that this room finds by itself, perhaps after the HTTP *status* has come.

    *speaker* tells whose the answer seems to be whose body was given up.
    """

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.status: int | None = None
        self.speaker = Speaker.API


class ProxyRefusedError(Exception):
    """A proxy has answered CONNECT with *status*, which is none of success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"CONNECT was answered with HTTP {status}")
        self.status = status


def trouble_of(
    problem: BaseException, trace: RequestTrace, host: str, proxy: str
) -> Trouble | None:
    """Return what *problem* means for the poll, None for a bug of ours.

    *host* and *proxy* name who was asked; *proxy* is empty where there is none.
    """
    if isinstance(problem, ProxyRefusedError):
        fault = Fault.STATUS_PROXY_AUTH if problem.status == _PROXY_AUTH else Fault.PROXY
        return Trouble(fault, str(problem), status=problem.status, host=proxy)
    if isinstance(problem, FaultError):
        status, speaker = problem.status, problem.speaker
        fault, detail = problem.fault, problem.detail
    elif is_foreign(problem):
        status, speaker = None, Speaker.API
        fault, detail = cause_of(problem, trace.phase) or _of_class(problem, trace.phase)
    else:
        return None
    is_connecting = trace.phase in {RequestPhase.CONNECT, RequestPhase.TLS}
    if proxy and trace.at_proxy and (is_connecting or fault is not Fault.TIMEOUT):
        host, fault = proxy, fault if fault is Fault.NO_DESCRIPTORS else Fault.PROXY
    return Trouble(fault, detail, status, host=host, speaker=speaker)


def is_foreign(problem: BaseException) -> bool:
    """Tell whether *problem* comes from the network or the library, not from our own code."""
    if isinstance(problem, BaseExceptionGroup):
        return all(is_foreign(each) for each in problem.exceptions)
    return isinstance(problem, OSError | ValueError | h11.ProtocolError)


def is_lost_before_answer(problem: BaseException) -> bool:
    """Tell whether *problem* is a connection that ended or broke HTTP, not one that is slow."""
    if isinstance(problem, FaultError):
        return problem.fault is Fault.CONNECTION_LOST
    is_slow = isinstance(problem, TimeoutError) and problem.errno is None
    return isinstance(problem, OSError | h11.RemoteProtocolError) and not is_slow


def _of_class(problem: BaseException, phase: RequestPhase) -> Cause:
    if isinstance(problem, h11.RemoteProtocolError):
        return _of_protocol(str(problem), phase)
    if isinstance(problem, TimeoutError):
        fault = Fault.CONNECT_TIMEOUT if phase is RequestPhase.CONNECT else Fault.TIMEOUT
    elif isinstance(problem, ConnectionError):
        fault = Fault.CONNECTION_LOST
    elif isinstance(problem, OSError):
        fault = Fault.OS_ERROR
    else:
        fault = Fault.BAD_REQUEST
    return fault, _TEXTS.get(fault, "")


def _of_protocol(text: str, phase: RequestPhase) -> Cause:
    """Read h11's own words, up to where they quote what the server sent."""
    if phase is RequestPhase.BODY and text.startswith("peer closed connection"):
        return Fault.TRUNCATED, "the body ended before its announced length"
    return Fault.PROTOCOL, _QUOTED.split(text)[0]


_DEEPEST: Final = 20


def _by_number(module: object, names: Mapping[str, Fault]) -> dict[int, Fault]:
    """Return *names* by their numbers on this platform; not every one is on each."""
    return {getattr(module, name): fault for name, fault in names.items() if hasattr(module, name)}


_OF_ERRNO: Final = _by_number(
    errno,
    {
        "EMFILE": Fault.NO_DESCRIPTORS,
        "ENFILE": Fault.NO_DESCRIPTORS,
        "WSAEMFILE": Fault.NO_DESCRIPTORS,
        "ECONNREFUSED": Fault.CONNECTION_REFUSED,
        "WSAECONNREFUSED": Fault.CONNECTION_REFUSED,
        "ECONNRESET": Fault.CONNECTION_LOST,
        "WSAECONNRESET": Fault.CONNECTION_LOST,
        "ECONNABORTED": Fault.CONNECTION_LOST,
        "EPIPE": Fault.CONNECTION_LOST,
        "ENOTCONN": Fault.CONNECTION_LOST,
        "ETIMEDOUT": Fault.CONNECT_TIMEOUT,
        "WSAETIMEDOUT": Fault.CONNECT_TIMEOUT,
        "ENETUNREACH": Fault.UNREACHABLE,
        "WSAENETUNREACH": Fault.UNREACHABLE,
        "EHOSTUNREACH": Fault.UNREACHABLE,
        "WSAEHOSTUNREACH": Fault.UNREACHABLE,
        "ENETDOWN": Fault.UNREACHABLE,
        "EHOSTDOWN": Fault.UNREACHABLE,
        "EADDRNOTAVAIL": Fault.UNREACHABLE,
    },
)
# When a host's addresses failed in different ways, the one named first above is the
# most telling: an IPv4 address that refused says more than an IPv6 one without a route.
_RANKS: Final = {fault: rank for rank, fault in enumerate(dict.fromkeys(_OF_ERRNO.values()))}
_OF_RESOLVER: Final = _by_number(
    socket,
    {
        "EAI_NONAME": Fault.UNRESOLVED,
        "EAI_NODATA": Fault.UNRESOLVED,
        "EAI_ADDRFAMILY": Fault.UNRESOLVED,
    },
)


def cause_of(problem: BaseException, phase: RequestPhase) -> Cause | None:
    """Return the fault behind *problem* and a short text for it, None when there is none.

    A text is OpenSSL's or the operating system's own, and holds nothing of ours.
    """
    chain = tuple(_chain(problem))
    return _of_tls(chain, phase) or _of_resolver(chain) or _of_system(chain, phase)


def _chain(problem: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """Yield *problem* and all that led to it, the members of groups included."""
    yield problem
    members = problem.exceptions if isinstance(problem, BaseExceptionGroup) else ()
    for each in (*members, problem.__cause__ or problem.__context__):
        if each is not None and depth < _DEEPEST:
            yield from _chain(each, depth + 1)


def _of_tls(chain: tuple[BaseException, ...], phase: RequestPhase) -> Cause | None:
    errors = [each for each in chain if isinstance(each, ssl.SSLError)]
    for each in errors:
        if isinstance(each, ssl.SSLCertVerificationError):
            message = getattr(each, "verify_message", "")  # OpenSSL's own errors have it
            return Fault.CERTIFICATE, message or "the certificate is not trusted"
    for each in errors:
        if not isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            reason = (getattr(each, "reason", "") or "failed").replace("_", " ").lower()
            return Fault.TLS, reason
    # A server that speaks no TLS waits for a request, or closes: no handshake either way.
    return (Fault.TLS, "no handshake") if phase is RequestPhase.TLS else None


def _of_resolver(chain: tuple[BaseException, ...]) -> Cause | None:
    for each in chain:
        if isinstance(each, socket.gaierror):
            fault = _OF_RESOLVER.get(each.errno or 0, Fault.RESOLVER_DOWN)
            return fault, each.strerror or "the name cannot be resolved"
    return None


def _of_system(chain: tuple[BaseException, ...], phase: RequestPhase) -> Cause | None:
    numbers = [each.errno for each in chain if isinstance(each, OSError) and each.errno]
    known = [each for each in numbers if each in _OF_ERRNO]
    if not known:
        return (Fault.OS_ERROR, os.strerror(numbers[0])) if numbers else None
    number = min(known, key=lambda each: _RANKS[_OF_ERRNO[each]])
    fault = _OF_ERRNO[number]
    if fault is Fault.CONNECT_TIMEOUT and phase is not RequestPhase.CONNECT:
        fault = Fault.CONNECTION_LOST
    return fault, os.strerror(number)
