"""A wait that goes on: after Ctrl-C, after kill -9, once and not twice, and without a secret."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import pytest

from cli.forkserver import start
from cli.inside import profile
from cli.program import Program
from faults.whole import api, asked_about
from opwatch.cli.commands.wait import app as wait
from opwatch.cli.kept_options import AS_GIVEN
from opwatch.demo import Script
from opwatch.state.store import open_store
from servers.raw import http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.demo import DemoServer

FAST = ("-p", "fullstory", "-i", "0.2")
FOR_A = ("wait", "-p", "jobs", "a")
CANARY = "c4n4ryS3cr3tWorthNothing0815"
"""A secret that opwatch cannot know to be one but by where it stands."""
TOKEN = "token-worth-nothing-either"
"""The credential itself."""
BUSY = http(b'{"status": "running", "percent": 10}')
DONE = http(b'{"status": "done"}')


class Answering:
    """An API whose answers are its own; *asked* is what was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = api(self._answer)

    def _answer(self, request: bytes) -> bytes:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.__exit__(*problem)


class Jobs(Answering):
    """An API of jobs whose *states* a test may change."""

    def __init__(self, **states: str) -> None:
        super().__init__()
        self.states = states

    def _answer(self, request: bytes) -> bytes:
        job = asked_about(request)
        self.asked.append(job)
        return http(json.dumps({"id": job, "status": self.states[job]}).encode())


@dataclass
class Killed:
    """A run that ended without a word."""

    program: Program

    def __call__(self, *arguments: str, when: str, over: int = 0) -> str:
        """Run until standard error says *when*, and the store that so many are *over*; kill it.

        Return the id of its run.
        """
        with start(*arguments, env=self.program.environ, cwd=self.program.home) as child:
            said = b""
            while when.encode() not in said:
                line = child.stderr.readline()
                assert line, said
                said += line
            self.settled(child.pid, over)
            child.kill()
        return str(self.last()["id"])

    def settled(self, pid: int, over: int = 0) -> None:
        """Wait until the store says that the process *pid* has seen the state of all."""
        for _ in range(200):
            run = self.last()
            found = run.get("operations", [])
            ended = sum(each["outcome"] is not None for each in found)
            if found and all(each["state"] for each in found) and ended >= over:
                return
            os.sched_yield()
        raise AssertionError(f"{pid} has written nothing")

    def last(self) -> Any:
        """Return the latest run."""
        found = self.program.run("history", "--json").document.get("runs")
        return found[0] if found else {}


def resumed_id(ran: Any) -> str:
    found = re.search(r"opwatch wait --resume ([0-9a-f]{8})( --timeout \d+s)?\n", ran.err)
    assert found is not None, ran.err
    return found[1]


def until_of(ran: Any) -> str:
    return re.findall(r"until (\S+)", ran.err)[0]  # type: ignore[no-any-return]


def configured(home: Path, url: str, **changes: Any) -> Program:
    config = home / "config.yaml"
    config.write_text(json.dumps({"version": 1, "profiles": {"jobs": profile(url, **changes)}}))
    config.chmod(0o600)
    program = Program(home)
    del program.environ["OPWATCH_TOKEN"]
    program.environ |= {"API_TOKEN": TOKEN, "OPWATCH_CONFIG": str(config)}
    return program


def test_after_ctrl_c_it_goes_on_with_what_is_left(tmp_path: Path) -> None:
    with Jobs(bad="failed", slow="running") as jobs:
        program = configured(tmp_path, jobs.url)
        left = program.interrupted(
            signal.SIGINT, "wait", "-p", "jobs", "bad", "slow", when="bad failed"
        )
        jobs.states["slow"] = "done"
        jobs.asked.clear()

        ran = program.run("wait", "--resume", resumed_id(left), "--json")

        assert ran.code == 1, "the whole run counts, also what had ended before"
        assert ran.outcomes == ["failed", "succeeded"]
        assert set(jobs.asked) == {"slow"}
        before = [each.get("ended_before", False) for each in ran.document["operations"]]
        assert before == [True, False]
        assert "waiting for 1 of 2 operations" in ran.err
        assert re.search("bad failed .* after .*: ended before", ran.err)


