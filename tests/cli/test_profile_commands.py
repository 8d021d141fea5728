"""``profile new`` and ``profile explain``, from arguments to files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from cli.inside import profile
from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.operation import State

if TYPE_CHECKING:
    from pathlib import Path

    from cli.inside import Inside
    from servers.demo import DemoServer

TOKEN = DEMO_TOKEN.reveal()
RUNNING = {"id": "j-1", "status": "RUNNING", "percent": 40}


def saved(folder: Path, name: str, *bodies: object) -> str:
    path = folder / name
    path.write_text("\n".join(json.dumps(body) for body in bodies))
    return str(path)


# -- new -----------------------------------------------------------------------------


def test_a_profile_from_live_answers_watches_the_same_api(
    server: DemoServer, inside: Inside
) -> None:
    states = (None, State.SUCCEEDED, State.FAILED)
    jobs = [server.start("bentley-schedules", Script(0.0, s) if s else Script(60)) for s in states]
    sources = [word for job in jobs for word in ("--from", job.url)]
    folder = inside.home / "opwatch" / "profiles"
    folder.mkdir(parents=True)
    file = folder / "mine.yaml"

    new = inside.run(
        "profile", "new", *sources, "--name", "mine", "--output", str(file), "--token-stdin",
        stdin=TOKEN.encode(),
    )  # fmt: skip

    assert (new.code, new.out) == (0, ""), new.err
    assert new.err.endswith("  to use     opwatch wait -p mine REF\n")
    assert inside.run("profile", "check", str(file)).code == 0
    good, bad = (
        server.start("bentley-schedules", Script(0.2, end)) for end in (states[1], states[2])
    )
    ran = inside.run(
        "wait", "-p", "mine", "--interval", "0.1", "--json",
        "--param", f"schedule_id={good.params['schedule_id']}", good.id, bad.url,
        environ={"MINE_TOKEN": TOKEN},
    )  # fmt: skip
    assert (ran.code, ran.outcomes) == (1, ["succeeded", "failed"]), ran.err


def test_a_draft_that_lies_elsewhere_says_where_it_belongs(inside: Inside) -> None:
    sample, file = saved(inside.home, "a.json", RUNNING), str(inside.home / "mine.yaml")

    ran = inside.run("profile", "new", "--from", sample, "--name", "mine", "--output", file)

    folder = inside.home / "opwatch" / "profiles"
    assert ran.err.endswith(f"  to use     save it as mine.yaml in {folder}\n")


def test_a_file_that_cannot_be_checked_is_told_as_any_other(inside: Inside) -> None:
    latin = inside.home / "latin.yaml"
    latin.write_bytes(b"title: caf\xe9\n")

    missing = inside.run("profile", "check", "nothing.yaml")
    encoded = inside.run("profile", "check", str(latin))

    assert missing.err == "opwatch: cannot read nothing.yaml: No such file or directory\n"
    assert encoded.err == f"opwatch: cannot read {latin}: it is not UTF-8\n"


def test_samples_come_from_files_lines_and_curl(inside: Inside) -> None:
    lines = saved(inside.home, "two.jsonl", RUNNING, {**RUNNING, "status": "DONE"})
    whole = b'HTTP/2 200 \r\netag: "1"\r\n\r\n{"id": "j-1", "status": "FAILED"}'

    ran = inside.run("profile", "new", "--from", lines, "--from", "-", stdin=whole)

    assert ran.code == 0, ran.err
    for expected in ("running: [RUNNING]", "succeeded: [DONE]", "failed: [FAILED]", "conditional"):
        assert expected in ran.out
    assert ran.out.startswith("# yaml-language-server: $schema=")


def test_a_url_beside_a_file_says_how_to_ask(inside: Inside) -> None:
    ran = inside.run(
        "profile", "new", "--from", saved(inside.home, "a.json", RUNNING),
        "--url", "https://api.acme.example/v1/jobs/j-1?key=s3cr3t",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert "path: /v1/jobs/{id}" in ran.out
    assert "ACME_TOKEN" in ran.out
    assert "s3cr3t" not in ran.out + ran.err


def test_what_was_posted_says_how_to_ask(inside: Inside) -> None:
    ran = inside.run(
        "profile", "new", "--from", saved(inside.home, "a.json", RUNNING),
        "--url", "https://api.acme.example/v1/find", "--data", '{"filter": {"job": "j-1"}}',
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert "body: {filter: {job: '{id}'}}" in ran.out


def test_what_is_not_clear_is_said_and_asked_of_nobody(inside: Inside) -> None:
    ran = inside.run(
        "profile", "new", "--from", saved(inside.home, "a.json", {"status": "FLARB\x1b[31m"})
    )
    odd = inside.run("profile", "new", "--from", saved(inside.home, "b.json", {"status": "FLARB"}))

    assert "\x1b" not in ran.out + ran.err
    assert odd.code == 0
    assert "not clear, and treated as running: FLARB" in odd.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("--from", "-"), b"<html>", "standard input is not JSON"),
        (("--from", "nothing.json"), b"", "cannot read nothing.json"),
        (("--from", "-", "--name", "A B"), b"{}", "not a profile name"),
        (("--from", "-", "--token-stdin"), b"{}", "both the token and the references"),
        (("--from", "-"), b"HTTP/1.1 500 Oh\r\n\r\n{}", "HTTP 500 is not an answer about"),
        (("--from", "http://127.0.0.1:1/a", "--from", "http://127.0.0.1:2/a"), b"", "several APIs"),
        (("--from", "-", "--url", "ftp://x"), b"{}", "not the URL of an API"),
        (("--from", "-", "--url", "https://x", "-d", "{"), b"{}", "is not a JSON object"),
        (("--from", "-", "--url", "https://x", "-d", "@-"), b"{}", "both the body and a sample"),
        (("--from", "-", "-d", "{}"), b"{}", "--data needs --url"),
    ],
)
def test_what_is_no_sample_is_a_usage_error(
    arguments: tuple[str, ...], stdin: bytes, said: str, inside: Inside
) -> None:
    ran = inside.run("profile", "new", *arguments, stdin=stdin)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_no_file_is_overwritten(inside: Inside) -> None:
    sample = saved(inside.home, "a.json", RUNNING)

    ran = inside.run("profile", "new", "--from", sample, "--output", sample)

    assert ran.code == 2
    assert "exists already" in ran.err
    assert json.loads((inside.home / "a.json").read_text()) == RUNNING


def test_a_sample_that_cannot_be_had_says_why(server: DemoServer, inside: Inside) -> None:
    job = server.start("bentley-schedules", Script(60))

    denied = inside.run("profile", "new", "--from", job.url, environ={"OPWATCH_TOKEN": TOKEN})
    refused = inside.run("profile", "new", "--from", "http://127.0.0.1:1/jobs/1")

    assert denied.code == 4
    assert "give a token with --token-stdin" in denied.err
    assert {seen.headers.get("authorization") for seen in server.requests()} == {None}
    assert refused.code == 6


def test_a_person_is_asked_what_the_samples_leave_open(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter(["https://api.acme.example/jobs/j-1", "mood", "failed"])

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr("click.prompt", prompt)
    monkeypatch.setattr("opwatch.cli.questions.has_person", lambda: True)
    sample = saved(inside.home, "a.json", {"id": "j-1", "mood": "sour", "hue": "red"})

    ran = inside.run("profile", "new", "--from", sample, "--name", "mine")

    assert [text.split()[0] for text in asked] == ["The", "Where", "What"]
    assert "status: mood" in ran.out
    assert "failed: [sour]" in ran.out
    assert "base_url: https://api.acme.example" in ran.out


def test_an_answer_that_is_none_is_asked_for_again_and_a_beginning_is_enough(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["", "sure", "p", "succ", ""])
    monkeypatch.setattr("click.prompt", lambda _text, **_: next(answers))
    monkeypatch.setattr("opwatch.cli.questions.has_person", lambda: True)
    sample = saved(inside.home, "a.json", {"id": "j-1", "state": 3}, {"id": "j-1", "state": 9})

    ran = inside.run("profile", "new", "--from", sample)

    assert next(answers, None) is None
    assert "the states are numbers" in ran.err
    assert "succeeded: [3]" in ran.out
    assert "not clear: [9]" in ran.out


def test_ctrl_c_at_a_question_writes_nothing(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prompt(_text: str, **_: object) -> str:
        raise click.Abort

    monkeypatch.setattr("click.prompt", prompt)
    monkeypatch.setattr("opwatch.cli.questions.has_person", lambda: True)
    sample = saved(inside.home, "a.json", RUNNING)

    ran = inside.run("profile", "new", "--from", sample, "--output", "mine.yaml")

    assert ran.code == 130
    assert not (inside.home / "mine.yaml").exists()


# -- explain -------------------------------------------------------------------------

GITHUB = ("profile", "explain", "-p", "github-actions", "--param", "owner=o", "--param", "repo=r")


def test_what_would_be_asked_is_shown_without_the_secret(inside: Inside) -> None:
    ran = inside.run(*GITHUB, "5", environ={"GH_TOKEN": TOKEN})

    assert ran.code == 0, ran.err
    assert "GET https://api.github.com/repos/o/r/actions/runs/5" in ran.out
    assert "Authorization: ***" in ran.out
    assert "opwatch auth test -p github-actions" in ran.out
    assert "pauses from 10s" in ran.out
    # The advice of a bad answer leads here, for how it is read.
    assert "add  --answer FILE" in ran.out
    assert TOKEN not in ran.out + ran.err


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_c4_no_secret_of_a_body_a_header_or_a_query_is_shown(
    form: tuple[str, ...], inside: Inside
) -> None:
    request = {
        "path": "/find",
        "query": {"api_key": "${ITS_KEY}", "page": "1"},
        "headers": {"X-Tenant": "${TENANT_TOKEN}"},
        "body": {"filter": {"id": "{id}", "password": "${PHRASE}"}, "code": "${TENANT_TOKEN}"},
    }
    inside.configure(mine=profile("https://api.example.com", request=request))
    inside.environ |= {"ITS_KEY": "k-canary", "TENANT_TOKEN": "t/canary~1", "PHRASE": "p-canary"}

    ran = inside.run("profile", "explain", "-p", "mine", *form, "a")

    assert ran.code == 0, ran.err
    assert "canary" not in ran.out + ran.err
    assert "api_key=***&page=1" in ran.out
    assert "X-Tenant" in ran.out
    assert ran.out.count("***") >= 5


def test_a_saved_answer_shows_which_line_decided_and_what_each_path_found(inside: Inside) -> None:
    answer = {"id": 5, "status": "completed", "conclusion": "failure", "html_url": "https://x\x1b]"}
    file = saved(inside.home, "a.json", answer)

    ran = inside.run(*GITHUB, "5", "--answer", file)

    assert ran.code == 0, ran.err
    assert "means       failed (status “failure”)" in ran.out
    assert "states.failed  github-actions.yaml:" in ran.out
    assert "status at lower(status) == 'completed' && conclusion || status: failure" in ran.out
    assert "\x1b" not in ran.out
    assert "https://x\\x1b]" in ran.out


def test_the_line_that_decided_is_the_one_in_the_file(inside: Inside) -> None:
    whole = (
        b"HTTP/1.1 200 OK\r\nRetry-After: 30\r\n\r\n"
        + json.dumps({"id": "a", "state": "PENDING", "estimatePctComplete": 9}).encode()
    )

    ran = inside.run(
        "profile", "explain", "-p", "fullstory", "a", "--answer", "-", "--json", stdin=whole
    )
    source = inside.run("profile", "show", "fullstory", "--source").out.splitlines()

    told = json.loads(ran.out)["answer"]
    assert (told["state"], told["decided_by"], told["wait_seconds"]) == ("running", "rules[0]", 30)
    line = int(told["where"].rpartition(":")[2])
    assert "estimatePctComplete > `0`" in source[line - 1]
    assert {"field": "progress", "path": "", "value": 9.0} in told["found"]


def test_a_bad_answer_is_explained_as_such(inside: Inside) -> None:
    other = saved(inside.home, "a.json", {"id": 6, "status": "completed", "conclusion": "success"})

    ran = inside.run(*GITHUB, "5", "--answer", other)

    assert ran.code == 0
    assert "nothing about the operation" in ran.out
    assert "is about another operation" in ran.out


def test_a_url_without_a_profile_is_explained_as_it_would_be_watched(inside: Inside) -> None:
    known = inside.run("profile", "explain", "https://api.github.com/repos/o/r/actions/runs/5")
    stranger = inside.run("profile", "explain", "--json", "https://api.acme.example/jobs/5")

    assert "github-actions (assumed; the URL is one of its own)" in known.out
    told = json.loads(stranger.out)
    assert (told["profile"], told["assumed_by"], told["credential"]) == ("standard", "words", False)
    assert "Authorization" not in told["request"]["headers"]


@pytest.mark.parametrize("name", ["osb", "powerplatform", "shopify-bulk"])
def test_every_way_to_show_a_secret_is_masked(name: str, inside: Inside) -> None:
    params = {"osb": "server=https://b.example", "powerplatform": "environment_id=e",
              "shopify-bulk": "shop=acme"}[name]  # fmt: skip

    ran = inside.run("profile", "explain", "--json", "-p", name, "--param", params, "7")

    headers = json.loads(ran.out)["request"]["headers"]
    assert "***" in headers.values()


def test_an_unusable_reference_is_a_usage_error_and_a_document(inside: Inside) -> None:
    ran = inside.run("profile", "explain", "--json", "-p", "fullstory", "..")

    assert ran.code == 2
    assert ran.document["exit_reason"] == "usage"


def test_a_terminal_at_one_end_is_nobody_to_be_asked(inside: Inside) -> None:
    sample = saved(inside.home, "a.json", {"status": "FLARB"})

    ran = inside.run("profile", "new", "--from", sample, terminal=True)

    assert ran.code == 0
    assert "not clear, and treated as running: FLARB" in ran.out
    assert "mean" not in ran.out.replace("# What each status word means", "")


def test_a_profile_tells_when_it_was_last_held_against_its_sources(inside: Inside) -> None:
    lines = inside.run("profile", "show", "fullstory").out.splitlines()

    assert "2026-11-28" in next(each for each in lines if each.startswith("checked "))


def test_a_broken_profile_is_reported_and_the_others_are_listed(inside: Inside) -> None:
    inside.configure(mine={"extends": "fullstory", "pol": {"first": "2s"}})

    ran = inside.run("profile", "list", "--json")
    names = {each["name"] for each in ran.document}

    assert (ran.code, "fullstory" in names, "mine" in names) == (2, True, False)
    assert "unknown key 'pol'" in ran.err


# -- check ---------------------------------------------------------------------------

MILLISECONDS = """version: 1
base_url: https://api.example
request: {path: '/jobs/{id}'}
read: {status: status}
states: {succeeded: [done]}
wait: {body: pollMs}
rules: [{state: failed, when: a == b}]
"""


def test_a_warning_has_a_place_and_leaves_the_exit_code_at_0(inside: Inside) -> None:
    file = inside.home / "mine.yaml"
    file.write_text(MILLISECONDS)

    ran = inside.run("profile", "check", str(file))

    assert ran.code == 0
    assert ran.out == "1 checked, 1 warning\n"
    assert "mine.yaml:6:14: warning: 'pollMs' is read as seconds" in ran.err
    assert inside.run("profile", "check", "--strict", str(file)).code == 2


def test_saved_answers_show_comparisons_of_nothing(inside: Inside) -> None:
    file = inside.home / "mine.yaml"
    file.write_text(MILLISECONDS)
    whole = inside.home / "whole.txt"
    whole.write_bytes(b'HTTP/2 200 \r\n\r\n{"id": "j-1"}')
    answers = ("--answer", saved(inside.home, "a.json", RUNNING), "--answer", str(whole))

    ran = inside.run("profile", "check", *answers, str(file))

    assert (ran.code, ran.out) == (0, "1 checked, 2 warnings\n")
    assert "warning: a == b compares two fields" in ran.err


def test_an_answer_is_of_one_api_and_json(inside: Inside) -> None:
    file = inside.home / "mine.yaml"
    file.write_text(MILLISECONDS)
    page = inside.home / "page.html"
    page.write_text("<html>")

    every = inside.run("profile", "check", "--all", "--answer", str(file))
    odd = inside.run("profile", "check", "--answer", str(page), str(file))

    assert (every.code, odd.code) == (2, 2)
    assert "--answer goes with one file" in every.err
    assert "page.html is not JSON" in odd.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fullstory"], 1),
        # The vendor names these pauses, so they are kept as they are.
        (["document-intelligence", "--param", "endpoint=https://x.example",
          "--param", "model_id=m"], 0),
    ],
)  # fmt: skip
def test_the_schedule_says_whether_remembered_durations_count(
    inside: Inside, arguments: list[str], told: int
) -> None:
    ran = inside.run("profile", "explain", "-p", *arguments, "op-1")

    assert ran.out.count("the 5 to 20 last that are remembered") == told
    assert "pauses " in ran.out, ran.err
