from __future__ import annotations

import base64

import pytest

from credentials.world import BASE, CANARY, OTHER, FakeKeyring, World, carried, get
from opwatch.credentials.validation import KeyringDownError
from opwatch.domain.auth import BasicAuth, FromEnv, HeaderAuth, NoAuth, QueryAuth
from opwatch.domain.errors import CredentialError, UsageError
from opwatch.domain.messages import Request
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble

TOKEN = (FromEnv("MY_TOKEN"),)
BEARER = HeaderAuth(TOKEN)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (BEARER, ("header", "Authorization", f"Bearer {CANARY}")),
        (HeaderAuth(TOKEN, "PRIVATE-TOKEN", "{secret}"), ("header", "PRIVATE-TOKEN", CANARY)),
        (
            HeaderAuth(TOKEN, template="Basic {secret}"),
            ("header", "Authorization", f"Basic {CANARY}"),
        ),
        (QueryAuth(TOKEN, "api_key"), ("query", "api_key", CANARY)),
    ],
    ids=["bearer", "header", "raw basic", "query"],
)
async def test_each_scheme_puts_the_secret_where_its_api_wants_it(
    world: World, scheme: HeaderAuth | QueryAuth, expected: tuple[str, str, str]
) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(scheme)
    await credential.prepare()

    assert carried(await credential.authorize(get())) == [expected]


@pytest.mark.parametrize("password", [CANARY, "pass word ü"])
@pytest.mark.parametrize("username", ["user@example.com", ""])
async def test_true_basic_encodes_user_and_password(
    world: World, username: str, password: str
) -> None:
    world.environ["MY_TOKEN"] = password
    credential = world.open(BasicAuth(TOKEN, username))
    await credential.prepare()

    ((_, name, value),) = carried(await credential.authorize(get()))

    assert name == "Authorization"
    assert base64.b64decode(value.removeprefix("Basic ")).decode() == f"{username}:{password}"


async def test_a_username_comes_from_its_own_sources(world: World) -> None:
    world.environ |= {"MY_TOKEN": CANARY, "MY_USER": "ada"}
    credential = world.open(BasicAuth(TOKEN, username_sources=(FromEnv("MY_USER"),)))
    await credential.prepare()

    ((_, _, value),) = carried(await credential.authorize(get()))

    assert base64.b64decode(value.removeprefix("Basic ")) == f"ada:{CANARY}".encode()


async def test_a_missing_username_is_named_as_such(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BasicAuth(TOKEN, username_sources=(FromEnv("MY_USER"),)))

    with pytest.raises(CredentialError, match="no username for 'my-api'") as caught:
        await credential.prepare()

    assert [each.place for each in caught.value.tried] == ["OPWATCH_MY_API_USERNAME", "MY_USER"]


async def test_a_username_with_a_colon_is_refused(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BasicAuth(TOKEN, "a:b"))

    with pytest.raises(CredentialError, match="colon"):
        await credential.prepare()


async def test_an_api_that_wants_no_credential_gets_none(world: World) -> None:
    world.environ["OPWATCH_TOKEN"] = CANARY
    credential = world.open(NoAuth())
    await credential.prepare()

    assert await credential.authorize(get()) == get()
    assert await credential.renew(get()) is False
    assert credential.status().is_found
    assert credential.login is None


async def test_a_request_that_wants_none_is_left_alone_even_to_a_foreign_host(
    world: World,
) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BEARER)
    await credential.prepare()
    download = Request("GET", "https://storage.example.net/file?sig=1", authorize=False)

    assert await credential.authorize(download) == download


async def test_authorizing_twice_does_not_add_twice(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BEARER)
    await credential.prepare()

    once = await credential.authorize(get())
    assert isinstance(once, Request)

    assert await credential.authorize(once) == once


