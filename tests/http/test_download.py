"""Results are streamed to a file: bounded in size and in silence, not in time."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest

from opwatch.domain.errors import UnwritableError
from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Fault, Trouble
from servers.raw import RawServer, Step, answer, drip, flood, hang, http, read, send

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.http.client import Client

MEBIBYTE = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n\r\n"


async def fetch(
    client: Client, sink: BinaryIO, *steps: Step, seconds: float = 2, limit: int = 99 * MEBIBYTE
) -> Response | Trouble:
    with RawServer([read(), *steps]) as server:
        request = Request("GET", server.url)
        found = await client.download(request, sink, timeout=seconds, limit=limit)
    if isinstance(found, Trouble):
        assert found.host == f"127.0.0.1:{server.port}"
        return replace(found, host="127.0.0.1")
    return found


async def test_a_large_result_goes_to_the_file_and_not_through_memory(
    client: Client, tmp_path: Path
) -> None:
    body = bytes(range(256)) * (12 * MEBIBYTE // 256)
    step = send(http(body))
    tracemalloc.start()
    try:
        with (tmp_path / "result").open("wb") as sink:
            response = await fetch(client, sink, step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(response, Response)
    assert response.body == b""
    assert (tmp_path / "result").read_bytes() == body
    assert peak < 4 * MEBIBYTE


async def test_a_coded_result_is_decoded(client: Client) -> None:
    body = b"a,b\n" * 300_000
    sink = io.BytesIO()

    await fetch(client, sink, send(http(gzip.compress(body), "Content-Encoding: gzip")))

    assert sink.getvalue() == body


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([send(http(bytes(2 * MEBIBYTE)))], id="as sent"),
        pytest.param([send(OK), flood(b"x" * 4096)], id="without end"),
        pytest.param(
            [send(http(gzip.compress(bytes(9 * MEBIBYTE)), "Content-Encoding: gzip"))],
            id="as decoded",
        ),
    ],
)
async def test_a_result_ends_at_the_limit(client: Client, steps: list[Step]) -> None:
    sink = io.BytesIO()

    trouble = await fetch(client, sink, *steps, limit=MEBIBYTE)

    assert trouble == Trouble(Fault.TOO_LARGE, "larger than 1 MiB", status=200, host="127.0.0.1")
    assert len(sink.getvalue()) <= MEBIBYTE


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "206 Partial Content"])
async def test_any_other_answer_does_not_touch_the_file(client: Client, status: str) -> None:
    sink = io.BytesIO()

    response = await fetch(client, sink, send(http(b"<html>", status=status)))

    assert isinstance(response, Response)
    assert (response.body, sink.getvalue()) == (b"<html>", b"")


async def test_a_result_may_take_longer_than_any_silence_in_it(client: Client) -> None:
    sink = io.BytesIO()

    # Ten silences of a twentieth of a second each.
    response = await fetch(client, sink, drip(http(b"x" * 20_000), 0.05, 2048), seconds=0.3)

    assert isinstance(response, Response)
    assert len(sink.getvalue()) == 20_000


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([hang()], id="no answer"),
        pytest.param([send(OK + b"x" * 5000), hang()], id="silence"),
        pytest.param([send(OK), drip(b"x" * 99, 0.05)], id="fault 63: a byte now and then"),
    ],
)
async def test_a_result_that_stops_coming_is_given_up(client: Client, steps: list[Step]) -> None:
    trouble = await fetch(client, io.BytesIO(), *steps, seconds=0.3)

    assert trouble == Trouble(Fault.TIMEOUT, host="127.0.0.1")


async def test_a_result_that_is_cut_is_a_fault(client: Client) -> None:
    trouble = await fetch(client, io.BytesIO(), send(http(b"x" * 99)[:-1]))

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.TRUNCATED


async def test_a_file_that_cannot_be_written_is_no_fault_of_the_network(client: Client) -> None:
    class Full(io.RawIOBase):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(UnwritableError, match="No space left on device"):
        await fetch(client, cast("BinaryIO", Full()), send(http(b"x")))


async def test_a_kept_connection_that_died_is_replaced_before_anything_is_written(
    client: Client,
) -> None:
    """Fault 7."""
    sink = io.BytesIO()
    with RawServer([answer(b"1"), read()], [answer(b"2")]) as server:
        request = Request("GET", server.url)
        await client.send(request, timeout=2)
        await client.download(request, sink, timeout=2, limit=9)

    assert sink.getvalue() == b"2"
