"""Faults 17 to 19, security rules S1 and S2: a redirect leads nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.messages import Headers, Request, Response, SecretLocation, Sensitive
from opwatch.domain.origin import AllowedOrigins, parse_origin
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.redirects import MAX_HOPS, next_hop
from servers.raw import RawServer, answer

if TYPE_CHECKING:
    from opwatch.http.client import Client

BASE = "https://api.example.com"
REQUEST = Request("GET", f"{BASE}/v1/operations/7").carrying(
    Sensitive(SecretLocation.HEADER, "X-Api-Key", Secret("canary-7f3a"))
)
OWN = AllowedOrigins.of(BASE)


def redirect(*locations: str, status: int = 302) -> Response:
    headers = Headers(tuple(("Location", each) for each in locations))
    return Response(status, REQUEST.url, headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/7", f"{BASE}/v2/7"),
        ("8", f"{BASE}/v1/operations/8"),
        ("?page=2", f"{BASE}/v1/operations/7?page=2"),
        (f"{BASE}/x", f"{BASE}/x"),
        ("https://API.example.COM:443/x", "https://API.example.COM:443/x"),
        ("//api.example.com/x", f"{BASE}/x"),
        ("/x#part", f"{BASE}/x"),
        ("/caf\xc3\xa9", f"{BASE}/caf%C3%A9"),
        ("/a%2Fb", f"{BASE}/a%2Fb"),
    ],
)
def test_a_redirect_within_the_origin_is_followed_with_the_credentials(
    status: int, location: str, url: str
) -> None:
    """Fault 17."""
    hop = next_hop(REQUEST, redirect(location, status=status), OWN, 0)

    assert isinstance(hop, Request)
    assert (hop.url, hop.sensitive) == (url, REQUEST.sensitive)


@pytest.mark.parametrize("status", [200, 202, 300, 304, 305, 306, 400, 404, 500])
def test_nothing_else_is_a_redirect(status: int) -> None:
    assert next_hop(REQUEST, redirect("/x", status=status), OWN, 0) is None


@pytest.mark.parametrize(
    ("location", "named"),
    [
        pytest.param("https://evil.example/x", "https://evil.example", id="fault 18: host"),
        pytest.param("//evil.example/x", "https://evil.example", id="fault 18: no scheme"),
        pytest.param(f"{BASE}:8443/x", f"{BASE}:8443", id="fault 18: port"),
        pytest.param("http://api.example.com/x", "http://api.example.com", id="fault 19"),
        pytest.param(f"{BASE}.evil.example/", f"{BASE}.evil.example", id="a longer host"),
        pytest.param("https://example.com/", "https://example.com", id="a parent"),
        pytest.param("https://127.0.0.1/", "https://127.0.0.1", id="this machine"),
    ],
)
def test_a_redirect_to_another_origin_is_refused_and_named(location: str, named: str) -> None:
    trouble = next_hop(REQUEST, redirect(location), OWN, 0)

    assert trouble == Trouble(Fault.FOREIGN_ORIGIN, named, status=302, host="api.example.com")


def test_a_redirect_to_an_origin_that_the_profile_allows_is_followed() -> None:
    allowed = AllowedOrigins.of(BASE, ["*.eu.example.com"])

    hop = next_hop(REQUEST, redirect("https://a.eu.example.com/x"), allowed, 0)

    assert isinstance(hop, Request)
    assert hop.url == "https://a.eu.example.com/x"


def test_a_redirect_from_http_to_https_on_the_same_host_is_followed() -> None:
    request = Request("GET", "http://api.example.com/x")

    assert isinstance(next_hop(request, redirect("https://api.example.com/x"), OWN, 0), Request)


@pytest.mark.parametrize(
    "location", ["https://api.example.com:8443/x", "https://other.example.com/x"]
)
def test_an_upgrade_is_to_the_same_host_and_the_usual_port_only(location: str) -> None:
    request = Request("GET", "http://api.example.com/x")
    allowed = AllowedOrigins.of("http://api.example.com")

    trouble = next_hop(request, redirect(location), allowed, 0)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.FOREIGN_ORIGIN


@pytest.mark.parametrize(
    "locations",
    [
        [],
        [""],
        ["/a", "/b"],
        ["\\\\evil.example/x"],
        ["/\\evil.example/x"],
        ["https://api.example.com\\@evil.example/"],
        ["https://user:pw@api.example.com/"],
        ["https://api.example.com@evil.example/"],
        ["ftp://api.example.com/x"],
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["https://api.example.com:99999/"],
        ["https://api.example.com:x/"],
        ["https://[::1/"],
        ["https://a%2fb/"],
        ["/a\tb"],
        ["/a b"],
        [" /a"],
        ["/a\r\nX: y"],
    ],
)
def test_a_location_that_is_none_is_refused(locations: list[str]) -> None:
    trouble = next_hop(REQUEST, redirect(*locations), OWN, 0)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.BAD_REDIRECT


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_only_a_get_is_redirected(method: str) -> None:
    request = Request(method, f"{BASE}/x", body=b"{}")

    trouble = next_hop(request, redirect("/y", status=307), OWN, 0)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.BAD_REDIRECT


def test_a_redirect_to_itself_is_a_loop() -> None:
    trouble = next_hop(REQUEST, redirect(REQUEST.url), OWN, 0)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.REDIRECT_LOOP


def test_three_hops_are_followed_and_no_fourth() -> None:
    assert isinstance(next_hop(REQUEST, redirect("/x"), OWN, MAX_HOPS - 1), Request)
    trouble = next_hop(REQUEST, redirect("/x"), OWN, MAX_HOPS)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.REDIRECT_LOOP
    assert MAX_HOPS == 3


@given(st.text(st.characters(max_codepoint=255)), st.integers(0, 5))
def test_no_location_at_all_leads_to_another_origin(location: str, hops: int) -> None:
    hop = next_hop(REQUEST, redirect(location), OWN, hops)

    assert hop is not None
    if isinstance(hop, Request):
        assert parse_origin(hop.url) == parse_origin(BASE)


async def follow(client: Client, url: str, allowed: AllowedOrigins) -> Response | Trouble:
    request, hops = Request("GET", url).carrying(*REQUEST.sensitive), 0
    while True:
        response = await client.send(request, timeout=2)
        if isinstance(response, Trouble):
            return response
        hop = next_hop(request, response, allowed, hops)
        if hop is None:
            return response
        if isinstance(hop, Trouble):
            return hop
        request, hops = hop, hops + 1


async def test_hops_are_followed_over_one_kept_connection(client: Client) -> None:
    """Fault 17, with a real server: the key is on each hop."""
    see = [answer(b"", f"Location: /{hop}", status="303 See Other") for hop in range(MAX_HOPS)]
    with RawServer([*see, answer(b"{}")]) as server:
        response = await follow(client, server.url, AllowedOrigins.of(server.url))

    assert isinstance(response, Response)
    assert response.url == f"{server.url}/2"
    assert server.connections == 1
    assert [each.count(b"canary-7f3a") for each in server.requests] == [1, 1, 1, 1]


async def test_a_loop_ends_after_three_hops(client: Client) -> None:
    """Fault 17."""
    there, back = (answer(b"", f"Location: /{x}", status="302 Found") for x in "ab")
    with RawServer([there, back] * 5) as server:
        trouble = await follow(client, server.url, AllowedOrigins.of(server.url))

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.REDIRECT_LOOP
    assert len(server.requests) == 1 + MAX_HOPS


async def test_nothing_is_sent_to_another_port(client: Client) -> None:
    """Fault 18, measurement M1: httpx would deliver X-Api-Key."""
    with (
        RawServer([answer(b"{}")]) as sink,
        RawServer([answer(b"", f"Location: {sink.url}/", status="307 Go")]) as server,
    ):
        trouble = await follow(client, server.url, AllowedOrigins.of(server.url))

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, trouble.detail) == (Fault.FOREIGN_ORIGIN, sink.url)
    assert sink.connections == 0


async def test_the_library_follows_no_redirect_by_itself(client: Client) -> None:
    with RawServer([answer(b"", "Location: /x", status="301 Moved")]) as server:
        response = await client.send(Request("GET", server.url), timeout=2)

    assert isinstance(response, Response)
    assert response.status == 301
    assert len(server.requests) == 1
