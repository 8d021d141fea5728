"""Faults 1 to 8 and 14 to 16: names, connections, descriptors, the pool."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Fault, Trouble
from servers.raw import RawServer, answer, closed_port, deaf_port, hang, read, reset, send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from opwatch.http.client import Client


def resolves(monkeypatch: pytest.MonkeyPatch, look_up: Callable[..., Any]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        pytest.param(socket.EAI_NONAME, Fault.UNRESOLVED, id="fault 1: no such name"),
        pytest.param(socket.EAI_NODATA, Fault.UNRESOLVED, id="fault 1: no address"),
        pytest.param(socket.EAI_AGAIN, Fault.RESOLVER_DOWN, id="fault 2: temporary"),
        pytest.param(socket.EAI_FAIL, Fault.RESOLVER_DOWN, id="fault 2: for good"),
    ],
)
async def test_a_name_that_is_not_resolved_is_told_by_the_resolvers_code(
    client: Client, monkeypatch: pytest.MonkeyPatch, code: int, fault: Fault
) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "as the resolver says")

    resolves(monkeypatch, look_up)

    trouble = await client.send(Request("GET", "https://api.exmaple.com/"), timeout=2)

    assert trouble == Trouble(fault, "as the resolver says", host="api.exmaple.com")


async def test_a_resolver_that_hangs_is_within_the_time_of_the_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 3."""
    over, ended = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        over.wait(600)
        ended.set()

    resolves(monkeypatch, hang)

    trouble = await client.send(Request("GET", "http://example.com/"), timeout=1.0)

    assert not ended.is_set()
    over.set()
    assert trouble == Trouble(Fault.CONNECT_TIMEOUT, host="example.com")


async def test_a_closed_port_refuses(client: Client) -> None:
    """Fault 4."""
    host = f"127.0.0.1:{closed_port()}"

    trouble = await client.send(Request("GET", f"http://{host}/"), timeout=2)

    assert trouble == Trouble(Fault.CONNECTION_REFUSED, "Connection refused", host=host)


async def test_a_port_that_does_not_answer_is_given_up(
    open_client: Callable[..., Awaitable[Client]],
) -> None:
    """Fault 5: by the time to connect, and by the time of the request."""
    client = await open_client(connect=0.2)
    with deaf_port() as port:
        request = Request("GET", f"http://127.0.0.1:{port}/")

        by_connect = await client.send(request, timeout=5)
        by_total = await client.send(request, timeout=0.1)

    assert isinstance(by_connect, Trouble)
    assert isinstance(by_total, Trouble)
    assert by_connect.fault is by_total.fault is Fault.CONNECT_TIMEOUT


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="fault 6: before the request"),
        pytest.param([read()], id="fault 6: before the reply"),
        pytest.param([read(), send(b"HTTP/1.1 200 OK\r\nContent-")], id="fault 6: in the headers"),
        pytest.param(
            [read(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")],
            id="fault 6: in the body",
        ),
    ],
)
async def test_a_reset_is_a_lost_connection(client: Client, before: list[Any]) -> None:
    with RawServer([*before, reset()]) as server:
        trouble = await client.send(Request("GET", server.url), timeout=2)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.CONNECTION_LOST
    assert server.connections == 1, "a connection that never served is not tried again"


