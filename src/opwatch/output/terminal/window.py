"""What a long run tells the window around the terminal: title, taskbar, notification.

Decides that a run has to take ten seconds to be worth it, that only our own words and
numbers are in it, never a text of an API, and that all of it is taken back at the end.
The taskbar's sequence is sent only to terminals that are known to have it: others show
it as a notification.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opwatch.output.text.summary import counted, exit_text
from opwatch.output.text.words import NO_SUCCESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.events import Finished
    from opwatch.output.terminal.board import Board

LONG: Final = 10.0
"""Seconds from which on a run is worth a title."""
BELL: Final = "\a"
END: Final = "\x1b\\"
KEEP_TITLE, GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
NO_PROGRESS: Final = f"\x1b]9;4;0;{END}"
NORMAL, ERROR, BUSY = 1, 2, 3
WHOLE: Final = 100
MODERN_VTE: Final = 7900
"""VTE 0.79, the first with a progress."""


@dataclass(slots=True)
class Window:
    """The window around a terminal, by what it has; *notify* rings at the end."""

    has_links: bool = False
    has_title: bool = False
    has_taskbar: bool = False
    notify: bool = False
    _shown: tuple[str, str] | None = field(default=None, init=False)

    @property
    def reset(self) -> str:
        """What takes all of it back, if anything was told."""
        if self._shown is None:
            return ""
        title = GIVE_TITLE_BACK if self.has_title else ""
        return title + (NO_PROGRESS if self.has_taskbar else "")

    def forget(self) -> None:
        """Take in that all of it was taken back."""
        self._shown = None

    def update(self, board: Board, at: float) -> str:
        """Return what tells how far *board* is at *at*, if it is late enough and news."""
        if at - board.started_at < LONG or not (self.has_title or self.has_taskbar):
            return ""
        title, taskbar = _title(board), _taskbar(board)
        before, self._shown = self._shown, (title, taskbar)
        told = KEEP_TITLE if before is None and self.has_title else ""
        if self.has_title and (before is None or before[0] != title):
            told += f"\x1b]2;{title}{END}"
        if self.has_taskbar and (before is None or before[1] != taskbar):
            told += f"\x1b]9;4;{taskbar}{END}"
        return told

    def end(self, event: Finished, started_at: float) -> str:
        """Return what rings, if that is wanted and the run was long."""
        if not self.notify or event.at - started_at < LONG:
            return ""
        words = ", ".join(counted(Counter(each.counted_as for each in event.operations)))
        return f"\x1b]9;opwatch: {words}; {exit_text(event.verdict)}{END}{BELL}"


def _title(board: Board) -> str:
    bad = sum(board.counts[each] for each in NO_SUCCESS)
    failed = f", {bad:,} not succeeded" if bad else ""
    return f"opwatch {board.done:,}/{len(board):,} done{failed}"


def _taskbar(board: Board) -> str:
    """Return state and percentage: of one operation its own, of several those that are over."""
    bad = any(board.counts[each] for each in NO_SUCCESS)
    percent = board.done / max(1, len(board)) * WHOLE
    if len(board) == 1 and board.progress is not None:
        percent = board.progress
    state = ERROR if bad else NORMAL if percent else BUSY
    return f"{state};{int(percent)}"


def window_of(environ: Mapping[str, str], *, notify: bool = False) -> Window:
    """Return the window of the terminal that *environ* describes.

    https://learn.microsoft.com/windows/terminal/tutorials/progress-bar-sequences
    https://doc.rust-lang.org/cargo/reference/config.html#termprogressterm-integration
    """
    is_plain = environ.get("TERM", "") in {"linux", "vt100", "vt220"}
    within = "TMUX" in environ or environ.get("TERM", "").startswith(("screen", "tmux"))
    vte = environ.get("VTE_VERSION", "")
    has_taskbar = not within and (
        "WT_SESSION" in environ
        or environ.get("ConEmuANSI") == "ON"
        or environ.get("TERM_PROGRAM") in {"WezTerm", "ghostty"}
        or (vte.isascii() and vte.isdigit() and int(vte[:9]) >= MODERN_VTE)
    )
    return Window(not is_plain, not is_plain, has_taskbar, notify)
