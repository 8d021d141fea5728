"""What keys are answered with, as a person would see it."""

from __future__ import annotations

import pytest

from opwatch.domain.events import Ticked
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from opwatch.domain.trouble import Fault
from opwatch.output.streams import Sink
from opwatch.output.terminal.bars import Bars
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.frame import compose
from opwatch.output.terminal.hints import REPLIES, THERE_ARE_KEYS, Hint, page_lines
from opwatch.output.terminal.window import Window
from opwatch.output.text.styles import UNICODE, line_cells, plain
from output.screen import Terminal
from output.script import Story, crowd, four

LONG_PAGE = "https://ci.example.com/" + "a/" * 40


def pages(story: Story) -> list[str]:
    board = Board()
    for event in story.events:
        board.take(event)
    return [plain(line) for line in page_lines(board)]


def frame(story: Story, columns: int, rows: int, at: float, *, aside: str = "") -> list[str]:
    board = Board()
    for event in story.events:
        if event.at <= at:
            board.take(event)
    return [plain(line) for line in compose(board, at, (columns, rows), UNICODE, aside=aside)]


@pytest.mark.every(7)
@pytest.mark.parametrize("columns", range(20, 160))
def test_the_hint_in_the_head_line_pushes_nothing_out(columns: int) -> None:
    for at in (1, 30, 65, 400):
        without = frame(four(), columns, 24, at)
        beside = frame(four(), columns, 24, at, aside=THERE_ARE_KEYS)

        assert beside[1:] == without[1:]
        assert beside[0].replace(THERE_ARE_KEYS, " " * len(THERE_ARE_KEYS)) == without[0]


def test_the_hint_is_there_where_there_is_room() -> None:
    assert THERE_ARE_KEYS in frame(four(), 120, 24, 65, aside=THERE_ARE_KEYS)[0]
    assert THERE_ARE_KEYS not in frame(four(), 80, 24, 65, aside=THERE_ARE_KEYS)[0]


@pytest.mark.parametrize("hint", Hint)
@pytest.mark.parametrize("size", [(100, 24), (80, 24), (40, 12), (39, 12), (20, 4), (10, 2)])
def test_what_is_below_fits_any_screen_and_moves_no_row(hint: Hint, size: tuple[int, int]) -> None:
    board = Board()
    story = crowd(60)
    for event in story.events:
        board.take(event)
    without = compose(board, story.at, size, UNICODE)
    lines = compose(board, story.at, size, UNICODE, below=REPLIES[hint][0])

    assert len(lines) <= max(1, size[1] - 1)
    assert all(line_cells(line) <= size[0] for line in lines)
    assert lines[:-1] == without[: len(lines) - 1]


def a_display(columns: int = 80) -> tuple[Terminal, Bars, Story]:
    terminal = Terminal(columns, 12)
    bars = Bars(
        Sink(terminal), size=terminal.size, colour=False, window=Window(has_links=True), keys=True
    )
    story = Story(["a", "b", "c"])
    return terminal, bars, story


def tell(bars: Bars, story: Story) -> None:
    for event in story.events:
        bars(event)
    story.events.clear()


@pytest.mark.parametrize("hint", [Hint.KEYS, Hint.LOOKING, Hint.PAGES])
def test_an_answer_stands_for_a_while_and_goes(hint: Hint) -> None:
    terminal, bars, story = a_display()
    tell(bars, story.wait(1))
    rows = terminal.shown
    text = REPLIES[hint][0].fit(80, UNICODE)

    bars.answer(hint)
    assert terminal.shown[-1] == text
    assert terminal.shown[1:-1] == rows[1:]

    bars(Ticked(story.at + REPLIES[hint][1] - 0.5))
    assert terminal.shown[-1] == text
    bars(Ticked(story.at + REPLIES[hint][1] + 0.5))
    assert text not in terminal.shown
    assert len(terminal.shown) == len(rows)


def test_the_next_key_takes_an_answer_away() -> None:
    terminal, bars, story = a_display()
    tell(bars, story.wait(1))
    rows = terminal.shown

    bars.answer(Hint.KEYS)
    bars.answer(None)

    assert terminal.shown == rows


def test_a_page_stays_whole_above_the_rows_however_narrow_it_is() -> None:
    terminal, bars, story = a_display(columns=40)
    tell(bars, story.read("b", link=LONG_PAGE).wait(1))
    bars.answer(Hint.PAGES)
    story.wait(5)
    tell(bars, story)

    assert f"\x1b]8;;{LONG_PAGE}\x1b\\{LONG_PAGE}\x1b]8;;\x1b\\" in terminal.getvalue()
    joined = "".join(line.ljust(40) for line in terminal.shown)
    assert f"b  {LONG_PAGE}" in joined
    assert joined.index(LONG_PAGE) < joined.index("fullstory  3")


def test_the_pages_of_those_in_trouble_go_before_that_of_one_that_runs() -> None:
    story = Story(list("abcdef"))
    for each in "abcdef":
        story.read(each, link=f"https://ci.example.com/{each}")
    assert pages(story) == ["a  https://ci.example.com/a"]

    story.bad("c", Fault.TIMEOUT)
    assert pages(story) == ["c  https://ci.example.com/c"]

    story.end("e", Outcome.UNKNOWN).bad("b", Fault.TIMEOUT).bad("f", Fault.TIMEOUT)
    assert pages(story) == [f"{each}  https://ci.example.com/{each}" for each in "ecb"]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://x.example/\x1b[2J", None]
)
def test_a_page_that_a_row_would_not_link_to_is_not_shown(link: str | None) -> None:
    assert pages(Story(["a"]).read("a", link=link)) == []
    assert pages(Story(["a", "b"]).read("a", link=link).read(
        "b", "QUEUED", state=State.PENDING, link="https://x.example/b"
    )) == ["b  https://x.example/b"]  # fmt: skip
