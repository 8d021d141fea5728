"""What ``profile check`` warns of, although the language allows it."""

from __future__ import annotations

import pytest

from opwatch.profiles import check
from opwatch.profiles.checks import doubts
from profiles.answers import NAMES, profile

HEAD = """version: 1
base_url: https://api.example
request: {path: '/jobs/{id}'}
read: {status: status}
states: {succeeded: [done]}
"""
SAME = "rules: [{state: succeeded, when: 'status == done'}]\n"


def warnings(more: str, *samples: object) -> list[tuple[int, int, str]]:
    found = check(HEAD + more, "p.yaml", samples=samples)
    assert all(each.is_warning for each in found)
    return [(each.line, each.column, each.message) for each in found]


@pytest.mark.parametrize(
    "name",
    [
        "pollIntervalMs", "poll_interval_ms", "job.retryAfterMS", "delayMillis", "wait.ms", "ms",
        "delay_milliseconds", "MILLIS", "max_by(jobs, &delayMs).delayMs", "to_number(delayMs)",
        '"poll-ms"', "RETRY_MS",
    ],
)  # fmt: skip
def test_a_pause_whose_name_says_milliseconds_is_not_silently_read_as_seconds(name: str) -> None:
    [(line, column, message)] = warnings(f"wait:\n  body: '{name}'\n")

    assert (line, column) == (7, 9)
    assert f"{name!r} is read as seconds" in message
    assert f"{{path: {name}, as: ms}}" in message


@pytest.mark.parametrize(
    "wait",
    [
        "body: {path: pollIntervalMs, as: ms}",
        "body: {path: pollIntervalMs, as: seconds}",
        "body: {path: pollIntervalMs, as: epoch}",
        "body: pollIntervalSeconds",
        "body: items",
        "body: PARAMS",
        "body: terms.delay",
        "body: msUntil.next",
        "headers: [{name: Retry-After-Ms, as: ms}, {name: X-Ms-Retry-After}]",
        "text: {in: delayMs, regex: '(.+)'}",
    ],
)
def test_a_pause_with_its_unit_or_in_seconds_is_passed(wait: str) -> None:
    assert warnings(f"wait: {{{wait}}}\n") == []


def test_each_of_several_paths_and_headers_is_warned_of_at_its_place() -> None:
    more = """wait:
  headers: [{name: Retry-After}, {name: retry-after-ms}]
  body:
    path:
      - delay
      - delayMs
"""
    found = warnings(more)

    assert [(line, column) for line, column, _ in found] == [(7, 34), (11, 9)]
    assert "write {name: retry-after-ms, as: ms}" in found[0][2]


def test_a_comparison_of_two_fields_that_no_sample_has_is_warned_of() -> None:
    found = warnings(
        "rules:\n  - state: succeeded\n    when: state == done\n", {"status": "busy"}, {"id": 1}
    )

    assert [(line, column) for line, column, _ in found] == [(8, 11)]
    assert "state == done compares two fields, and no sample answer has either" in found[0][2]


@pytest.mark.parametrize("sample", [{"status": "a"}, {"done": 3}, {"status": False}])
def test_a_comparison_of_which_one_side_is_in_a_sample_is_passed(sample: object) -> None:
    assert warnings(SAME, {"other": 1}, sample) == []


def test_without_a_sample_no_comparison_is_warned_of() -> None:
    assert warnings(SAME) == []


def test_what_is_compared_is_looked_for_in_each_operation_of_an_answer() -> None:
    listed = "batch: {path: /jobs, query: id, items: jobs}\n"
    inner = HEAD.replace("read: {", "read: {id: id, root: job, ")

    def found(sample: object) -> int:
        return len(check(inner + listed + SAME, "p.yaml", samples=[sample]))

    assert found({"jobs": [{"id": 1}, {"done": "x"}]}) == 0
    assert found({"job": {"status": "x"}}) == 0
    assert found({"jobs": [{"id": 1}], "job": {"id": 1}}) == 1


@pytest.mark.parametrize("key", ["rules", "troubles", "moves"])
def test_conditions_are_warned_of_wherever_they_are(key: str) -> None:
    item = {"rules": "state: failed", "troubles": "as: denied", "moves": "header: Location"}[key]

    [(line, _, message)] = warnings(f"{key}: [{{{item}, when: a == b}}]\n", {"status": "x"})

    assert line == 6
    assert message.startswith("a == b compares two fields")


@pytest.mark.parametrize("state", ["failed", "succeeded"])
@pytest.mark.parametrize("status", ["4xx", "5xx"])
def test_an_end_by_a_whole_class_of_errors_is_warned_of(status: str, state: str) -> None:
    [(line, _, message)] = warnings(f"rules: [{{http: [404, {status}], state: {state}}}]\n")

    assert line == 6
    assert message.startswith(f"{status} holds ")
    assert f"mean {state}" in message


@pytest.mark.parametrize(
    "rule",
    [
        "http: 4xx, state: running",
        "http: 4xx, when: code == 'x', state: failed",
        "http: [400, 422], state: failed",
        "http: 2xx, state: succeeded",
    ],
)
def test_an_end_by_single_statuses_or_by_the_body_is_passed(rule: str) -> None:
    assert warnings(f"rules: [{{{rule}}}]\n") == []


FLAG = HEAD.replace("status: status", "status: done").replace("[done]", "[true]")


def test_a_flag_that_succeeds_where_nothing_can_fail_is_warned_of() -> None:
    [found] = check(FLAG, "p.yaml")

    assert (found.line, found.column, found.is_warning) == (5, 21, True)
    assert "nothing means failed" in found.message
    assert "rules: [{when: done && error, state: failed}]" in found.message


@pytest.mark.parametrize(
    "more",
    [
        "rules: [{when: done && error, state: failed}]\n",
        "rules: [{when: done && error, state: cancelled}]\n",
        "verify: {unless: [{fields: [error], means: failed}]}\n",
        "states: {succeeded: [true], failed: [false]}\n",
    ],
)
def test_a_flag_beside_something_that_means_failed_is_passed(more: str) -> None:
    kept = FLAG.splitlines(keepends=True)[: -1 if more.startswith("states") else None]
    assert check("".join(kept) + more, "p.yaml") == ()


@pytest.mark.parametrize("name", NAMES)
def test_no_built_in_profile_is_warned_of(name: str) -> None:
    assert doubts(profile(name).definition) == []