def test_after_kill_9_on_another_terminal_it_goes_on(tmp_path: Path) -> None:
    with Jobs(quick="done", slow="running") as jobs:
        program = configured(tmp_path, jobs.url)
        Killed(program)("wait", "-p", "jobs", "quick", "slow", when="quick succeeded")
        jobs.states["slow"] = "done"
        jobs.asked.clear()

        ran = program.run("wait", "--resume", "--json", environ={"OPWATCH_PROFILE": "fullstory"})

        assert (ran.code, ran.outcomes) == (0, ["succeeded", "succeeded"])
        assert set(jobs.asked) == {"slow"}


def test_a_run_that_is_over_is_shown_once_more_and_nothing_is_asked(tmp_path: Path) -> None:
    with api(DONE) as server:
        program = configured(tmp_path, server.url)
        program.run("wait", "-p", "jobs", "a")
        run = program.run("history", "--json").document["runs"][0]
        asked = len(server.requests)
        ran = program.run("wait", "--resume", run["id"], "--json", environ={"API_TOKEN": ""})

        assert (ran.code, ran.outcomes) == (0, ["succeeded"])
        assert len(server.requests) == asked
        assert program.run("history", "--json").document["runs"] == [run]
        assert program.run("wait", "--resume").code == 2, "nothing is left to go on with"


def test_a_second_resume_at_the_same_time_is_refused_by_name(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(60))
    left = program.interrupted(signal.SIGINT, "wait", *FAST, job.id, when="waiting for")
    run = resumed_id(left)
    with start("wait", "--resume", run, env=program.environ, cwd=program.home) as first:
        assert b"waiting for" in first.stderr.readline()
        second = program.run("wait", "--resume", run)
        history = program.run("history")
        first.kill()
    third = program.run("wait", "--resume", run, "--timeout", "0")

    assert second.code == 2
    assert f"run {run} is being watched by process {first.pid}" in second.err
    assert "still running" in history.out
    assert third.code == 124, "a lock dies with its process"


def test_a_run_that_is_watched_is_not_taken_from_its_first_process(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(60))
    with start("wait", *FAST, job.id, env=program.environ, cwd=program.home) as first:
        assert b"waiting for" in first.stderr.readline()
        Killed(program).settled(first.pid)
        second = program.run("wait", "--resume")
        first.kill()

    assert second.code == 2
    assert f"is being watched by process {first.pid}" in second.err


def test_the_deadline_is_the_first_one_unless_another_is_given(
    server: DemoServer, program: Program
) -> None:
    job = server.start("fullstory", Script(60))
    left = program.interrupted(
        signal.SIGINT, "wait", *FAST, "--timeout", "1h", job.id, when="waiting for"
    )
    until = until_of(left)
    run = resumed_id(left)

    again = program.interrupted(signal.SIGINT, "wait", "--resume", run, when="waiting for")
    short = program.run(
        "wait", "--resume", run, "--timeout", "0.3", environ={"OPWATCH_TIMEOUT": "2h"}
    )
    late, later = program.run("wait", "--resume", run), program.run("wait", "--resume", run)

    first, second = (datetime.strptime(each, "%H:%M:%S") for each in (until, until_of(again)))  # noqa: DTZ007, a time of day
    assert abs((second - first).seconds) <= 1
    assert short.code == 124
    assert (late.code, later.code) == (124, 124), "it has passed: one look"
    assert re.search(rf"opwatch wait --resume {run} --timeout \d+s\n", later.err)


def test_a_clock_that_was_set_back_holds_no_stall_off(tmp_path: Path) -> None:
    with Jobs(a="running") as jobs:
        program = configured(tmp_path, jobs.url)
        run = resumed_id(program.interrupted(signal.SIGINT, *FOR_A, when="a running"))
        years = 10 * 365 * 86400
        times = ("watched_from", "confirmed_at", "changed_at")
        later = ", ".join(f"{name} = {name} + {years}" for name in times)
        with closing(open_store(tmp_path / ".local/state/opwatch")) as store:
            store.connection.execute(f"UPDATE operations SET {later}")  # noqa: S608, our own words

        ran = program.run("wait", "--resume", run, "--stall", "1s", "--timeout", "20s", "--json")

        assert ran.code == 124
        assert ran.document["operations"][0]["reason"] == "stalled"


def test_every_option_that_decides_how_a_run_ends_goes_on() -> None:
    deciding = {each.name for each in wait.params if getattr(each, "group", "") == "end"}

    # What is left of the time is worked out.
    assert deciding - set(AS_GIVEN) == {"timeout"}


