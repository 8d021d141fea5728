import errno
import io
import os
from pathlib import Path

import pytest

from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.output.streams import Sink, can_draw, is_terminal, size_of, wants_colour
from opwatch.output.text.styles import ASCII, UNICODE, glyphs_for
from output.screen import Terminal


class Broken(io.StringIO):
    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem

    def write(self, _text: str) -> int:
        raise self.problem


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "utf-16", "gb18030"])
def test_no_encoding_makes_a_write_fail(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    Sink(stream).line("✓ naïve “中” … \u00d7 \ud800")
    assert raw.getvalue()


def test_a_stream_that_cannot_say_them_gets_typewriter_quotes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Sink(stream).line("“no” \u00d7 2 \u2013 中")
    assert raw.getvalue() == b'"no" x 2 - \\u4e2d\n'


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [
        ("utf-8", UNICODE),
        ("UTF-16", UNICODE),
        ("ascii", ASCII),
        ("latin-1", ASCII),
        ("cp1252", ASCII),
        ("cp437", ASCII),
        ("no-such-thing", ASCII),
    ],
)
def test_the_glyphs_are_those_that_the_encoding_can_say(encoding: str, glyphs: object) -> None:
    assert glyphs_for(encoding) is glyphs


def test_a_reader_who_left_is_distinguished_from_a_full_disk() -> None:
    with pytest.raises(PipeClosedError):
        Sink(Broken(BrokenPipeError())).line("x")
    with pytest.raises(UnwritableError, match="No space left on device"):
        Sink(Broken(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))).line("x")
    with pytest.raises(UnwritableError, match="Input/output error"):
        Sink(Broken(OSError(errno.EIO, os.strerror(errno.EIO)))).line("x")


def test_a_real_pipe_without_a_reader_is_a_closed_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        with pytest.raises(PipeClosedError):
            Sink(stream).line("x")
        # Else closing would complain again of what is still in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_device_is_unwritable() -> None:
    stream = Path("/dev/full").open("w")  # noqa: SIM115, closing it fails as well
    with pytest.raises(UnwritableError, match="No space left on device"):
        Sink(stream).line("x")
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    stream.close()


def test_a_closed_stream_is_unwritable_unless_nobody_needs_it() -> None:
    closed = io.StringIO()
    closed.close()
    with pytest.raises(UnwritableError):
        Sink(closed).line("x")
    with pytest.raises(UnwritableError):
        Sink(None).line("x")
    Sink(None, required=False).line("x")


def test_a_sink_masks_secrets() -> None:
    stream = io.StringIO()
    Sink(stream, redact=lambda text: text.replace("canary", "***")).line("a canary sings")
    assert stream.getvalue() == "a *** sings\n"


def test_only_a_terminal_whose_cursor_moves_is_drawn_on() -> None:
    assert can_draw(Terminal(), {"TERM": "xterm"})
    assert can_draw(Terminal(), {"TERM": "xterm", "CI": "true"})
    assert not can_draw(Terminal(), {"TERM": "dumb"})
    assert not can_draw(io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"})
    assert not can_draw(None, {})


def test_colour_is_for_terminals_that_want_it() -> None:
    assert wants_colour(Terminal(), environ={"TERM": "xterm"})
    assert wants_colour(Terminal(), environ={"NO_COLOR": ""})
    assert not wants_colour(Terminal(), environ={"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), no_color=True, environ={})
    assert not wants_colour(io.StringIO(), environ={"FORCE_COLOR": "1"})


def test_a_stream_without_a_size_has_the_usual_one() -> None:
    assert size_of(io.StringIO())() == (80, 24)
    assert size_of(None)() == (80, 24)


def test_a_closed_stream_is_not_a_terminal() -> None:
    closed = Terminal()
    io.StringIO.close(closed)
    assert is_terminal(None) is False
