import errno
import random
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.events import Event, Finished, Oddity
from opwatch.domain.operation import Failure, OperationError, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault
from opwatch.output.streams import Sink
from opwatch.output.terminal.bars import Bars
from opwatch.output.terminal.final import final_lines
from opwatch.output.terminal.renderer import Guard
from opwatch.output.text.clean import PLAIN, cells
from opwatch.output.text.styles import UNICODE, plain
from output.screen import Terminal
from output.script import Story, crowd, four, target

TIMES = UNICODE.times
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def bars_on(terminal: Terminal, *, colour: bool = False) -> Bars:
    return Bars(
        Sink(terminal),
        size=terminal.size,
        colour=colour,
        resume=lambda rest: "opwatch wait " + " ".join(each.reference for each in rest),
    )


def after(events: list[Event], terminal: Terminal) -> list[str]:
    with bars_on(terminal) as renderer:
        for event in events:
            renderer(event)
    return terminal.shown


def test_the_end_stays_in_the_scrollback_and_nothing_else_does() -> None:
    terminal = Terminal(100, 24)
    assert after(four(step=10.0).events, terminal) == [
        "✓ export-7f3a0c1d91  COMPLETED     47s   searchExportId YKDYR5yeTq2",
        "✓ export-9c01ab07    COMPLETED  2m 19s   searchExportId ZZ81",
        f"? delete-user-2      PENDING?   7m 47s   not confirmed for 6m 43s: HTTP 502 {TIMES}41",
        "✗ import-44          FAILED     2m 19s   bad column 'x' (code 17)",
        "2 of 4 succeeded, 1 failed, 1 unknown, in 7m 47s" + "exit 1: failed".rjust(52),
        (
            "to fix:    try again later, or tell whoever runs api.example.com;"
            " nothing remote was cancelled"
        ),
        "to go on:  opwatch wait delete-user-2",
    ]
    assert not terminal.cursor_is_hidden()
    assert terminal.screen.cursor.x == 0


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_command_of_an_advice_is_never_broken_and_never_cut(columns: int) -> None:
    story = Story(["job-1"])
    story.bad("job-1", Fault.HTML).end("job-1", Outcome.UNKNOWN, reason=Reason.UNREACHABLE)
    story.finish()
    last = story.events[-1]
    assert isinstance(last, Finished)

    lines = [plain(line) for line in final_lines(last, 0.0, columns, UNICODE, PLAIN)]

    command = "opwatch profile explain -p fullstory job-1"
    assert sum(line.endswith(command) for line in lines) == 1
    assert "with --answer FILE how its answer is read:" in " ".join(map(str.strip, lines))


@pytest.mark.parametrize("columns", [20, 30, 40])
def test_the_last_table_and_the_verdict_fit_a_narrow_terminal(columns: int) -> None:
    story = four(step=10.0)
    last = story.events[-1]
    assert isinstance(last, Finished)

    lines = [plain(line) for line in final_lines(last, 0.0, columns, UNICODE, PLAIN)]

    assert max(map(cells, lines)) <= columns


def test_what_stood_above_is_left_alone() -> None:
    terminal = Terminal(80, 24)
    terminal.write("$ opwatch wait\n")
    shown = after(four(step=10.0).events, terminal)
    assert shown[0] == "$ opwatch wait"
    assert shown[1].startswith("✓ export-7f3a0c1d91")
    assert "\x1b[?1049h" not in terminal.getvalue()


def test_a_failure_message_that_does_not_fit_is_wrapped_and_not_lost() -> None:
    story = Story(["import-44"])
    words = " ".join(f"word{number}" for number in range(18))
    story.fail("import-44", words).finish()
    shown = after(story.events, Terminal(40, 24))
    assert " ".join(line[4:] for line in shown[1:5]) == words


def test_the_cursor_is_hidden_while_drawing_and_back_on_every_way_out() -> None:
    terminal = Terminal()
    story = four(step=10.0)

    def cut_short() -> None:
        with bars_on(terminal) as renderer:
            for event in story.events[:20]:
                renderer(event)
            assert terminal.cursor_is_hidden()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert not terminal.cursor_is_hidden()
    assert terminal.shown[-1].startswith("● import-44")
    assert terminal.getvalue().count(HIDE) == terminal.getvalue().count(SHOW) == 1


def test_the_cursor_is_back_when_the_first_frame_could_not_be_flushed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()

    def stuck() -> None:
        monkeypatch.undo()  # the next time it goes well
        raise OSError(errno.EAGAIN, "x")

    monkeypatch.setattr(terminal, "flush", stuck)
    with Guard(bars_on(terminal), lambda: bars_on(terminal)) as renderer:
        for event in four(step=10.0).events[:20]:
            renderer(event)

    assert HIDE in terminal.getvalue()
    assert not terminal.cursor_is_hidden()