def test_options_go_on_and_those_of_the_terminal_do_not(tmp_path: Path) -> None:
    with api(BUSY) as server:
        program = configured(tmp_path, server.url)
        left = program.interrupted(
            signal.SIGINT,
            *("wait", "-p", "jobs", "-H", "X-Tenant: acme", "--timeout-exit-code", "9"),
            *("--stall", "30m", "--json", "a"),
            when="waiting for",
        )
        run = resumed_id(left)
        before = len(server.requests)
        ran = program.run(
            "wait", "--resume", run, "--timeout", "0",
            environ={"OPWATCH_PROFILE": "fullstory", "OPWATCH_BASE_URL": "https://other.example"},
        )  # fmt: skip

        assert (ran.code, ran.out) == (9, "")
        assert all(b"x-tenant: acme" in each.lower() for each in server.requests[before:])
        assert server.requests[before:]


def test_a_credential_is_not_sent_to_a_host_that_its_profile_is_no_longer_of(
    tmp_path: Path,
) -> None:
    with Jobs(a="running") as jobs, Jobs(a="done") as other:
        program = configured(tmp_path, jobs.url)
        run = resumed_id(program.interrupted(signal.SIGINT, *FOR_A, when="a running"))
        before = len(jobs.asked)
        configured(tmp_path, other.url)

        refused = program.run("wait", "--resume", run)
        there = program.run("wait", "--resume", run, "--base-url", other.url, "--timeout", "0")

        assert refused.code == 2
        assert f"was of {jobs.url}, and is of {other.url} now" in refused.err
        assert there.code == 0
        assert len(jobs.asked) == before


@pytest.mark.parametrize("by", ["--base-url", "OPWATCH_JOBS_BASE_URL"])
def test_a_host_that_was_named_is_asked_again_without_its_name(by: str, tmp_path: Path) -> None:
    with Jobs(a="running") as jobs:
        program = configured(tmp_path, "https://elsewhere.example")
        typed = (by, jobs.url) if by == "--base-url" else ()
        if not typed:
            program.environ[by] = jobs.url
        run = resumed_id(program.interrupted(signal.SIGINT, *FOR_A, *typed, when="a running"))
        program.environ.pop(by, None)
        jobs.states["a"] = "done"

        assert program.run("wait", "--resume", run).code == 0


def test_a_moved_url_and_its_validator_go_on(tmp_path: Path) -> None:
    moved, asked_there = b'{"status": "queued"}', b'{"status": "running"}'
    there = "Operation-Location: /ops/moved"

    def answer(request: bytes) -> bytes:
        if b"/ops/moved" not in request:
            return http(moved, there, 'ETag: "first"')
        if b'if-none-match: "second"' in request.lower():
            return http(status="304 Not Modified")
        return http(asked_there, there, 'ETag: "second"')

    with api(answer) as server:
        states = {"pending": ["queued"], "running": ["running"], "succeeded": ["done"]}
        program = configured(
            tmp_path, server.url, moves=["Operation-Location"], conditional=True, states=states
        )
        left = program.interrupted(signal.SIGINT, "wait", "-p", "jobs", "a", when="a running")
        before = len(server.requests)
        ran = program.run("wait", "--resume", resumed_id(left), "--timeout", "0.2")

        assert ran.code == 124
        # That of the URL from which it moved is of no use at the other.
        assert b"if-none-match: " not in server.requests[1].lower()
        assert b"GET /ops/moved " in server.requests[before]
        assert b'if-none-match: "second"' in server.requests[before].lower()


PARTLY = [{"when": "status == 'partly'", "state": "succeeded", "partial": True}]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_success_with_warnings_is_one_also_when_the_run_goes_on(
    end: signal.Signals, tmp_path: Path
) -> None:
    with Jobs(ended="partly", slow="running") as jobs:
        program = configured(tmp_path, jobs.url, rules=PARTLY)
        names, when = ("wait", "-p", "jobs", "ended", "slow"), "ended succeeded"
        if end is signal.SIGKILL:
            run = Killed(program)(*names, when=when, over=1)
        else:
            run = resumed_id(program.interrupted(end, *names, when=when))
        jobs.states["slow"] = "done"

        failing = program.run("wait", "--resume", run, "--fail-on", "warnings", "--json")
        again = program.run("wait", "--resume", run, "--fail-on", "blocked", "--json")

        assert (failing.code, failing.outcomes) == (1, ["failed", "succeeded"])
        assert failing.document["operations"][0]["reason"] == "warnings"
        assert (again.code, again.outcomes) == (0, ["succeeded", "succeeded"])
        warned = [each["warnings"] is not None for each in again.document["operations"]]
        assert warned == [True, False]
        assert "ended before, with warnings" in again.err
        assert "(with warnings)" in program.run("history", "show", run).out


