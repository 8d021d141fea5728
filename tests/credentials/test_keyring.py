from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from credentials.world import BASE, CANARY, OTHER, World
from opwatch.credentials.context import WaitingFor
from opwatch.credentials.keyring import SystemKeyring
from opwatch.credentials.process import Program, ProgramOutcome, ProgramResult, run_program
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import HeaderAuth
from opwatch.domain.errors import CredentialError
from opwatch.domain.secret import Secret

LONG = "".join(f"{n:04}-canary-" for n in range(400))


@pytest.fixture
def world(world: World, tmp_path: Path) -> World:
    world.environ["OPWATCH_TEST_KEYRING"] = str(tmp_path / "keyring.json")
    return world


def keyring(
    world: World, backend: str, *, patience: float = 10.0, limit: int | None = None
) -> SystemKeyring:
    name = backend if "." in backend else f"credentials.keyrings.{backend}"
    world.environ["PYTHON_KEYRING_BACKEND"] = name
    made = SystemKeyring(world.context(), patience, limit)
    world.keyring = made
    return made


def stored(world: World) -> dict[str, str]:
    return dict(json.loads(Path(world.environ["OPWATCH_TEST_KEYRING"]).read_text()))


def damage(world: World, entries: dict[str, str]) -> None:
    Path(world.environ["OPWATCH_TEST_KEYRING"]).write_text(json.dumps(entries))


async def read(chain: SystemKeyring, account: str = BASE) -> str | None:
    entry = await chain.read_entry("my-api", account, interactive=False)
    return entry.value.reveal() if entry.value else None


async def reason(chain: SystemKeyring) -> str:
    with pytest.raises(UnusableError) as caught:
        await read(chain)
    return caught.value.reason


async def test_a_secret_is_kept_read_and_erased(world: World) -> None:
    chain = keyring(world, "Filed")

    await chain.write_entry("my-api", BASE, Secret(CANARY))
    found = await read(chain)
    erased = [await chain.erase_entry("my-api", BASE) for _ in range(2)]

    assert (found, erased, stored(world)) == (CANARY, [True, False], {})


async def test_an_entry_is_named_after_the_profile_and_the_origin(world: World) -> None:
    chain = keyring(world, "Filed")
    await chain.write_entry("my-api", BASE, Secret(CANARY))

    assert stored(world) == {f"opwatch:my-api|{BASE}": CANARY}
    assert await read(chain, "https://evil.example") is None


