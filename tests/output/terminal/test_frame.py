import re
from typing import NoReturn

import pytest

from opwatch.domain.events import Event, Started, Ticked, Troubled
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.frame import compose
from opwatch.output.text.styles import ASCII, UNICODE, line_cells, plain
from output.script import Story, crowd, four, target

TIMES = UNICODE.times
FOUR = four()


def board_after(events: list[Event]) -> Board:
    board = Board()
    for event in events:
        board.take(event)
    return board


def screen(story: Story, columns: int = 100, rows: int = 24, until: float | None = None) -> str:
    """Return what a terminal of that size shows of *story*, up to the time *until*."""
    at = story.at if until is None else until
    board = board_after([event for event in story.events if event.at <= at])
    lines = compose(board, at, (columns, rows), UNICODE)
    assert len(lines) < max(rows, 2)
    assert all(line_cells(line) <= columns for line in lines)
    return "\n".join(plain(line) for line in lines)


def test_the_whole_picture_at_a_hundred_columns() -> None:
    assert screen(FOUR, 100, until=65) == (
        "fullstory  4 operations   1 succeeded  2 running  1 pending  (1 in trouble)"
        "             1m 05s / 30m\n"
        "✓ export-7f3a0c1d91  ━━━━━━━━━━━━━━━━━━━━ 100%  COMPLETED      47s"
        "  searchExportId YKDYR5yeTq2\n"
        "● export-9c01ab07    ━━━━━━━━━━━─────────  55%  RUNNING     1m 05s  about 50 s left\n"
        "○ delete-user-2      ──────────╺━━━╸─────       PENDING     1m 05s\n"
        "! import-44          ━━━━━───────────────  25%  RUNNING     1m 05s"
        f"  HTTP 502 {TIMES}3 · again in 11 s"
    )


def test_at_eighty_columns_the_note_keeps_when_it_is_asked_again() -> None:
    lines = screen(FOUR, 80, until=65).splitlines()
    assert lines[0] == (
        "fullstory  4: 1 succeeded  2 running  1 pending  (1 in trouble)     1m 05s / 30m"
    )
    assert lines[4] == (
        "! import-44          ━╸────  25%  RUNNING     1m 05s  HTTP 502 · again in 11 s"
    )


@pytest.mark.parametrize("columns", range(40, 121))
def test_the_head_line_keeps_the_clock_the_deadline_and_every_count(columns: int) -> None:
    story = crowd(60)
    story.events[0] = Started(0.0, tuple(story.operations.values()), deadline=1800.0)
    head = screen(story, columns).splitlines()[0]
    numbers = re.findall(r"\d+", head)

    assert head.endswith("5s / 30m")
    assert "60" in head
    for count in board_after(story.events).counts.values():
        assert not count or str(count) in numbers


def test_at_sixty_columns_the_note_wraps_under_its_row() -> None:
    lines = screen(FOUR, 60, until=65).splitlines()
    assert lines[-2:] == [
        "! import-44        ━━━╸───────────  25%  RUNNING      1m 05s",
        f"  │ 18 s old · HTTP 502 {TIMES}3 · again in 11 s",
    ]


def test_at_forty_columns_the_bar_is_gone() -> None:
    assert screen(FOUR, 40, 12, until=65).splitlines() == [
        "fullstory  4: ✓1 ●2 ○1 !1   1m 05s / 30m",
        "✓ export…d91  100%  COMPLETED      47s",
        "  │ searchExportId YKDYR5yeTq2",
        "● export…b07   55%  RUNNING     1m 05s",
        "  │ about 50 s left",
        "○ delete…r-2        PENDING     1m 05s",
        "! import-44    25%  RUNNING     1m 05s",
        f"  │ HTTP 502 {TIMES}3 · again in 11 s",
    ]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (39, "1/4 done  1 in trouble  55%  1m 05s"),
        (30, "1/4 done  1 in trouble  1m 05s"),
        (20, "1/4 done  !1  1m 05s"),
        (15, "1/4  !1  1m 05s"),
        (10, "1/4  !1"),
        (5, "1/4"),
        (1, "…"),
    ],
)
def test_under_forty_columns_one_line_is_left(columns: int, line: str) -> None:
    assert screen(FOUR, columns, until=65) == line


