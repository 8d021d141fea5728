"""One frame of the live display: the total line, the rows, and what does not fit.

Decides what is shown on a screen of a given size at a given time. Nothing here
knows of a terminal, so that every screen can be tested as data.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Operation, State
from opwatch.domain.outcome import Outcome
from opwatch.output.terminal.board import COUNT_WORDS, Board, count_word
from opwatch.output.terminal.rows import Note, age_of, dropping, note_of, percent_of, row
from opwatch.output.text.clean import cells
from opwatch.output.text.names import Key, key_of
from opwatch.output.text.sentences import brief, rounded, short_time, status_of
from opwatch.output.text.styles import (
    GAP,
    ONE_LINE_BELOW,
    TONES,
    Glyphs,
    Layout,
    Line,
    Tone,
    fitted,
    line_cells,
    plain,
    plan_layout,
)
from opwatch.output.text.summary import left_out
from opwatch.output.text.words import NO_SUCCESS, OUTCOMES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence


FEWEST_LINES = 3
SPARED = 8
"""Of so many lines of a screen, one is not used when not all operations fit."""
NOTHING = Note()
ASIDE_GAP = "   "

_TONES = {OUTCOMES[each]: tone for each, tone in TONES.items() if each is not Outcome.PENDING}
_TONES[STATES[State.BLOCKED]] = Tone.WARN


def compose(
    board: Board,
    at: float,
    size: tuple[int, int],
    glyphs: Glyphs,
    *,
    aside: str = "",
    below: Note = NOTHING,
) -> list[Line]:
    """Return the lines of a frame that fits a terminal of *size* columns and rows.

    *aside* stands in the head line if it has room; *below* is the last line, in the place
    of a row where the screen is full.
    """
    width, height = size
    # The last row of the screen is left to what the person types.
    room = height - 1
    if width < ONE_LINE_BELOW or room < FEWEST_LINES:
        lines = [_one_line(board, at, width, glyphs)]
    else:
        rows = _rows(board, at, _layout(board, at, width), room - 1, glyphs)
        lines = [_total_line(board, at, width, glyphs, aside), *rows]
    if below:
        lines = [*lines[: max(0, room - 1)], [(below.fit(width, glyphs), below.tone)]]
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
    hosts = _hosts(board, at, layout.width, glyphs)[: room // 3]
    room -= len(hosts)
    total = len(board)
    folded = total > room
    # What a narrower terminal breaks in two pushes the top off the screen, for good: let that
    # be what others wrote.
    chosen = board.rows(room - 1 - room // SPARED if folded else room, at)
    spare = 0 if folded else room - total
    most = spare if layout.wraps else total
    noted = _noted(board, chosen, at, glyphs, most, wraps=layout.wraps)
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
        lines.append(_fold_line(board, chosen, layout.width, glyphs))
    return [*lines, *hosts]


def _hosts(board: Board, at: float, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a line for each host that is in trouble and that more than one waits for."""
    notes: list[Note] = []
    for origin, first in board.down.items():
        held, many = board.held[origin], board.open[origin]
        if many > 1 and first.trouble is not None:
            host = _host(board, origin)
            why = brief(held.trouble or first.trouble, board.show)
            what = f"{host}: {why}"
            lasting = f"{what} for {short_time(max(1.0, at - first.at))}"
            again = "asking again" if board.asks(origin) else ""
            if not again and held.until > at:
                again = f"again in {short_time(max(1.0, held.until - at))}"
            forms = ((lasting, again, f"{many:,} wait"), (lasting, again), (what, again))
            # Of the only host there is, the reason tells more than its name.
            least = why if len(board.open) == 1 else host
            notes.append(Note((*forms, (least, again))))
    for origin, trouble, many in board.repeated:
        what = f"{_host(board, origin)}: {brief(trouble, board.show)}"
        notes.append(Note(((what, f"{many:,} operations"), (what,))))
    room = width - len(GAP)
    return [[(f"{glyphs.trouble} {note.fit(room, glyphs)}", Tone.WARN)] for note in notes]


def _host(board: Board, origin: str) -> str:
    return board.show(origin.partition("://")[2] or origin, 60)


def _note(board: Board, operation: Operation, at: float, glyphs: Glyphs) -> Note:
    """Return the note of *operation*; what is true of its whole host is said once, below."""
    held = board.held_for(operation, at)
    is_asked = board.is_asked(operation)
    note = note_of(operation, at, held, glyphs, board.show, is_asked=is_asked)
    if not board.is_told_of_host(operation):
        return note
    return dropping(age_of(operation, at), tone=Tone.WARN)


