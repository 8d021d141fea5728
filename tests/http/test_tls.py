"""Faults 9, 10 and 19: certificates, and plain text where TLS is expected."""

from __future__ import annotations

import asyncio
import ssl
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import truststore

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Request, Response, SecretLocation, Sensitive
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http import connections
from servers.raw import RawServer, answer, hang, pause, read, reset, send
from servers.tls import Authority

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from opwatch.http.client import Client

    Open = Callable[..., Awaitable[Client]]

TOKEN = Sensitive(SecretLocation.HEADER, "Authorization", Secret("Bearer canary-7f3a"))


@pytest.fixture
async def trusting(open_client: Open, ca_file: Path) -> Client:
    return await open_client(ca_file=ca_file)


async def test_a_certificate_of_the_ca_file_is_believed(
    trusting: Client, authority: Authority
) -> None:
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        response = await trusting.send(Request("GET", server.url).carrying(TOKEN), timeout=5)

    assert isinstance(response, Response)
    assert b"canary" in server.requests[0]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param(Authority.expired, "certificate has expired", id="fault 9: expired"),
        pytest.param(Authority.wrong_host, "mismatch", id="fault 9: wrong host"),
    ],
)
async def test_a_bad_certificate_is_refused_before_a_token_leaves(
    trusting: Client, authority: Authority, kind: Callable[[Authority], Any], reason: str
) -> None:
    with RawServer([answer(b"{}")], context=kind(authority)) as server:
        trouble = await trusting.send(Request("GET", server.url).carrying(TOKEN), timeout=5)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.CERTIFICATE
    assert reason in trouble.detail
    assert server.requests == []


async def test_an_unknown_ca_is_refused(client: Client, authority: Authority) -> None:
    """Fault 9: the system's store does not know it, and no file names it."""
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        trouble = await client.send(Request("GET", server.url), timeout=5)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.CERTIFICATE
    assert "unable to get local issuer certificate" in trouble.detail


async def test_another_ca_file_does_not_help(
    open_client: Open, authority: Authority, tmp_path: Path
) -> None:
    client = await open_client(ca_file=Authority().write(tmp_path))
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        trouble = await client.send(Request("GET", server.url), timeout=5)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.CERTIFICATE


async def test_ssl_cert_file_takes_the_place_of_the_systems_store(
    open_client: Open, authority: Authority, ca_file: Path
) -> None:
    client = await open_client(environ={"SSL_CERT_FILE": str(ca_file)})
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        response = await client.send(Request("GET", server.url), timeout=5)

    assert isinstance(response, Response)


async def test_the_systems_store_is_found_where_openssl_was_built_to_look_elsewhere(
    client: Client, authority: Authority, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python that is downloaded whole brings an OpenSSL of another machine."""
    nowhere = SimpleNamespace(openssl_cafile="/nowhere/cert.pem", openssl_capath="/nowhere/certs")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(connections, "STORES", ("/nowhere/ca-bundle.pem", str(ca_file)))
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        response = await client.send(Request("GET", server.url), timeout=5)

    assert isinstance(response, Response)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_windows_and_macos_are_asked_themselves(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "sys", SimpleNamespace(platform=platform))

    assert isinstance(connections.tls_context({}, None), truststore.SSLContext)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([read(), answer(b"{}")], id="fault 10: waits for a request"),
        pytest.param([send(b"220 mail.example ESMTP\r\n"), hang()], id="fault 10: greets"),
        pytest.param([], id="fault 10: closes"),
        pytest.param([pause(0.05), reset()], id="fault 10: resets"),
    ],
)
@pytest.mark.parametrize("connect", [0.2, 5.0], ids=["connect first", "total first"])
async def test_plain_text_on_a_tls_port_is_no_tls(
    open_client: Open, script: list[Any], connect: float
) -> None:
    client = await open_client(connect=connect)
    with RawServer(script) as server:
        url = server.url.replace("http:", "https:")
        trouble = await client.send(Request("GET", url).carrying(TOKEN), timeout=1.5)

    assert isinstance(trouble, Trouble)
    assert trouble.fault is Fault.TLS
    # The words of the fault ask whether the port is the right one, and once is enough.
    assert "https" not in trouble.detail
    assert server.requests == []


async def test_a_handshake_that_is_given_up_leaves_no_connection_behind(client: Client) -> None:
    """asyncio leaves it open, known to the event loop, until the server ends it."""
    is_gone = threading.Event()
    with RawServer([hang(), lambda _: is_gone.set()]) as server:
        url = server.url.replace("http:", "https:")
        await client.send(Request("GET", url), timeout=1.5)

        assert await asyncio.to_thread(is_gone.wait, 2)


async def test_a_tls_port_that_is_asked_in_plain_text_is_a_protocol_error(
    client: Client, authority: Authority
) -> None:
    with RawServer([answer(b"{}")], context=authority.good()) as server:
        url = server.url.replace("https:", "http:")
        trouble = await client.send(Request("GET", url), timeout=2)

    assert isinstance(trouble, Trouble)
    assert trouble.fault in {Fault.PROTOCOL, Fault.CONNECTION_LOST}


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"ca_file": "missing.pem"}, "--ca-file"),
        ({"ca_file": "empty.pem"}, "--ca-file"),
        ({"environ": {"SSL_CERT_FILE": "missing.pem"}}, "SSL_CERT_FILE"),
        ({"environ": {"SSL_CERT_FILE": "empty.pem"}}, "SSL_CERT_FILE"),
    ],
)
async def test_a_file_without_certificates_is_refused_before_any_request(
    open_client: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: dict[str, Any],
    name: str,
) -> None:
    """Fault 12, measurement M8: httpx raises one of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.pem").write_text("not a certificate")

    with pytest.raises(UsageError, match=name):
        await open_client(**option)


async def test_no_tls_context_is_made_for_plain_http(client: Client) -> None:
    with RawServer([answer(b"{}")]) as server:
        await client.send(Request("GET", server.url), timeout=2)

    assert "trust" not in vars(client._kept)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_the_host_name_counts_where_the_environment_names_the_certificates(
    open_client: Open, authority: Authority, ca_file: Path, variable: str
) -> None:
    named = ca_file if variable == "SSL_CERT_FILE" else ca_file.parent
    client = await open_client(environ={variable: str(named)}, ca_file=ca_file)
    with RawServer([answer(b"{}")], context=authority.wrong_host()) as server:
        trouble = await client.send(Request("GET", server.url).carrying(TOKEN), timeout=5)

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, server.requests) == (Fault.CERTIFICATE, [])
    assert "mismatch" in trouble.detail
