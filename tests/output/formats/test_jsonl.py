import io
import json
from typing import Any

import pytest

from opwatch.domain.errors import PipeClosedError
from opwatch.domain.events import Oddity
from opwatch.domain.outcome import Abort, Outcome, Verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.formats.document import document
from opwatch.output.formats.jsonl import jsonl, result_line
from output.schemas import EVENT, VALIDATE_EVENT
from output.script import Story, four, target, wall_of


def lines_of(story: Story, **more: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    with jsonl(stream, command="wait", wall_of=wall_of, **more) as write_event:
        for event in story.events:
            write_event(event)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    for each in found:
        VALIDATE_EVENT(each)
    return found


def every_kind() -> Story:
    story = Story(["a", "b"], timeout=60.0)
    story.read("a").bad("a", Fault.STATUS_THROTTLED, status=429, wait=9.0)
    story.hold(9, Trouble(Fault.STATUS_THROTTLED, status=429)).hold(1)
    story.warn(Oddity.UNKNOWN_STATUS, "##[x]", "a").warn(Oddity.NOTE, "y")
    return story.wait(2).sleep(300).succeed("a").interrupt(Abort.TERMINATED)


def test_every_kind_of_event_is_a_line_that_the_schema_knows() -> None:
    types = [each["type"] for each in lines_of(every_kind())]
    assert set(types) == set(EVENT["$defs"]) - {"trouble"}
    assert types[0] == "started"
    assert types[-1] == "result"


def test_the_last_line_is_the_document() -> None:
    last = lines_of(four())[-1]
    assert last["exit_code"] == 1
    assert len(last["operations"]) == 4


def test_a_trouble_is_reported_with_its_next_poll() -> None:
    story = Story(["a"])
    story.bad("a", Fault.STATUS_TRANSIENT, status=502, again=8.0)
    assert lines_of(story)[1] | {"operation": None} == {
        "format": 1,
        "type": "troubled",
        "at": "2026-11-22T10:12:17.000Z",
        "trouble": {
            "code": "status_transient",
            "http_status": 502,
            "message": "api.example.com answered HTTP 502",
        },
        "next_poll_at": "2026-11-22T10:12:25.000Z",
        "operation": None,
    }


def test_passing_time_is_not_an_event() -> None:
    assert len(lines_of(Story(["a"]).wait(100))) == 1


def test_no_event_lets_a_secret_or_a_runner_command_out() -> None:
    evil = "canary-7f3a ##[x] \x1b[2J"
    story = Story([target(evil, host=evil)])
    story.read(evil, evil, message=evil).bad(evil, Trouble(Fault.API_ERROR, evil, host=evil))
    story.warn(Oddity.NOTE, evil, evil).hold(5, None, evil).fail(evil, evil, evil).finish()
    stream = io.StringIO()
    redact = lambda text: text.replace("canary-7f3a", "***")  # noqa: E731, a word for it
    with jsonl(stream, command="wait", wall_of=wall_of, redact=redact) as write_event:
        for event in story.events:
            write_event(event)
    assert "canary" not in stream.getvalue()
    assert "##[" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_run_that_never_started_still_ends_with_a_result() -> None:
    found = document(
        [],
        Verdict(4, Outcome.DENIED),
        command="wait",
        started_at=0.0,
        ended_at=0.0,
        wall_of=wall_of,
        problem="no credential",
    )
    VALIDATE_EVENT(json.loads(result_line(found)))


def test_a_reader_who_leaves_is_reported_at_once() -> None:
    class Left(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    with (
        jsonl(Left(), command="wait", wall_of=wall_of) as write_event,
        pytest.raises(PipeClosedError),
    ):
        write_event(four().events[0])
