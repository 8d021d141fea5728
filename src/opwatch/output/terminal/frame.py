"""One frame of the live display: the total line, the rows, and what does not fit.

Decides what is shown on a screen of a given size at a given time. Nothing here
knows of a terminal, so that every screen can be tested as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.domain.duration import format_duration
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from opwatch.output.terminal.board import COUNT_WORDS, Board, count_word
from opwatch.output.terminal.rows import Note, dropping, note_of, percent_of, row
from opwatch.output.text.clean import cells
from opwatch.output.text.names import key_of
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
from opwatch.output.text.words import OUTCOMES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.operation import Operation
    from opwatch.output.text.glyphs import Glyphs
    from opwatch.output.text.names import Key

FEWEST_LINES = 3
SPARED = 8
"""Of so many lines of a screen, one is not used when not all operations fit."""
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
    return plan_layout(
        width,
        name=board.names.widest,
        status=board.widest_status,
        elapsed=len(format_duration(at - board.started_at)),
        profile=profiles,
    )


def _rows(board: Board, at: float, layout: Layout, room: int, glyphs: Glyphs) -> list[Line]:
    hosts = _hosts(board, at, glyphs)[: room // 3]
    room -= len(hosts)
    total = len(board)
    folded = total > room
    # What a narrower terminal breaks in two pushes the top off the screen, for good: let that
    # be what others wrote.
    chosen = board.rows(room - 1 - room // SPARED if folded else room, at)
    spare = 0 if folded else room - total
    noted = _noted(board, chosen, at, glyphs, spare if layout.wraps else total)
    lines: list[Line] = []
    for operation in chosen:
        name = board.names.of(operation, layout.name)
        line = row(operation, name, layout, at=at, glyphs=glyphs, show=board.show)
        note = noted.get(key_of(operation))
        if note is None:
            lines.append(line)
        elif layout.wraps:
            lines += [line, [(f"  {glyphs.under} {note.fit(layout.note, glyphs)}", note.tone)]]
        else:
            lines.append([*line, (GAP + note.fit(layout.note, glyphs), note.tone)])
    if folded:
        lines.append(_fold_line(board, chosen, glyphs))
    return [*lines, *hosts]


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
    for origin, trouble, many in board.repeated:
        what = f"{board.show(origin, 60)}: {brief(trouble, board.show)}"
        text = f"{what} {glyphs.dot} {many:,} operations"
        lines.append([(f"{glyphs.trouble} {text}", Tone.WARN)])
    return lines


def _note(board: Board, operation: Operation, at: float, glyphs: Glyphs) -> Note:
    """Return the note of *operation*; what is true of its whole host is said once, below."""
    held = board.held_for(operation, at)
    is_asked = board.is_asked(operation)
    note = note_of(operation, at, held, glyphs, board.show, is_asked=is_asked)
    if not board.is_told_of_host(operation):
        return note
    since = operation.confirmed_at
    return dropping("" if since is None else f"{short_time(at - since)} old", tone=Tone.WARN)


def _noted(
    board: Board, chosen: Sequence[Operation], at: float, glyphs: Glyphs, most: int
) -> dict[Key, Note]:
    """Return the notes of at most *most* rows; trouble goes before news.

    A line that a row has had for its note stays under it, for what follows not to move.
    """
    notes = {key_of(each): _note(board, each, at, glyphs) for each in chosen}
    had = board.places.noted
    wanted = [key for key, note in notes.items() if note or key in had]
    wanted.sort(key=lambda key: (notes[key].tone is Tone.FAINT, key not in had))
    kept = wanted[: max(0, most)]
    had.update(kept)
    return {key: notes[key] for key in kept}


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


def _signs(board: Board, glyphs: Glyphs) -> Line:
    """Return the counts by the signs of the rows, for a head line without room for words."""
    counts = board.counts
    bad = sum(counts[OUTCOMES[each]] for each in _BAD)
    signs = (
        (glyphs.succeeded, counts[OUTCOMES[Outcome.SUCCEEDED]], Tone.GOOD),
        (glyphs.failed, bad, Tone.BAD),
        (glyphs.running, counts[STATES[State.RUNNING]] + counts[STATES[State.BLOCKED]], Tone.BUSY),
        (glyphs.pending, counts[STATES[State.PENDING]], Tone.FAINT),
        (glyphs.trouble, board.troubled, Tone.WARN),
    )
    line: Line = []
    for sign, many, tone in signs:
        if many:
            line.append((f"{' ' if line else ''}{sign}{many:,}", tone))
    return line


def _total_line(board: Board, at: float, width: int, glyphs: Glyphs) -> Line:
    """Return the line of totals: in words, or in signs where those have no room.

    The clock and the deadline stay; the counts are cut before them.
    """
    limit = "" if board.deadline is None else f" / {rounded(board.deadline - board.started_at)}"
    clock = format_duration(at - board.started_at) + limit
    named = len(board.profiles) == 1 and board.profiles[0]
    profile: Line = [(board.show(named, 40) + GAP, Tone.STRONG)] if named else []
    total = f"{len(board):,}"
    plural = "" if len(board) == 1 else "s"
    words, signs = _counts(board), _signs(board, glyphs)
    forms: tuple[Line, ...] = (
        [*profile, (f"{total} operation{plural}{GAP} ", Tone.PLAIN), *words],
        [*profile, (f"{total}: ", Tone.PLAIN), *words],
        [(f"{total}: ", Tone.PLAIN), *words],
        [*profile, (f"{total}: ", Tone.PLAIN), *signs],
        [(f"{total}: ", Tone.PLAIN), *signs],
    )
    room = width - cells(clock) - len(GAP)
    line = next((each for each in forms if line_cells(each) <= room), forms[-1])
    line = fitted(line, room, ellipsis=glyphs.ellipsis)
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
