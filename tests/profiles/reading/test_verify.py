"""What an end is held against before it is believed."""

from __future__ import annotations

from typing import Any

import pytest

from opwatch.domain.operation import Contradiction, Reading, State
from opwatch.profiles import bind_profile, check, explain_answer
from profiles.answers import profile as built_in
from profiles.making import PLAIN, definition, profile, reading, response

VERIFYING = """verify:
  words: [status, run.status || run.state, 'items[0].status']
  within: [run, 'parts[0]']
  parts: [files, run.tasks]
  unless:
    - {fields: [ready, is.over], are: [false, waiting]}
    - {fields: exit_code, other_than: 0, means: failed}
    - {fields: verdict, are_not: [good, 1], means: cancelled}
    - {fields: ["checks[?state == 'bad'].name", problem]}
    - {fields: lost, means: partial}
  ignore: [run.problem, Other-Ready]
"""
BOUND = profile(VERIFYING)


def read(**fields: Any) -> Reading:
    found = reading(BOUND, response({"id": "a", "status": "done", **fields}))
    assert isinstance(found, Reading)
    return found


def meant(**fields: Any) -> str:
    found = read(**fields)
    if found.contradiction is not None:
        assert (found.state, found.is_known_word) == (State.RUNNING, False)
        return str(found.contradiction)
    return "partial" if found.partial else found.state.value


@pytest.mark.parametrize(
    ("fields", "means"),
    [
        ({}, "succeeded"),
        ({"ready": False}, "status: done, ready: false"),
        ({"READY": "Waiting"}, "status: done, READY: Waiting"),
        ({"ready": True}, "succeeded"),
        ({"ready": None}, "succeeded"),
        ({"already": False}, "succeeded"),
        ({"is": {"over": False}}, "status: done, is.over: false"),
        ({"is": [False]}, "succeeded"),
        ({"run": {"isReady": False}}, "succeeded"),
        ({"run": {"ready": False}}, "status: done, run.ready: false"),
        ({"parts": [{"ready": False}]}, "status: done, parts[0].ready: false"),
        ({"exit_code": 1}, "failed"),
        ({"exitCode": "-1"}, "failed"),
        ({"exit_code": 0}, "succeeded"),
        ({"exit_code": "0"}, "succeeded"),
        ({"exit_code": "unknown"}, "succeeded"),
        ({"verdict": "good"}, "succeeded"),
        ({"verdict": 1}, "succeeded"),
        ({"verdict": True}, "cancelled"),
        ({"verdict": "so so"}, "cancelled"),
        ({"verdict": {"is": "so so"}}, "succeeded"),
        ({"checks": [{"state": "bad", "name": "lint"}]}, "status: done, checks: lint"),
        ({"checks": [{"state": "fine", "name": "lint"}]}, "succeeded"),
        ({"problem": "disk"}, "status: done, problem: disk"),
        ({"run": {"problem": "disk"}}, "succeeded"),
        ({"lost": 3}, "partial"),
        ({"lost": [{"id": 1}]}, "partial"),
        ({"lost": 3, "exit_code": 2}, "failed"),
        ({"run": {"status": "done"}}, "succeeded"),
        ({"run": {"status": "running"}}, "status: done, run.status: running"),
        ({"run": {"status": "odd"}}, "status: done, run.status: odd"),
        ({"run": {"status": 7}}, "succeeded"),
        ({"items": [{"status": "failed"}]}, "status: done, items: failed"),
        ({"files": [{"problem": "disk"}, {}]}, "partial"),
        ({"files": [{"problem": "disk"}, {"lost": 1}]}, "status: done, files[0].problem: disk"),
        ({"files": [{"problem": ""}, {"exit_code": 0}, "disk", None]}, "succeeded"),
        ({"files": {"problem": "disk"}}, "succeeded"),
        ({"lost": 1, "files": [{"problem": "disk"}]}, "status: done, files[0].problem: disk"),
        ({"run": {"tasks": [{}, {"exit_code": 1}]}}, "partial"),
        ({"run": {"tasks": [{"exit_code": 1}]}}, "status: done, run.tasks[0].exit_code: 1"),
        ({"exit_code": 1, "files": [{"problem": "disk"}]}, "failed"),
        ({"files": [{}] * 200 + [{"problem": "disk"}]}, "succeeded"),
    ],
)
def test_a_success_means_what_the_first_doubt_makes_of_it(
    fields: dict[str, Any], means: str
) -> None:
    assert meant(**fields) == means


