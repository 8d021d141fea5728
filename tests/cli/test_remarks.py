"""What is said of a credential before a run shows anything, and what is not said later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cli.inside import profile
from servers.echo import Api
from servers.oauth import Asked, OAuthServer, Reply

if TYPE_CHECKING:
    from cli.inside import Inside

WAITING = "opwatch: waiting for the program that prints the credential…"
# Prints another token each time, after a while.
SLOW = """
import pathlib, sys, time
time.sleep(0.3)
count = pathlib.Path(sys.argv[1])
count.write_text(count.read_text() + "x" if count.exists() else "x")
print(f"access-{len(count.read_text())}")
"""


class Forgetful(OAuthServer):
    """Refuses the first token once it has answered with it."""

    def _api(self, asked: Asked) -> Reply:
        reply = super()._api(asked)
        if reply.status == 401:
            return reply
        done = "access-1" in self._revoked
        self._revoked.add("access-1")
        return Reply(body={"id": "a", "status": "done" if done else "running"})


def done(asked: Asked) -> Reply:
    return Reply(body={"id": asked.path.rpartition("/")[2], "status": "done"})


@pytest.mark.parametrize(("quiet", "times"), [((), 1), (("-q",), 0)], ids=["usual", "quiet"])
def test_who_is_waited_for_is_told_at_the_start_and_never_during_the_run(
    quiet: tuple[str, ...], times: int, inside: Inside
) -> None:
    inside.monkeypatch.setattr("opwatch.credentials.context.PATIENCE", 0.05)
    count = inside.home / "count"
    helper = [sys.executable, "-c", SLOW, str(count)]
    with Forgetful() as server:
        server.issued = 2
        inside.configure(mine=profile(server.base, auth={"bearer": {"command": helper}}))

        ran = inside.run("wait", "-p", "mine", "-t10s", *quiet, "a")

    assert (ran.code, count.read_text()) == (0, "xx"), ran.err
    assert ran.err.count(WAITING) == times
    assert ran.err.startswith(WAITING * times)


@pytest.mark.parametrize(
    ("words", "times"),
    [(("wait", "-v", "-t10s"), 1), (("get",), 1), (("wait", "-q", "-t10s"), 0)],
    ids=["wait", "get", "quiet"],
)
def test_what_is_odd_about_a_credential_is_told_once(
    words: tuple[str, ...], times: int, inside: Inside
) -> None:
    note = "opwatch: mine: API_TOKEN begins with the scheme's own word, which was left out"
    with Api(done) as server:
        inside.configure(mine=profile(server.base))
        inside.environ["API_TOKEN"] = "Bearer access-1"

        ran = inside.run(*words, "-p", "mine", "a", "a", "b")

    assert ran.err.splitlines().count(note) == times
    assert "access-1" not in ran.out + ran.err


def test_a_login_is_asked_for_by_nothing_but_its_own_command(inside: Inside) -> None:
    inside.configure(mine=profile("https://api.example.com"))

    ran = inside.run("wait", "-p", "mine", "a", stdin=b"never-read-as-a-token\n")

    assert ran.code == 4
    assert "no credential for 'mine'" in ran.err