async def test_authorizing_without_preparing_finds_the_secret_or_says_so(world: World) -> None:
    missing = await world.open(BEARER).authorize(get())
    world.environ["MY_TOKEN"] = CANARY
    found = await world.open(BEARER).authorize(get())

    assert isinstance(missing, Trouble)
    assert missing.fault is Fault.NO_CREDENTIAL
    assert carried(found) == [("header", "Authorization", f"Bearer {CANARY}")]


async def test_a_status_tells_the_place_and_never_the_value(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(BEARER)
    before = credential.status()
    await credential.prepare()
    status = credential.status()

    assert not before.is_found
    assert (status.is_found, status.place, status.origin) == (True, "MY_TOKEN", BASE)
    assert status.expires_at is None
    assert CANARY not in repr(status)


async def test_a_doubled_scheme_is_left_out_and_told_of(world: World) -> None:
    world.environ["MY_TOKEN"] = f"bearer {CANARY}"
    credential = world.open(BEARER)
    await credential.prepare()

    assert carried(await credential.authorize(get())) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]
    (note,) = credential.status().notes
    assert note == "MY_TOKEN begins with the scheme's own word, which was left out"


async def test_the_token_of_standard_input_comes_first(world: World) -> None:
    world.environ |= {"MY_TOKEN": OTHER, "OPWATCH_TOKEN": OTHER}
    credential = world.open(BEARER, token_from_stdin=Secret(CANARY + "\n"))
    await credential.prepare()

    assert carried(await credential.authorize(get())) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]
    assert credential.status().place == "--token-stdin"


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "a b", "X\r\nY"])
def test_s6_a_secret_is_never_sent_in_a_header_that_frames_the_message(
    world: World, name: str
) -> None:
    with pytest.raises(UsageError, match=r"header .* cannot be given|is not a header name"):
        world.open(HeaderAuth(TOKEN, name))


@pytest.mark.parametrize("template", ["Bearer", "Bearer {secret}\r\nHost: evil", "ü {secret}"])
def test_s6_a_template_that_is_no_header_value_is_refused(world: World, template: str) -> None:
    with pytest.raises(UsageError, match="needs"):
        world.open(HeaderAuth(TOKEN, template=template))


OPTIONAL = HeaderAuth(TOKEN, optional=True)


async def test_an_optional_credential_is_shown_if_there_is_one(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(OPTIONAL)
    await credential.prepare()

    assert carried(await credential.authorize(get())) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]
    assert credential.status().tried == ()


async def test_where_there_is_none_an_optional_one_is_left_out(world: World) -> None:
    credential = world.open(OPTIONAL)
    await credential.prepare()
    status = credential.status()

    assert carried(await credential.authorize(get())) == []
    assert (status.is_found, status.place) == (False, "")
    assert "MY_TOKEN" in [each.place for each in status.tried]
    assert any("MY_TOKEN" in each for each in status.fixes)


async def test_a_401_without_one_says_which_places_could_give_it(world: World) -> None:
    credential = world.open(OPTIONAL)
    await credential.prepare()
    asked = await credential.authorize(get())
    assert isinstance(asked, Request)

    trouble = await credential.renew(asked)

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, trouble.status, trouble.host) == (
        Fault.NO_CREDENTIAL,
        401,
        "api.example.com",
    )
    assert "MY_TOKEN" in trouble.detail


async def test_an_optional_one_that_cannot_be_used_is_an_error_all_the_same(world: World) -> None:
    world.environ["MY_TOKEN"] = "two words"

    with pytest.raises(CredentialError):
        await world.open(OPTIONAL).prepare()


@pytest.mark.parametrize("scheme", [OPTIONAL, BEARER])
async def test_a_keyring_that_is_down_matters_to_who_needs_a_credential(
    world: World, scheme: HeaderAuth
) -> None:
    world.keyring = FakeKeyring(problem=KeyringDownError("is locked"))
    credential = world.open(scheme)

    if scheme.optional:
        await credential.prepare()
        assert credential.status().tried[-1].found == "is locked"
    else:
        with pytest.raises(CredentialError, match="is locked"):
            await credential.prepare()