def test_one_success_of_any_that_had_warnings_is_not_enough_where_they_fail(tmp_path: Path) -> None:
    with Jobs(ended="partly", slow="running") as jobs:
        program = configured(tmp_path, jobs.url, rules=PARTLY)
        program.run("wait", "-p", "jobs", "--any", "ended", "slow")
        run = program.run("history", "--json").document["runs"][0]["id"]
        jobs.states["slow"] = "done"

        ran = program.run("wait", "--resume", run, "--fail-on", "warnings", "--json")

        assert (ran.code, ran.outcomes) == (0, ["failed", "succeeded"])


def test_warnings_that_an_older_opwatch_has_not_kept_are_not_asked_about(tmp_path: Path) -> None:
    with Jobs(ended="partly", slow="running") as jobs:
        program = configured(tmp_path, jobs.url, rules=PARTLY)
        names = ("wait", "-p", "jobs", "ended", "slow")
        left = program.interrupted(signal.SIGINT, *names, when="ended succeeded")
        with closing(open_store(tmp_path / ".local/state/opwatch")) as store:
            store.connection.execute("UPDATE operations SET partial = NULL")
        jobs.states["slow"] = "done"
        resumed = ("wait", "--resume", resumed_id(left))

        refused = program.run(*resumed, "--fail-on", "warnings")

        assert refused.code == 2
        assert "has not kept whether ended succeeded with warnings" in refused.err
        assert program.run(*resumed, "--fail-on", "blocked").code == 0


def test_cookies_are_named_and_not_kept(tmp_path: Path) -> None:
    with api(http(b'{"status": "running"}', f"Set-Cookie: route={CANARY}")) as server:
        program = configured(tmp_path, server.url)
        left = program.interrupted(signal.SIGINT, "wait", "-p", "jobs", "a", when="running")
        ran = program.run("wait", "--resume", resumed_id(left), "--timeout", "0")

        assert "are not kept: route; it goes on without them" in ran.err
        assert CANARY not in whole_store(tmp_path)


def whole_store(home: Path) -> str:
    files = [each for each in (home / ".local").rglob("*") if each.is_file()]
    assert any(each.name.startswith("state-") for each in files)
    return b"".join(each.read_bytes() for each in files).decode("latin-1")


@pytest.fixture
def spilling() -> Iterator[str]:
    """An API that says the secret in each of its texts."""
    said = json.dumps({
        "status": "running",
        "message": f"cloned https://u:{CANARY}@git.example with token={CANARY} for {TOKEN}",
        "link": f"https://x.example/?sig={CANARY}",
        "result": {"password": CANARY},
    })  # fmt: skip
    with api(http(said.encode(), f"Set-Cookie: sid={CANARY}", f"X-Secret: {CANARY}")) as server:
        yield server.url


SPOTS: dict[str, Callable[[str], list[str]]] = {
    "an id": lambda _url: ["a"],
    "the query of a URL": lambda url: [f"{url}/ops/a?token={CANARY}"],
    "the signature of a URL": lambda url: [f"{url}/ops/a?sv=1&sig={CANARY}&se=2"],
    "a header": lambda _url: ["-H", f"X-Auth-Token: {CANARY}", "a"],
    "a header by its look": lambda _url: ["-H", f"X-Custom: {CANARY}", "a"],
    "a parameter of the body": lambda _url: ["--param", f"password={CANARY}", "a"],
}


@pytest.mark.every(4)
@pytest.mark.parametrize("spot", SPOTS)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_secret_is_in_the_file(
    spot: str, end: signal.Signals, spilling: str, tmp_path: Path
) -> None:
    body = {"path": "/ops/{id}", "method": "POST", "body": {"id": "{id}", "secret": "{password}"}}
    more: dict[str, Any] = {"params": {"id": {}, "password": {"default": "none"}}}
    if "body" in spot:
        more["request"] = body
    program = configured(tmp_path, spilling, **more)

    arguments = ("wait", "-p", "jobs", *SPOTS[spot](spilling))
    if end is signal.SIGKILL:
        Killed(program)(*arguments, when="running")
    else:
        program.interrupted(end, *arguments, when="running")

    kept = whole_store(tmp_path)
    assert "running" in kept
    assert not [each for each in (CANARY[:12], CANARY[-12:], TOKEN) if each in kept]


