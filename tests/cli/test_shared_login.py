"""Several processes over one login whose refresh token is good for one use (RFC 6749 §10.4)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from servers.oauth import RotatingServer

if TYPE_CHECKING:
    from cli.inside import Inside

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: the locks of Windows")
@pytest.mark.parametrize("processes", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_h1_no_process_is_denied_where_several_share_a_rotating_login(
    processes: int, inside: Inside
) -> None:
    with RotatingServer() as server:
        oauth = {"token_url": server.token_url, "client_id": "client", "grant": "refresh_token"}
        auth = {"oauth2": {**oauth, "refresh_token": {"keyring": "shared"}}}
        inside.configure(mine=profile(server.base, auth=auth))
        entries = inside.home / "entries.json"
        entries.write_text(
            json.dumps({f"opwatch:shared|{server.base} via {server.base}": "refresh-1"})
        )
        environ = {
            **inside.environ,
            "HOME": str(inside.home),
            "PYTHONPATH": str(TESTS),
            "PYTHON_KEYRING_BACKEND": "credentials.keyrings.Filed",
            "OPWATCH_TEST_KEYRING": str(entries),
        }

        first = at_once(processes, environ)
        server.expire()
        second = at_once(processes, environ)

    assert [code for code, _ in first + second] == [0] * 2 * processes, first + second
    assert server.asked == 2
    assert [each.name for each in inside.home.rglob("locks/*")] != []
    assert all(each.stat().st_size == 0 for each in inside.home.rglob("locks/*"))


@pytest.mark.every(2)
@pytest.mark.parametrize("source", ["variable", "keyring"])
def test_h3_a_replaced_refresh_token_that_cannot_be_stored_is_told_of_once(
    source: str, inside: Inside
) -> None:
    with RotatingServer() as server:
        oauth = {"token_url": server.token_url, "client_id": "client", "grant": "refresh_token"}
        place = {"env": "REFRESH"} if source == "variable" else {"keyring": "shared"}
        auth = {"oauth2": {**oauth, "refresh_token": place}}
        inside.configure(mine=profile(server.base, auth=auth))
        entries = inside.home / "entries.json"
        entries.write_text(
            json.dumps({f"opwatch:shared|{server.base} via {server.base}": "refresh-1"})
        )
        inside.environ |= {
            "PYTHON_KEYRING_BACKEND": "credentials.keyrings.ReadOnly",
            "OPWATCH_TEST_KEYRING": str(entries),
        }
        if source == "variable":
            inside.environ["REFRESH"] = "refresh-1"

        before = inside.run("auth", "status", "-p", "mine")
        ran = inside.run("wait", "-p", "mine", "a", "b", "c")
        after = inside.run("auth", "status", "-p", "mine")

    assert "could not be stored" not in before.out
    assert "the new one could not be stored (by an earlier run)" in after.out
    assert "opwatch auth login -p mine" in after.out
    assert all(each.stat().st_size == 0 for each in inside.home.rglob("locks/*"))
    assert ran.code == 0, ran.err
    assert ran.err.count("the new one could not be stored") == 1
    why = "REFRESH cannot be written" if source == "variable" else "the keyring is locked"
    assert f"({why}): the next run will be refused" in ran.err
    assert "opwatch auth login -p mine" in ran.err
    assert "refresh-2" not in ran.err


def at_once(processes: int, environ: dict[str, str]) -> list[tuple[int, str]]:
    command = [sys.executable, "-m", "opwatch", "get", "-p", "mine", "a"]
    running: list[subprocess.Popen[Any]] = [
        subprocess.Popen(  # noqa: S603, our own program
            command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(processes)
    ]  # fmt: skip
    said = [each.communicate(timeout=60)[1].decode() for each in running]
    return [(each.returncode, text) for each, text in zip(running, said, strict=True)]
