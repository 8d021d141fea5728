"""Faults 84 to 98: keyrings, helpers, tokens and their renewal, as the whole program meets them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.program import Program, Ran
from faults.catalogue import fault
from faults.terminal import CTRL_C, OPWATCH, Tty
from faults.whole import CANARY, DONE, RUNNING, api, asked_about, state
from opwatch.domain.outcome import Policy
from servers.oauth import OAuthServer, Reply, refused
from servers.raw import closed_port, http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.whole import Wait
    from servers.raw import RawServer

TESTS = Path(__file__).parents[1]
UNAUTHORIZED = http(b'{"message": "who are you?"}', status="401 Unauthorized")


@dataclass
class Here:
    """The program with one profile, whose token comes from where a test says."""

    program: Program
    server: RawServer
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, bearer: Any) -> None:
        """Let the token come from *bearer*."""
        profile = {
            "base_url": self.server.url,
            "request": {"path": "/ops/{id}"},
            "auth": {"bearer": bearer},
            "read": {"status": "status"},
            "states": {"running": ["running"], "succeeded": ["done"]},
        }
        config = {"version": 1, "profiles": {"api": profile}}
        path = self.program.home / "config.yaml"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        self.program.environ |= {"OPWATCH_CONFIG": str(path), "OPWATCH_PROFILE": "api"}
        self.program.environ.pop("OPWATCH_TOKEN", None)

    def run(self, bearer: Any, *arguments: str, stdin: str | bytes = b"") -> Ran:
        self.write(bearer)
        ran = self.program.run("wait", "--json", *arguments, "a", stdin=stdin, environ=self.environ)
        assert CANARY not in ran.out + ran.err
        assert "Traceback" not in ran.err
        return ran

    def keyring(self, backend: str) -> None:
        """Let the system's keyring be *backend*, one of those of the credentials' tests."""
        name = backend if "." in backend else f"credentials.keyrings.{backend}"
        self.environ |= {
            "PYTHON_KEYRING_BACKEND": name,
            "PYTHONPATH": str(TESTS),
            "OPWATCH_TEST_KEYRING": str(self.program.home / "keyring.json"),
        }

    def helper(self, *lines: str) -> list[str]:
        """Return the command that runs *lines* of Python."""
        path = self.program.home / "helper.py"
        path.write_text("\n".join(lines))
        return [sys.executable, str(path)]

    @property
    def tokens(self) -> set[str]:
        heads = (each.decode().split("Authorization: Bearer ") for each in self.server.requests)
        return {head[1].split("\r\n")[0] for head in heads if len(head) > 1}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with api(DONE) as server:
        yield Here(Program(tmp_path), server)


# -- the keyring ---------------------------------------------------------------------


@fault(84)
def test_without_a_keyring_the_ways_to_give_a_token_are_named(here: Here) -> None:
    here.keyring("keyring.backends.fail.Keyring")

    ran = here.run({"keyring": "api"})

    assert (ran.code, ran.outcomes, here.server.requests) == (4, ["denied"], [])
    for way in ("--token-stdin", "OPWATCH_TOKEN", "OPWATCH_API_TOKEN"):
        assert way in ran.err
    assert "auth login" not in ran.err, "a login would have nowhere to be kept"


@fault(84)
def test_without_a_keyring_the_next_source_of_the_profile_counts(here: Here) -> None:
    here.keyring("keyring.backends.fail.Keyring")
    here.environ["API_TOKEN"] = CANARY

    ran = here.run([{"keyring": "api"}, {"env": "API_TOKEN"}])

    assert (ran.code, here.tokens) == (0, {CANARY}), ran.err


@fault(85)
def test_a_locked_keyring_is_said_to_be_locked_and_nobody_elses_token_is_taken(here: Here) -> None:
    here.keyring("Locked")
    here.environ["API_TOKEN"] = CANARY

    ran = here.run([{"keyring": "api"}, {"env": "API_TOKEN"}])

    assert (ran.code, here.server.requests) == (4, [])
    assert "keyring is locked" in ran.err


@fault(86)
@pytest.mark.slow  # by day with less patience: credentials/test_keyring.py
def test_a_keyring_that_hangs_is_left_within_seconds(here: Here) -> None:
    here.keyring("Hanging")

    ran = here.run({"keyring": "api"})

    assert (ran.code, here.server.requests) == (4, [])
    assert "keyring did not answer within 10 s" in ran.err


@fault(86, 130)
def test_ctrl_c_at_a_hanging_keyring_is_obeyed_at_once_and_leaves_no_process(here: Here) -> None:
    here.keyring("Hanging")
    here.write({"keyring": "api"})
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", "a", environ=here.program.environ | here.environ)
        tty.until("keyring", 10)
        children = _children_of(tty.child.pid)
        tty.type(CTRL_C)

        assert tty.exit_code() == 130
        assert not tty.cursor_is_hidden()
        assert len(children) == 1
        assert not _alive(children, within=2.0)


@fault(87)
def test_a_keyring_that_knows_nothing_is_named(here: Here) -> None:
    here.keyring("Filed")

    ran = here.run({"keyring": "api"})

    assert ran.code == 4
    assert "no entry in" in ran.err
    assert "Filed" in ran.err


# -- helpers -------------------------------------------------------------------------


@fault(88)
def test_a_helper_that_is_not_there_is_a_usage_error(here: Here) -> None:
    ran = here.run({"command": ["no-such-helper-7f3a"]})

    assert (ran.code, here.server.requests) == (2, [])
    assert "'no-such-helper-7f3a' is not a program on PATH" in ran.err


@pytest.mark.every(3)
@fault(88)
@pytest.mark.parametrize("path", ["", ".", "{home}/bin:"])
def test_a_program_in_the_current_directory_is_never_run(here: Here, path: str) -> None:
    trap = here.program.home / "token-helper"
    trap.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(here.program.home / 'trapped'))}\n")
    trap.chmod(0o755)
    here.environ["PATH"] = path.format(home=here.program.home)

    ran = here.run({"command": ["token-helper"]})

    assert ran.code == 2
    assert not (here.program.home / "trapped").exists()


@fault(89)
def test_a_helper_that_fails_is_told_by_its_code_and_one_line(here: Here) -> None:
    helper = here.helper(
        "import sys",
        f"print({CANARY!r})",
        f"print('warming up\\nerror: \\x1b[31mnot logged in with {CANARY}\\nbye', file=sys.stderr)",
        "sys.exit(3)",
    )

    ran = here.run({"command": helper})

    assert (ran.code, here.server.requests) == (4, [])
    assert "ended with exit code 3: " in ran.err
    assert "not logged in" in ran.err
    assert "warming up" not in ran.err
    assert "\x1b" not in ran.err


@fault(90)
def test_a_helper_that_hangs_is_ended_with_all_its_children(here: Here) -> None:
    helper = here.helper(
        "import subprocess, sys, time",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"open({str(here.program.home / 'pid')!r}, 'w').write(str(child.pid))",
        "time.sleep(600)",
    )

    ran = here.run({"command": helper, "timeout": "1s"})

    assert ran.code == 4
    assert "did not end within 1 s and was stopped" in ran.err
    assert not _alive([int((here.program.home / "pid").read_text())], within=2.0)


@fault(90)
def test_a_helper_that_asks_a_question_gets_no_answer(here: Here) -> None:
    helper = here.helper("input('Password: ')")

    ran = here.run({"command": helper, "timeout": "5s"}, stdin="an answer\n")

    assert ran.code == 4
    assert "ended with exit code 1" in ran.err


@fault(91)
def test_a_child_that_keeps_the_pipe_open_is_not_waited_for(here: Here) -> None:
    helper = here.helper(
        "import subprocess, sys",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"open({str(here.program.home / 'pid')!r}, 'w').write(str(child.pid))",
        f"print({CANARY!r})",
    )

    ran = here.run({"command": helper})
    child = int((here.program.home / "pid").read_text())

    assert (ran.code, here.tokens) == (0, {CANARY}), ran.err
    assert _is_alive(child)
    os.kill(child, signal.SIGKILL)


@pytest.mark.every(3)
@fault(92)
@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (f"Welcome!\\n{CANARY}\\n", "printed 2 lines, expected a token"),
        ("", "printed nothing"),
        (f"{CANARY} {CANARY}", "a space at position"),
        (f"{CANARY}\\x00", "a control character at position"),
        ('{"expires": 1}', ""),
        ("x" * 100_000, "printed more than 64 KiB"),
    ],
)
def test_what_a_helper_prints_instead_of_a_token_is_never_repeated(
    here: Here, printed: str, said: str
) -> None:
    ran = here.run({"command": here.helper(f"print('{printed}', end='')")})

    assert (ran.code, here.server.requests) == (4, [])
    assert said in ran.err


@fault(92)
@pytest.mark.parametrize("printed", [f"{CANARY}\\r\\n", f'{{"token": "{CANARY}"}}'])
def test_a_line_end_or_a_document_around_a_token_is_understood(here: Here, printed: str) -> None:
    ran = here.run({"command": here.helper(f"print('{printed}', end='')")})

    assert (ran.code, here.tokens) == (0, {CANARY}), ran.err


# -- tokens --------------------------------------------------------------------------


@pytest.mark.every(5)
@fault(93)
@pytest.mark.parametrize(
    ("token", "said"),
    [
        (f"{CANARY}\nX-Evil: 1", "a line break at position"),
        (f"{CANARY}\x00", "a control character at position"),
        (f"{CANARY} more", "a space at position"),
        (f"{CANARY}é", "a character outside ASCII at position"),
        (f"{CANARY}\x7f", "a control character at position"),
    ],
)
def test_a_token_that_no_header_may_carry_is_named_by_place_and_position(
    here: Here, token: str, said: str
) -> None:
    ran = here.run({"env": "API_TOKEN"}, "--token-stdin", stdin=token)

    assert (ran.code, here.server.requests) == (4, [])
    assert f"--token-stdin holds {said} {len(CANARY) + 1}" in ran.err


@fault(93)
def test_one_line_end_after_a_token_is_taken_off(here: Here) -> None:
    ran = here.run({"env": "API_TOKEN"}, "--token-stdin", stdin=f"{CANARY}\n")

    assert (ran.code, here.tokens) == (0, {CANARY})


@fault(94)
def test_an_empty_token_is_said_to_be_empty(here: Here) -> None:
    here.environ |= {"OPWATCH_TOKEN": "", "API_TOKEN": CANARY}

    ran = here.run({"env": "API_TOKEN"})

    assert (ran.code, here.server.requests) == (4, [])
    assert "OPWATCH_TOKEN is empty" in ran.err


@fault(94)
def test_a_scheme_that_is_written_twice_is_sent_once(here: Here) -> None:
    here.environ["API_TOKEN"] = f"Bearer {CANARY}"

    ran = here.run({"env": "API_TOKEN"})

    assert (ran.code, here.tokens) == (0, {CANARY})


# -- renewal -------------------------------------------------------------------------


def oauth(server: OAuthServer, **more: Any) -> dict[str, Any]:
    return {
        "oauth2": {
            "grant": "client_credentials",
            "token_url": server.token_url,
            "client_id": server.client_id,
            "client_secret": {"env": "CLIENT_SECRET"},
            **more,
        }
    }


class Guarded:
    """An API that knows which tokens are good, and counts who came with a bad one."""

    def __init__(self, tokens: OAuthServer, after: int = 3) -> None:
        self._tokens = tokens
        self._after = after
        self.polls: dict[str, int] = {}
        self.refusals = 0

    def __call__(self, request: bytes) -> bytes:
        token = request.decode().split("Authorization: Bearer ")[1].split("\r\n")[0]
        if token != self._tokens.token:
            self.refusals += 1
            return UNAUTHORIZED
        name = asked_about(request)
        self.polls[name] = self.polls.get(name, 0) + 1
        return http(state("done" if self.polls[name] > self._after else "running", name))


@pytest.fixture
def tokens() -> Iterator[OAuthServer]:
    with OAuthServer() as server:
        yield server


@pytest.fixture
def oauth_wait(wait: Wait, tokens: OAuthServer) -> Wait:
    wait.environ["CLIENT_SECRET"] = tokens.client_secret or ""
    return wait


@fault(95)
def test_a_token_endpoint_that_is_not_there_fails_after_half_a_minute(oauth_wait: Wait) -> None:
    with api(RUNNING) as server:
        url = f"http://127.0.0.1:{closed_port()}/token"
        scheme = {"grant": "client_credentials", "token_url": url, "client_id": "c"}
        ended = oauth_wait(
            server.url, auth={"oauth2": {**scheme, "client_secret": {"env": "CLIENT_SECRET"}}}
        )

        assert ended.code == 6, ended.err
        assert 30 <= ended.took < 45
        assert server.requests == []


@fault(95)
def test_a_token_endpoint_that_is_down_for_a_while_is_waited_for(
    oauth_wait: Wait, tokens: OAuthServer
) -> None:
    tokens.answers.extend([Reply(503, {}), Reply(502, {})])
    with api(Guarded(tokens)) as server:
        ended = oauth_wait(server.url, auth=oauth(tokens))

    assert (ended.code, tokens.asked) == (0, 3), ended.err


@fault(95)
def test_a_refused_grant_is_the_last_word(oauth_wait: Wait, tokens: OAuthServer) -> None:
    tokens.answers.append(refused("invalid_grant", description="revoked by an administrator"))
    with api(Guarded(tokens)) as server:
        ended = oauth_wait(server.url, auth=oauth(tokens))

        assert (ended.code, ended.outcomes, server.requests) == (4, ["denied"], [])
    assert "revoked by an administrator" in ended.line("a denied")
    assert tokens.asked == 1


@fault(95)
@pytest.mark.parametrize("lifetime", [None, 0, -5, 1e12, "soon", "3600"])
def test_an_odd_lifetime_neither_hammers_the_endpoint_nor_stops_the_wait(
    oauth_wait: Wait, tokens: OAuthServer, lifetime: Any
) -> None:
    tokens.expires_in = lifetime
    with api(Guarded(tokens, after=20)) as server:
        ended = oauth_wait(server.url, auth=oauth(tokens))

    assert ended.code == 0, ended.err
    assert tokens.asked <= 1 + ended.took / 20


@fault(96)
def test_a_hundred_operations_and_one_expiry_make_one_renewal(
    oauth_wait: Wait, tokens: OAuthServer
) -> None:
    guard = Guarded(tokens, after=2)
    with api(guard) as server:
        threading.Timer(0.4, tokens.expire).start()
        ended = oauth_wait(
            server.url,
            *[f"op-{number}" for number in range(100)],
            auth=oauth(tokens),
            limits={"rate": "100/s", "burst": 100, "at_once": 8},
        )

    assert (ended.code, len(ended.operations)) == (0, 100), ended.err
    assert tokens.asked <= 2


@fault(97)
def test_a_renewed_token_that_is_refused_as_well_makes_no_loop(
    oauth_wait: Wait, tokens: OAuthServer
) -> None:
    with api(UNAUTHORIZED) as server:
        ended = oauth_wait(server.url, "a", "b", "c", auth=oauth(tokens))

        assert (ended.code, ended.outcomes) == (4, ["denied"] * 3)
        assert len(server.requests) <= 6
    assert tokens.asked <= 3


@fault(97)
def test_tokens_that_go_bad_in_the_middle_are_not_renewed_without_end(
    oauth_wait: Wait, tokens: OAuthServer
) -> None:
    with api(*[RUNNING] * 3, UNAUTHORIZED) as server:
        ended = oauth_wait(server.url, auth=oauth(tokens), policy=Policy(interval=1.0))

    assert (ended.code, ended.outcomes) == (4, ["denied"])
    assert tokens.asked <= 4
    assert ended.took < 200


@fault(98)
def test_two_runs_that_share_a_rotating_token_both_go_on(here: Here, tokens: OAuthServer) -> None:
    tokens.rotates, tokens.client_secret = True, None
    here.keyring("Filed")
    with api(lambda request: http(state("done", asked_about(request)))) as server:
        here.server = server
        here.write({"env": "UNUSED"})
        kept_for = f"opwatch:api|{server.url} via {tokens.base}"
        (here.program.home / "keyring.json").write_text(
            json.dumps({kept_for: tokens.refresh_token})
        )
        path = here.program.home / "config.yaml"
        config = json.loads(path.read_text())
        config["profiles"]["api"]["auth"] = {
            "oauth2": {
                "grant": "refresh_token",
                "token_url": tokens.token_url,
                "client_id": tokens.client_id,
                "refresh_token": {"keyring": "api"},
            }
        }
        path.write_text(json.dumps(config))
        command = [*OPWATCH, "wait", "-q"]
        environ = here.program.environ | here.environ
        both = [
            subprocess.Popen([*command, name], env=environ, stderr=subprocess.PIPE)  # noqa: S603, our own program
            for name in ("a", "b")
        ]
        said = [each.communicate(timeout=30)[1].decode() for each in both]

    assert [each.returncode for each in both] == [0, 0], said
    kept = json.loads((here.program.home / "keyring.json").read_text())

    assert [json.loads(each)["refresh_token"] for each in kept.values()] == [tokens.refresh_token]


# -- processes -----------------------------------------------------------------------


def _children_of(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in told.split()]


def _alive(pids: list[int], *, within: float) -> list[int]:
    """Return those of *pids* that are still there after a while."""
    end = time.monotonic() + within
    left = pids
    while left and time.monotonic() < end:
        left = [each for each in left if _is_alive(each)]
        time.sleep(0.02)
    return left


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
