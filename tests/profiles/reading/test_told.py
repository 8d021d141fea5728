"""What a starting answer itself tells of an end: only a known word, or a rule about its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.domain.operation import State
from profiles.making import profile, response

if TYPE_CHECKING:
    from opwatch.domain.messages import Response

BOUND = profile(
    """rules:
  - {http: 200, when: "kind == 'gone'", state: cancelled}
  - {http: 202, state: succeeded}
troubles: [{when: fault, as: transient}]
"""
)


def told(answer: Response) -> State | None:
    found = BOUND.reader.told(BOUND.target("a"), answer)
    return found.state if found else None


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "done"}, State.SUCCEEDED),
        ({"status": "failed"}, State.FAILED),
        ({"status": "running"}, State.RUNNING),
        ({"kind": "gone"}, State.CANCELLED),
        ({"kind": "gone", "status": "done"}, State.CANCELLED),
    ],
)
def test_a_known_word_tells_it_and_a_rule_about_the_body_before_it(
    body: object, state: State
) -> None:
    assert told(response(body)) is state


@pytest.mark.parametrize(
    "body",
    [{}, {"status": None}, {"status": "finito"}, {"status": 1}, [], [{"status": "done"}], "done"],
)
def test_a_word_that_is_missing_or_unknown_tells_nothing(body: object) -> None:
    assert told(response(body)) is None


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "done", "exit_code": 0}, State.SUCCEEDED),
        ({"status": "done", "exit_code": 1}, State.FAILED),
        ({"status": "done", "finished": False}, None),
        ({"status": "done", "inner": "failed"}, None),
    ],
)
def test_what_speaks_against_a_success_speaks_in_a_starting_answer_as_well(
    body: object, state: State | None
) -> None:
    bound = profile(
        """verify:
  words: [status, inner]
  unless:
    - {fields: [exit_code], other_than: 0, means: failed}
    - {fields: [finished], are: false}
"""
    )

    found = bound.reader.told(bound.target("a"), response(body))

    assert (found and found.state) is state


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, State.SUCCEEDED), (201, State.SUCCEEDED), (202, None), (203, None), (206, None)],
)
def test_an_answer_that_has_accepted_the_work_names_no_end(
    status: int, state: State | None
) -> None:
    found = BOUND.starting_reading(
        BOUND.target("a"), response({"id": "a", "status": "done"}, status)
    )

    assert (found and found.state) is state


def test_an_http_status_by_itself_tells_nothing() -> None:
    assert told(response({}, 202)) is None
    assert told(response({"status": "running"}, 202)) is State.RUNNING


@pytest.mark.parametrize("status", [206, 302, 404, 409, 500])
def test_only_a_status_of_success_lets_a_body_tell_anything(status: int) -> None:
    assert told(response({"status": "done"}, status)) is None


def test_a_guard_says_that_nothing_is_told() -> None:
    assert told(response({"status": "done", "fault": "x"})) is None


@pytest.mark.parametrize("body", [b"", b"done", b"<html>done", b'{"status": "done"'])
def test_what_is_no_json_tells_nothing(body: bytes) -> None:
    assert told(response(body)) is None


def test_whatever_else_the_answer_has_comes_with_it() -> None:
    answer = response({"id": "a", "status": "done"})

    found = BOUND.reader.told(BOUND.target("a"), answer)

    assert found is not None
    assert (found.status, found.id, found.raw) == ("done", "a", {"id": "a", "status": "done"})
