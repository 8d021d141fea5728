"""What each exception of the network means, as one of the closed set of faults.

Decides, for every exception class of the HTTP library and of what it stands on, which
``Fault`` it is. The library raises ConnectError for a mistyped name, a closed port and
a bad certificate alike, so the chain of causes is searched first: TLS, the resolver,
the operating system. Classes are known by their names, which the library's two layers
share. The texts are ours: the library's own may quote a header's value.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.trouble import Fault, Speaker, Trouble
from opwatch.http.trace import RequestPhase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.http.trace import RequestTrace


Cause: TypeAlias = tuple[Fault, str]

LIBRARIES: Final = frozenset({"httpx2", "httpcore2", "h11", "anyio"})

OF_NAME: Final[Mapping[str, Fault]] = {
    "HTTPError": Fault.CONNECTION_LOST,
    "RequestError": Fault.CONNECTION_LOST,
    "TransportError": Fault.CONNECTION_LOST,
    "TimeoutException": Fault.TIMEOUT,
    "ConnectTimeout": Fault.CONNECT_TIMEOUT,
    "ReadTimeout": Fault.TIMEOUT,
    "WriteTimeout": Fault.TIMEOUT,
    "PoolTimeout": Fault.TIMEOUT,
    "NetworkError": Fault.CONNECTION_LOST,
    "ConnectError": Fault.CONNECTION_LOST,
    "ReadError": Fault.CONNECTION_LOST,
    "WriteError": Fault.CONNECTION_LOST,
    "CloseError": Fault.CONNECTION_LOST,
    "ConnectionNotAvailable": Fault.CONNECTION_LOST,
    "ProxyError": Fault.PROXY,
    "UnsupportedProtocol": Fault.BAD_REQUEST,
    "InvalidURL": Fault.BAD_REQUEST,
    "LocalProtocolError": Fault.BAD_REQUEST,
    "RemoteProtocolError": Fault.PROTOCOL,
    "ProtocolError": Fault.PROTOCOL,
    "DecodingError": Fault.ENCODING,
    "TooManyRedirects": Fault.REDIRECT_LOOP,
    "HTTPStatusError": Fault.STATUS_UNEXPECTED,
    "CookieConflict": Fault.PROTOCOL,
    "SSEError": Fault.PROTOCOL,
    "StreamError": Fault.PROTOCOL,
    "StreamConsumed": Fault.PROTOCOL,
    "StreamClosed": Fault.CONNECTION_LOST,
    "ResponseNotRead": Fault.PROTOCOL,
    "RequestNotRead": Fault.PROTOCOL,
    "BrokenResourceError": Fault.CONNECTION_LOST,
    "ClosedResourceError": Fault.CONNECTION_LOST,
    "EndOfStream": Fault.CONNECTION_LOST,
}

_TEXTS: Final[Mapping[Fault, str]] = {
    Fault.BAD_REQUEST: "the request cannot be put into HTTP",
    Fault.CONNECTION_LOST: "the connection was closed",
    Fault.ENCODING: "the body cannot be decoded",
    Fault.REDIRECT_LOOP: "too many redirects",
}
_STATUS: Final = re.compile(r"(\d{3}) ")
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


def trouble_of(
    problem: BaseException, trace: RequestTrace, host: str, proxy: str
) -> Trouble | None:
    """Return what *problem* means for the poll, None for a bug of ours.

    *host* and *proxy* name who was asked; *proxy* is empty where there is none.
    """
    if isinstance(problem, FaultError):
        return Trouble(
            problem.fault, problem.detail, problem.status, host=host, speaker=problem.speaker
        )
    if not is_foreign(problem):
        return None
    if _name(problem) == "ProxyError":
        return _refused_by_proxy(str(problem), proxy)
    fault, detail = cause_of(problem, trace.phase) or _of_class(problem, trace.phase)
    is_connecting = trace.phase in {RequestPhase.CONNECT, RequestPhase.TLS}
    if proxy and trace.at_proxy and (is_connecting or fault is not Fault.TIMEOUT):
        fault = fault if fault is Fault.NO_DESCRIPTORS else Fault.PROXY
        return Trouble(fault, detail, host=proxy)
    return Trouble(fault, detail, host=host)


def is_foreign(problem: BaseException) -> bool:
    """Tell whether *problem* comes from the network or the libraries, not from our own code."""
    if isinstance(problem, BaseExceptionGroup):
        return all(is_foreign(each) for each in problem.exceptions)
    return bool(_name(problem)) or isinstance(problem, OSError | ValueError)


def is_lost_before_answer(problem: BaseException) -> bool:
    """Tell whether *problem* is a connection that ended or broke HTTP, not one that is slow."""
    return _name(problem) in {"RemoteProtocolError", "ReadError", "WriteError"}


def _name(problem: BaseException) -> str:
    """Return the name of the nearest class of *problem* that a library defines."""
    for each in type(problem).__mro__:
        if each.__module__.partition(".")[0] in LIBRARIES:
            return each.__name__
    return ""


def _of_class(problem: BaseException, phase: RequestPhase) -> Cause:
    name = _name(problem)
    if name == "RemoteProtocolError":
        return _of_protocol(str(problem), phase)
    if name:
        fault = OF_NAME.get(name, Fault.PROTOCOL)
    elif isinstance(problem, TimeoutError):
        fault = Fault.CONNECT_TIMEOUT if phase is RequestPhase.CONNECT else Fault.TIMEOUT
    else:
        fault = Fault.BAD_REQUEST if isinstance(problem, ValueError) else Fault.OS_ERROR
    return fault, _TEXTS.get(fault, "")


def _of_protocol(text: str, phase: RequestPhase) -> Cause:
    """Read h11's own words, up to where they quote what the server sent."""
    if text.startswith("Server disconnected"):
        return Fault.CONNECTION_LOST, "the connection was closed without an answer"
    if phase is RequestPhase.BODY and text.startswith("peer closed connection"):
        return Fault.TRUNCATED, "the body ended before its announced length"
    return Fault.PROTOCOL, _QUOTED.split(text)[0]


def _refused_by_proxy(text: str, proxy: str) -> Trouble:
    """Read ``407 Proxy Authentication Required``, whose words are the proxy's own."""
    match = _STATUS.match(text)
    status = int(match[1]) if match else None
    fault = Fault.STATUS_PROXY_AUTH if status == _PROXY_AUTH else Fault.PROXY
    detail = f"CONNECT was answered with HTTP {status}" if status else "CONNECT was refused"
    return Trouble(fault, detail, status=status, host=proxy)


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
    """Yield *problem* and all that led to it, the members of groups included.

    The pool raises ``from None``, which hides a cause but keeps it as the context.
    """
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
