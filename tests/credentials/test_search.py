from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import pytest

from credentials.world import BASE, CANARY, OTHER, FakeKeyring, World, carried, get
from opwatch.credentials.validation import KeyringDownError, UnusableError
from opwatch.domain.auth import (
    BasicAuth,
    FromCommand,
    FromEnv,
    FromFile,
    FromKeyring,
    HeaderAuth,
    Source,
)
from opwatch.domain.command_line import variable_of
from opwatch.domain.errors import CredentialError, TriedSource, UsageError
from opwatch.domain.secret import Secret

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


async def value_of(world: World, *sources: Source, **changes: object) -> str:
    credential = world.open(HeaderAuth(sources, template="{secret}"), **changes)  # type: ignore[arg-type] # of the test
    await credential.prepare()
    ((_, _, value),) = carried(await credential.authorize(get()))
    return value


async def error_of(world: World, *sources: Source, **changes: object) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        await value_of(world, *sources, **changes)
    return caught.value


def keeping(value: str, service: str = "my-api", account: str = BASE) -> FakeKeyring:
    return FakeKeyring({(service, account): Secret(value)})


def written(path: Path, text: str, mode: int = 0o600, encoding: str = "utf-8") -> FromFile:
    path.write_text(text, encoding)
    path.chmod(mode)
    return FromFile(str(path))


def removed(source: FromFile) -> None:
    Path(source.path).unlink()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("fullstory", "OPWATCH_FULLSTORY_TOKEN"),
        ("bentley-schedules", "OPWATCH_BENTLEY_SCHEDULES_TOKEN"),
        ("a.b c", "OPWATCH_A_B_C_TOKEN"),
    ],
)
def test_a_profile_has_a_variable_of_its_own(profile: str, expected: str) -> None:
    assert variable_of(profile, "TOKEN") == expected


async def test_places_are_looked_at_in_their_declared_order(world: World, tmp_path: Path) -> None:
    source = written(tmp_path / "token", "of-the-file")
    world.environ |= {
        "OPWATCH_TOKEN": "common",
        "OPWATCH_MY_API_TOKEN": "own",
        "MY_TOKEN": "listed",
    }
    world.keyring = keeping("kept")
    sources = (FromEnv("MY_TOKEN"), source)
    given = Secret("given")

    found = [await value_of(world, *sources, token_from_stdin=given)]
    for name in ("OPWATCH_TOKEN", "OPWATCH_MY_API_TOKEN", "MY_TOKEN"):
        found.append(await value_of(world, *sources))
        del world.environ[name]
    found.append(await value_of(world, *sources))
    removed(source)
    found.append(await value_of(world, *sources))

    assert found == ["given", "common", "own", "listed", "of-the-file", "kept"]


async def test_nothing_found_names_every_place_and_a_way_out(world: World) -> None:
    error = await error_of(world, FromEnv("MY_TOKEN"), FromFile("/nowhere/token"))

    assert str(error) == "no credential for 'my-api'"
    assert error.origin == BASE
    assert error.tried == (
        TriedSource("--token-stdin", "not given"),
        TriedSource("OPWATCH_TOKEN", "not set"),
        TriedSource("OPWATCH_MY_API_TOKEN", "not set"),
        TriedSource("MY_TOKEN", "not set"),
        TriedSource("/nowhere/token", "no such file"),
        TriedSource("keyring", "no entry in memory"),
    )
    assert error.fixes == ("export MY_TOKEN=…", "opwatch auth login -p my-api")


async def test_a_profile_without_sources_still_says_what_helps(world: World) -> None:
    error = await error_of(world)

    assert error.fixes[0] == "export OPWATCH_MY_API_TOKEN=…"


@pytest.mark.parametrize("name", ["OPWATCH_TOKEN", "OPWATCH_MY_API_TOKEN", "MY_TOKEN"])
async def test_fault_94_an_empty_variable_ends_the_search(world: World, name: str) -> None:
    world.environ[name] = ""
    world.keyring = keeping(OTHER)

    error = await error_of(world, FromEnv("MY_TOKEN"))

    assert str(error) == f"{name} is empty"
    assert error.tried[-1] == TriedSource(name, "is empty")


