"""The real Secret Service of Linux desktops, gnome-keyring, on a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from credentials.world import BASE, CANARY, OTHER, World, carried, get
from opwatch.credentials.keyring import SystemKeyring
from opwatch.domain.auth import FromEnv, HeaderAuth
from opwatch.domain.errors import CredentialError
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [each for each in NEEDED if shutil.which(each) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"NOT TESTED: the real Secret Service needs {' and '.join(MISSING)};"
    " install gnome-keyring and dbus",
)

SESSION = """
printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
echo "$DBUS_SESSION_BUS_ADDRESS"
exec cat
"""
LOCK = """
import secretstorage
secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
"""


@pytest.fixture
def world(world: World, tmp_path: Path) -> Iterator[World]:
    """A world with an unlocked keyring in it."""
    for name in ("home", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    with subprocess.Popen(  # noqa: S603, our own words
        [str(shutil.which("dbus-run-session")), "--", "sh", "-c", SESSION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        text=True,
    ) as session:
        assert session.stdout is not None
        world.environ |= environ | {"DBUS_SESSION_BUS_ADDRESS": session.stdout.readline().strip()}
        world.keyring = SystemKeyring(world.context(), patience=10.0)
        yield world
        assert session.stdin is not None
        session.stdin.close()


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


async def test_a_long_secret_survives_the_real_keyring_in_parts(world: World) -> None:
    chain = SystemKeyring(world.context(), patience=10.0, limit=1000)
    await chain.write_entry("my-api", BASE, Secret(CANARY * 400))

    entry = await chain.read_entry("my-api", BASE, interactive=False)

    assert entry.value == Secret(CANARY * 400)
