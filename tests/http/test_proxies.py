"""Faults 12 and 13, and security rule S4: proxies, told by the environment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Request, Response, SecretLocation, Sensitive
from opwatch.domain.origin import parse_origin
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.client import Client
from opwatch.http.proxies import Proxies
from servers.raw import RawServer, answer, closed_port, hang, http, read, reset, send, tunnel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from servers.tls import Authority

    Open = Callable[..., Awaitable[Client]]

TOKEN = Sensitive(SecretLocation.HEADER, "Authorization", Secret("Bearer canary-7f3a"))


def proxy_to(url: str, **environ: str) -> str:
    return str(Proxies.of(environ).to(parse_origin(url)) or "")


@pytest.mark.parametrize(
    ("environ", "https", "http_"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "p:1", ""),
        ({"HTTP_PROXY": "http://p:1"}, "", "p:1"),
        ({"ALL_PROXY": "http://p:1"}, "p:1", "p:1"),
        ({"ALL_PROXY": "http://p:1", "https_proxy": "q:2"}, "q:2", "p:1"),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:2"}, "q:2", ""),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": ""}, "", ""),
        ({"HTTPS_PROXY": "https://p"}, "p", ""),
        ({"HTTPS_PROXY": "http://u:p%40ss@p:1/"}, "p:1", ""),
        ({"HTTPS_PROXY": "http://[::2]:1"}, "[::2]:1", ""),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "", ""),
        ({"ALL_PROXY": "socks5://p", "NO_PROXY": "*"}, "", ""),
    ],
)
def test_the_variables_name_the_proxy(environ: dict[str, str], https: str, http_: str) -> None:
    assert proxy_to("https://api.example.com", **environ) == https
    assert proxy_to("http://api.example.com", **environ) == http_


@pytest.mark.parametrize(
    ("entries", "is_direct"),
    [
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("api.example.com", True),
        ("API.Example.COM", True),
        ("other.test example.com", True),
        ("other.test,example.com", True),
        (" , example.com:443 ,", True),
        ("*", True),
        ("example.com:8443", False),
        ("ample.com", False),
        ("com.example", False),
        ("sub.api.example.com", False),
        ("10.0.0.0/8", False),
        ("[::1]", False),
        ("::1", False),
        ("", False),
        ("]][[/:,%", False),
    ],
)
def test_no_proxy_names_whole_labels_of_hosts(entries: str, is_direct: bool) -> None:  # noqa: FBT001, data
    proxy = proxy_to("https://api.example.com", HTTPS_PROXY="http://p:1", NO_PROXY=entries)

    assert (proxy == "") is is_direct


@pytest.mark.parametrize("entry", ["10.0.0.0/8", "10.1.2.3", "10.1.2.3:443", "10.1.2.0/30"])
def test_no_proxy_names_addresses_and_networks(entry: str) -> None:
    assert proxy_to("https://10.1.2.3", HTTPS_PROXY="http://p:1", no_proxy=entry) == ""
    assert proxy_to("https://10.9.2.4", HTTPS_PROXY="http://p:1", no_proxy="10.1.0.0/16") == "p:1"
    assert proxy_to("https://[fd00::1]", HTTPS_PROXY="http://p:1", no_proxy="fd00::/8") == ""


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]", "demo.localhost"])
def test_this_machine_is_never_asked_through_a_proxy(host: str) -> None:
    """A token for it may go over plain http, and must not cross the network so."""
    assert proxy_to(f"http://{host}", HTTP_PROXY="http://p:1") == ""


@pytest.mark.parametrize(
    "value",
    [
        "foo://user:canary@proxy:1",
        "socks5://user:canary@proxy:1",
        "http://user:canary@proxy:99999",
        "http://user:canary@:8080",
        "http://user:ca/nary@proxy:x",
        "user:canary@pro xy",
        "http://user:canary@[::",
        "http://user:canary\udcff@proxy.test:8080",
    ],
)
def test_garbage_is_refused_by_the_name_of_its_variable_without_the_secret(value: str) -> None:
    """Fault 12, measurement M8: httpx raises a ValueError."""
    with pytest.raises(UsageError) as caught:
        Client(connections=1, environ={"https_proxy": value}, user_agent="x")

    assert caught.value.message.startswith("https_proxy=")
    for secret in ("canary", "nary", "user"):
        assert secret not in caught.value.message
        assert secret not in (caught.value.hint or "")


async def test_plain_http_is_asked_through_the_proxy_with_its_credentials(
    open_client: Open,
) -> None:
    with RawServer([answer(b"{}")]) as proxy:
        url = proxy.url.replace("//", "//user:p%40ss@")
        client = await open_client(environ={"http_proxy": url})
        response = await client.send(Request("GET", "http://api.test/v1?x=1"), timeout=2)

    assert isinstance(response, Response)
    assert proxy.requests[0].startswith(b"GET http://api.test/v1?x=1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in proxy.requests[0]


async def test_https_goes_through_a_tunnel_that_learns_nothing(
    open_client: Open, authority: Authority, ca_file: Path
) -> None:
    with (
        RawServer([answer(b"1"), answer(b"2")], context=authority.good("api.test")) as server,
        RawServer([tunnel(server.port)]) as proxy,
    ):
        client = await open_client(environ={"HTTPS_PROXY": proxy.url}, ca_file=ca_file)
        request = Request("GET", "https://api.test/v1").carrying(TOKEN)
        answers = [await client.send(request, timeout=5) for _ in range(2)]

    assert [each.body for each in answers if isinstance(each, Response)] == [b"1", b"2"]
    assert b"canary" in server.requests[0]
    assert len(proxy.requests) == 1
    assert proxy.requests[0].startswith(b"CONNECT api.test:443 ")
    assert b"canary" not in proxy.requests[0]


async def test_a_proxy_may_speak_tls_itself(
    open_client: Open, authority: Authority, ca_file: Path
) -> None:
    with RawServer([answer(b"{}")], context=authority.good()) as proxy:
        client = await open_client(environ={"HTTP_PROXY": proxy.url}, ca_file=ca_file)
        response = await client.send(Request("GET", "http://api.test/"), timeout=5)

    assert isinstance(response, Response)


async def test_a_proxy_that_speaks_tls_opens_a_tunnel_too(
    open_client: Open, authority: Authority, ca_file: Path
) -> None:
    with (
        RawServer([answer(b"1"), answer(b"2")], context=authority.good("api.test")) as server,
        RawServer([tunnel(server.port)], context=authority.good()) as proxy,
    ):
        client = await open_client(environ={"HTTPS_PROXY": proxy.url}, ca_file=ca_file)
        request = Request("GET", "https://api.test/v1").carrying(TOKEN)
        answers = [await client.send(request, timeout=5) for _ in range(2)]

    assert [each.body for each in answers if isinstance(each, Response)] == [b"1", b"2"]
    assert len(proxy.requests) == 1


async def test_what_a_proxy_says_before_the_handshake_is_not_taken_for_the_server(
    open_client: Open,
) -> None:
    granted = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with RawServer([read(), send(granted), hang()]) as proxy:
        client = await open_client(environ={"HTTPS_PROXY": proxy.url})
        trouble = await client.send(Request("GET", "https://api.test/"), timeout=2)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.PROXY


async def test_a_bad_certificate_behind_a_tunnel_is_the_servers(
    open_client: Open, authority: Authority, ca_file: Path
) -> None:
    with (
        RawServer([answer(b"1")], context=authority.wrong_host()) as server,
        RawServer([tunnel(server.port)]) as proxy,
    ):
        client = await open_client(environ={"HTTPS_PROXY": proxy.url}, ca_file=ca_file)
        trouble = await client.send(Request("GET", "https://api.test/"), timeout=5)

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, trouble.host) == (Fault.CERTIFICATE, "api.test")


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        pytest.param("407 Proxy Authentication Required", Fault.STATUS_PROXY_AUTH, id="fault 12"),
        pytest.param("403 Blocked canary", Fault.PROXY, id="fault 13: 403"),
        pytest.param("502 Bad Gateway", Fault.PROXY, id="fault 13: 502"),
    ],
)
async def test_a_proxy_that_refuses_a_tunnel_is_named(
    open_client: Open, status: str, fault: Fault
) -> None:
    with RawServer([answer(b"<html>", status=status)]) as proxy:
        client = await open_client(environ={"HTTPS_PROXY": proxy.url})
        trouble = await client.send(Request("GET", "https://api.test/").carrying(TOKEN), timeout=2)

    code = int(status[:3])
    assert trouble == Trouble(
        fault,
        f"CONNECT was answered with HTTP {code}",
        status=code,
        host=f"127.0.0.1:{proxy.port}",
    )


async def test_a_proxy_that_refuses_plain_http_answers_like_a_server(open_client: Open) -> None:
    """Fault 13: what it means is read where statuses are read."""
    with RawServer([answer(b"<html>", "Via: 1.1 squid", status="407 No")]) as proxy:
        client = await open_client(environ={"HTTP_PROXY": proxy.url})
        response = await client.send(Request("GET", "http://api.test/"), timeout=2)

    assert isinstance(response, Response)
    assert (response.status, response.headers.get("via")) == (407, "1.1 squid")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_down_is_named(open_client: Open, scheme: str) -> None:
    """Fault 12: without what stands before its host."""
    port = closed_port()
    client = await open_client(environ={"ALL_PROXY": f"http://user:canary@127.0.0.1:{port}"})

    trouble = await client.send(Request("GET", f"{scheme}://api.test/"), timeout=2)

    assert trouble == Trouble(Fault.PROXY, "Connection refused", host=f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        pytest.param([read(), reset()], Fault.PROXY, id="resets"),
        pytest.param([read()], Fault.PROXY, id="closes"),
        pytest.param([read(), send(b"junk\r\n\r\n")], Fault.PROXY, id="babbles"),
        pytest.param([hang()], Fault.TIMEOUT, id="waits for the server"),
        pytest.param(
            [read(), send(http(b"", status="200 OK")[:-2] + b"\r\n"), hang()],
            Fault.TLS,
            id="opens a tunnel to nothing",
        ),
    ],
)
async def test_a_proxy_that_fails_in_the_middle_is_told_apart(
    open_client: Open, script: list[Callable[..., None]], fault: Fault
) -> None:
    with RawServer(script) as proxy:
        client = await open_client(environ={"HTTPS_PROXY": proxy.url})
        trouble = await client.send(Request("GET", "https://api.test/"), timeout=1.5)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is fault


async def test_the_librarys_own_look_at_the_environment_is_off(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S4: neither its proxies nor a netrc entry for the host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password canary\n")
    with RawServer([answer(b"{}")]) as server:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port()}")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")
        response = await client.send(Request("GET", server.url), timeout=2)

    assert isinstance(response, Response)
    assert b"authorization" not in server.requests[0].lower()
