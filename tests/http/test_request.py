"""Security rules S1, S3, S5 and S6: what leaves, and what must not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.messages import Headers, Request, Response, SecretLocation, Sensitive
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.faults import FaultError
from opwatch.http.request import Outgoing, build_request, origin_of, target_of
from servers.raw import RawServer, answer

if TYPE_CHECKING:
    from opwatch.http.client import Client

CANARY = "canary-7f3a"
DEFAULTS = {"Accept": "application/json", "User-Agent": "opwatch/test"}


def sealed(request: Request) -> Outgoing:
    return build_request(request, origin_of(request), DEFAULTS)


def headers_of(request: Request) -> Headers:
    return Headers(tuple((key.decode(), value.decode()) for key, value in sealed(request).headers))


def refused(request: Request) -> FaultError:
    with pytest.raises(FaultError) as caught:
        sealed(request)
    assert caught.value.fault is Fault.BAD_REQUEST
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def header(value: str, name: str = "Authorization") -> Sensitive:
    return Sensitive(SecretLocation.HEADER, name, Secret(value))


def test_a_secret_header_takes_the_place_of_one_of_the_same_name() -> None:
    request = Request("GET", "https://a.test/", {"AUTHORIZATION": "none", "X-One": "1"})

    headers = headers_of(request.carrying(header(f"Bearer {CANARY}")))

    assert headers.all("authorization") == (f"Bearer {CANARY}",)
    assert headers.get("x-one") == "1"


def test_the_headers_of_a_request_take_the_place_of_the_defaults() -> None:
    headers = headers_of(Request("GET", "https://a.test/", {"accept": "text/plain"}))

    assert headers.all("accept") == ("text/plain",)
    assert headers.get("user-agent") == "opwatch/test"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test/x", b"/x?key=c%26d"),
        ("https://a.test/x?a=1", b"/x?a=1&key=c%26d"),
        ("https://a.test/x?a=%2F#part", b"/x?a=%2F&key=c%26d"),
        ("https://a.test", b"/?key=c%26d"),
    ],
)
def test_a_secret_in_the_query_is_quoted_and_added(url: str, expected: bytes) -> None:
    request = Request("GET", url).carrying(Sensitive(SecretLocation.QUERY, "key", Secret("c&d")))

    assert sealed(request).target == expected


def test_a_secret_in_a_form_is_quoted_and_added_to_the_body() -> None:
    secret = Sensitive(SecretLocation.FORM, "client_secret", Secret("a&b c"))
    request = Request("POST", "https://a.test/token", body=b"grant_type=x").carrying(secret)

    body, headers = sealed(request).body, headers_of(request)

    assert body == b"grant_type=x&client_secret=a%26b+c"
    assert headers.get("content-type") == "application/x-www-form-urlencoded"
    assert headers.get("content-length") == str(len(body))


@pytest.mark.parametrize("place", SecretLocation)
@pytest.mark.parametrize("url", ["http://a.test/", "http://10.0.0.1/", "http://localhost.evil/"])
def test_a_secret_leaves_over_tls_only(place: SecretLocation, url: str) -> None:
    """S3."""
    refused(Request("GET", url).carrying(Sensitive(place, "X", Secret(CANARY))))


@pytest.mark.parametrize(
    "url", ["https://a.test/", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/"]
)
def test_but_it_may_go_to_this_machine_in_plain_text(url: str) -> None:
    assert headers_of(Request("GET", url).carrying(header(CANARY))).get("authorization") == CANARY


def test_plain_http_is_no_matter_without_a_secret() -> None:
    assert sealed(Request("GET", "http://a.test/")).target == b"/"


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {CANARY}\n",
        f"{CANARY}\r\nX-Evil: 1",
        f"{CANARY}\x00",
        f"{CANARY}\x7f",
        f"{CANARY}\t",
        f"{CANARY}é",
        f"{CANARY}\u202e",
        f" {CANARY}",
        f"{CANARY} ",
    ],
)
def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(value: str) -> None:
    """S6, fault 93, measurement M1: h11's own message shows it."""
    problem = refused(Request("GET", "https://a.test/").carrying(header(value)))
    plain = refused(Request("GET", "https://a.test/", {"X-One": value}))

    assert "Authorization" in str(problem)
    assert "X-One" in str(plain)