async def test_a_long_secret_is_kept_in_parts_where_an_entry_takes_little(world: World) -> None:
    chain = keyring(world, "Windows", limit=1200)

    await chain.write_entry("my-api", BASE, Secret(LONG))
    parts = stored(world)
    found = await read(chain)
    await chain.write_entry("my-api", BASE, Secret(CANARY))

    assert found == LONG
    assert len(parts) == 1 + -(-len(LONG) // 1200)
    assert all(len(each) <= 1200 for each in parts.values())
    assert stored(world) == {f"opwatch:my-api|{BASE}": CANARY}


async def test_parts_are_erased_with_their_entry(world: World) -> None:
    chain = keyring(world, "Windows", limit=1200)
    await chain.write_entry("my-api", BASE, Secret(LONG))

    assert await chain.erase_entry("my-api", BASE)
    assert stored(world) == {}


async def test_a_damaged_entry_is_never_half_a_secret(world: World) -> None:
    chain = keyring(world, "Windows", limit=1200)
    await chain.write_entry("my-api", BASE, Secret(LONG))
    parts = stored(world)
    parts[next(each for each in parts if each.endswith(" 1"))] = "another"
    damage(world, parts)

    assert await reason(chain) == "holds a damaged entry; log in again"


async def test_an_unsplit_secret_that_is_too_long_is_a_clear_failure(world: World) -> None:
    chain = keyring(world, "Windows", limit=None)

    with pytest.raises(UnusableError, match=r"failed: OSError: .*bad data"):
        await chain.write_entry("my-api", BASE, Secret(LONG))


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring"])
async def test_fault_84_without_a_keyring_there_is_nothing(world: World, backend: str) -> None:
    chain = keyring(world, backend)
    entry = await chain.read_entry("my-api", BASE, interactive=False)

    assert (entry.value, entry.why) == (None, "there is none on this machine")
    with pytest.raises(UnusableError, match="does not exist on this machine"):
        await chain.write_entry("my-api", BASE, Secret(CANARY))


async def test_fault_84_the_error_names_the_ways_to_supply_a_token(world: World) -> None:
    keyring(world, "keyring.backends.fail.Keyring")

    with pytest.raises(CredentialError) as caught:
        await world.open(HeaderAuth(())).prepare()

    assert caught.value.tried[-1].found == "there is none on this machine"


async def test_fault_87_a_backend_that_answers_nothing_is_named(world: World) -> None:
    chain = keyring(world, "keyring.backends.null.Keyring")
    entry = await chain.read_entry("my-api", BASE, interactive=False)

    assert (entry.value, entry.why) == (None, "no entry in keyring.backends.null")


async def test_fault_85_a_locked_keyring_is_said_to_be_locked(world: World) -> None:
    assert await reason(keyring(world, "Locked")) == "is locked"


async def test_fault_86_a_hanging_keyring_is_left_in_time_and_not_asked_again(
    world: World,
) -> None:
    asked = list[Program]()

    async def run(program: Program) -> ProgramResult:
        asked.append(program)
        return await run_program(program)

    chain = keyring(world, "Hanging", patience=0.8)
    chain.context = world.context(run=run)

    said = [await reason(chain) for _ in range(5)]

    assert said == ["did not answer within 0.8 s"] * 5
    assert len(asked) == 1


async def test_fault_86_a_keyring_that_did_not_answer_may_answer_a_minute_later(
    world: World,
) -> None:
    chain = keyring(world, "Hanging", patience=2.0)
    said = await reason(chain)
    keyring(world, "Filed")

    kept = await chain.write_entry("my-api", BASE, Secret(CANARY))
    at_once = await reason(chain)
    world.clock.advance(61)

    assert (said, at_once) == ("did not answer within 2 s",) * 2
    assert kept == "credentials.keyrings.Filed"
    assert await read(chain) == CANARY


async def test_fault_86_what_is_to_be_kept_is_waited_for_longer(world: World) -> None:
    programs: list[Program] = []

    async def run(program: Program) -> ProgramResult:
        programs.append(program)
        return ProgramResult(ProgramOutcome.EXITED, 0, b"{}")

    await SystemKeyring(world.context(run=run)).write_entry("my-api", BASE, Secret(CANARY))

    assert [each.timeout for each in programs] == [30.0]


async def test_fault_86_a_backend_that_asks_has_nobody_to_ask(world: World) -> None:
    chain = keyring(world, "Asking")

    assert (await reason(chain)).startswith("failed: ")


async def test_fault_86_ctrl_c_does_not_wait_for_the_keyring(world: World) -> None:
    chain = keyring(world, "Hanging", patience=600)
    reading = asyncio.create_task(read(chain))
    await asyncio.sleep(0.2)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_a_person_at_the_terminal_is_given_time_and_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.credentials.context.PATIENCE", 0.01)
    told: list[WaitingFor] = []
    programs: list[Program] = []

    async def run(program: Program) -> ProgramResult:
        programs.append(program)
        await asyncio.sleep(0.05)
        return ProgramResult(ProgramOutcome.EXITED, 0, b'{"backend": "x", "value": null}')

    context = world.context(run=run, announce=told.append)
    await SystemKeyring(context).read_entry("my-api", BASE, interactive=True)
    await SystemKeyring(context).read_entry("my-api", BASE, interactive=False)

    assert [each.timeout for each in programs] == [60.0, 10.0]
    assert set(told) == {WaitingFor.KEYRING}
    assert not any(each.at_terminal for each in programs)


async def test_a_crash_of_the_backend_is_not_ours(world: World) -> None:
    said = await reason(keyring(world, "Crashing"))

    assert said.startswith("failed: its process was ended by signal" if os.name == "posix" else "f")


async def test_a_failure_is_one_line(world: World) -> None:
    said = await reason(keyring(world, "Broken"))

    assert said == "failed: InitError: Failed to create the collection"


async def test_a_backend_that_prints_does_not_spoil_the_answer(world: World) -> None:
    chain = keyring(world, "Printing")
    await chain.write_entry("my-api", BASE, Secret(OTHER))

    assert await read(chain) == OTHER


async def test_the_secret_is_not_on_the_command_line_of_the_child(world: World) -> None:
    programs: list[Program] = []

    async def run(program: Program) -> ProgramResult:
        programs.append(program)
        return ProgramResult(ProgramOutcome.EXITED, 0, b"{}")

    await SystemKeyring(world.context(run=run)).write_entry("my-api", BASE, Secret(CANARY))

    (program,) = programs
    assert CANARY not in repr(program)
    assert CANARY not in " ".join(program.argv)
    assert CANARY.encode() in program.feed


async def test_a_keyring_is_found_whatever_the_current_folder_holds(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keyring.py").write_text("raise SystemExit('stolen')")
    (tmp_path / "json.py").write_text("raise SystemExit('stolen')")
    monkeypatch.chdir(tmp_path)
    chain = keyring(world, "Filed")
    await chain.write_entry("my-api", BASE, Secret(CANARY))

    assert await read(chain) == CANARY


async def test_a_frozen_program_does_not_start_itself_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    started: list[Program] = []

    async def run(program: Program) -> ProgramResult:
        started.append(program)
        return await run_program(program)

    chain = SystemKeyring(replace(world.context(), run=run))
    entry = await chain.read_entry("my-api", BASE, interactive=False)

    assert (entry.value, entry.why, started) == (None, "a frozen program cannot ask it", [])
    with pytest.raises(UnusableError, match="frozen program"):
        await chain.write_entry("my-api", BASE, Secret(CANARY))
