"""opwatch in a CI system: what its log and its files hold, whatever an API answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from opwatch.cli.run_options import RunOptions
from opwatch.cli.view import View
from opwatch.output.ci import VARIABLES
from opwatch.session.context import RunContext
from output.ci import readers
from output.ci.test_log import HOSTILE
from servers.echo import Api
from servers.oauth import Asked, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from cli.inside import Inside

TOKEN = "canary-of-the-step-91c4"
LINK = "https://api.example.com/jobs/bad"
SYSTEMS = list(VARIABLES)


def answer(asked: Asked) -> Reply:
    name = asked.path.rpartition("/")[2]
    if name != "bad":
        return Reply(body={"id": name, "status": "done"})
    error = {"code": "17", "message": f"bad column; the token was {TOKEN}"}
    return Reply(body={"id": name, "status": "failed", "error": error, "link": LINK})


def step(inside: Inside) -> tuple[dict[str, str], Path, Path]:
    """Return the variables of a step of GitHub Actions, and its files."""
    output, summary = inside.home / "output", inside.home / "summary"
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    return {"GITHUB_ACTIONS": "true", "API_TOKEN": TOKEN, **files}, output, summary


def test_a_step_of_github_has_annotations_outputs_and_a_summary(inside: Inside) -> None:
    environ, output, summary = step(inside)
    output.write_text("before=1\n")
    with Api(answer) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("wait", "-p", "mine", "good", "bad", environ=environ)

    assert (ran.code, ran.out) == (1, "")
    assert [each for each in readers.commands(ran.err) if "add-mask" not in each] == [
        "github group", "github endgroup", "github error",
    ]  # fmt: skip
    found = readers.github_outputs(output.read_text())
    document = json.loads(found["json"])
    assert (found["before"], found["exit-code"], document["exit_code"]) == ("1", "1", 1)
    assert re.fullmatch(r"1 of 2 succeeded, 1 failed, in \d+s", found["summary"])
    assert '&#47;bad"><code>bad</code></a> | <code>failed</code>' in summary.read_text()
    assert TOKEN not in output.read_text() + summary.read_text()


@pytest.mark.parametrize(
    "command", [["wait", "a"], ["start", "POST", "/ops"], ["start", "POST", "/ops", "--no-wait"]]
)
def test_a_run_that_cannot_begin_is_an_annotation_and_has_outputs(
    command: list[str], inside: Inside
) -> None:
    environ, output, summary = step(inside)

    ran = inside.run(*command, "-p", "nobody", environ=environ)

    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith(f"::error title=opwatch {command[0]}::")
    found = readers.github_outputs(output.read_text())
    assert (found["exit-code"], json.loads(found["json"])["exit_reason"]) == ("2", "usage")
    assert "nobody" in found["summary"]
    assert summary.read_text().startswith("### opwatch: ")


@pytest.mark.parametrize("place", ["nowhere/output", "."], ids=["no folder", "a folder"])
def test_files_that_cannot_be_written_change_no_verdict(inside: Inside, place: str) -> None:
    environ = {**step(inside)[0], "GITHUB_OUTPUT": place, "GITHUB_STEP_SUMMARY": place}
    with Api(answer) as api:
        inside.configure(mine=profile(api.base))

        ran = inside.run("wait", "-p", "mine", "good", environ=environ)

    assert ran.code == 0
    assert ran.err.count(f"cannot write {place}") == 2


def test_ci_none_reports_to_nobody(inside: Inside) -> None:
    environ, output, summary = step(inside)
    with Api(answer) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "--ci", "none", "bad", environ=environ)

    assert readers.commands(ran.err) == []
    assert not output.exists()
    assert not summary.exists()


def test_get_reports_to_nobody(inside: Inside) -> None:
    environ, output, _ = step(inside)
    with Api(answer) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("get", "-p", "mine", "bad", environ=environ)

    assert (ran.code, readers.commands(ran.err), output.exists()) == (1, [], False)


@pytest.mark.parametrize(
    ("command", "is_reported"), [("wait", True), ("start", True), ("demo", False)]
)
def test_the_demo_fails_no_build(command: str, is_reported: bool) -> None:  # noqa: FBT001
    context = RunContext(environ={"GITHUB_ACTIONS": "true"})

    assert (View(command, RunOptions(), context).ci is not None) is is_reported


def test_a_system_that_is_not_known_is_refused(inside: Inside) -> None:
    ran = inside.run("wait", "--ci", "travis", "a")

    assert ran.code == 2
    assert "Invalid value for '--ci' (env var: 'OPWATCH_CI'): 'travis' is not one of" in ran.err


@pytest.mark.parametrize("variable", SYSTEMS)
def test_standard_output_is_the_documents_alone(inside: Inside, variable: str) -> None:
    with Api(answer) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "--json", "bad", environ={variable: "true"})

    assert ran.outcomes == ["failed"]
    assert readers.commands(ran.out) == []
    assert "bad failed" in ran.err


def test_a_log_that_is_a_terminal_gets_lines(inside: Inside) -> None:
    with Api(answer) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "bad", environ={"BUILDKITE": "true"}, terminal=True)

    assert ran.out.startswith("--- opwatch: waiting for bad\r\nopwatch ")
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("variable", SYSTEMS)
def test_an_api_commands_no_system(inside: Inside, variable: str) -> None:
    text = " ".join(HOSTILE)
    environ = {**step(inside)[0], "GITHUB_ACTIONS": "", variable: "true"}

    def hostile(asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        found: dict[str, Any] = {"id": name, "status": "failed", "message": text, "link": text}
        return Reply(body={**found, "error": {"code": text, "message": text}, "result": text})

    with Api(hostile) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "-v", "--json", "a", environ=environ)

    ours = readers.commands(ran.err)
    assert (ran.code, readers.commands(ran.out)) == (1, [])
    assert len(ours) == {"GITLAB_CI": 2, "BUILDKITE": 2}.get(variable, 3), ours
    assert not readers.ESCAPES.search(ran.err)
