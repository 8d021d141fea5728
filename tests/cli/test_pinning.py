"""Rule S1 at the door: whoever leads elsewhere, in whatever way, is not followed.

Every scheme meets every way that an API, or a redirect on the way to it, may name
another origin. The server on the other port must see nothing: no request at all,
and so no credential.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

from cli.inside import profile
from servers.echo import Api
from servers.oauth import Asked, OAuthServer, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.inside import Inside

CANARY: Final = "client-secret-canary"
TOKEN: Final = {"env": "API_TOKEN"}
SCHEMES: Final[dict[str, Any]] = {
    "bearer": {"bearer": TOKEN},
    "header": {"header": {"name": "PRIVATE-TOKEN", "from": TOKEN}},
    "template": {"header": {"name": "Authorization", "template": "Basic {secret}", "from": TOKEN}},
    "basic": {"basic": {"username": "ada", "password": TOKEN}},
    "query": {"query": {"name": "key", "from": TOKEN}},
    "oauth2": {"oauth2": {"token_url": "{api}/oauth/token", "client_id": "client",
                          "client_secret": TOKEN}},
    "none": "none",
}  # fmt: skip

Elsewhere = Callable[[str, str], str]
# What an API at the first base may write to lead to the second one.
SPELLINGS: Final[dict[str, Elsewhere]] = {
    "plain": lambda _api, sink: f"{sink}/ops/a",
    "protocol-relative": lambda _api, sink: f"//{_host(sink)}/ops/a",
    "userinfo": lambda api, sink: f"{api}@{_host(sink)}/ops/a",
    "userinfo-and-port": lambda api, sink: (
        f"http://{_host(api).replace(':', '%3A')}@{_host(sink)}/"
    ),
    "backslash": lambda api, sink: f"{api}\\@{_host(sink)}/ops/a",
    "slash-backslash": lambda _api, sink: f"/\\{_host(sink)}/ops/a",
    "tab": lambda _api, sink: f"/\t/{_host(sink)}/ops/a",
    "capitals": lambda _api, sink: f"HTTP://{_host(sink)}/ops/a",
    "dot": lambda _api, sink: f"http://127.0.0.1.:{_port(sink)}/ops/a",
    "name": lambda _api, sink: f"http://localhost:{_port(sink)}/ops/a",
    "mapped": lambda _api, sink: f"http://[::ffff:127.0.0.1]:{_port(sink)}/ops/a",
    "short": lambda _api, sink: f"http://127.1:{_port(sink)}/ops/a",
    "number": lambda _api, sink: f"http://2130706433:{_port(sink)}/ops/a",
    "percent": lambda _api, sink: f"http://%3127.0.0.1:{_port(sink)}/ops/a",
    "wide": lambda _api, sink: f"http://\uff11\uff12\uff17.0.0.1:{_port(sink)}/ops/a",
    "same-port-other-host": lambda api, _sink: f"http://localhost:{_port(api)}/ops/a",
    "no-port": lambda _api, _sink: "http://127.0.0.1/ops/a",
    "tls": lambda _api, sink: f"https://{_host(sink)}/ops/a",
}


def _host(base: str) -> str:
    return base.partition("//")[2]


def _port(base: str) -> str:
    return base.rpartition(":")[2]


@pytest.fixture
def sink() -> Iterator[OAuthServer]:
    with OAuthServer() as server:
        yield server
        assert server.requests == []


@pytest.fixture(autouse=True)
def token(inside: Inside) -> None:
    inside.environ["API_TOKEN"] = CANARY


def configured(inside: Inside, api: Api, scheme: str, **changes: Any) -> None:
    auth = SCHEMES[scheme]
    if scheme == "oauth2":
        auth = {"oauth2": auth["oauth2"] | {"token_url": api.token_url}}
    inside.configure(mine=profile(api.base, auth=auth, **changes))


def asked_for_operations(api: Api) -> list[Asked]:
    return [each for each in api.requests if not each.path.startswith("/oauth")]


@pytest.mark.every(5)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_s1_no_redirect_leads_to_another_origin_however_it_is_spelled(
    spelling: str, scheme: str, inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(307, {})) as api:
        # As bytes beyond ASCII travel: in Latin-1.
        there = SPELLINGS[spelling](api.base, sink.base).encode().decode("latin-1")
        api.say = lambda _: Reply(307, {}, (("Location", there),))
        configured(inside, api, scheme)

        ran = inside.run("get", "-p", "mine", "--json", "a")

        (operation,) = ran.document["operations"]
        assert (ran.code, operation["outcome"]) == (6, "unknown")
        assert operation["error"]["code"] in {"foreign_origin", "bad_redirect"}
        assert len(asked_for_operations(api)) == 1
        assert CANARY not in ran.out + ran.err


Say = Callable[[Asked, str], Reply]


def _leading(_asked: Asked, there: str) -> Reply:
    return Reply(302, {}, (("Location", there),))


def _done(asked: Asked, result: str) -> Reply:
    name = asked.path.partition("?")[0].rpartition("/")[2]
    return Reply(200, {"id": name, "status": "done", "result": {"url": result}})


def _moving(asked: Asked, sink: str) -> Reply:
    name = asked.path.partition("?")[0].rpartition("/")[2]
    return Reply(200, {"id": name, "status": "running"}, (("Location", f"{sink}/a"),))


BATCH: Final = {"query": "ids", "path": "/ops", "items": "items", "id": "id"}
# How else an answer may lead there: what is configured for it, and what the API then says.
WAYS: Final[dict[str, tuple[dict[str, Any], Say]]] = {
    "second-hop": (
        {},
        lambda asked, sink: _leading(asked, f"{sink}/x" if "second" in asked.path else "/second"),
    ),
    "moves": ({"moves": ["Location"]}, _moving),
    "page": (
        {"batch": {**BATCH, "next": {"url": "next"}}},
        lambda _, sink: Reply(200, {"items": [], "next": f"{sink}/ops"}),
    ),
    "result": ({"result": [{"url": "result.url"}]}, lambda asked, sink: _done(asked, f"{sink}/f")),
    "second-step": (
        {"result": [{"url": "result.url"}, {"url": "then"}]},
        lambda asked, sink: (
            Reply(200, {"then": f"{sink}/f"}) if "step" in asked.path else _done(asked, "/step")
        ),
    ),
    "result-redirect": (
        {"result": [{"url": "result.url"}]},
        lambda asked, sink: (
            _leading(asked, f"{sink}/f") if "step" in asked.path else _done(asked, "/step")
        ),
    ),
}


@pytest.mark.every(5)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("way", WAYS)
def test_s1_no_answer_leads_to_another_origin(
    way: str, scheme: str, inside: Inside, sink: OAuthServer
) -> None:
    changes, say = WAYS[way]
    with Api(lambda asked: say(asked, sink.base)) as api:
        configured(inside, api, scheme, **changes)

        ran = inside.run("wait", "-p", "mine", "--json", "--result", "-t5s", "a", "b")

        assert ran.code in {6, 74}, ran.err
        assert "foreign_origin" in ran.out
        assert CANARY not in ran.out + ran.err


@pytest.mark.every(5)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_s1_no_polling_url_in_a_starting_answer_leads_to_another_origin(
    spelling: str, scheme: str, inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(500, {})) as api:
        there = SPELLINGS[spelling](api.base, sink.base)
        api.say = lambda _: Reply(202, {"poll": {"at": there}})
        configured(inside, api, scheme, handoff=[{"body": "poll.at"}])

        ran = inside.run("start", "-p", "mine", "--json", "POST", "/ops", "-d", "{}", "-t3s")

        assert ran.code not in {0, 70}, ran.err
        paths = [each.path for each in asked_for_operations(api)]
        # A text that is no URL at all is an id: it stays behind our own base URL.
        assert all(each.startswith("/ops") for each in paths), paths
        assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_s1_a_token_endpoint_that_redirects_is_not_followed(
    status: int, inside: Inside, sink: OAuthServer
) -> None:
    with Api(lambda _: Reply(200, {"id": "a", "status": "done"})) as api:
        api.answers.extend([Reply(status, {}, (("Location", f"{sink.base}/oauth/token"),))] * 3)
        configured(inside, api, "oauth2")

        ran = inside.run("get", "-p", "mine", "a")

        assert ran.code == 4
        assert f"HTTP {status}: a redirect, which a secret never follows" in ran.err
        assert asked_for_operations(api) == []


@pytest.mark.parametrize("endpoint", ["device_url", "token_url"])
def test_s1_a_login_with_a_code_follows_no_redirect(
    endpoint: str, inside: Inside, sink: OAuthServer
) -> None:
    inside.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    away = Reply(307, {}, (("Location", f"{sink.base}/oauth/x"),))
    code = {"device_code": "d", "user_code": "U", "verification_uri": "https://x.example"}
    with Api(lambda _: Reply(500, {})) as api:
        first = [] if endpoint == "device_url" else [Reply(200, {**code, "interval": 0.1})]
        api.answers.extend([*first, away])
        grant = {"grant": "device_code", "token_url": api.token_url, "client_id": "client"}
        auth = {"oauth2": grant | {"device_url": api.device_url}}
        inside.configure(mine=profile(api.base, auth=auth))

        ran = inside.run("auth", "login", "-p", "mine", "--print")

    assert ran.code == 4
    assert "a redirect, which a secret never follows" in ran.err


@pytest.mark.parametrize("scheme", SCHEMES)
def test_s1_a_signed_url_that_leads_back_home_comes_without_a_credential(
    scheme: str, inside: Inside
) -> None:
    with Api(lambda _: Reply(200, {})) as api:
        back = Reply(302, {}, (("Location", f"{api.base}/private"),))
        with Api(lambda _: back) as other:
            done = {"id": "a", "status": "done", "result": {"url": f"{other.base}/file?sig=x"}}
            api.say = lambda asked: Reply(200, {} if "private" in asked.path else done)
            configured(inside, api, scheme, result=[{"url": "result.url", "authorize": False}])

            inside.run("wait", "-p", "mine", "--json", "--result", "-t5s", "a")

            came = [*other.requests, *(each for each in api.requests if "private" in each.path)]
    assert len(came) == 2
    for each in came:
        assert CANARY not in each.path + repr(each.headers)
        assert not {"authorization", "private-token", "cookie"} & {*each.headers}