def test_one_operation_in_one_line_shows_its_own_word() -> None:
    story = Story(["op-1"])
    story.read("op-1", "IN_PROGRESS", 40.0).wait(12)
    assert screen(story, 39) == "IN_PROGRESS  40%  12s"
    story.bad("op-1", Fault.STATUS_TRANSIENT, status=502)
    assert screen(story, 39) == "IN_PROGRESS  40%  12s  HTTP 502"


@pytest.mark.every(3)
@pytest.mark.parametrize("columns", [0, 1, 2, 3, 20, 39, 40, 41, 59, 60, 79, 80, 99, 100, 250])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 6, 24])
def test_no_size_is_too_small_to_draw_on(columns: int, rows: int) -> None:
    for until in (0.0, 30.0, 65.0, 200.0):
        screen(FOUR, max(columns, 1), rows, until=until)
    compose(board_after(FOUR.events), 400.0, (columns, rows), UNICODE)


def test_a_hundred_percent_is_not_the_end() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING", 100.0)
    assert "━╸ 100%  RUNNING" in screen(story)
    story.succeed("op-1", "DONE", progress=98.0)
    assert "━━ 100%  DONE" in screen(story)


def test_a_failure_at_a_hundred_percent_does_not_fill_its_bar() -> None:
    story = Story(["op-1"])
    story.read("op-1", "Started", 100.0).fail("op-1", "no space")
    assert "━╸ 100%  FAILED" in screen(story)


def test_no_percentage_is_a_pulse_that_moves_and_no_invented_number() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING")
    first, later = screen(story, until=0.0), screen(story.wait(1))
    assert "╺━━━╸" in first
    assert first.splitlines()[1][8:36] != later.splitlines()[1][8:36]
    assert "%" not in first


def test_the_pulse_of_an_operation_in_trouble_stands_still() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING").bad("op-1", Fault.TIMEOUT)
    assert "╺" not in screen(story)


def test_a_bar_may_go_back() -> None:
    story = Story(["op-1"])
    high = screen(story.read("op-1", "RUNNING", 80.0))
    low = screen(story.read("op-1", "RUNNING", 20.0))
    assert high.count("━") > low.count("━")


@pytest.mark.parametrize("columns", [44, 60, 80, 100, 120, 200])
def test_what_stands_before_the_status_never_moves(columns: int) -> None:
    story = Story(["export-7f3a0c1d91", "op-2"])
    board, places = Board(), set()
    words = ["NEW", "PENDING", "IN_PROGRESS", "Provisioning", "WaitingForAllResources", "DONE"]
    for word in words:
        story.read("op-2", word, 50.0).wait(900)
        for event in story.events:
            board.take(event)
        rows = compose(board, story.at, (columns, 24), UNICODE)
        shown = next(plain(line) for line in rows if "op-2" in plain(line))
        places.add(shown.index("50%"))
    assert len(places) == 1


def rows_of(board: Board, at: float, rows: int = 12) -> list[str]:
    lines = compose(board, at, (100, rows), UNICODE)[1:]
    return [plain(line)[2:11] for line in lines if "job-" in plain(line)]


def test_a_row_keeps_its_place_whatever_its_progress() -> None:
    story = crowd(60)
    board = board_after(story.events)
    before = rows_of(board, story.at)
    for step in range(40):
        for number, each in enumerate(story.operations):
            if not story.operations[each].is_over and not story.operations[each].streak:
                story.read(each, progress=float((step * 7 + number * 13) % 100))
                board.take(story.events[-1])
        assert rows_of(board, story.at) == before


def test_a_row_rises_once_when_it_gets_into_trouble_and_once_when_it_ends_badly() -> None:
    story = crowd(60)
    board = board_after(story.events)
    before = rows_of(board, story.at)
    one = before[-1]

    board.take(story.bad(one, Fault.TIMEOUT).events[-1])
    risen = rows_of(board, story.at)
    assert [each for each in risen if each != one] == before[:-1]
    assert risen.index(one) < before.index(one)

    board.take(story.read(one, progress=50.0).events[-1])
    board.take(story.bad(one, Fault.TIMEOUT).events[-1])
    board.take(story.read(one, progress=50.0).events[-1])
    assert rows_of(board, story.at) == risen

    for event in story.fail(one, "x").events[-2:]:
        board.take(event)
    assert [each for each in rows_of(board, story.at) if each != one] == before[:-1]
    assert rows_of(board, story.at)[1] == one


