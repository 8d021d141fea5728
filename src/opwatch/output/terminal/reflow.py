"""What a tmux that has become narrower puts into its history, to be taken back from there.

Decides how many rows above the cursor are old ones of ours. tmux breaks the lines that have
become too long, and moves as many rows off the top as that makes, although the screen is empty
below (``screen_resize_cursor`` and ``grid_reflow`` of its source): of a frame that stands near
the top, the head goes into the history, where nobody can erase it. When the pane grows, it
comes back above the cursor, and is erased then. How much there is follows from the widths of
our lines and from the row at which they began; the terminal is asked for that row (DSR 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Reflow:
    """Where our lines begin on a tmux pane, and the cells of those of our lines above them.

    *locate* asks for the row of the cursor, from 1; None is no answer.
    """

    def __init__(self, locate: Callable[[], int | None]) -> None:
        self._locate = locate
        self._size = (0, 0)
        self._row = 0
        """0 where it is not known."""
        self._above: list[int] = []

    def resized(self, cells: Sequence[int], size: tuple[int, int]) -> int:
        """Return how many rows above the cursor are old ones, of lines of *cells*, at *size*."""
        before, self._row = self._row, self._locate() or 0
        was, self._size = self._size, size
        if not self._row:
            self.forget()
            return 0
        if before and self._row == 1 and size[0] < was[0]:
            self._lose(cells, min(before + max(0, size[1] - was[1]), size[1]))
        hidden = self._rows(self._above)
        visible = min(hidden, self._row - 1)
        self._above = self._first(hidden - visible, self._above)
        self._row -= visible
        return visible

    def drawn(self, rows: int) -> None:
        """Take in that *rows* were made room for from the cursor's row on."""
        self._row = min(self._row, max(1, self._size[1] - rows + 1))

    def written(self, cells: Sequence[int]) -> None:
        """Take in that lines of *cells* were written above ours, to stay."""
        self._row, self._above = self._row and self._row + self._rows(cells), []

    def forget(self) -> None:
        """Take in that others' lines stand above, and that the cursor has moved."""
        self._row, self._above = 0, []

    def _lose(self, cells: Sequence[int], row: int) -> None:
        """Take in what has gone of lines of *cells* that stood at *row* of the new height."""
        ours = cells[: self._size[1] - row + 1]
        gone = self._rows(ours) - len(ours) - (row - 1)
        self._above += self._first(gone, ours)

    def _first(self, rows: int, lines: Sequence[int]) -> list[int]:
        """Return those of *lines* that fill the first *rows*.

        Of one that is torn in two, the rest is erased, and with it what made them one line.
        """
        width, first = self._size[0], []
        for each in lines:
            if rows <= 0:
                break
            first.append(min(each, rows * width))
            rows -= self._rows([each])
        return first

    def _rows(self, lines: Sequence[int]) -> int:
        return sum(max(1, -(-each // self._size[0])) for each in lines)
