"""The socket under a connection: what comes early, what comes in heaps, what is lost."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from opwatch.http.connection import MOST_UNREAD, Wire, connect
from servers.raw import RawServer, flood, hang, pause, reset, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.raw import Talk

HEAP = 16 * MOST_UNREAD


async def opened(server: RawServer) -> Wire:
    return await connect("127.0.0.1", server.port)


async def eventually(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110, nobody tells us
            await asyncio.sleep(0)


async def test_what_nobody_reads_is_taken_in_up_to_a_bound_and_then_read_whole() -> None:
    with RawServer([send(b"x" * HEAP), hang()]) as server:
        wire = await opened(server)
        await eventually(lambda: len(wire._unread) > MOST_UNREAD)
        await asyncio.sleep(0)
        taken_in = len(wire._unread)
        read = b""
        while len(read) < HEAP:
            read += await wire.read()
        wire.close()

    assert taken_in <= 2 * MOST_UNREAD
    assert read == b"x" * HEAP


async def test_who_writes_waits_for_a_server_that_does_not_read() -> None:
    is_read = threading.Event()

    def drain(talk: Talk) -> None:
        is_read.wait(5)
        left = HEAP
        while left:
            left -= len(talk.peer.recv(65536))

    with RawServer([drain, hang()]) as server:
        wire = await opened(server)
        writing = asyncio.create_task(wire.write(b"x" * HEAP))
        await asyncio.sleep(0)
        was_done = writing.done()
        is_read.set()
        async with asyncio.timeout(5):
            await writing
        wire.close()

    assert not was_done


async def test_a_connection_that_is_reset_can_not_be_read_and_swallows_what_is_written() -> None:
    def hear(talk: Talk) -> None:
        assert talk.peer.recv(1)

    with RawServer([hear, reset()]) as server:
        wire = await opened(server)
        await wire.write(b"x")
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await wire.read()
            await wire.write(b"x")
        wire.close()


async def test_what_came_before_a_request_was_sent_does_not_answer_it() -> None:
    with RawServer([send(b"early"), hang()]) as server:
        wire = await opened(server)
        await eventually(lambda: wire.is_readable() and wire._unread)
        await wire.write(b"request")
        early, was_answered = await wire.read(), wire.heard
        wire.close()

    assert early == b"early"
    assert not was_answered


async def test_what_was_said_before_the_handshake_is_never_taken_for_what_tls_protects() -> None:
    with RawServer([send(b"HTTP/1.1 200 OK\r\n"), hang()]) as server:
        wire = await opened(server)
        await eventually(lambda: wire._unread)
        with pytest.raises(ConnectionAbortedError, match="before the handshake"):
            await wire.start_tls(ssl.create_default_context(), "api.test")
        wire.close()


async def test_addresses_that_fail_differently_are_each_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refused(*_: object, **__: object) -> None:
        text = "Multiple exceptions: [Errno 101] Network is unreachable, [Errno 111] Connect"
        raise OSError(text)

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refused)

    with pytest.raises(OSError, match="Multiple exceptions") as caught:
        await connect("api.test", 443)

    cause = caught.value.__cause__
    assert isinstance(cause, ExceptionGroup)
    assert [each.errno for each in cause.exceptions if isinstance(each, OSError)] == [101, 111]


async def test_asyncio_still_words_several_failures_as_is_expected_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The numbers are read from its text, so that a change of it must be noticed."""
    stream = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    addresses = [
        (socket.AF_INET, *stream, ("127.0.0.1", port)),
        (socket.AF_INET, *stream, ("255.255.255.255", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)

    with pytest.raises(OSError, match="Multiple exceptions") as caught:
        await connect("api.test", port)

    cause = caught.value.__cause__
    assert isinstance(cause, ExceptionGroup), repr(cause)
    numbers = [each.errno for each in cause.exceptions if isinstance(each, OSError)]
    assert errno.ECONNREFUSED in numbers
    assert len(numbers) == 2


async def test_a_flood_ends_when_the_connection_is_closed() -> None:
    with RawServer([flood(b"x"), pause(0)]) as server:
        wire = await opened(server)
        assert (await wire.read()).startswith(b"x" * 10)
        wire.close()
