from __future__ import annotations

import asyncio
import base64
import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from credentials.world import CANARY, OTHER, FakeKeyring, World, carried
from opwatch.credentials.token import parse_stored_token
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromEnv, FromFile, FromKeyring, OAuth2Auth
from opwatch.domain.errors import CredentialError, UsageError
from opwatch.domain.messages import Request, Response
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Handling, Trouble
from opwatch.http.client import Client
from servers.oauth import OAuthServer, Reply, refused
from servers.tls import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from opwatch.credentials import Credential
    from opwatch.credentials.context import KeyringEntry

SECRET = (FromEnv("CLIENT_SECRET"),)


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with OAuthServer(client_secret=CANARY) as it:
        yield it


@pytest.fixture
async def wired(world: World) -> AsyncIterator[World]:
    """A world with a real HTTP client in it."""
    async with Client(connections=8, environ={}, user_agent="opwatch/test") as client:

        async def send(request: Request, timeout: float) -> Response | Trouble:
            return await client.send(request, timeout=timeout)

        world.send = send
        world.environ["CLIENT_SECRET"] = CANARY
        yield world


def scheme(server: OAuthServer, grant: str = "client_credentials", **more: Any) -> OAuth2Auth:
    usual = {"client_id": server.client_id, "client_secret": SECRET}
    return OAuth2Auth(grant, server.token_url, **usual | more)


async def opened(world: World, scheme: OAuth2Auth, server: OAuthServer) -> Credential:
    credential = world.open(scheme, base_url=server.base)
    await credential.prepare()
    return credential


def poll(server: OAuthServer) -> Request:
    return Request("GET", server.base + "/op")


async def token(credential: Credential, server: OAuthServer) -> str:
    ((place, name, value),) = carried(await credential.authorize(poll(server)))
    assert (place, name) == ("header", "Authorization")
    return value.removeprefix("Bearer ")


async def landed(credential: Credential) -> None:
    """Wait for a renewal in the background."""
    assert credential._renewer is not None
    assert credential._renewer._renewal is not None
    await credential._renewer._renewal


async def trouble(credential: Credential, server: OAuthServer) -> Trouble:
    answer = await credential.authorize(poll(server))
    assert isinstance(answer, Trouble)
    return answer


async def test_client_credentials_give_a_token_once(wired: World, server: OAuthServer) -> None:
    credential = await opened(wired, scheme(server), server)
    asked_before = server.asked

    tokens = [await token(credential, server) for _ in range(3)]

    assert asked_before == 0
    assert tokens == ["access-1"] * 3
    (asked,) = server.requests
    assert asked.form == {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": CANARY,
    }
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_scope_and_further_fields_are_sent(wired: World, server: OAuthServer) -> None:
    extra = {"username": "delegated-user", "resource": "a b"}
    credential = await opened(wired, scheme(server, scope="itwin-platform", extra=extra), server)

    await token(credential, server)

    assert server.requests[0].form.items() >= (extra | {"scope": "itwin-platform"}).items()


@pytest.mark.parametrize("secret_in", ["body", "header"])
async def test_odd_client_ids_arrive_as_they_are(
    wired: World, server: OAuthServer, secret_in: str
) -> None:
    server.client_id = "sb-6a!b1|service-manager!b2 ü&="
    server.client_secret = wired.environ["CLIENT_SECRET"] = "s/e+c r:t=&%41ü"
    credential = await opened(wired, scheme(server, secret_in=secret_in), server)

    assert await token(credential, server) == "access-1"
    (asked,) = server.requests
    if secret_in == "header":
        assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).isascii()
        assert "client_secret" not in asked.form
    else:
        assert b"sb-6a%21b1%7Cservice-manager%21b2" in asked.raw


async def test_a_client_id_comes_from_a_source(wired: World, server: OAuthServer) -> None:
    wired.environ["CLIENT_ID"] = "client"
    sources = (FromEnv("CLIENT_ID"),)
    credential = await opened(
        wired, scheme(server, client_id="", client_id_sources=sources), server
    )

    assert await token(credential, server) == "access-1"


