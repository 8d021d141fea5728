"""Keys while a wait goes on: at a real terminal, in a real shell."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import termios
import time
import tty
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from cli.inside import profile
from cli.program import Program
from faults.terminal import CTRL_BACKSLASH, CTRL_C, CTRL_Z, OPWATCH, Tty
from faults.whole import DONE, RUNNING, api, says
from opwatch.cli import keyboard
from opwatch.cli.keyboard import ALONE, ANY_OTHER, KEYS, KeyPress, cursor_finder, key_of
from servers.raw import http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.raw import RawServer

PAGE = "https://ci.example.com/runs/44?tab=log"
HELP = "r look now · o show the page · q detach"
HINT = "? keys"
PASTE = "quite a question?\n" * 600
SHELL = ("bash", "--norc", "--noprofile", "-i")


# -- what is a key ---------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "key"), [*KEYS.items(), (b"x", ANY_OTHER)])
def test_a_byte_that_stands_alone_is_a_key(typed: bytes, key: KeyPress) -> None:
    assert key_of(typed, ALONE) is key


@pytest.mark.parametrize("typed", [b"qq", b"\x1b[A", b"\x1bq", "é".encode(), PASTE.encode()])
def test_several_bytes_at_once_are_none(typed: bytes) -> None:
    assert key_of(typed, 60.0) is None


def test_a_byte_right_after_another_is_none() -> None:
    assert key_of(b"q", ALONE / 2) is None


# -- the row of the cursor -------------------------------------------------------------


@contextmanager
def a_terminal(*, reads_keys: bool = True) -> Iterator[tuple[int, TextIO]]:
    """Yield both ends of a terminal, at which single keys are read."""
    master, slave = os.openpty()
    if reads_keys:
        tty.setcbreak(slave)
    with os.fdopen(slave, "r+b", buffering=0) as raw, io.TextIOWrapper(raw) as terminal:
        yield master, terminal
    os.close(master)


def test_the_terminal_is_asked_for_the_row_of_its_cursor() -> None:
    with a_terminal() as (master, terminal):
        os.write(master, b"x\x1b[7;1R")
        assert cursor_finder(terminal, terminal)() == 7
        assert os.read(master, 100) == b"\x1b[6n"


def test_one_that_does_not_answer_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "PATIENCE", 0.0)
    with a_terminal() as (master, terminal):
        row = cursor_finder(terminal, terminal)
        assert [row(), row()] == [None, None]
        assert os.read(master, 100) == b"\x1b[6n"


def test_one_whose_keys_are_not_read_is_not_asked() -> None:
    with a_terminal(reads_keys=False) as (master, terminal):
        assert cursor_finder(terminal, terminal)() is None
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 100)


def test_one_that_has_gone_is_not_asked() -> None:
    with Path(os.devnull).open(encoding="utf-8") as gone:
        assert cursor_finder(gone, gone)() is None


# -- each key --------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home = Program(tmp_path)
    home.environ["API_TOKEN"] = "a-token"
    return home


def arguments(program: Program, server: RawServer, *more: str) -> tuple[str, ...]:
    """Return the command of a wait that asks once in five minutes."""
    path = program.home / "config.yaml"
    path.write_text(json.dumps({"version": 1, "profiles": {"api": profile(server.url)}}))
    return ("wait", "--config", str(path), "-p", "api", "--interval", "5m", *more, "a")


@contextmanager
def waiting(
    program: Program, *answers: bytes, columns: int = 100, rows: int = 30
) -> Iterator[tuple[Tty, RawServer]]:
    """A wait that has been answered once, with its keys in force."""
    with api(*(answers or [RUNNING])) as server, Tty(columns, rows) as tty:
        tty.run(*OPWATCH, *arguments(program, server), environ=program.environ)
        tty.until(lambda: "running" in tty.text and reads_keys(tty))
        yield tty, server


def settings(tty: Tty) -> list[Any]:
    return termios.tcgetattr(tty._theirs)


def reads_keys(tty: Tty) -> bool:
    flags = termios.tcgetattr(tty._theirs)[3]
    return not flags & termios.ICANON and not flags & termios.ECHO


def press(tty: Tty, *keys: str) -> None:
    for key in keys:
        time.sleep(2 * ALONE)
        tty.type(key)
    time.sleep(2 * ALONE)


def test_r_looks_now(program: Program) -> None:
    with waiting(program, RUNNING, DONE) as (tty, server):
        assert len(server.requests) == 1
        press(tty, "r")
        tty.until("looking now")

        assert tty.exit_code() == 0
        assert len(server.requests) == 2


def test_r_again_and_again_is_one_request_a_second(program: Program) -> None:
    with waiting(program) as (tty, server):
        began = time.monotonic()
        press(tty, *"rrrrrrrrrr")
        tty.until(lambda: len(server.requests) > 1)

        assert len(server.requests) <= 1 + (time.monotonic() - began) / 0.9


def test_r_does_not_shorten_what_the_api_asks_for(program: Program) -> None:
    with waiting(program, says("running", "Retry-After: 120"), DONE) as (tty, server):
        press(tty, *"rrrrrrrrrrrrrrrr")

        assert len(server.requests) == 1
        press(tty, "q")
        assert tty.exit_code() == 130


def test_o_shows_the_page_whole_and_in_the_scrollback(program: Program) -> None:
    with waiting(program, says("running", link=PAGE), columns=40) as (tty, _):
        press(tty, "o")
        tty.until(lambda: PAGE in "".join(tty.shown))
        assert f"\x1b]8;;{PAGE}\x1b\\".encode() in tty.raw

        press(tty, "q")
        assert tty.exit_code() == 130
        assert PAGE in "".join(tty.shown)


def test_o_without_a_page_says_so(program: Program) -> None:
    with waiting(program, says("running", link="javascript:alert(1)")) as (tty, _):
        press(tty, "o")
        tty.until("the API names no page of these operations")

        assert "javascript" not in tty.text


def test_q_detaches_as_ctrl_c_does(program: Program) -> None:
    with waiting(program) as (tty, _):
        press(tty, "q")

        assert tty.exit_code() == 130
        assert "no longer watched" in tty.text
        assert "exit 130: interrupted; nothing remote was cancelled" in tty.text
        assert "to go on:  opwatch wait --resume " in tty.text
        assert not tty.cursor_is_hidden()


def test_a_question_mark_shows_the_keys_until_the_next_one(program: Program) -> None:
    with waiting(program) as (tty, _):
        head = tty.shown[0]
        assert HINT in head
        press(tty, "?")
        tty.until(HELP)
        assert tty.shown[-1].startswith("r look now")
        press(tty, "x")
        tty.until(lambda: HELP not in tty.text)

        assert tty.child.poll() is None


def test_the_keys_are_shown_at_any_size(program: Program) -> None:
    with waiting(program) as (tty, _):
        for columns, rows in ((40, 10), (30, 4), (20, 2), (80, 24)):
            tty.resize(columns, rows)
            press(tty, "?")
            tty.until("r look")
            press(tty, "x")
            tty.until(lambda: "r look" not in tty.text)

        press(tty, "q")
        assert tty.exit_code() == 130


@pytest.mark.parametrize(
    "typed", ["\x1b[A", "\x1bOq", "é", PASTE], ids=["arrow", "keypad", "umlaut", "paste"]
)
def test_what_is_no_key_does_nothing(typed: str, program: Program) -> None:
    with waiting(program) as (tty, server):
        press(tty, typed)
        time.sleep(4 * ALONE)
        assert tty.child.poll() is None
        assert HELP not in tty.text

        press(tty, "?")
        tty.until(HELP)
        assert len(server.requests) == 1


def test_nothing_that_is_typed_is_shown(program: Program) -> None:
    with waiting(program) as (tty, _):
        before = tty.shown
        press(tty, *"zxy")

        assert [line for line in tty.shown if "z" in line] == []
        assert len(tty.shown) == len(before)


# -- the terminal's settings -----------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda tty: press(tty, "q"), 130),
        (lambda tty: tty.type(CTRL_C), 130),
        (lambda tty: tty.child.send_signal(signal.SIGTERM), 143),
        (lambda tty: tty.child.send_signal(signal.SIGHUP), 129),
        (lambda tty: tty.child.send_signal(signal.SIGUSR1), -signal.SIGUSR1),
        (lambda tty: press(tty, "r"), 0),
    ],
    ids=["q", "Ctrl-C", "TERM", "HUP", "a signal that kills", "the end"],
)
@pytest.mark.parametrize("own", ["", "a terminal without echo"])
def test_the_terminal_has_its_settings_back(
    end: object, code: int, own: str, program: Program
) -> None:
    with api(RUNNING, DONE) as server, Tty() as tty:
        if own:
            changed = termios.tcgetattr(tty._theirs)
            changed[3] &= ~termios.ECHO
            termios.tcsetattr(tty._theirs, termios.TCSANOW, changed)
        before = settings(tty)
        tty.run(*OPWATCH, *arguments(program, server), environ=program.environ)
        tty.until(lambda: "running" in tty.text and reads_keys(tty))
        end(tty)  # type: ignore[operator]

        assert tty.exit_code() == code
        assert settings(tty) == before


def test_ctrl_backslash_gives_the_settings_back(program: Program) -> None:
    with api(RUNNING) as server, Tty() as tty:
        before = settings(tty)
        shell = ("bash", "-c", 'ulimit -c 0; exec "$@"', "-", *OPWATCH)
        tty.run(*shell, *arguments(program, server), environ=program.environ)
        tty.until(lambda: "running" in tty.text and reads_keys(tty))
        tty.type(CTRL_BACKSLASH)

        assert tty.exit_code() == -signal.SIGQUIT
        assert settings(tty) == before


def test_a_display_that_breaks_leaves_no_terminal_behind(program: Program, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BREAKING)
    program.environ["PYTHONPATH"] = str(tmp_path)
    with api(RUNNING) as server, Tty() as tty:
        before = settings(tty)
        tty.run(*OPWATCH, *arguments(program, server), environ=program.environ)
        tty.until(lambda: "running" in tty.text and reads_keys(tty))
        press(tty, "r")

        assert tty.exit_code() == 70
        assert settings(tty) == before


BREAKING = """
from opwatch.watcher.watcher import Watcher
def look_now(self, now):
    raise RuntimeError("a bug")
