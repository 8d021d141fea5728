"""What all displays have in common: how they are opened, fed, interrupted and closed.

Decides that a display which breaks does not break the run: the verdict is worth
more than its picture.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from opwatch.domain.errors import OpwatchError, PipeClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.domain.events import Event
    from opwatch.output.terminal.hints import Hint


class Renderer:
    """A listener that shows a run: nothing of it, unless it is one of those derived from it.

    As a context manager, it yields itself and is closed.
    """

    def __call__(self, event: Event) -> None:
        """Show *event*.

        Raises:
            PipeClosedError, UnwritableError: the stream cannot be written.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the stream as it should be found; whole, flushed lines need nothing."""

    def pause(self) -> None:
        """Give the cursor back, because the process is about to be stopped."""

    def resume(self) -> None:
        """Draw again when it is time to, below whatever has been written meanwhile."""

    def let_go(self) -> None:
        """Give the cursor back from within a signal's handler."""

    def answer(self, hint: Hint | None) -> None:
        """Show what a key asks for; None lets the last of it go."""


class Guard(Renderer):
    """A renderer that outlives the one it passes events to, and raises only PipeClosedError.

    When that breaks, *failure* is why, and *fallback* makes the one that goes on. When its
    stream has gone, none does: another way to write to it would fail as well.
    """

    def __init__(self, renderer: Renderer, fallback: Callable[[], Renderer]) -> None:
        self._renderer = renderer
        self._fallback = fallback
        self.failure: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Pass *event* on, if a renderer is left."""
        self._survive(partial(self._renderer, event))

    def close(self) -> None:
        """Close the renderer; one that has broken is left as it is."""
        with suppress(Exception):
            self._renderer.close()

    def pause(self) -> None:
        """Let the renderer give the cursor back."""
        self._survive(self._renderer.pause)

    def resume(self) -> None:
        """Let the renderer draw again."""
        self._survive(self._renderer.resume)

    def let_go(self) -> None:
        """Let the renderer give the cursor back; nothing else of ours may be entered here."""
        self._renderer.let_go()

    def answer(self, hint: Hint | None) -> None:
        """Let the renderer show what a key asks for."""
        self._survive(partial(self._renderer.answer, hint))

    def _survive(self, work: Callable[[], None]) -> None:
        try:
            work()
        except PipeClosedError:
            raise
        except OpwatchError as problem:
            self._replace(problem, Renderer())
        except Exception as problem:  # noqa: BLE001, a bug in a picture must not end a two-hour wait
            self._replace(problem, self._fallback())

    def _replace(self, failure: Exception, renderer: Renderer) -> None:
        self.close()
        self.failure, self._renderer = failure, renderer
