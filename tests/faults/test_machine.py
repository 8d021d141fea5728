"""Faults 130 to 148: signals, streams, terminals, sleep, memory, and bugs of our own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.program import Program
from faults.catalogue import fault
from faults.terminal import (
    CTRL_BACKSLASH,
    CTRL_C,
    CTRL_Z,
    HIDE,
    OPWATCH,
    SHOW,
    Tty,
)
from faults.whole import CANARY, DONE, RUNNING, Hurried, HurriedLoop, api, asked_about, says, state
from opwatch.demo import Script
from opwatch.domain.events import Event, Finished, Resumed
from opwatch.domain.operation import Answer, Poll, Reading, State
from opwatch.domain.outcome import Abort, Outcome, Policy
from opwatch.domain.pacing import PollingRules
from opwatch.engine import drive
from opwatch.output.streams import Sink
from opwatch.output.terminal.bars import Bars
from opwatch.watcher.watcher import Watcher
from output.screen import Page
from output.script import crowd
from servers.demo import DemoServer
from servers.raw import http
from simulation.world import Host, Job, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults.whole import Wait

FAST = ("-p", "fullstory", "--interval", "0.1")
NAMES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def program(server: DemoServer, tmp_path: Path) -> Program:
    return Program(tmp_path, server.base_url)


@pytest.fixture
def endless(server: DemoServer) -> str:
    """The id of an operation that is not over in the time of a test."""
    return server.start("fullstory", Script(600)).id


def in_shell(program: Program, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run *line* in a shell, where ``opwatch`` is the program."""
    told = f'opwatch() {{ "{sys.executable}" -m opwatch "$@"; }}; {line}'
    return subprocess.run(  # noqa: S603, our own program
        ["bash", "-c", told],  # noqa: S607, the system's shell
        env=program.environ | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=program.home,
        timeout=30,
        check=False,
    )


# -- signals at a terminal -----------------------------------------------------------


@fault(130)
def test_ctrl_c_leaves_the_table_and_the_cursor_and_the_way_to_go_on(
    program: Program, endless: str
) -> None:
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, endless, environ=program.environ)
        tty.until("PENDING")
        assert tty.cursor_is_hidden()
        tty.type(CTRL_C)

        assert tty.exit_code() == 130
        assert not tty.cursor_is_hidden()
        assert tty.shown[0].startswith("○ ")
        assert "no longer watched" in tty.shown[0]
        assert "exit 130: interrupted; nothing remote was cancelled" in tty.shown[1]
        assert tty.shown[2].startswith("to go on:  opwatch wait --resume ")


@pytest.mark.every(2)
@fault(131)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_term_and_hup_give_the_cursor_back(program: Program, endless: str, name: str) -> None:
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, endless, environ=program.environ)
        tty.until("PENDING")
        tty.child.send_signal(getattr(signal, name))

        assert tty.exit_code() == NAMES[name]
        assert not tty.cursor_is_hidden()
        assert f"exit {NAMES[name]}" in tty.text


@fault(131)
def test_a_terminal_whose_window_is_closed_is_a_hangup(program: Program, endless: str) -> None:
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, endless, environ=program.environ)
        tty.until("PENDING")
        tty.close()

        assert tty.child.wait(5) == 129


@fault(130)
def test_a_second_ctrl_c_leaves_at_once_even_when_our_own_writing_hangs(
    program: Program, endless: str
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = os.write(writing, b"\n" * 1_000_000)
    os.set_blocking(writing, True)
    with Tty() as tty:
        command = (*OPWATCH, "wait", *FAST, "--jsonl", endless)
        tty.run(*command, environ=program.environ, stdout=writing)
        tty.until(lambda: HIDE in tty.raw)
        for _ in range(50):
            tty.type(CTRL_C)
            time.sleep(0.1)
            if tty.child.poll() is not None:
                break
        assert tty.exit_code() == -signal.SIGINT
        assert not tty.cursor_is_hidden()
    assert filled
    os.close(reading)
    os.close(writing)


@fault(130)
def test_a_quit_from_the_keyboard_gives_the_cursor_back_as_well(
    program: Program, endless: str
) -> None:
    with Tty() as tty:
        shell = ("bash", "-c", 'ulimit -c 0; exec "$@"', "-", *OPWATCH)
        tty.run(*shell, "wait", *FAST, endless, environ=program.environ)
        tty.until("PENDING")
        tty.type(CTRL_BACKSLASH)

        assert tty.exit_code() == -signal.SIGQUIT
        assert not tty.cursor_is_hidden()


@pytest.mark.every(4)
@fault(130)
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGALRM], ids=lambda each: each.name)
def test_any_other_signal_that_kills_gives_the_cursor_back(
    number: signal.Signals, program: Program, endless: str
) -> None:
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, endless, environ=program.environ)
        tty.until("PENDING")
        tty.child.send_signal(number)

        assert tty.exit_code() == -number
        assert not tty.cursor_is_hidden()


