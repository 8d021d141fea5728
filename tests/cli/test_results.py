"""Results through the whole program: FullStory's export, whose file is on another host."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.inside import profile
from opwatch.demo import DEMO_TOKEN, Script
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.inside import Inside
    from cli.program import Program
    from servers.demo import DemoServer
    from servers.oauth import Asked

STORED = "/fullstory-exports/"
QUICK = ("-p", "fullstory", "--interval", "0.1", "--timeout", "20")


@pytest.fixture
def opwatch(inside: Inside, server: DemoServer) -> Inside:
    inside.environ |= {"OPWATCH_TOKEN": DEMO_TOKEN.reveal(), "OPWATCH_BASE_URL": server.base_url}
    return inside


def _files(folder: Path) -> Mapping[str, bytes]:
    return {file.name: gzip.decompress(file.read_bytes()) for file in folder.iterdir()}


def _stored(server: DemoServer) -> list[Mapping[str, str]]:
    """Return the headers of each request that the storage host got."""
    return [dict(seen.headers) for seen in server.requests() if seen.target.startswith(STORED)]


def test_exports_are_downloaded_and_the_storage_host_never_sees_the_token(
    server: DemoServer, program: Program, tmp_path: Path
) -> None:
    jobs = [server.start("fullstory", Script(0.1)) for _ in range(2)]

    ran = program.run("wait", *QUICK, "--json", "--download", "out", *[job.id for job in jobs])

    files = _files(tmp_path / "out")
    assert ran.code == 0, ran.err
    assert set(files) == {"segment-export.json.gz", "segment-export-1.json.gz"}
    assert all(b"navigate" in text for text in files.values())
    found = {each["result"]["file"] for each in ran.document["operations"]}
    assert found == {str(tmp_path / "out" / name) for name in files}
    assert len(_stored(server)) == 2
    assert not any(DEMO_TOKEN.reveal() in json.dumps(headers) for headers in _stored(server))


def test_a_started_export_is_downloaded_too(opwatch: Inside) -> None:
    ran = opwatch.run(
        "start", *QUICK, "--download", "out", "POST", "/segments/v1/exports",
        "-H", "Demo-Seconds: 0.1",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert list(_files(opwatch.home / "out")) == ["segment-export.json.gz"]


def test_a_signed_url_is_not_told_to_who_looks_on(server: DemoServer, opwatch: Inside) -> None:
    job = server.start("fullstory", Script(0.0))

    ran = opwatch.run("wait", *QUICK, "--download", "out", "--verbose", job.id)

    assert ran.code == 0, ran.err
    assert f"opwatch > GET {server.storage_url}{STORED}" in ran.err
    assert "Signature" not in ran.err


def test_get_shows_the_result_and_downloads_nothing(server: DemoServer, opwatch: Inside) -> None:
    job = server.start("fullstory", Script(0.0))

    plain = opwatch.run("get", "-p", "fullstory", "--json", job.id)
    ran = opwatch.run("get", "-p", "fullstory", "--json", "--result", job.id)

    assert plain.document["operations"][0]["result"].keys() == {"searchExportId", "expires"}
    assert ran.code == 0, ran.err
    assert ran.document["operations"][0]["result"]["location"].startswith(server.storage_url)
    assert _stored(server) == []


@pytest.mark.parametrize("option", ["--result", "--download=out"])
def test_a_profile_without_results_is_warned_of(
    option: str, server: DemoServer, opwatch: Inside
) -> None:
    knows = profile(server.base_url)
    read = {name: path for name, path in knows["read"].items() if name != "result"}
    opwatch.configure(mine={**knows, "read": read}, knows=knows)

    without = opwatch.run("wait", "--json", "-p", "mine", option, "-t", "0", "a")
    known = opwatch.run("wait", "--json", "-p", "knows", option, "-t", "0", "a")

    name = option.partition("=")[0]
    warning = f"profile mine names no result of its operations: {name} has nothing to fetch"
    assert (without.document["warnings"], known.document["warnings"]) == ([warning], [])
    assert warning in without.err


def test_an_operation_that_goes_on_has_no_result_yet(server: DemoServer, opwatch: Inside) -> None:
    job = server.start("fullstory", Script(60))

    ran = opwatch.run("get", "-p", "fullstory", "--json", "--result", job.id)

    assert (ran.code, ran.outcomes) == (8, ["pending"])
    assert not any("results" in seen.target for seen in server.requests())


def test_a_result_that_cannot_be_had_is_74_and_the_operation_has_succeeded(
    server: DemoServer, opwatch: Inside
) -> None:
    opwatch.configure(mine={"extends": "fullstory", "result": [{"path": "/nowhere"}]})
    job = server.start("fullstory", Script(0.0))

    for more in ((), ("-q",)):
        ran = opwatch.run("wait", "-p", "mine", "--result", "--json", *more, job.id)

        assert (ran.code, ran.outcomes) == (74, ["succeeded"]), ran.err
        (operation,) = ran.document["operations"]
        assert (ran.document["exit_reason"], operation["reason"]) == ("unwritable", "no_result")
        assert operation["error"]["details"] == {"http_status": 404}
        assert re.search("its result could not be fetched: .* answered HTTP 404", ran.err)


def test_a_folder_that_cannot_be_is_a_usage_error_before_anything_is_asked(
    server: DemoServer, opwatch: Inside
) -> None:
    (opwatch.home / "taken").write_text("")

    ran = opwatch.run("wait", *QUICK, "--download", "taken/out", "x")

    assert ran.code == 2
    assert "cannot write into taken/out" in ran.err
    assert server.requests() == ()


def test_a_piped_answer_that_has_ended_is_the_result_and_nothing_is_asked(
    server: DemoServer, opwatch: Inside
) -> None:
    answer = (
        b"HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n"
        b'{"name": "operations/7", "done": true, "response": {"rows": 3}}'
    )

    ran = opwatch.run(
        "wait", "-p", "google-lro", "--param", "service=run", "--json", "-", stdin=answer
    )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err
    assert ran.document["operations"][0]["result"] == {"rows": 3}
    assert server.requests() == ()


def test_a_piped_refusal_is_a_usage_error_in_the_words_of_the_api(
    server: DemoServer, opwatch: Inside
) -> None:
    answer = b'HTTP/1.1 422 No\r\n\r\n{"id": "e-1", "message": "size must be even"}'

    ran = opwatch.run("wait", "-p", "ogc-processes", "-", stdin=answer)

    assert ran.code == 2
    assert "size must be even" in ran.err
    assert server.requests() == ()


@pytest.mark.parametrize("place", ["nowhere/report.xml", "."], ids=["no folder", "a folder"])
def test_c5_a_report_that_cannot_be_written_is_found_out_before_the_first_request(
    place: str, inside: Inside
) -> None:
    with Api(lambda _: Reply(200, {"id": "a", "status": "done"})) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "--junit", place, "--json", "a")

    assert (ran.code, ran.document["exit_reason"], api.requests) == (2, "usage", [])
    assert f"cannot write {place}: " in ran.err


def test_c5_a_report_that_is_never_written_leaves_no_file(inside: Inside) -> None:
    report = inside.home / "report.xml"

    ran = inside.run("wait", "-p", "nobody", "--junit", str(report), "a")

    assert (ran.code, report.exists()) == (2, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_the_last_exit_code_that_is_told_is_the_one_that_it_is(inside: Inside) -> None:
    with Api(lambda _: Reply(200, {"id": "a", "status": "done"})) as api:
        inside.configure(mine=profile(api.base, auth="none"))

        ran = inside.run("wait", "-p", "mine", "--junit", "/dev/full", "a")

    told = re.findall(r"exit (\d+): (.*)", ran.err)
    assert ran.code == 74
    assert told[-1] == ("74", "the output, or a result, could not be written")


def test_where_a_result_is_a_file_its_url_is_shown_and_it_is_saved_by_its_kind(
    inside: Inside,
) -> None:
    def say(asked: Asked) -> Reply:
        if asked.path.endswith("/csv"):
            return Reply(200, b"a,b\n", (("Content-Type", "text/csv"),))
        return Reply(200, {"id": "7", "status": "done"})

    with Api(say) as api:
        step = {"path": "/ops/{id}/csv", "download": True}
        inside.configure(mine=profile(api.base, auth="none", result=[step]))
        shown = inside.run("get", "-p", "mine", "--result", "--json", "7")
        saved = inside.run("wait", "-p", "mine", "--download", "out", "7")

        assert shown.document["operations"][0]["result"] == {"url": f"{api.base}/ops/7/csv"}
    assert (shown.code, saved.code) == (0, 0), saved.err
    assert [each.name for each in (inside.home / "out").iterdir()] == ["7.csv"]
