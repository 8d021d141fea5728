"""The command of ``--exec``: what it is given, and what it cannot do."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.credentials import Redactor
from opwatch.credentials.process import ProgramOutcome, ProgramResult
from opwatch.domain.errors import UsageError
from opwatch.domain.events import Ended, Interrupted
from opwatch.domain.operation import Operation, Reading, State
from opwatch.domain.outcome import Abort, Outcome
from opwatch.domain.secret import Secret
from opwatch.session.exec import AT_ONCE, EndCommands, parse_command
from output.script import target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.credentials.process import Program

HOSTILE = "$(reboot); `id` '\" \x00\n -rf {id} \ud800"
SECRET = "canary-canary-canary"


def _ended(name: str = "a", **more: Any) -> Ended:
    reading = Reading(State.FAILED, **{"status": "ERR", **more})
    operation = Operation(target(name), 0.0, reading, outcome=Outcome.FAILED, ended_at=1.0)
    return Ended(1.0, operation)


def _run(
    text: str,
    ends: Sequence[Ended],
    *results: ProgramResult,
    environ: dict[str, str] | None = None,
) -> tuple[list[Program], list[tuple[str, str, str | None]]]:
    """Return the programs that were run at *ends*, and what was reported."""
    programs: list[Program] = []
    told: list[tuple[str, str, str | None]] = []
    left = list(results)

    async def run(program: Program) -> ProgramResult:
        programs.append(program)
        await asyncio.sleep(0)
        return left.pop(0) if left else ProgramResult(ProgramOutcome.EXITED)

    async def all_of_it() -> None:
        redact = Redactor()
        redact.learn(Secret(SECRET))
        commands = EndCommands(
            parse_command(text),
            environ or {},
            redact,
            lambda operation, printed, fault: told.append((operation.id, printed, fault)),
            run,
        )
        for each in ends:
            commands(each)
        await commands.finish()

    asyncio.run(all_of_it())
    return programs, told


def test_each_fact_is_within_one_argument_whatever_an_api_has_written() -> None:
    (program,), _ = _run("true {id} --is={status} {outcome}/{state}", [_ended(status=HOSTILE)])

    assert program.argv[0].endswith("/true")
    hostile = HOSTILE.replace("\0", "").replace("\ud800", "?")
    assert program.argv[1:] == ("a", f"--is={hostile}", "failed/failed")


def test_a_fact_that_looks_like_a_place_is_not_filled_again() -> None:
    (program,), _ = _run("true {status}", [_ended(status="{id}")])

    assert program.argv[1:] == ("{id}",)


def test_the_environment_has_the_facts_and_no_secret_of_the_run() -> None:
    environ = {
        "PATH": "/bin",
        "OPWATCH_TOKEN": "other-token",
        "OPWATCH_MINE_TOKEN": "other-token",
        "API_TOKEN": SECRET,
        "HEADER": f"Bearer {SECRET}",
        "SLACK_TOKEN": "for the command",
    }

    (program,), _ = _run("true", [_ended(link=f"https://x/?t={SECRET}")], environ=environ)

    found = dict(program.environ)
    assert found.keys() - {each for each in found if each.startswith("OPWATCH_OPERATION_")} == {
        "PATH",
        "SLACK_TOKEN",
    }
    assert found["OPWATCH_OPERATION_ID"] == "a"
    assert found["OPWATCH_OPERATION_OUTCOME"] == "failed"
    assert SECRET not in str(found)


def test_no_more_than_four_run_at_once() -> None:
    running, most = 0, 0

    async def run(_program: Program) -> ProgramResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return ProgramResult(ProgramOutcome.EXITED)

    async def all_of_it() -> None:
        commands = EndCommands(parse_command("true"), {}, Redactor(), lambda *_: None, run)
        for number in range(20):
            commands(_ended(str(number)))
        await commands.finish()

    asyncio.run(all_of_it())

    assert most == AT_ONCE


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (ProgramResult(ProgramOutcome.EXITED, 0), None),
        (ProgramResult(ProgramOutcome.EXITED, 3), "the command has failed with 3"),
        (ProgramResult(ProgramOutcome.TIMED_OUT), "took longer than 30 seconds"),
        (ProgramResult(ProgramOutcome.FLOODED), "printed too much"),
        (ProgramResult(ProgramOutcome.NOT_STARTED, detail="gone"), "could not be run: gone"),
    ],
)
def test_what_became_of_a_command_is_reported(result: ProgramResult, fault: str | None) -> None:
    _, told = _run("true", [_ended()], result)

    ((name, printed, found),) = told
    assert (name, printed) == ("a", "")
    assert (found is None) == (fault is None)
    assert (fault or "") in (found or "")


def test_what_only_our_watch_has_left_is_no_end() -> None:
    left = _ended().operation.but(outcome=Outcome.PENDING)

    programs, _ = _run("true", [Ended(1.0, left)])

    assert programs == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no command"),
        ("true 'x", "No closing quotation"),
        ("true {tokn}", "knows no {tokn}"),
        ("{status} x", "there is no program"),
        ("no-such-program-x", "there is no program"),
        ("sh -c 'echo {id}'", "would be read as a part of the script"),
        ("bash -ec 'echo {id}'", "would be read as a part of the script"),
        ("/bin/sh -c 'echo {status}' _", "would be read as a part of the script"),
    ],
)
def test_a_command_that_cannot_be_run_safely_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_command(text)

    assert why in str(refused.value)


@pytest.mark.parametrize("text", ["sh -c 'echo \"$1\"' _ {id}", "true '{\"text\": 1}' {id}"])
def test_a_script_that_is_given_facts_as_arguments_is_fine(text: str) -> None:
    assert parse_command(text).arguments[-1] == "{id}"


def test_a_command_is_killed_when_nobody_waits_for_it_any_more() -> None:
    async def all_of_it() -> None:
        text = f"{sys.executable} -c 'import time; time.sleep(600)'"
        commands = EndCommands(parse_command(text), {}, Redactor(), lambda *_: None)
        commands(_ended())
        waiting = asyncio.ensure_future(commands.finish())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(all_of_it())


def test_a_run_that_is_interrupted_does_not_wait_for_its_commands() -> None:
    async def never(_program: Program) -> ProgramResult:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def all_of_it() -> bool:
        commands = EndCommands(parse_command("true"), {}, Redactor(), lambda *_: None, never)
        commands(_ended())
        commands(Interrupted(1.0, Abort.INTERRUPTED))
        return await commands.finish()

    assert asyncio.run(all_of_it()) is False
