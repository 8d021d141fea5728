from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credentials.world import CANARY, OTHER, World
from opwatch.credentials.context import WaitingFor
from opwatch.credentials.helper import (
    ProgramMissingError,
    ask_helper,
    environment_for,
    find_program,
)
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromCommand
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

posix = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")


def python(code: str, timeout: float = 10.0, **more: object) -> FromCommand:
    return FromCommand((sys.executable, "-c", code), timeout=timeout, **more)  # type: ignore[arg-type] # of the test


async def answer(world: World, source: FromCommand) -> str:
    return (await ask_helper(source, world.context())).secret.reveal()


async def reason(world: World, source: FromCommand) -> str:
    with pytest.raises(UnusableError) as caught:
        await ask_helper(source, world.context())
    return caught.value.reason


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or "Z" not in stat.read_text().rpartition(")")[2].split()[0]


@contextmanager
def typed_ahead(text: bytes) -> Iterator[None]:
    """Let our own standard input hold *text*, which a child that inherits it would read."""
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


async def comes_true(condition: Callable[[], bool]) -> bool:
    for _ in range(300):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


async def test_what_a_helper_prints_is_the_secret(world: World) -> None:
    assert await answer(world, python(f"print({CANARY!r})")) == CANARY


async def test_fault_89_a_failure_says_the_code_and_one_line_that_says_why(world: World) -> None:
    code = (
        "import sys; print('ERROR: run az login\\n  to go on\\nTrace 17', file=sys.stderr);"
        " sys.exit(3)"
    )

    assert await reason(world, python(code)) == "ended with exit code 3: ERROR: run az login"


async def test_fault_89_a_failure_never_repeats_a_secret(world: World) -> None:
    world.redactor.learn(Secret(OTHER))
    code = f"import sys; print({CANARY!r}); sys.exit('bad token {CANARY} or {OTHER} here')"

    said = await reason(world, python(code))

    assert said == "ended with exit code 1: bad token *** or *** here"


@pytest.mark.parametrize("shown", [3, 7, 8, len(CANARY) - 1])
async def test_what_a_failed_helper_says_is_masked_before_it_is_cut(
    world: World, shown: int
) -> None:
    code = f"import sys; print({CANARY!r}); sys.exit('x' * {200 - shown} + {CANARY!r})"

    said = await reason(world, python(code))

    assert said == f"ended with exit code 1: {'x' * (200 - shown)}***"[: 25 + 200]


async def test_fault_89_a_failure_without_words_is_told_by_its_code(world: World) -> None:
    assert await reason(world, python("raise SystemExit(7)")) == "ended with exit code 7"


@posix
async def test_a_helper_that_is_killed_is_told_by_its_signal(world: World) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert await reason(world, python(code)) == f"was ended by signal {signal.SIGKILL}"


@posix
async def test_fault_90_a_hanging_helper_and_all_its_children_are_stopped(
    world: World, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    code = (
        "import subprocess, sys, os, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )

    said = await reason(world, python(code, timeout=3.5))

    assert said == "did not end within 3.5 s and was stopped"
    left = [int(pid) for pid in pids.read_text().split()]
    # A grandchild takes a moment to die of its signal.
    assert await comes_true(lambda: not any(map(is_alive, left)))


async def test_fault_90_a_helper_that_asks_gets_no_answer(world: World) -> None:
    with typed_ahead(b"what was typed for somebody else\n"):
        said = await reason(world, python("input('password: ')"))

    assert said == "ended with exit code 1: EOFError: EOF when reading a line"


@posix
async def test_fault_90_a_helper_has_no_terminal_to_ask_at(world: World) -> None:
    code = "import os; print(os.getsid(0) == os.getpid() and os.getpgrp() == os.getpid())"

    assert await answer(world, python(code)) == "True"


@posix
async def test_a_cancelled_wait_leaves_no_helper_behind(world: World, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    asking = asyncio.create_task(ask_helper(python(code), world.context()))
    assert await comes_true(lambda: pids.exists() and bool(pids.read_text()))

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert await comes_true(lambda: not is_alive(int(pids.read_text())))


@posix
async def test_fault_91_a_child_that_keeps_the_pipe_open_is_not_waited_for(
    world: World, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\n"
        f"print({CANARY!r})\n"
    )

    assert await answer(world, python(code)) == CANARY
    child = int(pid.read_text())
    assert is_alive(child)
    os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "printed nothing"),
        ("\\n\\n", "printed nothing"),
        (f"Welcome!\\n{CANARY}", "printed 2 lines, expected a token"),
        (f'{{\\"tokn\\": \\"{CANARY}\\"}}', "printed JSON without a text under token"),
        (f"{{{CANARY}", "printed something that is neither a token nor JSON"),
        ("[" * 3, None),
    ],
)
async def test_fault_92_an_output_that_is_no_token_is_refused_unseen(
    world: World, printed: str, said: str | None
) -> None:
    source = python(f'print("{printed}")')
    if said is None:
        assert await answer(world, source) == "[[["
    else:
        assert (await reason(world, source)).startswith(said)


