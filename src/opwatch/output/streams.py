"""Where output goes, and what it means when it cannot.

Decides that a reader who left is ``PipeClosedError``, that every other failed
write is ``UnwritableError``, and that no encoding makes us fail.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.outcome import Abort
from opwatch.output.text.clean import Redact, Show, as_is, folded
from opwatch.output.text.styles import Glyphs, glyphs_for
from opwatch.output.text.words import CAUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Windows reports "invalid argument" for a pipe whose reader has left.
_LEFT: Final = frozenset(
    {errno.EPIPE, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
)
# What else a write may fail with: no room, or nothing at the other end.
OF_WRITING: Final = _LEFT | {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EBADF", "ENXIO")
    if hasattr(errno, name)
}
FALLBACK_SIZE: Final = (80, 24)

# Our own punctuation, for streams that cannot encode it; remote text may share it.
_TYPEWRITER: Final = str.maketrans(
    {"“": '"', "”": '"', "…": "...", "·": "-", "×": "x", "–": "-", "⏎": "/"}  # noqa: RUF001, exactly these
)


class Sink:
    """A text stream that is written to whole lines at a time, and flushed.

    *stream* is None when the process was started without it. Unless the output
    is *required*, nothing is written then.

    Raises, from every method that writes:
        PipeClosedError: the reader has closed the pipe.
        UnwritableError: the stream is closed, or its disk is full.
    """

    def __init__(
        self, stream: TextIO | None, *, redact: Redact = as_is, required: bool = True
    ) -> None:
        self._stream = stream
        self._redact = redact
        self._required = required

    @property
    def encoding(self) -> str:
        """The encoding of the stream, ASCII when it names none."""
        return getattr(self._stream, "encoding", None) or "ascii"

    @property
    def glyphs(self) -> Glyphs:
        """The signs that the stream can encode."""
        return glyphs_for(self.encoding)

    @property
    def show(self) -> Show:
        """How remote text is shown on this stream."""
        return Show(self._redact, self.encoding, self.glyphs.ellipsis)

    def isatty(self) -> bool:
        """Tell whether a terminal is at the other end."""
        return is_terminal(self._stream)

    def fileno(self) -> int:
        """Return the stream's file descriptor.

        Raises:
            OSError: it has none.
        """
        if self._stream is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write *text*, escaping what the stream cannot encode."""
        if self._stream is None and not self._required:
            return len(text)
        safe = self._redact(text)
        with _failures():
            if self._stream is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._stream.write(encodable(safe, self.encoding))
        return len(text)

    def flush(self) -> None:
        """Hand everything written to the operating system."""
        if self._stream is not None:
            with _failures():
                self._stream.flush()

    def line(self, text: str) -> None:
        """Write *text* as one line, and flush."""
        self.write(text + "\n")
        self.flush()

    def say(self, text: str, label: str = "opwatch: ") -> None:
        """Write *label* and *text*, a sentence of ours; a terminal's is broken between words."""
        if self.isatty():
            # Masked first: a secret that is broken in two would not be found.
            for line in folded(self._redact(text), width_of(self._stream), label):
                self.line(line)
        else:
            self.line(label + text)


def encodable(text: str, encoding: str) -> str:
    """Return *text* in what *encoding* has: plain punctuation, then escapes."""
    if text.isascii():
        return text
    if not encoding.lower().startswith("utf"):
        text = text.translate(_TYPEWRITER)
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise write_failure(problem) from problem
    except MemoryError as problem:
        raise UnwritableError("cannot write output: out of memory") from problem
    except ValueError as problem:
        # This is how Python reports a file object that has been closed.
        raise UnwritableError("cannot write output: the stream is closed") from problem


def write_failure(problem: OSError) -> PipeClosedError | UnwritableError:
    """Return our error for *problem*, met in writing to a stream."""
    if isinstance(problem, BrokenPipeError) or problem.errno in _LEFT:
        return PipeClosedError(CAUSES[Abort.PIPE_CLOSED])
    return UnwritableError(f"cannot write output: {problem.strerror or type(problem).__name__}")


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether *stream* is a terminal; a closed one is not."""
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):
        return False


def is_pipe(stream: TextIO | None) -> bool:
    """Tell whether *stream* leads to a program, by a pipe or a socket."""
    try:
        mode = os.fstat(stream.fileno()).st_mode if stream is not None else 0
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def can_draw(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Tell whether *stream* is a terminal on which a cursor can be moved."""
    if not is_terminal(stream) or environ.get("TERM", "").lower() in {"dumb", "unknown"}:
        return False
    return _obeys_sequences(stream)


def _obeys_sequences(stream: TextIO | None) -> bool:
    """Tell whether the terminal *stream* obeys escape sequences; a Windows console is asked to.

    https://learn.microsoft.com/windows/console/setconsolemode (not tested: needs Windows)
    """
    if sys.platform == "win32" and stream is not None:
        import ctypes  # noqa: PLC0415, of Windows only
        import msvcrt  # noqa: PLC0415, of Windows only

        console = ctypes.windll.kernel32
        mode = ctypes.c_ulong()
        handle = msvcrt.get_osfhandle(stream.fileno())
        return bool(
            console.GetConsoleMode(handle, ctypes.byref(mode))
            and console.SetConsoleMode(handle, mode.value | 0x0004)
        )
    return stream is not None


def wants_colour(
    stream: TextIO | None, *, no_color: bool = False, environ: Mapping[str, str] = os.environ
) -> bool:
    """Tell whether colour is welcome on *stream* (https://no-color.org)."""
    return can_draw(stream, environ) and not no_color and not environ.get("NO_COLOR")


def ownership_of(stream: TextIO | None) -> Callable[[], bool]:
    """Return a function that tells whether we are in the foreground of the terminal *stream*."""

    def is_ours() -> bool:
        try:
            return stream is None or os.tcgetpgrp(stream.fileno()) == os.getpgrp()
        except (OSError, ValueError, AttributeError):
            # Not the terminal that controls us, or a system without job control.
            return True

    return is_ours


def size_of(stream: TextIO | None) -> Callable[[], tuple[int, int]]:
    """Return a function that returns the columns and rows of the terminal *stream* is."""

    def size() -> tuple[int, int]:
        try:
            found = os.get_terminal_size(stream.fileno() if stream is not None else -1)
        except (OSError, ValueError):
            return FALLBACK_SIZE
        # A terminal that does not know its size reports zero.
        return found.columns or FALLBACK_SIZE[0], found.lines or FALLBACK_SIZE[1]

    return size


def width_of(stream: TextIO | None) -> int:
    """Return the columns of the terminal *stream* is, 80 where there is none."""
    return size_of(stream)()[0]
