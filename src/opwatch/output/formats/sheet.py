"""Plain tables, lists of facts and bare JSON, for the commands that only report.

Decides that a person gets aligned columns, and a program that reads a pipe
gets tabs and whole values.
"""

from __future__ import annotations

import textwrap
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, TextIO

from opwatch.output.formats.document import to_json
from opwatch.output.streams import Sink, is_terminal, width_of
from opwatch.output.text.clean import Redact, as_is, cells, cut, leading
from opwatch.output.text.styles import GAP, pad

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NARROWEST: Final = 20
"""Columns for the texts, below which lines are left for the terminal to break."""


def write_rows(
    stream: TextIO | None, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write *rows* under *headings*; on a terminal the last column is cut at its width.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream)
    shown = [[sink.show(cell, None) for cell in row] for row in (headings, *rows)]
    if not sink.isatty():
        sink.write("".join(leading("\t".join(row)) + "\n" for row in shown))
        sink.flush()
        return
    widths = [max(cells(row[index]) for row in shown) for index in range(len(headings) - 1)]
    for row in shown:
        first = GAP.join(pad(cell, room) for cell, room in zip(row, widths, strict=False))
        left = width_of(stream) - cells(first) - len(GAP)
        last = cut(row[-1], max(left, 10), ellipsis=sink.glyphs.ellipsis)
        sink.line(leading((first + GAP + last).rstrip()))


def write_facts(
    stream: TextIO | None, facts: Iterable[tuple[str, str]], redact: Redact = as_is
) -> None:
    """Write each fact as a label and its text; one without a label continues the last.

    On a terminal a long text continues under itself; a pipe gets it in one line.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream, redact=redact)
    pairs = list(facts)
    room = max((cells(label) for label, _ in pairs), default=0)
    left = width_of(stream) - room - len(GAP) if is_terminal(stream) else 0
    for label, text in pairs:
        shown = sink.show(text, None)
        lines = _folded(shown, left) if left >= NARROWEST else [shown]
        for head, line in zip(chain((label,), repeat("")), lines or [""], strict=False):
            sink.line(leading(f"{pad(head, room)}{GAP}{line}".rstrip()))


def _folded(text: str, width: int) -> list[str]:
    """Return *text* in lines of *width* characters; a URL stays whole, to be copied."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def write_json(stream: TextIO | None, value: Any) -> None:
    """Write *value* as JSON: ASCII, no NaN, indented.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream)
    sink.write(to_json(value, indent=2) + "\n")
    sink.flush()


def write_json_line(stream: TextIO | None, document: Mapping[str, Any]) -> None:
    """Write *document*, whose texts have been redacted, on one line.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    Sink(stream).line(to_json(document))
