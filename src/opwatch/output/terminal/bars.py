"""The live display of a terminal.

Decides when to draw: only what has changed, at most ten times a second by the
run's own clock, without a thread. The size of the terminal is asked for each frame,
so that a new one shows within a tenth of a second. What is drawn is decided in
``frame`` and ``final``, how it gets on the screen in ``canvas``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opwatch.domain.events import Event, Finished, Interrupted, Started, Warned
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.canvas import Canvas
from opwatch.output.terminal.final import final_lines
from opwatch.output.terminal.frame import NOTHING, compose
from opwatch.output.terminal.hints import REPLIES, THERE_ARE_KEYS, Hint, page_lines
from opwatch.output.terminal.reflow import Reflow
from opwatch.output.terminal.renderer import Renderer
from opwatch.output.terminal.window import Window
from opwatch.output.text.clean import folded
from opwatch.output.text.sentences import warning_text
from opwatch.output.text.styles import Line, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.output.streams import Sink
    from opwatch.output.text.summary import Resume

PAUSE: Final = 0.1
"""Seconds of the run's clock between two frames, at the least."""


class Bars(Renderer):
    """A renderer that draws on the terminal *sink*; *size* returns its columns and rows.

    *is_ours* tells whether we are in the foreground; in the background nothing is
    drawn. *resume* builds the command that goes on with what is unfinished. *keys* tells
    that some are obeyed. *locate* asks tmux for the row of the cursor.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        size: Callable[[], tuple[int, int]],
        is_ours: Callable[[], bool] = lambda: True,
        colour: bool = True,
        window: Window | None = None,
        resume: Resume | None = None,
        keys: bool = False,
        locate: Callable[[], int | None] | None = None,
    ) -> None:
        self._sink = sink
        self._size = size
        self._is_ours = is_ours
        self._resume = resume
        self._aside = THERE_ARE_KEYS if keys else ""
        self._below, self._below_until = NOTHING, 0.0
        self._now = 0.0
        self._glyphs = sink.glyphs
        self._board = Board(sink.show)
        self._window = window or Window()
        reflow = None if locate is None else Reflow(locate)
        self._canvas = Canvas(sink, colour=colour, links=self._window.has_links, reflow=reflow)
        self._drawn_at = float("-inf")
        self._is_paused = False
        self._is_displaced = False

    def __call__(self, event: Event) -> None:
        """Take in *event*, and draw if it is time to."""
        self._board.take(event)
        self._now = event.at
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
        self._is_paused = True
        self._leave()

    def resume(self) -> None:
        """Draw again when it is time to, below whatever has been written meanwhile."""
        self._is_paused, self._is_displaced = False, True

    def let_go(self) -> None:
        """Give the cursor back from within a signal's handler: nothing of ours may be entered."""
        if self._canvas.is_open:
            with suppress(OSError):
                os.write(self._sink.fileno(), self._canvas.way_out.encode())

    def answer(self, hint: Hint | None) -> None:
        """Show what a key asks for: the pages to stay, all else for a while."""
        self._below = NOTHING
        pages = page_lines(self._board) if hint is Hint.PAGES else []
        if pages:
            if not self._is_paused and self._has_terminal():
                self._write_above(pages, self._now)
            return
        if hint is not None:
            self._below, seconds = REPLIES[hint]
            self._below_until = self._now + seconds
        self._draw(self._now)

    # -- drawing -----------------------------------------------------------------

    def _draw(self, at: float) -> None:
        if not self._is_paused and self._has_terminal():
            size = self._size()
            frame = self._frame(at, size)
            aside = self._window.update(self._board, at)
            self._canvas.last_words = self._window.reset
            self._canvas.draw(frame, size, aside)

    def _frame(self, at: float, size: tuple[int, int]) -> list[Line]:
        self._drawn_at = at
        below = self._below if at < self._below_until else NOTHING
        return compose(self._board, at, size, self._glyphs, aside=self._aside, below=below)

    def _write_above(self, lines: list[Line], at: float) -> None:
        size = self._size()
        self._canvas.write_above(lines, self._frame(at, size), size)

    def _has_terminal(self) -> bool:
        """Tell whether the terminal is ours to draw on, and let go of it if it no longer is."""
        if self._is_displaced:
            # We may have been stopped without notice, and the cursor moved by others.
            self._is_displaced = False
            self._canvas.forget()
        if self._is_ours():
            return True
        self._leave()
        return False

    def _leave(self) -> None:
        self._canvas.leave()
        self._canvas.last_words = ""
        self._window.forget()

    def _warn(self, event: Warned) -> None:
        """Write an oddity above the live rows."""
        text, label = warning_text(event, self._board.show), f"{self._glyphs.trouble} "
        if self._is_paused or not self._has_terminal():
            self._sink.say(text, label)
        else:
            lines = folded(text, self._size()[0], label)
            self._write_above([[(line, Tone.WARN)] for line in lines], event.at)

    def _finish(self, event: Finished) -> None:
        """Replace the live rows with the last table."""
        board = self._board
        width = self._size()[0]
        self._canvas.replace(
            final_lines(
                event, board.started_at, width, self._glyphs, board.show, resume=self._resume
            ),
            self._window.end(event, board.started_at),
        )