async def test_fault_96_a_thousand_operations_and_one_expiry_make_one_token_request(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    first = await asyncio.gather(*(token(credential, server) for _ in range(1000)))
    wired.clock.advance(3601)

    second = await asyncio.gather(*(token(credential, server) for _ in range(1000)))

    assert (set(first), set(second)) == ({"access-1"}, {"access-2"})
    assert server.asked == 2


async def test_fault_25_an_expiry_in_the_middle_is_one_token_request_and_the_wait_goes_on(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    requests = [await credential.authorize(poll(server)) for _ in range(200)]
    server.expire()
    wired.clock.advance(1800)

    async def replay(request: Request | Trouble) -> int:
        assert isinstance(request, Request)
        refused_answer = await wired.send(request, 5.0)
        assert isinstance(refused_answer, Response)
        assert refused_answer.status == 401
        assert await credential.renew(request) is True
        again = await credential.authorize(poll(server))
        assert isinstance(again, Request)
        answer = await wired.send(again, 5.0)
        assert isinstance(answer, Response)
        return answer.status

    assert {await each for each in asyncio.as_completed(map(replay, requests))} == {200}
    assert server.asked == 2


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [(6, 6), (60, 60), (10**9, 86400), ("3600", 3600)],
)
async def test_fault_95_a_token_is_held_for_80_percent_of_its_lifetime(
    wired: World, server: OAuthServer, expires_in: object, lasts: float
) -> None:
    server.expires_in = expires_in
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)

    wired.clock.advance(0.79 * lasts)
    await token(credential, server)
    await asyncio.sleep(0)
    asked_early = server.asked
    wired.clock.advance(0.02 * lasts)
    await token(credential, server)
    await landed(credential)

    assert asked_early == 1
    assert await token(credential, server) == "access-2"


@pytest.mark.parametrize("expires_in", [None, "soon", 0, -1])
async def test_h7_an_end_that_is_not_stated_is_not_made_up(
    wired: World, server: OAuthServer, expires_in: object
) -> None:
    server.expires_in = expires_in
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)
    wired.clock.advance(10 * 86400)

    assert await token(credential, server) == "access-1"
    assert credential.status().expires_at is None


async def test_h7_an_end_that_the_token_itself_states_is_taken(
    wired: World, server: OAuthServer
) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    server.expires_in = None
    server.prefix = f"{part({'alg': 'none'})}.{part({'exp': wired.clock.wall() + 600})}.sign"
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)

    assert credential.status().expires_at == wired.clock.wall() + 600


async def test_h7_a_token_of_six_seconds_is_never_sent_after_its_end(
    wired: World, server: OAuthServer
) -> None:
    server.expires_in = 6
    credential = await opened(wired, scheme(server), server)
    issued: dict[str, float] = {}
    for _ in range(240):
        name = await token(credential, server)
        assert wired.clock.now() - issued.setdefault(name, wired.clock.now()) <= 6
        wired.clock.advance(0.5)
        await landed(credential)

    assert 120 / 6 <= server.asked <= 120 / 4.8 + 1


async def test_fault_95_a_refused_grant_is_final(wired: World, server: OAuthServer) -> None:
    server.answers += [refused("invalid_grant", description="the grant has expired")] * 2
    credential = await opened(wired, scheme(server), server)

    answer = await trouble(credential, server)

    assert answer == Trouble(
        Fault.TOKEN_REFUSED, "HTTP 400: invalid_grant: the grant has expired", status=400
    )
    assert answer.token_endpoint == server.base
    assert answer.rule.handling is Handling.DENIED
    assert server.asked == 1


async def test_a_renewal_that_is_refused_when_it_is_needed_is_the_end_for_all(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    first = await credential.authorize(poll(server))
    assert isinstance(first, Request)
    server.answers.append(refused("invalid_grant"))

    refusals = [await credential.renew(first) for _ in range(3)]
    wired.clock.advance(1000)
    later = await trouble(credential, server)

    assert {each.fault for each in refusals if isinstance(each, Trouble)} == {Fault.RENEWAL_REFUSED}
    assert (later.fault, len(refusals)) == (Fault.RENEWAL_REFUSED, 3)
    assert server.asked == 2


async def test_a_renewal_that_is_refused_ahead_of_the_end_leaves_the_token_in_use(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)
    server.answers.append(refused("invalid_grant"))

    wired.clock.advance(3000)
    ahead = await token(credential, server)
    await landed(credential)
    wired.clock.advance(300)
    await token(credential, server)
    await landed(credential)

    assert (ahead, await token(credential, server)) == ("access-1", "access-2")


async def test_a_wrong_client_is_refused(wired: World, server: OAuthServer) -> None:
    wired.environ["CLIENT_SECRET"] = OTHER
    credential = await opened(wired, scheme(server), server)

    answer = await trouble(credential, server)

    assert (answer.fault, answer.detail) == (Fault.TOKEN_REFUSED, "HTTP 401: invalid_client")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {"error": "boom"}),
        Reply(503, b"<html>down</html>"),
        Reply(429, {"error": "slow_down"}),
        Reply(200, b"<html>log in to the hotel</html>"),
        Reply(200, b""),
        Reply(200, b"[" * 100_000),
        Reply(200, [1]),
        Reply(400, {"error": "temporarily_unavailable"}),
    ],
    ids=["500", "503", "429", "portal", "empty", "deep", "list", "unavailable"],
)
async def test_fault_95_an_endpoint_that_is_down_is_asked_again(
    wired: World, server: OAuthServer, reply: Reply
) -> None:
    server.answers.append(reply)
    credential = await opened(wired, scheme(server), server)

    first = await trouble(credential, server)
    held = await trouble(credential, server)
    asked_meanwhile = server.asked
    wired.clock.advance(1.1)

    assert (first.fault, first.rule.handling) == (Fault.TOKEN_FAILED, Handling.TRANSIENT)
    assert held == first
    assert first.wait is None
    assert asked_meanwhile == 1
    assert await token(credential, server) == "access-1"


