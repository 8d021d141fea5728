"""Faults 20, 33 to 36, 46 to 48 and 60 to 65: what a server can send for an answer."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Fault, Trouble
from servers.proxy import Ending, FaultProxy
from servers.raw import RawServer, Step, answer, drip, flood, hang, http, pause, read, send

if TYPE_CHECKING:
    from opwatch.http.client import Client

MEBIBYTE = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"
ZEROS = gzip.compress(bytes(64 * MEBIBYTE), compresslevel=1)


async def ask(client: Client, *steps: Step, seconds: float = 2) -> Response | Trouble:
    with RawServer([read(), *steps]) as server:
        return named(await client.send(Request("GET", server.url), timeout=seconds), server.port)


def named(answer: Response | Trouble, port: int) -> Response | Trouble:
    """Return *answer*, of whose host the *port* is right, without it."""
    if isinstance(answer, Response):
        return answer
    host, _, found = answer.host.partition(":")
    assert found == str(port)
    return replace(answer, host=host)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("204 No Content", id="fault 33: 204"),
        pytest.param("205 Reset Content", id="fault 33: 205"),
        pytest.param("200 OK", id="fault 33: an empty 200"),
        pytest.param("206 Partial Content", id="fault 34"),
        pytest.param("999 Request denied", id="fault 35: 999"),
        pytest.param("304 Not Modified", id="fault 20"),
        pytest.param("418", id="no reason at all"),
    ],
)
async def test_any_status_is_handed_on_as_it_is(client: Client, status: str) -> None:
    response = await ask(client, send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))

    assert isinstance(response, Response)
    assert (response.status, response.body) == (int(status[:3]), b"")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(b"HTTP/1.1 2OO OK\r\n\r\n", Fault.PROTOCOL, id="fault 35: letters"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", Fault.PROTOCOL, id="fault 35: two digits"),
        pytest.param(b"HTTP/9.9 200 OK\r\n\r\n", Fault.PROTOCOL, id="fault 35: version"),
        pytest.param(b"\x16\x03\x01\x00\x05junk\r\n\r\n", Fault.PROTOCOL, id="fault 35: binary"),
        pytest.param(b"<html>\r\n\r\n", Fault.PROTOCOL, id="fault 35: no status line"),
        pytest.param(b"\r\n\r\n", Fault.PROTOCOL, id="fault 35: empty lines"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Fault.PROTOCOL, id="fault 35: 101 unasked"
        ),
        pytest.param(b"", Fault.CONNECTION_LOST, id="nothing"),
        pytest.param(OK + b"A: b\r\n", Fault.CONNECTION_LOST, id="half of the headers"),
        pytest.param(OK + b"A b\r\n\r\n", Fault.PROTOCOL, id="a header without a colon"),
        pytest.param(OK + b"A: \x00\r\n\r\n", Fault.PROTOCOL, id="NUL in a header"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\n{", Fault.TRUNCATED, id="fault 46: too short"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            Fault.TRUNCATED,
            id="fault 46: no last chunk",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            Fault.PROTOCOL,
            id="fault 64: bad chunk",
        ),
        pytest.param(
            OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
            Fault.PROTOCOL,
            id="fault 64: two lengths",
        ),
        pytest.param(
            OK + b"Content-Length: -2\r\n\r\n{}", Fault.PROTOCOL, id="fault 64: no length"
        ),
        pytest.param(
            OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            Fault.PROTOCOL,
            id="fault 64: length and chunks",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: gzip\r\n\r\n{}", Fault.PROTOCOL, id="fault 65: transfer"
        ),
        pytest.param(
            http(b"{}", "Content-Encoding: x-nonsense"), Fault.ENCODING, id="fault 65: unknown"
        ),
        pytest.param(http(b"{}", "Content-Encoding: br"), Fault.ENCODING, id="fault 61: br"),
        pytest.param(http(b"{}", "Content-Encoding: zstd"), Fault.ENCODING, id="fault 61: zstd"),
        pytest.param(
            http(gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip, gzip"),
            Fault.ENCODING,
            id="fault 61: stacked",
        ),
        pytest.param(
            http(
                gzip.compress(gzip.compress(b"{}")),
                "Content-Encoding: gzip",
                "Content-Encoding: gzip",
            ),
            Fault.ENCODING,
            id="fault 61: stacked in two headers",
        ),
        pytest.param(http(b"{}", "Content-Encoding: gzip"), Fault.ENCODING, id="no gzip"),
        pytest.param(
            http(gzip.compress(b"{}") + b"more", "Content-Encoding: gzip"),
            Fault.ENCODING,
            id="bytes behind gzip",
        ),
        pytest.param(
            http(gzip.compress(b"{}" * 99)[:-1], "Content-Encoding: gzip"),
            Fault.TRUNCATED,
            id="fault 48: no trailer",
        ),
        pytest.param(
            http(gzip.compress(b"{}" * 99)[:20], "Content-Encoding: gzip"),
            Fault.TRUNCATED,
            id="fault 48: cut",
        ),
        pytest.param(
            http(zlib.compress(b"{}"), "Content-Encoding: gzip"), Fault.ENCODING, id="deflate"
        ),
    ],
)
async def test_a_broken_answer_is_a_fault_and_never_an_answer(
    client: Client, data: bytes, fault: Fault
) -> None:
    trouble = await ask(client, send(data))

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, trouble.host) == (fault, "127.0.0.1")


async def test_what_the_server_sent_is_not_in_the_text_about_it(client: Client) -> None:
    """It may hold an echo of our own headers."""
    trouble = await ask(client, send(b"Authorization: Bearer canary-7f3a\r\n\r\n"))

    assert trouble == Trouble(Fault.PROTOCOL, "illegal status line", host="127.0.0.1")


async def test_a_body_that_ends_with_the_connection_is_taken_as_it_is(client: Client) -> None:
    """Fault 47: nobody can tell whether it was cut; its JSON will."""
    response = await ask(client, send(OK + b'\r\n{"status": "SUCC'))

    assert isinstance(response, Response)
    assert response.body == b'{"status": "SUCC'


async def test_a_reason_and_a_header_with_escapes_are_kept_raw(client: Client) -> None:
    """Fault 36: what is shown is cleaned where it is shown."""
    response = await ask(client, send(http(b"{}", "X-Name: \x1b[31mred", status="200 \x1b]0;x")))

    assert isinstance(response, Response)
    assert response.headers.get("x-name") == "\x1b[31mred"


async def test_the_bytes_of_a_header_are_kept_whatever_they_encode(client: Client) -> None:
    response = await ask(client, send(http(b"{}", "X-Name: \xe9\xff", "X-Two: a", "x-two: b")))

    assert isinstance(response, Response)
    assert response.headers.get("X-Name") == "\xe9\xff"
    assert response.headers.all("x-two") == ("a", "b")


@pytest.mark.parametrize("label", ["identity", "IDENTITY", ""])
async def test_no_coding_by_any_label_is_no_coding(client: Client, label: str) -> None:
    response = await ask(client, send(http(b"{}", f"Content-Encoding: {label}")))

    assert isinstance(response, Response)
    assert response.body == b"{}"


@pytest.mark.parametrize("label", ["gzip", "x-gzip", "GZIP"])
async def test_gzip_is_taken_though_it_was_not_asked_for(client: Client, label: str) -> None:
    body = b'{"status": "RUNNING"}' * 9000

    response = await ask(client, send(http(gzip.compress(body), f"Content-Encoding: {label}")))

    assert isinstance(response, Response)
    assert response.body == body


async def test_a_coding_without_a_body_is_no_fault(client: Client) -> None:
    response = await ask(client, send(b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: br\r\n\r\n"))

    assert isinstance(response, Response)
    assert response.status == 304


async def test_exactly_eight_mebibytes_are_taken(client: Client) -> None:
    response = await ask(client, send(http(bytes(8 * MEBIBYTE))), seconds=10)

    assert isinstance(response, Response)
    assert len(response.body) == 8 * MEBIBYTE


@pytest.mark.every(4)
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([send(http(bytes(8 * MEBIBYTE + 1)))], id="fault 60: one byte more"),
        pytest.param([send(OK + b"\r\n"), flood(b"[" * 65536)], id="fault 60: without end"),
        pytest.param(
            [
                send(OK + b"Transfer-Encoding: chunked\r\n\r\n"),
                flood(b"400\r\n" + b"x" * 1024 + b"\r\n"),
            ],
            id="fault 60: chunks without end",
        ),
        pytest.param([send(http(ZEROS, "Content-Encoding: gzip"))], id="fault 61: gzip bomb"),
    ],
)
async def test_reading_stops_at_eight_mebibytes_and_takes_little_memory(
    client: Client, steps: list[Step]
) -> None:
    tracemalloc.start()
    try:
        trouble = await ask(client, *steps, seconds=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert trouble == Trouble(Fault.TOO_LARGE, "larger than 8 MiB", status=200, host="127.0.0.1")
    assert peak < 40 * MEBIBYTE


async def test_endless_headers_end(client: Client) -> None:
    """Fault 62."""
    tracemalloc.start()
    try:
        trouble = await ask(client, send(OK), flood(b"X-Filler: " + b"y" * 90 + b"\r\n"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.PROTOCOL
    assert peak < 10 * MEBIBYTE


@pytest.mark.every(6)
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([hang()], id="no answer"),
        pytest.param([drip(OK * 9, 0.05)], id="fault 63: headers"),
        pytest.param([send(OK + b"\r\n"), drip(b"x" * 99, 0.05)], id="fault 63: body"),
        pytest.param(
            [send(OK + b"\r\n"), drip(b"x" * 99_000, 0.05, 2048)], id="fault 63: a slow body"
        ),
        pytest.param([send(http(b"x" * 9)[:-1]), hang()], id="the last byte never comes"),
        pytest.param([flood(b"HTTP/1.1 102 Processing\r\n\r\n")], id="fault 35: 1xx flood"),
    ],
)
async def test_the_time_of_a_request_is_that_of_the_whole_request(
    client: Client, steps: list[Step]
) -> None:
    trouble = await ask(client, *steps, seconds=1.5)

    assert trouble == Trouble(Fault.TIMEOUT, host="127.0.0.1")


async def test_a_reply_that_takes_its_time_is_waited_for(client: Client) -> None:
    response = await ask(
        client, send(b"HTTP/1.1 103 Early Hints\r\n\r\n"), pause(0.1), send(http(b"{}"))
    )

    assert isinstance(response, Response)
    assert response.status == 200


class TestBytesAfterAnAnswer:
    """Fault 64: what comes after an answer is never the answer to the next request."""

    async def test_are_not_the_answer_to_the_next_request(self, client: Client) -> None:
        lie = http(b'{"status": "SUCCEEDED"}')
        with RawServer([read(), send(http(b"1") + lie), read(), hang()], [answer(b"2")]) as server:
            first = await client.send(Request("GET", server.url), timeout=2)
            second = await client.send(Request("GET", server.url), timeout=2)

        assert isinstance(first, Response)
        assert isinstance(second, Response)
        assert (first.body, second.body) == (b"1", b"2")

    async def test_are_a_fault_where_the_request_cannot_be_repeated(self, client: Client) -> None:
        lie = http(b'{"status": "SUCCEEDED"}')
        with RawServer([read(), send(http(b"1") + lie), read(), hang()], [answer(b"2")]) as server:
            await client.send(Request("GET", server.url), timeout=2)
            trouble = await client.send(Request("POST", server.url, body=b"{}"), timeout=2)

        assert isinstance(trouble, Trouble)
        assert trouble.fault is Fault.PROTOCOL

    async def test_of_an_old_server_that_adds_an_empty_line_do_no_harm(
        self, client: Client
    ) -> None:
        with RawServer([read(), send(http(b"1") + b"\r\n"), read()], [answer(b"2")]) as server:
            bodies = [await client.send(Request("GET", server.url), timeout=2) for _ in range(2)]

        assert [each.body for each in bodies if isinstance(each, Response)] == [b"1", b"2"]


class TestASpoiledLine:
    @pytest.mark.parametrize("spoils_requests", [False, True])
    async def test_that_passes_one_byte_at_a_time_changes_nothing(
        self, client: Client, *, spoils_requests: bool
    ) -> None:
        with (
            RawServer([answer(b'{"status": "RUNNING"}')] * 2) as server,
            FaultProxy(server.port, piece=1, spoils_requests=spoils_requests) as line,
        ):
            bodies = [await client.send(Request("GET", line.url), timeout=5) for _ in range(2)]

        assert [each.body for each in bodies if isinstance(each, Response)] == [
            b'{"status": "RUNNING"}'
        ] * 2
        assert line.connections == 1

    @pytest.mark.parametrize(
        ("then", "fault"),
        [
            (Ending.CLOSED, Fault.TRUNCATED),
            (Ending.RESET, Fault.CONNECTION_LOST),
            (Ending.SILENT, Fault.TIMEOUT),
        ],
    )
    async def test_that_ends_in_the_body_is_a_fault(
        self, client: Client, then: Ending, fault: Fault
    ) -> None:
        with (
            RawServer([answer(b"x" * 500)]) as server,
            FaultProxy(server.port, after=200, then=then) as line,
        ):
            trouble = await client.send(Request("GET", line.url), timeout=1.5)

        assert isinstance(trouble, Trouble)
        assert trouble.fault is fault

    async def test_that_is_slow_is_waited_for(self, client: Client) -> None:
        with (
            RawServer([answer(b"x" * 50)]) as server,
            FaultProxy(server.port, latency=0.02, jitter=0.02, piece=20, linger=0.1) as line,
        ):
            response = await client.send(Request("GET", line.url), timeout=5)

        assert isinstance(response, Response)
