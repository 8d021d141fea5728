"""What each exception of the network means, as one of the closed set of faults.

Decides, for every exception class of the HTTP library and of what it stands on,
which ``Fault`` it is. Classes are known by their names, which the library's two
layers share. The texts are ours: the library's own may quote a header's value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.causes import cause_of
from opwatch.http.trace import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.http.causes import Cause
    from opwatch.http.trace import Trail

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
    """A fault that this room finds by itself, perhaps once the HTTP *status* had come."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.status: int | None = None


def trouble_of(problem: BaseException, trail: Trail, host: str, proxy: str) -> Trouble | None:
    """Return what *problem* means for the poll, None for a bug of ours.

    *host* and *proxy* name who was asked; *proxy* is empty where there is none.
    """
    if isinstance(problem, FaultError):
        return Trouble(problem.fault, problem.detail, problem.status, host=host)
    if not is_foreign(problem):
        return None
    if _name(problem) == "ProxyError":
        return _refused_by_proxy(str(problem), proxy)
    fault, detail = cause_of(problem, trail.phase) or _of_class(problem, trail.phase)
    is_connecting = trail.phase in {Phase.CONNECT, Phase.TLS}
    if proxy and trail.at_proxy and (is_connecting or fault is not Fault.TIMEOUT):
        fault = fault if fault is Fault.NO_DESCRIPTORS else Fault.PROXY
        return Trouble(fault, detail, host=proxy)
    return Trouble(fault, detail, host=host)


def is_foreign(problem: BaseException) -> bool:
    """Tell whether *problem* comes from the network or the libraries, not from our own code."""
    if isinstance(problem, BaseExceptionGroup):
        return all(is_foreign(each) for each in problem.exceptions)
    return bool(_name(problem)) or isinstance(problem, OSError | ValueError)


def is_lost_before_answer(problem: BaseException) -> bool:
    """Tell whether *problem* is a connection that ended or babbled, not one that is slow."""
    return _name(problem) in {"RemoteProtocolError", "ReadError", "WriteError"}


def _name(problem: BaseException) -> str:
    """Return the name of the nearest class of *problem* that a library defines."""
    for each in type(problem).__mro__:
        if each.__module__.partition(".")[0] in LIBRARIES:
            return each.__name__
    return ""


def _of_class(problem: BaseException, phase: Phase) -> Cause:
    name = _name(problem)
    if name == "RemoteProtocolError":
        return _of_protocol(str(problem), phase)
    if name:
        fault = OF_NAME.get(name, Fault.PROTOCOL)
    elif isinstance(problem, TimeoutError):
        fault = Fault.CONNECT_TIMEOUT if phase is Phase.CONNECT else Fault.TIMEOUT
    else:
        fault = Fault.BAD_REQUEST if isinstance(problem, ValueError) else Fault.OS_ERROR
    return fault, _TEXTS.get(fault, "")


def _of_protocol(text: str, phase: Phase) -> Cause:
    """Read h11's own words, up to where they quote what the server sent."""
    if text.startswith("Server disconnected"):
        return Fault.CONNECTION_LOST, "the connection was closed without an answer"
    if phase is Phase.BODY and text.startswith("peer closed connection"):
        return Fault.TRUNCATED, "the body ended before its announced length"
    return Fault.PROTOCOL, _QUOTED.split(text)[0]


def _refused_by_proxy(text: str, proxy: str) -> Trouble:
    """Read ``407 Proxy Authentication Required``, whose words are the proxy's own."""
    match = _STATUS.match(text)
    status = int(match[1]) if match else None
    fault = Fault.STATUS_PROXY_AUTH if status == _PROXY_AUTH else Fault.PROXY
    detail = f"CONNECT was answered with HTTP {status}" if status else "CONNECT was refused"
    return Trouble(fault, detail, status=status, host=proxy)
