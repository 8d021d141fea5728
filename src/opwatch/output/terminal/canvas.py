"""The place on a terminal where the live lines stand, and the bytes that redraw them.

Decides that the cursor rests at the beginning of the first line between two frames. A
terminal that changes its size moves its cursor along with the text, and makes room
below it first; so whatever it made of the other lines (broken in two, cut, joined), they
begin at the cursor, and erasing from there down leaves nothing stale. No line has to be
counted, which a terminal of another kind would count differently. What has left the screen
is another matter, and counted in tmux only (``reflow``).

A frame is one write, and only lines that differ are written. It is announced as one
(https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036, mode 2026);
a terminal without that mode passes over it, as over every private mode it does not have,
so it is not asked first: its answer would be typed into somebody's standard input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.output.text.styles import Line, line_cells, painted, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.output.streams import Sink
    from opwatch.output.terminal.reflow import Reflow

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
ERASE_BELOW: Final = "\r\x1b[C\x1b[J\r\x1b[K"
"""Not from the first cell: tmux takes that for a clearing of the screen, and keeps a copy."""
ERASE_REST: Final = "\x1b[K"
NEXT_LINE: Final = "\r\n"
DOWN: Final = "\x1b[B"
IN_PLACE, BACK = "\x1b[?7l\x1b7", "\x1b8\x1b[?7h"
"""A terminal multiplexer tells of a new size a quarter of a second late. What is drawn by
the old one must not scroll the lines away: no line is wrapped, and the cursor goes down
without making room."""


class Canvas:
    """Lines that begin at the cursor of the terminal *sink*, and are redrawn in place."""

    def __init__(
        self, sink: Sink, *, colour: bool, links: bool = False, reflow: Reflow | None = None
    ) -> None:
        self._sink = sink
        self._reflow = reflow
        self._colour = colour
        self._links = links
        self.last_words = ""
        """What is written besides when the terminal is given back."""
        self._drawn: list[str] | None = None
        self._cells: list[int] = []
        """Of each line the most it has had; tmux breaks erased cells too."""
        self._size = (0, 0)

    @property
    def is_open(self) -> bool:
        """Tell whether lines are on the screen, and the cursor is hidden."""
        return self._drawn is not None

    @property
    def way_out(self) -> str:
        """What puts the cursor below the lines, and shows it."""
        return _down(len(self._drawn or ()) - 1) + NEXT_LINE + SHOW + self.last_words

    def draw(self, lines: Sequence[Line], size: tuple[int, int], aside: str = "") -> None:
        """Draw *lines* on a terminal of *size* columns and rows, in place of the last ones.

        *aside* is written too: sequences that show nothing at the cursor.
        """
        self._write([], lines, size, aside)

    def write_above(
        self, text: Sequence[Line], lines: Sequence[Line], size: tuple[int, int]
    ) -> None:
        """Write *text* where the lines stand, to stay there, and *lines* below it."""
        self._write(text, lines, size)

    def _write(
        self, text: Sequence[Line], lines: Sequence[Line], size: tuple[int, int], aside: str = ""
    ) -> None:
        drawn = [self._paint(line) for line in lines]
        before = self._drawn or []
        old = self._old_rows(size)
        if text or size != self._size or len(drawn) > len(before):
            before = []
        elif drawn == before:
            if aside:
                self._sink.write(aside)
                self._sink.flush()
            return
        parts = [BEGIN, aside]
        if not before:
            room = len(drawn) - 1
            above = "".join(self._paint(line) + NEXT_LINE for line in text)
            parts += [HIDE, _up(old), ERASE_BELOW, above, NEXT_LINE * room, _up(room)]
        parts.append(IN_PLACE)
        for index, line in enumerate(drawn):
            parts.append("\r" + DOWN if index else "\r")
            if [line] != before[index : index + 1]:
                parts.append(line)
                # Behind a line that ends at the edge, its last character would be erased.
                parts.append(ERASE_REST if _ends_inside(lines[index], size) else "")
        if len(before) > len(drawn):
            parts.append(DOWN + ERASE_BELOW)
        parts += [BACK, END]
        cells = [line_cells(trimmed(line)) for line in lines]
        self._cells = list(map(max, cells, self._cells)) if before else cells
        if self._reflow is not None and not before:
            if text:
                self._reflow.written([line_cells(trimmed(line)) for line in text])
            self._reflow.drawn(len(drawn))
        self._drawn, self._size = drawn, size  # whatever of it arrives hides the cursor
        self._sink.write("".join(parts))
        self._sink.flush()

    def _old_rows(self, size: tuple[int, int]) -> int:
        """Return how many rows above the cursor hold old lines, if the size is a new one."""
        if self._reflow is None or size == self._size:
            return 0
        return self._reflow.resized(self._cells, size)

    def leave(self) -> None:
        """Put the cursor below the lines, which stay."""
        if self._drawn is not None:
            self._close(self.way_out)

    def replace(self, lines: Sequence[Line], aside: str = "") -> None:
        """Put *lines* in the place of those drawn, to stay, and the cursor below them."""
        text = "".join(self._paint(line) + NEXT_LINE for line in lines) + self.last_words + aside
        self._close(text if self._drawn is None else BEGIN + ERASE_BELOW + text + SHOW + END)

    def forget(self) -> None:
        """Begin anew below the cursor, which somebody else has moved."""
        if self._drawn is not None:
            self._drawn, self._size = None, (0, 0)
            if self._reflow is not None:
                self._reflow.forget()
            self._sink.write(NEXT_LINE)

    def _close(self, text: str) -> None:
        was_open, self._drawn = self.is_open, None
        try:
            self._sink.write(text)
            self._sink.flush()
        except Exception:
            if was_open:
                self._sink.write(SHOW + self.last_words)  # the trouble may have passed
            raise

    def _paint(self, line: Line) -> str:
        return painted(line, colour=self._colour, links=self._links)


def _ends_inside(line: Line, size: tuple[int, int]) -> bool:
    return line_cells(trimmed(line)) < size[0]


def _up(lines: int) -> str:
    return f"\x1b[{lines}A" if lines > 0 else ""


def _down(lines: int) -> str:
    return f"\x1b[{lines}B" if lines > 0 else ""
