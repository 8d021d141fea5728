"""Trouble with a token endpoint is told as its own, and never as the API's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cli.inside import profile
from servers.echo import Api
from servers.oauth import OAuthServer, Reply, refused
from servers.raw import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside

SECRET = "client-secret-canary"
SENTENCE = "the client was switched off"


@pytest.fixture
def login() -> Iterator[OAuthServer]:
    with OAuthServer() as server:
        yield server


@pytest.fixture
def api(inside: Inside, login: OAuthServer) -> Iterator[Api]:
    inside.environ["API_SECRET"] = SECRET
    with Api(lambda _: Reply(body={"id": "a", "status": "done"})) as server:
        inside.configure(mine=oauth_profile(server.base, login.token_url))
        yield server


def oauth_profile(base: str, token_url: str) -> dict[str, Any]:
    oauth = {"token_url": token_url, "client_id": "client", "client_secret": {"env": "API_SECRET"}}
    return profile(base, auth={"oauth2": oauth})


ROADS = [("get",), ("wait",), ("get", "--json"), ("wait", "--jsonl"), ("auth", "test")]


@pytest.mark.parametrize("words", [*ROADS, ("auth", "test", "--json")], ids=" ".join)
def test_h6_a_refused_token_is_told_with_endpoint_status_and_sentence(
    words: tuple[str, ...], inside: Inside, api: Api, login: OAuthServer
) -> None:
    login.answers += [refused("invalid_client", status=401, description=SENTENCE)] * 2

    ran = inside.run(*words, "-p", "mine", "a")

    said = ran.out + ran.err
    assert (ran.code, api.requests) == (4, [])
    expected = (
        f"the token endpoint {login.base} gives no token: HTTP 401: invalid_client: {SENTENCE}"
    )
    assert expected in said
    assert "renewal" not in said
    assert "base_url" not in said
    assert f"GET {api.base}" not in said
    assert SECRET not in said


@pytest.mark.parametrize("words", ROADS, ids=" ".join)
def test_h6_a_token_endpoint_that_is_not_there_is_named_and_not_the_api(
    words: tuple[str, ...], inside: Inside, api: Api
) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    inside.configure(mine=oauth_profile(api.base, nowhere + "/token"))

    short = ("-t2s",) if words[0] == "wait" else ()
    ran = inside.run(*words, *short, "-p", "mine", "a")

    said = ran.out + ran.err
    assert (ran.code in {6, 124}, api.requests) == (True, [])
    assert f"the token endpoint {nowhere} refused the connection" in said
    assert "check token_url of profile mine" in said
    assert "base_url" not in said


def test_h6_the_document_tells_whose_status_it_is(
    inside: Inside, api: Api, login: OAuthServer
) -> None:
    login.answers += [refused("invalid_client", status=401)] * 2
    error = inside.run("get", "-p", "mine", "a", "--json").document["operations"][0]["error"]
    login.answers += [refused("invalid_client", status=401)] * 2
    trial = inside.run("auth", "test", "-p", "mine", "--json").document

    assert error["code"] == "token_refused"
    assert error["details"] == {"http_status": 401, "token_endpoint": login.base}
    assert (trial["method"], trial["url"]) == ("POST", login.token_url)
    assert (trial["http_status"], trial["origin"]) == (401, api.base)
    assert api.requests == []


def test_h6_an_outage_of_the_token_endpoint_is_told_with_its_sentence(
    inside: Inside, api: Api, login: OAuthServer
) -> None:
    down = Reply(503, {"error": "temporarily_unavailable", "error_description": SENTENCE})
    login.answers += [down] * 9

    ran = inside.run("get", "-p", "mine", "a")

    assert (ran.code, api.requests) == (6, [])
    words = f"gives no token yet: HTTP 503: temporarily_unavailable: {SENTENCE}"
    assert f"the token endpoint {login.base} {words}" in ran.err


def test_h6_verbose_shows_the_token_request_with_its_secrets_masked(
    inside: Inside, api: Api, login: OAuthServer
) -> None:
    ran = inside.run("get", "-v", "-p", "mine", "a")

    lines = ran.err.splitlines()
    assert ran.code == 0
    assert len(api.requests) == 1
    assert f"opwatch > POST {login.token_url}" in lines
    assert "opwatch >   client_secret: ***" in lines
    assert f"opwatch > GET {api.base}/ops/a" in lines
    assert SECRET not in ran.err
    assert "access-1" not in ran.err
