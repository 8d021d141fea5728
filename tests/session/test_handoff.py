"""A starting answer that was piped in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.domain.errors import BadReferenceError, StartError, UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from opwatch.session.start import started_targets
from session.jobs import DONE, GOES_ON, bound

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://api.example.com/v1"


def _response(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, "", Headers(tuple(headers.items())), body)


def test_the_reference_comes_with_what_stands_beside_it(tmp_path: Path) -> None:
    answer = _response(202, b'{"id": "j-1", "task": "t-9"}')

    (target,) = started_targets(bound(tmp_path, BASE), answer)

    assert (target.id, target.params["task"], target.initial.params) == (
        "j-1",
        "t-9",
        {"task": "t-9"},
    )


def test_a_redirect_may_name_the_operation(tmp_path: Path) -> None:
    (target,) = started_targets(bound(tmp_path, BASE), _response(303, Location="/v1/jobs/j-1"))

    assert target.url == "https://api.example.com/v1/jobs/j-1"


def test_only_an_end_is_taken_over(tmp_path: Path) -> None:
    profile = bound(tmp_path, BASE)
    (running,) = started_targets(profile, _response(202, GOES_ON))
    (ended,) = started_targets(profile, _response(200, DONE))

    assert running.initial.reading is None
    assert ended.initial.reading is not None
    assert ended.initial.reading.state is State.SUCCEEDED


def test_one_end_does_not_speak_for_several(tmp_path: Path) -> None:
    body = b'{"ids": ["a", "b"], "state": "done"}'

    targets = started_targets(bound(tmp_path, BASE), _response(200, body))

    assert [target.initial.reading for target in targets] == [None, None]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429])
def test_a_refusal_starts_nothing_whatever_ids_it_holds(tmp_path: Path, status: int) -> None:
    answer = _response(status, b'{"id": "error-1"}')

    with pytest.raises(UsageError, match="nothing was started"):
        started_targets(bound(tmp_path, BASE), answer)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_servers_error_may_have_started_it(tmp_path: Path, status: int) -> None:
    with pytest.raises(StartError, match="may have been started") as caught:
        started_targets(bound(tmp_path, BASE), _response(status, b'{"id": "error-1"}'))

    assert caught.value.cause is Outcome.UNKNOWN


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"[]", b'{"state": "busy"}'])
def test_an_answer_that_names_nothing_says_where_was_looked(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(UsageError, match="names no operation") as caught:
        started_targets(bound(tmp_path, BASE), _response(202, body))

    assert "header Location" in (caught.value.hint or "")


def test_a_web_page_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no operation of 'jobs': it is a web page"):
        started_targets(bound(tmp_path, BASE), _response(202, b"<html>"))


def test_an_operation_elsewhere_is_refused(tmp_path: Path) -> None:
    answer = _response(202, Location="https://evil.example.com/jobs/1")

    with pytest.raises(BadReferenceError, match=r"evil\.example\.com"):
        started_targets(bound(tmp_path, BASE), answer)