@fault(132)
def test_signals_that_were_ignored_at_the_start_stay_ignored(
    program: Program, endless: str
) -> None:
    command = ["bash", "-c", 'trap "" INT HUP; exec "$@"', "-", *OPWATCH]
    with subprocess.Popen(  # noqa: S603, our own program
        [*command, "wait", *FAST, "--timeout", "20", endless],
        env=program.environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        assert "waiting for" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        child.send_signal(signal.SIGTERM)

        assert child.wait(5) == 143


@fault(133)
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_draws_below(
    program: Program, endless: str
) -> None:
    line = " ".join((*OPWATCH, "wait", *FAST, endless))
    with Tty(columns=160) as tty:
        tty.run("bash", "--norc", "--noprofile", "-i", environ=program.environ | {"PS1": "$ "})
        tty.until("$")
        tty.type(line + "\n")
        tty.until("PENDING")
        tty.type(CTRL_Z)
        tty.until("Stopped")
        tty.settle()
        assert not tty.cursor_is_hidden()
        above = tty.shown

        tty.type("bg\n")
        time.sleep(0.3)
        tty.type("echo not-$((6 * 7))-disturbed\n")
        tty.until("not-42-disturbed")
        assert not tty.cursor_is_hidden()

        tty.type("fg\n")
        tty.until(tty.cursor_is_hidden)
        tty.until(lambda: tty.text.count("1 operation ") == 2)
        assert tty.shown[: len(above) - 1] == above[:-1], "what stood above was drawn over"

        tty.type(CTRL_C)
        tty.until("to go on:")
        tty.type("echo code-$?\n")
        tty.until("code-130")
        assert not tty.cursor_is_hidden()


@fault(133, 144, simulated="ten minutes of the run's clock pass while the process is stopped")
def test_a_stop_that_nobody_announced_is_noticed_and_drawn_below(
    program: Program, endless: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(LATER.format(str(tmp_path / "later")))
    program.environ["PYTHONPATH"] = str(tmp_path)
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, "--timeout", "2h", endless, environ=program.environ)
        tty.until("PENDING")
        tty.settle()
        tty.child.send_signal(signal.SIGSTOP)
        (tmp_path / "later").touch()
        tty.settle()
        written = len(tty.raw)
        os.write(tty._theirs, b"\r\nanother's line\r\n")
        tty.child.send_signal(signal.SIGCONT)
        tty.until(lambda: len(tty.raw) > written + 200)

        assert any("another's line" in each for each in tty.shown)
        assert tty.cursor_is_hidden()
        assert "PENDING" in tty.text
        tty.type(CTRL_C)
        assert tty.exit_code() == 130


LATER = """
import os, time
_real = time.clock_gettime
time.clock_gettime = lambda which: _real(which) + 600 * os.path.exists({!r})
"""


@fault(144)
def test_a_process_that_was_stopped_goes_on_to_the_truth(
    program: Program, server: DemoServer
) -> None:
    job = server.start("fullstory", Script(0.8))
    with subprocess.Popen(  # noqa: S603, our own program
        [*OPWATCH, "wait", *FAST, job.id],
        env=program.environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        assert "waiting for" in child.stderr.readline()
        child.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        child.send_signal(signal.SIGCONT)

        assert child.wait(5) == 0


# -- streams -------------------------------------------------------------------------


@pytest.mark.every(4)
@fault(134)
@pytest.mark.parametrize("command", ["get", "get --json", "wait -q --jsonl", "wait -q --json"])
def test_a_reader_that_leaves_is_141_without_a_word(
    program: Program, server: DemoServer, command: str
) -> None:
    job = server.start("fullstory", Script(0.0))
    reading, writing = os.pipe()
    os.close(reading)

    ran = program.run(*command.split(), *FAST[:2], job.id, stdout=writing)
    os.close(writing)

    assert (ran.code, ran.err) == (141, "")


@fault(134)
def test_a_reader_that_leaves_in_the_middle_ends_the_wait(program: Program, endless: str) -> None:
    line = f"opwatch wait {' '.join(FAST)} -q --jsonl {endless} | head -1; echo ${{PIPESTATUS[0]}}"

    ran = in_shell(program, line)

    first, code = ran.stdout.splitlines()
    assert (json.loads(first)["type"], code, ran.stderr) == ("started", "141", "")


@pytest.mark.every(4)
@fault(135)
@pytest.mark.parametrize("command", ["get", "get --json", "wait -q --jsonl", "wait -q --json"])
def test_a_full_disk_is_74_and_says_so(program: Program, server: DemoServer, command: str) -> None:
    job = server.start("fullstory", Script(0.0))

    with Path("/dev/full").open("wb") as full:
        ran = program.run(*command.split(), *FAST[:2], job.id, stdout=full)

    assert ran.code == 74
    assert "opwatch: cannot write output: No space left on device\n" in ran.err


@pytest.mark.every(4)
@fault(134, 135)
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("opwatch --version >/dev/full", 74),
        ("opwatch wait --help >/dev/full", 74),
        ("opwatch --version | true", 141),
        ("opwatch --help | true", 141),
        ("opwatch completion zsh | true", 141),
        ("opwatch wait --no-such 2>/dev/full", 2),
        ("opwatch wait --no-such 2>&1 >&- | true", 2),
    ],
)
def test_help_and_usage_tell_a_full_disk_and_a_lost_reader_apart(
    program: Program, line: str, code: int
) -> None:
    ran = in_shell(program, f"{line}; exit ${{PIPESTATUS[0]}}")

    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr


