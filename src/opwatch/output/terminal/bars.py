"""The live display of a terminal.

Decides when to draw: only what has changed, at most ten times a second by the
run's own clock, without a thread. What is drawn is decided in ``frame`` and
``final``; rich's Live puts it on the screen and takes it away again.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment, Segments
from rich.style import Style
from rich.text import Text

from opwatch.domain.events import Event, Finished, Interrupted, Started, Warned
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.final import final_lines
from opwatch.output.terminal.frame import compose
from opwatch.output.terminal.renderer import Renderer
from opwatch.output.text.sentences import warning_text
from opwatch.output.text.styles import Line, Tone, line_cells, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opwatch.output.streams import Sink
    from opwatch.output.text.summary import Resume

SHOW_CURSOR: Final = b"\x1b[?25h\n"
PAUSE: Final = 0.1
"""Seconds of the run's clock between two frames, at the least."""

STYLES: Final[Mapping[Tone, str]] = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.BAD: "red",
    Tone.WARN: "yellow",
    Tone.BUSY: "cyan",
}


def rich_text(line: Line) -> Text:
    """Return *line* as rich's text: never markup, never wrapped."""
    parts = [(text, STYLES[tone]) for text, tone in trimmed(line)]
    return Text.assemble(*parts, no_wrap=True, overflow="ignore")


class Bars(Renderer):
    """A renderer that draws on the terminal *sink*; *size* returns its columns and rows.

    *is_ours* tells whether we are in the foreground; in the background nothing is
    drawn. *resume* builds the command that goes on with what is unfinished.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        size: Callable[[], tuple[int, int]],
        is_ours: Callable[[], bool] = lambda: True,
        colour: bool = True,
        resume: Resume | None = None,
    ) -> None:
        self._sink = sink
        self._size = size
        self._is_ours = is_ours
        self._resume = resume
        self._glyphs = sink.glyphs
        self._board = Board(sink.show)
        self._console = console_on(sink, colour=colour)
        self._live: Live | None = None
        self._frame: list[Line] = []
        self._drawn_at = float("-inf")
        self._drawn_on = (0, 0)
        self._paused = False
        self._is_displaced = False

    def __call__(self, event: Event) -> None:
        """Take in *event*, and draw if it is time to."""
        self._board.take(event)
        match event:
            case Finished():
                self._finish(event)
            case Warned():
                self._warn(event)
            case Started() | Interrupted():
                self._draw(event.at)
            case _ if event.at - self._drawn_at >= PAUSE:
                self._draw(event.at)
            case _:
                pass

    def close(self) -> None:
        """Leave the last frame where it is, and give the cursor back."""
        self._leave()

    def pause(self) -> None:
        """Give the cursor back, because the process is about to be stopped."""
        self._paused = True
        self._leave()

    def resume(self) -> None:
        """Draw again when it is time to, below whatever has been written meanwhile."""
        self._paused, self._is_displaced = False, True

    def let_go(self) -> None:
        """Give the cursor back from within a signal's handler: nothing of ours may be entered."""
        if self._live is not None:
            with suppress(OSError):
                os.write(self._sink.fileno(), SHOW_CURSOR)

    # -- drawing -----------------------------------------------------------------

    def _draw(self, at: float) -> None:
        if self._paused or not self._has_terminal():
            return
        size = self._size()
        frame = compose(self._board, at, size, self._glyphs)
        self._drawn_at = at
        if self._live is not None and frame == self._frame and size == self._drawn_on:
            return
        with self._console:
            self._console.size = size
            self._rewind(size[0])
            self._frame, self._drawn_on = frame, size
            self._started().refresh()

    def _has_terminal(self) -> bool:
        """Tell whether the terminal is ours to draw on, and let go of it if it no longer is."""
        if self._is_displaced:
            self._is_displaced = False
            if self._live is not None:
                # We were stopped without notice. What stands above the cursor now may not be
                # ours, and Live is going to erase as many lines as it drew.
                self._sink.write("\n" * len(self._frame))
                self._console.control(Control.show_cursor(show=False))
                self._drawn_on = (0, 0)
        if self._is_ours():
            return True
        self._leave()
        return False

    def _started(self) -> Live:
        if self._live is None:
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
                get_renderable=self._renderable,
            )
            self._live.start()
        return self._live

    def _renderable(self) -> Segments:
        # Ready pieces: rich would look for places to break in every line of every frame.
        return Segments(
            [
                Segment(text, Style.parse(STYLES[tone])) if text else Segment.line()
                for line in self._frame
                for text, tone in (*trimmed(line), ("", Tone.PLAIN))
            ]
        )

    def _rewind(self, width: int) -> None:
        """Go up over the lines that a narrower terminal has broken in two.

        Live goes up as many lines as it has drawn; the terminal may have made more.
        """
        if self._live is None or width >= self._drawn_on[0]:
            return
        extra = sum(max(0, line_cells(line) - 1) // max(1, width) for line in self._frame)
        one_up = ((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))
        self._console.control(Control((ControlType.ERASE_IN_LINE, 2), *(one_up * extra)))

    def _warn(self, event: Warned) -> None:
        """Write an oddity above the live rows."""
        text = f"{self._glyphs.trouble} {warning_text(event, self._board.show)}"
        with self._console:
            self._console.print(rich_text([(text, Tone.WARN)]), soft_wrap=True)
            self._draw(event.at)

    # -- the end -----------------------------------------------------------------

    def _leave(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            with self._giving_back():
                live.stop()

    @contextmanager
    def _giving_back(self) -> Iterator[None]:
        """Give the cursor back once more if that failed: the trouble may have passed."""
        try:
            yield
        except Exception:
            self._sink.write(SHOW_CURSOR.decode())
            raise

    def _finish(self, event: Finished) -> None:
        """Replace the live rows with the last table."""
        width = self._size()[0]
        board = self._board
        lines = final_lines(
            event, board.started_at, width, self._glyphs, board.show, resume=self._resume
        )
        with self._giving_back(), self._console:
            if self._live is not None:
                self._rewind(width)
                self._live.transient = True
                self._leave()
            for line in lines:
                self._console.print(rich_text(line), soft_wrap=True)


def console_on(sink: Sink, *, colour: bool) -> Console:
    """Return a rich console that writes to *sink* and guesses nothing from the environment."""
    return Console(
        file=sink,  # type: ignore[arg-type]  # it has what rich asks of a file
        force_terminal=True,
        force_interactive=True,
        color_system="standard" if colour else None,
        no_color=not colour,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
