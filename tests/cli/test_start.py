"""``opwatch start`` against the demo server, and against one that does not answer."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from cli.forkserver import start
from cli.inside import profile
from cli.program import PATIENCE, Program
from opwatch.demo import DEMO_TOKEN
from output.schemas import output_schema
from servers.dialects import DEMO_USER
from servers.raw import RawServer, answer, hang, read

if TYPE_CHECKING:
    from cli.inside import Inside
    from servers.demo import DemoServer


@pytest.fixture
def opwatch(inside: Inside, server: DemoServer) -> Inside:
    inside.environ |= {"OPWATCH_TOKEN": DEMO_TOKEN.reveal(), "OPWATCH_BASE_URL": server.base_url}
    return inside


SOON = ("-H", "Demo-Seconds: 0.2", "--interval", "0.1", "--timeout", "20")
FULLSTORY = ("-p", "fullstory", "POST", "/segments/v1/exports")
PARAMS = {
    "google-lro": ("--param", "service=run"),
    "bentley-schedules": ("--param", "schedule_id=demo"),
    "seismic-programs": ("--param", "space_id=demo"),
    "github-actions": ("--param", "owner=octo-org", "--param", "repo=octo-repo"),
}


@pytest.mark.parametrize(
    "profile", ["fullstory", "bentley-schedules", "google-lro", "azure-location", "ogc-processes"]
)
def test_what_it_starts_is_watched_to_its_end(
    profile: str, server: DemoServer, opwatch: Inside
) -> None:
    method, url = server.starting(profile)
    path = url.removeprefix(server.base_url)

    ran = opwatch.run(
        "start", "-p", profile, *PARAMS.get(profile, ()), *SOON, "--json", method, path
    )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert ran.document["command"] == "start"
    (operation,) = ran.document["operations"]
    assert f"opwatch: started {operation['reference']}" in ran.err


@pytest.mark.parametrize("dialect", ["azure-async", "azure-location", "azure-provisioning"])
@pytest.mark.parametrize(("end", "code"), [("succeeded", 0), ("failed", 1)])
def test_azure_takes_whatever_the_answer_names(
    dialect: str, end: str, code: int, server: DemoServer, opwatch: Inside
) -> None:
    method, url = server.starting(dialect)

    ran = opwatch.run(
        "start", "-p", "azure", "--base-url", server.base_url, *SOON, "-H", f"Demo-End: {end}",
        "--json", method, url,
    )  # fmt: skip

    assert (ran.code, ran.outcomes) == (code, [end]), ran.err


def test_the_result_of_azure_s_put_is_the_resource(server: DemoServer, opwatch: Inside) -> None:
    method, url = server.starting("azure-async")

    ran = opwatch.run(
        "start", "-p", "azure", "--base-url", server.base_url, *SOON, "--json", "--result",
        method, url,
    )  # fmt: skip

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    last = server.requests("azure-async")[-1]
    assert (last.method, last.target) == ("GET", url.removeprefix(server.base_url)), ran.err


def test_a_failure_exits_with_1(opwatch: Inside) -> None:
    ran = opwatch.run("start", *FULLSTORY, *SOON, "-H", "Demo-End: failed", "--json")

    assert (ran.code, ran.outcomes) == (1, ["failed"]), ran.err


def test_an_operation_that_has_ended_at_once_is_not_polled(
    server: DemoServer, opwatch: Inside
) -> None:
    method, url = server.starting("google-lro")

    ran = opwatch.run(
        "start", "-p", "google-lro", *PARAMS["google-lro"], *SOON, "-H", "Demo-Seconds: 0",
        "--json", method, url,
    )  # fmt: skip

    assert (ran.code, ran.document["operations"][0]["polls"]) == (0, 0), ran.err
    assert [seen.method for seen in server.requests("google-lro")] == ["POST"]


@pytest.mark.parametrize("how", ["text", "file", "stdin"])
def test_the_body_comes_from_anywhere(how: str, server: DemoServer, opwatch: Inside) -> None:
    # The demo's GitHub names the run only to who asks for it in the body.
    body = json.dumps({"ref": "main", "return_run_details": True})
    (opwatch.home / "body.json").write_text(body)
    data = {"text": body, "file": "@body.json", "stdin": "@-"}[how]
    method, url = server.starting("github-actions")

    ran = opwatch.run(
        "start", "-p", "github-actions", *PARAMS["github-actions"], "--no-wait",
        method, url, "-d", data, stdin=body.encode(),
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert "/actions/runs/" in ran.out


def test_without_a_wait_the_reference_alone_is_printed_and_can_be_piped(opwatch: Inside) -> None:
    started = opwatch.run("start", *FULLSTORY, *SOON, "--no-wait")
    waited = opwatch.run(
        "wait", "-p", "fullstory", "--interval", "0.1", "--json", "-", stdin=started.out.encode()
    )

    assert (started.code, started.err, len(started.out.split())) == (0, "", 1)
    assert (waited.code, waited.outcomes) == (0, ["succeeded"]), waited.err


def test_a_reference_that_cannot_be_written_is_said(program: Program) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")

    with full.open("w") as stdout:
        ran = program.run("start", *FULLSTORY, "--no-wait", stdout=stdout)

    assert ran.code == 74
    assert "opwatch: started " in ran.err


def test_a_quiet_start_says_nothing_when_all_goes_well(opwatch: Inside) -> None:
    ran = opwatch.run("start", *FULLSTORY, *SOON, "-q")

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_what_stands_beside_the_reference_is_in_the_command_that_goes_on(
    opwatch: Inside,
) -> None:
    environ = {"OSB_USERNAME": DEMO_USER}
    path = "/v2/service_instances/i-1?accepts_incomplete=true"

    ran = opwatch.run("start", "-p", "osb", "--no-wait", "--json", "PUT", path, environ=environ)

    assert ran.code == 0, ran.err
    Draft202012Validator(json.loads(output_schema("started"))).validate(ran.document)
    (operation,) = ran.document["operations"]
    task = operation["params"]["operation"]
    assert ran.document["wait_with"].endswith(f"--param operation={task} i-1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("POST", "https://evil.example.com/x"), "evil.example.com is not where"),
        (("POST", "/x", "-H", "Authorization: Bearer x"), "header Authorization cannot be given"),
        (("POST", "/x", "-d", "@missing"), "cannot read missing"),
        (("BREW", "/x"), "not a method"),
        (("POST", "/x", "-d", "@-", "--token-stdin"), "both the token and the body"),
        (("POST", "/x", "--no-wait", "--result"), "--no-wait leaves no result"),
    ],
)
def test_what_cannot_be_sent_is_a_usage_error_and_nothing_is_asked(
    arguments: tuple[str, ...], said: str, server: DemoServer, opwatch: Inside
) -> None:
    ran = opwatch.run("start", "-p", "fullstory", "--json", *arguments)

    assert (ran.code, ran.document["exit_reason"]) == (2, "usage")
    assert said in ran.err
    assert server.requests() == ()


def test_a_refused_credential_is_4_and_a_refused_request_6(opwatch: Inside) -> None:
    denied = opwatch.run("start", *FULLSTORY, environ={"OPWATCH_TOKEN": "wrong-but-well-formed"})
    refused = opwatch.run("start", *FULLSTORY, "-H", "Demo-End: nonsense", "--json")

    assert (denied.code, refused.code) == (4, 6)
    assert "not started: " in denied.err
    assert "'nonsense' is not a valid State" in refused.document["problem"]
    assert refused.document["operations"] == []


@pytest.mark.every(2)
@pytest.mark.parametrize("more", [(), ("--no-wait",)])
def test_who_leaves_before_the_answer_is_told_that_it_may_have_been_started(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    with RawServer([read(), hang()]) as server:
        environ = Program(tmp_path, server.url).environ
        child = start("start", *FULLSTORY, *more, "--json", env=environ, cwd=tmp_path)
        deadline = time.monotonic() + PATIENCE
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(None, PATIENCE)

    assert child.returncode == 130, err
    assert b"it may have been started" in err
    assert json.loads(out)["exit_reason"] == "interrupted"


def test_who_leaves_after_the_answer_is_told_how_to_go_on(program: Program) -> None:
    ran = program.interrupted(
        signal.SIGINT, "start", *FULLSTORY, "-H", "Demo-Seconds: 60", when="waiting for"
    )

    assert ran.code == 130
    assert "to go on: opwatch wait --resume " in ran.err


@pytest.mark.parametrize(
    ("more", "reason"),
    [((), "succeeded"), (("--no-wait",), "started"), (("--result",), "succeeded")],
)
def test_a_deletion_that_is_done_at_once_exits_with_0(
    more: tuple[str, ...], reason: str, inside: Inside
) -> None:
    with RawServer([answer(b"", status="204 No Content"), hang()]) as server:
        inside.configure(jobs={**profile(server.url, auth="none"), "handoff": [{"body": "id"}]})
        ran = inside.run("start", "-p", "jobs", *more, "--json", "DELETE", "/things/7")

    assert (ran.code, ran.document["exit_reason"]) == (0, reason), ran.err
    assert ran.document["operations"][0]["state"] == "succeeded"
    assert len(server.requests) == 1
    if reason == "started":
        Draft202012Validator(json.loads(output_schema("started"))).validate(ran.document)
        assert ran.document["wait_with"] is None


@pytest.mark.parametrize(
    ("status", "body", "end"),
    [("204 No Content", b"", "succeeded"), ("200 OK", b'{"status": "failed"}', "failed")],
)
def test_what_ended_at_once_leaves_no_reference_to_pipe_and_says_how_it_ended(
    status: str, body: bytes, end: str, inside: Inside
) -> None:
    with RawServer([answer(body, status=status), hang()]) as server:
        inside.configure(jobs={**profile(server.url, auth="none"), "handoff": [{"body": "id"}]})
        ran = inside.run("start", "-p", "jobs", "--no-wait", "DELETE", "/things/7")

    assert (ran.code, ran.out) == (0, ""), ran.err
    assert f"/things/7 ended at once: {end}" in ran.err


def deleted(inside: Inside, status: str, body: bytes, *headers: str) -> Any:
    """Delete an instance of SAP Service Manager, which answers with *status* and *body*."""
    with RawServer([answer(body, *headers, status=status), hang()]) as server:
        inside.environ |= {"SAP_SM_TOKEN": "token-0b1c7f3a"}
        ran = inside.run(
            *("start", "-p", "sap-service-manager", "--param", f"server={server.url}"),
            *("--param", "resource_type=service_instances", "--param", "resource_id=si-1"),
            *("--json", "DELETE", "/v1/service_instances/si-1"),
        )
        assert len(server.requests) == 1
    return ran


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "200 OK"])
def test_a_deletion_of_what_its_api_no_longer_has_is_done_as_the_vendors_client_says(
    status: str, inside: Inside
) -> None:
    body = {} if status == "200 OK" else {"error": "NotFound", "description": "no such instance"}
    ran = deleted(inside, status, json.dumps(body).encode())

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert ran.document["operations"][0]["message"] == body.get("description")


@pytest.mark.parametrize(
    ("status", "body", "header"),
    [
        ("404 Not Found", b"404 Not Found: Requested route does not exist.", "X-Cf-RouterError: x"),
        ("404 Not Found", b"<html><title>Not Found</title></html>", "Via: 1.1 proxy"),
        ("404 Not Found", b"", "X-A: b"),
        ("200 OK", b"<html><title>Log in</title></html>", "X-A: b"),
        ("200 OK", b"", "X-A: b"),
        ("409 Conflict", b'{"error": "Conflict", "description": "busy"}', "X-A: b"),
    ],
)
def test_only_the_api_itself_can_say_that_what_is_to_be_deleted_is_gone(
    status: str, body: bytes, header: str, inside: Inside
) -> None:
    ran = deleted(inside, status, body, header)

    assert ran.code == 6, (ran.out, ran.err)


def test_a_deletion_that_is_refused_with_404_is_no_success_where_no_vendor_says_so(
    inside: Inside,
) -> None:
    with RawServer([answer(b'{"error": "no"}', status="404 Not Found"), hang()]) as server:
        gone = {"state": "succeeded", "kind": "delete"}
        inside.configure(jobs={**profile(server.url, auth="none"), "gone": gone})
        ran = inside.run("start", "-p", "jobs", "DELETE", "/things/7")

    assert ran.code == 6, ran.err
    assert "not started" in ran.err


@pytest.mark.parametrize("more", [(), ("--no-wait",)])
def test_a_url_that_was_handed_off_and_cannot_be_asked_is_not_lost(
    more: tuple[str, ...], inside: Inside
) -> None:
    where = "https://elsewhere.example.com/ops/7/"
    accepted = answer(b"{}", f"Location: {where}", status="202 Accepted")
    with RawServer([accepted, hang()]) as server:
        inside.configure(
            jobs={**profile(server.url, auth="none"), "handoff": [{"header": "Location"}]}
        )
        ran = inside.run("start", "-p", "jobs", *more, "--json", "POST", "/ops")
    (operation,) = ran.document["operations"]

    assert (ran.code, operation["reference"], operation["outcome"]) == (6, where, "unknown")
    assert f"started    {where}" in ran.err
    assert "opwatch: to wait: opwatch wait -p jobs " in ran.err
    assert ran.err.endswith(f" {where}\n")
    Draft202012Validator(json.loads(output_schema("document"))).validate(ran.document)


@pytest.mark.parametrize("path", ["/a/b/", "/a/b//", "/a/"])
def test_a_whole_url_with_a_slash_at_its_end_is_asked_as_given(path: str, inside: Inside) -> None:
    wide = {"request": {"path": "/{id}"}, "params": {"id": {"encode": "path"}}}
    done = answer(b'{"status": "done"}')
    accepted = answer(b"{}", f"Location: {path}", status="202 Accepted")
    with RawServer([accepted, done, done, hang()]) as server:
        inside.configure(
            jobs={**profile(server.url, auth="none", **wide), "handoff": [{"header": "Location"}]}
        )
        started = inside.run("start", "-p", "jobs", "POST", "/ops")
        waited = inside.run("wait", "-p", "jobs", server.url + path)

    assert (started.code, waited.code) == (0, 0), started.err + waited.err
    asked = {each.split(b"\r\n")[0] for each in server.requests[1:]}
    assert asked == {f"GET {path} HTTP/1.1".encode()}


@pytest.mark.parametrize("more", [(), ("-p", "fullstory")])
def test_a_piped_server_error_is_unknown(more: tuple[str, ...], inside: Inside) -> None:
    piped = b"HTTP/1.1 503 Service Unavailable\r\nLocation: https://a.example.com/ops/1\r\n\r\n{}"

    ran = inside.run("wait", *more, "--json", "-", stdin=piped)

    assert (ran.code, ran.document["exit_reason"]) == (6, "unknown"), ran.err
    assert "it may have been started" in ran.err
