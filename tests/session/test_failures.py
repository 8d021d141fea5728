"""Why an operation failed, asked for within bounds and never at the cost of its verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.operation import Failure
from opwatch.domain.outcome import Outcome
from opwatch.domain.trouble import Fault
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.session import failures
from opwatch.session.failures import TAIL, Tail
from opwatch.session.session import carry_out
from servers.raw import RawServer, Step, answer, flood, hang, http, read, reset, send
from session.jobs import TOKEN, context, session

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.profiles import Profile
    from opwatch.watcher.watcher import Watcher

BROKEN = b'{"id": "j-1", "state": "broken", "why": "it broke"}'
YAML = """
version: 1
profiles:
  jobs:
    base_url: https://api.example.com/v1
    request: {path: '/jobs/{id}', headers: {X-Version: '7'}}
    auth: {bearer: {env: JOBS_TOKEN}}
    read: {id: id, status: state, error: {message: why}}
    states: {running: [busy], succeeded: [done], failed: [broken], cancelled: [stopped]}
    on_failure:
      - {path: '/jobs/{id}/parts', text: part, link: page}
      - {path: '/jobs/{id}/log', redirect: true}
      - {url: {header: Location}, authorize: false, log: true}
  lines: {extends: jobs, on_failure: [{path: '/jobs/{id}/log', lines: lines}]}
  far: {extends: jobs, on_failure: [{url: log, log: true}]}
  near: {extends: jobs, on_failure: [{path: '/jobs/{id}/log', log: true}]}
  circle: {extends: jobs, on_failure: [%s]}