def test_a_password_before_a_host_is_refused_and_kept_nowhere(tmp_path: Path) -> None:
    with api(BUSY) as server:
        program = configured(tmp_path, server.url)
        ran = program.run(
            "wait", "-p", "jobs", server.url.replace("//", f"//me:{CANARY}@") + "/ops/a"
        )

    assert ran.code == 2
    assert not (tmp_path / ".local").exists()


def test_what_was_not_kept_has_to_be_given_again(tmp_path: Path) -> None:
    with api(BUSY) as server:
        program = configured(tmp_path, server.url)
        header = f"X-Auth-Token: {CANARY}"
        left = program.interrupted(
            signal.SIGINT, "wait", "-p", "jobs", "-H", header, "a", when="running"
        )
        run = program.run("history", "--json").document["runs"][0]["id"]
        without = program.run("wait", "--resume", run)
        given = program.run("wait", "--resume", run, "-H", header, "--timeout", "0")

        assert "--resume" not in left.err, "the command to go on would not go on"
        assert "opwatch wait -p jobs" in left.err
        again = program.run("wait", "--resume", run)

        assert "--resume" not in given.err
        assert [each.code for each in (without, given, again)] == [2, 124, 2]
        assert "-H X-Auth-Token" in without.err
        assert "-H X-Auth-Token" in again.err, "also who has given it once does not keep it"


def test_what_is_typed_behind_resume_goes_on_as_well(tmp_path: Path) -> None:
    with Jobs(ended="partly", slow="running") as jobs:
        program = configured(tmp_path, jobs.url, rules=PARTLY)
        names = ("wait", "-p", "jobs", "ended", "slow")
        run = resumed_id(program.interrupted(signal.SIGINT, *names, when="ended succeeded"))
        typed = ("wait", "--resume", run, "--fail-on", "warnings", "-H", "X-Tenant: acme")
        program.interrupted(signal.SIGINT, *typed, when="slow running")
        jobs.states["slow"] = "done"

        ran = program.run("wait", "--resume", run, "--json")

        assert (ran.code, ran.outcomes) == (1, ["failed", "succeeded"])


def test_a_url_that_was_not_kept_is_not_asked_in_another_form(tmp_path: Path) -> None:
    with api(BUSY) as server:
        program = configured(tmp_path, server.url)
        url = f"{server.url}/ops/a?token={CANARY}"
        program.interrupted(signal.SIGINT, "wait", "-p", "jobs", url, when="running")
        before = len(server.requests)
        ran = program.run("wait", "--resume")

        assert ran.code == 2
        assert "may hold a secret" in ran.err
        assert len(server.requests) == before


# -- several profiles in one run ------------------------------------------------------------


def tenants(home: Path, **urls: str) -> Program:
    """Return a program that knows profiles whose path has a tenant, at *urls*, each by its name."""
    shape = {
        "request": {"path": "/{tenant}/ops/{id}"},
        "params": {"id": {}, "tenant": {"default": "nobody"}, "password": {"default": ""}},
    }
    config = home / "config.yaml"
    profiles = {name: {**profile(url), **shape} for name, url in urls.items()}
    config.write_text(json.dumps({"version": 1, "profiles": profiles}))
    config.chmod(0o600)
    program = Program(home)
    del program.environ["OPWATCH_TOKEN"]
    program.environ |= {"API_TOKEN": TOKEN, "OPWATCH_CONFIG": str(config)}
    return program


class Tenants(Answering):
    """An API of the operations of tenants; those named in *over* have succeeded."""

    def __init__(self, *over: str) -> None:
        super().__init__()
        self.over = set(over)

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        self.asked.append(path)
        tenant, _, job = path.strip("/").split("/")
        status = "done" if f"{tenant}/{job}" in self.over else "running"
        return http(json.dumps({"id": job, "status": status}).encode())


SEVERAL = (
    *("wait", "-p", "east", "--param", "tenant=x", "a", "b"),
    *("-p", "west", "a", "c", "-p", "east", "--param", "tenant=y", "a"),
)
"""Five operations, three of which have the same id."""


