"""One frame of the live display: the total line, the rows, and what does not fit.

Decides what is shown on a screen of a given size at a given time. Nothing here
knows of a terminal, so that every screen can be tested as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.domain.duration import format_duration
from opwatch.domain.outcome import Outcome
from opwatch.output.terminal.board import COUNT_WORDS, Board, count_word
from opwatch.output.terminal.rows import Note, note_of, percent_of, row
from opwatch.output.text.clean import cells
from opwatch.output.text.sentences import brief, rounded, short_time, status_of
from opwatch.output.text.styles import (
    GAP,
    ONE_LINE_BELOW,
    Layout,
    Line,
    Tone,
    fitted,
    line_cells,
    plan_layout,
)
from opwatch.output.text.summary import left_out
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.operation import Operation
    from opwatch.output.text.glyphs import Glyphs

FEWEST_LINES = 3
_BAD = tuple(each for each in Outcome if each is not Outcome.SUCCEEDED)

TONES = {
    "succeeded": Tone.GOOD,
    "failed": Tone.BAD,
    "denied": Tone.BAD,
    "not found": Tone.BAD,
    "cancelled": Tone.WARN,
    "unknown": Tone.WARN,
    "out of time": Tone.WARN,
    "blocked": Tone.WARN,
}


def compose(board: Board, at: float, size: tuple[int, int], glyphs: Glyphs) -> list[Line]:
    """Return the lines of a frame that fits a terminal of *size* columns and rows."""
    width, height = size
    # The last row of the screen is left to what the person types.
    room = height - 1
    if width < ONE_LINE_BELOW or room < FEWEST_LINES:
        return [_one_line(board, at, width)]
    layout = _layout(board, at, width)
    lines = [_total_line(board, at, width, glyphs), *_rows(board, at, layout, room - 1, glyphs)]
    return [fitted(line, width, ellipsis=glyphs.ellipsis) for line in lines]


def _layout(board: Board, at: float, width: int) -> Layout:
    profiles = max(map(cells, board.profiles)) if len(board.profiles) > 1 else 0
    # An hour is on its way: its column is there before it comes.
    elapsed = len(format_duration(max(at - board.started_at, 600.0)))
    return plan_layout(
        width,
        name=board.widest_name,
        status=board.widest_status,
        elapsed=elapsed,
        profile=profiles,
    )


def _rows(board: Board, at: float, layout: Layout, room: int, glyphs: Glyphs) -> list[Line]:
    hosts = _hosts(board, at, glyphs)[: room // 3]
    room -= len(hosts)
    total = len(board)
    folded = total > room
    chosen = board.foremost(room - 1) if folded else list(board)
    spare = 0 if folded else room - total
    noted = _noted(board, chosen, at, glyphs, spare if layout.wraps else total)
    lines: list[Line] = hosts
    for index, operation in enumerate(chosen):
        line = row(operation, layout, at, glyphs, board.show)
        note = noted.get(index)
        if note is None:
            lines.append(line)
        elif layout.wraps:
            lines += [line, [(f"  {glyphs.under} {note.fit(layout.note, glyphs)}", note.tone)]]
        else:
            lines.append([*line, (GAP + note.fit(layout.note, glyphs), note.tone)])
    if folded:
        lines.append(_fold_line(board, chosen, glyphs))
    return lines


def _hosts(board: Board, at: float, glyphs: Glyphs) -> list[Line]:
    """Return a line for each host that is in trouble and that more than one waits for."""
    lines: list[Line] = []
    for origin, first in board.down.items():
        held, many = board.held[origin], board.open[origin]
        if many > 1 and first.trouble is not None:
            what = brief(held.trouble or first.trouble, board.show)
            parts = [f"{board.show(origin, 60)}: {what} for {short_time(at - first.at)}"]
            if board.asks(origin):
                parts.append("asking again")
            elif held.until > at:
                parts.append(f"again in {short_time(held.until - at)}")
            parts.append(f"{many:,} wait")
            text = f" {glyphs.dot} ".join(parts)
            lines.append([(f"{glyphs.trouble} {text}", Tone.WARN)])
    return lines


def _note(board: Board, operation: Operation, at: float, glyphs: Glyphs) -> Note:
    """Return the note of *operation*; what is true of its whole host is said once, above."""
    origin = operation.target.origin
    if not operation.is_over and origin in board.down and board.open[origin] > 1:
        since = operation.confirmed_at
        return Note(() if since is None else (f"{short_time(at - since)} old",), tone=Tone.WARN)
    held = board.held_for(operation, at)
    is_asked = board.is_asked(operation)
    return note_of(operation, at, held, glyphs, board.show, is_asked=is_asked)


def _noted(
    board: Board, chosen: Sequence[Operation], at: float, glyphs: Glyphs, most: int
) -> dict[int, Note]:
    """Return the notes of at most *most* rows, by their place; trouble goes before news."""
    notes = {index: _note(board, each, at, glyphs) for index, each in enumerate(chosen)}
    wanted = [index for index, note in notes.items() if any(note.parts)]
    wanted.sort(key=lambda index: notes[index].tone is Tone.FAINT)
    return {index: notes[index] for index in wanted[: max(0, most)]}


def _fold_line(board: Board, chosen: Sequence[Operation], glyphs: Glyphs) -> Line:
    hidden = board.counts.copy()
    hidden.subtract(count_word(each) for each in chosen)
    return [(left_out(hidden, COUNT_WORDS, glyphs.ellipsis), Tone.FAINT)]


def _counts(board: Board) -> Line:
    line: Line = []
    found = [(each, board.counts[each]) for each in COUNT_WORDS if board.counts[each]]
    for word, many in found:
        line += [
            (GAP if line else "", Tone.PLAIN),
            (f"{many:,} {word}", TONES.get(word, Tone.PLAIN)),
        ]
    if board.troubled:
        line.append((f"{GAP}({board.troubled:,} in trouble)", Tone.WARN))
    return line


def _total_line(board: Board, at: float, width: int, glyphs: Glyphs) -> Line:
    """Return the line of totals; what is least news gives way to a narrow screen."""
    head: Line = []
    if len(board.profiles) == 1 and board.profiles[0]:
        head.append((board.show(board.profiles[0], 40) + GAP, Tone.STRONG))
    plural = "" if len(board) == 1 else "s"
    head.append((f"{len(board):,} operation{plural}{GAP} ", Tone.PLAIN))
    counts = _counts(board)
    elapsed = format_duration(at - board.started_at)
    limit = "" if board.deadline is None else f" / {rounded(board.deadline - board.started_at)}"
    room = width - line_cells(counts) - cells(elapsed) - len(GAP)
    while head and line_cells(head) + cells(limit) > room:
        head.pop()
    clock = elapsed + (limit if cells(limit) <= room else "")
    line = fitted([*head, *counts], width - cells(clock) - len(GAP), ellipsis=glyphs.ellipsis)
    gap = " " * (width - line_cells(line) - cells(clock))
    return [*line, (gap, Tone.PLAIN), (clock, Tone.FAINT)]


def _one_line(board: Board, at: float, width: int) -> Line:
    total = len(board)
    elapsed = format_duration(at - board.started_at)
    if total == 1:
        operation = next(iter(board))
        parts = [
            status_of(operation, board.show, 16) or "asking",
            percent_of(operation),
            elapsed,
            brief(operation.trouble, board.show) if operation.streak and operation.trouble else "",
        ]
    else:
        live = sum(board.counts[each] for each in COUNT_WORDS[len(OUTCOMES) :])
        progress = board.progress
        bad = [
            f"{board.counts[OUTCOMES[each]]:,} {OUTCOMES[each]}"
            for each in _BAD
            if board.counts[OUTCOMES[each]]
        ]
        parts = [
            f"{total - live:,}/{total:,} done",
            *bad,
            f"{board.troubled:,} in trouble" if board.troubled else "",
            "" if progress is None else f"{int(progress)}%",
            elapsed,
        ]
    parts = [part for part in parts if part]
    while len(parts) > 1 and cells(GAP.join(parts)) > width:
        parts.pop(-2 if len(parts) > 2 else -1)  # noqa: PLR2004, first and last go last
    return fitted([(GAP.join(parts), Tone.PLAIN)], max(1, width))
