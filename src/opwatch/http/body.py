"""How much of an answer is read, and how it is decoded.

Decides the bounds of a body (security rule S11) and which content codings are
taken: none, for that is what we ask for, and gzip in bounded steps, for some
servers send it all the same. Anything else, or one coding over another, is how
a few bytes become gigabytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import UnwritableError
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError

if TYPE_CHECKING:
    from typing import BinaryIO

BODY_LIMIT: Final = 8 * 1024 * 1024
_STEP: Final = 256 * 1024
_MEBIBYTE: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})


class Inflow:
    """Writes a body into *sink*, at most *limit* bytes as sent and as decoded.

    *coding* is the Content-Encoding. It is looked at when there is a body: a 304
    may name any.
    """

    def __init__(self, sink: BinaryIO, coding: str, limit: int) -> None:
        self.received = 0
        self._written = 0
        self._sink = sink
        self._limit = limit
        self._coding = coding.strip().lower()
        is_gzip = self._coding in {"gzip", "x-gzip"}
        self._gzip = zlib.decompressobj(_GZIP) if is_gzip else None

    def feed(self, chunk: bytes) -> None:
        """Take the next *chunk* of the body as it was sent.

        Raises:
            FaultError: it is too large, or coded in a way that is not taken.
            UnwritableError: the sink does not take it.
        """
        self.received += len(chunk)
        self._check(self.received)
        if self._gzip:
            self._inflate(self._gzip, chunk)
        elif self._coding in _PLAIN:
            self._write(chunk)
        else:
            raise FaultError(Fault.ENCODING, f"Content-Encoding {self._coding[:40]}")

    def finish(self) -> None:
        """Take the end of the body.

        Raises:
            FaultError: the gzip stream has no end, which nothing else would notice.
        """
        if self._gzip and self.received and not self._gzip.eof:
            raise FaultError(Fault.TRUNCATED, "the gzip stream was cut")

    def _inflate(self, gzip: zlib._Decompress, chunk: bytes) -> None:
        try:
            while chunk:
                if gzip.eof:
                    raise FaultError(Fault.ENCODING, "data after the end of the gzip stream")
                self._write(gzip.decompress(chunk, _STEP))
                chunk = gzip.unconsumed_tail or gzip.unused_data
        except zlib.error as problem:
            raise FaultError(Fault.ENCODING, "the body is not gzip") from problem

    def _write(self, data: bytes) -> None:
        self._written += len(data)
        self._check(self._written)
        try:
            self._sink.write(data)
        except OSError as problem:
            raise UnwritableError(problem.strerror or "the file cannot be written") from problem

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise FaultError(Fault.TOO_LARGE, f"larger than {_readable(self._limit)}")


def _readable(size: int) -> str:
    return f"{size / _MEBIBYTE:.0f} MiB" if size >= _MEBIBYTE else f"{size} bytes"
