"""The client: connections, cookies, clocks, and what importing it costs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from unittest.mock import AsyncMock

import h11
import pytest

from opwatch.domain.messages import Request, Response
from opwatch.domain.trouble import Trouble
from opwatch.http import connections
from servers.raw import RawServer, answer, http, read, send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.http.client import Client

    Open = Callable[..., Awaitable[Client]]


def test_what_can_send_does_not_import_the_library_before_it_does() -> None:
    code = "import sys, opwatch.session.session; print(*sorted(sys.modules))"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603, our own words

    assert not {"h11", "opwatch.http.client"} & {*run.stdout.split()}


async def test_a_connection_is_kept_for_the_next_poll(open_client: Open) -> None:
    client = await open_client(keepalive=9)
    with RawServer([answer(b"{}")] * 5) as server:
        for _ in range(5):
            await client.send(Request("GET", server.url), timeout=2)

    assert server.connections == 1


async def test_a_connection_that_was_idle_for_too_long_is_not_used_again(
    open_client: Open,
) -> None:
    client = await open_client(keepalive=0.0)
    with RawServer([answer(b"{}")]) as server:
        for _ in range(2):
            await client.send(Request("GET", server.url), timeout=2)

    assert server.connections == 2


async def test_the_connection_that_served_last_serves_first(open_client: Open) -> None:
    client = await open_client()
    scripts = [[answer(b"1")] * 9, [answer(b"2")] * 9, [answer(b"3")] * 9]
    with RawServer(*scripts) as server:
        request = Request("GET", server.url)
        await asyncio.gather(*(client.send(request, timeout=2) for _ in range(3)))
        later = [await client.send(request, timeout=2) for _ in range(5)]

    assert server.connections == 3
    assert len({each.body for each in later if isinstance(each, Response)}) == 1


async def test_what_the_pace_does_not_need_any_more_is_closed(open_client: Open) -> None:
    client = await open_client(keepalive=0.0)
    with RawServer([answer(b"{}")] * 9) as server:
        request = Request("GET", server.url)
        await asyncio.gather(*(client.send(request, timeout=2) for _ in range(3)))
        assert len(client._kept._open) == 3
        await client.send(request, timeout=2)
        assert len(client._kept._open) == 1


async def test_a_busy_origin_takes_the_place_of_one_that_is_idle(open_client: Open) -> None:
    client = await open_client(connections=2)
    with RawServer([answer(b"{}")] * 9) as one, RawServer([answer(b"{}")] * 9) as other:
        for server in (one, other, one):
            request = Request("GET", server.url)
            await asyncio.gather(*(client.send(request, timeout=2) for _ in range(4)))
            assert len(client._kept._open) == 2

    assert one.connections + other.connections == 6


async def test_a_cookie_goes_back_to_its_own_origin_only(client: Client) -> None:
    sets = answer(b"{}", "Set-Cookie: session=7; Path=/; Domain=127.0.0.1")
    with RawServer([sets, answer(b"{}")]) as server, RawServer([answer(b"{}")]) as other:
        for url in (server.url, server.url, other.url):
            await client.send(Request("GET", url), timeout=2)

    assert server.requests[1].count(b"session=7") == 1
    assert b"session" not in other.requests[0]


@pytest.mark.parametrize("size", [(60, 1), (5, 3500)])
async def test_who_sets_too_many_cookies_gets_none_back(
    client: Client, size: tuple[int, int]
) -> None:
    count, length = size
    many = [f"Set-Cookie: c{number}={'x' * length}" for number in range(count)]
    with RawServer([answer(b"{}", *many), answer(b"{}")]) as server:
        for _ in range(2):
            await client.send(Request("GET", server.url), timeout=2)

    assert b"cookie" not in server.requests[1].lower()


async def test_a_request_without_credentials_has_no_cookie_either(client: Client) -> None:
    with RawServer([answer(b"{}", "Set-Cookie: session=7; Path=/"), answer(b"{}")]) as server:
        await client.send(Request("GET", server.url), timeout=2)
        await client.send(Request("GET", server.url, authorize=False), timeout=2)

    assert b"session" not in server.requests[1]


async def test_a_hostile_cookie_is_no_bug_of_ours(client: Client) -> None:
    cookie = "Set-Cookie: a=\x1b\xff; Expires=Thu, 99 Foo 0000 99:99:99; Domain=.com; Max-Age=nan"
    with RawServer([answer(b"{}", cookie), answer(b"{}")]) as server:
        for _ in range(2):
            response = await client.send(Request("GET", server.url), timeout=2)

    assert isinstance(response, Response)


async def test_an_answer_has_the_time_of_its_arrival(client: Client) -> None:
    before = time.time()
    with RawServer([answer(b"{}")]) as server:
        response = await client.send(Request("GET", server.url), timeout=2)

    assert isinstance(response, Response)
    assert before <= response.received_at <= time.time()


async def test_an_answer_tells_its_version_and_the_url_that_was_asked(client: Client) -> None:
    old = http(b"{}").replace(b"HTTP/1.1", b"HTTP/1.0")
    with RawServer([read(), send(old)]) as server:
        response = await client.send(Request("GET", f"{server.url}/a?b=c"), timeout=2)

    assert isinstance(response, Response)
    assert response.http_version == "HTTP/1.0"
    assert response.url == f"{server.url}/a?b=c"


async def test_a_body_is_sent(client: Client) -> None:
    with RawServer([answer(b"{}")]) as server:
        request = Request("POST", server.url, {"Content-Type": "application/json"}, b'{"a": 1}')
        await client.send(request, timeout=2)

    assert server.requests[0].endswith(b'\r\n\r\n{"a": 1}')


@pytest.mark.parametrize("problem", [OSError("x"), h11.RemoteProtocolError("x"), ValueError("x")])
async def test_whatever_the_network_raises_is_a_trouble(
    client: Client, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    monkeypatch.setattr(connections, "connect", AsyncMock(side_effect=problem))

    trouble = await client.send(Request("GET", "http://api.test/"), timeout=1)

    assert isinstance(trouble, Trouble)
    assert trouble.host == "api.test"


async def test_a_bug_is_not_swallowed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "connect", AsyncMock(side_effect=KeyError("ours")))

    with pytest.raises(KeyError):
        await client.send(Request("GET", "http://api.test/"), timeout=1)