GOOD_NEWS: list[Any] = [
    0, 0.0, None, "", " ", [], {}, "none", "None", "NULL", "no_error", "false", False, "0",
    [None, 0], {"code": 0, "message": ""}, [[[]]],
]  # fmt: skip


@pytest.mark.parametrize("value", GOOD_NEWS)
def test_zero_nothing_and_none_are_good_news(value: Any) -> None:
    assert meant(problem=value, lost=value, exit_code=value, verdict=value) == "succeeded"


def test_what_is_nested_too_deep_to_be_looked_through_is_no_good_news() -> None:
    assert meant(problem=[[[[[[0]]]]]]).endswith("problem: 0")


def test_a_failure_needs_the_words_to_agree_and_has_no_doubts() -> None:
    assert meant(status="failed", ready=False) == "failed"
    assert meant(status="failed", run={"status": "done"}) == "status: failed, run.status: done"
    assert meant(status="running", run={"status": "done"}) == "running"


def test_why_it_is_no_success_becomes_its_error() -> None:
    failed, partial = read(exit_code=2), read(lost=4)

    assert failed.error is not None
    assert failed.error.message == "exit_code: 2"
    assert failed.rule == "verify.unless[1]"
    assert partial.error is not None
    assert partial.error.message == "lost: 4"


def test_a_success_by_a_rule_is_verified_too_also_one_by_another_status() -> None:
    rules = "rules: [{http: [200, 404], when: over, state: succeeded}]\n"
    bound = profile(rules + VERIFYING)
    fine, doubted = {"id": "a", "over": True}, {"id": "a", "over": True, "ready": False}

    for status in (200, 404):
        found = reading(bound, response(doubted, status))
        assert isinstance(found, Reading)
        assert found.contradiction == Contradiction("rules[0]", "succeeded", "ready", "false")
        good = reading(bound, response(fine, status))
        assert isinstance(good, Reading)
        assert good.state is State.SUCCEEDED


def test_explain_names_the_line_of_the_doubt() -> None:
    lines = [*PLAIN.splitlines(), *VERIFYING.splitlines()]
    body = response({"id": "a", "status": "done", "lost": 1})

    found = explain_answer(BOUND, BOUND.target("a"), body)

    assert found.decided_by == "verify.unless[4]"
    assert found.where == f"mine.yaml:{lines.index('    - {fields: lost, means: partial}') + 1}"


def test_a_line_of_a_users_own_settles_a_contradiction() -> None:
    own = definition(
        "version: 1\nextends: standard\nparams: {server: 'https://api.example.com'}\n"
        "verify: {ignore: [done]}\n"
    )
    body = response({"status": "completed", "done": False})
    url = "https://api.example.com/jobs/1"

    before, after = (reading(each, body, url) for each in (built_in("standard"), bind_profile(own)))

    assert isinstance(before, Reading)
    assert before.contradiction is not None
    assert isinstance(after, Reading)
    assert after.state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("doubt", "message"),
    [
        ("{are: 1}", "the doubt lacks 'fields'"),
        ("{fields: a, are: 1, other_than: 2}", "'are' and 'other_than' exclude each other"),
        ("{fields: a, means: succeeded}", "expected 'undecided', 'partial', 'failed' or"),
        ("{fields: 'a['}", "not a JMESPath expression"),
        ("{fields: a, other_than: b}", "expected a number, found 'b'"),
    ],
)  # fmt: skip
def test_a_doubt_that_cannot_be_is_refused(doubt: str, message: str) -> None:
    (problem,) = check(PLAIN + f"verify: {{unless: [{doubt}]}}\n", "mine.yaml")

    assert message in problem.message


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("TASK_STATE_DONE", State.SUCCEEDED),
        ("JOB_STATE_FAILED", State.FAILED),
        ("job_state_failed", State.RUNNING),
        ("TASK_STATE_", State.RUNNING),
        ("DONE_STATE", State.RUNNING),
    ],
)
def test_a_word_counts_without_the_name_of_its_type_unless_it_is_listed_itself(
    word: str, state: State
) -> None:
    found = reading(profile(), response({"id": "a", "status": word}))
    listed = reading(profile("states: {succeeded: [done], failed: [Task State Done]}"),
                     response({"id": "a", "status": "TASK_STATE_DONE"}))  # fmt: skip

    assert isinstance(found, Reading)
    assert (found.state, found.status) == (state, word)
    assert isinstance(listed, Reading)
    assert listed.state is State.FAILED
