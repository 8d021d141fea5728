"""Many processes over one login in the real Secret Service.

Its refresh token is good for one use (RFC 6749 §10.4). With a keyring in a file, and so on every
machine: ``tests/cli/test_shared_login.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from credentials.secret_service import needs_secret_service, unlocked_keyring
from opwatch.credentials.keyring import SystemKeyring
from opwatch.credentials.token import parse_stored_token
from opwatch.domain.secret import Secret
from servers.oauth import RotatingServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credentials.world import World

pytestmark = needs_secret_service

PATIENCE = 120.0


class Processes:
    """Processes of the program, all over the login *shared* at *server*."""

    def __init__(self, world: World, server: RotatingServer, home: Path) -> None:
        self.server = server
        oauth = {"token_url": server.token_url, "client_id": "client", "grant": "refresh_token"}
        auth = {"oauth2": {**oauth, "refresh_token": {"keyring": "shared"}}}
        config = home / "config.yaml"
        document = {"version": 1, "profiles": {"mine": profile(server.base, auth=auth)}}
        config.write_text(json.dumps(document))
        self._environ = world.environ | {"OPWATCH_CONFIG": str(config)}
        self._keyring = SystemKeyring(world.context(), patience=10.0)
        self._account = f"{server.base} via {server.base}"

    async def log_in(self) -> None:
        token = Secret(self.server.refresh_token)
        await self._keyring.write_entry("shared", self._account, token)

    async def stored(self) -> str:
        """Return the refresh token that is in the keyring."""
        entry = await self._keyring.read_entry("shared", self._account, interactive=False)
        assert entry.value is not None
        token = parse_stored_token(entry.value)
        assert token is not None
        assert token.refresh is not None
        return token.refresh.reveal()

    def start(self, number: int) -> list[subprocess.Popen[Any]]:
        return [
            subprocess.Popen(
                [sys.executable, "-m", "opwatch", "get", "-p", "mine", "a", "--json"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(number)
        ]

    @staticmethod
    def ends(running: list[subprocess.Popen[Any]]) -> list[tuple[int, str]]:
        """Return the code and the outcome of each, and what a failed one said."""
        said = [each.communicate(timeout=PATIENCE) for each in running]
        return [
            (each.returncode, _outcome(out) if each.returncode == 0 else err.decode())
            for each, (out, err) in zip(running, said, strict=True)
        ]


def _outcome(out: bytes) -> str:
    (operation,) = json.loads(out)["operations"]
    return str(operation["outcome"])


@pytest.fixture
def world(world: World, tmp_path: Path) -> Iterator[World]:
    with unlocked_keyring(tmp_path) as environ:
        world.environ |= environ
        yield world


@pytest.mark.parametrize(
    ("processes", "expiries"), [(2, 0), pytest.param(10, 3, marks=pytest.mark.slow)]
)
async def test_h1_no_process_is_denied_and_each_expiry_costs_one_token_request(
    processes: int, expiries: int, world: World, tmp_path: Path
) -> None:
    with RotatingServer() as server:
        all_of_them = Processes(world, server, tmp_path)
        await all_of_them.log_in()
        ends = all_of_them.ends(all_of_them.start(processes))
        for _ in range(expiries):
            server.expire()
            ends += all_of_them.ends(all_of_them.start(processes))

        assert ends == [(0, "succeeded")] * processes * (1 + expiries)
        assert server.asked == 1 + expiries
        assert await all_of_them.stored() == server.refresh_token


@pytest.mark.slow
@pytest.mark.parametrize("answer_is", ["never given", "lost, and the server gives it again"])
async def test_h1_where_one_is_killed_in_the_middle_of_a_renewal_the_others_go_on(
    answer_is: str, world: World, tmp_path: Path
) -> None:
    is_forgotten = answer_is == "never given"
    with RotatingServer(grace=0 if is_forgotten else 1) as server:
        all_of_them = Processes(world, server, tmp_path)
        await all_of_them.log_in()
        server.gate.clear()
        (first,) = all_of_them.start(1)
        assert server.arrived.acquire(timeout=PATIENCE)
        others = all_of_them.start(9)
        server.forgotten |= {1} if is_forgotten else set()

        first.kill()
        first.communicate(timeout=PATIENCE)
        assert server.arrived.acquire(timeout=PATIENCE), "nobody took over"
        server.gate.set()

        assert all_of_them.ends(others) == [(0, "succeeded")] * 9
        assert server.asked == (1 if is_forgotten else 2)
        assert await all_of_them.stored() == server.refresh_token


@pytest.mark.slow
async def test_where_an_answer_is_lost_and_not_given_again_all_are_denied(
    world: World, tmp_path: Path
) -> None:
    with RotatingServer() as server:
        all_of_them = Processes(world, server, tmp_path)
        await all_of_them.log_in()
        server.gate.clear()
        (first,) = all_of_them.start(1)
        assert server.arrived.acquire(timeout=PATIENCE)
        first.kill()
        first.communicate(timeout=PATIENCE)
        server.gate.set()

        ends = all_of_them.ends(all_of_them.start(3))

    assert [code for code, _ in ends] == [4] * 3
    assert all("a denied" in said and "refresh token is not known" in said for _, said in ends)
