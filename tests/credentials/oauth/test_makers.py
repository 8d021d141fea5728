"""The program against authorization servers of other makers: Authlib, and Django OAuth Toolkit.

At night: they are the extra ``servers`` of pyproject.toml.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from cli.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.program import Ran

TESTS = Path(__file__).resolve().parents[2]
NEEDED = {"authlib_server": ("authlib", "flask"), "django_server": ("oauth2_provider",)}
MISSING = sorted({name for names in NEEDED.values() for name in names if not find_spec(name)})
SECRET = "job-secret-canary:%/+"
ENTRY = "entries.json"
PATIENCE = 180.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"NOT TESTED: servers of other makers need {' and '.join(MISSING)};"
        " pip install -e '.[servers]'",
    ),
]


class Maker:
    """A server of another maker, in a process, and the program that is used against it."""

    def __init__(self, base: str, program: Program) -> None:
        self.base = base
        self.program = program
        urls = self.told("urls")["said"]
        self.token_url, self.device_url = urls["token"], urls["device"]
        program.environ |= {
            "OPWATCH_CONFIG": str(program.home / "config.yaml"),
            "PYTHONPATH": str(TESTS),
            "PYTHON_KEYRING_BACKEND": "credentials.keyrings.Filed",
            "OPWATCH_TEST_KEYRING": str(program.home / ENTRY),
        }
        del program.environ["OPWATCH_TOKEN"]

    def told(self, verb: str, argument: str = "") -> dict[str, Any]:
        """Have *verb* done at the server."""
        url = f"{self.base}/test/{verb}?{argument}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310, our own server
            return dict(json.load(answer))

    @property
    def asked(self) -> tuple[int, int]:
        """How often a token was asked for, and the operation."""
        counts = self.told("refresh_tokens")
        return counts["tokens"], counts["operations"]

    def configure(self, **oauth: Any) -> None:
        """Write the profile *mine*."""
        auth = {"oauth2": {"token_url": self.token_url, **oauth}}
        document = {"version": 1, "profiles": {"mine": profile(self.base, auth=auth)}}
        (self.program.home / "config.yaml").write_text(json.dumps(document))

    def for_job(self, secret: str = SECRET, **more: str) -> None:
        """Configure the client credentials of a job."""
        self.program.environ["JOB_SECRET"] = secret
        self.configure(client_id="job", client_secret={"env": "JOB_SECRET"}, **more)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603, our own program
            [sys.executable, "-m", "opwatch", *arguments],
            env=self.program.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.program.home,
        )

    def log_in(self, decision: str = "approve") -> tuple[int, str]:
        """Log in with a code, which a person decides on; return the code and what was said."""
        self.configure(grant="device_code", device_url=self.device_url, client_id="device")
        login = self.start("auth", "login", "-p", "mine")
        assert login.stderr is not None
        said = b""
        while b"enter the code" not in said:
            line = login.stderr.readline()
            assert line, said
            said += line
        code = _code_in(said.decode())
        self.told(decision, code)
        said += login.communicate(timeout=PATIENCE)[1]
        return login.returncode, said.decode()

    def get(self) -> tuple[int, str]:
        """Ask once; return the code and the outcome."""
        return _end(self.program.run("get", "-p", "mine", "a", "--json"))

    def waiting(self) -> subprocess.Popen[bytes]:
        """Start to wait, and return when the operation was asked about twice."""
        before = self.asked[1]
        wait = self.start("wait", "-p", "mine", "a", "--json", "--timeout", "10m")
        while self.asked[1] < before + 2:
            assert wait.poll() is None, wait.communicate()
        return wait

    def stored(self) -> str:
        """Return the refresh token in the keyring."""
        (entry,) = json.loads((self.program.home / ENTRY).read_text()).values()
        return str(json.loads(entry)["refresh_token"]) if entry.startswith("{") else entry


def _code_in(said: str) -> str:
    found = re.search(r"enter the code +(\S+)", said)
    assert found, said
    return found[1]


def _end(ran: Ran) -> tuple[int, str]:
    (outcome,) = ran.outcomes
    return ran.code, outcome


def ended(wait: subprocess.Popen[bytes]) -> tuple[int, str]:
    out, _ = wait.communicate(timeout=PATIENCE)
    (operation,) = json.loads(out)["operations"]
    return wait.returncode, operation["outcome"]


@pytest.fixture(params=sorted(NEEDED))
def maker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    with subprocess.Popen(  # noqa: S603, our own program
        [sys.executable, "-m", f"servers.makers.{request.param}"],
        cwd=TESTS,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdout is not None
        base = server.stdout.readline().decode().strip()
        assert base, "the server did not start"
        try:
            yield Maker(base, Program(tmp_path))
        finally:
            server.kill()


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_client_credentials_open_the_api_with_one_token(maker: Maker, secret_in: str) -> None:
    maker.for_job(secret_in=secret_in)
    wait = maker.waiting()
    maker.told("finish")

    assert ended(wait) == (0, "succeeded")
    assert maker.asked[0] == 1


@pytest.mark.parametrize("secret_in", ["header", "body"])
def test_a_wrong_client_secret_is_denied_and_the_api_is_not_asked(
    maker: Maker, secret_in: str
) -> None:
    maker.told("finish")
    maker.for_job("wrong-canary", secret_in=secret_in)

    ran = maker.program.run("get", "-p", "mine", "a", "--json")

    assert _end(ran) == (4, "denied")
    assert "invalid_client" in ran.out + ran.err
    assert "wrong-canary" not in ran.out + ran.err
    assert maker.asked[1] == 0


def test_a_token_that_ends_in_the_middle_of_a_wait_is_renewed_once(maker: Maker) -> None:
    maker.for_job()
    wait = maker.waiting()
    maker.told("expire_access")
    before = maker.asked[1]
    while maker.asked[1] < before + 3:
        assert wait.poll() is None, wait.communicate()
    maker.told("finish")

    assert ended(wait) == (0, "succeeded")
    assert maker.asked[0] == 2


def test_a_login_with_a_code_is_rotated_at_each_renewal_and_kept(maker: Maker) -> None:
    code, said = maker.log_in()
    assert code == 0, said
    maker.told("finish")
    polls = maker.asked[0]
    seen = {maker.stored()}

    for renewals in range(1, 4):
        assert maker.get() == (0, "succeeded")
        assert maker.get() == (0, "succeeded"), "with the token that was kept"
        assert maker.asked[0] == polls + renewals
        assert [maker.stored()] == maker.told("refresh_tokens")["said"]
        seen.add(maker.stored())
        maker.told("expire_access")

    assert len(seen) == 4
    assert not [each for each in seen if each in said]


def test_a_login_that_the_person_denies_keeps_nothing(maker: Maker) -> None:
    code, said = maker.log_in("deny")

    assert code == 4
    assert "access_denied" in said
    assert not (maker.program.home / ENTRY).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: the locks of Windows")
def test_h1_of_ten_processes_over_one_login_none_is_denied(maker: Maker) -> None:
    maker.log_in()
    maker.told("finish")
    polls = maker.asked[0]

    for renewals in (1, 2):
        running = [maker.start("get", "-p", "mine", "a", "--json") for _ in range(10)]
        assert [ended(each) for each in running] == [(0, "succeeded")] * 10
        assert maker.asked[0] == polls + renewals
        assert [maker.stored()] == maker.told("refresh_tokens")["said"]
        maker.told("expire_access")


@pytest.mark.parametrize("verb", ["expire_login", "revoke_login"])
def test_a_login_that_has_ended_is_denied_until_the_next_login(maker: Maker, verb: str) -> None:
    maker.log_in()
    maker.told("finish")
    assert maker.get() == (0, "succeeded")
    maker.told(verb)

    ran = maker.program.run("get", "-p", "mine", "a", "--json")

    assert _end(ran) == (4, "denied")
    assert "invalid_grant" in ran.out + ran.err
    maker.log_in()
    assert maker.get() == (0, "succeeded")


def test_a_login_that_is_revoked_in_the_middle_of_a_wait_ends_it_as_denied(maker: Maker) -> None:
    maker.log_in()
    wait = maker.waiting()
    maker.told("revoke_login")

    assert ended(wait) == (4, "denied")
    asked = maker.asked
    maker.told("finish")
    assert maker.get() == (4, "denied")
    assert maker.asked[1] <= asked[1] + 1
