"""``-H``: a header of a person's own, with every request of a run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from cli.inside import profile
from servers.raw import RawServer, answer, hang

if TYPE_CHECKING:
    from cli.inside import Inside

RUNNING = answer(b'{"id": "7", "status": "running"}')
DONE = answer(b'{"id": "7", "status": "done"}')
HANDOFF = [{"body": "id"}]


@pytest.mark.parametrize("command", ["get", "wait"])
def test_it_goes_with_each_poll(command: str, inside: Inside) -> None:
    with RawServer([DONE, hang()]) as server:
        inside.configure(jobs=profile(server.url, auth="none"))
        ran = inside.run(command, "-p", "jobs", "-H", "X-Tenant: acme", "-H", "Prefer: x", "7")

    assert ran.code == 0, ran.err
    assert b"X-Tenant: acme\r\nPrefer: x\r\n" in server.requests[0]


def test_of_a_start_it_goes_with_the_polls_unless_it_is_about_the_starting_request(
    inside: Inside,
) -> None:
    with RawServer([RUNNING, DONE, hang()]) as server:
        inside.configure(jobs=profile(server.url, auth="none", handoff=HANDOFF))
        ran = inside.run(
            "start", "-p", "jobs", "-H", "X-Tenant: acme", "-H", "Prefer: respond-async",
            "-H", "If-Match: *", "POST", "/ops",
        )  # fmt: skip
    started, poll = server.requests

    assert ran.code == 0, ran.err
    assert (b"respond-async" in started, b"If-Match" in started) == (True, True)
    assert b"X-Tenant: acme" in poll
    assert (b"respond-async" in poll, b"If-Match" in poll) == (False, False)


def test_it_is_in_the_command_that_goes_on_and_a_secret_in_it_is_masked(inside: Inside) -> None:
    with RawServer([RUNNING, hang()]) as server:
        inside.configure(jobs=profile(server.url, auth="none", handoff=HANDOFF))
        ran = inside.run(
            "start", "-p", "jobs", "--no-wait", "--json", "-H", "X-Tenant: acme corp",
            "-H", "X-Api-Key: key-worth-nothing", "POST", "/ops",
        )  # fmt: skip
    words = shlex.split(ran.document["wait_with"])

    assert words[words.index("-H") + 1] == "X-Tenant: acme corp"
    assert "X-Api-Key: ***" in words
    assert "key-worth-nothing" not in ran.out + ran.err


@pytest.mark.parametrize("line", ["Authorization: Bearer x", "Host: x", "Cookie: a=b", "no colon"])
def test_one_that_nobody_may_give_is_refused(line: str, inside: Inside) -> None:
    with RawServer([DONE, hang()]) as server:
        inside.configure(jobs=profile(server.url, auth="none"))
        ran = inside.run("get", "-p", "jobs", "-H", line, "--json", "7")

    assert (ran.code, ran.document["exit_reason"]) == (2, "usage")
    assert server.requests == []


def test_a_secret_in_it_is_for_one_host(inside: Inside) -> None:
    with RawServer([hang()]) as one, RawServer([hang()]) as other:
        urls = (f"{one.url}/operations/1", f"{other.url}/operations/2")
        ran = inside.run("get", "-H", "X-Api-Key: key-worth-nothing", *urls)

    assert ran.code == 2
    assert "one secret cannot be for several hosts" in ran.err
    assert (one.requests, other.requests) == ([], [])
