"""The line, once a minute, that opwatch is still waiting, and how fresh its knowledge is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Operation, State
from opwatch.output.terminal.board import COUNT_WORDS, Board
from opwatch.output.text.sentences import known_since, latest_trouble, state_text
from opwatch.output.text.words import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.output.text.clean import Show


def heartbeat(board: Board, at: float) -> str:
    """Return how long the run has waited, for what, and when that was last confirmed."""
    waited = format_duration(at - board.started_at)
    still_open = [each for each in board if not each.is_over]
    if len(board) == 1 and still_open:
        only = still_open[0]
        what = f"{board.names.of(only)} {state_text(only, board.show)}"
    else:
        what = ", ".join(
            f"{board.counts[word]:,} {word}{_range(word, still_open)}"
            for word in COUNT_WORDS
            if board.counts[word]
        )
    fresh = _freshness(still_open, at, board.show)
    return f"waiting {waited}: {what}" + (f"; {fresh}" if fresh else "")


def _range(word: str, still_open: Sequence[Operation]) -> str:
    """Return the least and the most percentage of those that are running."""
    if word != STATES[State.RUNNING]:
        return ""
    readings = [each.reading for each in still_open if each.reading]
    found = [int(each.progress) for each in readings if each.progress is not None]
    if not found:
        return ""
    low, high = min(found), max(found)
    return f" ({low}%)" if low == high else f" ({low}% to {high}%)"


def _freshness(still_open: Sequence[Operation], at: float, show: Show) -> str:
    troubled = [each for each in still_open if each.streak]
    if troubled:
        worst = min(troubled, key=known_since)
        which = f"{len(troubled):,} not" if len(still_open) > 1 else "not"
        age = format_duration(at - known_since(worst))
        return f"{which} confirmed for {age}: {latest_trouble(worst, show)}"
    ages = [at - each.confirmed_at for each in still_open if each.confirmed_at is not None]
    if len(ages) < len(still_open):
        return f"{len(still_open) - len(ages):,} not asked yet"
    if not ages:
        return ""
    together = "all confirmed" if len(ages) > 1 else "confirmed"
    return f"{together} within the last {format_duration(max(ages) + 1)}"