def test_without_any_event_nothing_is_written() -> None:
    terminal = Terminal()
    with bars_on(terminal):
        pass
    assert terminal.getvalue() == ""


def test_a_pause_gives_the_cursor_back_and_draws_nothing_until_resumed() -> None:
    terminal = Terminal()
    story = four(step=10.0)
    with bars_on(terminal) as renderer:
        for event in story.events[:8]:
            renderer(event)
        renderer.pause()
        assert not terminal.cursor_is_hidden()
        written = len(terminal.getvalue())
        renderer(story.events[8])
        assert len(terminal.getvalue()) == written
        renderer.resume()
        for event in story.events[9:20]:
            renderer(event)
        assert terminal.cursor_is_hidden()
    assert len([line for line in terminal.shown if "operations" in line]) == 2


def test_at_most_ten_frames_are_drawn_in_a_second_of_the_runs_clock() -> None:
    terminal = Terminal()
    story = Story([f"op-{number}" for number in range(5)])
    story.wait(2, step=0.01)
    for number in range(200):
        story.at += 0.01
        story.read(f"op-{number % 5}", progress=number / 4)
    with bars_on(terminal) as renderer:
        for event in story.events:
            renderer(event)
        assert terminal.writes <= 10 * story.at + 3


def test_a_storm_of_resizes_makes_no_more_frames_than_that() -> None:
    terminal = Terminal()
    story = four(step=0.01)
    looks = count()
    with Bars(Sink(terminal), size=lambda: (60 + next(looks) % 50, 20)) as tell:
        for event in story.events[:200]:
            tell(event)
        assert terminal.writes <= 10 * story.events[199].at + 3


def test_a_tick_that_changes_nothing_writes_nothing() -> None:
    terminal = Terminal()
    story = Story(["op-1"])
    story.read("op-1", progress=40.0)
    story.at += 0.2
    story.wait(0.7, step=0.05)
    with bars_on(terminal) as renderer:
        for event in story.events[:2]:
            renderer(event)
        renderer(story.events[2])
        written = terminal.writes
        for event in story.events[3:]:
            renderer(event)
        assert terminal.writes <= written + 1


def test_each_frame_is_one_write() -> None:
    terminal = Terminal()
    story = four(step=10.0)
    with bars_on(terminal) as renderer:
        for event in story.events[:3]:
            renderer(event)
        before = terminal.writes
        renderer(story.wait(5).events[-1])
        assert terminal.writes == before + 1


def test_an_oddity_is_written_above_the_rows_and_stays() -> None:
    story = Story(["op-1"])
    story.read("op-1", "FOO").warn(Oddity.UNKNOWN_STATUS, "FOO", "op-1").wait(3)
    terminal = Terminal()
    with bars_on(terminal) as renderer:
        for event in story.events:
            renderer(event)
        assert terminal.shown[0] == "! op-1: unknown status “FOO”, treated as running"
        assert terminal.shown[1].startswith("fullstory  1 operation ")
    assert len([line for line in terminal.shown if "unknown status" in line]) == 1


def test_an_interrupted_run_shows_how_to_go_on() -> None:
    story = Story(["op-1", "op 2"])
    story.read("op-1", progress=40.0).succeed("op 2").wait(9).interrupt()
    shown = after(story.events, Terminal(80, 24))
    assert shown[0] == "○ op-1  RUNNING    9s   no longer watched"
    assert shown[-2] == "exit 130: interrupted; nothing remote was cancelled"
    assert shown[-1] == "to go on:  opwatch wait op-1"


def test_a_long_command_to_go_on_is_one_line_that_can_be_pasted() -> None:
    story = Story([f"operation-{number}" for number in range(30)])
    story.read("operation-1").interrupt()
    terminal = Terminal(80, 24)
    after(story.events, terminal)
    line = next(each for each in terminal.getvalue().splitlines() if "to go on" in each)
    assert line.endswith(" operation-29")


@pytest.mark.slow
def test_ten_thousand_operations_leave_a_hundred_rows_with_the_bad_ones_first() -> None:
    story = crowd(10_000)
    for reference, operation in list(story.operations.items()):
        if not operation.is_over:
            story.succeed(reference)
    terminal = Terminal(100, 200)
    shown = after(story.finish().events, terminal)
    assert shown[0].startswith("✗ job-00018")
    assert shown[100] == "… and 9,900 more: 9,900 succeeded"
    assert len(shown) == 102


@pytest.mark.parametrize("colour", [False, True])
def test_colour_is_only_ever_an_addition(colour: bool) -> None:  # noqa: FBT001, a parameter of the test
    terminal = Terminal()
    with bars_on(terminal, colour=colour) as renderer:
        for event in four(step=10.0).events:
            renderer(event)
    assert ("\x1b[3" in terminal.getvalue()) is colour
    assert terminal.shown[0].startswith("✓ export-7f3a0c1d91")


