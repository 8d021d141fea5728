"""The log of a run, as each CI system reads it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opwatch.domain.events import Finished
from opwatch.domain.operation import OperationError, State
from opwatch.domain.outcome import Goal, Outcome, Reason, verdict
from opwatch.output.ci import VARIABLES, System, system_of
from opwatch.output.ci.dialects import MOST
from opwatch.output.ci.log import mark
from opwatch.output.terminal import Style
from opwatch.output.terminal.display import open_display
from output.ci import readers
from output.script import Story, four, target, wall_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LINK = "https://api.example.com/jobs/44?a=1,2"
SYSTEMS = [each for each in System if each is not System.AUTO]
HOSTILE = (
    "::set-output name=x::y", "\n::error::x", "\r\n::stop-commands::x", " ::add-mask::a",
    "##[error]x", "##[group]x", "##vso[task.setvariable variable=PATH]x", "##VSO[task.complete]",
    "##teamcity[buildStatus status='SUCCESS']", "' status='NORMAL'] ##teamcity[x y='", "|'",
    "\x1b[0Ksection_start:1:x\r\x1b[0Kx", "section_end:1:opwatch\r\x1b[0K", "\n--- x", "\n+++ x",
    "--- x", "+++ x", "^^^ +++", "\x1b]1339;url=http://evil\x07", "\x1b_bk;t=1\x07",
    "%0A::error::x", "%0a%0D##[error]x", "%250A", "x]x", "a,title=b", "::", "😀 |0x000A", "`|<b>",
)  # fmt: skip


class Log(io.StringIO):
    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__(newline="")


def log_of(
    story: Story, system: System, *, style: Style = Style.LINES, grouped: bool = True
) -> str:
    stream = Log()
    display = open_display(style, stream, wall_of=wall_of)
    with mark(display, system, stream, wall_of=wall_of, grouped=grouped) as listener:
        for event in story.events:
            listener(event)
    return stream.getvalue()


def failed(name: str = "import-44", message: str = "bad column 'x'", link: str = LINK) -> Story:
    story = Story([target(name), "other"])
    error = OperationError("17", message)
    story.read(name, state=State.FAILED, outcome=Outcome.FAILED, error=error, link=link)
    return story.end(name, Outcome.FAILED).succeed("other").finish()


@pytest.mark.parametrize(("variable", "system"), VARIABLES.items())
def test_each_system_is_known_by_its_variable(variable: str, system: System) -> None:
    assert system_of("auto", {variable: "True"}) is system
    assert system_of("auto", {variable: "false"}) is System.NONE
    assert system_of("none", {variable: "True"}) is System.NONE
    assert system_of("teamcity", {variable: "True"}) is System.TEAMCITY


def test_elsewhere_nothing_is_marked() -> None:
    assert system_of("auto", {"CI": "true"}) is System.NONE


def test_github_gets_a_group_and_an_annotation_with_title_and_link() -> None:
    log = log_of(failed(), System.GITHUB)

    group, *_, end, result, error, _ = log.split("\n")
    assert (group, end) == ("::group::opwatch: waiting for 2 operations", "::endgroup::")
    assert "1 of 2 succeeded, 1 failed" in result
    found = readers.GITHUB.fullmatch(error)
    assert found is not None
    assert found[1] == "error"
    assert readers.github_properties(found[2]) == {"title": "import-44 failed"}
    sentence = "import-44 failed (RUNNING) after 0s: bad column 'x' [17]"
    assert readers.github_text(found[3]) == f"{sentence}\n{LINK}"


def test_gitlab_gets_a_section_of_its_own_name() -> None:
    log = log_of(failed(), System.GITLAB)

    (start, end) = readers.GITLAB.finditer(log)
    assert (start[1], end[1]) == ("start", "end")
    assert start[3] == end[3]
    assert start[3] != next(readers.GITLAB.finditer(log_of(failed(), System.GITLAB)))[3]
    assert int(start[2]) == int(wall_of(0.0).timestamp())
    assert log.endswith(
        f"opwatch error: import-44 failed (RUNNING) after 0s: bad column 'x' [17] ({LINK})\n"
    )


def test_azure_gets_a_group_and_an_issue() -> None:
    log = log_of(failed(), System.AZURE)

    assert log.startswith("##[group]opwatch: waiting for 2 operations\n")
    assert "\n##[endgroup]\nopwatch " in log
    (issue,) = readers.AZURE.finditer(log)
    assert (issue[1], issue[2]) == ("task.logissue", " type=error")
    assert "bad column" in issue[3]
    assert LINK in issue[3]


@pytest.mark.parametrize(
    ("story", "sign"), [(failed(), "+++"), (Story(["a"]).succeed("a").finish(), "---")]
)
def test_buildkite_opens_the_result_of_a_run_that_went_wrong(story: Story, sign: str) -> None:
    log = log_of(story, System.BUILDKITE)

    assert [each[1] for each in readers.BUILDKITE.finditer(log)] == ["---", sign]


def test_teamcity_gets_a_block_and_a_build_problem() -> None:
    log = log_of(failed(message="it's [bad] | größer 😀"), System.TEAMCITY)

    assert all(each[0].isascii() for each in readers.TEAMCITY.finditer(log))
    found = [
        (each[1], readers.teamcity_attributes(each[2])) for each in readers.TEAMCITY.finditer(log)
    ]
    (opened, _), (closed, _), (problem, attributes) = found
    assert (opened, closed, problem) == ("blockOpened", "blockClosed", "buildProblem")
    assert "it's [bad] | größer 😀 [17]" in attributes["description"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_run_that_succeeds_all_the_same_only_warns(system: System) -> None:
    story = failed()
    outcomes = [each.outcome or Outcome.PENDING for each in story.operations.values()]
    won = verdict(outcomes, goal=Goal.ANY)
    story.events[-1] = Finished(story.at, tuple(story.operations.values()), won)

    log = log_of(story, system)

    assert not re.search(r"buildProblem|type=error|::error|opwatch error|status='ERROR'", log)
    assert re.search(r"(?i)warning", log)


def test_operations_that_the_run_itself_has_left_are_no_errors() -> None:
    story = Story(["a", "b"]).fail("a", "disk full").end("b", Outcome.PENDING, Reason.STOPPED_EARLY)

    log = log_of(story.finish(), System.GITHUB)

    assert [each[1] for each in readers.GITHUB.finditer(log)] == ["group", "endgroup", "error"]


def test_a_success_with_warnings_is_a_warning() -> None:
    story = Story(["a"]).succeed("a", partial=True, message="3 rows skipped").finish()

    log = log_of(story, System.GITHUB)

    assert "::warning title=a succeeded::" in log


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_hundred_failures_are_no_flood(system: System) -> None:
    story = Story([f"job-{number}" for number in range(200)])
    for each in story.operations:
        story.fail(each, "disk full")

    log = log_of(story.finish(), system)

    reports = [each for each in log.splitlines() if "error" in each or "buildProblem" in each]
    assert len(reports) == MOST
    assert "191 more" in reports[-1]


def test_a_quiet_run_has_annotations_and_no_group() -> None:
    log = log_of(failed(), System.GITHUB, style=Style.NONE, grouped=False)

    assert [each[1] for each in readers.GITHUB.finditer(log)] == ["error"]


def test_the_group_of_a_run_without_an_end_is_closed() -> None:
    log = log_of(Story(["a"]), System.AZURE)

    assert log.splitlines()[-1] == "##[endgroup]"


def test_marks_that_cannot_be_written_end_no_run() -> None:
    stream = io.StringIO()
    stream.close()
    display = open_display(Style.NONE, io.StringIO(), wall_of=wall_of)

    with mark(display, System.GITHUB, stream, wall_of=wall_of) as listener:
        for event in failed().events:
            listener(event)

    assert listener.failure is not None


# -- hostile text --------------------------------------------------------------------


def expected(system: System, problems: int) -> list[str]:
    return {
        System.NONE: [],
        System.GITHUB: ["github group", "github endgroup", *["github error"] * problems],
        System.GITLAB: ["gitlab start", "gitlab end"],
        System.AZURE: ["##[", "##[", *["azure task.logissue"] * problems],
        System.BUILDKITE: ["buildkite ---", "buildkite +++"],
        System.TEAMCITY: [
            "teamcity blockOpened", "teamcity blockClosed", *["teamcity buildProblem"] * problems,
        ],
    }[system]  # fmt: skip


def check(system: System, name: str, text: str) -> Mapping[System, str]:
    """Assert that a run whose every text is hostile holds our own commands only."""
    story = Story([target(name, profile=text)])
    story.read(name, text, state=State.RUNNING, message=text)
    error = OperationError(text, text)
    story.read(
        name, text, state=State.FAILED, outcome=Outcome.FAILED, error=error, message=text,
        link=f"https://x/{text}",
    )  # fmt: skip
    log = log_of(story.end(name, Outcome.FAILED).finish(), system)
    assert readers.commands(log) == expected(system, 1), log
    assert not readers.ESCAPES.search(log)
    if system is not System.GITLAB:
        assert "\x1b" not in log
        assert "\r" not in log
    return {system: log}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("text", HOSTILE)
def test_remote_text_commands_no_system(system: System, text: str) -> None:
    log = check(system, text, text)[system]

    for issue in readers.AZURE.finditer(log):
        assert "\n" not in readers.azure_text(issue[3])
    for message in readers.TEAMCITY.finditer(log):
        assert set(readers.teamcity_attributes(message[2])) <= {"name", "description"}
    for command in readers.GITHUB.finditer(log):
        properties = readers.github_properties(command[2])
        assert set(properties) <= {"title"}
        assert not re.search(r"[\r\n]", "".join(properties.values()))
        assert readers.github_text(command[3]).count("\n") <= 1  # the link has its own line


@pytest.mark.parametrize("system", SYSTEMS)
@settings(max_examples=20)
@given(
    parts=st.lists(st.sampled_from([*HOSTILE, "#", ":", "%", "|", "'", "]", "a", " "]), max_size=6)
)
def test_no_mixture_of_them_does(system: System, parts: list[str]) -> None:
    check(system, "".join(parts) or "a", "".join(parts))


def test_the_log_of_four_operations_reads_as_before_between_the_marks() -> None:
    plain, marked = log_of(four(), System.NONE), log_of(four(), System.GITHUB)

    ours = [each for each in marked.splitlines() if not each.startswith("::")]
    assert ours == [each for each in plain.splitlines() if not each.startswith("opwatch error")]