def test_a_success_gives_its_place_to_another_after_a_moment() -> None:
    story = crowd(60)
    board = board_after(story.events)
    before = rows_of(board, story.at)
    one = before[4]
    for event in story.succeed(one).events[-2:]:
        board.take(event)

    assert rows_of(board, story.at) == before
    later = rows_of(board, story.at + 2.5)
    assert [a == b for a, b in zip(before, later, strict=True)].count(False) == 1
    assert one not in later
    assert later == rows_of(board, story.at + 9.0)


def test_a_row_that_had_a_note_keeps_the_line_of_it() -> None:
    story = Story(["a", "b"])
    story.read("a", progress=10.0, eta=60.0).read("b", progress=10.0)
    board = board_after(story.events)
    with_note = compose(board, story.at, (48, 24), UNICODE)
    board.take(story.read("a", progress=12.0).events[-1])

    assert len(compose(board, story.at, (48, 24), UNICODE)) == len(with_note) == 4


def test_the_failed_and_the_troubled_come_before_the_fold() -> None:
    story = crowd(100)
    lines = screen(story, 100, 12).splitlines()
    assert lines[1].startswith("✗ job-00018")
    assert [line[0] for line in lines[2:5]] == ["!", "!", "●"]
    running = lines[4:-1]
    percents = [int(line.split("%")[0].split()[-1]) for line in running]
    assert percents == sorted(percents, reverse=True)
    assert lines[-1].startswith("… and 92 more: ")
    assert len(lines) == 10


def test_the_fold_counts_exactly_what_it_hides() -> None:
    story = crowd(1000)
    board = board_after(story.events)
    lines = [plain(line) for line in compose(board, story.at, (100, 24), UNICODE)]
    last = next(line for line in lines if line.startswith("…"))
    numbers = [int(word.replace(",", "")) for word in last.split() if word[0].isdigit()]
    shown = sum("job-" in line for line in lines)
    assert numbers[0] == sum(numbers[1:]) == 1000 - shown


def test_a_big_number_is_grouped() -> None:
    assert "… and 9,982 more: " in screen(crowd(10_000))


def test_what_fits_stays_in_the_order_it_was_asked_for() -> None:
    story = Story(["b", "a", "c"])
    story.fail("c", "x").succeed("a").read("b", progress=5.0)
    assert [line[2] for line in screen(story).splitlines()[1:]] == ["b", "a", "c"]


def test_a_host_that_is_held_explains_the_silence_of_its_operations() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING", 40.0, again=2.0)
    story.hold(42.0, Trouble(Fault.STATUS_THROTTLED, status=429))
    assert "rate limited · again in 42 s" in screen(story)
    assert "rate limited" not in screen(story.wait(40))


def test_so_does_one_that_has_asked_another_run_to_wait() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING", 40.0, again=2.0).hold(42.0, is_of_another=True)
    assert "asked another run to wait · again in 42 s" in screen(story, columns=120)
    assert "asked another run to wait" in screen(story)


def test_asking_again_is_said_of_a_request_that_is_under_way_only() -> None:
    story = Story(["a"])
    story.read("a").bad("a", Trouble(Fault.CONNECTION_REFUSED), again=3.0).wait(3.5)
    assert "waits its turn" in screen(story, columns=120)

    one = story.operations["a"].target
    asked = [*story.events, Ticked(story.at, (one,))]
    frame = compose(board_after(asked), story.at, (120, 24), UNICODE)
    assert "asking again" in "\n".join(map(plain, frame))


def test_a_row_whose_turn_does_not_come_shows_its_age() -> None:
    story = Story(["a"])
    story.read("a", again=2.0).wait(70.0)

    assert "1m 10s old · waits its turn" in screen(story)