""" % ", ".join(["{path: /again, text: part}"] * 20)  # noqa: UP031, braces are YAML's own


def _profile(folder: Path, base_url: str, name: str) -> Profile:
    file = folder / "config.yaml"
    file.write_text(YAML)
    return bind_profile(load_profile(name, load_config(file, {})), {}, base_url=base_url)


@dataclass(frozen=True)
class To:
    """An answer that redirects to *path* of the storage host."""

    path: str

    def at(self, storage: str) -> Step:
        return answer(b"", f"Location: {storage}{self.path}", status="302 Found")


async def _run(
    tmp_path: Path,
    *steps: Step | To,
    storage: tuple[Step, ...] = (hang(),),
    name: str = "jobs",
    first: bytes = BROKEN,
) -> tuple[Failure, Watcher, list[bytes], list[bytes]]:
    """Watch a job that has failed, and is asked why; STORE in *first* is the storage host."""
    with RawServer(storage) as store:
        made = [each.at(store.url) if isinstance(each, To) else each for each in steps]
        broken = answer(first.replace(b"STORE", store.url.encode()))
        with RawServer([broken, *made, hang()]) as api:
            profile = _profile(tmp_path, api.url, name)
            async with session(profile) as opened:
                plan = opened.plan.with_targets([profile.target("j-1")])
                opened.plan = replace(plan, asks_why=True)
                watcher = await carry_out(opened, lambda _event: None, context())
    (operation,) = watcher.operations
    assert (operation.outcome, watcher.verdict().code) == (Outcome.FAILED, 1)
    return operation.failure or Failure(), watcher, api.requests[1:], store.requests


async def test_a_log_comes_from_another_host_and_no_credential_goes_there(tmp_path: Path) -> None:
    parts = answer(b'{"part": "import", "page": "https://www.example.com/j-1"}')
    store = (read(), send(http(b"one\n\x1b[31mtwo\x1b[0m\n")), hang())

    failure, _, asked, stored = await _run(tmp_path, parts, To("/log?sig=1"), storage=store)

    assert failure == Failure("import", ("one", "two"), "https://www.example.com/j-1")
    assert [each.split(b" ")[1] for each in asked] == [b"/jobs/j-1/parts", b"/jobs/j-1/log"]
    assert all(TOKEN.encode() in each for each in asked)
    (request,) = stored
    assert request.startswith(b"GET /log?sig=1 ")
    assert TOKEN.encode() not in request
    assert not re.search(rb"(?i)^(authorization|cookie|x-version):", request, re.MULTILINE)


async def test_a_redirect_that_no_step_looks_into_is_not_followed_elsewhere(
    tmp_path: Path,
) -> None:
    failure, _, _, stored = await _run(tmp_path, To("/log"), name="near")

    assert failure.trouble is not None
    assert failure.trouble.fault is Fault.FOREIGN_ORIGIN
    assert stored == []


async def test_a_url_at_another_host_is_not_asked_with_the_credential(tmp_path: Path) -> None:
    first = b'{"id": "j-1", "state": "broken", "log": "STORE/log"}'

    failure, _, asked, stored = await _run(tmp_path, name="far", first=first)

    assert failure.trouble is not None
    assert failure.trouble.fault is Fault.FOREIGN_ORIGIN
    assert (asked, stored) == ([], [])


async def test_what_was_found_before_something_went_wrong_stays(tmp_path: Path) -> None:
    parts = answer(b'{"part": "import"}')
    refused = answer(b'{"message": "no"}', status="403 Forbidden")

    failure, _, _, _ = await _run(tmp_path, parts, refused)

    assert failure.text == "import"
    assert failure.trouble is not None
    assert failure.trouble.status == 403


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (answer(b"<html>sign in</html>"), Fault.NO_RESULT),
        (answer(b"{", status="200 OK"), Fault.NO_RESULT),
        (answer(b"", status="204 No Content"), Fault.NO_RESULT),
        (answer(b"", status="404 Not Found"), Fault.STATUS_NOT_FOUND),
    ],
)
async def test_an_answer_that_is_of_no_use_is_a_note(
    tmp_path: Path, reply: Step, fault: Fault
) -> None:
    failure, _, _, _ = await _run(tmp_path, reply, reset(), name="lines")

    assert failure.lines == ()
    assert failure.trouble is not None
    assert failure.trouble.fault is fault


async def test_a_server_that_says_nothing_delays_the_verdict_by_the_bound_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "SECONDS", 0.2)

    failure, _, asked, _ = await _run(tmp_path, read(), hang(), name="near")

    assert len(asked) == 1
    assert failure.trouble is not None
    assert failure.trouble.fault is Fault.TIMEOUT


async def test_a_log_without_an_end_is_left_at_its_largest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "LARGEST_LOG", 1 << 20)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"

    failure, _, _, _ = await _run(
        tmp_path, read(), send(head), flood(b"spam\n", 1 << 22), name="near"
    )

    assert failure.lines == ()
    assert failure.trouble is not None
    assert failure.trouble.fault is Fault.TOO_LARGE


async def test_a_chain_is_followed_for_so_many_requests_only(tmp_path: Path) -> None:
    steps = [answer(b'{"part": "x"}')] * 8

    failure, _, asked, _ = await _run(tmp_path, *steps, name="circle")

    assert len(asked) == failures.MOST_REQUESTS == 6
    assert failure.text == ", ".join("x" * 6)


async def test_a_bug_in_asking_does_not_cost_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(_self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("opwatch.session.failures._Asking.run", break_down)

    failure, _, _, _ = await _run(tmp_path, name="near")

    assert failure.trouble is not None
    assert (failure.trouble.fault, failure.trouble.detail) == (Fault.OS_ERROR, "ZeroDivisionError")


def test_the_end_of_a_long_log_is_kept_without_the_line_that_was_cut() -> None:
    tail = Tail()
    for number in range(100_000):
        tail.write(b"line %d\n" % number)

    lines = tail.text.split("\n")
    assert len(tail.text) <= TAIL
    assert lines[-2:] == ["line 99999", ""]
    assert re.fullmatch(r"line \d{5}", lines[0])
    tail.restart()
    assert tail.text == ""
