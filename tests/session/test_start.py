"""The starting request against a server that answers, refuses, or leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.errors import StartError, UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Policy
from opwatch.session.headers import parse_headers
from opwatch.session.plan import ResultOptions, StartRequest, make_plan
from opwatch.session.session import carry_out, open_session
from opwatch.session.start import (
    start_operations,
    started_targets,
    starting_request,
    starting_url,
)
from servers.raw import RawServer, Step, answer, closed_port, hang, read, reset
from session.jobs import DONE, GOES_ON, TOKEN, bound, context, session

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.domain.operation import Target
    from servers.raw import Script

POST = StartRequest("POST", "/jobs", body=b'{"size": 3}')
PUT = replace(POST, method="PUT")
KEYED = replace(POST, headers={"idempotency-key": "k-1"})
LOST: tuple[Step, ...] = (read(), reset())
STARTED = answer(GOES_ON, status="202 Accepted")


async def _start(tmp_path: Path, starting: StartRequest, *scripts: Script) -> list[Target]:
    with RawServer(*scripts) as server:
        profile, world = bound(tmp_path, server.url + "/v1"), context()
        async with session(profile, starting=starting, world=world) as opened:
            return await start_operations(opened, starting, world)


async def _failure(tmp_path: Path, starting: StartRequest, *scripts: Script) -> StartError:
    with pytest.raises(StartError) as caught:
        await _start(tmp_path, starting, *scripts)
    return caught.value


async def test_it_goes_out_once_with_the_credential_and_the_profiles_headers(
    tmp_path: Path,
) -> None:
    with RawServer([STARTED, hang()]) as server:
        profile = bound(tmp_path, server.url + "/v1")
        async with session(profile, starting=POST) as opened:
            (target,) = await start_operations(opened, POST, context())
    (sent,) = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")

    assert (target.id, target.initial.reading) == ("j-1", None)
    assert (head.split(b"\r\n")[0], body) == (b"POST /v1/jobs HTTP/1.1", b'{"size": 3}')
    assert f"Authorization: Bearer {TOKEN}".encode() in head
    assert b"Content-Type: application/json" in head
    assert b"X-Version: 7" in head


@pytest.mark.parametrize("lost", [LOST, (read(),), (answer(b"", status="502 Bad Gateway"),)])
async def test_a_post_whose_answer_is_lost_is_not_sent_again(tmp_path: Path, lost: Script) -> None:
    with RawServer(lost, [STARTED]) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile, starting=POST) as opened:
            with pytest.raises(StartError, match="may have been started") as caught:
                await start_operations(opened, POST, context())

    assert len(server.requests) == 1
    assert caught.value.cause is Outcome.UNKNOWN
    assert "--idempotency-key" in (caught.value.hint or "")


@pytest.mark.parametrize("starting", [PUT, KEYED])
async def test_what_can_do_no_harm_is_sent_again(tmp_path: Path, starting: StartRequest) -> None:
    throttled = answer(b"{}", "Retry-After: 1", status="429 Too Many Requests")

    (target,) = await _start(tmp_path, starting, LOST, [throttled], [STARTED])

    assert target.id == "j-1"


async def test_even_that_is_not_sent_for_ever(tmp_path: Path) -> None:
    with RawServer(LOST) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile, starting=PUT) as opened:
            with pytest.raises(StartError, match="may have been started"):
                await start_operations(opened, PUT, context())

    assert len(server.requests) == 5


async def test_a_post_that_never_left_is_tried_again_and_was_certainly_not_started(
    tmp_path: Path,
) -> None:
    tries: list[object] = []
    world = replace(context(), trace=lambda *exchange: tries.append(exchange))
    profile = bound(tmp_path, f"http://127.0.0.1:{closed_port()}")
    async with session(profile, starting=POST, world=world) as opened:
        with pytest.raises(StartError, match=r"^not started: 127\.0\.0\.1:\d+ refused") as caught:
            await start_operations(opened, POST, world)

    assert caught.value.cause is Outcome.UNKNOWN
    assert len(tries) == 3


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("400 Bad Request", Outcome.UNKNOWN),
        ("401 Unauthorized", Outcome.DENIED),
        ("403 Forbidden", Outcome.DENIED),
        ("404 Not Found", Outcome.UNKNOWN),
        ("429 Too Many Requests", Outcome.UNKNOWN),
    ],
)
async def test_a_refused_start_is_told_in_the_words_of_the_api(
    tmp_path: Path, status: str, cause: Outcome
) -> None:
    body = b'{"id": "error-7", "message": "size must be even"}'

    failure = await _failure(tmp_path, POST, [answer(body, status=status), hang()])

    assert failure.message.startswith("not started: ")
    assert failure.cause is cause
    # Of a rate limit the host and the number say all.
    assert "size must be even" in failure.message or status.startswith("429")


async def test_a_secret_that_the_api_repeats_is_masked_before_the_message_is_cut(
    tmp_path: Path,
) -> None:
    body = b'{"message": "' + b"x" * 110 + TOKEN.encode() + b'"}'

    failure = await _failure(tmp_path, POST, [answer(body, status="400 Bad Request")])

    assert "job-token" not in failure.message


async def test_an_answer_that_names_nothing_says_that_it_was_sent(tmp_path: Path) -> None:
    failure = await _failure(tmp_path, POST, [answer(b"{}", status="201 Created"), hang()])

    assert failure.cause is Outcome.UNKNOWN
    assert "it was sent and answered with HTTP 201" in failure.message
    assert "header Location" in (failure.hint or "")


async def test_an_operation_on_a_foreign_host_is_not_asked_about(tmp_path: Path) -> None:
    location = "Location: https://evil.example.com/jobs/1"

    failure = await _failure(tmp_path, POST, [answer(b"{}", location, status="202 Accepted")])

    assert "https://evil.example.com" in failure.message
    assert failure.cause is Outcome.UNKNOWN


async def test_a_post_is_not_redirected(tmp_path: Path) -> None:
    moved = answer(b"", "Location: /v2/jobs", status="307 Temporary Redirect")

    with RawServer([moved, hang()]) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile, starting=POST) as opened:
            with pytest.raises(StartError, match="a POST is not redirected"):
                await start_operations(opened, POST, context())

    assert len(server.requests) == 1


async def test_several_operations_can_begin_with_one_request(tmp_path: Path) -> None:
    body = b'{"ids": ["a", "b"]}'

    targets = await _start(tmp_path, POST, [answer(body, status="202 Accepted")])

    assert [target.id for target in targets] == ["a", "b"]


async def test_what_stands_beside_the_reference_goes_with_it(tmp_path: Path) -> None:
    (target,) = await _start(tmp_path, POST, [answer(b'{"id": "j-1", "task": "t 9"}')])

    assert target.params == {"id": "j-1", "task": "t 9"}
    assert target.initial.params == {"task": "t 9"}


async def test_the_first_poll_waits_as_the_starting_answer_asks(tmp_path: Path) -> None:
    asked = answer(GOES_ON, "Retry-After: 7", status="202 Accepted")

    (target,) = await _start(tmp_path, POST, [asked])

    assert target.initial.pause == 7.0


async def test_an_end_in_the_first_answer_is_the_result_and_nothing_is_polled(
    tmp_path: Path,
) -> None:
    with RawServer([answer(DONE), hang()]) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile, starting=POST) as opened:
            opened.plan = opened.plan.with_targets(await start_operations(opened, POST, context()))
            watcher = await carry_out(opened, lambda _event: None, context())
    (operation,) = watcher.operations

    assert len(server.requests) == 1
    assert (operation.outcome, operation.polls) == (Outcome.SUCCEEDED, 0)
    assert operation.reading is not None
    assert operation.reading.result == {"rows": 3}


async def test_the_result_is_the_resource_that_was_started_where_the_profile_says_so(
    tmp_path: Path,
) -> None:
    with RawServer([answer(DONE), answer(b'{"name": "vm-1"}'), hang()]) as server:
        profile = bound(tmp_path, server.url, "resource")
        async with session(profile, starting=PUT, results=ResultOptions()) as opened:
            opened.plan = opened.plan.with_targets(await start_operations(opened, PUT, context()))
            watcher = await carry_out(opened, lambda _event: None, context())
    (operation,) = watcher.operations

    assert [each.split(b" HTTP")[0] for each in server.requests] == [b"PUT /jobs", b"GET /jobs"]
    assert operation.reading is not None
    assert operation.reading.result == {"name": "vm-1"}


async def test_a_cookie_of_the_starting_answer_comes_back_with_the_polls(tmp_path: Path) -> None:
    initial = answer(GOES_ON, "Set-Cookie: route=b7; Path=/; HttpOnly", status="202 Accepted")
    with RawServer([initial, answer(GOES_ON), answer(DONE), hang()]) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile, starting=POST) as opened:
            opened.plan = opened.plan.with_targets(await start_operations(opened, POST, context()))
            watcher = await carry_out(opened, lambda _event: None, context())
    sent, *polls = server.requests

    assert watcher.verdict().code == 0
    assert b"cookie" not in sent.lower()
    assert all(b"route=b7" in poll for poll in polls)


async def test_a_wait_sends_the_cookies_of_an_answer_back_to_its_origin(tmp_path: Path) -> None:
    busy = answer(GOES_ON, "Set-Cookie: route=b7; Path=/")
    with RawServer([busy, answer(DONE), hang()]) as server:
        profile = bound(tmp_path, server.url)
        async with session(profile) as opened:
            opened.plan = opened.plan.with_targets([profile.target("j-1")])
            await carry_out(opened, lambda _event: None, context())

    assert [b"route=b7" in poll for poll in server.requests] == [False, True]


async def test_the_cookies_of_a_piped_answer_go_to_the_api_of_the_named_profile(
    tmp_path: Path,
) -> None:
    cookies = (("Set-Cookie", "route=b7; Path=/"), ("Set-Cookie", "seat=3"))
    with RawServer([answer(DONE), hang()]) as server:
        profile, world = bound(tmp_path, server.url), context()
        targets = started_targets(profile, Response(202, "", Headers(cookies), GOES_ON))
        async with open_session(make_plan([(profile, targets)], Policy()), world) as opened:
            await carry_out(opened, lambda _event: None, world)
    (poll,) = server.requests

    assert b"route=b7" in poll
    assert b"seat=3" in poll
    assert "b7" not in repr(targets)


# -- what may be said in the request -------------------------------------------------


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/jobs", "https://api.example.com/v1/jobs"),
        ("jobs", "https://api.example.com/v1/jobs"),
        ("/v1/jobs?a=b", "https://api.example.com/v1/jobs?a=b"),
        ("/v10/jobs", "https://api.example.com/v1/v10/jobs"),
        ("https://api.example.com/v2/jobs#top", "https://api.example.com/v2/jobs"),
        ("/jobs/a b", "https://api.example.com/v1/jobs/a%20b"),
        ("/jobs/ü%2F", "https://api.example.com/v1/jobs/%C3%BC%2F"),
    ],
)
def test_a_path_is_joined_to_the_base_url(tmp_path: Path, path: str, url: str) -> None:
    assert starting_url(bound(tmp_path, "https://api.example.com/v1"), path) == url


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com/v1/jobs",
        "http://api.example.com/v1/jobs",
        "https://api.example.com:8443/jobs",
        "https://api.example.com@evil.example.com/",
        "//evil.example.com/jobs",
        "/jobs/../../admin",
        "/jobs/%2E%2e/admin",
        "https://",
    ],
)
def test_no_other_place_is_asked(tmp_path: Path, path: str) -> None:
    profile = bound(tmp_path, "https://api.example.com/v1")
    with pytest.raises(UsageError):
        starting_url(profile, path)


@pytest.mark.parametrize(
    "line",
    ["Host: evil", "content-length: 3", "Authorization: Bearer x", "Cookie: a=b", "x-KEY: y"],
)
def test_a_header_that_is_not_the_persons_is_refused(tmp_path: Path, line: str) -> None:
    profile = bound(tmp_path, "https://api.example.com/v1", "keyed")
    starting = replace(POST, headers=parse_headers([line]))

    with pytest.raises(UsageError, match="cannot be given") as caught:
        starting_request(profile, starting)

    assert line.partition(": ")[2] not in caught.value.message


@pytest.mark.parametrize("line", ["X-A", "X A: b", ": b", "X-A: a\r\nHost: b", "X-A: ü", "Ü: a"])
def test_a_header_that_cannot_be_sent_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="Name: value"):
        parse_headers([line])


def test_a_header_replaces_the_profiles_own_and_an_empty_one_leaves_it_out(
    tmp_path: Path,
) -> None:
    headers = parse_headers(["x-version: 8", "Accept:", "content-type: text/csv"])
    request = starting_request(
        bound(tmp_path, "https://api.example.com/v1"), replace(POST, headers=headers)
    )

    assert request.headers == {"x-version": "8", "content-type": "text/csv"}


def test_a_request_without_a_body_names_no_type(tmp_path: Path) -> None:
    profile = bound(tmp_path, "https://api.example.com/v1")
    request = starting_request(profile, replace(POST, body=None))

    assert (request.body, "Content-Type" in request.headers) == (None, False)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "GE T", ""])
def test_a_method_that_starts_nothing_is_refused(tmp_path: Path, method: str) -> None:
    profile = bound(tmp_path, "https://api.example.com/v1")
    with pytest.raises(UsageError, match="not a method"):
        starting_request(profile, replace(POST, method=method))


async def test_a_failed_first_answer_is_a_failed_operation(tmp_path: Path) -> None:
    body = b'{"id": "j-1", "state": "broken", "why": "no disk"}'

    (target,) = await _start(tmp_path, POST, [answer(body)])

    assert target.initial.reading is not None
    assert target.initial.reading.state is State.FAILED


DELETE = StartRequest("DELETE", "/jobs/j-1")
NAMELESS_DONE = answer(b'{"state": "done"}')
NO_CONTENT = answer(b"", status="204 No Content")


@pytest.mark.parametrize(
    ("starting", "reply", "state"),
    [
        (DELETE, NO_CONTENT, State.SUCCEEDED),
        (POST, NAMELESS_DONE, State.SUCCEEDED),
        (PUT, answer(b'{"state": "broken"}', status="201 Created"), State.FAILED),
    ],
)
async def test_what_ends_at_once_and_is_not_named_has_the_end_that_the_answer_tells(
    tmp_path: Path, starting: StartRequest, reply: Step, state: State
) -> None:
    with RawServer([reply, hang()]) as server:
        profile, world = bound(tmp_path, server.url), context()
        async with session(profile, starting=starting, world=world) as opened:
            (target,) = await start_operations(opened, starting, world)
            opened.plan = opened.plan.with_targets([target])
            watcher = await carry_out(opened, lambda _event: None, world)

    assert target.reference == f"{server.url}{starting.path}"
    assert [each.state for each in watcher.operations] == [state]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("starting", "reply"),
    [
        (POST, NO_CONTENT),
        (DELETE, answer(b"")),
        (DELETE, answer(b'{"state": "done"}', status="202 Accepted")),
        (DELETE, answer(b'{"state": "busy"}')),
        (DELETE, answer(b'{"state": "odd"}')),
        (DELETE, answer(b"<html>done</html>")),
    ],
)
async def test_an_answer_that_tells_no_end_and_names_nothing_is_unknown(
    tmp_path: Path, starting: StartRequest, reply: Step
) -> None:
    failure = await _failure(tmp_path, starting, [reply, hang()])

    assert failure.cause is Outcome.UNKNOWN
    assert "names no operation" in failure.message
