"""``--record`` and ``opwatch replay``, through the whole command line."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import pytest

from cli.hurried import Stepping, hurry
from cli.inside import Inside, profile
from faults.whole import api
from opwatch.demo import DEMO_TOKEN
from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome
from opwatch.state.runs import begin
from opwatch.state.store import open_store
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS
from servers.raw import RawServer, Talk, http, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.program import Ran

TOKEN: Final = "token-canary-8f3a"


class Eventful:
    """An API of one operation: an outage, a 401, a URL that moves, and the end."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, talk: Talk) -> None:
        while True:
            read()(talk)
            self.number += 1
            talk.peer.sendall(self._reply(self.number))

    def _reply(self, number: int) -> bytes:
        body: dict[str, Any] = {"id": "a", "status": "running", "message": f"for {TOKEN}"}
        match number:
            case 2 | 3:
                return http(b'{"message": "no backend"}', status="502 Bad Gateway")
            case 5:
                return http(b'{"message": "not you"}', status="401 Unauthorized")
            case 6:
                return http(json.dumps(body).encode(), "Next-Poll: /moved/a?sig=signed-canary")
            case 7:
                return http(json.dumps(body).encode(), "Set-Cookie: s=cookie-canary")
            case 8:
                return http(json.dumps(body | {"status": "done"}).encode())
            case _:
                return http(json.dumps(body).encode())


