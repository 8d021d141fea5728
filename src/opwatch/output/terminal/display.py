"""Which display a run gets.

Decides it once, by the stream that will be written to: never by ``CI`` or
``FORCE_COLOR``.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING

from opwatch.output.streams import Sink, can_draw, ownership_of, size_of, wants_colour
from opwatch.output.terminal.quiet import Quiet
from opwatch.output.terminal.renderer import Guard
from opwatch.output.text.clean import Redact, as_is

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import TextIO

    from opwatch.output.terminal.lines import Lines
    from opwatch.output.text.summary import Resume


class Style(StrEnum):
    """The displays to choose from (``--progress``)."""

    AUTO = "auto"
    BARS = "bars"
    LINES = "lines"
    NONE = "none"


def open_display(
    style: Style,
    stream: TextIO | None,
    *,
    wall_of: Callable[[float], datetime],
    redact: Redact = as_is,
    resume: Resume | None = None,
    no_color: bool = False,
    environ: Mapping[str, str] = os.environ,
    size: Callable[[], tuple[int, int]] | None = None,
    endings: bool = True,
    notify: bool = False,
    keys: bool = False,
) -> Guard:
    """Return the renderer of *style* on *stream*; bars need a cursor that moves.

    *wall_of* turns seconds of the run's clock into an aware time, *resume* the
    unfinished operations into a command. Without *endings* a table follows that shows
    what has failed. With *notify* a terminal is rung at the end of a long run. With *keys* it
    is shown, where there is room, that some are obeyed.
    """
    sink = Sink(stream, redact=redact, required=False)

    def lines() -> Lines:
        from opwatch.output.terminal.lines import Lines  # noqa: PLC0415, a get shows none

        return Lines(sink, wall_of=wall_of, resume=resume)

    match style:
        case Style.NONE:
            return Guard(Quiet(sink, resume=resume, endings=endings), lines)
        case Style.AUTO | Style.BARS if can_draw(stream, environ):
            from opwatch.output.terminal.bars import Bars  # noqa: PLC0415, few runs draw
            from opwatch.output.terminal.window import window_of  # noqa: PLC0415, few runs draw

            colour = wants_colour(stream, no_color=no_color, environ=environ)
            bars = Bars(
                sink,
                size=size or size_of(stream),
                is_ours=ownership_of(stream),
                colour=colour,
                window=window_of(environ, notify=notify),
                keys=keys,
                resume=resume,
            )
            return Guard(bars, lines)
        case Style.AUTO | Style.BARS | Style.LINES:
            return Guard(lines(), lines)