@fault(135)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_is_full_after_the_first_bytes_is_74(program: Program, unbuffered: str) -> None:
    # Images of containers set the variable; Python then takes a short write for a whole one.
    told = {"PYTHONUNBUFFERED": unbuffered, "PYTHONDONTWRITEBYTECODE": "1"}

    ran = in_shell(program, "ulimit -f 1; opwatch profile schema >cut.json", **told)

    assert (ran.returncode, ran.stderr) == (74, "opwatch: cannot write output: File too large\n")
    assert 0 < (program.home / "cut.json").stat().st_size <= 1024


@fault(134)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_slow_reader_of_a_pipe_that_does_not_block_gets_all(
    program: Program, unbuffered: str
) -> None:
    # Node sets O_NONBLOCK on a pipe that its children inherit.
    told = {"PYTHONUNBUFFERED": unbuffered, "OPWATCH_TOKEN": ""}
    many = " ".join(f"p{number:05}" for number in range(700))
    set_up = f'"{sys.executable}" -c "import os; os.set_blocking(1, False)"'
    line = f"({set_up}; opwatch get -p fullstory --json {many}; echo $? >&2) | (sleep 2; cat)"

    ran = in_shell(program, line, **told)

    assert ran.stderr.splitlines()[-1] == "4"
    assert len(json.loads(ran.stdout)["operations"]) == 700


@fault(134)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_in_the_middle_of_a_text_is_141(
    program: Program, unbuffered: str
) -> None:
    # More than a pipe holds: a part of it has been written when the reader leaves.
    many = " ".join(f"p{number:05}" for number in range(700))
    line = f"opwatch get -p fullstory --json {many} | head -c 10; exit ${{PIPESTATUS[0]}}"
    told = {"PYTHONUNBUFFERED": unbuffered, "OPWATCH_TOKEN": ""}

    ran = in_shell(program, line, **told)

    assert (ran.returncode, ran.stdout) == (141, '{"format":')