Watcher.look_now = look_now
"""


# -- in a shell ------------------------------------------------------------------------


@contextmanager
def shell(program: Program, server: RawServer) -> Iterator[tuple[Tty, str]]:
    """A shell at a terminal, and the line that waits."""
    line = shlex.join((*OPWATCH, *arguments(program, server)))
    with Tty(columns=160) as tty:
        tty.run(*SHELL, environ=program.environ | {"PS1": "$ "})
        tty.until("$")
        yield tty, line


def lines_are_whole(tty: Tty) -> bool:
    """Tell whether a program that reads lines would find the terminal as it should."""
    tty.type("stty -a | grep -wo -e -icanon -e -echo; echo sane-$((6 * 7))\n")
    tty.until("sane-42")
    return "-icanon\n" not in tty.text and "-echo\n" not in tty.text


def test_ctrl_z_and_fg(program: Program) -> None:
    with api(RUNNING, DONE) as server, shell(program, server) as (tty, line):
        tty.type(line + "\n")
        tty.until(lambda: tty.cursor_is_hidden() and reads_keys(tty))
        tty.type(CTRL_Z)
        tty.until("Stopped")
        tty.settle()
        assert lines_are_whole(tty)

        tty.type("fg\n")
        tty.until(lambda: tty.cursor_is_hidden() and reads_keys(tty))
        press(tty, "?")
        tty.until(HELP)
        press(tty, "r")
        tty.until("exit 0: succeeded")
        tty.settle()
        assert lines_are_whole(tty)


def test_ctrl_z_and_bg_leaves_what_is_typed_to_the_shell(program: Program) -> None:
    with api(RUNNING) as server, shell(program, server) as (tty, line):
        tty.type(line + "\n")
        tty.until(lambda: tty.cursor_is_hidden() and reads_keys(tty))
        tty.type(CTRL_Z)
        tty.until("Stopped")
        tty.type("bg\n")
        time.sleep(0.5)
        tty.type("echo q-$((6 * 7)); jobs\n")
        tty.until("q-42")
        tty.until("Running")
        assert lines_are_whole(tty)
        assert len(server.requests) == 1

        tty.type("fg\n")
        tty.until(lambda: tty.cursor_is_hidden() and reads_keys(tty))
        press(tty, "q")
        tty.until("to go on:")
        tty.type("echo code-$?\n")
        tty.until("code-130")


def test_one_that_is_started_in_the_background_is_not_stopped(program: Program) -> None:
    with api(RUNNING) as server, shell(program, server) as (tty, line):
        tty.type(line + " &\n")
        tty.until(lambda: len(server.requests) == 1)
        time.sleep(0.5)
        tty.type("jobs\n")
        tty.until("Running")
        assert "Stopped" not in tty.text
        assert lines_are_whole(tty)

        tty.type("fg\n")
        tty.until(lambda: tty.cursor_is_hidden() and reads_keys(tty))
        press(tty, "q")
        tty.until("to go on:")
        assert lines_are_whole(tty)


def test_a_stop_that_nobody_announced_loses_no_settings(program: Program) -> None:
    with api(RUNNING) as server, Tty() as tty:
        before = settings(tty)
        tty.run(*OPWATCH, *arguments(program, server), environ=program.environ)
        tty.until(lambda: "running" in tty.text and reads_keys(tty))
        tty.child.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        termios.tcsetattr(tty._theirs, termios.TCSANOW, before)  # as a shell would
        tty.child.send_signal(signal.SIGCONT)
        tty.until(lambda: reads_keys(tty))
        press(tty, "q")

        assert tty.exit_code() == 130
        assert settings(tty) == before


# -- where there are none --------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "environ"),
    [
        (("--progress", "lines"), {}),
        (("--verbose",), {}),
        (("--quiet",), {}),
        ((), {"CI": "true"}),
        (("--ci", "buildkite", "--progress", "bars"), {}),
        ((), {"TERM": "dumb"}),
    ],
    ids=["lines", "a trace", "quiet", "CI", "a CI system", "dumb"],
)
def test_without_bars_or_in_a_ci_there_are_no_keys(
    more: tuple[str, ...], environ: dict[str, str], program: Program
) -> None:
    with api(RUNNING) as server, Tty() as tty:
        before = settings(tty)
        command = (*OPWATCH, *arguments(program, server, *more))
        tty.run(*command, environ=program.environ | environ)
        tty.until(lambda: len(server.requests) == 1)
        press(tty, *"q?")

        assert settings(tty) == before
        assert HINT not in tty.text
        assert tty.child.poll() is None


def test_where_ids_are_piped_in_there_are_no_keys(program: Program) -> None:
    with api(RUNNING) as server, Tty() as tty:
        before = settings(tty)
        line = shlex.join((*OPWATCH, *arguments(program, server)[:-1], "-"))
        tty.run("sh", "-c", f"echo a | {line}", environ=program.environ)
        tty.until("running")
        press(tty, "q")

        assert settings(tty) == before
        assert tty.child.poll() is None


def test_a_program_that_reads_our_output_has_the_keys(program: Program) -> None:
    reading, writing = os.pipe()
    with api(RUNNING) as server, Tty() as tty:
        command = (*OPWATCH, *arguments(program, server, "--json"))
        tty.run(*command, environ=program.environ, stdout=writing)
        tty.until("running")
        press(tty, "q")

        assert not reads_keys(tty)
        assert tty.child.poll() is None
        tty.type(CTRL_C)
        assert tty.exit_code() == 130
    os.close(writing)
    os.close(reading)


# -- a get at a terminal ------------------------------------------------------------------


def test_what_to_do_stands_below_the_table_of_a_get(program: Program) -> None:
    denied = http(b'{"error": "no"}', "Content-Type: application/json", status="401 No")
    with api(denied) as server, Tty(60, 30) as tty:
        _, *options = arguments(program, server)
        tty.run(
            *OPWATCH,
            "get",
            *(each for each in options if each not in {"--interval", "5m"}),
            environ=program.environ,
        )
        assert tty.exit_code() == 4
        table, advice = tty.shown[:3], "\n".join(tty.shown[3:])
        assert [line.split()[0] for line in table] == ["OPERATION", "a", "│"]
        assert advice.startswith("to fix:    renew or replace the credential")
        assert "\n           opwatch auth test -p api --config " in advice


# -- and the demo, which has no credential to look for -----------------------------------


def test_the_demo_draws_by_what_the_terminal_can(program: Program) -> None:
    with Tty() as tty:
        tty.run(*OPWATCH, "demo", environ=program.environ | {"TERM": "dumb"})
        tty.until("waiting for 8 operations")
        assert "\x1b" not in tty.raw.decode()