async def test_fault_93_a_bad_token_is_named_by_position_only(world: World) -> None:
    world.environ["MY_TOKEN"] = f"{CANARY}\nX-Evil: 1"

    error = await error_of(world, FromEnv("MY_TOKEN"))

    assert str(error) == f"MY_TOKEN holds a line break at position {len(CANARY) + 1}"


async def test_s16_the_common_token_is_only_for_the_profile_that_is_named(world: World) -> None:
    world.environ["OPWATCH_TOKEN"] = CANARY
    changes = {"named_on_command_line": False, "token_from_stdin": Secret(CANARY)}

    error = await error_of(world, **changes)
    world.environ["OPWATCH_MY_API_TOKEN"] = OTHER

    why = "only for the one profile that the command line names"
    assert error.tried[:2] == (TriedSource("--token-stdin", why), TriedSource("OPWATCH_TOKEN", why))
    assert await value_of(world, **changes) == OTHER


async def test_the_keyring_is_left_alone_in_ci(world: World) -> None:
    world.keyring = chain = keeping(CANARY)

    error = await error_of(world, environ={"CI": "1"})

    assert error.tried[-1] == TriedSource("keyring", "not asked in CI")
    assert chain.asked == 0


async def test_a_keyring_that_the_profile_lists_is_asked_even_in_ci(world: World) -> None:
    world.keyring = keeping(CANARY, service="shared")

    assert await value_of(world, FromKeyring("shared"), environ={"CI": "1"}) == CANARY


async def test_s1_a_secret_kept_for_one_origin_is_not_found_for_another(world: World) -> None:
    world.keyring = keeping(CANARY)
    credential = world.open(HeaderAuth(()), base_url="https://api.example.net")

    with pytest.raises(CredentialError):
        await credential.prepare()


async def test_a_json_web_token_is_found_with_its_end(world: World) -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1800003600}').decode().rstrip("=")
    world.environ["MY_TOKEN"] = f"eyJhbGciOiJub25lIn0.{claims}.c2ln"
    credential = world.open(HeaderAuth((FromEnv("MY_TOKEN"),)))

    await credential.prepare()

    assert credential.status().expires_at == 1_800_003_600


