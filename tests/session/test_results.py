"""Results fetched and downloaded, from an API and from a storage host beside it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Operation, Reading, State
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.trouble import Fault
from opwatch.profiles import StartingUrls
from opwatch.session.plan import Plan, ResultOptions
from opwatch.session.results import ResultFetcher
from opwatch.session.session import carry_out
from servers.raw import RawServer, Step, answer, hang, http, read, reset, send
from session.jobs import TOKEN, at_once, bound, context, session

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.domain.messages import Request
    from opwatch.profiles import Profile
    from opwatch.session.sender import Sender
    from opwatch.watcher.watcher import Watcher

END = b'{"id": "j-1", "state": "done", "parts": 2, "result": {"rows": 3}}'
FILE = b"a,b\n1,2\n"


@dataclass(frozen=True)
class Leads:
    """An answer that leads to a file of the storage host."""

    query: str = "?sig=1"

    def at(self, storage: str) -> Step:
        return answer(json.dumps({"location": f"{storage}/file{self.query}"}).encode())


async def _run(
    tmp_path: Path,
    results: ResultOptions,
    *steps: Step | Leads,
    storage: tuple[tuple[Step, ...], ...] = ((hang(),),),
    name: str = "jobs",
) -> tuple[Operation, Watcher, list[bytes], list[bytes]]:
    """Watch a job that is done, whose result then takes *steps*."""
    with RawServer(*storage) as store:
        made = [each.at(store.url) if isinstance(each, Leads) else each for each in steps]
        with RawServer([answer(END), *made, hang()]) as server:
            profile = bound(tmp_path, server.url, name)
            async with session(profile, results=results) as opened:
                opened.plan = opened.plan.with_targets([profile.target("j-1")])
                watcher = await carry_out(opened, lambda _event: None, context())
    return watcher.operations[0], watcher, server.requests[1:], store.requests


def _result(operation: Operation) -> object:
    return operation.reading.result if operation.reading else None


async def test_the_value_of_the_last_step_is_the_result(tmp_path: Path) -> None:
    operation, watcher, asked, _ = await _run(
        tmp_path, ResultOptions(), answer(b'{"rows": [1, 2]}'), name="parts"
    )

    assert (watcher.verdict().code, _result(operation)) == (0, {"rows": [1, 2]})
    assert asked[0].startswith(b"GET /jobs/j-1/parts ")
    assert TOKEN.encode() in asked[0]


async def test_without_a_folder_the_way_to_the_file_is_the_result(tmp_path: Path) -> None:
    operation, _, _, stored = await _run(tmp_path, ResultOptions(), Leads())

    assert "/file?sig=1" in str(_result(operation))
    assert stored == []


async def test_a_file_comes_from_another_host_and_no_credential_goes_there(
    tmp_path: Path,
) -> None:
    named = http(FILE, 'Content-Disposition: attachment; filename="../../.parts.csv"')
    store = (read(), send(named), hang())
    folder = tmp_path / "out"
    folder.mkdir()

    operation, watcher, _, stored = await _run(
        tmp_path, ResultOptions(folder), Leads(), storage=(store,)
    )

    assert watcher.verdict().code == 0
    assert _result(operation) == {"file": str(folder / "parts.csv"), "size": len(FILE)}
    assert [each.name for each in folder.iterdir()] == ["parts.csv"]
    assert (folder / "parts.csv").read_bytes() == FILE
    (request,) = stored
    assert TOKEN.encode() not in request
    assert not re.search(rb"(?i)^(authorization|cookie|x-version):", request, re.MULTILINE)


async def test_a_file_without_a_name_has_the_operations_own(tmp_path: Path) -> None:
    operation, _, _, _ = await _run(
        tmp_path, ResultOptions(tmp_path), Leads(), storage=((answer(FILE), hang()),)
    )

    assert _result(operation) == {"file": str(tmp_path / "j-1"), "size": len(FILE)}


async def test_a_result_that_is_no_file_becomes_one(tmp_path: Path) -> None:
    step = answer(b'{"rows": [1, 2]}')

    operation, _, _, _ = await _run(tmp_path, ResultOptions(tmp_path), step, name="parts")

    assert _result(operation) == {"file": str(tmp_path / "j-1.json"), "size": 33}
    assert json.loads((tmp_path / "j-1.json").read_text()) == {"rows": [1, 2]}


async def test_an_operation_without_a_result_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    operation = await _collect(
        bound(tmp_path, "https://api.example.com"), {"state": "done"}, results=ResultOptions(folder)
    )

    assert (operation.reason, list(folder.iterdir())) == (None, [])


async def test_a_chain_that_ends_too_soon_says_what_was_missing(tmp_path: Path) -> None:
    operation, watcher, _, _ = await _run(tmp_path, ResultOptions(tmp_path), answer(b"{}"))

    assert watcher.verdict().code == 74
    assert operation.trouble is not None
    assert (operation.trouble.fault, operation.trouble.detail) == (Fault.NO_RESULT, "'location'")


async def test_what_passes_is_tried_again_from_the_first_byte(tmp_path: Path) -> None:
    cut = (read(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf a file"), reset())
    busy = answer(b"", status="503 Service Unavailable")

    operation, _, asked, stored = await _run(
        tmp_path,
        ResultOptions(tmp_path),
        answer(b"", status="502 Bad Gateway"),
        Leads(),
        storage=(cut, (busy, answer(FILE), hang())),
    )

    assert (tmp_path / "j-1").read_bytes() == FILE
    assert operation.problems == 0
    assert (len(asked), len(stored)) == (2, 3)


async def test_a_signed_url_that_is_refused_is_asked_for_anew(tmp_path: Path) -> None:
    stale = answer(b"<Error/>", status="403 Forbidden")

    operation, watcher, _, stored = await _run(
        tmp_path,
        ResultOptions(tmp_path),
        Leads("?sig=old"),
        Leads("?sig=new"),
        storage=((stale, answer(FILE), hang()),),
    )

    assert (watcher.verdict().code, operation.reason) == (0, None)
    assert [b"sig=old" in stored[0], b"sig=new" in stored[1]] == [True, True]


async def test_a_failed_result_never_changes_the_outcome(tmp_path: Path) -> None:
    gone = answer(b'{"message": "no such export"}', status="404 Not Found")

    operation, watcher, _, _ = await _run(tmp_path, ResultOptions(tmp_path), gone)

    assert (operation.outcome, operation.reason) == (Outcome.SUCCEEDED, Reason.NO_RESULT)
    assert operation.trouble is not None
    assert operation.trouble.detail == "no such export"
    assert watcher.verdict().code == 74
    assert _result(operation) == {"rows": 3}
    assert not (tmp_path / "j-1").exists()


async def test_a_file_that_is_too_large_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    operation, _, _, _ = await _run(
        tmp_path, ResultOptions(folder, largest=4), Leads(), storage=((answer(FILE), hang()),)
    )

    assert operation.trouble is not None
    assert operation.trouble.fault is Fault.TOO_LARGE
    assert list(folder.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_no_result(tmp_path: Path) -> None:
    operation, _, _, _ = await _run(
        tmp_path, ResultOptions(tmp_path / "missing"), Leads(), storage=((answer(FILE), hang()),)
    )

    assert operation.trouble is not None
    assert operation.trouble.fault is Fault.OS_ERROR
    assert "No such file" in operation.trouble.detail


# -- where a result may come from ----------------------------------------------------


class Refusing:
    """A carrier to whom nothing may be given."""

    async def send(self, request: Request, timeout: float) -> Response:
        raise AssertionError(f"{request.url} was asked in {timeout}")


class Giving:
    """A carrier that keeps what it is given and answers it well."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def send(self, request: Request, timeout: float) -> Response:
        assert timeout > 0
        self.asked.append(request)
        return Response(200, request.url, Headers(), b'{"name": "vm-1"}')


