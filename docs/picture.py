"""Pictures of the live display for the documentation.

Decides that a picture comes from the real renderer, and that the same events
give the same bytes: no font is fetched, no id is random.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from opwatch.domain.events import Event, Finished
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.final import final_lines
from opwatch.output.terminal.frame import compose
from opwatch.output.text.styles import UNICODE, painted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opwatch.output.text.styles import Line

# rich's own format without the fonts that it would fetch from elsewhere.
SVG: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
  font-variant-east-asian: full-width;
}}
.{unique_id}-title {{
  font-size: 18px;
  font-weight: bold;
  font-family: sans-serif;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def picture(
    events: Iterable[Event],
    *,
    columns: int = 100,
    rows: int = 24,
    title: str = "opwatch wait",
) -> str:
    """Return an SVG of the display after *events*, as a terminal of that size shows it."""
    board = Board()
    lines: list[Line] = []
    for event in events:
        board.take(event)
        if isinstance(event, Finished):
            lines = final_lines(event, board.started_at, columns, UNICODE, board.show)
        else:
            lines = compose(board, event.at, (columns, rows), UNICODE)
    return svg(lines, columns=columns, title=title)


def svg(lines: Iterable[Line], *, columns: int, title: str) -> str:
    """Return an SVG of *lines* in a window with *title*."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=columns,
        force_terminal=True,
        color_system="standard",
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    for line in lines:
        console.print(Text.from_ansi(painted(line)), soft_wrap=True)
    return console.export_svg(
        title=title, theme=MONOKAI, code_format=SVG, unique_id="opwatch", font_aspect_ratio=0.61
    )
