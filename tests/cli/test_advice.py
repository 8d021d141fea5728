"""Each advice about a credential is a way out: it is pasted, and the next run succeeds."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from servers.echo import Api
from servers.oauth import OAuthServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.inside import Inside
    from cli.program import Ran
    from servers.oauth import Asked

GOOD = "good-token-0b1c"
BAD = "bad-token-7f3a"


@pytest.fixture
def api() -> Iterator[Api]:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("authorization") == f"Bearer {GOOD}":
            return Reply(body={"id": "a", "status": "done"})
        return Reply(401, {"message": "no"})

    with Api(answer) as server:
        yield server


@pytest.fixture
def ring(inside: Inside) -> Path:
    path = inside.home / "keyring.json"
    inside.environ |= {
        "PYTHON_KEYRING_BACKEND": "credentials.keyrings.Filed",
        "OPWATCH_TEST_KEYRING": str(path),
    }
    return path


def configured(inside: Inside, api: Api, *sources: dict[str, Any]) -> list[str]:
    """Write a configuration that only ``--config`` names, and return the options."""
    auth = {"bearer": list(sources) or {"env": "API_TOKEN"}}
    path = inside.configure(mine=profile(api.base, auth=auth))
    del inside.environ["OPWATCH_CONFIG"]
    return ["-p", "mine", "--config", str(path)]


def fixes(ran: Ran) -> list[str]:
    (line,) = [each for each in (ran.err + ran.out).splitlines() if "to fix" in each]
    text = line.partition("to fix")[2].lstrip(": ")
    return text.removeprefix("renew or replace the credential:  ").split("   or   ")


def paste(fix: str, inside: Inside) -> None:
    """Do as *fix* says, with the good token where one has to be filled in."""
    verb, *words = shlex.split(fix)
    match verb:
        case "export":
            inside.environ[words[0].removesuffix("=…")] = GOOD
        case "unset":
            del inside.environ[words[0]]
        case "opwatch":
            ran = inside.run(*words, stdin=GOOD.encode())
            assert ran.code == 0, ran.err
        case "chmod":
            subprocess.run(["/bin/sh", "-c", fix], check=True)  # noqa: S603, our own advice
        case _:
            raise AssertionError(f"cannot be pasted: {fix}")


def nothing(_inside: Inside) -> list[dict[str, Any]]:
    return []


def no_keyring(inside: Inside) -> list[dict[str, Any]]:
    inside.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    return []


def in_ci(inside: Inside) -> list[dict[str, Any]]:
    inside.environ["CI"] = "true"
    return []


def failing_helper(_inside: Inside) -> list[dict[str, Any]]:
    return [{"command": [sys.executable, "-c", "raise SystemExit(1)"]}, {"env": "API_TOKEN"}]


def empty_file(inside: Inside) -> list[dict[str, Any]]:
    path = inside.home / "token"
    path.touch(mode=0o600)
    return [{"file": str(path)}, {"env": "API_TOKEN"}]


def open_file(inside: Inside) -> list[dict[str, Any]]:
    path = inside.home / "a token"
    path.write_text(GOOD)
    path.chmod(0o644)
    return [{"file": str(path)}]


def empty_common_variable(inside: Inside) -> list[dict[str, Any]]:
    inside.environ |= {"OPWATCH_TOKEN": "", "API_TOKEN": GOOD}
    return []


def empty_variable(inside: Inside) -> list[dict[str, Any]]:
    inside.environ |= {"API_TOKEN": ""}
    (inside.home / "token").write_text(GOOD)
    (inside.home / "token").chmod(0o600)
    return [{"env": "API_TOKEN"}, {"file": str(inside.home / "token")}]


def locked_keyring(inside: Inside) -> list[dict[str, Any]]:
    inside.environ["PYTHON_KEYRING_BACKEND"] = "credentials.keyrings.Locked"
    return [{"keyring": "mine"}, {"env": "API_TOKEN"}]


SCENES: list[tuple[Callable[[Inside], list[dict[str, Any]]], list[str]]] = [
    (nothing, ["export API_TOKEN=…", "opwatch auth login -p mine --config {config}"]),
    (no_keyring, ["export API_TOKEN=…"]),
    (in_ci, ["export API_TOKEN=…"]),
    (failing_helper, ["export OPWATCH_MINE_TOKEN=…"]),
    (empty_file, ["export OPWATCH_MINE_TOKEN=…"]),
    (open_file, ["chmod 600 '{home}/a token'"]),
    (empty_common_variable, ["export OPWATCH_TOKEN=…", "unset OPWATCH_TOKEN"]),
    (empty_variable, ["export API_TOKEN=…", "unset API_TOKEN"]),
    (locked_keyring, ["export OPWATCH_MINE_TOKEN=…"]),
]


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(("scene", "expected"), SCENES, ids=[scene.__name__ for scene, _ in SCENES])
def test_h5_each_advice_of_a_run_without_a_credential_is_a_way_out(
    scene: Callable[[Inside], list[dict[str, Any]]], expected: list[str], inside: Inside, api: Api
) -> None:
    chosen = configured(inside, api, *scene(inside))
    ran = inside.run("get", *chosen, "a")

    assert (ran.code, api.requests) == (4, [])
    assert fixes(ran) == [each.format(config=chosen[3], home=inside.home) for each in expected]
    before = dict(inside.environ)
    for fix in fixes(ran):
        paste(fix, inside)
        again = inside.run("get", *chosen, "a")
        assert again.code == 0, (fix, again.err)
        inside.environ = dict(before)
        (inside.home / "keyring.json").unlink(missing_ok=True)


@pytest.mark.every(6)
@pytest.mark.parametrize("place", ["variable", "keyring"])
def test_h5_a_refused_credential_is_no_circle_from_wait_to_test_to_status(
    place: str, inside: Inside, api: Api, ring: Path
) -> None:
    chosen = configured(inside, api)
    if place == "variable":
        inside.environ["API_TOKEN"] = BAD
    else:
        inside.run("auth", "login", *chosen, stdin=BAD.encode())

    ran = inside.run("wait", *chosen, "a")
    tried = inside.run("auth", "test", "-p", "mine", "--config", chosen[3], "a")
    (fix,) = fixes(tried)
    paste(fix, inside)

    assert "opwatch auth test -p mine" in ran.err
    assert (ran.code, tried.code, ring.exists()) == (4, 4, place == "keyring")
    assert "opwatch auth status" not in tried.out
    assert inside.run("wait", *chosen, "a").code == 0


def test_h5_a_login_without_a_client_id_stores_nothing_as_the_client_secret(
    inside: Inside, ring: Path
) -> None:
    with OAuthServer(client_secret=GOOD) as server:
        oauth = {"token_url": server.token_url, "client_id": {"env": "API_CLIENT"}}
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))

        ran = inside.run("get", "-p", "mine", "a")
        login = inside.run("auth", "login", "-p", "mine", stdin=b"client")

        assert (ran.code, login.code, ring.exists()) == (4, 4, False)
        assert fixes(ran) == fixes(login) == ["export API_CLIENT=…"]
        inside.environ["API_CLIENT"] = "client"
        (_, fix) = fixes(inside.run("get", "-p", "mine", "a"))
        paste(fix, inside)
        assert inside.run("auth", "test", "-p", "mine").code == 0


def test_h5_a_device_login_is_advised_as_this_machine_can_do_it(inside: Inside, ring: Path) -> None:
    with OAuthServer(client_secret=None) as server:
        server.device_is_confirmed = True
        oauth = {
            "grant": "device_code",
            "device_url": server.device_url,
            "token_url": server.token_url,
            "client_id": "client",
        }
        inside.configure(mine=profile(server.base, auth={"oauth2": oauth}))

        usual = fixes(inside.run("get", "-p", "mine", "a"))
        inside.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        headless = fixes(inside.run("get", "-p", "mine", "a"))

    login = f"opwatch auth login -p mine --config {inside.environ['OPWATCH_CONFIG']}"
    assert usual == [login, "export OPWATCH_MINE_REFRESH_TOKEN=…"]
    assert headless == [f"{login} --print", usual[1]]
    assert os.environ.get("OPWATCH_MINE_REFRESH_TOKEN") is None
    assert not ring.exists()