@pytest.mark.every(5)
@fault(136)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("wait -q", 0),
        ("get", 0),
        ("wait --json", 74),
        ("get --json", 74),
        ("wait --jsonl", 74),
    ],
)
def test_a_closed_standard_output_is_74_where_a_document_was_asked_for(
    program: Program, server: DemoServer, command: str, code: int
) -> None:
    job = server.start("fullstory", Script(0.0))

    ran = in_shell(program, f"opwatch {command} -p fullstory {job.id} >&-")

    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr


@fault(136)
def test_nothing_is_needed_of_any_stream(program: Program, server: DemoServer) -> None:
    job = server.start("fullstory", Script(0.2))

    ran = in_shell(program, f"opwatch wait {' '.join(FAST)} {job.id} <&- >&- 2>&-")

    assert ran.returncode == 0


@fault(146)
def test_a_terminal_that_dies_under_the_bars_does_not_change_the_result(
    program: Program, server: DemoServer
) -> None:
    job = server.start("fullstory", Script(1.5))
    with Tty() as tty:
        shell = ("bash", "-c", 'trap "" HUP; exec "$@"', "-", *OPWATCH)
        tty.run(*shell, "wait", *FAST, job.id, environ=program.environ)
        tty.until("1 operation")
        tty.close()

        assert tty.child.wait(10) == 0


@pytest.mark.slow
@fault(146)
def test_an_error_stream_that_is_full_does_not_change_the_result(
    program: Program, server: DemoServer
) -> None:
    good, bad = (
        server.start("fullstory", Script(0.2, end)) for end in (State.SUCCEEDED, State.FAILED)
    )

    for job, code in ((good, 0), (bad, 1)):
        ran = in_shell(program, f"opwatch wait {' '.join(FAST)} --json {job.id} 2>/dev/full")

        assert (ran.returncode, json.loads(ran.stdout)["exit_code"]) == (code, code)


# -- terminals -----------------------------------------------------------------------


@pytest.mark.every(4)
@fault(137)
@pytest.mark.parametrize("columns", [0, 1, 2, 39])
def test_a_terminal_without_room_is_survived(
    program: Program, server: DemoServer, columns: int
) -> None:
    job = server.start("fullstory", Script(0.6))
    with Tty(columns, 10) as tty:
        tty.run(*OPWATCH, "wait", *FAST, job.id, environ=program.environ)

        assert tty.exit_code() == 0
        assert not tty.cursor_is_hidden()


@pytest.mark.slow
@fault(137)
def test_a_storm_of_resizes_is_survived(program: Program, server: DemoServer) -> None:
    jobs = [server.start("fullstory", Script(600)).id for _ in range(3)]
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, *jobs, environ=program.environ)
        tty.until("PENDING")
        for number in range(100):
            tty.resize(60 + number % 50, 10 + number % 20)
            time.sleep(0.01)
        tty.resize(100, 30)
        tty.settle()
        tty.until("3 operations")
        tty.type(CTRL_C)
        assert tty.exit_code() == 130
        assert "0 of 3 succeeded" in tty.text


