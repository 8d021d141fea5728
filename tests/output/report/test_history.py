import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.events import Oddity
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.report.history import FINEST, RUN_LINES, History, Log, Track
from opwatch.output.report.timeline import in_words, spans
from output.script import HOST, Story, four


def remembered(story: Story) -> History:
    history = History()
    for event in story.events:
        history(event)
    return history


def track_of(story: Story, reference: str) -> Track:
    track = remembered(story).track(story.operations[reference])
    assert track is not None
    return track


def said(log: Log) -> list[str]:
    return [each.text for each in (*log.first, *log.last)]


def test_a_time_line_has_the_states_and_the_answers_good_and_bad() -> None:
    track = track_of(four(), "import-44")

    found = list(spans(track, 139.0))
    assert [each.state for each in found if each.confirmed] == [
        None,
        State.PENDING,
        State.RUNNING,
        State.RUNNING,
        State.FAILED,
    ]
    (unconfirmed,) = [each for each in found if not each.confirmed]
    assert abs(unconfirmed.start - 47) <= track.width
    assert abs(unconfirmed.end - 124) <= track.width
    assert (len(track.good), len(track.bad)) == (5, 3)


def test_a_log_has_each_change_once_and_counts_what_is_repeated() -> None:
    track = track_of(four(), "delete-user-2")

    assert said(track.log) == [
        "pending",
        "api.example.com answered HTTP 502",
        "unknown: not confirmed for 6m 43s: HTTP 502 ×41",  # noqa: RUF001
    ]
    repeated = track.log.first[1]
    assert (repeated.count, repeated.at, repeated.until) == (41, 139.0, 459.0)


def test_an_end_that_the_api_reports_is_one_line() -> None:
    assert said(track_of(four(), "export-9c01ab07").log)[-1] == "succeeded (COMPLETED) 100%"


def test_what_concerns_the_run_is_remembered_beside_the_operations() -> None:
    story = Story(["a", "b"])
    story.hold(30.0).hold(30.0, Trouble(Fault.STATUS_THROTTLED, status=429, host=HOST))
    story.hold(30.0, is_of_another=True)
    story.sleep(1200.0).warn(Oddity.UNKNOWN_STATUS, "WEIRD", "a").interrupt()

    assert said(remembered(story).log) == [
        "api.example.com was in trouble: rate limited",
        "api.example.com has asked another run to wait",
        "awake again after 20m 00s",
        "a: unknown status “WEIRD”, treated as running",
        "interrupted; nothing remote was cancelled",
    ]


def test_a_run_of_any_length_leaves_a_time_line_that_is_bounded_and_whole() -> None:
    story = Story(["a"])
    for number in range(6_000):
        story.at += 7.0
        if number % 3:
            story.read("a", f"STEP {number}", number % 100)
        else:
            story.bad("a", Fault.TIMEOUT)
    story.end("a", Outcome.TIMED_OUT, Reason.DEADLINE)
    track = track_of(story, "a")

    assert 256 <= len(track.stages) <= 512
    assert len(track.good) <= 512
    assert len(track.bad) <= 512
    assert len(said(track.log)) <= 60
    # Each answer but the timeouts said something new, and so did each timeout after one.
    assert track.log.left_out == 6_000 + 1 - len(said(track.log))
    found = list(spans(track, story.at))
    assert found[0].start == 0.0
    assert found[-1].end == story.at
    assert all(one.end == next_one.start for one, next_one in pairwise(found))


@given(st.lists(st.tuples(st.floats(0, 1e7), st.booleans()), max_size=60))
def test_no_answer_is_lost_however_wide_the_cells_become(polls: list[tuple[float, bool]]) -> None:
    story = Story(["a"])
    for at, is_good in sorted(polls):
        story.at = at
        _ = story.read("a") if is_good else story.bad("a", Fault.TIMEOUT)
    track = track_of(story, "a")

    for is_good, cells in ((True, track.good), (False, track.bad)):
        lasting = {int(at / track.width) for at, good in polls if good is is_good}
        assert set(cells) == lasting
    assert track.width >= FINEST
    assert max(track.good + track.bad, default=0) < 512
    assert in_words(spans(track, story.at), track)


def test_two_thousand_operations_are_remembered_in_a_bounded_space() -> None:
    story = Story([f"op-{number}" for number in range(2_000)])
    history = remembered(story)
    (track, *_others) = filter(None, map(history.track, story.operations.values()))
    for number in range(5_000):
        story.at += 1.0
        operation = story.read("op-0", f"S{number}", number % 100).operations["op-0"]
        track.observe(story.at, operation, history.show)

    assert len(track.stages) <= 64
    assert len(said(track.log)) == 3
    assert sum(map(sys.getsizeof, (track.stages, track.good, track.bad))) < 4_000


def test_the_first_and_the_last_lines_are_kept() -> None:
    log = Log(RUN_LINES)
    for number in range(1_000):
        log.add(float(number), str(number))

    assert said(log)[:2] == ["0", "1"]
    assert said(log)[-1] == "999"
    assert len(said(log)) + log.left_out == 1_000
    assert len(said(log)) == RUN_LINES
