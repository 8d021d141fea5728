from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credentials.world import BASE, CANARY, OTHER, FakeKeyring, World, carried
from opwatch.credentials import Credential, DevicePrompt
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import BasicAuth, FromKeyring, HeaderAuth, OAuth2Auth, Scheme
from opwatch.domain.errors import CredentialError
from opwatch.domain.messages import Request, Response
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble
from opwatch.http.client import Client
from servers.oauth import OAuthServer, Reply, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from opwatch.credentials.login import Login

CODE = "device-code-canary"


def login(credential: Credential) -> Login:
    assert credential.login is not None
    return credential.login


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (HeaderAuth(()), "token"),
        (BasicAuth((), "ada"), "password"),
        (OAuth2Auth("client_credentials", "https://x.example/t"), "client secret"),
        (OAuth2Auth("refresh_token", "https://x.example/t"), "refresh token"),
        (
            OAuth2Auth("device_code", "https://x.example/t", device_url="https://x.example/d"),
            "refresh token",
        ),
    ],
)
def test_a_login_asks_for_what_the_scheme_keeps(
    world: World, scheme: Scheme, expected: str
) -> None:
    assert login(world.open(scheme)).asks_for == expected


async def test_what_is_stored_is_found_and_what_is_forgotten_is_not(world: World) -> None:
    credential = world.open(HeaderAuth(()))
    await login(credential).store(Secret(CANARY + "\n"))
    await credential.prepare()
    found = credential.status()
    erased = [await login(credential).forget() for _ in range(2)]

    assert (found.is_found, found.place) == (True, "keyring")
    assert erased == [True, False]
    with pytest.raises(CredentialError):
        await credential.prepare()


async def test_an_entry_is_bound_to_the_profile_and_the_origin(world: World) -> None:
    world.keyring = chain = FakeKeyring()
    await login(world.open(HeaderAuth(()))).store(Secret(CANARY))
    await login(world.open(HeaderAuth((FromKeyring("shared"),)))).store(Secret(CANARY))

    assert list(chain.entries) == [("my-api", BASE), ("shared", BASE)]


async def test_a_text_that_can_be_no_secret_is_not_stored(world: World) -> None:
    with pytest.raises(CredentialError, match="the token holds a space at position 4"):
        await login(world.open(HeaderAuth(()))).store(Secret("abc def"))


async def test_a_keyring_that_fails_says_so(world: World) -> None:
    world.keyring = FakeKeyring(problem=UnusableError("is locked"))
    credential = world.open(HeaderAuth(()))

    with pytest.raises(CredentialError, match="the keyring is locked"):
        await login(credential).store(Secret(CANARY))
    with pytest.raises(CredentialError, match="the keyring is locked"):
        await login(credential).forget()


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with OAuthServer(client_secret=None, refresh_token=CANARY) as it:
        yield it


@pytest.fixture
async def wired(world: World) -> AsyncIterator[World]:
    async with Client(connections=2, environ={}, user_agent="opwatch/test") as client:

        async def send(request: Request, timeout: float) -> Response | Trouble:
            return await client.send(request, timeout=timeout)

        world.send = send
        yield world


class Person:
    """Enters the code after having been asked for *after* times."""

    def __init__(self, world: World, server: OAuthServer, after: int = 1) -> None:
        self.world = world
        self.server = server
        self.after = after
        self.prompts: list[DevicePrompt] = []
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.world.clock.advance(seconds)
        self.server.device_is_confirmed = len(self.pauses) >= self.after

    async def log_in(self, scheme: OAuth2Auth | None = None) -> Credential:
        credential = self.world.open(scheme or device(self.server), base_url=self.server.base)
        kept = login(credential)
        await kept.store(await kept.obtain(self.prompts.append, self.sleep))
        return credential


def device(server: OAuthServer) -> OAuth2Auth:
    return OAuth2Auth("device_code", server.token_url, "client", device_url=server.device_url)


async def test_a_device_login_shows_the_code_and_keeps_the_refresh_token(
    wired: World, server: OAuthServer
) -> None:
    person = Person(wired, server, after=3)
    credential = await person.log_in()
    await credential.prepare()
    request = await credential.authorize(Request("GET", server.base + "/op"))

    assert person.prompts == [
        DevicePrompt(
            "WDJB-MJHT",
            "https://login.example.com/device",
            "https://login.example.com/device?code=WDJB-MJHT",
            900.0,
        )
    ]
    assert person.pauses == [5.0, 5.0, 5.0]
    assert carried(request) == [("header", "Authorization", "Bearer access-2")]
    assert isinstance(wired.keyring, FakeKeyring)
    assert list(wired.keyring.entries) == [("my-api", f"{server.base} via {server.base}")]


async def test_slow_down_is_obeyed_for_good(wired: World, server: OAuthServer) -> None:
    start = server._device()
    server.answers += [
        start,
        refused("slow_down"),
        refused("authorization_pending"),
        refused("slow_down"),
    ]
    person = Person(wired, server)
    await person.log_in()

    assert person.pauses == [5.0, 10.0, 10.0, 15.0]


async def test_a_connection_that_fails_is_asked_less_often(
    wired: World, server: OAuthServer
) -> None:
    server.answers += [server._device(), Reply(503, b""), Reply(503, b"")]
    person = Person(wired, server)
    await person.log_in()

    assert person.pauses == [5.0, 10.0, 20.0]


