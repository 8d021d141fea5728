"""Every call of a run that can fail, in order, and the one that is made to.

Decides what each kind of call can fail with: the classes and errnos that the
operating system, the standard library and the HTTP library have for it. What no
system makes fail once (reading a clock, setting the handler of a signal) is not there.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import h11

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail. *act* raises, or returns what the call is to do instead."""

    name: str
    act: Callable[[], Any]


def _raising(name: str, kind: Callable[..., BaseException], *args: Any, **more: Any) -> Failure:
    def act() -> Any:
        raise kind(*args, **more)

    return Failure(name, act)


def _returning(name: str, value: Any) -> Failure:
    return Failure(name, lambda: value)


def _errnos(*names: str) -> Iterator[Failure]:
    for name in names:
        number = getattr(errno, name)
        yield _raising(f"OSError {name}", OSError, number, os.strerror(number))


def _gaierrors(*names: str) -> Iterator[Failure]:
    for name in names:
        yield _raising(f"gaierror {name}", socket.gaierror, getattr(socket, name), "as said")


def _ssl(*classes: type[ssl.SSLError]) -> Iterator[Failure]:
    for each in classes:
        yield _raising(each.__name__, each, 1, "[SSL: AS_SAID] as said")


def _of_the_library() -> Iterator[Failure]:
    """Yield every exception that the HTTP library raises; their common base is abstract."""
    for each in (h11.LocalProtocolError, h11.RemoteProtocolError):
        yield _raising(f"h11.{each.__name__}", each, "as said")


def _signals() -> Iterator[Failure]:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):

        def act(number: signal.Signals = number) -> None:
            # Only where opwatch is listening; elsewhere it would kill this very process.
            if signal.getsignal(number) not in {signal.SIG_DFL, signal.default_int_handler}:
                signal.raise_signal(number)

        yield Failure(number.name, act)


_MEMORY: Final = _raising("MemoryError", MemoryError)
_RECURSION: Final = _raising("RecursionError", RecursionError)
_HANG: Final = _returning("hangs", True)  # noqa: FBT003, the value that means it
_WRITES: Final = (
    *_errnos("EPIPE", "ENOSPC", "EIO", "EBADF", "EAGAIN", "EDQUOT", "EFBIG", "ENXIO", "EINTR"),
    _raising("ValueError closed", ValueError, "I/O operation on closed file."),
    _raising("UnicodeEncodeError", UnicodeEncodeError, "ascii", "\u2713", 0, 1, "as said"),
    _MEMORY,
    *_signals(),
)
_READS: Final = (
    *_errnos("EACCES", "ENOENT", "EIO", "EMFILE", "EISDIR", "ELOOP", "ESTALE"),
    _MEMORY,
)

FAILURES: Final[Mapping[str, tuple[Failure, ...]]] = {
    "resolve": (
        *_gaierrors("EAI_NONAME", "EAI_NODATA", "EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY"),
        *_gaierrors("EAI_SYSTEM"),
        *_errnos("EMFILE"),
        _raising("UnicodeError", UnicodeError, "label empty or too long"),
        _MEMORY,
        _HANG,
        *_signals(),
    ),
    "connect": (
        *_errnos("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "ENETUNREACH"),
        *_errnos("EHOSTUNREACH", "ENETDOWN", "EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOBUFS"),
        *_errnos("ENOMEM", "EACCES", "EPERM", "EINVAL", "EAFNOSUPPORT"),
        _raising("TimeoutError", TimeoutError),
        _MEMORY,
        _HANG,
        *_signals(),
    ),
    "tls": (
        *_ssl(ssl.SSLError, ssl.SSLCertVerificationError, ssl.SSLEOFError),
        *_ssl(ssl.SSLZeroReturnError, ssl.SSLSyscallError),
        *_errnos("ECONNRESET"),
        _MEMORY,
    ),
    "send": (
        *_errnos("EPIPE", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOBUFS"),
        _HANG,
        *_signals(),
    ),
    "receive": (
        *_errnos("ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"),
        _raising("ends", EOFError),
        _returning("falls silent", lambda _chunk: b""),
        _returning("is garbage", lambda chunk: bytes(each ^ 0x55 for each in chunk)),
        _returning("comes twice", lambda chunk: chunk + chunk),
        _returning("loses a byte", lambda chunk: chunk[:-1]),
        *_signals(),
    ),
    "library": (*_of_the_library(), _MEMORY, *_signals()),
    "stream": (*_of_the_library(), _MEMORY, *_signals()),
    "json": (
        _RECURSION,
        _MEMORY,
        _raising("ValueError", ValueError, "as said"),
        _raising("JSONDecodeError", json.JSONDecodeError, "as said", "{", 0),
        _raising("UnicodeDecodeError", UnicodeDecodeError, "utf-8", b"\xff", 0, 1, "as said"),
    ),
    "stdout write": _WRITES,
    "stdout flush": _WRITES,
    "stderr write": _WRITES,
    "stderr flush": _WRITES,
    "token read": (*_READS, *_signals()),
    "config read": _READS,
    "clock": (_returning("an hour ahead", 3600.0), *_signals()),
    "wall clock": (
        _returning("ten years ahead", 3.2e8),
        _returning("ten years back", -3.2e8),
    ),
}


@dataclass(slots=True)
class Ledger:
    """Takes note of each call that can fail, and makes the one numbered *fail_at* fail."""

    fail_at: int | None = None
    failure: Failure | None = None
    calls: list[str] = field(default_factory=list)
    met: str = ""

    def meet(self, kind: str) -> Any:
        """Take note of a call of this *kind*; return what it is to do instead, None for nothing.

        Raises:
            BaseException: the failure that it is to have.
        """
        number = len(self.calls)
        self.calls.append(kind)
        if number != self.fail_at or self.failure is None:
            return None
        self.met = kind
        return self.failure.act()
