"""The end of a run, as it stays in the scrollback.

Decides the last table, the line with the verdict, what to do about what went
wrong, and how to go on.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from opwatch.domain.moments import format_duration
from opwatch.domain.outcome import Outcome
from opwatch.output.terminal.rows import glyph_of, name_cell, status_cell
from opwatch.output.text.clean import Show, cells, cut, folded, wrapped
from opwatch.output.text.names import Names
from opwatch.output.text.sentences import API_OUTCOMES, ending_detail, failure_lines
from opwatch.output.text.styles import GAP, Glyphs, Line, Tone, pad
from opwatch.output.text.summary import ORDER, Resume, exit_text, left_out, next_steps, summary
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opwatch.domain.events import Finished
    from opwatch.domain.operation import Operation

MOST_ROWS: Final = 100
MOST_LINES: Final = 6
LABEL: Final = 11


def final_lines(
    event: Finished,
    started_at: float,
    width: int,
    glyphs: Glyphs,
    show: Show,
    *,
    resume: Resume | None = None,
) -> list[Line]:
    """Return the last table, the verdict and the next steps, for a screen of *width* columns."""
    operations = _worth_a_row(event.operations)
    names = Names(show, operations, with_ids=True)
    lines = _table(operations, names, event.at, width, glyphs)
    if len(operations) < len(event.operations):
        hidden = Counter(map(_word, event.operations))
        hidden.subtract(map(_word, operations))
        order = (OUTCOMES[each] for each in ORDER)
        lines.append([(left_out(hidden, order, glyphs.ellipsis), Tone.FAINT)])
    lines += _verdict(event, started_at, width, show)
    return lines + step_lines(next_steps(event.operations, show, resume), width)


def step_lines(steps: Iterable[tuple[str, str]], width: int) -> list[Line]:
    """Return what to do next, *steps* of labels and texts, for a screen of *width* columns."""
    lines: list[Line] = []
    for label, text in steps:
        head = f"{label + ':':<{LABEL}}"
        first, *more = folded(text, width, head)
        lines.append([(head, Tone.FAINT), (first.removeprefix(head), Tone.PLAIN)])
        lines += [[(each, Tone.PLAIN)] for each in more]
    return lines


def _word(operation: Operation) -> str:
    return OUTCOMES[operation.counted_as]


def _worth_a_row(operations: Sequence[Operation]) -> Sequence[Operation]:
    """Return all operations, or as many of too many, those that ended badly first."""
    if len(operations) <= MOST_ROWS:
        return operations
    return sorted(operations, key=lambda each: each.outcome is Outcome.SUCCEEDED)[:MOST_ROWS]


def _table(
    operations: Sequence[Operation], names: Names, at: float, width: int, glyphs: Glyphs
) -> list[Line]:
    show = names.show
    statuses = [status_cell(each, show) for each in operations]
    elapsed = [format_duration(each.elapsed(at)) for each in operations]
    elapsed_width = max(map(len, elapsed), default=0)
    left = width - 2 - 2 - 2 - elapsed_width
    name_width = min(names.widest, max(8, width // 3), max(1, left // 2))
    status_width = max(map(cells, statuses), default=0)
    status_width = min(status_width, max(9, width // 5), max(1, left - name_width))
    detail_width = width - (2 + name_width + 2 + status_width + 2 + elapsed_width + 3)
    lines: list[Line] = []
    for operation, status, took in zip(operations, statuses, elapsed, strict=True):
        name = names.of(operation, name_width)
        glyph, tone = glyph_of(operation, glyphs)
        line: Line = [
            (glyph + " ", tone),
            *name_cell(operation, name, name_width, show),
            (GAP, Tone.PLAIN),
            (pad(cut(status, status_width, ellipsis=glyphs.ellipsis), status_width), Tone.PLAIN),
            (f"{GAP}{took:>{elapsed_width}}", Tone.FAINT),
        ]
        detail = ending_detail(operation, show)
        shade = tone if operation.outcome in API_OUTCOMES - {Outcome.SUCCEEDED} else Tone.PLAIN
        if cells(detail) <= detail_width:
            lines.append([*line, ("   " + detail, shade)])
        else:
            under = wrapped(detail, max(1, width - 4), MOST_LINES, ellipsis=glyphs.ellipsis)
            lines.append(line)
            lines += [[(f"  {glyphs.under} {each}", shade)] for each in under]
        log = failure_lines(operation, show, max(1, width - 4))
        lines += [[(f"  {glyphs.under} {each}", Tone.FAINT)] for each in log]
    return lines


def _verdict(event: Finished, started_at: float, width: int, show: Show) -> list[Line]:
    text = summary(event.operations, event.at - started_at, show)
    code = (exit_text(event.verdict), Tone.GOOD if event.verdict.code == 0 else Tone.BAD)
    gap = width - cells(text) - cells(code[0])
    if gap >= len(GAP):
        return [[(text, Tone.STRONG), (" " * gap, Tone.PLAIN), code]]
    lines: list[Line] = [[(each, Tone.STRONG)] for each in folded(text, width)]
    return lines + [[(each, code[1])] for each in folded(code[0], width)]