class TestAKeptConnectionThatDied:
    """Fault 7."""

    @pytest.mark.parametrize(
        "end",
        [
            pytest.param([read()], id="closed"),
            pytest.param([read(), reset()], id="reset"),
            pytest.param([read(), send(b"HTTP/1.1 2")], id="closed in the status line"),
            pytest.param([read(), send(b"\x00\x01junk\r\n\r\n"), hang()], id="babbles"),
        ],
    )
    async def test_is_replaced_at_once_and_not_counted(
        self, client: Client, end: list[Any]
    ) -> None:
        with RawServer([answer(b"1"), *end], [answer(b"2")]) as server:
            answers = [await client.send(Request("GET", server.url), timeout=2) for _ in range(2)]

        assert [each.body for each in answers if isinstance(each, Response)] == [b"1", b"2"]
        assert server.connections == 2
        assert len(server.requests) == 3

    async def test_is_replaced_once_only(self, client: Client) -> None:
        with RawServer([answer(b"1"), read()], [read()], [answer(b"3")]) as server:
            await client.send(Request("GET", server.url), timeout=2)
            trouble = await client.send(Request("GET", server.url), timeout=2)

        assert isinstance(trouble, Trouble)
        assert trouble.fault is Fault.CONNECTION_LOST
        assert len(server.requests) == 3

    async def test_is_never_replaced_for_a_request_that_may_change_something(
        self, client: Client
    ) -> None:
        with RawServer([answer(b"1"), read()], [answer(b"2")]) as server:
            await client.send(Request("GET", server.url), timeout=2)
            trouble = await client.send(Request("POST", server.url, body=b"{}"), timeout=2)

        assert isinstance(trouble, Trouble)
        assert trouble.fault is Fault.CONNECTION_LOST
        assert len(server.requests) == 2

    async def test_is_replaced_within_the_time_of_the_request(self, client: Client) -> None:
        with RawServer([answer(b"1"), read()], [hang()]) as server:
            await client.send(Request("GET", server.url), timeout=2)
            trouble = await client.send(Request("GET", server.url), timeout=1.0)

        assert isinstance(trouble, Trouble)
        assert trouble.fault is Fault.TIMEOUT

    async def test_is_replaced_by_a_fresh_one_even_when_others_are_kept(
        self, client: Client
    ) -> None:
        dead = [answer(b"1"), read()]
        with RawServer(dead, dead, dead, [answer(b"2")]) as server:
            request = Request("GET", server.url)
            await asyncio.gather(*(client.send(request, timeout=2) for _ in range(3)))
            last = await client.send(request, timeout=2)

        assert isinstance(last, Response)
        assert last.body == b"2"
        assert len(server.requests) == 5

    async def test_is_replaced_by_one_that_is_not_kept_itself(self, client: Client) -> None:
        scripts = [[answer(body), read()] for body in (b"1", b"2", b"3", b"4")]
        with RawServer(*scripts) as server:
            request = Request("GET", server.url)
            answers = [await client.send(request, timeout=2) for _ in range(4)]

        bodies = [each.body for each in answers if isinstance(each, Response)]
        assert bodies == [b"1", b"2", b"3", b"4"]
        assert server.connections == 4


async def test_one_broken_address_family_does_not_matter(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 8: ::1 refuses, 127.0.0.1 answers."""
    with RawServer([answer(b"{}")]) as server:
        stream = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        addresses = [
            (socket.AF_INET6, *stream, ("::1", server.port, 0, 0)),
            (socket.AF_INET, *stream, ("127.0.0.1", server.port)),
        ]
        resolves(monkeypatch, lambda *_, **__: addresses)
        response = await client.send(Request("GET", f"http://api.test:{server.port}/"), timeout=2)

    assert isinstance(response, Response)
    assert server.requests[0].lower().count(b"host: api.test:") == 1


_OFFLINE = """
import asyncio
from opwatch.domain.messages import Request
from opwatch.http.client import Client

async def main():
    async with Client(connections=1, environ={}, user_agent="x") as client:
        for url in ("http://192.0.2.1/", "http://example.com/"):
            print((await client.send(Request("GET", url), timeout=5)).fault)

asyncio.run(main())
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is not installed")
def test_without_any_network_neither_address_nor_name_is_reached() -> None:
    """Faults 2 and 14, in a network namespace that is empty."""
    run = subprocess.run(  # noqa: S603, our own words
        ["unshare", "-rn", sys.executable, "-c", _OFFLINE],  # noqa: S607, its place differs
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if "unshare" in run.stderr:
        pytest.skip(f"no namespaces here: {run.stderr.strip()}")

    assert run.stdout.split() == [Fault.UNREACHABLE, Fault.RESOLVER_DOWN], run.stderr


@pytest.fixture
def no_descriptors() -> Iterator[None]:
    import resource  # noqa: PLC0415, not on every platform

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not limited so")
async def test_no_descriptor_left_is_a_fault_of_its_own(
    client: Client, request: pytest.FixtureRequest
) -> None:
    """Fault 15: it comes as a bare OSError."""
    # What is loaded on first use must not be what fails.
    await client.send(Request("GET", f"http://127.0.0.1:{closed_port()}/"), timeout=2)
    request.getfixturevalue("no_descriptors")

    trouble = await client.send(Request("GET", "http://127.0.0.1:9/"), timeout=2)

    assert trouble == Trouble(Fault.NO_DESCRIPTORS, "Too many open files", host="127.0.0.1:9")


async def test_many_requests_wait_for_few_connections_without_a_limit(
    open_client: Callable[..., Awaitable[Client]],
) -> None:
    """Fault 16."""
    client = await open_client(connections=4)
    with RawServer([answer(b"{}")] * 400) as server:
        request = Request("GET", server.url)
        answers = await asyncio.gather(*(client.send(request, timeout=20) for _ in range(400)))

    assert all(isinstance(each, Response) for each in answers)
    assert server.connections <= 4


async def test_a_cancelled_request_is_cancelled(client: Client) -> None:
    with RawServer([hang()]) as server:
        task = asyncio.create_task(client.send(Request("GET", server.url), timeout=9))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
