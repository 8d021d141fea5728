"""Which display a run gets.

Decides it once, by what the stream is that will be written to: never by ``CI``
or ``FORCE_COLOR``. And decides that a display which breaks does not break the
run: the verdict is worth more than its picture.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from opwatch.domain.errors import OpwatchError, PipeClosedError
from opwatch.domain.events import Pausable
from opwatch.output.streams import Sink, can_draw, ownership_of, size_of, wants_colour
from opwatch.output.terminal.lines import Lines
from opwatch.output.terminal.quiet import Quiet
from opwatch.output.text.clean import Redact, keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import TextIO

    from opwatch.domain.events import Event, Listener
    from opwatch.domain.operation import Operation

Resume: TypeAlias = "Callable[[Sequence[Operation]], str | None]"


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
    redact: Redact = keep,
    resume: Resume | None = None,
    no_color: bool = False,
    environ: Mapping[str, str] = os.environ,
    size: Callable[[], tuple[int, int]] | None = None,
) -> AbstractContextManager[Listener]:
    """Return the renderer of *style* on *stream*; bars need a cursor that moves.

    *wall_of* turns seconds of the run's clock into an aware time, *resume* the
    unfinished operations into a command. The listener that it yields raises
    nothing but PipeClosedError.
    """
    sink = Sink(stream, redact=redact, required=False)

    def lines() -> AbstractContextManager[Listener]:
        return Lines(sink, wall_of=wall_of, resume=resume)

    match style:
        case Style.NONE:
            return _guarded(Quiet(sink, resume=resume), lines)
        case Style.AUTO | Style.BARS if can_draw(stream, environ):
            from opwatch.output.terminal.bars import Bars  # noqa: PLC0415, rich is loaded only to draw

            colour = wants_colour(stream, no_color=no_color, environ=environ)
            bars = Bars(
                sink,
                size=size or size_of(stream),
                is_ours=ownership_of(stream),
                colour=colour,
                resume=resume,
            )
            return _guarded(bars, lines)
        case Style.AUTO | Style.BARS | Style.LINES:
            return _guarded(lines(), lines)


class Guarded:
    """A listener that outlives the renderer it speaks to. *failure* is what broke that."""

    def __init__(self, tell: Listener, spare: Callable[[], Listener]) -> None:
        self._tell: Listener | None = tell
        self._spare = spare
        self.failure: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Pass *event* on, as long as there is someone to pass it to."""
        if self._tell is not None:
            self._survive(partial(self._tell, event))

    def pause(self) -> None:
        """Let the renderer give the cursor back."""
        held: object = self._tell
        if isinstance(held, Pausable):
            self._survive(held.pause)

    def resume(self) -> None:
        """Let the renderer draw again."""
        held: object = self._tell
        if isinstance(held, Pausable):
            self._survive(held.resume)

    def let_go(self) -> None:
        """Let the renderer give the cursor back, from within a signal's handler."""
        held: object = self._tell
        if isinstance(held, Pausable):
            held.let_go()

    def _survive(self, work: Callable[[], None]) -> None:
        try:
            work()
        except PipeClosedError:
            raise
        except OpwatchError as problem:
            # The stream is gone; another way to write to it would be gone as well.
            self.failure, self._tell = problem, None
        except Exception as problem:  # noqa: BLE001, a bug in a picture must not end a two-hour wait
            self.failure, self._tell = problem, self._spare()


@contextmanager
def _guarded(
    renderer: AbstractContextManager[Listener],
    spare: Callable[[], AbstractContextManager[Listener]],
) -> Iterator[Listener]:
    with ExitStack() as stack:
        held = stack.enter_context(_tidied(renderer))

        def instead() -> Listener:
            stack.close()
            return stack.enter_context(_tidied(spare()))

        yield Guarded(held, instead)


@contextmanager
def _tidied(renderer: AbstractContextManager[Listener]) -> Iterator[Listener]:
    """Hold *renderer* open; a stream that is gone, or a picture that broke, is left as it is."""
    tell = renderer.__enter__()
    try:
        yield tell
    finally:
        with suppress(Exception):
            renderer.__exit__(None, None, None)