async def test_the_pause_that_an_endpoint_names_is_kept(wired: World, server: OAuthServer) -> None:
    server.answers.append(Reply(503, {}, (("Retry-After", "40"),)))
    credential = await opened(wired, scheme(server), server)
    await trouble(credential, server)

    wired.clock.advance(39)
    await trouble(credential, server)
    wired.clock.advance(2)

    assert await token(credential, server) == "access-1"


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply(200, {"token": "x"}), "HTTP 200: no_token: the answer holds no usable access_token"),
        (Reply(200, {"access_token": "a b"}), "HTTP 200: no_token"),
        (Reply(200, {"access_token": ["x"]}), "HTTP 200: no_token"),
        (
            Reply(200, {"access_token": "x", "token_type": "mac"}),
            "HTTP 200: unsupported_token_type",
        ),
        (Reply(200, {"error": {"code": 7}}), 'HTTP 200: {"code": 7}'),
        (Reply(404, b"not here"), "HTTP 404"),
        (Reply(302, b"", (("Location", "https://evil.example/"),)), "HTTP 302"),
    ],
)
async def test_an_answer_without_a_token_is_the_last_word(
    wired: World, server: OAuthServer, reply: Reply, detail: str
) -> None:
    server.answers.append(reply)
    credential = await opened(wired, scheme(server), server)

    answer = await trouble(credential, server)

    assert answer.fault is Fault.TOKEN_REFUSED
    assert answer.detail.startswith(detail)


async def test_a_token_endpoint_that_is_not_there_is_named_at_first_contact(
    wired: World, server: OAuthServer
) -> None:
    closed = OAuth2Auth("client_credentials", "http://127.0.0.1:9/token", "client", (), SECRET)
    credential = await opened(wired, closed, server)

    answer = await trouble(credential, server)

    assert answer.fault is Fault.CONNECTION_REFUSED
    assert (answer.host, answer.token_endpoint) == ("127.0.0.1:9", "http://127.0.0.1:9")


async def test_an_outage_of_the_token_endpoint_later_passes(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)
    send = wired.send

    async def down(_request: Request, _timeout: float) -> Response | Trouble:
        return Trouble(Fault.UNRESOLVED, host="login.example.com")

    object.__setattr__(credential._renewer._source.endpoint, "send", down)  # type: ignore[union-attr] # it is OAuth2
    wired.clock.advance(3700)
    faults = set()
    for _ in range(600):
        faults.add((await trouble(credential, server)).fault)
        wired.clock.advance(1)
    object.__setattr__(credential._renewer._source.endpoint, "send", send)  # type: ignore[union-attr] # as above
    wired.clock.advance(60)

    assert faults == {Fault.RENEWAL_FAILED}
    assert await token(credential, server) == "access-2"