@pytest.fixture
def opwatch(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    hurry(monkeypatch)
    with RawServer((Eventful(),)) as server:
        moves = [{"header": "Next-Poll"}]
        inside.configure(jobs=profile(server.url, moves=moves))
        inside.environ["API_TOKEN"] = TOKEN
        yield inside


def recorded(opwatch: Inside, *more: str) -> Ran:
    return opwatch.run("wait", "-p", "jobs", "--record", "run.jsonl", *more, "a")


def test_a_replay_prints_what_the_run_printed_and_exits_as_it_did(opwatch: Inside) -> None:
    live = recorded(opwatch, "--jsonl", "--progress", "lines")
    again = opwatch.run("replay", "run.jsonl", "--jsonl")

    assert (again.code, again.out, again.err) == (live.code, live.out, live.err)
    assert live.code == 0
    assert len(live.out.splitlines()) > 10


@pytest.mark.parametrize("state", ["on", "off"])
def test_a_replay_tells_the_same_warnings_and_the_same_way_on(
    state: str, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("opwatch.state.journal.END", 30.0)  # however busy the machine is
    inside.environ |= {"XDG_STATE_HOME": str(tmp_path), "OPWATCH_STATE": state}
    with api(http(b'{"id": "a", "status": "WARMING_UP"}')) as server:
        inside.configure(jobs=profile(server.url, auth="none"))
        live = recorded(inside, "--jsonl", "--timeout", "9s")
    again = inside.run("replay", "run.jsonl", "--jsonl")

    assert "WARMING_UP" in json.loads(live.out.splitlines()[-1])["warnings"][0]
    assert json.loads(live.out.splitlines()[-1])["resume"].startswith("opwatch wait ")
    assert (again.code, again.out) == (live.code, live.out)


@pytest.mark.parametrize(("output", "count"), [("--jsonl", 1), ("--json", 2)])
def test_what_was_warned_of_outside_the_watch_is_in_the_recording(
    output: str, count: int, opwatch: Inside
) -> None:
    config = opwatch.home / "config.yaml"
    written = json.loads(config.read_text())
    del written["profiles"]["jobs"]["read"]["result"]
    config.write_text(json.dumps(written))

    live = recorded(opwatch, "--result", "--exec", "false", output)
    again = opwatch.run("replay", "run.jsonl", output)
    told, replayed = (
        json.loads(each.out[each.out.rindex('{"format"') :]) for each in (live, again)
    )

    assert told["warnings"][0].startswith("profile jobs names no result")
    # At the last event the command was still running; its failure is in the document only.
    assert len(told["warnings"]) == count
    assert replayed["warnings"] == told["warnings"]
    assert output == "--json" or again.out == live.out


def test_past_durations_are_in_the_recording(
    opwatch: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.session.sharing.START", 30.0)  # however busy the machine is
    opwatch.environ["XDG_STATE_HOME"] = str(tmp_path)
    past = KeptOperation(
        *("a", "a", "jobs", "http://127.0.0.1:1"),
        watched_from=1e9, ended_at=1e9 + 600, polls=9, outcome=Outcome.SUCCEEDED,
    )  # fmt: skip
    with closing(open_store(tmp_path / "opwatch")) as store:
        begin(store, KeptRun("0000beef", "wait", started_at=1e9, written_at=2e9), [past] * 9)

    live = recorded(opwatch, "--jsonl")
    again = opwatch.run("replay", "run.jsonl", "--jsonl", "-q")

    assert (opwatch.home / "run.jsonl").read_text().count('"usual":') == 1
    assert '"usually_seconds": 600.0' in live.out
    assert (again.code, again.out) == (live.code, live.out)


def test_a_replay_needs_neither_the_configuration_nor_the_credential(opwatch: Inside) -> None:
    recorded(opwatch)
    del opwatch.environ["API_TOKEN"]
    (opwatch.home / "config.yaml").unlink()
    del opwatch.environ["OPWATCH_CONFIG"]

    assert opwatch.run("replay", "run.jsonl", "--json").outcomes == ["succeeded"]


def test_no_secret_is_in_the_recording(opwatch: Inside) -> None:
    recorded(opwatch)
    text = (opwatch.home / "run.jsonl").read_text()

    for secret in (TOKEN, "signed-canary", "cookie-canary"):
        assert secret not in text


def test_an_explanation_names_the_answer_the_rule_and_the_line(opwatch: Inside) -> None:
    recorded(opwatch)
    explained = opwatch.run("replay", "run.jsonl", "--explain")

    assert explained.code == 0
    lines = [" ".join(each.split()) for each in explained.out.splitlines()]
    assert lines[0].startswith("operation a succeeded (done) after ")
    assert lines[1].startswith("answer 8, after ")
    assert lines[1].endswith("HTTP 200")
    assert lines[2] == f"rule states.succeeded {opwatch.home}/config.yaml:1"
    assert lines[3] == "status “done” is succeeded"
    assert "HTTP 502 ×2; HTTP 401, credential refused; moved to " in lines[4]  # noqa: RUF001, the sign is meant
    assert lines[4].endswith("/moved/a?sig=***")


def test_an_explanation_is_there_for_a_program(opwatch: Inside) -> None:
    recorded(opwatch)
    (found,) = json.loads(opwatch.run("replay", "run.jsonl", "--explain", "--json").out)

    assert found["outcome"] == "succeeded"
    assert found["decided_by"] == "states.succeeded"
    assert found["troubles_before"] == {"status_transient": 2, "status_unauthorized": 1}


def test_another_profile_shows_what_it_would_have_made_of_it(
    opwatch: Inside, tmp_path: Path
) -> None:
    recorded(opwatch)
    other = profile("https://api.example", states={"failed": ["done"], "running": ["running"]})
    other |= {"version": 1, "absent_status": "succeeded"}
    (tmp_path / "new.yaml").write_text(json.dumps(other, indent=1))

    found = opwatch.run("replay", "run.jsonl", "--profile", "new.yaml")

    assert found.code == 1
    assert "recorded   succeeded, by the profile of the run" in found.out
    assert "states.failed  new.yaml:" in found.out


def test_a_recording_needs_a_new_file(opwatch: Inside) -> None:
    (opwatch.home / "run.jsonl").write_text("mine")
    ran = recorded(opwatch)

    assert ran.code == 2
    assert "run.jsonl exists already" in ran.err
    assert (opwatch.home / "run.jsonl").read_text() == "mine"


def test_where_nothing_is_watched_nothing_is_recorded(opwatch: Inside) -> None:
    ran = opwatch.run("start", "-p", "jobs", "--no-wait", "--record", "run.jsonl", "POST", "/ops")

    assert ran.code == 2
    assert "--no-wait leaves nothing to record" in ran.err


def test_of_a_run_that_never_began_no_file_is_left(opwatch: Inside) -> None:
    del opwatch.environ["API_TOKEN"]

    assert recorded(opwatch).code == 4
    assert not (opwatch.home / "run.jsonl").exists()


def test_a_signed_url_is_not_in_its_recording(opwatch: Inside) -> None:
    url = json.loads((opwatch.home / "config.yaml").read_text())["profiles"]["jobs"]["base_url"]
    opwatch.run("get", "-p", "jobs", "--record", "run.jsonl", f"{url}/ops/a?sig=typed-canary")

    assert "/ops/a?sig=***" in (opwatch.home / "run.jsonl").read_text()
    assert "typed-canary" not in (opwatch.home / "run.jsonl").read_text()
    assert opwatch.run("replay", "run.jsonl").code == 8


def test_a_look_is_recorded_too(opwatch: Inside) -> None:
    live = opwatch.run("get", "-p", "jobs", "--record", "run.jsonl", "a")
    again = opwatch.run("replay", "run.jsonl", "--explain")

    assert (live.code, again.code) == (8, 8)
    assert "ended by   not_waited (opwatch's own)" in again.out


def test_of_a_beginning_it_is_said_where_it_ends(opwatch: Inside) -> None:
    recorded(opwatch)
    path = opwatch.home / "run.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    ran = opwatch.run("replay", "run.jsonl", "--jsonl")

    assert ran.code == 8
    assert "the recording ends here, after " in ran.err
    last = json.loads(ran.out.splitlines()[-1])
    assert last["operations"][0]["state"] == "running"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a recording"),
        ("{}\n", "is not a recording"),
        ('{"opwatch":"recording","format":2}\n', "is of format 2"),
        ('{"opwatch":"recording","format":1}\n', "is damaged"),
        ("\x00\n", "is not a recording"),
    ],
)
def test_what_is_no_recording_is_refused(content: str, problem: str, inside: Inside) -> None:
    (inside.home / "it").write_text(content)
    ran = inside.run("replay", "it")

    assert ran.code == 2
    assert problem in ran.err


@pytest.mark.parametrize(
    ("line", "change", "shown"),
    [
        (0, {"wall": 1e308}, "--jsonl"),
        (0, {"wall": "noon"}, "--json"),
        (0, {"clock": []}, "--explain"),
        (0, {"seed": {}}, "-q"),
        (0, {"timeout_code": None}, "-q"),
        (-1, {"outcomes": ["won"]}, "--explain"),
        (-1, {"outcomes": 7}, "--explain"),
        (-1, {"exit": "\x1b]0;title\x07\n::error::x"}, "--explain"),
        (-1, {"warnings": 1}, "--json"),
        (-1, {"at": "late"}, "--jsonl"),
    ],
)
def test_what_another_program_has_changed_is_no_bug_of_ours(
    line: int, change: dict[str, Any], shown: str, opwatch: Inside
) -> None:
    recorded(opwatch)
    path = opwatch.home / "run.jsonl"
    lines = [json.loads(each) for each in path.read_text().splitlines()]
    lines[line] |= change
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))

    ran = opwatch.run("replay", "run.jsonl", shown)

    assert ran.code in {0, 2, 6, 8}
    assert ran.code != 2 or "run.jsonl is damaged" in ran.err
    assert "\x1b" not in ran.out + ran.err
    assert "\n::" not in ran.out + ran.err


def test_another_exit_code_than_the_recorded_one_is_told(opwatch: Inside) -> None:
    recorded(opwatch)
    path = opwatch.home / "run.jsonl"
    path.write_text(path.read_text().replace('"exit":0', '"exit":1'))
    ran = opwatch.run("replay", "run.jsonl", "--quiet")

    assert ran.code == 0
    assert "the run exited with 1, its replay with 0" in ran.err


def test_a_run_that_starts_its_operation_is_replayed_from_there_on(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    with DemoServer(ALL_DIALECTS, clock=Stepping()) as server:
        token = DEMO_TOKEN.reveal()
        inside.environ |= {"OPWATCH_BASE_URL": server.base_url, "OPWATCH_TOKEN": token}
        script = ("-H", "Demo-Seconds: 2", "-H", "Demo-End: failed", "--interval", "0.1")
        started = server.starting("fullstory")
        live = inside.run(
            "start", "-p", "fullstory", "--record", "run.jsonl", "--jsonl", *script, *started
        )
    again = inside.run("replay", "run.jsonl", "--jsonl")

    assert (again.code, again.out) == (live.code, live.out)
    assert live.code == 1
    assert token not in (inside.home / "run.jsonl").read_text()
