"""What comes in on standard input: ids, JSON, and whole HTTP answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Response
from opwatch.session.input import MOST_INPUT, read_references

ANSWER = b"HTTP/1.1 202 Accepted\r\nLocation: /ops/1\r\nX-A: b: c\r\n\r\n{}"


def _names(data: bytes) -> list[str]:
    found = read_references(data)
    assert isinstance(found, tuple)
    return [each.text for each in found]


def _answer(data: bytes) -> Response:
    found = read_references(data)
    assert isinstance(found, Response)
    return found


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"  a  \r\n\r\n\tb", ["a", "b"]),
        (b"", []),
        (b"\xef\xbb\xbfa\n", ["a"]),
        ("\ufeffa\r\nb\r\n".encode("utf-16-le"), ["a", "b"]),
        ("\ufeffa\n".encode("utf-16-be"), ["a"]),
        (b"--help\n-x\n", ["--help", "-x"]),
        ("größe\n".encode(), ["größe"]),
        (b"https://api.example.com/ops/1?a=b\n", ["https://api.example.com/ops/1?a=b"]),
        (b'"a"', ["a"]),
        (b'["a", 2, {"id": "c"}]', ["a", "2", "c"]),
        (b'{"operationId": "a", "id": 7}', ["7"]),
        (b'{"jobs": [{"name": "a"}, {"url": "/b"}]}', ["a", "/b"]),
        (b'{"id": "a"}\n\n{"id": "b"}\n', ["a", "b"]),
        ('{"id": "a\u2028b"}\n{"id": "c"}'.encode(), ["a\u2028b", "c"]),
    ],
)
def test_references_are_read(data: bytes, names: list[str]) -> None:
    assert _names(data) == names


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\x1f\x8b\x08\x00junk",
        b"a\x00b\n",
        b"a\x1b[2Jb\n",
        b"\xff\xfe\xfd",
        b'{"a": 1, "b": 2}',
        b"[null]",
        b"[true]",
        b'{"id": "a"',
        b"<!doctype html>\n<html>\n<p>Sign in\n</html>\n",
        b"[" * 100_000,
        b"x" * (MOST_INPUT + 1),
    ],
)
def test_what_names_nothing_is_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError):
        read_references(data)


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_usage_error(data: bytes) -> None:
    for each in (data, b"HTTP/1.1 200 OK\r\n" + data):
        try:
            found = read_references(each)
        except UsageError:
            continue
        assert isinstance(found, tuple | Response)


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b"HTTP/1.1 202 Accepted", "HTTP/1.1"),
        (b"HTTP/1.0 202", "HTTP/1.0"),
        (b"HTTP/2 202 ", "HTTP/2"),
        (b"HTTP/3 202", "HTTP/3"),
    ],
)
def test_every_http_that_curl_prints_is_read(line: bytes, version: str, ending: bytes) -> None:
    data = ending.join([line, b"operation-location: https://a.example/1", b"", b'{"id": 1}'])

    answer = _answer(data)

    assert (answer.status, answer.http_version, answer.body) == (202, version, b'{"id": 1}')
    assert answer.headers.get("Operation-Location") == "https://a.example/1"


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n",
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\n\nHTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_the_last_answer_counts(before: bytes) -> None:
    answer = _answer(before + ANSWER)

    assert (answer.status, answer.headers.get("location")) == (202, "/ops/1")
    assert answer.headers.get("x-a") == "b: c"


def test_a_body_may_hold_anything() -> None:
    body = b"\x00\xff\r\n\r\nHTTP/1.1 nonsense\r\n\r\n" + bytes(range(256))

    assert _answer(b"HTTP/1.1 200 OK\r\n\r\n" + body).body == body


def test_an_answer_may_end_with_its_headers() -> None:
    for data in (b"HTTP/2 202\r\nlocation: /ops/1\r\n\r\n", b"HTTP/2 202\r\nlocation: /ops/1"):
        answer = _answer(data)
        assert (answer.headers.get("location"), answer.body) == ("/ops/1", b"")


def test_no_byte_but_the_line_feed_begins_another_header() -> None:
    answer = _answer(b"HTTP/1.1 202 OK\r\nX-A: a\x85Location: /evil\x0bLocation: /evil\r\n\r\n")

    assert answer.headers.get("location") is None


def test_the_lengths_that_curl_has_already_used_do_not_matter() -> None:
    data = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n" + b'{"id":1}'
    )

    assert _answer(data).body == b'{"id":1}'
