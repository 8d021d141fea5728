"""Which lines of a log are kept, and how the steps to them are written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading, State
from opwatch.profiles import check
from opwatch.profiles.config import Config, profile_tree
from opwatch.profiles.definition import define
from opwatch.profiles.language.patterns import BoundedPattern
from opwatch.profiles.language.result import Log
from opwatch.profiles.results import TAIL, last_lines
from opwatch.profiles.yaml.parser import parse
from profiles.making import profile

EXTENDS = "version: 1\nextends: github-actions\non_failure: []\n"
JOBS = """
base_url: https://api.example.com
request: {path: '/jobs/{id}'}
read: {id: id, status: state}
states: {succeeded: [done], failed: [broken], cancelled: [stopped]}
"""


def test_the_last_twenty_lines_that_are_not_blank_are_kept() -> None:
    text = "\n".join(f"line {number}\n  " for number in range(50))

    assert last_lines(text) == tuple(f"line {number}" for number in range(30, 50))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1b(B\x1b[2J\x1b[Hhome", "home"),
        ("10%\r20%\r100%\r", "100%"),
        ("section_end:17:step\r\x1b[0K\x1b[0Kafter", "after"),
        ("\tindented", "        indented"),
        ("bell\x07 stays to be shown as such", "bell\x07 stays to be shown as such"),
    ],
)
def test_what_moves_a_cursor_is_no_part_of_a_line(written: str, kept: str) -> None:
    assert last_lines(written) == (kept,)


def test_a_profile_says_where_a_log_ends_and_what_is_no_part_of_it() -> None:
    log = Log(until=BoundedPattern("^ERROR"), drop=BoundedPattern(r"^\d\d:\d\d |!+"))
    text = "10:00 one!\nERROR first\n10:01 two\nERROR! last\ncleaning up\n"

    assert last_lines(text, log) == ("one", "ERROR first", "two", "ERROR last")
    assert last_lines("no such line\n", log) == ("no such line",)


def test_a_line_whose_beginning_is_lost_is_left_out() -> None:
    assert last_lines("x" * TAIL + "secret\nwhole") == ("whole",)
    assert last_lines("x" * TAIL + "half a secret") == ()


@given(st.text(max_size=400))
def test_any_text_is_at_most_twenty_lines_without_a_command_to_a_terminal(text: str) -> None:
    lines = last_lines(text)

    assert len(lines) <= 20
    assert all(line.strip() and "\n" not in line and "\x1b[" not in line for line in lines)


def test_a_log_that_is_made_to_be_slow_is_read_at_once() -> None:
    assert last_lines("\x1b]" * 20_000) != ("",)
    assert last_lines("\x1b[" * 20_000) != ("",)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("[{text: a}]", "a step needs either 'path' or 'url'"),
        ("[{path: /a, log: true, text: b}]", "'log' is plain text"),
        ("[{url: a, body: {b: c}}]", "a step with 'body' needs 'path'"),
        ("{of: [succeeded], steps: [{path: /a}]}", "failed"),
        ("[{path: '/a/{job}'}]", "there is no parameter 'job'"),
        ("[{path: /a, body: {b: '{job}'}}]", "there is no parameter 'job'"),
        ("[{path: /a, log: {until: '('}}]", "not a regular expression"),
    ],
)
def test_steps_that_cannot_be_followed_are_refused(steps: str, said: str) -> None:
    problems = check(f"version: 1\ntitle: t{JOBS}on_failure: {steps}\n", "jobs.yaml")

    assert said in " ".join(each.message for each in problems)


def _asked(on_failure: str, raw: object, state: State = State.FAILED) -> list[str]:
    """Return the requests that follow from *raw*, each answered with the same."""
    jobs = profile(f"version: 1{JOBS}on_failure: {on_failure}")
    way = jobs.failure_steps(jobs.target("j-1"), Reading(state, raw=raw))
    urls = []
    while way is not None and way.fetch is not None:
        urls.append(way.fetch.request.url)
        way = way.after(Response(200, way.fetch.request.url, Headers(), b'{"next": ".."}'))
    return urls


def test_a_profile_that_extends_another_can_do_without_its_questions() -> None:
    config = Config({}).with_profiles({"mine": parse("mine.yaml", EXTENDS)})
    mine = define("mine", profile_tree("mine", config), is_users=True, environ={})

    assert mine.spec.on_failure is not None
    assert mine.spec.on_failure.steps == ()
    assert profile(f"version: 1{JOBS}on_failure: []").explains_failures is False


def test_a_cancelled_operation_is_asked_about_only_if_that_is_said() -> None:
    assert _asked("[{path: /why}]", {}, State.CANCELLED) == []
    both = "{of: [failed, cancelled], steps: [{path: /why}]}"
    assert _asked(both, {}, State.CANCELLED) == ["https://api.example.com/why"]
    assert _asked(both, {}) == ["https://api.example.com/why"]


def test_a_log_within_json_is_read_as_one_in_plain_text() -> None:
    # The answers of https://buildkite.com/docs/apis/rest-api/builds and …/jobs, for which
    # there is no built-in profile yet.
    steps = """
  - with: {job: "jobs[?state == 'failed'] | [0].id"}
    path: '/jobs/{job}/log'
    lines: content
"""
    jobs = profile(f"version: 1{JOBS}on_failure:{steps}")
    raw = {"id": "j-1", "jobs": [{"id": "a", "state": "passed"}, {"id": "b", "state": "failed"}]}
    way = jobs.failure_steps(jobs.target("j-1"), Reading(State.FAILED, raw=raw))
    assert way is not None
    assert way.fetch is not None
    url = way.fetch.request.url
    content = json.dumps({"size": 28, "content": "\x1b_bk;t=1\x07one\r\n\x1b[31mtwo\x1b[0m\r\n"})

    assert url == "https://api.example.com/jobs/b/log"
    assert way.after(Response(200, url, Headers(), content.encode())).failure.lines == (
        "one",
        "two",
    )


@pytest.mark.parametrize("value", ["..", "a/..", "%2e%2e", ".", ""])
def test_what_an_answer_names_does_not_lead_out_of_a_path(value: str) -> None:
    steps = "[{with: {job: job}, path: '/jobs/{+job}/log'}]"

    assert _asked(steps, {"job": "a/b"}) == ["https://api.example.com/jobs/a/b/log"]
    assert _asked(steps, {"job": value}) == []
