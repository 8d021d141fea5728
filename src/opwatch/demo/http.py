"""HTTP/1.1 as far as a demo needs it: bytes in, replies out, in order.

Decides how much is read from a client: a head of 32 KiB and a body of 1 MiB with
a Content-Length (RFC 9112 §6; no chunked requests). And when a connection ends:
when the client asks for it, after a request that cannot be read, and with no
answer at all where a reply is to be dropped.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.client import responses
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.messages import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HEAD: Final = 32 * 1024
MAX_BODY: Final = 1024 * 1024
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_MAX_LENGTH_DIGITS: Final = 9


class UnreadableError(Exception):
    """What came is not a request that is served; *status* is the answer to it."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request. *target* is the path and query as they were sent."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The path, still percent-encoded."""
        return urlsplit(self.target).path

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The query's parameters, decoded, in order."""
        return tuple(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def parameter(self, name: str) -> str | None:
        """Return the last value of the query parameter *name*, or None."""
        return dict(self.query).get(name)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. The status 0 stands for none: the connection is dropped."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, document: Any, **headers: str) -> Reply:
        """Return *document* as JSON; in the names of *headers*, ``_`` stands for ``-``."""
        more = {"Content_Type": "application/json"} | headers
        pairs = tuple((name.replace("_", "-"), value) for name, value in more.items())
        return cls(status, json.dumps(document).encode(), pairs)

    @classmethod
    def page(cls, status: int) -> Reply:
        """Return the web page that a gateway in front of an API answers with."""
        title = f"{status} {_phrase(status)}"
        text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        return cls(status, text.encode(), (("Content-Type", "text/html"),))


NO_REPLY: Final = Reply(0)


def take_request(buffer: bytearray) -> Request | None:
    """Remove the first request from *buffer* and return it, None while it is incomplete.

    Raises:
        UnreadableError: it is malformed, too large, or in a form that is not served.
    """
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        if len(buffer) >= MAX_HEAD:
            raise UnreadableError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return None
    line, *fields = buffer[:end].decode("latin-1").split("\r\n")
    headers = Headers(tuple(_field(text) for text in fields))
    start = end + 4
    stop = start + _length(headers)
    if len(buffer) < stop:
        return None
    method, target, version = _words(line)
    asks_to_close = (headers.get("connection") or "").lower() == "close"
    body = bytes(buffer[start:stop])
    del buffer[:stop]
    keep_alive = version == "HTTP/1.1" and not asks_to_close
    return Request(method, target, headers, body, keep_alive)


def render(reply: Reply, now: float, *, keep_alive: bool) -> bytes:
    """Return *reply* as it travels; *now*, in seconds since the epoch, is its Date."""
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}", f"Date: {http_date(now)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status not in _BODILESS:
        lines.append(f"Content-Length: {len(reply.body)}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + reply.body


def http_date(at: float) -> str:
    """Return *at*, in seconds since the epoch, as an HTTP-date (RFC 9110 §5.6.7)."""
    return formatdate(at, usegmt=True)


class Connection(asyncio.Protocol):
    """A connection that is in *peers* for as long as it is open."""

    def __init__(
        self,
        answer: Callable[[Request], Reply],
        clock: Callable[[], float],
        peers: set[Connection],
    ) -> None:
        self._answer = answer
        self._clock = clock
        self._peers = peers
        self._buffer = bytearray()
        self._lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)
        self._peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave; a client may go for any reason."""
        del exc
        self._peers.discard(self)
        self._lost.set_result(None)

    def pause_writing(self) -> None:
        """Read no more of a client that does not read its answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on, for the client has caught up."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        try:
            while not self._transport.is_closing() and (request := take_request(self._buffer)):
                self._write(self._answer(request), keep_alive=request.keep_alive)
        except UnreadableError as problem:
            self._write(Reply.page(problem.status), keep_alive=False)

    def abort(self) -> asyncio.Future[None]:
        """Cut the connection and return what is done when it is gone."""
        self._transport.abort()
        return self._lost

    def _write(self, reply: Reply, *, keep_alive: bool) -> None:
        if not reply.status:
            self._transport.abort()
            return
        self._transport.write(render(reply, self._clock(), keep_alive=keep_alive))
        if not keep_alive:
            self._transport.close()


def _phrase(status: int) -> str:
    return responses.get(status, "Unnamed")


def _words(line: str) -> tuple[str, str, str]:
    words = line.split(" ")
    if len(words) != 3 or not words[1].startswith("/"):  # noqa: PLR2004, RFC 9112 §3
        raise UnreadableError(HTTPStatus.BAD_REQUEST)
    if words[2] not in {"HTTP/1.1", "HTTP/1.0"}:
        raise UnreadableError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    return words[0], words[1], words[2]


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name or name != name.strip():
        raise UnreadableError(HTTPStatus.BAD_REQUEST)
    return name, value.strip()


def _length(headers: Headers) -> int:
    if "transfer-encoding" in headers:
        raise UnreadableError(HTTPStatus.LENGTH_REQUIRED)
    text = headers.get("content-length") or "0"
    if not (text.isascii() and text.isdigit()):
        raise UnreadableError(HTTPStatus.BAD_REQUEST)
    if len(text) > _MAX_LENGTH_DIGITS or int(text) > MAX_BODY:
        raise UnreadableError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)