@pytest.mark.parametrize("how", ["options", "manifest"])
def test_after_kill_9_each_of_several_profiles_goes_on_with_what_it_has_left(
    how: str, tmp_path: Path
) -> None:
    with Tenants("x/b") as east, Tenants("nobody/c") as west:
        program = tenants(tmp_path, east=east.url, west=west.url)
        arguments: tuple[str, ...] = SEVERAL
        if how == "manifest":
            entries = [
                {"profile": "east", "params": {"tenant": "x"}, "references": ["a", "b"]},
                {"profile": "west", "references": ["a", "c"]},
                {"profile": "east", "params": {"tenant": "y"}, "references": ["a"]},
            ]
            (tmp_path / "jobs.json").write_text(json.dumps({"version": 1, "operations": entries}))
            arguments = "wait", "--from", "jobs.json"
        run = Killed(program)(*arguments, "-i", "0.2", when="c succeeded", over=2)
        east.over |= {"x/a"}
        east.asked.clear()
        west.asked.clear()

        again = Killed(program)("wait", "--resume", run, when="a succeeded", over=3)
        first = set(east.asked), set(west.asked)
        east.over |= {"y/a"}
        west.over |= {"nobody/a"}
        east.asked.clear()
        west.asked.clear()
        ran = program.run("wait", "--resume", run, "--json")

        assert again == run
        assert first == ({"/x/ops/a", "/y/ops/a"}, {"/nobody/ops/a"})
        assert (set(east.asked), set(west.asked)) == ({"/y/ops/a"}, {"/nobody/ops/a"})
        assert (ran.code, ran.outcomes) == (0, ["succeeded"] * 5)
        operations = ran.document["operations"]
        assert [each["id"] for each in operations] == ["a", "b", "a", "c", "a"]
        assert [each.get("ended_before", False) for each in operations] == [
            *(True, True, False, True, False)
        ]


def test_after_ctrl_c_the_short_command_goes_on_with_several_profiles(tmp_path: Path) -> None:
    with Tenants() as east, Tenants() as west:
        program = tenants(tmp_path, east=east.url, west=west.url)
        left = program.interrupted(signal.SIGINT, *SEVERAL, when="c running")
        run = resumed_id(left)
        east.over |= {"x/a", "x/b", "y/a"}
        west.over |= {"nobody/a", "nobody/c"}
        changed = program.run("wait", "--resume", run, "--param", "tenant=z")
        piped = program.run("wait", "--resume", run, "--token-stdin", stdin=TOKEN)
        ran = program.run("wait", "--resume", run, "--json")

        assert (changed.code, piped.code) == (2, 2)
        assert "--param cannot change" in changed.err
        assert "one token cannot be for several hosts" in piped.err
        assert (ran.code, ran.outcomes) == (0, ["succeeded"] * 5)


def test_a_secret_of_one_of_several_profiles_is_not_kept_and_the_long_command_goes_on(
    tmp_path: Path,
) -> None:
    with Tenants() as east, Tenants() as west:
        program = tenants(tmp_path, east=east.url, west=west.url)
        left = program.interrupted(
            signal.SIGINT,
            *("wait", "-p", "east", "--param", f"password={CANARY}", "a", "-p", "west", "b"),
            when="b running",
        )
        asked = len(east.asked)
        ran = program.run("wait", "--resume")

        assert "--resume" not in left.err
        assert "-p east" in left.err
        assert "-p west" in left.err
        assert ran.code == 2
        assert "what they were bound by was not kept" in ran.err
        assert len(east.asked) == asked
        assert CANARY not in whole_store(tmp_path)


def test_a_manifest_behind_a_profile_goes_on_with_both(tmp_path: Path) -> None:
    with Tenants() as east, Tenants() as west:
        program = tenants(tmp_path, east=east.url, west=west.url)
        entries = [{"profile": "west", "params": {"tenant": "x"}, "references": ["b"]}]
        manifest = {"version": 1, "operations": entries}
        (tmp_path / "jobs.json").write_text(json.dumps(manifest))
        arguments = ("-p", "east", "--param", "tenant=y", "a", "--from", "jobs.json")
        ran = program.run("wait", "--timeout", "0", *arguments)
        east.over |= {"y/a"}
        west.over |= {"x/b"}

        assert ran.code == 124
        assert program.run("wait", "--resume", resumed_id(ran), "--timeout", "1m").code == 0


