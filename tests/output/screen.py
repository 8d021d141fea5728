"""A terminal that is no terminal: what a person would see of the bytes written."""

from __future__ import annotations

import io

import pyte


class Page(io.StringIO):
    """A text stream that is no terminal, and can say everything."""

    encoding = "utf-8"


class Terminal(io.StringIO):
    """A text stream that says it is a terminal, with a screen behind it."""

    encoding = "utf-8"

    def __init__(self, columns: int = 100, rows: int = 24) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self.writes = 0

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("no descriptor")

    def write(self, text: str) -> int:
        self.writes += 1
        # What the terminal driver does with a line feed (ONLCR).
        self._stream.feed(text.replace("\n", "\r\n"))
        return super().write(text)

    def size(self) -> tuple[int, int]:
        return self.screen.columns, self.screen.lines

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as tmux and xterm do: what is below the cursor makes room first.

        Neither breaks lines here, as xterm does not; a real tmux does in test_resize.
        """
        screen = self.screen
        above = max(0, screen.cursor.y - (rows - 1))
        if above:
            screen.save_cursor()
            screen.cursor_position(0, 0)
            screen.delete_lines(above)
            screen.restore_cursor()
            screen.cursor.y -= above
        for row in [row for row in screen.buffer if row >= rows]:
            del screen.buffer[row]
        for line in screen.buffer.values():
            for column in [column for column in line if column >= columns]:
                del line[column]
        screen.lines, screen.columns = rows, columns
        screen.set_margins()
        screen.cursor.x = min(screen.cursor.x, columns - 1)

    @property
    def shown(self) -> list[str]:
        """The lines of the screen down to the last that holds something."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def cursor_is_hidden(self) -> bool:
        return bool(self.screen.cursor.hidden)
