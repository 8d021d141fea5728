"""A canary for a token: no byte that the program writes holds it, or a part of it.

Every sink is tried against a server that says the token back in every way.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from cli.inside import profile
from opwatch.domain.secret import MASK
from opwatch.session import session
from servers.echo import WAYS, Api, EchoServer, credential_in, pieces, shown_of, spelled
from servers.oauth import OAuthServer, Reply, refused
from servers.raw import RawServer, http, read, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside

CANARY: Final = 'canary-7f3aQ+/9x"\\<&Zt5%~!k'
LOOK: Final = ("--timeout", "400ms")
# What is asked again for a second or two before it is believed is left out where it can be.
QUICK: Final = tuple(way for way in WAYS if way not in {"wrong-id", "encoded"})
SCHEMES: Final = {
    "bearer": {"bearer": {"env": "API_TOKEN"}},
    "query": {"query": {"name": "key", "from": {"env": "API_TOKEN"}}},
    "basic": {"basic": {"username": "ada", "password": {"env": "API_TOKEN"}}},
}


@pytest.fixture
def echo(inside: Inside) -> Iterator[EchoServer]:
    inside.environ["API_TOKEN"] = CANARY
    with EchoServer() as server:
        inside.configure(mine=profile(server.base))
        yield server


def safe(text: str) -> bool:
    assert shown_of(CANARY, text) == []
    return True


def test_the_search_for_the_canary_finds_it_in_every_spelling() -> None:
    for text in spelled(CANARY):
        assert shown_of(CANARY, f"before {text} behind"), text
    assert not any(each in "opwatch: nothing *** of the kind" for each in pieces(CANARY))


# -- each sink -------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_document_with_the_raw_answers_is_masked(
    scheme: str, inside: Inside, echo: EchoServer
) -> None:
    inside.configure(mine=profile(echo.base, auth=SCHEMES[scheme]))

    ways = tuple(WAYS) if scheme == "bearer" else QUICK

    ran = inside.run("get", "-p", "mine", "--json", "--raw", *ways)

    assert safe(ran.out + ran.err)
    seen = {each["reference"]: each for each in ran.document["operations"]}
    assert tuple(seen) == ways
    assert seen["done"]["result"][MASK] == MASK
    assert seen["failed"]["error"]["code"] == MASK
    assert seen["message"]["raw"]["message"].startswith(f"{MASK} ")
    assert seen["forbidden"]["error"]["message"].endswith(f"{MASK} may not see this")


@pytest.mark.usefixtures("echo")
def test_the_stream_of_events_is_masked(inside: Inside) -> None:
    ran = inside.run("wait", "-p", "mine", *LOOK, "--jsonl", "--raw", *WAYS)

    assert safe(ran.out + ran.err)
    assert MASK in ran.out
    assert {json.loads(line)["type"] for line in ran.out.splitlines()} >= {"observed", "result"}


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_the_table_is_masked(terminal: bool, inside: Inside) -> None:  # noqa: FBT001, a parameter of the test
    ran = inside.run("get", "-p", "mine", *QUICK, terminal=terminal)

    assert safe(ran.out + ran.err)
    assert MASK in ran.out


@pytest.mark.usefixtures("echo")
def test_lines_and_the_trace_and_the_report_are_masked(inside: Inside) -> None:
    report = inside.home / "report.xml"

    ran = inside.run("wait", "-p", "mine", *LOOK, "-v", "--junit", str(report), *WAYS)

    assert safe(ran.out + ran.err + report.read_text())
    assert f"Authorization: {MASK}" in ran.err
    assert f"etag: {MASK}" in ran.err
    assert MASK in report.read_text()


def test_c4_the_headers_that_decide_are_shown_in_the_trace(inside: Inside) -> None:
    decides = "Retry-After: 2", "Connection: close", "Location: /ops/a?sig=canary", "Set-Cookie: c"
    with RawServer([read(), send(http(b"{}", *decides, status="202 Accepted"))]) as server:
        inside.configure(mine=profile(server.url, auth="none"))

        ran = inside.run("get", "-p", "mine", "-v", "a")

    for said in ("retry-after: 2", "connection: close", "location: /ops/a?***", "set-cookie: ***"):
        assert f"opwatch <   {said}\n" in ran.err
    assert "canary" not in ran.err


def test_a_credential_in_the_query_is_masked_in_the_trace(inside: Inside, echo: EchoServer) -> None:
    inside.configure(mine=profile(echo.base, auth=SCHEMES["query"]))

    ran = inside.run("get", "-p", "mine", "-v", "done", "moved")

    assert safe(ran.out + ran.err)
    assert f"GET {echo.base}/ops/done?key={MASK}" in ran.err
    assert any("key=" in each.path for each in echo.requests)


@pytest.mark.usefixtures("echo")
def test_the_bars_are_masked(inside: Inside) -> None:
    ran = inside.run("wait", "-p", "mine", *LOOK, *WAYS, terminal=True)

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", ran.out)
    assert safe(ran.out)
    assert safe(plain)
    assert "\x1b[" in ran.out
    assert MASK in plain


@pytest.mark.usefixtures("echo")
def test_a_quiet_run_is_masked(inside: Inside) -> None:
    ran = inside.run("wait", "-p", "mine", *LOOK, "-q", *WAYS)

    assert safe(ran.out + ran.err)
    assert MASK in ran.err


@pytest.mark.usefixtures("echo")
def test_what_auth_says_is_masked(inside: Inside) -> None:
    said = ""
    for way in ("message", "failed", "nested", "forbidden", "cut-status", "headers", "moved"):
        for form in ((), ("--json",), ("-v",)):
            ran = inside.run("auth", "test", "-p", "mine", way, *form)
            said += ran.out + ran.err
    said += inside.run("auth", "status", "-p", "mine").out
    said += inside.run("auth", "status", "--json").out

    assert safe(said)
    assert f"{MASK} may not see this" in said


def test_a_refusal_of_the_token_endpoint_is_masked_also_where_it_is_cut(inside: Inside) -> None:
    with OAuthServer(client_secret=CANARY) as server:
        oauth = {
            "token_url": server.token_url,
            "client_id": "client",
            "client_secret": {"env": "API_TOKEN"},
        }
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))
        inside.environ["API_TOKEN"] = CANARY
        for text in (" ".join(spelled(CANARY)), "x" * 270 + CANARY):
            server.answers += [refused("invalid_client", description=text)] * 2

            ran = inside.run("get", "-p", "mine", "--json", "a")

            assert (ran.code, ran.outcomes) == (4, ["denied"])
            assert safe(ran.out + ran.err)


def test_a_token_that_is_a_headers_name_is_masked_in_the_trace(inside: Inside) -> None:
    token = "Canary-Token-7F3AQ9"
    with RawServer([read(), send(http(b"{}", f"{token}: x"))]) as server:
        inside.environ["API_TOKEN"] = token
        inside.configure(mine=profile(server.url))

        ran = inside.run("auth", "test", "-p", "mine", "-v")

    assert token.lower() not in (ran.out + ran.err).lower()
    assert f"{MASK}: {MASK}" in ran.err


def test_a_reason_phrase_is_masked(inside: Inside) -> None:
    said = send(http(b"{}", status=f"418 {CANARY}"))
    with RawServer([read(), said]) as server:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(mine=profile(server.url))

        ran = inside.run("get", "-p", "mine", "-v", "a")

    assert safe(ran.out + ran.err)


def test_a_proxy_that_says_its_password_back_is_masked(inside: Inside) -> None:
    def echoed(asked: bytes) -> bytes:
        found = re.search(rb"(?i)proxy-authorization: (\S+ \S+)", asked)
        assert found
        said = {"id": "a", "status": "failed", "error": {"message": found[1].decode()}}
        return http(json.dumps(said).encode())

    def answer(talk: Any) -> None:
        read()(talk)
        talk.peer.sendall(echoed(talk.requests[-1]))

    with RawServer([answer]) as proxy:
        address = proxy.url.replace("http://", "http://ada:canary-7f3aQ-9xZt5k@")
        inside.configure(mine=profile("http://api.example.com", auth="none", allow_http=True))

        ran = inside.run("get", "-p", "mine", "--json", "a", environ={"http_proxy": address})

    assert (ran.code, ran.document["operations"][0]["error"]["message"]) == (
        1,
        f"Basic YWRhOm{MASK}s=",
    )
    assert "canary-7" not in ran.out + ran.err


@pytest.mark.parametrize("allowed", [True, False])
def test_c3_a_token_goes_over_plain_http_only_where_a_users_own_file_allows_it(
    allowed: bool,  # noqa: FBT001, a parameter of the test
    inside: Inside,
) -> None:
    answered = send(http(json.dumps({"id": "a", "status": "done"}).encode()))
    with RawServer([read(), answered]) as proxy:
        inside.environ["API_TOKEN"] = CANARY
        more = {"allow_http": True} if allowed else {}
        inside.configure(mine=profile("http://api.example.com", **more))

        ran = inside.run("get", "-p", "mine", "--json", "a", environ={"http_proxy": proxy.url})

    assert ran.code == (0 if allowed else 2)
    assert [f"Authorization: Bearer {CANARY}".encode() in each for each in proxy.requests] == (
        [True] if allowed else []
    )
    assert safe(ran.out + ran.err)


@pytest.mark.usefixtures("echo")
def test_crash_text_is_masked(inside: Inside) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError(" ".join(spelled(CANARY))) from ValueError(CANARY)

    inside.monkeypatch.setattr(session, "Watcher", crash)

    ran = inside.run("wait", "-p", "mine", "--debug", "--json", "a")
    plain = inside.run("wait", "-p", "mine", "a")

    assert (ran.code, plain.code, ran.document["exit_reason"]) == (70, 70, "bug")
    assert safe(ran.out + ran.err + plain.err)
    assert "| RuntimeError" in ran.err


@pytest.mark.usefixtures("echo")
def test_what_nobody_waited_for_is_not_written_past_the_mask(
    inside: Inside, caplog: pytest.LogCaptureFixture
) -> None:
    carry_out = session.carry_out

    async def crash() -> None:
        raise RuntimeError(CANARY)

    async def with_a_stray(*arguments: Any, **more: Any) -> Any:
        stray = asyncio.ensure_future(crash())
        await asyncio.sleep(0)
        assert stray.done()
        del stray
        gc.collect()
        return await carry_out(*arguments, **more)

    inside.monkeypatch.setattr("opwatch.cli.runner.carry_out", with_a_stray)

    ran = inside.run("wait", "-p", "mine", *LOOK, "done")

    assert ran.code == 0
    assert safe(ran.out + ran.err + caplog.text)


# -- processes -------------------------------------------------------------------------

# What a helper finds of its own process, of opwatch, and of its environment.
LOOKING_AROUND = """
import json, os, pathlib
at = pathlib.Path(os.environ["HOME"])
def of(pid, what):
    return pathlib.Path(f"/proc/{pid}/{what}").read_bytes().decode(errors="replace")
