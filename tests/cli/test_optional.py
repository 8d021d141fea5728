"""An API that may do without a credential: what is sent, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from servers.echo import Api
from servers.oauth import Asked, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside

TOKEN: Final = "ray-token-77aa"


def guarded(asked: Asked) -> Reply:
    """Answer who shows a token, or comes to a cluster that wants none."""
    if asked.path.startswith("/open/") or asked.headers.get("authorization") == f"Bearer {TOKEN}":
        return Reply(body={"submission_id": "j", "status": "SUCCEEDED"})
    return Reply(401, {"error": "Unauthorized"})


@pytest.fixture
def ray() -> Iterator[Api]:
    with Api(guarded) as server:
        yield server


def arguments(server: Api, prefix: str = "") -> tuple[str, ...]:
    return ("-p", "ray-job", "--param", f"server={server.base}{prefix}")


def test_without_one_nothing_is_sent_and_nothing_is_wrong(ray: Api, inside: Inside) -> None:
    ran = inside.run("wait", *arguments(ray, "/open"), "j")

    assert ran.code == 0, ran.err
    assert all("authorization" not in each.headers for each in ray.requests)


def test_one_that_is_there_is_sent(ray: Api, inside: Inside) -> None:
    ran = inside.run("wait", *arguments(ray), "j", environ={"RAY_AUTH_TOKEN": TOKEN})

    assert ran.code == 0, ran.err
    assert TOKEN not in ran.out + ran.err


def test_a_401_says_what_could_give_one(ray: Api, inside: Inside) -> None:
    ran = inside.run("wait", *arguments(ray), "--json", "j")

    assert ran.code == 4
    (operation,) = ran.document["operations"]
    assert "RAY_AUTH_TOKEN" in str(operation)
    assert "no credential for 127.0.0.1:" in ran.err


def test_what_is_known_of_it_is_told_as_it_is(ray: Api, inside: Inside) -> None:
    status = inside.run("auth", "status", *arguments(ray), "--json")
    shown = inside.run("profile", "show", "ray-job")
    explained = inside.run("profile", "explain", *arguments(ray), "j")
    tried = inside.run("auth", "test", *arguments(ray, "/open"), "j")

    (seen,) = status.document["profiles"]
    assert (status.code, seen["standing"]) == (0, "optional")
    assert "RAY_AUTH_TOKEN" in [each["place"] for each in seen["tried"]]
    assert "from RAY_AUTH_TOKEN, ~/.ray/auth_token; it may do without" in shown.out
    assert "sent if there is one" in explained.out
    assert tried.code == 0
    assert "none; it is optional" in tried.out


def test_the_credential_of_a_profile_is_shown_by_its_sources(inside: Inside) -> None:
    for name, said in {
        "osb": "basic from OSB_USERNAME, OSB_PASSWORD",
        "gitlab-pipeline": "header PRIVATE-TOKEN: … from GITLAB_TOKEN",
        "ogc-processes": "none",
    }.items():
        ran = inside.run("profile", "show", name, "--json")
        credential = ran.document["credential"]
        sources = f" from {', '.join(credential['sources'])}" if credential["sources"] else ""
        assert credential["scheme"] + sources == said
        assert credential["optional"] is False
