"""Every call of a run that can fail, in order, and the one that is made to.

Decides what each kind of call can fail with: the classes and errnos that the
operating system, the standard library and the HTTP library have for it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2 as httpx


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail. *act* raises, or returns what the call is to do instead."""

    name: str
    act: Callable[[], Any]


def _raising(problem: Callable[[], BaseException], name: str) -> Failure:
    def act() -> Any:
        raise problem()

    return Failure(name, act)


def _returning(value: Any, name: str) -> Failure:
    return Failure(name, lambda: value)


def _errnos(*names: str) -> Iterator[Failure]:
    for name in names:
        number = getattr(errno, name)
        yield _raising(lambda number=number: OSError(number, os.strerror(number)), f"OSError {name}")


def _gaierrors(*names: str) -> Iterator[Failure]:
    for name in names:
        number = getattr(socket, name)
        yield _raising(lambda number=number: socket.gaierror(number, "as said"), f"gaierror {name}")


def _ssl(*classes: type[ssl.SSLError]) -> Iterator[Failure]:
    for each in classes:
        yield _raising(lambda each=each: each(1, "[SSL: AS_SAID] as said"), each.__name__)


def _of_the_library() -> Iterator[Failure]:
    """Yield every exception class that the HTTP library exports."""
    for name, each in sorted(vars(httpx).items()):
        if not (isinstance(each, type) and issubclass(each, Exception)):
            continue
        if issubclass(each, httpx.HTTPStatusError):
            request = httpx.Request("GET", "http://127.0.0.1/")
            response = httpx.Response(500, request=request)
            yield _raising(
                lambda each=each, a=request, b=response: each("as said", request=a, response=b),
                f"httpx.{name}",
            )
        elif issubclass(each, httpx.StreamError) and each is not httpx.StreamError:
            yield _raising(each, f"httpx.{name}")
        else:
            yield _raising(lambda each=each: each("as said"), f"httpx.{name}")


def _signals() -> Iterator[Failure]:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):

        def act(number: signal.Signals = number) -> None:
            # Only where opwatch is listening; elsewhere it would kill this very process.
            if signal.getsignal(number) not in {signal.SIG_DFL, signal.default_int_handler}:
                signal.raise_signal(number)

        yield Failure(number.name, act)


def _decode_error() -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", b"\xff", 0, 1, "as said")


_MEMORY: Final = _raising(MemoryError, "MemoryError")
_RECURSION: Final = _raising(RecursionError, "RecursionError")
_HANG: Final = _returning(True, "hangs")  # noqa: FBT003, the value that means it
_WRITES: Final = (
    *_errnos("EPIPE", "ENOSPC", "EIO", "EBADF", "EAGAIN", "EDQUOT", "EFBIG", "ENXIO", "EINTR"),
    _raising(lambda: ValueError("I/O operation on closed file."), "ValueError closed"),
    _raising(lambda: UnicodeEncodeError("ascii", "\u2713", 0, 1, "as said"), "UnicodeEncodeError"),
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
        _raising(lambda: UnicodeError("label empty or too long"), "UnicodeError"),
        _MEMORY,
        _HANG,
        *_signals(),
    ),
    "connect": (
        *_errnos("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "ENETUNREACH"),
        *_errnos("EHOSTUNREACH", "ENETDOWN", "EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOBUFS"),
        *_errnos("ENOMEM", "EACCES", "EPERM", "EINVAL", "EAFNOSUPPORT"),
        _raising(TimeoutError, "TimeoutError"),
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
        _raising(EOFError, "ends"),
        _returning(lambda _chunk: b"", "falls silent"),
        _returning(lambda chunk: bytes(each ^ 0x55 for each in chunk), "is garbage"),
        _returning(lambda chunk: chunk + chunk, "comes twice"),
        _returning(lambda chunk: chunk[:-1], "loses a byte"),
        *_signals(),
    ),
    "library": tuple(_of_the_library()),
    "stream": tuple(_of_the_library()),
    "json": (
        _RECURSION,
        _MEMORY,
        _raising(lambda: ValueError("as said"), "ValueError"),
        _raising(lambda: json.JSONDecodeError("as said", "{", 0), "JSONDecodeError"),
        _raising(_decode_error, "UnicodeDecodeError"),
    ),
    "stdout write": _WRITES,
    "stdout flush": _WRITES,
    "stderr write": _WRITES,
    "stderr flush": _WRITES,
    "token read": (*_READS, *_signals()),
    "config read": _READS,
    "clock": (
        *_errnos("EINVAL"),
        _raising(lambda: OverflowError("as said"), "OverflowError"),
        _returning(3600.0, "an hour ahead"),
        *_signals(),
    ),
    "wall clock": (
        *_errnos("EINVAL"),
        _returning(3.2e8, "ten years ahead"),
        _returning(-3.2e8, "ten years back"),
    ),
    "signal": (
        *_errnos("EINVAL"),
        _raising(lambda: ValueError("signal only works in main thread"), "ValueError"),
    ),
    "terminal size": (*_errnos("ENOTTY", "EIO"), _raising(lambda: ValueError("closed"), "closed")),
}


@dataclass(slots=True)
class Ledger:
    """Takes note of each call that can fail, and makes the one numbered *fail_at* fail."""

    fail_at: int | None = None
    failure: Failure | None = None
    calls: list[str] = field(default_factory=list)
    is_met: bool = False

    def meet(self, kind: str) -> Any:
        """Take note of a call of this *kind*; return what it is to do instead, None for nothing.

        Raises:
            BaseException: the failure that it is to have.
        """
        number = len(self.calls)
        self.calls.append(kind)
        if number != self.fail_at or self.failure is None:
            return None
        self.is_met = True
        return self.failure.act()