@pytest.mark.parametrize("name", ["", "X One", "X:", "X_One", "Xé", "X\r\nY", "X\x00", "(x)"])
def test_a_name_that_no_header_has_is_refused(name: str) -> None:
    """S6."""
    refused(Request("GET", "https://a.test/", {name: "1"}))
    refused(Request("GET", "https://a.test/").carrying(header(CANARY, name)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v1",
        "ftp://a.test/",
        "https://",
        "https://user:pw@a.test/",
        "https://good.test\\@evil.test/",
        "https://a%2fb.test/",
        "https://a.test:99999/",
        "https://a.test/\x00",
        "https://a.test/\r\nX: y",
        "https://[::1",
        "https://" + "a" * 64 + ".test/",
        "https://a.test/" + "x" * 70_000,
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    refused(Request("GET", url).carrying(header(CANARY)))


def test_a_host_that_two_parsers_read_as_two_hosts_is_refused() -> None:
    """S1: IDNA of 2003 and of 2008 name two hosts by it."""
    refused(Request("GET", "https://stra\xdfe.test/").carrying(header(CANARY)))


@pytest.mark.parametrize(
    "rest", ["", "//evil.test/", "/@evil.test", "?@evil.test/", "#@evil.test", "/http://evil.test/"]
)
def test_no_path_names_another_host(rest: str) -> None:
    """S1: two parsers cannot differ where there is one."""
    request = Request("GET", f"https://A.test{rest}").carrying(header(CANARY))

    assert headers_of(request).all("host") == ("a.test",)
    assert sealed(request).target.startswith(b"/")


@pytest.mark.parametrize(
    ("rest", "target"),
    [
        *(("", "/"), ("/", "/"), ("?", "/?"), ("?a=b", "/?a=b"), ("#f", "/"), ("/a#f", "/a")),
        *(("/a?b#c", "/a?b"), ("/v1/a-b_c.d~e", "/v1/a-b_c.d~e"), ("/a:b;c=d,@f/$g",) * 2),
        # RFC 3986, 5.2.4
        *(("/..", "/"), ("/../a", "/a"), ("/a/./b", "/a/b"), ("/a/b/..", "/a/"), ("/a/.", "/a/")),
        *(("/a/b/../../../c", "/c"), ("/a/..//b", "//b"), ("//a/../b", "//b"), ("/a?b=/../c",) * 2),
        *(("/.a", "/.a"), ("/a.", "/a."), ("/a/.../b", "/a/.../b")),
        # RFC 3986, 2.1: what is quoted stays, and what is not is quoted
        *(("/%2f", "/%2f"), ("/%2F%zz", "/%2F%25zz"), ("/%", "/%25"), ("/a%2", "/a%252")),
        *(("/é", "/%C3%A9"), ("/a?q=ü", "/a?q=%C3%BC"), ("/a?b=%20c&d=e%", "/a?b=%20c&d=e%25")),
        *(("/a'b", "/a'b"), ("/a[0]", "/a[0]"), ("/a?b[0]='c'", "/a?b[0]='c'")),
        *(("//evil.test/a",) * 2, ("/a//b",) * 2, ("/a?b?c",) * 2, ("/a?b=c+d",) * 2),
    ],
)
def test_a_target_is_what_the_url_means(rest: str, target: str) -> None:
    assert target_of(f"http://a.test:8080{rest}") == target.encode()


def test_a_post_without_a_body_says_so() -> None:
    assert headers_of(Request("POST", "https://a.test/")).get("content-length") == "0"
    assert "content-length" not in headers_of(Request("GET", "https://a.test/", body=b""))


async def test_what_cannot_be_sent_is_a_trouble_without_the_token(client: Client) -> None:
    """Measurement M1."""
    request = Request("GET", "https://a.test/").carrying(header(f"Bearer {CANARY}\n"))

    trouble = await client.send(request, timeout=1)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.BAD_REQUEST
    assert CANARY not in repr(trouble)


@pytest.mark.parametrize("method", ["G ET", "", "GÉT", "GET\r\nX: y"])
async def test_a_method_that_is_none_is_a_trouble(client: Client, method: str) -> None:
    with RawServer([answer(b"{}")]) as server:
        trouble = await client.send(Request(method, server.url), timeout=1)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.BAD_REQUEST
    assert server.requests == []


async def test_no_secret_is_in_a_response_or_in_a_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """S5: httpx logs whole URLs at INFO."""
    caplog.set_level(logging.INFO)
    secrets = (header(f"Bearer {CANARY}"), Sensitive(SecretLocation.QUERY, "sig", Secret(CANARY)))
    with RawServer([answer(b"{}")]) as server:
        response = await client.send(Request("GET", server.url).carrying(*secrets), timeout=2)

    assert isinstance(response, Response)
    assert server.requests[0].count(CANARY.encode()) == 2
    assert CANARY not in repr(response)
    assert CANARY not in caplog.text


async def test_what_is_sent_is_what_a_careful_client_sends(client: Client) -> None:
    with RawServer([answer(b"{}")]) as server:
        await client.send(Request("GET", f"{server.url}/v1/x?y=%2F&z="), timeout=2)

    line, *lines = server.requests[0].decode().split("\r\n")
    assert line == "GET /v1/x?y=%2F&z= HTTP/1.1"
    assert sorted(each.lower() for each in lines if each) == [
        "accept-encoding: identity",
        "accept: application/json, */*;q=0.5",
        f"host: 127.0.0.1:{server.port}",
        "user-agent: opwatch/test",
    ]