def test_a_host_that_is_down_has_one_line_and_all_who_wait_for_it_are_in_trouble() -> None:
    refused = Trouble(Fault.CONNECTION_REFUSED)
    story = Story([*"abcdef"])
    for each in "abcdef":
        story.read(each)
    story.bad("a", refused).bad("b", refused).hold(30.0, refused).wait(12.0)
    shown = screen(story)

    assert shown.count("connection refused") == 1
    assert "! api.example.com: connection refused for 12 s · again in 18 s · 6 wait" in shown
    assert "(6 in trouble)" in shown

    assert "(1 in trouble)" in screen(story.read("a")), "it answers again; b was refused"


def test_a_pause_that_comes_with_every_good_answer_is_not_news() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING", message="step 3 of 9", again=30.0).hold(30.0)
    assert screen(story).endswith("step 3 of 9")


def test_a_message_that_only_repeats_the_status_is_not_a_note() -> None:
    story = Story(["op-1"])
    story.read("op-1", "Queued", message="queued")
    assert screen(story).endswith("0s")


@pytest.mark.parametrize(
    ("reading", "note"),
    [
        ({"state": State.BLOCKED, "message": "by Ada"}, "waiting for a person · by Ada"),
        ({"count": 12345}, "12,345 so far"),
        ({"message": "step 3 of 9"}, "step 3 of 9"),
        ({"progress": 10.0, "eta": 90.0, "message": "step 3"}, "about 2m left"),
        ({"state": State.SUCCEEDED}, "asking once more to be sure"),
    ],
)
def test_a_row_has_the_note_that_matters_most(reading: dict[str, object], note: str) -> None:
    story = Story(["op-1"])
    story.read("op-1", "WORD", **reading)  # type: ignore[arg-type]  # a table of arguments
    assert screen(story, 120).splitlines()[1].endswith(note)


def test_a_narrow_row_keeps_the_message_and_gives_up_the_kind() -> None:
    story = Story(["a"])
    story.read("a", kind="CREATE", message="copying the tables of a database")

    assert screen(story, 100).splitlines()[1].endswith("CREATE · copying the tables of a database")
    assert "CREATE" not in screen(story, 80)
    assert "copying the tables" in screen(story, 80)


def test_a_prediction_that_did_not_come_true_is_dropped() -> None:
    story = Story(["op-1"])
    story.read("op-1", progress=50.0, eta=20.0)
    assert "left" in screen(story)
    assert "left" not in screen(story.wait(25))
    assert "nearly" not in screen(story)


def test_an_end_that_is_only_usual_is_told_as_such() -> None:
    story = Story(["op-1", "op-2"])
    story.read("op-1", eta=180.0, usually=580.0)
    story.read("op-2", progress=50.0, eta=180.0, usually=580.0)

    first, second = screen(story).splitlines()[1:]
    assert first.endswith("usually 9m 40s, about 3m left")
    assert "usually" not in second


def test_several_profiles_are_named_in_their_rows_and_not_in_the_head() -> None:
    story = Story([target("a", profile="seismic"), target("b", profile="sap")])
    wide = screen(story.read("a").read("b"), 120).splitlines()
    assert wide[0].startswith("2 operations")
    assert "a  seismic  " in wide[1]
    assert "b  sap      " in wide[2]
    assert "seismic" not in screen(story, 80)


def test_two_operations_of_the_same_name_are_two_rows() -> None:
    first, second = target("1", profile="seismic"), target("1", profile="sap")
    board = Board()
    for story in (Story([first]), Story([second])):
        for event in story.read("1").events:
            board.take(event)
    assert len(board) == 2


def test_hostile_names_and_words_do_not_disturb_the_table() -> None:
    story = Story(["\x1b[2J\nevil", "中文名字", "ok"])
    for each in story.operations:
        story.read(each, "\x1b]0;title\x07[bold]x[/x]:boom:", message="\u202e##[error]")
    text = screen(story)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4
    assert "##[" not in text


