"""The table of ``opwatch get``.

Decides its columns: aligned and with ages for a person at a terminal, tab
separated with whole names and ISO times for a program that reads a pipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from opwatch.domain.operation import Operation, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.output.formats.writer import Writer
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is, cells, cut, leading, wrapped
from opwatch.output.text.names import Names
from opwatch.output.text.sentences import (
    ending_detail,
    failure_lines,
    kind_of,
    short_time,
    status_of,
)
from opwatch.output.text.styles import GAP, TONES, Glyphs, Line, Tone, fitted, pad, painted, plain
from opwatch.output.text.words import OUTCOMES, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime


HEADINGS: Final = ("OPERATION", "STATE", "PROGRESS", "STATUS", "UPDATED", "DETAIL")
_TONES: Final[Mapping[str, Tone]] = {
    **{OUTCOMES[each]: tone for each, tone in TONES.items() if each is not Outcome.PENDING},
    STATES[State.BLOCKED]: Tone.WARN,
    STATES[State.RUNNING]: Tone.BUSY,
    STATES[State.PENDING]: Tone.FAINT,
}
_STILL_OPEN: Final = frozenset({Reason.NOT_WAITED, Reason.DETACHED, Reason.DEADLINE})
AGES: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"))


def write_table(
    stream: TextIO | None,
    operations: Sequence[Operation],
    *,
    now: float,
    wall_of: Callable[[float], datetime],
    terminal: bool,
    colour: bool = False,
    width: int = 80,
    redact: Redact = as_is,
) -> None:
    """Write *operations* as they stand at *now* of the run's clock.

    Raises:
        PipeClosedError: the reader has closed the pipe.
        UnwritableError: the stream is closed or full.
    """
    # Without the stream, no table is wanted; a document would be, since it was asked for.
    sink = Sink(stream, redact=redact, required=False)
    if terminal:
        lines = aligned(operations, wall_of(now), width, sink.glyphs, sink.show)
        text = [painted(line) if colour else plain(line) for line in lines]
    else:
        text = tab_separated(operations, Writer(wall_of, redact=redact), sink.show)
    sink.write("".join(f"{line}\n" for line in text))
    sink.flush()


def aligned(
    operations: Sequence[Operation], now: datetime, width: int, glyphs: Glyphs, show: Show
) -> list[Line]:
    """Return the table for a terminal of *width* columns."""
    names = Names(show, operations, with_ids=True)
    rows = [_cells_of(each, names.of(each, max(9, width // 3)), now, show) for each in operations]
    columns = list(zip(HEADINGS, *(row[:-1] for row in rows), strict=False))
    # A column that is empty is left out: the room is for what there is to say.
    widths = [max(map(cells, column)) if any(column[1:]) else 0 for column in columns]
    widths[3] = min(widths[3], max(9, width // 5))
    detail = width - sum(each + len(GAP) for each in widths if each)
    lines: list[Line] = [
        _line(
            HEADINGS if detail >= len(HEADINGS[-1]) else (*HEADINGS[:-1], ""),
            widths,
            detail,
            glyphs,
        )
    ]
    for operation, row in zip(operations, rows, strict=True):
        fits = cells(row[-1]) <= detail
        lines.append(_line(row if fits else (*row[:-1], ""), widths, detail, glyphs))
        under = [] if fits else wrapped(row[-1], max(1, width - 4), ellipsis=glyphs.ellipsis)
        lines += [[(f"  {glyphs.under} {each}", Tone.PLAIN)] for each in under]
        log = failure_lines(operation, show, max(1, width - 4))
        lines += [[(f"  {glyphs.under} {text}", Tone.FAINT)] for text in log]
    lines[0] = [(text, Tone.FAINT) for text, _ in lines[0]]
    return [fitted(line, width, ellipsis=glyphs.ellipsis) for line in lines]


def _line(row: Sequence[str], widths: Sequence[int], detail: int, glyphs: Glyphs) -> Line:
    name, state, percent, status, age, text = row
    columns = (
        (name, Tone.PLAIN),
        (state, _TONES.get(state, Tone.PLAIN)),
        (f"{percent:>{widths[2]}}", Tone.PLAIN),
        (cut(status, widths[3], ellipsis=glyphs.ellipsis), Tone.PLAIN),
        (age, Tone.FAINT),
    )
    line: Line = [
        (pad(cell, size) + GAP, tone)
        for (cell, tone), size in zip(columns, widths, strict=True)
        if size
    ]
    if text:
        line.append((cut(text, max(0, detail), ellipsis=glyphs.ellipsis), Tone.PLAIN))
    return line


def _cells_of(operation: Operation, name: str, now: datetime, show: Show) -> tuple[str, ...]:
    progress = operation.reading.progress if operation.reading else None
    updated = operation.reading.updated_at if operation.reading else None
    return (
        leading(name),
        state_word(operation),
        "" if progress is None else f"{int(progress)} %",
        status_of(operation, show),
        "" if updated is None else age(updated, now),
        ": ".join(filter(None, (kind_of(operation, show), _detail(operation, show)))),
    )


def state_word(operation: Operation) -> str:
    """Return the state, or why it is not known."""
    outcome = operation.outcome
    if outcome in {Outcome.DENIED, Outcome.NOT_FOUND, Outcome.UNKNOWN} or operation.state is None:
        return OUTCOMES[outcome] if outcome else ""
    return STATES[operation.state]


def _detail(operation: Operation, show: Show) -> str:
    if operation.outcome is None or operation.reason in _STILL_OPEN:
        return show(operation.reading.message or "") if operation.reading else ""
    return ending_detail(operation, show)


def age(then: datetime, now: datetime) -> str:
    """Return how long ago *then* was: ``12 s ago``, ``3 m ago``; a future time is ``just now``."""
    if then.tzinfo is None:
        then = then.replace(tzinfo=now.tzinfo)
    seconds = (now - then).total_seconds()
    for size, unit in AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{short_time(seconds)} ago" if seconds >= 1 else "just now"


def tab_separated(operations: Sequence[Operation], write: Writer, show: Show) -> list[str]:
    """Return the table for a pipe: a tab between columns, nothing cut."""
    lines = ["\t".join(HEADINGS)]
    for each in operations:
        reading = each.reading
        progress = reading.progress if reading else None
        fields = (
            leading(show(each.reference, None)),
            state_word(each),
            "" if progress is None else f"{progress:g}",
            show(reading.status, None) if reading else "",
            (write.provider_time(reading.updated_at) if reading else None) or "",
            _detail(each, show),
        )
        lines.append("\t".join(fields))
    return lines