async def test_a_code_that_nobody_enters_expires(wired: World, server: OAuthServer) -> None:
    person = Person(wired, server, after=10_000)

    with pytest.raises(CredentialError, match="nobody entered the code in time"):
        await person.log_in()

    assert 890 <= sum(person.pauses) <= 900


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_client"])
async def test_a_refused_login_says_the_servers_word(
    wired: World, server: OAuthServer, error: str
) -> None:
    server.answers += [server._device(), refused(error)]

    with pytest.raises(
        CredentialError, match=f"the login was refused: HTTP 400: {error}"
    ) as caught:
        await Person(wired, server).log_in()
    assert caught.value.origin == server.base


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"user_code": "X", "verification_uri": "https://x.example"}, "holds no device_code"),
        ({"device_code": 7, "user_code": "X", "verification_uri": "https://x"}, "no device_code"),
        (
            {"device_code": "\ud800", "user_code": "X", "verification_uri": "https://x.example"},
            "device_code in the answer cannot be sent",
        ),
    ],
)
async def test_an_answer_without_a_code_is_refused(
    wired: World, server: OAuthServer, start: dict[str, object], message: str
) -> None:
    server.answers.append(Reply(200, start))

    with pytest.raises(CredentialError, match=message):
        await Person(wired, server).log_in()


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "http://login.example.com", "file:///etc", "https://a@b/", "x", ""],
)
async def test_s10_a_person_is_never_sent_to_anything_but_https(
    wired: World, server: OAuthServer, address: str
) -> None:
    start = {"device_code": CODE, "user_code": "X", "verification_uri": address}
    server.answers.append(Reply(200, start))
    person = Person(wired, server)

    with pytest.raises(CredentialError, match="refused"):
        await person.log_in()

    assert person.prompts == []


async def test_s10_a_complete_address_that_is_not_https_is_left_out(
    wired: World, server: OAuthServer
) -> None:
    start = {
        "device_code": CODE,
        "user_code": "X",
        "verification_uri": "https://login.example.com",
        "verification_uri_complete": "javascript:alert(1)",
        "interval": -5,
        "expires_in": 10**9,
    }
    server.answers.append(Reply(200, start))
    person = Person(wired, server)
    await person.log_in()

    assert person.prompts == [DevicePrompt("X", "https://login.example.com", None, 1800.0)]
    assert person.pauses == [1.0]


async def test_a_login_without_a_refresh_token_keeps_the_access_token_with_its_end(
    wired: World, server: OAuthServer
) -> None:
    grant = Reply(200, {"access_token": OTHER, "expires_in": 7200})
    server.answers += [server._device(), grant]
    credential = await Person(wired, server).log_in()
    await credential.prepare()
    asked = server.asked
    request = await credential.authorize(Request("GET", server.base + "/op"))

    assert carried(request) == [("header", "Authorization", f"Bearer {OTHER}")]
    assert credential.status().expires_at == wired.clock.wall() + 7200
    assert server.asked == asked


async def test_a_device_profile_without_a_login_says_how_to_log_in(
    wired: World, server: OAuthServer
) -> None:
    credential = wired.open(device(server), base_url=server.base)

    with pytest.raises(CredentialError, match="no refresh token") as caught:
        await credential.prepare()

    assert caught.value.fixes[0] == "opwatch auth login -p my-api"


async def test_a_revoked_login_is_denied(wired: World, server: OAuthServer) -> None:
    credential = await Person(wired, server).log_in()
    server.refresh_token = "another"
    await credential.prepare()

    answer = await credential.authorize(Request("GET", server.base + "/op"))

    assert isinstance(answer, Trouble)
    assert answer.fault is Fault.TOKEN_REFUSED


async def test_the_device_code_and_the_tokens_are_masked_at_once(
    wired: World, server: OAuthServer
) -> None:
    credential = await Person(wired, server).log_in()

    assert credential.redactor()(f"{CANARY} {CODE}") == "*** ***"


async def test_a_kept_access_token_that_has_ended_is_looked_for_again(
    wired: World, server: OAuthServer
) -> None:
    request = Request("GET", server.base + "/op")
    for name in (OTHER, CANARY):
        server.answers += [server._device(), Reply(200, {"access_token": name, "expires_in": 60})]
    first = await Person(wired, server).log_in()
    await first.prepare()
    same = await first.authorize(request)
    wired.clock.advance(3600)
    still_same = await first.authorize(request)
    assert isinstance(same, Request)
    is_worth_a_replay = await first.renew(same)

    await Person(wired, server).log_in()
    wired.clock.advance(3600)

    assert carried(same) == carried(still_same)
    assert is_worth_a_replay is False
    assert carried(await first.authorize(request)) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]


async def test_an_oauth_credential_that_was_not_prepared_finds_its_parts_at_first_use(
    wired: World, server: OAuthServer
) -> None:
    await Person(wired, server).log_in()
    credential = wired.open(device(server), base_url=server.base)

    assert carried(await credential.authorize(Request("GET", server.base + "/op")))


async def test_a_login_at_a_server_that_is_not_there_says_so(
    wired: World, server: OAuthServer
) -> None:
    scheme = OAuth2Auth(
        "device_code", server.token_url, "client", device_url="http://127.0.0.1:9/device"
    )

    with pytest.raises(CredentialError, match="the login failed: ") as caught:
        await Person(wired, server).log_in(scheme)
    assert caught.value.origin == "http://127.0.0.1:9"


@pytest.mark.parametrize("kept", ['{"access_token":7}', "{", "{}"])
async def test_a_damaged_kept_token_is_no_reason_to_crash(
    wired: World, server: OAuthServer, kept: str
) -> None:
    credential = wired.open(device(server), base_url=server.base)
    await login(credential).store(Secret(kept))
    await credential.prepare()

    answer = await credential.authorize(Request("GET", server.base + "/op"))

    assert isinstance(answer, Trouble)
    assert answer.fault is Fault.TOKEN_REFUSED