def test_a_storm_of_resizes_leaves_one_whole_picture() -> None:
    chance = random.Random(7)  # noqa: S311, not for secrets
    terminal = Terminal()
    story = four(step=10.0)
    with bars_on(terminal) as renderer:
        for event in story.events[:100]:
            terminal.resize(chance.randrange(1, 150), chance.randrange(1, 50))
            renderer(event)
        terminal.resize(100, 24)
        renderer(story.wait(1).events[-1])
        renderer(story.wait(1).events[-1])
        heads = [line for line in terminal.shown if line.startswith("fullstory")]
        assert len(heads) == 1


def test_the_cursor_rests_where_the_live_lines_begin() -> None:
    terminal = Terminal(100, 24)
    terminal.write("$ opwatch wait\n")
    with bars_on(terminal) as renderer:
        for event in [each for each in four(step=1.0).events if each.at <= 65]:
            renderer(event)
        assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (1, 0)
    assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (6, 0)


@pytest.mark.every(4)
@pytest.mark.parametrize("rows", [4, 8, 12, 40])
def test_a_size_that_the_program_has_not_heard_of_yet_scrolls_nothing_away(rows: int) -> None:
    terminal = Terminal(100, 24)
    told = terminal.size()
    terminal.write("$ opwatch wait\n")
    story = crowd(60)
    with Bars(Sink(terminal), size=lambda: told) as renderer:
        for event in story.events:
            renderer(event)
        terminal.resize(50, rows)
        for event in Story(["late"]).wait(3).events[1:]:
            renderer(event)
        first = terminal.shown[0]
        for number, reference in enumerate(story.operations):
            story.at += 0.2
            renderer(story.read(reference, progress=float(number)).events[-1])
        assert terminal.shown[0] == first == "$ opwatch wait"


def test_only_lines_that_differ_are_written() -> None:
    terminal = Terminal()
    story = Story([f"op-{number}" for number in range(8)])
    for each in story.operations:
        story.read(each, progress=10.0)
    with bars_on(terminal) as renderer:
        for event in story.wait(1).events:
            renderer(event)
        before = len(terminal.getvalue())
        renderer(story.read("op-3", progress=60.0).events[-1])
        story.at += 0.2
        renderer(story.read("op-3", progress=61.0).events[-1])
        written = terminal.getvalue()[before:]
    assert written.count("op-") == 1


def test_a_frame_is_announced_as_one_and_leaves_the_terminal_as_it_was() -> None:
    terminal = Terminal()
    with bars_on(terminal) as renderer:
        for event in four(step=1.0).events[:30]:
            renderer(event)
    text = terminal.getvalue()
    for begin, end in (("\x1b[?2026h", "\x1b[?2026l"), ("\x1b[?7l", "\x1b[?7h")):
        assert text.count(begin) == text.count(end) > 1
        assert text.rindex(end) > text.rindex(begin)


HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b\r\n\x08\x00\u202e\u0301[]m中#:/")),
    max_size=60,
)


@pytest.mark.slow
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_remote_text_disturbs_the_screen(
    name: str, status: str, message: str, detail: str
) -> None:
    story = Story([target(name, id=status), "after"])
    first = next(iter(story.operations))
    story.read(first, status, message=message).read("after")
    story.bad("after", Fault.API_ERROR, detail=detail)
    terminal = Terminal(90, 30)
    with bars_on(terminal) as renderer:
        for event in story.warn(Oddity.NOTE, message, name).wait(1).events:
            renderer(event)
        rows = [line for line in terminal.shown if line]
        assert len(rows) in {4, 5, 6}
        assert rows[-1].startswith("! after")
        assert rows[-3].startswith("fullstory  2 operations")
        error = OperationError(status, detail)
        ended = {"state": State.FAILED, "error": error, "outcome": Outcome.FAILED}
        story.read(first, status, **ended).end(first, Outcome.FAILED)  # type: ignore[arg-type]  # a table of arguments
        for event in story.finish().events[-3:]:
            renderer(event)
    assert any(line.startswith("0 of 2 succeeded") for line in terminal.shown)
    assert terminal.screen.title == ""
    assert not terminal.cursor_is_hidden()


def test_the_end_of_a_log_stands_under_its_row_and_a_long_line_is_cut() -> None:
    terminal = Terminal(60, 24)
    failure = Failure("job test, step make", ("[bold]1 != 2[/bold]", "x" * 100))
    story = Story(["import-44"]).fail("import-44", "", failure=failure)
    assert after(story.finish().events, terminal)[:3] == [
        "✗ import-44  FAILED  0s   job test, step make",
        "  │ [bold]1 != 2[/bold]",
        "  │ " + "x" * 55 + "…",
    ]