async def test_fault_84_without_a_keyring_the_next_place_is_looked_at(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY

    assert await value_of(world, FromKeyring("my-api"), FromEnv("MY_TOKEN")) == CANARY


async def test_fault_85_a_locked_keyring_does_not_lead_to_another_account(world: World) -> None:
    world.keyring = FakeKeyring(problem=UnusableError("is locked"))
    world.environ["MY_TOKEN"] = OTHER

    error = await error_of(world, FromKeyring("my-api"), FromEnv("MY_TOKEN"))

    assert str(error) == "keyring is locked"


async def test_fault_85_not_even_where_the_credential_is_optional(world: World) -> None:
    world.keyring = FakeKeyring(problem=KeyringDownError("is locked"))
    world.environ["MY_TOKEN"] = OTHER
    scheme = HeaderAuth((FromKeyring("my-api"), FromEnv("MY_TOKEN")), optional=True)
    credential = world.open(scheme)

    await credential.prepare()

    assert carried(await credential.authorize(get())) == []
    assert credential.status().tried[-1] == TriedSource("keyring", "is locked")


async def test_the_last_line_end_of_a_file_does_not_count(world: World, tmp_path: Path) -> None:
    assert await value_of(world, written(tmp_path / "token", CANARY + "\n")) == CANARY


async def test_a_tilde_is_the_home_of_the_environment(world: World, tmp_path: Path) -> None:
    world.environ["HOME"] = str(tmp_path)
    written(tmp_path / "token", CANARY)

    assert await value_of(world, FromFile("~/token")) == CANARY


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
async def test_a_file_that_others_can_read_is_refused(
    world: World, tmp_path: Path, mode: int
) -> None:
    source = written(tmp_path / "token", CANARY, mode)

    error = await error_of(world, source)

    assert str(error) == f"{source.path} can be read by others (mode {mode:04o})"
    assert error.fixes == (f"chmod 600 {source.path}",)


@posix
async def test_a_fifo_cannot_hold_us(world: World, tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path, 0o600)

    error = await error_of(world, FromFile(str(path)))

    assert str(error) == f"{path} is not a regular file"


async def test_other_things_than_a_text_file_are_refused(world: World, tmp_path: Path) -> None:
    large = written(tmp_path / "large", "x" * 70_000)
    binary = written(tmp_path / "binary", "\xff\xfe", encoding="latin-1")
    empty = written(tmp_path / "empty", "\n")

    assert "is not a regular file" in str(await error_of(world, FromFile(str(tmp_path))))
    assert "is larger than 64 KiB" in str(await error_of(world, large))
    assert "is not UTF-8 text" in str(await error_of(world, binary))
    assert "is empty" in str(await error_of(world, empty))
    assert "is not a path" in str(await error_of(world, FromFile("a\x00b")))


async def test_fault_88_a_program_that_is_not_installed_is_a_mistake_of_the_set_up(
    world: World,
) -> None:
    helper = FromCommand(("no-such-program-here", "token"))

    with pytest.raises(UsageError) as caught:
        await value_of(world, helper, FromEnv("MY_TOKEN"))

    assert "'no-such-program-here token' is not a program on PATH" in str(caught.value)
    assert caught.value.hint == "export MY_TOKEN=…   or   opwatch auth login -p my-api"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-program-here", "is not a program on PATH"),
        ("/no/such/program", "is not a program that can be run"),
        ("~/no-such-program", "is not a program that can be run"),
        ("./helper", "is a relative path; write it in full"),
    ],
)
async def test_a_program_that_cannot_be_run_is_told_by_its_reason(
    name: str, said: str, world: World
) -> None:
    with pytest.raises(UsageError, match=f"'{name}' {said}"):
        await value_of(world, FromCommand((name,)))


async def test_a_missing_program_does_not_matter_when_a_later_place_helps(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY

    assert await value_of(world, FromCommand(("no-such-program",)), FromEnv("MY_TOKEN")) == CANARY


async def test_fault_89_a_failing_helper_ends_the_search(world: World) -> None:
    world.environ["MY_TOKEN"] = OTHER
    helper = FromCommand((sys.executable, "-c", "import sys; sys.exit('please log in')"))

    error = await error_of(world, helper, FromEnv("MY_TOKEN"))

    assert str(error).endswith("ended with exit code 1: please log in")


async def test_a_password_has_its_own_variable_beside_the_token(world: World) -> None:
    world.environ["OPWATCH_MY_API_PASSWORD"] = CANARY
    credential = world.open(BasicAuth((), "ada"))
    await credential.prepare()

    assert credential.status().place == "OPWATCH_MY_API_PASSWORD"


@posix
async def test_a_mount_of_a_container_is_readable_by_design(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.credentials.secret_file.MOUNTS", (f"{tmp_path}/mounts/",))
    (tmp_path / "mounts").mkdir()
    inside = written(tmp_path / "mounts" / "token", CANARY, 0o444)
    outside = written(tmp_path / "token", CANARY, 0o444)
    by_detour = FromFile(f"{tmp_path}/mounts/../token")

    assert await value_of(world, inside) == CANARY
    for source in (outside, by_detour):
        assert "can be read by others" in str(await error_of(world, source))


@posix
async def test_a_file_that_cannot_be_opened_ends_the_search(world: World, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    world.environ["MY_TOKEN"] = OTHER

    error = await error_of(world, FromFile(str(loop)), FromEnv("MY_TOKEN"))

    assert "cannot be read: Too many levels of symbolic links" in str(error)
