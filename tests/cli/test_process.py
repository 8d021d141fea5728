"""What the process does with its streams, its signals and its arguments."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.operation import State
from output.schemas import output_schema

if TYPE_CHECKING:
    from cli.program import Program
    from servers.demo import DemoServer


def _validator(name: Literal["document", "event"]) -> Draft202012Validator:
    whole = json.loads(output_schema("document"))
    known = Registry().with_resource(whole["$id"], Resource.from_contents(whole))
    return Draft202012Validator(json.loads(output_schema(name)), registry=known)


FAST = ("-p", "fullstory", "--interval", "0.1")


def test_no_operation_is_a_usage_error_and_still_a_document(program: Program) -> None:
    ran = program.run("wait", "-p", "fullstory", "-", "--json", stdin="\n\n")

    assert ran.code == 2
    _validator("document").validate(ran.document)
    assert (
        ran.document["exit_code"],
        ran.document["exit_reason"],
        ran.document["operations"],
    ) == (2, "usage", [])
    assert "no operation given" in ran.err


def test_a_wrong_option_is_a_usage_error_and_still_a_document(program: Program) -> None:
    ran = program.run("wait", "--json", "--timeout", "soon", "x")

    assert ran.code == 2
    assert ran.document["exit_reason"] == "usage"


def test_an_unknown_profile_is_named_with_its_nearest(program: Program) -> None:
    ran = program.run("wait", "-p", "fulstory", "x")

    assert ran.code == 2
    assert "fullstory" in ran.err


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "hangup"),
    ],
)
def test_a_signal_detaches_with_a_document_and_the_way_to_go_on(
    number: signal.Signals, code: int, reason: str, server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(60))

    ran = program.interrupted(number, "wait", *FAST, "--json", job.id, when="waiting for")

    assert code == ran.code, ran.err
    _validator("document").validate(ran.document)
    assert (code, reason) == (ran.document["exit_code"], ran.document["exit_reason"])
    assert ran.outcomes == ["pending"]
    assert re.search(r"to go on: opwatch wait --resume [0-9a-f]{8}\n", ran.err)


def test_where_nothing_is_kept_the_way_to_go_on_names_it_all(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(60))

    ran = program.interrupted(
        signal.SIGINT, "wait", *FAST, "--no-state", job.id, when="waiting for"
    )

    assert f"to go on: opwatch wait -p fullstory --base-url {server.base_url} {job.id}" in ran.err
    assert not (program.home / ".local").exists()


def test_a_deadline_ends_with_124_and_a_document(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(60))

    ran = program.run("wait", *FAST, "--timeout", "0.5", "--json", job.id)

    assert (ran.code, ran.outcomes) == (124, ["timed_out"])
    assert (
        program.run("wait", *FAST, "--timeout", "0.2", "--timeout-exit-code", "7", job.id).code == 7
    )


def test_any_is_content_with_the_first_success(server: DemoServer, program: Program) -> None:
    quick, slow = server.start("fullstory", Script(0.2)), server.start("fullstory", Script(60))

    ran = program.run("wait", *FAST, "--any", "--json", quick.id, slow.id)

    assert (ran.code, ran.outcomes) == (0, ["succeeded", "pending"])


def test_fail_fast_stops_at_the_first_failure(server: DemoServer, program: Program) -> None:
    bad = server.start("fullstory", Script(0.2, State.FAILED))
    slow = server.start("fullstory", Script(60))

    ran = program.run("wait", *FAST, "--fail-fast", "--json", bad.id, slow.id)

    assert (ran.code, ran.outcomes) == (1, ["failed", "pending"])


def test_references_come_from_standard_input(server: DemoServer, program: Program) -> None:
    jobs = [server.start("fullstory", Script(0.1)) for _ in range(3)]
    plain = "\n".join([*[job.id for job in jobs], jobs[0].id])
    listed = json.dumps([{"operationId": job.id} for job in jobs])
    lined = "\n".join(json.dumps({"id": job.id}) for job in jobs)

    for text in (plain, listed, lined):
        ran = program.run("wait", *FAST, "--json", "-", stdin=text)

        assert (0, [job.id for job in jobs]) == (
            ran.code,
            [each["reference"] for each in ran.document["operations"]],
        ), ran.err


def test_json_lines_end_with_the_result(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.3))

    ran = program.run("wait", *FAST, "--jsonl", job.id)

    events = [json.loads(line) for line in ran.out.splitlines()]
    event_schema = _validator("event")
    for event in events:
        event_schema.validate(event)
    assert (
        events[0]["type"],
        events[-1]["type"],
        events[-1]["exit_code"],
    ) == ("started", "result", 0)


def test_quiet_says_nothing_when_all_went_well(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.1))

    ran = program.run("wait", *FAST, "-q", job.id)

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_reader_who_left_is_141_and_silent(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.1))
    reading, writing = os.pipe()
    os.close(reading)

    ran = program.run("get", "-p", "fullstory", "--json", job.id, stdout=writing)
    os.close(writing)

    assert (ran.code, ran.err) == (141, "")


def test_a_full_disk_is_74(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.1))
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")

    with full.open("w") as stdout:
        ran = program.run("wait", *FAST, "--json", job.id, stdout=stdout)

    assert ran.code == 74
    assert "cannot write output" in ran.err


def test_the_token_may_come_from_standard_input(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.1))

    ran = program.run(
        "wait", *FAST, "--token-stdin", job.id,
        stdin=DEMO_TOKEN.reveal() + "\n", environ={"OPWATCH_TOKEN": ""},
    )  # fmt: skip

    assert ran.code == 0, ran.err


def test_without_a_token_every_place_is_named_and_nothing_is_asked(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(0.1))
    del program.environ["OPWATCH_TOKEN"]

    ran = program.run("wait", *FAST, "--json", job.id)

    assert (ran.code, ran.outcomes) == (4, ["denied"])
    assert "OPWATCH_TOKEN" in ran.err
    assert "FULLSTORY_API_KEY" in ran.err
    assert server.requests() == ()


def test_a_starting_answer_is_piped_in_whole(server: DemoServer, program: Program) -> None:
    job = server.start("sap-service-manager", Script(0.2))
    answer = f"HTTP/1.1 202 Accepted\r\nLocation: {job.path}\r\n\r\n{{}}"

    ran = program.run(
        "wait", "-p", "sap-service-manager", "--interval", "0.1", "--json", "-", stdin=answer
    )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert job.id == ran.document["operations"][0]["id"]


def test_not_a_terminal_gets_no_escape_byte(server: DemoServer, program: Program) -> None:
    job = server.start("fullstory", Script(0.3))

    ran = program.run("wait", *FAST, job.id, environ={"FORCE_COLOR": "1", "CI": "true"})

    assert "\x1b" not in ran.out + ran.err
    assert "succeeded" in ran.err


def test_a_port_that_is_taken_is_no_bug_of_ours(server: DemoServer, program: Program) -> None:
    port = server.base_url.rpartition(":")[2]

    ran = program.run("demo", "--serve", "--port", port)

    reason = os.strerror(errno.EADDRINUSE)
    assert ran.code == 2
    assert ran.err == (
        f"opwatch: cannot listen on port {port} of this machine: {reason}\n"
        "  to fix     choose another with --port; 0 takes a free one\n"
    )
