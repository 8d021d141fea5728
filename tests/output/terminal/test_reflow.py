"""What tmux has put into its history of our lines: counted, and taken back. See test_resize too."""

from collections.abc import Sequence

from opwatch.output.streams import Sink
from opwatch.output.terminal.canvas import Canvas
from opwatch.output.terminal.reflow import Reflow
from opwatch.output.text.styles import Tone
from output.screen import Terminal

FRAME = [79, 60, 60, 60, 60]
"""Cells of the lines of a frame; each is broken in two by 40 columns."""


def resized(*steps: tuple[tuple[int, int], int | None], frame: Sequence[int] = FRAME) -> list[int]:
    """Return the old rows found after each of *steps*: a size, and the row then answered."""
    rows = iter([row for _, row in steps])
    reflow = Reflow(lambda: next(rows))
    found = []
    for size, _ in steps:
        found.append(reflow.resized(frame, size))
        reflow.drawn(len(frame))
    return found


def test_what_went_off_the_top_of_a_narrow_pane_is_taken_back_when_it_has_grown() -> None:
    # Five rows more, and one stood above: four are gone, of which two lines come back.
    assert resized(((80, 24), 2), ((40, 24), 1), ((80, 24), 1), ((80, 30), 4)) == [0, 0, 0, 2]


def test_what_still_is_in_the_history_is_taken_back_later() -> None:
    assert resized(((80, 24), 2), ((40, 24), 1), ((80, 26), 2), ((80, 28), 2)) == [0, 0, 1, 1]


def test_of_a_line_that_was_torn_in_two_the_half_is_taken_back() -> None:
    # Three rows are gone: the first line, and a half of the second.
    assert resized(((80, 24), 3), ((40, 24), 1), ((100, 24), 4)) == [0, 0, 2]


def test_what_others_wrote_is_left_alone() -> None:
    assert resized(((80, 24), 9), ((40, 24), 4), ((80, 24), 9)) == [0, 0, 0]
    assert resized(((80, 24), 24), ((40, 24), 15), ((80, 30), 24)) == [0, 0, 0]


def test_without_an_answer_nothing_is_counted() -> None:
    assert resized(((80, 24), 2), ((40, 24), None), ((80, 30), 4)) == [0, 0, 0]
    assert resized(((80, 24), None), ((40, 24), 1), ((80, 30), 4)) == [0, 0, 0]


def test_a_remark_above_stays_and_moves_what_stands_below_it() -> None:
    rows = iter([2, 1, 1, 6])
    reflow = Reflow(lambda: next(rows))
    assert reflow.resized(FRAME, (80, 24)) == 0
    reflow.written([100])
    reflow.drawn(5)  # from the fourth row on: of five rows more, two are gone
    assert [reflow.resized(FRAME, size) for size in ((40, 24), (80, 24), (80, 30))] == [0, 0, 1]


def test_what_was_longer_once_is_broken_by_tmux_as_if_it_still_were() -> None:
    terminal = Terminal(80, 24)
    seen: list[int] = []

    class Seeing(Reflow):
        def resized(self, cells: Sequence[int], size: tuple[int, int]) -> int:
            seen[:] = cells
            return super().resized(cells, size)

    canvas = Canvas(Sink(terminal), colour=False, reflow=Seeing(lambda: 1))
    for text in ("x" * 60, "x" * 30):
        canvas.draw([[(text, Tone.PLAIN)]], (80, 24))
    canvas.draw([[("x", Tone.PLAIN)]], (40, 24))
    assert seen == [60]
