from opwatch.domain.events import Event, Oddity
from opwatch.domain.operation import Failure, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.streams import Sink
from opwatch.output.terminal.display import Quiet
from opwatch.output.terminal.lines import Lines
from opwatch.output.text.styles import UNICODE
from output.screen import Page
from output.script import Story, crowd, four, target, wall_of

TIMES = UNICODE.times


def written(events: list[Event]) -> list[str]:
    stream = Page()
    sink = Sink(stream)
    with Lines(sink, wall_of=wall_of, resume=lambda rest: f"opwatch wait {len(rest)}") as renderer:
        for event in events:
            renderer(event)
    return stream.getvalue().splitlines()


def lines_of(story: Story) -> list[str]:
    """Return the lines about *story* after its first, without the prefix."""
    return [line.removeprefix("opwatch ")[9:] for line in written(story.events)[1:]]


def test_a_whole_run_reads_as_a_log() -> None:
    lines = written(four().events)
    assert lines[:8] == [
        "opwatch 10:12:17 waiting for 4 operations, until 10:42:17",
        "opwatch 10:12:18 export-7f3a0c1d91 pending",
        "opwatch 10:12:18 export-9c01ab07 pending",
        "opwatch 10:12:18 delete-user-2 pending",
        "opwatch 10:12:18 import-44 pending",
        "opwatch 10:12:27 export-7f3a0c1d91 running 30%",
        "opwatch 10:12:27 export-9c01ab07 running 12%",
        "opwatch 10:12:27 import-44 running 25%",
    ]
    assert lines[9:14] == [
        (
            "opwatch 10:13:04 export-7f3a0c1d91 succeeded (COMPLETED) after 47s: "
            "searchExportId YKDYR5yeTq2"
        ),
        (
            "opwatch 10:13:04 import-44 trouble: api.example.com answered HTTP 502, "
            "trying again in 5s; last confirmed just now: running 25%"
        ),
        (
            "opwatch 10:13:17 waiting 1m 00s: 1 succeeded, 2 running (21% to 25%), 1 pending; "
            f"1 not confirmed for 13s: HTTP 502 {TIMES}2"
        ),
        "opwatch 10:13:17 export-9c01ab07 running 55%",
        (
            "opwatch 10:14:17 waiting 2m 00s: 1 succeeded, 2 running (25% to 55%), 1 pending; "
            f"1 not confirmed for 1m 13s: HTTP 502 {TIMES}3"
        ),
    ]
    assert lines[-4:] == [
        (
            "opwatch 10:20:04 delete-user-2 unknown after 7m 47s: "
            f"not confirmed for 6m 43s: HTTP 502 {TIMES}41"
        ),
        "opwatch 10:20:04 2 of 4 succeeded, 1 failed, 1 unknown, in 7m 47s; exit 1: failed",
        (
            "opwatch to fix: try again later, or tell whoever runs api.example.com; "
            "nothing remote was cancelled"
        ),
        "opwatch to go on: opwatch wait 1",
    ]


def test_a_trouble_is_reported_once_however_often_it_is_retried() -> None:
    story = Story(["op-1"])
    story.read("op-1")
    for _ in range(50):
        story.bad("op-1", Fault.TIMEOUT).wait(1)
    assert sum("trouble" in line for line in lines_of(story)) == 1


def test_another_kind_of_trouble_is_news() -> None:
    story = Story(["op-1"])
    story.bad("op-1", Fault.TIMEOUT)
    story.bad("op-1", Fault.STATUS_TRANSIENT, status=502)
    story.bad("op-1", Fault.STATUS_TRANSIENT, status=503)
    assert [line.split(",")[0] for line in lines_of(story)] == [
        "op-1 trouble: api.example.com did not finish its answer in time",
        "op-1 trouble: api.example.com answered HTTP 502",
        "op-1 trouble: api.example.com answered HTTP 503",
    ]


def test_a_recovery_is_reported_if_its_trouble_was() -> None:
    story = Story(["op-1"])
    story.read("op-1", progress=5.0).bad("op-1", Fault.TIMEOUT).wait(5).read("op-1", progress=6.0)
    assert lines_of(story)[-1] == "op-1 running 6% again"