async def _collect(
    profile: Profile,
    raw: object,
    *,
    results: ResultOptions,
    sender: object = None,
    started: StartingUrls | None = None,
) -> Operation:
    """Collect the result of a job whose last answer was *raw*; nothing may be asked for it."""
    senders = {profile.name: cast("Sender", sender or Refusing())}
    plan = Plan({profile.name: profile}, (), Policy())
    done = Operation(
        profile.target("j-1"),
        watched_from=0.0,
        reading=Reading(State.SUCCEEDED, raw=raw),
        outcome=Outcome.SUCCEEDED,
    )
    return await ResultFetcher(plan, senders, results, at_once, started)(done)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.example.com", "http://files.example.com/f"),
        ("https://api.example.com", "http://127.0.0.1:8080/admin"),
        ("https://api.example.com", "https://localhost:8443/admin"),
        ("http://127.0.0.1:9", "http://files.example.com/f"),
    ],
)
async def test_no_unsafe_place_is_asked_for_a_file(tmp_path: Path, base: str, url: str) -> None:
    profile = bound(tmp_path, base, "direct")

    operation = await _collect(profile, {"location": url}, results=ResultOptions(tmp_path))

    assert operation.reason is Reason.NO_RESULT
    assert operation.trouble is not None
    assert operation.trouble.fault in {Fault.BAD_REQUEST, Fault.FOREIGN_ORIGIN}


@pytest.mark.parametrize("name", ["located", "open"])
async def test_a_step_that_may_carry_a_credential_stays_at_home(tmp_path: Path, name: str) -> None:
    started = StartingUrls("https://api.example.com/jobs", "https://evil.example.com/r")
    profile = bound(tmp_path, "https://api.example.com", name)

    operation = await _collect(profile, {}, results=ResultOptions(), started=started)

    assert operation.trouble is not None
    assert operation.trouble.fault is Fault.FOREIGN_ORIGIN


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("resource", "https://api.example.com/v1/vms/1"),
        ("located", "https://api.example.com/v1/results/9"),
    ],
)
async def test_a_final_get_fetches_the_result_where_the_start_said(
    tmp_path: Path, name: str, url: str
) -> None:
    sender, started = Giving(), StartingUrls("https://api.example.com/v1/vms/1", "/v1/results/9")
    profile = bound(tmp_path, "https://api.example.com/v1", name)

    operation = await _collect(profile, {}, results=ResultOptions(), sender=sender, started=started)

    assert [each.url for each in sender.asked] == [url]
    assert _result(operation) == {"name": "vm-1"}
