"""What the keys of a live display are answered with: a line below the rows, or pages above them.

Decides the words, for how long they stand, and whose pages are worth a line.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from opwatch.output.terminal.board import TROUBLED, Board
from opwatch.output.terminal.rows import Note
from opwatch.output.text.styles import GAP, Line, Link, Tone, page_of

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_PAGES: Final = 3
THERE_ARE_KEYS: Final = "? keys"


class Hint(Enum):
    """What a key asks the display for."""

    KEYS = "keys"
    LOOKING = "looking"
    PAGES = "pages"


REPLIES: Final[Mapping[Hint, tuple[Note, float]]] = {
    Hint.KEYS: (
        Note(
            (
                ("r look now", "o show the page", "q detach: the operations go on", "? help"),
                ("r look now", "o show the page", "q detach", "? help"),
                ("r look now", "o show the page", "q detach"),
                ("r look", "o page", "q detach"),
            )
        ),
        10.0,
    ),
    Hint.LOOKING: (
        Note((("looking now", "pauses that the API asks for are kept"), ("looking now",))),
        3.0,
    ),
    Hint.PAGES: (
        Note((("the API names no page of these operations",), ("no page is named",))),
        5.0,
    ),
}
"""What stands below the rows, and for how many seconds; of pages only where there are none."""


def page_lines(board: Board) -> list[Line]:
    """Return a line for each page of those in trouble, else one for the page of the first."""
    found: list[Line] = []
    for rank, operation in board.ranked():
        page = page_of(operation, board.show)
        if page and (not found or rank <= TROUBLED):
            found.append([(board.names.of(operation) + GAP, Tone.PLAIN), (page, Link(page))])
        if len(found) >= MOST_PAGES or (found and rank > TROUBLED):
            break
    return found
