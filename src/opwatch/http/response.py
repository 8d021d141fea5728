"""How an answer is read: its framing, its headers and its body.

Decides which framing is refused because two readers could see two answers in it
(fault 64), the bounds of a body (security rule S11), and which content codings are
taken: none, for that is what we ask for, and gzip in bounded steps, for some servers
send it all the same. Anything else, or one coding over another, is how a few bytes
become gigabytes.
"""

from __future__ import annotations

import asyncio
import io
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from opwatch.domain.errors import UnwritableError
from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Fault, Speaker
from opwatch.http.faults import FaultError, RequestTrace

if TYPE_CHECKING:
    from opwatch.http.connection import Connection, Head


BODY_LIMIT: Final = 8 * 1024 * 1024
_STEP: Final = 256 * 1024
_BEGINNING: Final = 4096
_MEBIBYTE: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})


# Bytes that must arrive within the idle bound of a download; a byte now and then is a
# slow loris (fault 63).
_PROGRESS: Final = 1024
# A partial answer (206) is not a result; one of 204 or 205 has no body.
_RESULTS: Final = frozenset({200, 201, 202, 203})


@dataclass(frozen=True, slots=True)
class ResponseReader:
    """Reads the answer to *request* that left *trace*: *limit* bytes, while *clock* runs.

    With *into*, the body of a good answer is a result: it goes there, and extends
    the time by *seconds*. Any other is kept in memory, up to BODY_LIMIT.
    """

    request: Request
    trace: RequestTrace
    limit: int
    into: BinaryIO | None
    clock: asyncio.Timeout
    seconds: float

    async def read_response(self, head: Head, connection: Connection) -> Response:
        """Return the whole answer that begins with *head*; its body comes over *connection*.

        Raises:
            OSError: the connection is lost.
            ProtocolError: the body has not ended as its head announced.
            FaultError: its framing or its body is not taken.
            UnwritableError: the file does not take the body.
        """
        received_at = time.time()
        _check_framing(head, self.trace)
        coding = ",".join(head.headers.all("content-encoding"))
        memory = io.BytesIO()
        into = self.into if head.status in _RESULTS else None
        limit = self.limit if into else min(self.limit, BODY_LIMIT)
        try:
            decoder = BodyDecoder(into or memory, coding, limit)
            await self._decode(connection, decoder, extends=bool(into))
        except FaultError as problem:
            if problem.fault is Fault.TOO_LARGE:
                problem.status = head.status
                problem.speaker = _speaker(memory.getbuffer())
            raise
        return Response(
            head.status,
            self.request.url,
            head.headers,
            memory.getvalue(),
            received_at=received_at,
            is_anonymous=self.request.is_anonymous,
            http_version=head.version,
        )

    async def _decode(
        self, connection: Connection, decoder: BodyDecoder, *, extends: bool = False
    ) -> None:
        mark = 0
        while chunk := await connection.piece():
            decoder.feed(chunk)
            if extends and decoder.received - mark >= _PROGRESS:
                mark = decoder.received
                self.clock.reschedule(asyncio.get_running_loop().time() + self.seconds)
        decoder.finish()


def _speaker(body: memoryview) -> Speaker:
    """Tell from its beginning whether *body*, which is too large to be read, is JSON."""
    begins = bytes(body[:_BEGINNING]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return Speaker.API if begins in {b"{", b"["} else Speaker.OTHER


def _check_framing(head: Head, trace: RequestTrace) -> None:
    if trace.is_unsolicited:
        raise FaultError(Fault.PROTOCOL, "bytes after the end of the answer before")
    if not head.version.startswith("HTTP/1."):
        raise FaultError(Fault.PROTOCOL, "the answer is not of HTTP/1")
    if "transfer-encoding" in head.headers and "content-length" in head.headers:
        raise FaultError(Fault.PROTOCOL, "both Transfer-Encoding and Content-Length")


class BodyDecoder:
    """Writes a body into *sink*, at most *limit* bytes as sent and as decoded.

    *coding* is the Content-Encoding. It counts only if there is a body: a 304
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