def _noted(
    board: Board, chosen: Sequence[Operation], at: float, glyphs: Glyphs, most: int, *, wraps: bool
) -> dict[Key, Note]:
    """Return the notes of at most *most* rows; trouble goes before news.

    A line that a row has had for its note stays under it, for what follows not to move; where
    notes have lines, none is begun for an age alone.
    """
    notes = {key_of(each): _note(board, each, at, glyphs) for each in chosen}
    had = board.places.noted
    aged = {key_of(each) for each in chosen if wraps and board.is_told_of_host(each)}
    wanted = [key for key, note in notes.items() if key in had or (note and key not in aged)]
    wanted.sort(key=lambda key: (notes[key].tone is Tone.FAINT, key not in had))
    kept = wanted[: max(0, most)]
    had.update(kept)
    return {key: notes[key] for key in kept}


def _fold_line(board: Board, chosen: Sequence[Operation], width: int, glyphs: Glyphs) -> Line:
    hidden = board.counts.copy()
    hidden.subtract(count_word(each) for each in chosen)
    text = left_out(hidden, COUNT_WORDS, glyphs.ellipsis)
    if cells(text) <= width:
        return [(text, Tone.FAINT)]
    return [(f"{text.partition(':')[0]}: ", Tone.FAINT), *_signs(hidden, 0, glyphs)]


def _counts(board: Board) -> Line:
    line: Line = []
    found = [(each, board.counts[each]) for each in COUNT_WORDS if board.counts[each]]
    for word, many in found:
        line += [
            (GAP if line else "", Tone.PLAIN),
            (f"{many:,} {word}", _TONES.get(word, Tone.PLAIN)),
        ]
    if board.troubled:
        line.append((f"{GAP}({board.troubled:,} in trouble)", Tone.WARN))
    return line


def _signs(counts: Counter[str], troubled: int, glyphs: Glyphs) -> Line:
    """Return *counts* by the signs of the rows, for a line without room for words."""
    bad = sum(counts[each] for each in NO_SUCCESS)
    signs = (
        (glyphs.succeeded, counts[OUTCOMES[Outcome.SUCCEEDED]], Tone.GOOD),
        (glyphs.failed, bad, Tone.BAD),
        (glyphs.running, counts[STATES[State.RUNNING]] + counts[STATES[State.BLOCKED]], Tone.BUSY),
        (glyphs.pending, counts[STATES[State.PENDING]], Tone.FAINT),
        (glyphs.trouble, troubled, Tone.WARN),
    )
    line: Line = []
    for sign, many, tone in signs:
        if many:
            line.append((f"{' ' if line else ''}{sign}{many:,}", tone))
    return line


def _total_line(board: Board, at: float, width: int, glyphs: Glyphs, aside: str) -> Line:
    """Return the line of totals: in words, or in signs where those have no room.

    The clock and the deadline stay; the counts are cut before them.
    """
    limit = "" if board.deadline is None else f" / {rounded(board.deadline - board.started_at)}"
    clock = format_duration(at - board.started_at) + limit
    named = len(board.profiles) == 1 and board.profiles[0]
    profile: Line = [(board.show(named, 40) + GAP, Tone.STRONG)] if named else []
    total = f"{len(board):,}"
    plural = "" if len(board) == 1 else "s"
    words, signs = _counts(board), _signs(board.counts, board.troubled, glyphs)
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
    gap = width - line_cells(line) - cells(clock)
    if aside and gap >= cells(aside) + 2 * len(ASIDE_GAP):
        clock = f"{aside}{ASIDE_GAP}{clock}"
        gap -= cells(aside) + len(ASIDE_GAP)
    return [*line, (" " * gap, Tone.PLAIN), (clock, Tone.FAINT)]


def _one_line(board: Board, at: float, width: int, glyphs: Glyphs) -> Line:
    """Return all of it in a line: in words, or in signs where those have no room."""
    elapsed = format_duration(at - board.started_at)
    forms = _of_one(board, elapsed) if len(board) == 1 else _of_several(board, elapsed, glyphs)
    texts = [GAP.join(filter(None, form)) for form in forms]
    text = next((each for each in texts if cells(each) <= width), texts[-1])
    return fitted([(text, Tone.PLAIN)], max(1, width))


def _of_one(board: Board, elapsed: str) -> tuple[tuple[str, ...], ...]:
    operation = next(iter(board))
    status = status_of(operation, board.show, 16) or "asking"
    percent, trouble = percent_of(operation), operation.streak and operation.trouble
    what = brief(trouble, board.show) if trouble else ""
    return (status, percent, elapsed, what), (status, percent, what), (status, what), (status,)


def _of_several(board: Board, elapsed: str, glyphs: Glyphs) -> tuple[tuple[str, ...], ...]:
    counted = f"{board.done:,}/{len(board):,}"
    done = f"{counted} done"
    bad = Counter({each: board.counts[each] for each in NO_SUCCESS})
    words = [f"{many:,} {word}" for word, many in bad.items() if many]
    words += [f"{board.troubled:,} in trouble"] if board.troubled else []
    signs = plain(_signs(bad, board.troubled, glyphs))
    percent = "" if board.progress is None else f"{int(board.progress)}%"
    return (
        (done, *words, percent, elapsed),
        (done, *words, elapsed),
        (done, signs, elapsed),
        (counted, signs, elapsed),
        (counted, signs),
        (counted,),
    )
