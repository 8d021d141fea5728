"""Which display a run gets, and that of ``--quiet``: nothing but what went wrong.

Decides it once, by the stream that will be written to: never by ``CI`` or
``FORCE_COLOR``. And that an ending which is not a success is worth a line even where
nothing else is, and so is what to do about it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opwatch.domain.events import Ended, Event, Finished, Started
from opwatch.domain.outcome import Abort
from opwatch.output.streams import Sink, can_draw, ownership_of, size_of, wants_colour
from opwatch.output.terminal import Style
from opwatch.output.terminal.renderer import Guard, Renderer
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.names import Names
from opwatch.output.text.sentences import ended_badly, ending_sentence
from opwatch.output.text.styles import painted
from opwatch.output.text.summary import Resume, next_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import TextIO

    from opwatch.domain.operation import Operation
    from opwatch.output.terminal.lines import Lines


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
    advises: bool = True,
    notify: bool = False,
    keys: bool = False,
    locate: Callable[[], int | None] | None = None,
) -> Guard:
    """Return the renderer of *style* on *stream*; bars need a cursor that moves.

    *wall_of* turns seconds of the run's clock into an aware time, *resume* the
    unfinished operations into a command. Without *endings* a table follows that shows
    what has failed; unless it *advises*, what to do about it does. With *notify* a
    terminal is rung at the end of a long run. With *keys* it is shown, where there is room, that
    some are obeyed. *locate* asks tmux for the row of the cursor.
    """
    sink = Sink(stream, redact=redact, required=False)

    def lines() -> Lines:
        from opwatch.output.terminal.lines import Lines  # noqa: PLC0415, a get shows none

        return Lines(sink, wall_of=wall_of, resume=resume)

    match style:
        case Style.NONE:
            return Guard(Quiet(sink, resume, advises=advises) if endings else Renderer(), lines)
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
                locate=locate,
                resume=resume,
            )
            return Guard(bars, lines)
        case Style.AUTO | Style.BARS | Style.LINES:
            return Guard(lines(), lines)


class Quiet(Renderer):
    """A renderer that writes bad endings to *sink*, and unless told not to what to do then."""

    def __init__(self, sink: Sink, resume: Resume | None = None, *, advises: bool = True) -> None:
        self._sink = sink
        self._advises = advises
        self._resume = resume
        self._names = Names(sink.show)

    def __call__(self, event: Event) -> None:
        """Write *event* if it is a bad ending."""
        match event:
            case Started(operations=operations):
                self._names = Names(self._sink.show, operations)
            case Ended(operation=operation) if ended_badly(operation):
                name = self._names.of(operation)
                self._sink.say(ending_sentence(operation, self._sink.show, name=name))
            case Finished(verdict=verdict) if self._advises:
                # A reader who closed the pipe wants no more lines.
                if verdict.cause is not Abort.PIPE_CLOSED:
                    _advise(self._sink, event.operations, self._resume)
            case _:
                pass


def write_advice(
    stream: TextIO | None, operations: Sequence[Operation], *, redact: Redact, colour: bool
) -> None:
    """Write below a table what to do about *operations*, at a terminal as at the end of a wait."""
    sink = Sink(stream, redact=redact, required=False)
    if not sink.isatty():
        _advise(sink, operations)
        return
    from opwatch.output.terminal.final import step_lines  # noqa: PLC0415, few tables need it

    steps = next_steps(operations, sink.show)
    for line in step_lines(steps, size_of(stream)()[0]):
        sink.line(painted(line, colour=colour))


def _advise(sink: Sink, operations: Sequence[Operation], resume: Resume | None = None) -> None:
    for label, text in next_steps(operations, sink.show, resume):
        sink.say(text, f"opwatch: {label}: ")
