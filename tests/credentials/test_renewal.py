from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from credentials.world import BASE, CANARY, OTHER, FakeKeyring, World, carried, get
from opwatch.credentials.process import Program, ProgramOutcome, ProgramResult
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromCommand, FromEnv, FromFile, FromKeyring, HeaderAuth
from opwatch.domain.messages import Request
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Handling, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from opwatch.credentials import Credential

HELPER = HeaderAuth((FromCommand(("/bin/sh", "-c", "get-token")),))


@dataclass
class Helper:
    """A helper whose every run prints the next of its tokens, each good for *lasts* seconds."""

    world: World
    lasts: float | None = 3600.0
    runs: int = 0
    fails: bool = False
    stays: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, program: Program) -> ProgramResult:
        assert program.argv[0] == "/bin/sh"
        self.runs += 1
        await self.gate.wait()
        if self.fails:
            return ProgramResult(ProgramOutcome.EXITED, 1, err=b"ERROR: no network")
        document: dict[str, object] = {"token": "token-1" if self.stays else f"token-{self.runs}"}
        if self.lasts is not None:
            document["expires_at"] = self.world.clock.wall() + self.lasts
        return ProgramResult(ProgramOutcome.EXITED, 0, json.dumps(document).encode())


@pytest.fixture
def helper(world: World) -> Helper:
    made = Helper(world)
    made.gate.set()
    return made


async def opened(world: World, helper: Helper, scheme: HeaderAuth = HELPER) -> Credential:
    credential = world.open(scheme, run=helper.run)
    await credential.prepare()
    return credential


async def signed(credential: Credential) -> Request:
    request = await credential.authorize(get())
    assert isinstance(request, Request), request
    return request


async def token(credential: Credential) -> str:
    ((_, _, value),) = carried(await signed(credential))
    return value.removeprefix("Bearer ")


