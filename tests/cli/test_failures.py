"""Why an operation failed, from the API to every place where the program says it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.operation import State
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.inside import Inside

FAILED = Script(0.0, State.FAILED)
REPO = ("--param", "owner=octo-org", "--param", "repo=octo-repo")
END = [
    "FAILED [bold]test_sum[/bold]    1 != 2",
    "::error title=forged::all is well ##vso[task.complete result=Succeeded]",
    "downloading 100%",
    "Process completed with exit code 1.",
]


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(ALL_DIALECTS) as running:
        yield running


@pytest.fixture
def opwatch(inside: Inside, server: DemoServer) -> Inside:
    inside.environ |= {
        "OPWATCH_BASE_URL": server.base_url,
        "OPWATCH_TOKEN": DEMO_TOKEN.reveal(),
    }
    return inside


def test_the_failed_step_and_the_end_of_its_log_are_in_the_json(
    opwatch: Inside, server: DemoServer, tmp_path: Path
) -> None:
    job = server.start("github-actions", FAILED)
    before, report = len(server.requests()), tmp_path / "report.xml"

    ran = opwatch.run(
        *("wait", "-p", "github-actions", *REPO, "--json"),
        *("--junit", str(report), job.id),
    )

    (operation,) = ran.document["operations"]
    assert (ran.code, operation["outcome"]) == (1, "failed")
    why = operation["failure"]
    assert (why["text"], why["note"]) == ("job test, step Run make test", None)
    assert why["link"].endswith(f"/actions/runs/{job.id}/job/{job.id}1")
    assert why["lines"][-4:] == END
    assert len(why["lines"]) == 20
    (case,) = ET.parse(report).getroot().iter("testcase")  # noqa: S314, our own XML
    text = case[0].text or ""
    assert text.splitlines()[0] == "job test, step Run make test"
    assert text.splitlines()[-1] == f"| {END[-1]}"
    asked = server.requests()[before:]
    assert [each.target.partition("?")[0].rpartition("/")[2] for each in asked[-3:]] == [
        "jobs",
        "logs",
        f"{job.id}1.txt",
    ]
    assert "authorization" in asked[-2].headers
    assert "authorization" not in asked[-1].headers


@pytest.mark.parametrize("flag", ["--jsonl", "--json"])
def test_why_it_failed_is_in_a_recording_and_its_replay(
    flag: str, opwatch: Inside, server: DemoServer
) -> None:
    jobs = [server.start("github-actions", each).id for each in (FAILED, Script(0.0))]

    live = opwatch.run(
        *("wait", "-p", "github-actions", *REPO, "--record", "run.jsonl", flag),
        *("--progress", "lines", *jobs),
    )
    asked = len(server.requests())
    opwatch.environ.clear()
    again = opwatch.run("replay", "run.jsonl", flag)

    assert (again.code, live.code) == (1, 1)
    assert again.err == live.err
    assert len(server.requests()) == asked
    if flag == "--jsonl":
        assert again.out == live.out
    told = again.document["operations"][0]["failure"] if flag == "--json" else again.out
    assert "job test, step Run make test" in str(told)
    assert END[0] in str(told)
    assert DEMO_TOKEN.reveal() not in (opwatch.home / "run.jsonl").read_text()


def test_a_log_of_another_obeys_nothing_in_ours(opwatch: Inside, server: DemoServer) -> None:
    job = server.start("github-actions", FAILED)

    ran = opwatch.run("wait", "-p", "github-actions", *REPO, job.id)

    shown = [line for line in ran.err.splitlines() if line.startswith("opwatch   | ")]
    assert len(shown) == 20
    assert shown[-4:-2] == [
        f"opwatch   | {END[0]}",
        f"opwatch   | {END[1].replace('##vso', '# #vso')}",
    ]
    assert "\x1b" not in ran.err
    assert all(line.startswith("opwatch") for line in ran.err.splitlines())


def test_a_look_at_a_terminal_shows_why_and_a_pipe_keeps_its_lines(
    opwatch: Inside, server: DemoServer
) -> None:
    job = server.start("github-actions", FAILED)
    command = ("get", "-p", "github-actions", *REPO, job.id)

    seen, piped = opwatch.run(*command, terminal=True), opwatch.run(*command)

    assert "Process completed with exit code 1." in seen.out
    assert "[bold]test_sum[/bold]" in seen.out
    assert len(piped.out.splitlines()) == 2
    assert piped.out.splitlines()[1].endswith("\tjob test, step Run make test")


def test_nothing_is_asked_of_whoever_does_not_want_to_know(
    opwatch: Inside, server: DemoServer
) -> None:
    job = server.start("github-actions", FAILED)
    before = len(server.requests())

    ran = opwatch.run("get", "-p", "github-actions", *REPO, "--json", "--no-reason", job.id)

    assert (ran.code, ran.document["operations"][0]["failure"]) == (1, None)
    assert len(server.requests()) == before + 1


def test_a_success_is_not_asked_why(opwatch: Inside, server: DemoServer) -> None:
    job = server.start("github-actions", Script(0.0, State.SUCCEEDED))
    before = len(server.requests())

    ran = opwatch.run("get", "-p", "github-actions", *REPO, "--json", job.id)

    assert (ran.code, ran.document["operations"][0]["failure"]) == (0, None)
    assert len(server.requests()) == before + 1


def test_each_of_a_batch_has_its_own_reason(opwatch: Inside, server: DemoServer) -> None:
    one, two = (server.start("prefect", FAILED) for _ in range(2))

    ran = opwatch.run("get", "-p", "prefect", "--json", one.id, two.id)

    found = [each["failure"] for each in ran.document["operations"]]
    assert [each["text"] for each in found] == ["task load-0", "task load-0"]
    assert [each["lines"][-1] for each in found] == [
        f"line 30 of {one.id}",
        f"line 30 of {two.id}",
    ]
    assert len(found[0]["lines"]) == 20


def test_of_many_that_failed_the_first_ten_are_asked_about(
    opwatch: Inside, server: DemoServer
) -> None:
    names = [server.start("prefect", FAILED).id for _ in range(12)]

    ran = opwatch.run("get", "-p", "prefect", "--json", *names)

    found = [each["failure"] for each in ran.document["operations"]]
    assert sum(bool(each["lines"]) for each in found) == 10
    notes = [each["note"] for each in found if not each["lines"]]
    assert notes == ["not asked why it failed: too many did"] * 2
