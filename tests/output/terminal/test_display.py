import errno
import io
import os
import subprocess
import sys

import pytest

from opwatch.domain.errors import PipeClosedError
from opwatch.domain.events import Event, Pausable
from opwatch.output.terminal import Style
from opwatch.output.terminal.display import open_display
from opwatch.output.terminal.renderer import Guard, Renderer
from output.screen import Terminal
from output.script import Story, four, wall_of

XTERM = {"TERM": "xterm-256color"}


def run(style: Style, stream: io.StringIO, environ: dict[str, str], story: Story) -> str:
    chosen = open_display(style, stream, wall_of=wall_of, environ=environ, size=lambda: (100, 24))
    with chosen as renderer:
        for event in story.events:
            renderer(event)
    return stream.getvalue()


@pytest.mark.parametrize("style", [Style.AUTO, Style.BARS])
def test_a_terminal_gets_bars(style: Style) -> None:
    terminal = Terminal()
    assert "\x1b[?25l" in run(style, terminal, XTERM | {"CI": "true"}, four(step=10.0))
    assert terminal.shown[0].startswith("✓ export-7f3a0c1d91")


@pytest.mark.parametrize("style", [Style.AUTO, Style.BARS, Style.LINES])
@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}, {"CI": "1"}])
def test_a_pipe_gets_lines_without_an_escape_byte(style: Style, environ: dict[str, str]) -> None:
    text = run(style, io.StringIO(), XTERM | environ, four(step=10.0))
    assert text.startswith("opwatch 10:12:17 waiting for 4 operations")
    assert "\x1b" not in text


def test_a_dumb_terminal_gets_lines_without_an_escape_byte() -> None:
    assert "\x1b" not in run(Style.AUTO, Terminal(), {"TERM": "dumb"}, four(step=10.0))


def test_no_color_keeps_the_bars_and_takes_the_colour() -> None:
    text = run(Style.AUTO, Terminal(), XTERM | {"NO_COLOR": "1"}, four(step=10.0))
    assert "\x1b[?25l" in text
    assert "\x1b[3" not in text


def test_none_reports_only_what_went_wrong() -> None:
    text = run(Style.NONE, Terminal(), XTERM, four(step=10.0))
    lines = [line for line in text.splitlines() if not line.startswith("  ")]
    assert [line.split()[1] for line in lines] == ["import-44", "delete-user-2", "to"]


def test_beside_the_table_of_a_get_no_failure_is_told_a_second_time() -> None:
    terminal = Terminal()
    chosen = open_display(Style.NONE, terminal, wall_of=wall_of, environ=XTERM, endings=False)
    with chosen as renderer:
        for event in four(step=10.0).events:
            renderer(event)
    assert terminal.getvalue() == ""


def test_only_bars_hold_the_terminal() -> None:
    with open_display(Style.AUTO, Terminal(), wall_of=wall_of, environ=XTERM) as renderer:
        held: object = renderer
        assert isinstance(held, Pausable)
        held.pause()
        held.resume()


class Dying(Terminal):
    """A terminal that goes away after some writes."""

    def __init__(self, writes: int, problem: Exception) -> None:
        super().__init__()
        self.left, self.problem = writes, problem

    def write(self, text: str) -> int:
        if self.left == 0:
            raise self.problem
        self.left -= 1
        return super().write(text)


@pytest.mark.parametrize("writes", range(6))
@pytest.mark.parametrize("style", Style)
def test_a_terminal_that_dies_does_not_end_the_run(style: Style, writes: int) -> None:
    terminal = Dying(writes, OSError(errno.EIO, os.strerror(errno.EIO)))
    run(style, terminal, XTERM, four(step=10.0))


@pytest.mark.parametrize("style", [Style.AUTO, Style.LINES])
def test_a_reader_who_leaves_ends_the_run(style: Style) -> None:
    with pytest.raises(PipeClosedError):
        run(style, Dying(2, BrokenPipeError()), XTERM, four(step=10.0))


def test_a_closed_stderr_is_not_a_reason_to_fail() -> None:
    with open_display(Style.AUTO, None, wall_of=wall_of, environ=XTERM) as renderer:
        for event in four(step=10.0).events:
            renderer(event)


class Broken(Renderer):
    def __call__(self, _event: Event) -> None:
        raise IndexError("a bug")


class Recorder(Renderer):
    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)


def test_a_bug_in_a_picture_falls_back_to_lines() -> None:
    spare = Recorder()
    guard = Guard(Broken(), lambda: spare)
    for event in four(step=10.0).events[:3]:
        guard(event)
    assert len(spare.events) == 2
    assert isinstance(guard.failure, IndexError)


def test_choosing_lines_does_not_load_rich() -> None:
    code = (
        "import sys, io; from opwatch.output.terminal import Style;"
        "from opwatch.output.terminal.display import open_display;"
        "import opwatch.output.errors, opwatch.output.formats.document;"
        "import opwatch.output.formats.jsonl, opwatch.output.formats.junit;"
        "import opwatch.output.formats.table;"
        "open_display(Style.AUTO, io.StringIO(), wall_of=None);"
        "print([name for name in sys.modules if name.split('.')[0] in {'rich', 'asyncio'}])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603, our own code
    assert found.stdout == "[]\n"
