from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from opwatch.demo.http import MAX_BODY, Listener, Reply, Request, render

if TYPE_CHECKING:
    from collections.abc import Iterator


class Served(Listener):
    """A listener that keeps what it was asked, and answers all of it alike."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        super().__init__(0, self.take, lambda: 0.0)

    def take(self, request: Request) -> Reply:
        self.seen.append(request)
        return Reply(204)


@pytest.fixture
def served() -> Iterator[Served]:
    listener = Served()
    listener.start()
    yield listener
    listener.stop()


def exchanged(served: Served, *pieces: bytes) -> bytes:
    """Return all that is answered to *pieces* until the connection ends."""
    with socket.create_connection(("127.0.0.1", served.server_address[1]), timeout=5) as sock:
        for piece in pieces:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_request_is_taken_when_it_is_whole_and_not_before(served: Served) -> None:
    whole = b"POST /a%2Fb?x=1&x=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"

    text = exchanged(served, *(bytes([byte]) for byte in whole * 2), whole[:-1])

    assert text.count(b"HTTP/1.1 204") == len(served.seen) == 2
    first = served.seen[0]
    assert (first.method, first.path, first.body) == ("POST", "/a%2Fb", b"abc")
    assert first.query == (("x", "1"), ("x", "2"))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nspaced : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 65_537, 431),
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(
    text: bytes, status: int, served: Served
) -> None:
    answer = exchanged(served, text)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in answer
    assert served.seen == []


@pytest.mark.parametrize(
    ("head", "answers"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 2),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", 1),
        (b"GET / HTTP/1.0\r\n\r\n", 1),
    ],
)
def test_a_connection_is_kept_unless_the_client_wants_it_closed(
    head: bytes, answers: int, served: Served
) -> None:
    assert exchanged(served, head + head).count(b"HTTP/1.1 204") == answers


def test_a_reply_travels_with_its_date_and_length() -> None:
    text = render(Reply.json(202, {}, Retry_After="1"), 784111777.0, keep_alive=False)

    assert text.split(b"\r\n") == [
        b"HTTP/1.1 202 Accepted",
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
        b"Content-Type: application/json",
        b"Retry-After: 1",
        b"Content-Length: 2",
        b"Connection: close",
        b"",
        b"{}",
    ]


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_that_can_have_no_body_has_no_length(status: int) -> None:
    assert b"Content-Length" not in render(Reply(status), 0.0, keep_alive=True)
