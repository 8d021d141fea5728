"""``--report`` through the whole program: however a run ends, the page about it is there."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from cli.inside import profile
from opwatch.demo import Script
from output.report.pages import seen
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.inside import Inside
    from cli.program import Program
    from servers.demo import DemoServer
    from servers.oauth import Asked


@pytest.fixture
def api(inside: Inside) -> Iterator[Api]:
    def answer(asked: Asked) -> Reply:
        name = asked.path.partition("?")[0].rpartition("/")[2]
        word = {"good": "done", "bad": "failed"}.get(name, "running")
        return Reply(200, {"id": name, "status": word, "percent": 40, "message": f"it is {word}"})

    with Api(answer) as found:
        inside.configure(mine=profile(found.base, auth="none"))
        yield found


@pytest.mark.usefixtures("api")
def test_a_page_is_left_by_a_wait_that_ends(inside: Inside) -> None:
    page = inside.home / "report.html"

    ran = inside.run("wait", "-p", "mine", "-t20s", "--report", str(page), "--json", "good", "bad")

    found = seen(page.read_text("ascii"))
    assert (ran.code, ran.document["exit_code"]) == (1, 1)
    assert "1 of 2 succeeded, 1 failed" in found.text
    assert "it is failed" in found.text
    assert [each.name for each in inside.home.iterdir() if "part" in each.name] == []


def test_what_may_be_a_secret_in_a_url_that_was_typed_is_in_no_file_and_in_no_trace(
    inside: Inside, api: Api
) -> None:
    page, cases, steps = (inside.home / name for name in ("r.html", "r.xml", "summary.md"))
    inside.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(steps)}
    url = f"{api.base}/ops/bad?sig=4Canary2&view=all"

    ran = inside.run("wait", "-p", "mine", "--report", str(page), "--junit", str(cases), "-v", url)

    traced = [line for line in ran.err.splitlines() if line.startswith("opwatch > GET")]
    assert ran.code == 1
    assert traced
    for text in (page.read_text("ascii"), cases.read_text(), steps.read_text(), *traced):
        assert "4Canary2" not in text
    assert "sig=***" in cases.read_text()
    assert all("sig=***&view=all" in each for each in traced)


@pytest.mark.usefixtures("api")
def test_a_page_is_left_by_a_wait_that_runs_out_of_time(inside: Inside) -> None:
    page = inside.home / "report.html"
    page.write_text("the one before")
    page.chmod(0o640)

    ran = inside.run(
        "wait", "-p", "mine", "-t", "1s", "--no-state", "--report", str(page), "good", "slow"
    )

    found = seen(page.read_text("ascii"))
    assert ran.code == 124
    assert "exit 124: out of time" in found.text
    assert " slow" in found.text.partition("to go on")[2].partition("Time lines")[0], found.text
    assert page.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: the signals of Windows")
def test_a_page_is_left_by_a_signal(
    number: signal.Signals, code: int, program: Program, server: DemoServer, tmp_path: Path
) -> None:
    job = server.start("fullstory", Script(60.0))
    arguments = ("wait", "-p", "fullstory", "-t", "50s", "--report", "report.html", job.id)
    ran = program.interrupted(number, *arguments, when="waiting for")

    assert ran.code == code
    found = seen((tmp_path / "report.html").read_text("ascii"))
    assert f"exit {code}: " in found.text
    assert "to go on" in found.text
    assert job.id in found.text


def test_a_page_is_left_where_there_is_no_credential(inside: Inside) -> None:
    inside.configure(mine=profile("https://api.example.com"))
    page = inside.home / "report.html"

    ran = inside.run("wait", "-p", "mine", "-t20s", "--report", str(page), "a")

    found = seen(page.read_text("ascii"))
    assert ran.code == 4
    assert "exit 4: denied" in found.text
    assert "no credential for 'mine'" in found.text


def test_no_page_is_left_where_nothing_was_requested(inside: Inside) -> None:
    page = inside.home / "report.html"

    ran = inside.run("wait", "-p", "nobody", "--report", str(page), "a")

    assert (ran.code, page.exists()) == (2, False)


@pytest.mark.parametrize("place", ["nowhere/report.html", "."], ids=["no folder", "a folder"])
def test_a_page_that_cannot_be_written_is_found_out_before_the_first_request(
    place: str, inside: Inside, api: Api
) -> None:
    ran = inside.run("wait", "-p", "mine", "-t20s", "--report", place, "--json", "good")

    assert (ran.code, ran.document["exit_reason"], api.requests) == (2, "usage", [])
    assert f"cannot write {place}: " in ran.err


@pytest.mark.parametrize("option", ["--report", "--junit"])
@pytest.mark.parametrize(("name", "code"), [("good", 74), ("bad", 74)])
def test_a_report_that_cannot_be_written_at_the_end_is_74_in_the_document_as_well(
    option: str, name: str, code: int, inside: Inside
) -> None:
    folder = inside.home / "reports"
    folder.mkdir()

    def answer(_: Asked) -> Reply:
        if folder.exists():
            folder.rmdir()
        return Reply(200, {"id": name, "status": {"good": "done"}.get(name, "failed")})

    with Api(answer) as api:
        inside.configure(mine=profile(api.base, auth="none"))
        ran = inside.run(
            "wait", "-p", "mine", "-t20s", option, str(folder / "report"), "--json", name
        )

    assert (ran.code, ran.document["exit_code"]) == (code, code)
    assert ran.document["exit_reason"] == "unwritable"
    assert len(ran.document["operations"]) == 1
    assert f"cannot write {folder / 'report'}: " in ran.err


@pytest.mark.usefixtures("api")
def test_a_page_replaces_what_a_link_leads_to_and_not_the_link(inside: Inside) -> None:
    page, link = inside.home / "report.html", inside.home / "latest.html"
    page.touch()
    link.symlink_to(page)

    ran = inside.run("wait", "-p", "mine", "-t20s", "--report", str(link), "good")

    assert (ran.code, link.is_symlink()) == (0, True)
    assert "succeeded" in page.read_text("ascii")