async def settled() -> None:
    """Let a renewal in the background come to its end."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_token_is_used_for_most_of_its_life_and_then_renewed_ahead_of_its_end(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    world.clock.advance(0.79 * 3600)
    early = await token(credential)
    await settled()
    runs_before = helper.runs

    world.clock.advance(0.02 * 3600)
    meanwhile = await token(credential)
    await settled()
    late = await token(credential)

    assert (early, runs_before) == ("token-1", 1)
    assert meanwhile == "token-1"
    assert (late, helper.runs) == ("token-2", 2)


async def test_nobody_waits_for_a_renewal_ahead_of_the_end(world: World, helper: Helper) -> None:
    credential = await opened(world, helper)
    helper.gate.clear()
    world.clock.advance(3000)

    assert await token(credential) == "token-1"

    helper.gate.set()
    await settled()
    assert await token(credential) == "token-2"


async def test_fault_96_a_thousand_operations_and_one_expiry_make_one_renewal(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    world.clock.advance(4000)

    tokens = await asyncio.gather(*(token(credential) for _ in range(1000)))

    assert set(tokens) == {"token-2"}
    assert helper.runs == 2


async def test_fault_25_a_thousand_refusals_make_one_renewal(world: World, helper: Helper) -> None:
    helper.lasts = None
    credential = await opened(world, helper)
    requests = [await signed(credential) for _ in range(1000)]
    world.clock.advance(7200)

    replays = await asyncio.gather(*(credential.renew(each) for each in requests))
    late = await credential.renew(requests[0])

    assert set(replays) == {True}
    assert late is True
    assert helper.runs == 2
    assert await token(credential) == "token-2"


async def test_one_who_gives_up_does_not_take_the_others_renewal_along(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    world.clock.advance(4000)
    helper.gate.clear()
    first, second = (asyncio.create_task(token(credential)) for _ in range(2))
    await settled()

    first.cancel()
    helper.gate.set()

    assert await second == "token-2"
    assert helper.runs == 2
    assert first.cancelled()


async def test_a_renewal_counts_even_if_the_one_who_asked_gave_up(
    world: World, helper: Helper
) -> None:
    helper.lasts = None
    credential = await opened(world, helper)
    refused = await signed(credential)
    helper.gate.clear()
    asking = asyncio.create_task(credential.renew(refused))
    await settled()

    asking.cancel()
    helper.gate.set()
    await settled()

    assert await credential.renew(refused) is True
    assert await credential.renew(await signed(credential)) is False
    assert helper.runs == 2


async def test_fault_25_the_same_secret_again_is_no_reason_for_a_replay(world: World) -> None:
    world.environ["MY_TOKEN"] = CANARY
    credential = world.open(HeaderAuth((FromEnv("MY_TOKEN"),)))
    await credential.prepare()
    refused = await signed(credential)

    assert await credential.renew(refused) is False


async def test_environment_and_files_are_read_again_on_a_refusal(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY)
    path.chmod(0o600)
    credential = world.open(HeaderAuth((FromEnv("MY_TOKEN"), FromFile(str(path)))))
    await credential.prepare()
    first = await signed(credential)
    path.write_text(OTHER)

    assert await credential.renew(first) is True
    assert await token(credential) == OTHER

    world.clock.advance(60)
    world.environ["MY_TOKEN"] = CANARY
    assert await credential.renew(await signed(credential)) is True
    assert await token(credential) == CANARY


async def test_the_keyring_is_read_again_on_a_refusal(world: World) -> None:
    world.keyring = keyring = FakeKeyring({("my-api", BASE): Secret(CANARY)})
    credential = world.open(HeaderAuth((FromKeyring("my-api"),)))
    await credential.prepare()
    refused = await signed(credential)
    keyring.entries["my-api", BASE] = Secret(OTHER)

    assert await credential.renew(refused) is True
    assert await token(credential) == OTHER


async def test_fault_97_refusals_do_not_make_a_loop(world: World, helper: Helper) -> None:
    helper.lasts = None
    credential = await opened(world, helper)
    answers: list[bool | Trouble] = []
    for _ in range(40):
        request = await credential.authorize(get())
        if isinstance(request, Request):
            answers.append(await credential.renew(request))
        else:
            answers.append(request)
        world.clock.advance(10)

    assert helper.runs == 1 + 3
    assert answers[:7] == [True, False, False, True, False, False, True]
    last = answers[-1]
    assert isinstance(last, Trouble)
    assert (last.fault, last.rule.handling) == (Fault.RENEWAL_REFUSED, Handling.DENIED)


async def test_a_token_that_worked_is_renewed_as_often_as_a_long_wait_needs(
    world: World, helper: Helper
) -> None:
    helper.lasts = None
    credential = await opened(world, helper)

    for _ in range(48):
        world.clock.advance(3600)
        assert await credential.renew(await signed(credential)) is True

    assert helper.runs == 49


async def test_a_renewal_that_fails_ahead_of_the_end_is_tried_again_and_hurts_nobody(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    helper.fails = True
    world.clock.advance(2900)
    for _ in range(600):
        assert await token(credential) == "token-1"
        await settled()
        world.clock.advance(1)
    runs = helper.runs
    helper.fails = False
    world.clock.advance(60)
    await token(credential)
    await settled()

    # 1, 2, 4 … 60 s apart: 10 minutes are at most 16 tries.
    assert 10 < runs < 20
    assert await token(credential) == f"token-{helper.runs}"


async def test_a_helper_that_fails_after_the_end_has_a_minute_to_recover(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    helper.fails = True
    world.clock.advance(8 * 3600)
    answers = []
    for _ in range(70):
        answers.append(await credential.authorize(get()))
        world.clock.advance(1)
    troubles = [each for each in answers if isinstance(each, Trouble)]

    assert [each.fault for each in troubles[:60]] == [Fault.RENEWAL_FAILED] * 60
    assert troubles[-1].fault is Fault.NO_CREDENTIAL
    assert "ended with exit code 1: ERROR: no network" in troubles[-1].detail


async def test_a_laptop_that_wakes_gets_its_token_once_there_is_a_network(
    world: World, helper: Helper
) -> None:
    credential = await opened(world, helper)
    helper.fails = True
    world.clock.advance(8 * 3600)
    assert isinstance(await credential.authorize(get()), Trouble)

    helper.fails = False
    world.clock.advance(10)

    assert (await token(credential)).startswith("token-")


async def test_a_helper_that_prints_an_expired_token_again_is_not_run_without_end(
    world: World, helper: Helper
) -> None:
    helper.lasts, helper.stays = -5.0, True
    credential = await opened(world, helper)

    for _ in range(240):
        assert await token(credential) == "token-1"
        await settled()
        world.clock.advance(1)

    assert helper.runs <= 240 / 24 + 1


async def test_a_refusal_while_a_failure_is_held_does_not_ask_again(
    world: World, helper: Helper
) -> None:
    helper.lasts = None
    credential = await opened(world, helper)
    helper.fails = True
    refused = await signed(credential)
    world.clock.advance(3600)

    first = await credential.renew(refused)
    world.clock.advance(0.5)
    second = await credential.renew(refused)

    assert isinstance(first, Trouble)
    assert first.fault is Fault.RENEWAL_FAILED
    assert second == first
    assert helper.runs == 2


async def test_a_refused_token_and_a_helper_that_is_down_for_a_while_are_not_taken_for_a_denial(
    world: World, helper: Helper
) -> None:
    helper.lasts = None
    credential = await opened(world, helper)
    refused = await signed(credential)
    helper.fails = True
    world.clock.advance(3600)
    answers = []
    for _ in range(50):
        answers.append(await credential.renew(refused))
        world.clock.advance(1)
    helper.fails = False
    world.clock.advance(60)

    assert {each.fault for each in answers if isinstance(each, Trouble)} == {Fault.RENEWAL_FAILED}
    assert all(isinstance(each, Trouble) for each in answers)
    assert await credential.renew(refused) is True


async def test_an_unsigned_request_is_never_replayed(world: World, helper: Helper) -> None:
    credential = await opened(world, helper)

    assert await credential.renew(get()) is False
    assert helper.runs == 1


async def test_a_locked_keyring_in_the_middle_of_a_wait_passes(world: World) -> None:
    world.keyring = keyring = FakeKeyring({("my-api", BASE): Secret(CANARY)})
    credential = world.open(HeaderAuth(()))
    await credential.prepare()
    refused = await signed(credential)
    keyring.problem = UnusableError("is locked")

    trouble = await credential.renew(refused)

    assert isinstance(trouble, Trouble)
    assert (trouble.fault, trouble.detail) == (Fault.RENEWAL_FAILED, "keyring is locked")


async def test_nobody_is_asked_at_the_terminal_in_the_middle_of_a_wait(
    world: World, helper: Helper
) -> None:
    programs: list[Program] = []

    async def run(program: Program) -> ProgramResult:
        programs.append(program)
        return await helper.run(program)

    source = FromCommand(("/bin/sh", "-c", "x"), interactive=True)
    credential = world.open(HeaderAuth((source,)), run=run, interactive=True)
    await credential.prepare()
    world.clock.advance(4000)
    await token(credential)

    assert [each.at_terminal for each in programs] == [True, False]


async def test_every_token_of_a_wait_is_masked(world: World, helper: Helper) -> None:
    credential = await opened(world, helper)
    first = await token(credential)
    world.clock.advance(4000)
    second = await token(credential)

    mask: Callable[[str], str] = credential.redactor()
    assert mask(f"{first} {second} Bearer {second}") == "*** *** ***"


async def test_the_status_tells_when_the_present_token_ends(world: World, helper: Helper) -> None:
    credential = await opened(world, helper)

    assert credential.status().expires_at == world.clock.wall() + 3600