@pytest.mark.every(4)
@fault(138)
@pytest.mark.parametrize(
    "environ",
    [
        {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"},
        {"CI": "true", "GITHUB_ACTIONS": "true"},
        {"TERM": "dumb"},
        {"TERM": ""},
    ],
)
def test_a_pipe_never_gets_an_escape_byte(
    program: Program, server: DemoServer, environ: dict[str, str]
) -> None:
    job = server.start("fullstory", Script(0.3, State.FAILED))

    for command in (["wait", *FAST], ["get", "-p", "nobody"]):
        ran = program.run(*command, job.id, environ=environ)

        assert "\x1b" not in ran.out + ran.err


@pytest.mark.every(3)
@fault(138)
@pytest.mark.parametrize(
    ("environ", "draws"),
    [({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, True), ({"CI": "true"}, True)],
)
def test_a_dumb_terminal_gets_lines_and_no_color_takes_the_colour_only(
    program: Program, server: DemoServer, environ: dict[str, str], *, draws: bool
) -> None:
    job = server.start("fullstory", Script(0.4, State.FAILED))
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, job.id, environ=program.environ | environ)

        assert tty.exit_code() == 1
        assert (HIDE in tty.raw) is (SHOW in tty.raw) is draws
        assert (b"\x1b" in tty.raw) is draws
        assert (b"\x1b[3" in tty.raw) is ("CI" in environ)


@fault(138)
def test_a_log_gets_a_sign_of_life_every_minute(wait: Wait) -> None:
    wait.speed = 300.0
    with api(*[RUNNING] * 30, DONE) as server:
        ended = wait(server.url, policy=Policy(interval=10.0))

    beats = [each for each in ended.err.splitlines() if " waiting " in each and ": a " in each]
    assert ended.code == 0
    assert 4 <= len(beats) <= 6, ended.err
    assert "confirmed within the last" in beats[0]


@pytest.mark.every(5)
@fault(139)
@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": ""},
        {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": ""},
        {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": ""},
        {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": ""},
    ],
)
def test_a_locale_without_unicode_changes_the_signs_and_not_the_verdict(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    told = says("failed", message="schön ✓ 中 \u202e \ud83d\ude00", percent=40.0)
    with api(told) as server:
        config = tmp_path / "config.yaml"
        config.write_text(json.dumps(_profiles(server.url)))
        program = Program(tmp_path)
        program.environ |= {"API_TOKEN": CANARY, "OPWATCH_CONFIG": str(config), **environ}
        for command in (["wait", "--jsonl"], ["get"]):
            # Without any coercion Python itself cannot read such an argument.
            name = "a" if environ["PYTHONUTF8"] == "0" else "ä-✓"
            done = subprocess.run(  # noqa: S603, our own program
                [*OPWATCH, *command, "-p", "api", name],
                env=program.environ,
                capture_output=True,
                timeout=20,
                check=False,
            )
            # POSIX alone is UTF-8 to Python (PEP 538 and 540).
            encoding = "utf-8" if environ.get("LC_ALL") == "POSIX" else "ascii"
            encoding = environ.get("PYTHONIOENCODING", encoding)

            assert done.returncode == 1, done.stderr
            assert b"Traceback" not in done.stderr
            (done.stdout + done.stderr).decode(encoding)


def _profiles(url: str) -> dict[str, Any]:
    return {
        "version": 1,
        "profiles": {
            "api": {
                "base_url": url,
                "request": {"path": "/ops/{id}"},
                "auth": {"bearer": {"env": "API_TOKEN"}},
                "read": {"status": "status", "message": "message", "progress": "percent"},
                "states": {"running": ["running"], "failed": ["failed"], "succeeded": ["done"]},
            }
        },
    }


# -- many ----------------------------------------------------------------------------


def _calls_for_a_frame(operations: int, page: Page) -> int:
    """Return how many functions are called to draw one more frame on *page*."""
    calls = Counter[str]()
    story = crowd(operations)
    with Bars(Sink(page), size=lambda: (120, 50)) as tell:
        for event in story.events:
            tell(event)
        story.at += 1.0
        story.read("job-00001", progress=50.0)
        sys.setprofile(lambda _frame, what, _of: calls.update((what,)))
        tell(story.events[-1])
        sys.setprofile(None)
    return calls["call"] + calls["c_call"]


@fault(140)
def test_a_frame_of_ten_thousand_operations_is_no_more_work_than_one_of_a_hundred() -> None:
    page = Page()
    few, many = _calls_for_a_frame(100, Page()), _calls_for_a_frame(10_000, page)

    assert many < 1.5 * few
    assert page.getvalue().rsplit("10,000 operations", 1)[1].count("\n") <= 50


@fault(141)
def test_ten_thousand_operations_are_spread_and_never_more_than_a_few_in_flight() -> None:
    jobs = {f"job-{number}": Job(40.0) for number in range(10_000)}
    world = World(jobs, {"https://api.example": Host(latency=(0.05, 0.2))})

    run = world.watch(Policy(), PollingRules(), until=30.0)

    most = in_flight = 0
    marks = [(each.at, 1) for each in run.sent] + [(each.answered, -1) for each in run.sent]
    for _, step in sorted(marks):
        in_flight += step
        most = max(most, in_flight)
    in_seconds = [sum(int(each.at) == second for each in run.sent) for second in range(1, 30)]
    limits = PollingRules().limits
    assert most <= limits.at_once <= 32
    assert max(in_seconds) <= limits.rate + limits.burst


# -- time ----------------------------------------------------------------------------


class Jumping(Hurried):
    """A hurried clock that jumps when it is told to; an event loop's own clock does not."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = self.wall_off = 0.0

    def now(self) -> float:
        return super().now() + self.slept

    def wall(self) -> float:
        return super().wall() + self.wall_off

    def sleep(self, seconds: float) -> Callable[[bytes], bytes]:
        """Answer, and be asleep for *seconds* a moment later."""

        def step(_request: bytes) -> bytes:
            threading.Timer(0.05, self._jump, [seconds]).start()
            return RUNNING

        return step

    def _jump(self, seconds: float) -> None:
        self.slept += seconds


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> Jumping:
    """The clock of the run that is going to be."""
    clock = Jumping()
    monkeypatch.setattr("faults.whole.Hurried", lambda _speed: clock)
    monkeypatch.setattr(HurriedLoop, "time", lambda _loop: Hurried.now(clock))
    return clock


SLEEP = "a suspend needs a machine that may sleep: the run's clock jumps instead"


@fault(142, simulated=SLEEP)
def test_after_a_sleep_all_are_asked_at_once_and_none_is_lost(wait: Wait, jumping: Jumping) -> None:
    with api(RUNNING, RUNNING, jumping.sleep(3600.0), RUNNING, DONE) as server:
        ended = wait(server.url, policy=Policy(lost_after=60.0, interval=10.0))

    assert (ended.code, ended.one["problems"]) == (0, 0), ended.err
    assert "awake again after 1h 00m" in ended.err


@fault(142, simulated=SLEEP)
@pytest.mark.parametrize(("last", "code"), [(DONE, 0), (RUNNING, 124)])
def test_a_deadline_that_passed_in_a_sleep_has_one_last_look(
    wait: Wait, jumping: Jumping, last: bytes, code: int
) -> None:
    with api(RUNNING, jumping.sleep(3600.0), last) as server:
        ended = wait(server.url, policy=Policy(timeout=600.0, interval=10.0))

        assert ended.code == code, ended.err
        assert len(server.requests) == 3


@fault(143, simulated="the wall clock of the run jumps, not the machine's")
@pytest.mark.parametrize("years", [-10, 10])
def test_a_wall_clock_that_jumps_by_years_changes_nothing_but_what_is_shown(
    wait: Wait, jumping: Jumping, years: int
) -> None:
    def jump(_request: bytes) -> bytes:
        jumping.wall_off += years * 365.25 * 86400
        return RUNNING

    with api(RUNNING, jump, RUNNING, DONE) as server:
        ended = wait(server.url, policy=Policy(timeout=60.0, lost_after=30.0))

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 4, 0)
    assert ended.took < 30
    assert ended.document["elapsed_seconds"] < 30


@fault(144, simulated="ten minutes of the run's clock pass while the process is stopped")
def test_a_stop_of_ten_minutes_is_not_lost_contact(wait: Wait, jumping: Jumping) -> None:
    with api(RUNNING, jumping.sleep(600.0), RUNNING, DONE) as server:
        ended = wait(server.url, policy=Policy(lost_after=60.0, interval=10.0))

    assert ended.code == 0, ended.err


# -- the same moment -----------------------------------------------------------------


class Still:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at


async def race(*, deadline: float | None, signalled: bool) -> tuple[int, list[Event]]:
    """Let an operation end in the moment of the deadline, of a signal, or of both."""
    clock, told = Still(), list[Event]()
    watcher = Watcher(
        [next(iter(crowd(1).operations.values())).target],
        {"fullstory": PollingRules()},
        Policy(timeout=deadline),
        now=0.0,
        uniform=lambda low, _high: low,
    )
    inbox: asyncio.Queue[Any] = asyncio.Queue()

    async def fetch(poll: Poll) -> Answer:
        await asyncio.sleep(0)
        if deadline is not None:
            clock.at = deadline
        if signalled:
            inbox.put_nowait(Abort.INTERRUPTED)
        return Answer((Reading(State.SUCCEEDED, "DONE"),) * len(poll.targets))

    await drive(watcher, fetch, told.append, clock=clock, inbox=inbox)
    return watcher.verdict().code, told


@fault(147, simulated="the moment is made on a clock that stands still")
async def test_an_answer_that_has_come_wins_over_the_deadline() -> None:
    code, told = await race(deadline=10.0, signalled=False)

    assert code == 0
    assert isinstance(told[-1], Finished)


@fault(147, simulated="the moment is made on a clock that stands still")
async def test_a_signal_wins_over_everything_and_the_answer_is_kept_or_pending() -> None:
    code, told = await race(deadline=10.0, signalled=True)

    finished = told[-1]
    assert code == 130
    assert isinstance(finished, Finished)
    assert finished.operations[0].outcome in {Outcome.SUCCEEDED, Outcome.PENDING}


@fault(142, simulated=SLEEP)
async def test_a_pause_of_the_machine_is_told_as_such() -> None:
    watcher = Watcher(
        [next(iter(crowd(1).operations.values())).target],
        {"fullstory": PollingRules()},
        Policy(),
        now=0.0,
        uniform=lambda low, _high: low,
    )

    assert list(watcher.tick(5.0)) == []
    assert next(iter(watcher.tick(605.0))) == Resumed(605.0, 600.0)


# -- memory and bugs -----------------------------------------------------------------


@pytest.mark.slow
@fault(145)
def test_a_thousand_operations_fit_into_little_memory_and_few_descriptors(
    tmp_path: Path,
) -> None:
    with api(lambda request: http(state("done", asked_about(request)))) as server:
        profiles = _profiles(server.url)
        profiles["profiles"]["api"]["limits"] = {"rate": "2000/s", "burst": 1000}
        (tmp_path / "config.yaml").write_text(json.dumps(profiles))
        program = Program(tmp_path)
        program.environ |= {"API_TOKEN": CANARY, "OPWATCH_CONFIG": str(tmp_path / "config.yaml")}
        line = "seq 1000 | { ulimit -n 64; ulimit -v 300000; opwatch get -p api --json -; }"

        ran = in_shell(program, line)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["summary"] == {"total": 1000, "succeeded": 1000}


@fault(15)
@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not limited so")
@pytest.mark.parametrize(
    ("limit", "codes"),
    # With one for a connection, how many of the sixty are heard within a second is chance.
    [(8, {124}), (6, {6}), (10, {0, 124}), (12, {0, 124})],
    ids=str,
)
def test_with_too_few_descriptors_a_wait_ends_in_plain_words_and_is_no_bug(
    limit: int, codes: set[int], tmp_path: Path
) -> None:
    with api(lambda request: http(state("done", asked_about(request)))) as server:
        (tmp_path / "config.yaml").write_text(json.dumps(_profiles(server.url)))
        program = Program(tmp_path)
        program.environ |= {"API_TOKEN": CANARY, "OPWATCH_CONFIG": str(tmp_path / "config.yaml")}
        names = " ".join(f"op{number}" for number in range(60))

        ran = in_shell(program, f"ulimit -n {limit}; opwatch wait -p api -t 1s {names}")

    assert ran.returncode in codes, ran.stderr
    if ran.returncode:
        assert "the limit of open files on this machine has been reached" in ran.stderr
        assert "raise the limit with  ulimit -n 1024" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "a bug" not in ran.stderr


ROOMS: dict[str, str] = {
    "plan": "opwatch.cli.selection.make_plan",
    "profile": "opwatch.profiles.profile.Profile.read",
    "request": "opwatch.profiles.profile.Profile.request",
    "credential": "opwatch.credentials.credential.Credential.authorize",
    "client": "opwatch.http.client.Client.send",
    "watcher": "opwatch.watcher.watcher.Watcher.record",
    "due": "opwatch.watcher.watcher.Watcher.due",
    "engine": "opwatch.watcher.watcher.Watcher.wake_at",
    "document": "opwatch.cli.view.View.leave",
}
# Where a lack of memory costs one answer, and not the run.
ON_THE_WAY_OF_A_POLL = {"profile", "request", "credential", "client"}


def break_with(problem: BaseException) -> Callable[..., Any]:
    def broken(*_: Any, **__: Any) -> Any:
        raise problem

    return broken


@fault(148)
@pytest.mark.parametrize("room", ROOMS)
def test_a_bug_in_any_room_is_70_with_one_line_and_a_document(
    wait: Wait, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    # What was said before the secret was known cannot hold it.
    said = "oops" if room == "plan" else f"oops {CANARY}"
    monkeypatch.setattr(ROOMS[room], break_with(KeyError(said)))
    with api(RUNNING, DONE) as server:
        ended = wait(server.url)

    assert ended.code == 70
    assert "a bug in opwatch: KeyError" in ended.line("bug in opwatch")
    assert "--debug" in ended.line("to fix")
    assert "Traceback" not in ended.err
    assert (ended.document["exit_code"], ended.document["exit_reason"]) == (70, "bug")


@pytest.mark.slow
@fault(145)
@pytest.mark.parametrize("room", sorted(ON_THE_WAY_OF_A_POLL))
def test_no_memory_left_for_a_poll_is_trouble_and_the_wait_goes_on(
    wait: Wait, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setattr(ROOMS[room], break_with(MemoryError()))
    with api(RUNNING, DONE) as server:
        ended = wait(server.url)

    assert ended.code == 124
    assert "out of memory" in ended.err
    assert "bug" not in ended.err


@fault(145)
@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ON_THE_WAY_OF_A_POLL])
def test_no_memory_left_is_70_with_one_line_where_it_cannot_go_on(
    wait: Wait, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setattr(ROOMS[room], break_with(MemoryError()))
    with api(RUNNING, DONE) as server:
        ended = wait(server.url)

    assert ended.code == 70
    assert ended.line("opwatch: out of memory")
    assert ended.line("to fix")
    assert "Traceback" not in ended.err


@fault(148)
def test_a_bug_in_the_bars_costs_the_bars_and_nothing_else(
    program: Program, server: DemoServer, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import opwatch.output.terminal.frame as frame\nframe.compose = lambda *_: 1 / 0\n"
    )
    program.environ["PYTHONPATH"] = str(tmp_path)
    job = server.start("fullstory", Script(0.5))
    with Tty() as tty:
        tty.run(*OPWATCH, "wait", *FAST, job.id, environ=program.environ)

        assert tty.exit_code() == 0
        assert "succeeded" in tty.text
        assert not tty.cursor_is_hidden()


@fault(145, 148)
def test_a_program_that_cannot_even_be_loaded_does_not_exit_with_1(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Lack:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.startswith('opwatch.cli'): raise MemoryError\n"
        "sys.meta_path.insert(0, Lack())\n"
    )
    program.environ["PYTHONPATH"] = str(tmp_path)

    ran = program.run("get", "x")

    assert (ran.code, ran.err) == (70, "opwatch: cannot be loaded: MemoryError\n")


@fault(148)
def test_a_bug_before_anything_is_known_shows_no_variable_and_no_secret(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import opwatch.profiles as room\n"
        f"def broken(*_, **__): secret = {CANARY!r}; raise RuntimeError('oops')\n"
        "room.load_config = broken\n"
    )
    program.environ["PYTHONPATH"] = str(tmp_path)

    plain = program.run("wait", "-p", "fullstory", "x")
    debug = program.run("wait", "-p", "fullstory", "x", "--debug")

    assert (plain.code, debug.code) == (70, 70)
    assert plain.err.splitlines()[0] == "opwatch: a bug in opwatch: RuntimeError: oops"
    assert len(plain.err.splitlines()) == 2
    assert "broken" in debug.err
    assert all(each.startswith(("opwatch:", "  ")) for each in debug.err.splitlines())
    assert CANARY not in plain.err + "".join(
        line for line in debug.err.splitlines() if "def broken" not in line
    )
