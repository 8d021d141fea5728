"""Faults 1 to 16: names, connections, certificates, proxies, and no network at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cli.program import Program
from faults.catalogue import fault
from faults.whole import CANARY, DONE, RUNNING, api, asked_about, state
from opwatch.cli.run_options import RunOptions
from opwatch.demo import Script
from opwatch.domain.outcome import Policy
from servers.demo import DemoServer
from servers.raw import (
    RawServer,
    answer,
    closed_port,
    deaf_port,
    hang,
    http,
    read,
    reset,
    send,
)
from servers.tls import Authority

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from faults.whole import Wait

CLOSE = "Connection: close"
FEW_SECONDS = 8.0
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NO_RESOLVER = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
OFFLINE = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


@pytest.fixture
def closing() -> Iterator[RawServer]:
    """An API that says running once and is done then, on a new connection each time."""
    with RawServer([answer(state("running"), CLOSE)], [answer(state("done"), CLOSE)]) as server:
        yield server


# -- names ---------------------------------------------------------------------------


@fault(1)
def test_a_mistyped_host_fails_after_half_a_minute(wait: Wait) -> None:
    wait.names["api.exmaple.com"] = NO_NAME
    wait.speed = 10.0

    ended = wait("https://api.exmaple.com", "a")

    assert ended.code == 6
    assert "cannot resolve api.exmaple.com (check the name)" in ended.line("a unknown after")
    assert "check base_url" in ended.line("to fix")
    assert len(ended.looked_up) <= 10
    assert 30 <= ended.took < 45


@fault(1)
def test_a_host_that_is_not_there_is_given_what_lost_after_says(wait: Wait) -> None:
    wait.names["api.exmaple.com"] = NO_NAME
    wait.speed = 10.0

    ended = wait(
        "https://api.exmaple.com", "a", policy=RunOptions(profile="api", lost_after="5s").policy()
    )

    assert ended.code == 6
    assert 5 <= ended.took < 15


@fault(1)
def test_a_name_that_vanishes_in_the_middle_of_a_wait_is_waited_for(
    wait: Wait, closing: RawServer
) -> None:
    wait.names["api.localhost"] = ["127.0.0.1", *[NO_NAME] * 4, "127.0.0.1"]

    ended = wait(f"http://api.localhost:{closing.port}")

    assert (ended.code, ended.one["problems"]) == (0, 4), ended.err
    assert "cannot resolve api.localhost" in ended.line("a trouble")


@fault(2)
def test_a_resolver_that_fails_for_a_while_is_waited_for_from_the_start(
    wait: Wait, closing: RawServer
) -> None:
    wait.names["api.localhost"] = [*[NO_RESOLVER] * 5, "127.0.0.1"]

    ended = wait(f"http://api.localhost:{closing.port}")

    assert (ended.code, ended.one["problems"]) == (0, 5), ended.err
    assert "name resolution is down" in ended.line("a trouble")


HUNG = """
import socket, sys, time
def hang(*_, **__):
    print("the resolver hangs", file=sys.stderr, flush=True)
    time.sleep(600)
