"""The real Secret Service of Linux desktops, gnome-keyring, on a bus of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from credentials.secret_service import needs_secret_service, unlocked_keyring
from credentials.world import BASE, CANARY, OTHER, World, carried, get
from opwatch.credentials.keyring import SystemKeyring
from opwatch.domain.auth import FromEnv, HeaderAuth
from opwatch.domain.errors import CredentialError
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs_secret_service

LOCK = """
import secretstorage
secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
"""


@pytest.fixture
def world(world: World, tmp_path: Path) -> Iterator[World]:
    """A world with an unlocked keyring in it."""
    with unlocked_keyring(tmp_path) as environ:
        world.environ |= environ
        world.keyring = SystemKeyring(world.context(), patience=10.0)
        yield world


def lock(world: World) -> None:
    command = [sys.executable, "-c", LOCK]
    subprocess.run(command, env=world.environ, check=True, timeout=10)  # noqa: S603, as above


async def test_a_login_is_kept_in_the_real_keyring_and_found_by_the_next_run(
    world: World,
) -> None:
    first = world.open(HeaderAuth(()))
    assert first.login is not None
    await first.login.store(Secret(CANARY))
    second = world.open(HeaderAuth(()))
    await second.prepare()

    assert carried(await second.authorize(get())) == [
        ("header", "Authorization", f"Bearer {CANARY}")
    ]
    assert second.status().place == "keyring"
    assert second.login is not None
    assert await second.login.forget() is True
    assert await second.login.forget() is False


async def test_s1_the_real_keyring_tells_that_the_entry_is_for_another_origin(
    world: World,
) -> None:
    first = world.open(HeaderAuth(()))
    assert first.login is not None
    await first.login.store(Secret(CANARY))
    other = world.open(HeaderAuth(()), base_url="https://api.example.net")

    with pytest.raises(CredentialError) as caught:
        await other.prepare()

    assert caught.value.tried[-1].found == f"its entry is for {BASE}"


async def test_fault_85_a_really_locked_collection_is_a_clear_message(world: World) -> None:
    first = world.open(HeaderAuth(()))
    assert first.login is not None
    await first.login.store(Secret(CANARY))
    lock(world)
    world.environ["MY_TOKEN"] = OTHER

    with pytest.raises(CredentialError, match="keyring is locked"):
        await world.open(HeaderAuth(())).prepare()
    found = world.open(HeaderAuth((FromEnv("MY_TOKEN"),)))
    await found.prepare()

    assert found.status().place == "MY_TOKEN"


async def test_an_empty_real_keyring_names_its_backend(world: World) -> None:
    with pytest.raises(CredentialError) as caught:
        await world.open(HeaderAuth(())).prepare()

    assert caught.value.tried[-1].found == "no entry in keyring.backends.SecretService"


async def test_without_a_bus_there_is_no_keyring(world: World) -> None:
    world.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"

    with pytest.raises(CredentialError) as caught:
        await world.open(HeaderAuth(())).prepare()

    assert caught.value.tried[-1].found == "there is none on this machine"


@pytest.mark.slow
async def test_a_long_secret_survives_the_real_keyring_in_parts(world: World) -> None:
    chain = SystemKeyring(world.context(), patience=10.0, limit=1000)
    await chain.write_entry("my-api", BASE, Secret(CANARY * 400))

    entry = await chain.read_entry("my-api", BASE, interactive=False)

    assert entry.value == Secret(CANARY * 400)