def test_an_ascii_terminal_gets_ascii_signs() -> None:
    story = FOUR
    board = board_after([event for event in story.events if event.at <= 65])
    text = "\n".join(plain(line) for line in compose(board, 65, (80, 24), ASCII))
    assert text.isascii()
    assert "! import-44          =>----  25%  RUNNING" in text


def test_outcomes_other_than_the_apis_keep_the_last_known_word() -> None:
    story = Story(["a", "b", "c"])
    story.read("a").bad("a", Fault.TIMEOUT).end("a", Outcome.UNKNOWN, Reason.LOST_CONTACT)
    story.bad("b", Fault.STATUS_NOT_FOUND, status=404)
    story.end("b", Outcome.NOT_FOUND, Reason.NEVER_FOUND)
    story.read("c").end("c", Outcome.TIMED_OUT, Reason.DEADLINE)
    lines = screen(story).splitlines()
    assert lines[1].startswith("? a")
    assert "RUNNING?" in lines[1]
    assert "not found" in lines[2]
    assert "still running at the deadline" in lines[3]


class Frugal(Board):
    """A board that refuses to be looked through."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("a frame may cost no more for many operations than for few")


@pytest.mark.slow
def test_a_frame_of_ten_thousand_operations_looks_at_those_it_shows_only() -> None:
    story = crowd(10_000)
    board = Frugal()
    for event in story.events:
        board.take(event)
    assert len(compose(board, story.at, (120, 50), UNICODE)) == 44
    assert len(compose(board, story.at, (39, 50), UNICODE)) == 1


def test_a_row_is_called_by_the_apis_own_name_once_that_is_known() -> None:
    story = Story(["4242"])
    before = screen(story, 100).splitlines()[1]
    after = screen(story.wait(2).read("4242", name="Build and test #562"), 100).splitlines()[1]
    assert before.startswith("◌ 4242 ")
    assert after.startswith("● Build and test #562  ")


def test_where_notes_have_lines_none_is_begun_for_an_age_that_all_have() -> None:
    refused = Trouble(Fault.CONNECTION_REFUSED)
    story = Story(["job-1", "job-2", "job-3"])
    for each in story.operations:
        story.read(each, progress=5.0)
    story.wait(9)
    for each in story.operations:
        story.bad(each, refused)
    story.hold(30.0, refused)
    assert len(screen(story, 40, 16).splitlines()) == 5
    assert screen(story, 80, 16).count("9 s old") == 3


def test_what_was_never_found_says_until_when_it_is_asked_for() -> None:
    story = Story(["wrong"])
    story.wait(2).bad("wrong", Fault.STATUS_NOT_FOUND, status=404)
    one = story.operations["wrong"].but(missing_until=32.0)
    story.events.append(Troubled(story.at, one, Trouble(Fault.STATUS_NOT_FOUND, status=404)))
    assert screen(story).endswith("not found so far, until 32s")


def test_a_traceback_shows_its_reason_in_the_note_and_at_the_end() -> None:
    story = Story(["job"])
    story.fail("job", "Traceback:\n  File x\nValueError: bad column")
    assert screen(story, 80).endswith("ValueError: bad column")


@pytest.mark.parametrize("columns", range(40, 101, 4))
def test_the_line_of_a_host_and_the_line_of_the_hidden_are_never_cut(columns: int) -> None:
    refused = Trouble(Fault.CONNECTION_REFUSED)
    story = crowd(60)
    for each in list(story.operations)[1:9]:
        if not story.operations[each].is_over:
            story.bad(each, refused)
    story.hold(30.0, refused).wait(12.0)
    *_, hidden, host = screen(story, columns, 16).splitlines()

    # What ails the only host there is, is told before its name.
    assert "connection refused" in host
    assert host.startswith("! api.example.com: " if columns > 52 else "! connection refused")
    assert "again in 18 s" in host
    assert hidden.startswith("… and ")
    assert not hidden.endswith("…")
    assert not host.endswith("…")


@pytest.mark.parametrize("columns", [18, 20, 30, 39])
def test_in_one_line_what_went_wrong_is_the_last_to_go(columns: int) -> None:
    line = screen(crowd(500), columns)
    assert re.search(r"✗1 |1 failed", line)
    assert re.search(r"!\d|in trouble", line)
