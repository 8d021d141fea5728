"""Plain tables, lists of facts and bare JSON, for the commands that only tell.

Decides that a person gets aligned columns, and a program that reads a pipe
gets tabs and whole values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from opwatch.output.clean import Redact, cells, cut, keep, leading
from opwatch.output.document import encoded
from opwatch.output.paint import pad
from opwatch.output.streams import Sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP = "  "


def write_rows(
    stream: TextIO | None,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    terminal: bool,
    width: int = 80,
) -> None:
    """Write *rows* under *headings*; the last column is cut at *width* on a terminal.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream)
    shown = [[sink.show(cell, None) for cell in row] for row in (headings, *rows)]
    if not terminal:
        sink.write("".join(leading("\t".join(row)) + "\n" for row in shown))
        sink.flush()
        return
    widths = [max(cells(row[index]) for row in shown) for index in range(len(headings) - 1)]
    for row in shown:
        first = GAP.join(pad(cell, room) for cell, room in zip(row, widths, strict=False))
        left = width - cells(first) - len(GAP)
        last = cut(row[-1], max(left, 10), ellipsis=sink.glyphs.ellipsis)
        sink.line(leading((first + GAP + last).rstrip()))


def write_facts(
    stream: TextIO | None, facts: Iterable[tuple[str, str]], redact: Redact = keep
) -> None:
    """Write each fact as a label and its text; one without a label goes on with the last.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream, redact=redact)
    told = list(facts)
    room = max((cells(label) for label, _ in told), default=0)
    for label, text in told:
        sink.line(leading(f"{pad(label, room)}{GAP}{sink.show(text, None)}".rstrip()))


def write_json(stream: TextIO | None, value: Any) -> None:
    """Write *value* as JSON: ASCII, no NaN, indented.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    sink = Sink(stream)
    sink.write(encoded(value, indent=2) + "\n")
    sink.flush()