async def test_a_refused_client_is_looked_for_again(
    wired: World, server: OAuthServer, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text(CANARY)
    path.chmod(0o600)
    credential = await opened(wired, scheme(server, client_secret=(FromFile(str(path)),)), server)
    await token(credential, server)
    server.client_secret = OTHER
    path.write_text(OTHER)
    wired.clock.advance(3601)

    assert await token(credential, server) == "access-2"
    assert server.asked == 3


async def test_a_token_from_the_environment_needs_no_endpoint(
    wired: World, server: OAuthServer
) -> None:
    wired.environ["OPWATCH_MY_API_TOKEN"] = OTHER
    credential = await opened(wired, scheme(server), server)

    assert await token(credential, server) == OTHER
    assert credential.status().place == "OPWATCH_MY_API_TOKEN"
    assert server.requests == []


async def test_a_missing_client_secret_names_every_place(wired: World, server: OAuthServer) -> None:
    del wired.environ["CLIENT_SECRET"]

    with pytest.raises(CredentialError, match="no client secret for 'my-api'") as caught:
        await opened(wired, scheme(server), server)

    assert [each.place for each in caught.value.tried] == [
        "--token-stdin",
        "OPWATCH_TOKEN",
        "OPWATCH_MY_API_TOKEN",
        "OPWATCH_MY_API_CLIENT_SECRET",
        "CLIENT_SECRET",
        "keyring",
    ]
    assert caught.value.fixes == ("export CLIENT_SECRET=…", "opwatch auth login -p my-api")


async def test_a_missing_client_id_is_named(wired: World, server: OAuthServer) -> None:
    with pytest.raises(CredentialError, match="no client id"):
        await opened(wired, scheme(server, client_id=""), server)


async def test_the_status_before_the_first_token_tells_where_the_secret_is(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    before = credential.status()
    await token(credential, server)
    after = credential.status()

    assert (before.is_found, before.place, before.expires_at) == (True, "CLIENT_SECRET", None)
    assert after.expires_at == wired.clock.wall() + 3600


def kept(world: World, server: OAuthServer, value: str) -> FakeKeyring:
    world.keyring = chain = FakeKeyring()
    chain.entries["my-api", f"{server.base} via {server.base}"] = Secret(value)
    return chain


def refresh_in(entry: Secret) -> str:
    stored = parse_stored_token(entry)
    assert stored is not None
    assert stored.refresh is not None
    return stored.refresh.reveal()


async def test_h1_a_kept_access_token_is_used_until_it_ends_or_is_refused(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    kept(wired, server, "refresh-1")
    grant = scheme(server, "refresh_token")

    used = [await token(await opened(wired, grant, server), server) for _ in range(10)]
    refused_one = await opened(wired, grant, server)
    signed = await refused_one.authorize(poll(server))
    assert isinstance(signed, Request)
    assert await refused_one.renew(signed) is True
    renewed = await token(refused_one, server)
    wired.clock.advance(3601)
    ended = await token(await opened(wired, grant, server), server)

    assert (set(used), renewed, ended) == ({"access-1"}, "access-2", "access-3")
    assert server.asked == 3
    assert "access-1" not in refused_one.redactor()("access-1 refresh-2")


async def test_a_refresh_token_gives_tokens(wired: World, server: OAuthServer) -> None:
    wired.environ["REFRESH"] = "refresh-1"
    grant = scheme(server, "refresh_token", refresh_token=(FromEnv("REFRESH"),))
    credential = await opened(wired, grant, server)

    assert await token(credential, server) == "access-1"
    assert server.requests[0].form["refresh_token"] == "refresh-1"


async def test_a_rotated_refresh_token_is_used_from_then_on(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    wired.environ["REFRESH"] = "refresh-1"
    grant = scheme(server, "refresh_token", refresh_token=(FromEnv("REFRESH"),))
    credential = await opened(wired, grant, server)

    for number in (1, 2, 3):
        assert await token(credential, server) == f"access-{number}"
        wired.clock.advance(3601)

    assert server.asked == 3
    assert "refresh-3" not in credential.redactor()("refresh-3")


async def test_fault_98_a_rotated_refresh_token_goes_back_to_the_keyring_it_came_from(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    chain = kept(wired, server, "refresh-1")
    credential = await opened(wired, scheme(server, "refresh_token"), server)

    await token(credential, server)

    assert [refresh_in(each) for each in chain.entries.values()] == ["refresh-2"]


async def test_fault_98_what_another_run_has_rotated_is_read_before_a_renewal(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    kept(wired, server, "refresh-1")
    runs = [await opened(wired, scheme(server, "refresh_token"), server) for _ in range(2)]
    tokens = []
    for _ in range(3):
        tokens += [await token(each, server) for each in runs]
        wired.clock.advance(3601)

    assert tokens == [f"access-{n}" for n in (1, 1, 2, 2, 3, 3)]
    assert server.asked == 3


async def test_fault_98_what_another_run_is_about_to_store_is_waited_for(
    wired: World, server: OAuthServer
) -> None:
    server.rotates, server.refresh_token = True, "refresh-7"
    chain = kept(wired, server, "refresh-6")
    read, looks = chain.read_entry, count(1)

    async def slowly(service: str, account: str, *, interactive: bool) -> KeyringEntry:
        if server.asked and next(looks) == 3:
            chain.entries[service, account] = Secret("refresh-7")
        return await read(service, account, interactive=interactive)

    chain.read_entry = slowly  # type: ignore[method-assign]  # as the keyring of a busy machine
    credential = await opened(wired, scheme(server, "refresh_token"), server)

    assert await token(credential, server) == "access-1"
    assert server.asked == 2


async def test_a_keyring_that_takes_no_new_token_does_not_end_the_wait(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    chain = kept(wired, server, "refresh-1")
    credential = await opened(wired, scheme(server, "refresh_token"), server)
    chain.problem = UnusableError("is locked")

    for number in (1, 2, 3):
        assert await token(credential, server) == f"access-{number}"
        wired.clock.advance(3601)


async def test_a_revoked_refresh_token_ends_with_the_servers_word(
    wired: World, server: OAuthServer
) -> None:
    kept(wired, server, "refresh-0")
    credential = await opened(wired, scheme(server, "refresh_token"), server)

    answer = await trouble(credential, server)

    assert answer.fault is Fault.TOKEN_REFUSED
    assert answer.detail == "HTTP 400: invalid_grant: the refresh token is not known"
    assert server.asked == 1


async def test_a_listed_entry_of_the_keyring_is_the_one_that_is_kept_up(
    wired: World, server: OAuthServer
) -> None:
    server.rotates = True
    chain = kept(wired, server, "refresh-0")
    chain.entries["shared", f"{server.base} via {server.base}"] = Secret("refresh-1")
    grant = scheme(server, "refresh_token", refresh_token=(FromKeyring("shared"),))
    credential = await opened(wired, grant, server)

    await token(credential, server)

    entry = chain.entries["shared", f"{server.base} via {server.base}"]
    assert refresh_in(entry) == "refresh-2"


@pytest.mark.parametrize(
    "url", ["http://login.example.com/token", "ftp://x/", "login.example.com", "https://u@x/"]
)
def test_s3_a_token_endpoint_is_https_or_this_machine(world: World, url: str) -> None:
    with pytest.raises(UsageError, match="token_url"):
        world.open(OAuth2Auth("client_credentials", url))
    with pytest.raises(UsageError, match="device_url"):
        world.open(OAuth2Auth("device_code", "https://login.example.com/t", device_url=url))


async def test_s1_the_token_goes_to_the_api_and_the_secret_to_the_endpoint_alone(
    wired: World, server: OAuthServer
) -> None:
    credential = await opened(wired, scheme(server), server)
    await token(credential, server)

    answer = await credential.authorize(Request("GET", "http://127.0.0.1:1/elsewhere"))

    assert isinstance(answer, Trouble)
    assert answer.fault is Fault.FOREIGN_ORIGIN
    assert {each.path for each in server.requests} == {"/oauth/token"}


async def test_a_secret_kept_for_one_token_endpoint_is_not_found_for_another(
    wired: World, server: OAuthServer
) -> None:
    wired.keyring = FakeKeyring(
        {("my-api", f"{server.base} via https://login.example.com"): Secret(CANARY)}
    )

    with pytest.raises(CredentialError):
        await opened(wired, scheme(server, client_secret=()), server)


async def test_the_token_endpoint_is_asked_over_real_tls(world: World, tmp_path: Path) -> None:
    authority = Authority()
    ca_file = authority.write(tmp_path)
    world.environ["CLIENT_SECRET"] = CANARY
    with OAuthServer(client_secret=CANARY, tls=authority.good()) as server:
        for trusted, expected in ((ca_file, "access-1"), (None, Fault.CERTIFICATE)):
            async with Client(
                connections=2, environ={}, user_agent="opwatch/test", ca_file=trusted
            ) as client:

                async def send(request: Request, timeout: float) -> Response | Trouble:
                    return await client.send(request, timeout=timeout)

                world.send = send
                credential = await opened(world, scheme(server), server)
                answer = await credential.authorize(poll(server))
                if isinstance(answer, Trouble):
                    assert answer.fault is expected
                else:
                    assert carried(answer)[0][2] == f"Bearer {expected}"
        assert server.asked == 1


async def test_an_answer_is_never_shown_with_its_token(wired: World, server: OAuthServer) -> None:
    server.prefix = CANARY
    answers: list[Response | Trouble] = []
    send = wired.send

    async def listening(request: Request, timeout: float) -> Response | Trouble:
        answers.append(await send(request, timeout))
        return answers[-1]

    wired.send = listening
    credential = await opened(wired, scheme(server), server)
    request = await credential.authorize(poll(server))

    assert CANARY not in repr((answers, request, credential.status()))