def test_an_api_that_is_now_good_and_now_bad_does_not_fill_the_log() -> None:
    story = Story(["op-1"])
    for _ in range(300):
        story.bad("op-1", Fault.TIMEOUT).wait(1).read("op-1").wait(1)
    assert len(lines_of(story)) < 4 * 10 + 5


def test_progress_is_worth_a_line_every_ten_points_and_ten_seconds() -> None:
    story = Story(["op-1"])
    for percent in range(1, 101):
        story.read("op-1", progress=float(percent)).wait(1)
    lines = [line for line in lines_of(story) if line.startswith("op-1")]
    assert lines[:3] == ["op-1 running 1%", "op-1 running 11%", "op-1 running 21%"]
    assert len(lines) == 10


def test_a_new_word_is_always_news() -> None:
    story = Story(["op-1"])
    story.read("op-1", "PREPARING").read("op-1", "COPYING").read("op-1", "COPYING")
    assert lines_of(story) == ["op-1 running (PREPARING)", "op-1 running (COPYING)"]


def test_silence_is_broken_once_a_minute() -> None:
    story = Story(["op-1"])
    story.read("op-1", "IN_PROGRESS", 40.0)
    for _ in range(12):
        story.wait(15).read("op-1", "IN_PROGRESS", 40.0)
    assert lines_of(story)[1:] == [
        "waiting 1m 00s: op-1 running (IN_PROGRESS) 40%; confirmed within the last 16s",
        "waiting 2m 00s: op-1 running (IN_PROGRESS) 40%; confirmed within the last 16s",
        "waiting 3m 00s: op-1 running (IN_PROGRESS) 40%; confirmed within the last 16s",
    ]


def test_a_heartbeat_admits_what_has_not_been_asked() -> None:
    story = Story(["a", "b", "c"])
    story.read("a").wait(60)
    assert lines_of(story)[-1] == "waiting 1m 00s: 1 running, 2 pending; 2 not asked yet"


def test_a_crowd_shares_its_troubles_and_speaks_of_ends_only() -> None:
    story = crowd(1000)
    lines = lines_of(story)
    assert sum("trouble" in line for line in lines) == 1
    assert not [line for line in lines if "pending" in line or "running" in line]


def test_a_crowd_reports_when_its_host_answers_again() -> None:
    story = Story([f"op-{number}" for number in range(60)])
    for each in story.operations:
        story.bad(each, Fault.UNREACHABLE)
    story.wait(5)
    for each in story.operations:
        story.read(each)
    lines = lines_of(story)
    assert lines[0].startswith("op-0 trouble: no route to api.example.com")
    assert lines[1:] == ["https://api.example.com answers again"]


def test_a_detached_crowd_does_not_say_so_a_thousand_times() -> None:
    story = Story([f"op-{number}" for number in range(60)])
    story.interrupt()
    assert len(written(story.events)) == 4


def test_a_pause_that_a_host_asks_for_is_reported_once() -> None:
    story = Story(["op-1"])
    limited = Trouble(Fault.STATUS_THROTTLED, status=429)
    story.read("op-1").hold(40, limited).wait(5).hold(40, limited).hold(3, None)
    assert lines_of(story)[1:] == [
        "the host is limiting the rate of requests (HTTP 429); no request for 40s"
    ]


def test_a_pause_that_a_host_has_asked_another_run_for_is_explained() -> None:
    story = Story(["op-1"])
    story.read("op-1").hold(3600, is_of_another=True).hold(4, is_of_another=True)
    assert lines_of(story)[1:] == [
        "api.example.com has asked another run to wait; no request for 1h 00m"
    ]


def test_a_host_that_is_down_for_maintenance_is_not_called_rate_limited() -> None:
    story = Story(["op-1"])
    closed = Trouble(Fault.STATUS_THROTTLED, "back at 04:00", status=503, host="api.example.com")
    story.read("op-1").hold(1800, closed)
    assert lines_of(story)[1:] == [
        (
            "api.example.com is unavailable and asks for a pause (HTTP 503): back at 04:00; "
            "no request for 30m 00s"
        )
    ]


def test_a_reading_that_must_be_confirmed_is_not_reported_as_the_end() -> None:
    story = Story(["op-1"])
    story.read("op-1", "DONE", state=State.SUCCEEDED)
    assert lines_of(story) == ["op-1 succeeded (DONE), asking once more to be sure"]