socket.getaddrinfo = hang
"""


@fault(3)
def test_a_resolver_that_hangs_holds_neither_the_wait_nor_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HUNG)
    program = Program(tmp_path, "https://api.example.com")
    program.environ["PYTHONPATH"] = str(tmp_path)

    ran = program.interrupted(signal.SIGINT, "wait", "-p", "fullstory", "a", when="hangs")

    assert ran.code == 130


# -- connections ---------------------------------------------------------------------


@fault(4)
def test_a_closed_port_fails_after_half_a_minute(wait: Wait) -> None:
    wait.speed = 15.0
    ended = wait(f"http://127.0.0.1:{closed_port()}")

    assert ended.code == 6
    assert "refused the connection (is the port right?)" in ended.line("a unknown after")
    assert (ended.one["polls"] <= 10, 30 <= ended.took < 45) == (True, True)


@fault(4)
def test_a_server_that_restarts_is_waited_for(wait: Wait, closing: RawServer) -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    wait.names["127.0.0.1"] = [None, *[refused] * 6, None]

    ended = wait(closing.url)

    assert (ended.code, ended.one["problems"]) == (0, 6), ended.err


@fault(5)
def test_a_port_that_never_answers_costs_ten_seconds_each_time(wait: Wait) -> None:
    wait.speed = 200.0
    with deaf_port() as port:
        ended = wait(f"http://127.0.0.1:{port}", policy=Policy(timeout=45))

    assert ended.code == 124
    assert 3 <= ended.one["polls"] <= 5
    assert re.search(r"the connection to 127\.0\.0\.1:\d+ timed out", ended.line("a trouble"))
    assert "firewall" in ended.line("to fix")


@fault(6)
@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param([reset()], id="before the request"),
        pytest.param([read(), reset()], id="before the answer"),
        pytest.param([read(), send(b"HTTP/1.1 200 OK\r\nContent-"), reset()], id="in the headers"),
        pytest.param([read(), send(RUNNING[:-5]), reset()], id="in the body"),
    ],
)
def test_a_reset_is_followed_by_one_quick_retry(wait: Wait, spoiled: list[Any]) -> None:
    with RawServer([answer(state("running"), CLOSE)], spoiled, [answer(state("done"))]) as server:
        ended = wait(server.url, policy=Policy(interval=20.0))

    assert (ended.code, ended.one["problems"]) == (0, 1), ended.err
    assert "trying again" in ended.line("a trouble: ")
    assert ended.took < 20 + 10, "one interval, and a retry before another one was over"


@fault(7)
@pytest.mark.parametrize("ending", [[], [reset()]], ids=["closed", "reset"])
def test_a_kept_connection_that_died_is_no_trouble_at_all(wait: Wait, ending: list[Any]) -> None:
    with RawServer([answer(state("running")), read(), *ending], [answer(state("done"))]) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 2, 0)
    assert "trouble" not in ended.err
    assert len(server.requests) == 3


@fault(8)
def test_one_broken_address_family_does_not_matter(wait: Wait, closing: RawServer) -> None:
    wait.names["api.localhost"] = "::1 127.0.0.1"

    ended = wait(f"http://api.localhost:{closing.port}")

    assert (ended.code, ended.one["problems"]) == (0, 0), ended.err


# -- certificates --------------------------------------------------------------------


@fault(9)
@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        pytest.param(Authority.expired, "certificate has expired", id="expired"),
        pytest.param(Authority.wrong_host, "mismatch", id="another host"),
        pytest.param(lambda _: Authority().good(), "local issuer", id="unknown issuer"),
    ],
)
def test_a_bad_certificate_ends_the_first_try_and_no_token_leaves(
    wait: Wait,
    authority: Authority,
    tmp_path: Path,
    certificate: Callable[[Authority], ssl.SSLContext],
    reason: str,
) -> None:
    wait.ca_file = authority.write(tmp_path)
    with RawServer([answer(state("done"))], context=certificate(authority)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 1)
    line = ended.line("a unknown after")
    assert "was rejected: " in line
    assert reason in line
    assert "--ca-file" in ended.line("to fix")
    assert server.requests == []


@fault(9)
def test_a_certificate_that_expires_in_the_middle_of_a_wait_is_waited_for(
    wait: Wait, authority: Authority, tmp_path: Path
) -> None:
    wait.ca_file = authority.write(tmp_path)
    wait.speed = 20.0
    context, worse = authority.good(), authority.expired()
    shown = iter([context, worse, worse, worse])

    def show(peer: Any, *_: object) -> None:
        peer.context = next(shown, context)

    context.sni_callback = show
    scripts = [[answer(state("running"), CLOSE)], *[[hang()]] * 3, [answer(state("done"))]]
    with RawServer(*scripts, context=context) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 3), ended.err
    assert "certificate has expired" in ended.line("a trouble")


@fault(10)
@pytest.mark.parametrize(
    "script",
    [
        pytest.param([read(), answer(b"{}")], id="waits for a request"),
        pytest.param([send(b"220 mail.example ESMTP\r\n"), hang()], id="greets"),
        pytest.param([], id="closes"),
    ],
)
def test_a_plain_text_port_under_https_asks_whether_it_is_one(
    wait: Wait, script: list[Any]
) -> None:
    with RawServer(script) as server:
        ended = wait(server.url.replace("http:", "https:"))

    assert ended.code == 6
    assert "is this an https port?" in ended.line("a unknown after")
    assert server.requests == []


@fault(11)
def test_plain_http_to_another_machine_is_refused_before_anything_is_sent(wait: Wait) -> None:
    ended = wait("http://api.example.com")

    assert (ended.code, ended.document["exit_reason"]) == (2, "usage")
    assert ended.looked_up == []
    assert "write https" in ended.line("plain http would show the credential")


@fault(11)
def test_plain_http_to_another_machine_is_asked_where_a_users_own_file_allows_it(
    wait: Wait,
) -> None:
    ended = wait("http://api.example.com", allow_http=True)

    assert ended.code == 6
    assert set(ended.looked_up) == {"api.example.com"}


# -- proxies -------------------------------------------------------------------------


@fault(12)
@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param([], "the connection through the proxy failed", id="down"),
        pytest.param(
            [answer(b"<html>no", status="407 Proxy Authentication Required")],
            "the proxy requires a login",
            id="wants a login",
        ),
        pytest.param([answer(b"", status="502 Bad Gateway")], "HTTP 502", id="gives up"),
    ],
)
def test_a_proxy_that_does_not_let_us_through_is_named_without_its_password(
    wait: Wait, steps: list[Any], said: str
) -> None:
    wait.speed = 15.0
    with RawServer(steps) as server:
        port = server.port if steps else closed_port()
        wait.environ["HTTPS_PROXY"] = f"http://user:{CANARY}@127.0.0.1:{port}"
        ended = wait("https://api.example.com")

    line = ended.line("a unknown after")
    assert ended.code == 6
    assert said in line
    assert f"127.0.0.1:{port}" in line
    assert "HTTPS_PROXY" in ended.line("to fix")
    assert ended.took < FEW_SECONDS


@fault(12)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", f"http://user:{CANARY}@proxy:99999"),
        ("ALL_PROXY", f"foo://user:{CANARY}@proxy:1"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
    ],
)
def test_a_misspelt_variable_is_named_before_anything_is_sent(
    wait: Wait, name: str, value: str
) -> None:
    wait.environ[name] = value

    ended = wait("https://api.example.com")

    assert (ended.code, ended.looked_up) == (2, [])
    assert name in ended.line("opwatch:")


PAGE = b"<html><title>Web filter</title>The proxy says no."


@fault(13)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("502 Bad Gateway", "HTTP 502: Web filter (from a proxy?)"),
        ("403 Forbidden", "the connection through the proxy failed (127.0.0.1"),
        ("200 OK", "a web page, not JSON (a login page or a proxy?): Web filter"),
    ],
)
def test_a_page_of_a_proxy_is_no_news_of_the_operation(wait: Wait, status: str, said: str) -> None:
    page = http(PAGE, "Via: 1.1 squid", status=status)
    with api(RUNNING, *[page] * 4, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 4), ended.err
    assert said in ended.line("a trouble")


@fault(13)
def test_a_proxy_that_forbids_from_the_start_ends_it_in_seconds(wait: Wait) -> None:
    with api(http(PAGE, "Via: 1.1 squid", status="403 Forbidden")) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (6, 3), ended.err
    assert "HTTP 403, Web filter" in ended.line("a unknown after")


# -- this machine --------------------------------------------------------------------


@fault(14)
def test_a_laptop_without_a_network_waits_and_says_offline(wait: Wait, closing: RawServer) -> None:
    wait.speed = 200.0
    wait.names["127.0.0.1"] = [None, *[OFFLINE] * 12, None]

    ended = wait(closing.url, policy=Policy(lost_after=900))

    assert (ended.code, ended.one["problems"]) == (0, 12), ended.err
    assert "the network is down" in ended.line("a trouble")
    assert "offline" in ended.err
    assert "no request for" in ended.err


@fault(14)
def test_to_be_offline_for_too_long_is_lost_contact(wait: Wait, closing: RawServer) -> None:
    wait.speed = 200.0
    wait.names["127.0.0.1"] = [None, OFFLINE]

    ended = wait(closing.url, policy=Policy(lost_after=60))

    assert (ended.code, ended.one["reason"]) == (6, "lost_contact")
    assert ended.one["state"] == "running"
    assert "not confirmed for 1m" in ended.line("a unknown after")


@pytest.mark.every(2)
@fault(2, 14)
@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is not installed")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://192.0.2.1", "the network is down"),
        ("https://api.example.com", "name resolution is down"),
    ],
)
def test_a_machine_without_any_network_waits_until_the_deadline(
    tmp_path: Path, url: str, said: str
) -> None:
    program = Program(tmp_path, url)
    ran = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "opwatch", "wait", "-p", "fullstory",  # noqa: S607, its place differs
         "--timeout", "0.4", "a"],
        env=program.environ, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if "unshare" in ran.stderr:
        pytest.skip(f"no namespaces here: {ran.stderr.strip()}")

    assert ran.returncode == 124
    assert said in ran.stderr


@fault(15)
def test_no_descriptor_left_is_waited_for(wait: Wait, closing: RawServer) -> None:
    wait.names["127.0.0.1"] = [
        OSError(errno.EMFILE, "Too many open files"),
        None,
        *[OSError(errno.ENFILE, "Too many open files in system")] * 3,
        None,
    ]

    ended = wait(closing.url)

    assert (ended.code, ended.one["problems"]) == (0, 4), ended.err
    assert "limit of open files" in ended.line("a trouble")


@pytest.mark.slow
@fault(15)
@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not limited so")
def test_a_hundred_operations_end_well_with_a_handful_of_descriptors(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    with DemoServer() as server:
        names = [server.start("fullstory", Script(0.1)).id for _ in range(100)]
        config.write_text(
            f"{{version: 1, profiles: {{many: {{extends: fullstory, base_url: '{server.base_url}',"
            " limits: {rate: 1000/s, burst: 1000, at_once: 32}}}}"
        )
        program = Program(tmp_path)
        ran = subprocess.run(  # noqa: S603, our own program
            ["bash", "-c", 'ulimit -n 24; exec "$@"', "-", sys.executable, "-m", "opwatch", "wait",  # noqa: S607, its place differs
             "--config", str(config), "-p", "many", "--interval", "0.2", "--json", *names],
            env=program.environ, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert "limit of open files" in ran.stderr


@fault(16)
def test_many_operations_share_few_connections(wait: Wait) -> None:
    def done(request: bytes) -> bytes:
        return http(state("done", asked_about(request)))

    names = [str(number) for number in range(300)]
    with api(done) as server:
        ended = wait(server.url, *names, limits={"rate": "1000/s", "burst": 1000, "at_once": 32})

    assert ended.code == 0
    assert ended.document["summary"] == {"total": 300, "succeeded": 300}
    assert server.connections <= 32