own = of("self", "cmdline") + of("self", "environ")
found = {"own": own, "opwatch": of(os.getppid(), "cmdline")}
(at / "seen.json").write_text(json.dumps(found))
print("a-token-of-the-helper")
"""


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc here")
def test_neither_arguments_nor_a_helpers_environment_hold_a_secret(inside: Inside) -> None:
    with OAuthServer(client_secret=CANARY, client_id="a-token-of-the-helper") as server:
        oauth = {
            "token_url": server.token_url,
            "client_id": {"command": [sys.executable, "-c", LOOKING_AROUND]},
            "client_secret": {"env": "API_TOKEN"},
        }
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))
        environ = {
            **inside.environ,
            "PATH": os.environ["PATH"],
            "HOME": str(inside.home),
            "API_TOKEN": CANARY,
            "OPWATCH_OTHER_TOKEN": CANARY,
        }
        done = subprocess.run(
            [sys.executable, "-m", "opwatch", "get", "-p", "mine", "-v", "a"],
            env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
            check=False,
        )  # fmt: skip

    assert server.asked == 1, done.stderr
    assert safe(done.stdout + done.stderr)
    seen = json.loads((inside.home / "seen.json").read_text())
    assert "-m\x00opwatch\x00get" in seen["opwatch"]
    assert safe(seen["own"] + seen["opwatch"])
    assert "access-1" not in done.stdout + done.stderr


# -- GitHub Actions --------------------------------------------------------------------


def as_step(inside: Inside, *arguments: str, stderr: Any = subprocess.PIPE) -> tuple[str, str]:
    environ = {
        **inside.environ,
        "PATH": os.environ["PATH"],
        "HOME": str(inside.home),
        "GITHUB_ACTIONS": "true",
        "CI": "true",
    }
    done = subprocess.run(  # noqa: S603, our own program
        [sys.executable, "-m", "opwatch", *arguments],
        env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
        timeout=20, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr or ""


def masked_in(text: str) -> list[str]:
    marker = "::add-mask::"
    return [line.removeprefix(marker) for line in text.splitlines() if line.startswith(marker)]


@pytest.mark.usefixtures("echo")
def test_the_runner_of_github_is_told_each_secret_once_on_standard_error(inside: Inside) -> None:
    out, err = as_step(inside, "get", "-p", "mine", "--json", "done", "failed")

    assert masked_in(err) == [CANARY.replace("%", "%25")]
    assert err.index("::add-mask::") == 0
    assert safe(out)
    rest = "\n".join(line for line in err.splitlines() if not line.startswith("::add-mask::"))
    assert safe(rest)


def test_the_runner_is_told_of_a_renewed_token_too(inside: Inside) -> None:
    with OAuthServer(prefix="access-token") as server:
        oauth = {
            "token_url": server.token_url,
            "client_id": "client",
            "client_secret": {"env": "API_TOKEN"},
        }
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))
        inside.environ["API_TOKEN"] = "client-secret-canary"

        _, err = as_step(inside, "get", "-p", "mine", "a")

    assert masked_in(err) == ["client-secret-canary", "access-token-1"]


@pytest.mark.usefixtures("echo")
def test_a_secret_is_not_written_into_the_file_that_standard_error_is(inside: Inside) -> None:
    log = inside.home / "log.txt"
    with log.open("w") as file:
        out, _ = as_step(inside, "get", "-p", "mine", "-v", "done", stderr=file)

    assert safe(out + log.read_text())


# -- a sink on another port ------------------------------------------------------------


@pytest.fixture
def sink() -> Iterator[OAuthServer]:
    """A server that nothing may ever be sent to."""
    with OAuthServer() as server:
        yield server
        assert server.requests == []


@pytest.mark.parametrize("auth", [{"bearer": {"env": "API_TOKEN"}}, "none"], ids=["bearer", "none"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_port_is_not_followed(
    status: int, auth: Any, inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(status, {}, (("Location", f"{sink.base}/ops/a"),))) as api:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(mine=profile(api.base, auth=auth))

        ran = inside.run("get", "-p", "mine", "--json", "a")

    (operation,) = ran.document["operations"]
    assert (ran.code, operation["outcome"]) == (6, "unknown")
    assert operation["error"]["code"] == "foreign_origin"
    assert sink.base in operation["error"]["message"]


@pytest.mark.parametrize("auth", [{"bearer": {"env": "API_TOKEN"}}, "none"], ids=["bearer", "none"])
def test_an_operation_that_moves_to_another_port_is_not_followed(
    auth: Any, inside: Inside, sink: OAuthServer
) -> None:
    moving = {"id": "a", "status": "running"}
    with Api(lambda _: Reply(202, moving, (("Location", f"{sink.base}/ops/a"),))) as api:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(mine=profile(api.base, auth=auth, moves="location"))

        ran = inside.run("wait", "-p", "mine", "--json", "--timeout", "10s", "a")

    (operation,) = ran.document["operations"]
    assert (ran.code, operation["outcome"], len(api.requests)) == (6, "unknown", 1)
    assert operation["error"]["code"] == "foreign_origin"
    assert "127.0.0.1" in operation["error"]["message"]


@pytest.mark.parametrize("header", ["Location", "Operation-Location"])
def test_a_starting_answer_that_names_another_port_is_refused_before_any_request(
    header: str, inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(200, {})) as api:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(
            mine=profile(
                api.base,
                handoff=[{"header": "Location"}, {"header": "Operation-Location"}],
            )
        )
        started = f"HTTP/1.1 202 Accepted\r\n{header}: {sink.base}/ops/a\r\n\r\n{{}}"

        ran = inside.run("wait", "-p", "mine", "--json", "-", stdin=started.encode())

        assert (ran.code, api.requests) == (2, [])
    assert sink.base in ran.err


def test_a_result_on_another_port_is_not_fetched(inside: Inside, sink: OAuthServer) -> None:
    done = {"id": "a", "status": "done", "result": {"url": f"{sink.base}/file"}}
    with Api(lambda _: Reply(200, done)) as api:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(mine=profile(api.base, result=[{"url": "result.url"}]))

        ran = inside.run("wait", "-p", "mine", "--json", "--result", "a")

    assert ran.code not in {0, 70}, ran.err
    assert "foreign_origin" in ran.out
    assert "127.0.0.1" in ran.document["operations"][0]["error"]["message"]


def test_a_signed_result_is_fetched_without_a_credential(inside: Inside) -> None:
    with Api(lambda _: Reply(200, {"rows": 1})) as other:
        done = {"id": "a", "status": "done", "result": {"url": f"{other.base}/file?sig=x"}}
        with Api(lambda _: Reply(200, done)) as api:
            inside.environ["API_TOKEN"] = CANARY
            steps = [{"url": "result.url", "authorize": False}]
            inside.configure(mine=profile(api.base, result=steps))

            ran = inside.run("wait", "-p", "mine", "--json", "-v", "--result", "a")

    # A signed query is a credential, so the trace does not show it either.
    assert f"GET {other.base}/file?***" in ran.err
    assert "sig=x" not in ran.err
    (asked,) = other.requests
    assert (ran.code, ran.document["operations"][0]["result"]) == (0, {"rows": 1})
    assert safe(asked.path + repr(asked.headers))
    assert "authorization" not in asked.headers


@pytest.mark.parametrize("id_", ["a", "canary-of-a-name-7f3a"], ids=["proposed", "own"])
def test_no_file_is_named_after_the_token(id_: str, inside: Inside) -> None:
    token = "canary-of-a-name-7f3a"
    done = {"id": id_, "status": "done", "result": {"url": "/file"}}
    named = (("Content-Disposition", f'attachment; filename="{token}.txt"'),)
    with Api(
        lambda asked: Reply(200, b"x", named) if "file" in asked.path else Reply(200, done)
    ) as api:
        inside.environ["API_TOKEN"] = token
        inside.configure(mine=profile(api.base, result=[{"url": "result.url", "download": True}]))
        folder = inside.home / "results"

        ran = inside.run("wait", "-p", "mine", "--json", "--download", str(folder), id_)

    (kept,) = folder.iterdir()
    assert (ran.code, token in kept.name, token in ran.out + ran.err) == (0, False, False)
    # What is said is the name that it has.
    assert ran.document["operations"][0]["result"]["file"] == str(kept)


def test_a_started_operation_on_another_port_is_not_watched(
    inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(202, {}, (("Location", f"{sink.base}/ops/a"),))) as api:
        inside.environ["API_TOKEN"] = CANARY
        inside.configure(mine=profile(api.base, handoff=[{"header": "Location"}]))

        ran = inside.run("start", "-p", "mine", "--json", "POST", "/ops", "-d", "{}")

    assert ran.code not in {0, 70}, ran.err
    assert len(api.requests) == 1
    assert sink.base in ran.err


STARTED: Final = {
    "refused": lambda token: Reply(400, {"message": token}),
    "denied": lambda token: Reply(401, {"message": _all(token)}),
    "page": lambda token: Reply(200, f"<title>{token}</title>".encode()),
    "nowhere": lambda token: Reply(202, {"id": [token], "message": _all(token)}),
    "done": lambda token: Reply(200, {"id": "a", "status": "done", "message": _all(token)}),
    "moved": lambda token: Reply(202, {}, (("Location", f"/ops/message?t={quote(token)}"),)),
    "elsewhere": lambda token: Reply(307, {}, (("Location", f"https://x.example/{token}"),)),
}


def _all(token: str) -> str:
    return " ".join(spelled(token))


@pytest.mark.parametrize("way", STARTED)
def test_what_a_start_says_is_masked(way: str, inside: Inside) -> None:
    with Api(lambda asked: STARTED[way](credential_in(asked))) as api:
        inside.environ["API_TOKEN"] = CANARY
        handoff = [{"header": "Location"}, {"body": "id"}]
        inside.configure(mine=profile(api.base, handoff=handoff))
        for form in (("--json", "--raw"), ("-v",)):
            ran = inside.run("start", "-p", "mine", *form, *LOOK, "POST", "/ops", "-d", "{}")

            assert safe(ran.out + ran.err)


def test_a_draft_of_a_profile_holds_no_token(inside: Inside, echo: EchoServer) -> None:
    for way in ("message", "status", "failed", "done"):
        ran = inside.run(
            "profile", "new", "--name", "drafted", "--token-stdin",
            "--from", f"{echo.base}/ops/{way}",
            stdin=CANARY.encode(),
        )  # fmt: skip

        assert ran.code == 0, ran.err
        assert safe(ran.out + ran.err)