def test_what_else_happens_is_reported() -> None:
    story = Story(["op-1"])
    story.warn(Oddity.UNKNOWN_STATUS, "FOO", "op-1").sleep(600)
    assert lines_of(story)[0] == "warning: op-1: unknown status “FOO”, treated as running"
    assert lines_of(story)[1] == "awake again after 10m 00s; polling at once"


def test_every_line_begins_with_our_own_word_and_none_moves_a_cursor() -> None:
    evil = "\x1b[2J\n::error::x\r##[error]y\u2028##vso[z]"
    story = Story([evil])
    story.read(evil, evil, message=evil).bad(evil, Trouble(Fault.API_ERROR, evil, host=evil))
    story.warn(Oddity.NOTE, evil, evil).wait(61).fail(evil, evil, evil).finish()
    lines = written(story.events)
    assert len(lines) >= 6
    assert all(line.startswith("opwatch ") for line in lines)
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert "##[" not in text
    assert "##vso[" not in text


def test_quiet_speaks_of_bad_endings_and_how_to_go_on_only() -> None:
    stream = Page()
    with Quiet(Sink(stream), resume=lambda rest: f"opwatch wait {rest[0].reference}") as renderer:
        for event in four().events:
            renderer(event)
    assert stream.getvalue().splitlines() == [
        "opwatch: import-44 failed (FAILED) after 2m 19s: bad column 'x' [17]",
        (
            "opwatch: delete-user-2 unknown after 7m 47s: not confirmed for 6m 43s: "
            f"HTTP 502 {TIMES}41"
        ),
        (
            "opwatch: to fix: try again later, or tell whoever runs api.example.com;"
            " nothing remote was cancelled"
        ),
        "opwatch: to go on: opwatch wait delete-user-2",
    ]


def test_quiet_writes_nothing_when_all_is_well() -> None:
    stream = Page()
    story = Story(["op-1"])
    story.succeed("op-1").finish()
    with Quiet(Sink(stream), resume=lambda _rest: "never") as renderer:
        for event in story.events:
            renderer(event)
    assert stream.getvalue() == ""


def test_a_deadline_is_reported_in_words() -> None:
    story = Story(["op-1"], timeout=60.0)
    story.read("op-1", "RUNNING", 40.0).wait(60)
    story.end("op-1", Outcome.TIMED_OUT, Reason.DEADLINE).finish()
    assert lines_of(story)[-3:-1] == [
        "op-1 out of time after 1m 00s: still running at the deadline",
        "out of time after 1m 00s; exit 124: out of time",
    ]


def test_a_failure_is_followed_by_the_end_of_its_log_and_no_line_of_it_begins_one() -> None:
    hostile = ("::error::forged", "##vso[task.complete]", "\x1b[2J##teamcity[x]", "[red]\nopwatch")
    story = Story(["a"]).fail("a", "broken", failure=Failure("job test", hostile))
    assert written(story.events)[-5:] == [
        "opwatch 10:12:17 a failed (FAILED) after 0s: broken; job test",
        "opwatch   | ::error::forged",
        "opwatch   | # #vso[task.complete]",
        "opwatch   | \\x1b[2J# #teamcity[x]",
        "opwatch   | [red] ⏎ opwatch",
    ]


def test_why_there_is_no_reason_is_told_in_its_place() -> None:
    story = Story(["a", "b"]).fail("a", "broken", failure=Failure(is_asked=False))
    story.fail("b", "broken", failure=Failure(trouble=Trouble(Fault.TIMEOUT, host="h.example")))
    assert [line for line in written(story.events) if "|" in line] == [
        "opwatch   | not asked why it failed: too many did",
        "opwatch   | why it failed could not be had: h.example did not finish its answer in time",
    ]


def test_lines_name_the_profile_where_there_are_several() -> None:
    for profiles, named in ((("sap", "seismic"), True), (("sap", "sap"), False)):
        page = Page()
        targets = [target(name, profile=each) for name, each in zip("ab", profiles, strict=True)]
        story = Story(targets).read("a").wait(1).succeed("a").bad("b", Fault.TIMEOUT)
        lines = Lines(Sink(page), wall_of=wall_of)
        for event in story.events:
            lines(event)
        assert ("sap: a succeeded" in page.getvalue()) is named
        assert (f"{profiles[1]}: b trouble" in page.getvalue()) is named
