from __future__ import annotations

import pytest

from opwatch.demo.http import (
    MAX_BODY,
    MAX_HEAD,
    Reply,
    Request,
    UnreadableError,
    render,
    take_request,
)


def _taken(text: bytes) -> Request | None:
    return take_request(bytearray(text))


def test_a_request_is_taken_when_it_is_whole_and_not_before() -> None:
    whole = b"POST /a%2Fb?x=1&x=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    buffer = bytearray()
    taken = []
    for byte in whole * 2:
        buffer.append(byte)
        if request := take_request(buffer):
            taken.append(request)

    assert len(taken) == 2
    assert not buffer
    first = taken[0]
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
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD, 431),
    ],
)
def test_what_is_no_request_is_refused(text: bytes, status: int) -> None:
    with pytest.raises(UnreadableError) as caught:
        _taken(text)

    assert status == caught.value.status


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [("1.1", "keep-alive", True), ("1.1", "Close", False), ("1.0", "keep-alive", False)],
)
def test_a_connection_is_kept_unless_the_client_wants_it_closed(
    version: str, connection: str, *, expected: bool
) -> None:
    request = _taken(f"GET / HTTP/{version}\r\nConnection: {connection}\r\n\r\n".encode())

    assert request
    assert expected == request.keep_alive


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
