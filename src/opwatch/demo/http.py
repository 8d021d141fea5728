"""HTTP/1.1 as far as a demo needs it, over the standard library's server.

Decides how much is read of a body: 1 MiB, with a Content-Length (RFC 9112 §6; no chunked
requests). And when a connection ends: when the client asks for it, after a request that
cannot be read, and with no answer at all where a reply is to be dropped.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.messages import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "127.0.0.1"
POLL: Final = 0.02
"""Seconds after which a listener that is to stop does so at the latest."""
MAX_BODY: Final = 1024 * 1024
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_MAX_LENGTH_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Request:
    """One request. *target* is the path and query as they were sent."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

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


class Listener(ThreadingMixIn, TCPServer):
    """Serves a port of this machine, with a thread for each connection."""

    allow_reuse_address = os.name == "posix"
    request_queue_size = 128

    def __init__(
        self, port: int, answer: Callable[[Request], Reply], clock: Callable[[], float]
    ) -> None:
        super().__init__((HOST, port), _Handler)
        self.answer = answer
        self.clock = clock
        self.url = f"http://{HOST}:{self.server_address[1]}"
        self._peers: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, args=(POLL,), name="demo", daemon=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, which is among the peers for as long as it is open."""
        self._peers.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let a connection go."""
        self._peers.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a bug; a client may go for any reason."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        """Serve until it is stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, cut the connections, and return when all are gone."""
        self.shutdown()
        self._thread.join()
        for each in list(self._peers):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # any method is for a dialect to judge
            return self._serve
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain
        self.close_connection = True
        self._write(Reply.page(code))

    def log_message(self, *_words: Any) -> None:
        pass

    def _serve(self) -> None:
        fault = self._fault()
        if fault is not None:
            self.send_error(fault)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        headers = Headers(tuple(self.headers.items()))
        self._write(self.server.answer(Request(self.command, self.path, headers, body)))

    def _fault(self) -> HTTPStatus | None:
        """Return the answer to a request that is not served, None if it is."""
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        is_whole = self.request_version != "HTTP/0.9" and not self.headers.defects
        if not (is_whole and self.path.startswith("/") and length.isascii() and length.isdigit()):
            return HTTPStatus.BAD_REQUEST
        if len(length) > _MAX_LENGTH_DIGITS or int(length) > MAX_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None

    def _write(self, reply: Reply) -> None:
        if not reply.status:
            self.close_connection = True
            return
        keep_alive = not self.close_connection
        self.wfile.write(render(reply, self.server.clock(), keep_alive=keep_alive))


def _phrase(status: int) -> str:
    return responses.get(status, "Unnamed")
