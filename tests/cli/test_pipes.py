"""What opwatch writes for programs, and what it reads of that again."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator, ValidationError

from cli.hurried import hurry
from cli.inside import profile
from opwatch.cli.files import bytes_of
from opwatch.cli.questions import read_secret
from opwatch.cli.run_options import RunOptions
from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.outcome import Policy
from opwatch.profiles import load_manifest
from output.schemas import VALIDATE_DOCUMENT
from servers.echo import Api
from servers.oauth import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.inside import Inside
    from cli.program import Program
    from servers.demo import DemoServer
    from servers.oauth import Asked

NO_TOKEN = {"auth": "none"}


def _say(asked: Asked) -> Reply:
    """Return the answer about the operation whose id is its status: ``/ops/done``."""
    status = asked.path.partition("?")[0].rpartition("/")[2]
    return Reply(200, {"id": status, "status": status})


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(_say) as running:
        yield running


@pytest.fixture
def opwatch(inside: Inside, api: Api) -> Inside:
    mine = profile(api.base, params={"team": {"default": "a"}}, **NO_TOKEN)
    mine["request"] = {"path": "/{team}/ops/{id}"}
    inside.configure(mine=mine, other=profile(api.base, **NO_TOKEN))
    return inside


def _document(ran: Any) -> Any:
    VALIDATE_DOCUMENT(ran.document)
    return ran.document


@pytest.mark.parametrize("command", ["get", "wait", "start GET /a/ops/done"])
def test_how_long_what_does_not_exist_is_borne_is_a_duration(
    inside: Inside, api: Api, command: str
) -> None:
    inside.configure(mine=profile(api.base, **NO_TOKEN))

    ran = inside.run(*command.split(), "-p", "mine", "--grace", "soon", "x")

    assert ran.code == 2
    assert "Invalid value for '--grace'" in ran.err
    assert RunOptions(grace=300.0).policy() == replace(Policy(), grace=300.0)


@pytest.mark.parametrize(
    ("words", "code", "polls"),
    [
        ("get", 5, 1),
        ("get --grace 1m", 0, 5),
        ("get --grace 1m --timeout 100ms", 124, None),
        ("wait --grace 1m", 0, 5),
        ("wait --grace 1m --timeout 0", 0, 5),
    ],
)
def test_what_does_not_exist_yet_is_borne_for_so_long(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, words: str, code: int, polls: int | None
) -> None:
    hurry(monkeypatch)
    missing = [Reply(404, {"message": "no such operation"}) for _ in range(4)]
    command, *options = words.split()
    with Api(lambda asked: missing.pop() if missing else _say(asked)) as api:
        inside.configure(mine=profile(api.base, **NO_TOKEN))
        ran = inside.run(command, "-p", "mine", *options, "--json", "done")

    (operation,) = _document(ran)["operations"]
    assert (ran.code, polls or operation["polls"]) == (code, operation["polls"])


# -- the document --------------------------------------------------------------------------


def test_the_json_tells_which_line_of_yaml_has_decided(opwatch: Inside) -> None:
    ran = opwatch.run("get", "-p", "mine", "--json", "done", "running", "odd")

    done, running, odd = (each["decided_by"] for each in _document(ran)["operations"])
    assert (done["rule"], running["rule"]) == ("states.succeeded", "states.running")
    assert odd["rule"] == "unknown word"
    assert done["file"] == opwatch.environ["OPWATCH_CONFIG"]
    assert done["line"] == 1  # JSON on one line


def test_the_json_tells_with_which_parameters_an_operation_was_asked_about(
    opwatch: Inside, api: Api
) -> None:
    ran = opwatch.run("get", "-p", "mine", "--param", "team=b", "--json", "done", "/c/ops/done")

    first, second = _document(ran)["operations"]
    assert (first["params"], second["params"]) == ({"team": "b"}, {"team": "c"})
    assert first["origin"] == api.base
    assert first["elapsed_seconds"] >= 0


def test_the_json_of_a_wait_that_was_not_finished_has_the_command_that_goes_on(
    opwatch: Inside,
) -> None:
    ran = opwatch.run("wait", "-p", "mine", "-t", "0", "--json", "--no-state", "done", "running")

    assert ran.code == 124
    config = opwatch.environ["OPWATCH_CONFIG"]
    assert _document(ran)["resume"] == f"opwatch wait -p mine --config {config} running"
    assert ran.document["resume"] in ran.err


def test_the_json_has_what_the_run_warned_of_and_so_has_the_last_line_of_jsonl(
    opwatch: Inside,
) -> None:
    ran = opwatch.run("wait", "-p", "mine", "-t", "0", "--json", "odd")
    lines = opwatch.run("wait", "-p", "mine", "-t", "0", "--jsonl", "odd").out.splitlines()

    (warning,) = _document(ran)["warnings"]
    assert "odd" in warning
    assert lines[-1].count(warning[:20]) == 1


def test_the_json_of_an_error_has_what_to_do_about_it(opwatch: Inside) -> None:
    unknown = opwatch.run("wait", "--json", "some-id")
    denied = opwatch.run("wait", "-p", "github-actions", "--param", "owner=o", "--param", "repo=r",
                         "--json", "1")  # fmt: skip

    for ran, code in ((unknown, 2), (denied, 4)):
        assert ran.code == code, ran.err
        assert _document(ran)["fix"]
        assert ran.document["fix"][0].split()[0] in ran.err


# -- what goes back in ---------------------------------------------------------------------


def _asked(api: Api) -> list[str]:
    """Return the paths that the API was asked for, and forget them."""
    paths = [each.path for each in api.requests]
    api.requests.clear()
    return paths


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_what_opwatch_writes_goes_back_in_with_profiles_and_parameters(
    opwatch: Inside, api: Api, form: str
) -> None:
    command = "get" if form == "--json" else "wait"
    limit = [] if form == "--json" else ["-t", "0"]
    line = ["-p", "mine", "--param", "team=b", "done", "-p", "other", "failed"]
    first = opwatch.run(command, form, *limit, *line)
    asked = _asked(api)

    again = opwatch.run("get", "--json", "-", stdin=first.out.encode())

    assert sorted(_asked(api)) == sorted(asked) == ["/b/ops/done", "/ops/failed"]
    assert [each["profile"] for each in _document(again)["operations"]] == ["mine", "other"]
    assert again.document["summary"] == {"total": 2, "succeeded": 1, "failed": 1}
    assert again.code == 1


def test_one_operation_that_jq_took_out_goes_back_in(opwatch: Inside, api: Api) -> None:
    first = opwatch.run("get", "-p", "mine", "--param", "team=b", "--json", "done", "failed")
    one = json.dumps(first.document["operations"][0], indent=2)
    api.requests.clear()

    again = opwatch.run("get", "-", stdin=one.encode())

    assert (again.code, _asked(api)) == (0, ["/b/ops/done"])


def test_two_documents_behind_each_other_go_back_in(opwatch: Inside) -> None:
    both = "".join(opwatch.run("get", "-p", "mine", "--json", each).out for each in ("done", "x"))

    again = opwatch.run("get", "--json", "-", stdin=both.encode())

    assert [each["id"] for each in again.document["operations"]] == ["done", "x"]


def test_the_table_of_a_get_goes_back_in(opwatch: Inside) -> None:
    table = opwatch.run("get", "-p", "other", "done", "running")

    again = opwatch.run("get", "-p", "other", "-", stdin=table.out.encode())

    assert again.out == table.out
    assert table.code == again.code == 8


def test_comments_and_blank_lines_name_nothing(opwatch: Inside) -> None:
    text = b"# nightly\n\ndone   # the big one\n  # more\nhttp://127.0.0.1/#part\n"

    ran = opwatch.run("get", "-p", "other", "--json", "-", stdin=text[: text.index(b"http")])

    assert [each["reference"] for each in ran.document["operations"]] == ["done"]


def test_a_document_never_chooses_the_host_of_a_profile(
    opwatch: Inside, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = profile("https://{site}.example.com", params={"site": {"required": True}})
    opwatch.configure(mine=hosted)
    opwatch.environ["API_TOKEN"] = "canary-canary"
    piped = {"reference": "1", "id": "1", "profile": "mine", "params": {"site": "evil"}}
    for site, hint in (("", "--param site="), ("good", "--param site=evil")):
        more = ["--param", f"site={site}"] if site else []
        ran = opwatch.run("get", *more, "-", stdin=json.dumps(piped).encode())

        assert (ran.code, ran.out) == (2, "")
        assert hint in ran.err
    del api, monkeypatch


def test_an_operation_of_another_host_is_not_taken_for_one_of_the_same_id(
    opwatch: Inside, api: Api
) -> None:
    first = opwatch.run("get", "-p", "other", "--json", "done").out
    elsewhere = first.replace(api.base, "https://api.example.com")
    api.requests.clear()

    ran = opwatch.run("get", "-", stdin=elsewhere.encode())

    assert (ran.code, _asked(api)) == (2, [])
    assert "--base-url https://api.example.com" in ran.err


def test_a_profile_that_only_standard_input_names_is_not_sent_the_common_token(
    opwatch: Inside, api: Api
) -> None:
    opwatch.configure(mine=profile(api.base, auth={"bearer": {"env": "MINE_TOKEN"}}))
    piped = json.dumps({"reference": "done", "id": "done", "profile": "mine"}).encode()
    opwatch.environ["OPWATCH_TOKEN"] = "canary-canary"

    unnamed = opwatch.run("get", "-", stdin=piped)
    assert (unnamed.code, _asked(api)) == (4, [])

    named = opwatch.run("get", "-p", "mine", "-", stdin=piped)
    assert (named.code, _asked(api)) == (0, ["/ops/done"])


def test_a_profile_of_the_command_line_that_contradicts_is_refused(opwatch: Inside) -> None:
    piped = json.dumps({"reference": "done", "id": "done", "profile": "mine"}).encode()

    ran = opwatch.run("get", "-p", "other", "-", stdin=piped)

    assert (ran.code, "standard input names the profile mine" in ran.err) == (2, True)


def test_what_was_piped_in_can_be_gone_on_with(opwatch: Inside) -> None:
    first = opwatch.run("get", "-p", "mine", "--param", "team=b", "--json", "running").out
    ran = opwatch.run("wait", "-t", "0", "--json", "--no-state", "-", stdin=first.encode())

    config = opwatch.environ["OPWATCH_CONFIG"]
    line = f"opwatch wait -p mine --param team=b --config {config} running"
    assert ran.document["resume"] == line


# -- several profiles ----------------------------------------------------------------------


def test_each_reference_belongs_to_the_profile_before_it(opwatch: Inside, api: Api) -> None:
    ran = opwatch.run(
        "get", "--json", "-p", "mine", "--param", "team=b", "1", "2", "--profile=other", "3"
    )

    assert [(each["profile"], each["id"]) for each in _document(ran)["operations"]] == [
        ("mine", "1"), ("mine", "2"), ("other", "3"),
    ]  # fmt: skip
    assert sorted(_asked(api)) == ["/b/ops/1", "/b/ops/2", "/ops/3"]


def test_a_profile_with_several_parameters_is_named_by_what_differs(opwatch: Inside) -> None:
    places = [("a", "1"), ("b", "2"), ("c", "3")]
    lanes = [w for team, ref in places for w in ("-p", "mine", "--param", f"team={team}", ref)]

    ran = opwatch.run("wait", "--json", "-t", "0", *lanes)

    operations = _document(ran)["operations"]
    assert [(each["profile"], each["params"]["team"]) for each in operations] == [
        ("mine", team) for team, _ in places
    ]
    for name in ("mine: 1", "mine@b: 2", "mine@c: 3"):
        assert f" {name} " in ran.err


def test_a_profile_at_several_hosts_is_named_by_the_host_and_a_number(
    opwatch: Inside, api: Api
) -> None:
    other = api.base.replace("127.0.0.1", "localhost")
    there = ("-p", "mine", "--base-url", other, "--param")

    ran = opwatch.run(
        "wait", "-t", "0", "-p", "mine", "1", *there, "team=b", "2", *there, "team=c", "3"
    )

    host = other.partition("://")[2]
    for name in ("mine: 1", f"mine@{host}: 2", f"mine@{host}#2: 3"):
        assert f" {name} " in ran.err


def test_several_profiles_are_gone_on_with_as_they_were_given(opwatch: Inside) -> None:
    ran = opwatch.run(
        "wait", "-t", "0", "--json", "--no-state",
        "-p", "mine", "--param", "team=b", "running", "done",
        "-p", "other", "--", "running", "-x",
    )  # fmt: skip

    line = "-p mine --param team=b running -p other -- running -x"
    assert ran.document["resume"].endswith(f" {line}")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (["1", "-p", "mine", "2", "-p", "other", "3"], "'1' stands before the first"),
        (["--param", "team=b", "-p", "mine", "2", "-p", "other", "3"], "'--param' stands before"),
        (["-p", "mine", "-p", "other", "3"], "-p mine is followed by no reference"),
        (["-p", "mine", "3", "-p", "other"], "-p other is followed by no reference"),
    ],
)
def test_where_it_is_not_clear_what_a_profile_is_for_nothing_is_asked(
    opwatch: Inside, api: Api, line: list[str], what: str
) -> None:
    ran = opwatch.run("get", *line)

    assert (ran.code, _asked(api)) == (2, [])
    assert what in ran.err
    assert "write each -p before what it is for" in ran.err


def test_a_command_for_one_profile_takes_one(opwatch: Inside) -> None:
    ran = opwatch.run("auth", "test", "-p", "mine", "-p", "other")

    assert (ran.code, "-p can be given only once here" in ran.err) == (2, True)


def test_one_token_is_not_for_the_hosts_of_several_profiles(opwatch: Inside, api: Api) -> None:
    away = profile("https://api.example.com")
    opwatch.configure(mine=profile(api.base), away=away)

    piped = opwatch.run("get", "--token-stdin", "-p", "mine", "1", "-p", "away", "2", stdin=b"tok")
    common = opwatch.run(
        "get", "-p", "mine", "1", "-p", "away", "2", environ={"OPWATCH_TOKEN": "canary-canary"}
    )

    assert (piped.code, "one token cannot be for several hosts" in piped.err) == (2, True)
    assert (common.code, _asked(api)) == (4, [])
    assert "only for the one profile" in common.err


# -- a manifest ----------------------------------------------------------------------------

MANIFEST = """
version: 1
operations:
  - profile: mine
    params: {team: b}
    references: [1, 007]
  - profile: other
    references: done
