"""A real terminal that breaks and joins lines, and keeps a history: tmux."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
TMUX: Final = shutil.which("tmux")
WIDE: Final = ("110", "30")
DEMO: Final = (
    "8 operations of five APIs, served from this machine.",
    "The profiles, the requests and the bars are real. One will fail.",
)


class Pane:
    """A pane of a tmux server of its own."""

    def __init__(self, folder: Path, command: str, size: tuple[str, str] = WIDE) -> None:
        self._socket = str(folder / "tmux")
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", size[0], "-y", size[1], "sh")
        self.type(command)

    def tmux(self, *words: str) -> str:
        assert TMUX is not None
        argv = [TMUX, "-S", self._socket, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout  # noqa: S603, tmux itself

    def type(self, keys: str, *more: str) -> None:
        self.tmux("send-keys", keys, *more, "Enter")

    def resize(self, columns: str, rows: str) -> None:
        self.tmux("resize-window", "-x", columns, "-y", rows)

    @property
    def visible(self) -> list[str]:
        """The lines of the screen."""
        return self.tmux("capture-pane", "-p").splitlines()

    @property
    def everything(self) -> list[str]:
        """All lines of the screen, and what has gone from it."""
        return self.tmux("capture-pane", "-p", "-S", "-").splitlines()

    def until(self, wanted: str) -> None:
        end = time.monotonic() + 20
        while not any(wanted in line for line in self.everything):
            assert time.monotonic() < end, "\n".join(self.everything)
            time.sleep(0.05)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # The name of a socket may not be long.
    path = tmp_path_factory.mktemp("t")
    yield path
    if TMUX is not None:
        subprocess.run([TMUX, "-S", str(path / "tmux"), "kill-server"], check=False)  # noqa: S603, tmux itself


@pytest.mark.slow
@pytest.mark.skipif(TMUX is None, reason="needs tmux")
@pytest.mark.parametrize("run", ["--speed 1", "--crowd 200"])
def test_twenty_resizes_leave_one_board_and_none_in_the_scrollback(folder: Path, run: str) -> None:
    chance = random.Random(2)  # noqa: S311, not for secrets
    script = f"PYTHONPATH=src:tests {sys.executable} tests/output/script.py {run}"
    pane = Pane(folder, f"cd {ROOT}; echo; seq -f 'before %g' 40; {script}")
    pane.until("fullstory  ")
    for _ in range(10):
        pane.resize(str(chance.randrange(60, 110)), str(chance.randrange(8, 20)))
        time.sleep(0.35)
        pane.resize(*WIDE)
        time.sleep(0.35)
    # On a busy machine the last size is drawn a little later; what is stale then stays.
    for _ in range(20):
        heads = [line for line in pane.everything if line.startswith("fullstory  ")]
        if len(heads) == 1:
            break
        time.sleep(0.25)
    assert len(heads) == 1, "\n".join(pane.everything)
    assert sum(line.startswith("before ") for line in pane.everything) == 40, "\n".join(heads)


@pytest.mark.slow
@pytest.mark.skipif(TMUX is None, reason="needs tmux")
@pytest.mark.parametrize("above", [0, 8, 60])
def test_what_a_narrow_pane_has_pushed_off_its_top_is_erased_when_it_comes_back(
    folder: Path, above: int
) -> None:
    lines = f"seq -f 'before %g' {above}; " if above else ""
    command = f"cd {ROOT}; clear; {lines}PYTHONPATH=src {sys.executable} -m opwatch demo"
    pane = Pane(folder, command, ("80", "24"))
    pane.until("8 operations  ")
    for columns, rows in 2 * [("40", "24"), ("100", "30"), ("30", "12"), ("80", "24")]:
        pane.resize(columns, rows)
        time.sleep(0.7)
        if columns in {"80", "100"}:  # what stood there before is not broken in two
            old = ("before ", "$ ", "! 127.0.0.1:", *DEMO)
            frame = [line for line in pane.visible if line and not line.startswith(old)]
            assert frame[0].startswith("8 operations  "), "\n".join(frame)
            assert len(frame) == 9, "\n".join(frame)
    assert sum(line.startswith("before ") for line in pane.everything) == above
    assert sum(line in pane.everything for line in DEMO) == len(DEMO)
