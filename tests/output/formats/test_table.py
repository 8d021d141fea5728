from datetime import UTC, datetime, timedelta

import pytest

from opwatch.domain.operation import Failure, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault
from opwatch.output.formats.table import age, write_table
from output.screen import Page
from output.script import NOON, Story, target, wall_of


def looked_at() -> Story:
    address = target("https://api.example.com/v1/ops/abc", id="abc")
    story = Story(["export-9c01ab07", "import-44", address, "lost"])
    running, failed, typed, lost = story.operations
    story.read(running, progress=55.0, updated_at=NOON - timedelta(seconds=12))
    story.end(running, Outcome.PENDING, Reason.NOT_WAITED)
    story.read(failed, progress=25.0)
    story.fail(failed, "bad column 'x'", "17")
    story.succeed(typed, updated_at=NOON - timedelta(minutes=3), result={"rows": 12})
    story.bad(lost, Fault.STATUS_NOT_FOUND, status=404)
    story.end(lost, Outcome.NOT_FOUND, Reason.NEVER_FOUND)
    return story


def written(story: Story, *, terminal: bool, width: int = 100, colour: bool = False) -> str:
    stream = Page()
    write_table(
        stream,
        list(story.operations.values()),
        now=story.at,
        wall_of=wall_of,
        terminal=terminal,
        width=width,
        colour=colour,
    )
    return stream.getvalue()


def test_a_terminal_gets_an_aligned_table_with_ages() -> None:
    assert written(looked_at(), terminal=True).splitlines() == [
        "OPERATION        STATE      PROGRESS  STATUS     UPDATED   DETAIL",
        "export-9c01ab07  running        55 %  RUNNING    12 s ago",
        "import-44        failed         25 %  FAILED               bad column 'x' (code 17)",
        "abc              succeeded     100 %  COMPLETED  3 m ago   rows 12",
        "lost             not found",
        "  │ the API does not know it: api.example.com answered HTTP 404",
    ]


def test_what_no_operation_has_takes_no_room_on_a_terminal() -> None:
    story = Story(["a"]).read("a", message="still bound")

    assert written(story, terminal=True, width=40).splitlines() == [
        "OPERATION  STATE    STATUS   DETAIL",
        "a          running  RUNNING  still bound",
    ]
    assert written(story, terminal=False).splitlines()[0].count("\t") == 5


def test_a_narrow_terminal_has_the_details_under_their_rows() -> None:
    lines = written(looked_at(), terminal=True, width=60).splitlines()
    assert lines[3] == "  │ bad column 'x' (code 17)"
    assert all(len(line) <= 60 for line in lines)


def test_a_terminal_is_told_what_an_operation_does_and_a_pipe_keeps_its_columns() -> None:
    story = Story(["a"])
    story.read("a", kind="DELETE", message="still bound")
    story.end("a", Outcome.PENDING, Reason.NOT_WAITED)

    assert written(story, terminal=True).splitlines()[1].endswith("DELETE: still bound")
    assert written(story, terminal=False).splitlines()[1].endswith("\tstill bound")


def test_a_pipe_gets_whole_names_and_iso_times_between_tabs() -> None:
    lines = written(looked_at(), terminal=False).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["OPERATION", "STATE", "PROGRESS", "STATUS", "UPDATED", "DETAIL"],
        ["export-9c01ab07", "running", "55", "RUNNING", "2026-11-22T10:12:05Z", ""],
        ["import-44", "failed", "25", "FAILED", "", "bad column 'x' (code 17)"],
        [
            "https://api.example.com/v1/ops/abc",
            "succeeded",
            "100",
            "COMPLETED",
            "2026-11-22T10:09:17Z",
            "rows 12",
        ],
        [
            "lost",
            "not found",
            "",
            "",
            "",
            "the API does not know it: api.example.com answered HTTP 404",
        ],
    ]


def test_colour_is_only_an_addition() -> None:
    plain = written(looked_at(), terminal=True)
    coloured = written(looked_at(), terminal=True, colour=True)
    assert "\x1b[31mfailed" in coloured
    assert "\x1b" not in plain
    for code in ("0", "2", "31", "32", "33", "36"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_hostile_text_stays_within_its_cell(terminal: bool, width: int) -> None:  # noqa: FBT001, a parameter of the test
    evil = "a\tb\n\x1b[2J\u202e##[x]"
    story = Story([evil, "after"])
    story.read(evil, evil, message=evil, state=State.BLOCKED)
    story.fail("after", evil, evil)
    lines = written(story, terminal=terminal, width=width).splitlines()
    assert "\x1b" not in "".join(lines)
    assert "##[" not in "".join(lines)
    if terminal:
        assert all(len(line) <= width for line in lines)
    else:
        assert [line.count("\t") for line in lines] == [5, 5, 5]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-50, "just now"),
        (12, "12 s ago"),
        (60, "1 m ago"),
        (7300, "2 h ago"),
        (200000, "2 d ago"),
    ],
)
def test_an_age_is_one_number(seconds: float, words: str) -> None:
    assert age(NOON - timedelta(seconds=seconds), NOON) == words


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    local = NOON.astimezone()
    assert age(datetime(2026, 11, 22, 10, 12, 5), local) == "12 s ago"  # noqa: DTZ001, an API may name no zone
    assert NOON.tzinfo is UTC


def test_a_name_of_the_apis_own_stands_before_the_id_and_a_pipe_keeps_the_reference() -> None:
    story = Story(["4242"]).read("4242", name="CI #7")
    story.end("4242", Outcome.PENDING, Reason.NOT_WAITED)
    assert written(story, terminal=True).splitlines()[1].startswith("CI #7 (4242)  running")
    assert written(story, terminal=False).splitlines()[1].startswith("4242\trunning")


def test_a_terminal_is_shown_the_end_of_a_log_and_a_pipe_is_not() -> None:
    failure = Failure("job test", ("[red]1 != 2", "x" * 100))
    story = Story(["a"]).fail("a", "", failure=failure)
    assert written(story, terminal=True, width=70).splitlines()[1:] == [
        "a          failed  FAILED  job test",
        "  │ [red]1 != 2",
        "  │ " + "x" * 65 + "…",
    ]
    assert written(story, terminal=False).splitlines()[1:] == ["a\tfailed\t\tFAILED\t\tjob test"]