"""


@pytest.mark.parametrize("piped", [False, True])
def test_a_manifest_names_profiles_parameters_and_references(
    opwatch: Inside, api: Api, *, piped: bool
) -> None:
    (opwatch.home / "jobs.yaml").write_text(MANIFEST)

    ran = opwatch.run(
        "get", "--json", "--from", "-" if piped else "jobs.yaml", stdin=MANIFEST.encode()
    )

    assert sorted(_asked(api)) == ["/b/ops/007", "/b/ops/1", "/ops/done"]
    assert [each["id"] for each in _document(ran)["operations"]] == ["1", "007", "done"]


def test_a_manifest_in_json_stands_behind_the_references_of_the_command_line(
    opwatch: Inside,
) -> None:
    manifest = {"version": 1, "operations": [{"references": ["done"]}]}
    (opwatch.home / "jobs.json").write_text(json.dumps(manifest))

    ran = opwatch.run(
        "wait", "-t", "0", "--json", "--no-state", "-p", "other", "running", "--from", "jobs.json"
    )

    assert [each["id"] for each in _document(ran)["operations"]] == ["running", "done"]
    assert ran.document["resume"].endswith(" running")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version: 1\noperations:\n  - profil: mine\n    references: [a]\n", "jobs.yaml:3:5: "),
        (
            "version: 1\noperations:\n  - profile: mine\n",
            "jobs.yaml:3:5: an entry of 'operations' lacks",
        ),
        ("operations: []\n", "jobs.yaml:1:1: the manifest lacks 'version'"),
        ("version: 2\noperations: []\n", "jobs.yaml:1:10: this opwatch reads version 1"),
        ("version: 1\noperations:\n  - references: ['-']\n", "jobs.yaml:3:18: '-' reads"),
        ("[1, 2]", "jobs.yaml:1:1: the top of the file must be a mapping"),
    ],
)
def test_a_problem_of_a_manifest_has_a_position_and_nothing_is_asked(
    opwatch: Inside, api: Api, text: str, where: str
) -> None:
    (opwatch.home / "jobs.yaml").write_text(text)

    ran = opwatch.run("wait", "--from", "jobs.yaml")

    assert (ran.code, _asked(api)) == (2, [])
    assert where in ran.err


def test_a_secret_in_a_manifest_is_refused_and_not_shown(opwatch: Inside) -> None:
    (opwatch.home / "jobs.yaml").write_text(
        "version: 1\noperations:\n  - references: [a]\n    token: canary-canary\n"
    )

    ran = opwatch.run("wait", "--from", "jobs.yaml")

    assert (ran.code, "unknown key 'token'" in ran.err, "canary" in ran.err) == (2, True, False)


def test_standard_input_is_read_once(opwatch: Inside) -> None:
    ran = opwatch.run("wait", "-p", "mine", "--from", "-", "-", stdin=MANIFEST.encode())

    assert (ran.code, "can be given only once" in ran.err) == (2, True)


def test_the_schema_of_manifests_fits_what_is_read(opwatch: Inside) -> None:
    schema = json.loads(opwatch.run("profile", "schema", "--manifest").out)

    validate = Draft7Validator(schema).validate
    validate({"version": 1, "operations": [{"profile": "a", "references": [1, "b"]}]})
    with pytest.raises(ValidationError):
        validate({"version": 1, "operations": [{"profile": "a"}]})


def test_each_entry_of_a_manifest_may_have_its_own_host(opwatch: Inside, api: Api) -> None:
    entries = [
        {"profile": "other", "references": "1"},
        {"profile": "other", "base_url": f"{api.base}/v2", "references": "2"},
    ]
    (opwatch.home / "jobs.json").write_text(json.dumps({"version": 1, "operations": entries}))

    opwatch.run("get", "--from", "jobs.json")

    assert sorted(_asked(api)) == ["/ops/1", "/v2/ops/2"]


# -- a bounded look ------------------------------------------------------------------------


def test_a_get_is_over_within_its_timeout(opwatch: Inside, api: Api) -> None:
    api.hold.clear()
    try:
        ran = opwatch.run("get", "-p", "other", "--timeout", "0.3", "--json", "done")
    finally:
        api.hold.set()

    assert (ran.code, ran.outcomes) == (124, ["timed_out"])
    assert _document(ran)["operations"][0]["reason"] == "deadline"


# -- a command at each end -----------------------------------------------------------------


def test_a_command_runs_at_each_end_and_changes_no_verdict(opwatch: Inside) -> None:
    text = "sh -c 'echo \"$1 $OPWATCH_OPERATION_STATUS\"; echo >&2 $OPWATCH_TOKEN; exit 7' _ {id}"

    ran = opwatch.run(
        "wait", "-p", "other", "--json", "--exec", text, "done", environ={"OPWATCH_TOKEN": "x"}
    )

    assert ran.code == 0, ran.err
    assert "opwatch: exec done: done done\n" in ran.err
    (warning,) = _document(ran)["warnings"]
    assert warning == "exec done: the command has failed with 7"
    assert f"opwatch: {warning}\n" in ran.err


def test_a_command_that_cannot_be_run_is_found_before_anything_is_asked(
    opwatch: Inside, api: Api
) -> None:
    ran = opwatch.run("wait", "-p", "other", "--exec", "no-such-program {id}", "done")

    assert (ran.code, _asked(api)) == (2, [])
    assert "there is no program 'no-such-program'" in ran.err


def test_what_a_command_prints_cannot_harm_a_terminal_or_the_bars(opwatch: Inside) -> None:
    text = "printf '\\033[31mred\\n::error::no\\n'"

    ran = opwatch.run("wait", "-p", "other", "--exec", text, "done", terminal=True)

    assert ran.code == 0, ran.out
    lines = [line for line in ran.out.splitlines() if "exec done" in line]
    assert len(lines) == 2
    assert not any("\x1b[31m" in line for line in lines)
    assert ran.out.index("exit 0") < ran.out.index("exec done")


# -- what was passed over in silence -------------------------------------------------------


def test_an_interval_that_is_not_kept_is_said(inside: Inside) -> None:
    inside.configure(away=profile("https://api.invalid", auth="none"))

    ran = inside.run(
        "wait", "-p", "away", "-i", "100ms", "-t", "0", "--json", "--lost-after", "1s", "1"
    )

    assert "--interval 0.1s is too short" in ran.err
    assert ran.document["warnings"][0] in ran.err


def test_an_interval_that_is_kept_is_not_worth_a_word(opwatch: Inside) -> None:
    ran = opwatch.run("wait", "-p", "other", "-i", "100ms", "--json", "done")

    assert (ran.code, ran.document["warnings"]) == (0, [])


def test_a_command_without_debug_does_not_advise_it(
    opwatch: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("opwatch.cli.commands.profile.load_config", broken)

    ran = opwatch.run("profile", "list")

    assert (ran.code, "a bug in opwatch" in ran.err) == (70, True)
    assert "--debug" not in ran.err
    assert "opwatch --version" in ran.err


# -- what the page promises ----------------------------------------------------------------


def test_the_manifest_of_the_page_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pipes.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]

    github, fullstory, any_ = load_manifest(text.encode(), "jobs.yaml")

    assert (github.references, github.params["owner"]) == (("123", "456"), "me")
    assert (fullstory.base_url, any_.profile) == ("https://api.eu1.fullstory.com", None)


def test_a_signal_ends_the_commands_that_still_run_and_the_verdict_stands(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(0.0))

    ran = program.interrupted(
        signal.SIGINT, "wait", "-p", "fullstory", "--exec", "sleep 600", job.id, when="exit 0"
    )

    assert ran.code == 0
    assert "commands of --exec were still running, and were killed" in ran.err


def test_a_start_that_is_not_waited_for_goes_back_in(server: DemoServer, inside: Inside) -> None:
    inside.environ |= {"OPWATCH_TOKEN": DEMO_TOKEN.reveal(), "OPWATCH_BASE_URL": server.base_url}
    started = inside.run(
        "start", "-p", "fullstory", "--no-wait", "--json", "POST", "/segments/v1/exports",
        "-H", "Demo-Seconds: 0",
    )  # fmt: skip

    ran = inside.run("wait", "-p", "fullstory", "--json", "-", stdin=started.out.encode())

    assert (ran.code, ran.outcomes) == (0, ["succeeded"]), ran.err


@pytest.mark.parametrize(
    "read",
    [lambda: bytes_of("-"), lambda: read_secret(str).reveal().encode()],
    ids=["ids", "token"],
)
def test_standard_input_that_does_not_block_is_read_to_its_end(
    read: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    later = [b"two\n", b"three\n"]

    def waited(*_: object) -> None:
        if later:
            os.write(writer, later.pop(0))
        else:
            os.close(writer)

    monkeypatch.setattr(select, "select", waited)
    with io.TextIOWrapper(open(reader, "rb")) as piped:  # noqa: PTH123, the wrapper closes it
        monkeypatch.setattr(sys, "stdin", piped)
        os.write(writer, b"one\n")

        assert read() == b"one\ntwo\nthree\n"