def test_what_was_piped_in_with_its_profile_goes_on(tmp_path: Path) -> None:
    with Tenants() as east:
        program = tenants(tmp_path, east=east.url)
        looked = program.run("get", "-p", "east", "--param", "tenant=x", "--json", "a", "b")
        ran = program.run("wait", "--timeout", "0", "-", stdin=looked.out)
        east.over |= {"x/a", "x/b"}
        east.asked.clear()
        again = program.run("wait", "--resume", resumed_id(ran), "--timeout", "1m")

        assert (ran.code, again.code) == (124, 0)
        assert set(east.asked) == {"/x/ops/a", "/x/ops/b"}


def test_a_profile_that_has_nothing_left_needs_no_credential(tmp_path: Path) -> None:
    with Tenants("nobody/a") as east, Tenants() as west:
        program = tenants(tmp_path, east=east.url, west=west.url)
        config = json.loads((tmp_path / "config.yaml").read_text())
        config["profiles"]["east"]["auth"] = {"bearer": {"env": "EAST_TOKEN"}}
        (tmp_path / "config.yaml").write_text(json.dumps(config))
        program.environ["EAST_TOKEN"] = TOKEN
        Killed(program)("wait", "-p", "east", "a", "-p", "west", "b", when="a succeeded", over=1)
        west.over.add("nobody/b")
        del program.environ["EAST_TOKEN"]

        assert program.run("wait", "--resume").code == 0


def test_urls_without_a_profile_find_theirs_again(tmp_path: Path) -> None:
    with api(BUSY) as server:
        program = configured(tmp_path, "https://elsewhere.example")

        url = f"{server.url}/things/1"
        left = program.interrupted(signal.SIGINT, "wait", url, when="running")
        ran = program.run("wait", "--resume", resumed_id(left), "--timeout", "0", "--json")

        assert ran.code == 124
        assert ran.document["operations"][0]["reference"] == url


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (("--resume", "deadbeef"), {}, "no run"),
        (("--resume",), {}, "no run"),
        (("--resume", "deadbeef", "a"), {}, "takes no more references"),
        (("--resume", "--no-state"), {}, "--no-state"),
        (("--resume",), {"OPWATCH_STATE": "off"}, "OPWATCH_STATE=off"),
    ],
)
def test_what_cannot_go_on_says_why(
    arguments: tuple[str, ...], environ: dict[str, str], message: str, program: Program
) -> None:
    ran = program.run("wait", *arguments, environ=environ)

    assert ran.code == 2
    assert message in ran.err


@pytest.mark.parametrize("how", ["--no-state", "OPWATCH_STATE"])
def test_who_wants_nothing_kept_has_nothing_kept(how: str, tmp_path: Path) -> None:
    with api(DONE) as server:
        program = configured(tmp_path, server.url)
        flags = [how] if how.startswith("-") else []
        ran = program.run("wait", "-p", "jobs", *flags, "a", environ={how: "off"})

    assert ran.code == 0
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("command", ["get", "wait"])
def test_a_word_for_the_store_that_is_unknown_is_a_usage_error(
    command: str, program: Program
) -> None:
    ran = program.run(command, "-p", "fullstory", "a", environ={"OPWATCH_STATE": "foo"})

    assert ran.code == 2
    assert "OPWATCH_STATE='foo' is neither on nor off" in ran.err


def test_a_home_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    home = tmp_path / "nobody"
    with api(DONE) as server:
        program = configured(tmp_path, server.url)
        ran = program.run("wait", "-p", "jobs", "a", environ={"HOME": str(home)})

    assert (ran.code, ran.err.count("home")) == (0, 0)
    assert not home.exists()


def test_a_look_is_not_kept(tmp_path: Path) -> None:
    with api(DONE) as server:
        configured(tmp_path, server.url).run("get", "-p", "jobs", "a")

    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("home", ["file/below", "garbage"])
def test_a_verdict_needs_no_store(home: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    garbage = tmp_path / "garbage" / "opwatch"
    garbage.mkdir(parents=True)
    (garbage / "state-1.db").write_bytes(os.urandom(9000))
    with api(DONE) as server:
        program = configured(tmp_path, server.url)
        ran = program.run(
            "wait", "-p", "jobs", "--json", "a", environ={"XDG_STATE_HOME": str(tmp_path / home)}
        )

    assert (ran.code, ran.outcomes) == (0, ["succeeded"])
    assert ("is damaged" in ran.err) is (home == "garbage")
