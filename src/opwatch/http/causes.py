"""What lies behind a failure: TLS, the resolver, or the operating system.

Decides which of the exceptions that led to one another tells the fault. The HTTP
library says ConnectError for a mistyped name, a closed port and a bad certificate
alike; the truth is in its causes.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.trouble import Fault
from opwatch.http.trace import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Cause: TypeAlias = tuple[Fault, str]

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
# When a host's addresses failed in different ways, the one named first above tells
# most: an IPv4 address that refused says more than an IPv6 one without a route.
_RANKS: Final = {fault: rank for rank, fault in enumerate(dict.fromkeys(_OF_ERRNO.values()))}
_OF_RESOLVER: Final = _by_number(
    socket,
    {
        "EAI_NONAME": Fault.UNRESOLVED,
        "EAI_NODATA": Fault.UNRESOLVED,
        "EAI_ADDRFAMILY": Fault.UNRESOLVED,
    },
)


def cause_of(problem: BaseException, phase: Phase) -> Cause | None:
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


def _of_tls(chain: tuple[BaseException, ...], phase: Phase) -> Cause | None:
    errors = [each for each in chain if isinstance(each, ssl.SSLError)]
    for each in errors:
        if isinstance(each, ssl.SSLCertVerificationError):
            said = getattr(each, "verify_message", "")  # OpenSSL's own errors have it
            return Fault.CERTIFICATE, said or "the certificate is not trusted"
    for each in errors:
        if not isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            reason = (getattr(each, "reason", "") or "failed").replace("_", " ").lower()
            return Fault.TLS, reason
    # A server that speaks no TLS waits for a request, or closes: no handshake either way.
    return (Fault.TLS, "no handshake") if phase is Phase.TLS else None


def _of_resolver(chain: tuple[BaseException, ...]) -> Cause | None:
    for each in chain:
        if isinstance(each, socket.gaierror):
            fault = _OF_RESOLVER.get(each.errno or 0, Fault.RESOLVER_DOWN)
            return fault, each.strerror or "the name cannot be resolved"
    return None


def _of_system(chain: tuple[BaseException, ...], phase: Phase) -> Cause | None:
    numbers = [each.errno for each in chain if isinstance(each, OSError) and each.errno]
    known = [each for each in numbers if each in _OF_ERRNO]
    if not known:
        return (Fault.OS_ERROR, os.strerror(numbers[0])) if numbers else None
    number = min(known, key=lambda each: _RANKS[_OF_ERRNO[each]])
    fault = _OF_ERRNO[number]
    if fault is Fault.CONNECT_TIMEOUT and phase is not Phase.CONNECT:
        fault = Fault.CONNECTION_LOST
    return fault, os.strerror(number)