async def test_fault_92_a_flood_is_stopped(world: World) -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"

    assert await reason(world, python(code)) == "printed more than 64 KiB"


async def test_a_helper_may_be_talkative_on_standard_error(world: World) -> None:
    code = f"import sys; sys.stderr.write('x' * 200_000); print({CANARY!r})"

    assert await answer(world, python(code)) == CANARY


async def test_s9_a_helper_sees_a_minimal_environment(world: World) -> None:
    world.environ |= {
        "HOME": "/home/ada",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": "/x",
        "OPWATCH_TOKEN": CANARY,
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_PROFILE": "work",
    }
    code = "import os, json; print(json.dumps({'token': ' '.join(sorted(os.environ))}))"

    names = (await answer(world, python(code, environ=("AWS_PROFILE",)))).split()

    assert set(names) - {"LC_CTYPE"} == {"HOME", "LC_ALL", "XDG_CONFIG_HOME", "AWS_PROFILE"}


@posix
def test_s9_the_path_of_a_helper_holds_absolute_folders_only() -> None:
    environ = {"PATH": os.pathsep.join(["", "/usr/bin", ".", "bin", "/bin", ""])}

    assert environment_for((), environ) == {"PATH": "/usr/bin:/bin"}


@posix
def test_fault_88_a_program_is_never_found_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "get-token"
    program.write_text("#!/bin/sh\necho stolen\n")
    program.chmod(0o755)

    for path in ("", ".", "::", "/usr/bin:", f"./:{tmp_path.name}"):
        assert find_program("get-token", {"PATH": path}) is None
    assert find_program("./get-token", {"PATH": "/usr/bin"}) is None
    assert find_program("get-token", {}) is None
    assert find_program("get-token", {"PATH": str(tmp_path)}) == str(program)
    assert find_program(str(program), {}) == str(program)
    assert find_program("~/get-token", {"HOME": str(tmp_path)}) == str(program)


@posix
async def test_fault_88_a_file_that_cannot_run_is_no_program(world: World, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("echo token")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x00\x01")
    garbage.chmod(0o755)

    with pytest.raises(ProgramMissingError):
        await ask_helper(FromCommand((str(plain),)), world.context())
    assert (await reason(world, FromCommand((str(garbage),)))).startswith("could not be started")


async def test_s9_no_shell_reads_the_arguments(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    source = FromCommand(
        (sys.executable, "-c", "import sys; print(sys.argv[1])", f"$(touch${{IFS}}{mark})")
    )

    assert (await answer(world, source)).startswith("$(touch")
    assert not mark.exists()


async def test_a_slow_helper_is_announced_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.credentials.context.PATIENCE", 0.05)
    told: list[WaitingFor] = []
    context = world.context(announce=told.append)

    await ask_helper(python(f"import time; time.sleep(0.3); print({CANARY!r})"), context)

    assert told == [WaitingFor.HELPER]


async def test_a_quick_helper_is_not_announced(world: World) -> None:
    told: list[WaitingFor] = []

    await ask_helper(python("print('abcdef')"), world.context(announce=told.append))

    assert told == []


async def test_an_interactive_helper_shares_the_terminal_only_when_there_is_one(
    world: World,
) -> None:
    code = "import os, json; print(json.dumps({'token': str(os.getsid(0))}))"
    source = python(code, interactive=True)

    alone = await ask_helper(source, world.context(interactive=False))
    at_terminal = await ask_helper(source, world.context(interactive=True))

    assert alone.secret.reveal() != str(os.getsid(0))
    assert at_terminal.secret.reveal() == str(os.getsid(0))
