import io
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.operation import Failure, OperationError, State
from opwatch.domain.outcome import Abort, Outcome, Reason, Verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.formats.document import document, dumps, write_document
from output.schemas import DOCUMENT, VALIDATE_DOCUMENT, output_schema
from output.script import Story, four, target, wall_of

FINE = Verdict(0, Outcome.SUCCEEDED)


def of(story: Story, **more: Any) -> dict[str, Any]:
    """Return the document about *story*, through its text and held against the schema."""
    arguments: dict[str, Any] = {
        "command": "wait",
        "started_at": story.began,
        "ended_at": story.at,
        "wall_of": wall_of,
        **more,
    }
    text = dumps(document(list(story.operations.values()), story.verdict(), **arguments))
    found: dict[str, Any] = json.loads(text)
    VALIDATE_DOCUMENT(found)
    return found


def test_the_document_is_what_the_contract_says() -> None:
    story = Story(["abc"])
    story.wait(12.4).read("abc").bad("abc", Fault.TIMEOUT)
    when = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    story.succeed("abc", created_at=when, result={"searchExportId": "YK"})
    assert of(story) == {
        "format": 1,
        "command": "wait",
        "profile": "fullstory",
        "exit_code": 0,
        "exit_reason": "succeeded",
        "started_at": "2026-11-22T10:12:17.000Z",
        "elapsed_seconds": 12.4,
        "summary": {"total": 1, "succeeded": 1},
        "operations": [
            {
                "reference": "abc",
                "id": "abc",
                "name": None,
                "profile": "fullstory",
                "params": {},
                "origin": "https://api.example.com",
                "assumed_by": None,
                "state": "succeeded",
                "outcome": "succeeded",
                "status": "COMPLETED",
                "progress": 100.0,
                "message": None,
                "kind": None,
                "error": None,
                "failure": None,
                "created_at": "2026-11-22T09:00:00Z",
                "started_at": None,
                "updated_at": None,
                "finished_at": None,
                "link": None,
                "result": {"searchExportId": "YK"},
                "details": None,
                "last_confirmed_at": "2026-11-22T10:12:29.400Z",
                "elapsed_seconds": 12.4,
                "polls": 3,
                "problems": 1,
                "reason": None,
                "decided_by": None,
                "warnings": None,
            }
        ],
        "warnings": [],
        "fix": [],
        "resume": None,
    }


def test_a_whole_run_is_one_valid_document_that_counts_its_outcomes() -> None:
    found = of(four())
    assert found["exit_code"] == 1
    assert found["summary"] == {"total": 4, "succeeded": 2, "failed": 1, "unknown": 1}
    assert [each["outcome"] for each in found["operations"]] == [
        "succeeded",
        "succeeded",
        "unknown",
        "failed",
    ]


def test_how_long_it_usually_takes_is_there_where_it_is_known() -> None:
    story = Story(["a", "b"]).read("a", usually=580.04).read("b")

    first, second = of(story)["operations"]
    assert first["usually_seconds"] == 580.0
    assert "usually_seconds" not in second


def test_a_failure_carries_the_apis_error() -> None:
    story = Story(["op-1"])
    error = OperationError("17", "bad column", {"column": "x"})
    story.read("op-1", "FAILED", state=State.FAILED, error=error, outcome=Outcome.FAILED)
    (operation,) = of(story)["operations"]
    assert operation["error"] == {"code": "17", "message": "bad column", "details": {"column": "x"}}


def test_a_watch_that_lost_its_operation_carries_the_trouble() -> None:
    story = Story(["op-1"])
    story.read("op-1", "RUNNING", 40.0).bad("op-1", Fault.STATUS_TRANSIENT, status=502)
    story.end("op-1", Outcome.UNKNOWN, Reason.LOST_CONTACT)
    (operation,) = of(story)["operations"]
    assert operation["state"] == "running"
    assert operation["outcome"] == "unknown"
    assert operation["reason"] == "lost_contact"
    assert operation["error"] == {
        "code": "status_transient",
        "message": "api.example.com answered HTTP 502",
        "details": {"http_status": 502},
    }


def test_an_operation_that_was_never_read_has_no_state() -> None:
    (operation,) = of(Story(["op-1"]))["operations"]
    assert operation["state"] is None
    assert operation["last_confirmed_at"] is None


def test_several_profiles_are_named_by_their_operations_only() -> None:
    found = of(Story([target("a", profile="seismic"), target("b", profile="sap")]))
    assert found["profile"] is None
    assert [each["profile"] for each in found["operations"]] == ["seismic", "sap"]


def test_a_run_that_could_not_be_carried_out_is_a_document_too() -> None:
    found = document(
        [],
        Verdict(2, Abort.USAGE),
        command="wait",
        started_at=0.0,
        ended_at=0.0,
        wall_of=wall_of,
        problem="no operation given",
    )
    VALIDATE_DOCUMENT(json.loads(dumps(found)))
    assert found["problem"] == "no operation given"
    assert found["summary"] == {"total": 0}


def test_duplicates_are_counted_when_there_were_any() -> None:
    assert of(Story(["a"]), duplicates=3)["summary"] == {"total": 1, "pending": 1, "duplicates": 3}
    assert "duplicates" not in of(Story(["a"]))["summary"]


def test_raw_is_only_there_when_it_was_asked_for() -> None:
    story = Story(["op-1"])
    story.read("op-1", raw={"status": "RUNNING", "extra": [1]})
    assert "raw" not in of(story)["operations"][0]
    assert of(story, raw=True)["operations"][0]["raw"] == {"status": "RUNNING", "extra": [1]}
    assert of(Story(["op-1"]), raw=True)["operations"][0]["raw"] is None


@pytest.mark.parametrize(
    ("given_time", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC), "2026-01-02T03:04:05.120Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC), "2026-01-02T03:04:05.123456Z"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05Z"),  # noqa: DTZ001, an API may name no zone
        (
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-02T01:04:05Z",
        ),
        (
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "0001-01-01T00:00:00Z",
        ),
    ],
)
def test_times_are_in_utc_and_as_precise_as_they_were_given(
    given_time: datetime, written: str
) -> None:
    story = Story(["op-1"])
    story.read("op-1", updated_at=given_time)
    assert of(story)["operations"][0]["updated_at"] == written


def test_a_number_that_readers_would_round_is_a_text() -> None:
    story = Story(["op-1"])
    result = {"small": 2**53, "big": 2**53 + 1, "minus": -(2**60), "huge": 10**5000}
    story.succeed("op-1", result={**result, "nan": math.nan, "inf": [math.inf], "x": 1.5})
    assert of(story)["operations"][0]["result"] == {
        "small": 9007199254740992,
        "big": "9007199254740993",
        "minus": "-1152921504606846976",
        "huge": "(a number too large)",
        "nan": None,
        "inf": [None],
        "x": 1.5,
    }


def test_a_bottomless_result_does_not_break_the_document() -> None:
    result: Any = "bottom"
    for _ in range(900):
        result = [result]
    story = Story(["op-1"])
    story.succeed("op-1", result=result)
    assert "nested too deeply" in json.dumps(of(story))


def test_a_secret_is_masked_wherever_it_is_and_the_document_stays_valid() -> None:
    story = Story([target("op-1", id="token-48151623")])
    story.succeed(
        "op-1",
        status="48151623",
        message="Bearer 48151623",
        link="https://x/?sig=48151623",
        result={"48151623": 48151623, "list": ["48151623", {"n": 48151623}]},
        raw={"token": 48151623},
        error=OperationError("48151623", "48151623", [48151623]),
    )
    found = of(story, redact=lambda text: text.replace("48151623", "***"), raw=True)
    assert "48151623" not in json.dumps(found)
    assert found["operations"][0]["result"]["***"] == "***"


def test_a_secret_across_the_cut_of_a_trouble_is_masked() -> None:
    story = Story(["op-1"])
    story.bad("op-1", Fault.API_ERROR, detail="x" * 115 + "canary-7f3a0c1d")
    story.end("op-1", Outcome.UNKNOWN, Reason.REFUSED)
    found = of(story, redact=lambda text: text.replace("canary-7f3a0c1d", "***"))
    assert "cana" not in json.dumps(found)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(), st.text(), JSON_VALUES)
def test_whatever_an_api_says_the_document_is_ascii_valid_and_harmless(
    name: str, text: str, result: object
) -> None:
    story = Story([target(name, id=text)])
    story.read(name, text, message=text, link=text, result=result, raw=result)
    found = document(
        list(story.operations.values()),
        FINE,
        command="get",
        started_at=0.0,
        ended_at=1.0,
        wall_of=wall_of,
        raw=True,
    )
    written = dumps(found)
    assert written.isascii()
    assert "##" not in written
    assert not any(ord(char) < 32 and char != "\n" for char in written)
    assert not any(line.lstrip().startswith("::") for line in written.splitlines())
    VALIDATE_DOCUMENT(json.loads(written))
    assert json.loads(written)["operations"][0]["message"] == text


def test_a_runner_command_cannot_hide_in_a_text_and_is_not_lost_either() -> None:
    story = Story(["op-1"])
    story.read("op-1", message="##[command]x ###vso[y]")
    assert of(story)["operations"][0]["message"] == "##[command]x ###vso[y]"


def test_each_operation_has_a_line_of_its_own() -> None:
    story = four()
    text = dumps(
        document(
            list(story.operations.values()),
            story.verdict(),
            command="wait",
            started_at=0.0,
            ended_at=1.0,
            wall_of=wall_of,
            problem='looks like "operations": [] inside',
        )
    )
    assert len(text.splitlines()) == 6
    assert text.endswith("}\n")
    json.loads(text)


def test_a_document_that_cannot_be_written_is_not_a_success() -> None:
    class Left(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    found = document([], FINE, command="get", started_at=0.0, ended_at=0.0, wall_of=wall_of)
    with pytest.raises(PipeClosedError):
        write_document(Left(), found)
    with pytest.raises(UnwritableError):
        write_document(None, found)


@pytest.mark.parametrize("name", ["document", "event"])
def test_the_schemas_that_ship_are_schemas(name: Any) -> None:
    Draft202012Validator.check_schema(json.loads(output_schema(name)))


def test_the_schema_knows_every_word_that_the_code_knows() -> None:
    operation = DOCUMENT["$defs"]["operation"]["properties"]
    assert set(operation["state"]["enum"]) == {*(each.value for each in State), None}
    assert set(operation["outcome"]["enum"]) == {*(each.value for each in Outcome), None}
    assert set(operation["reason"]["enum"]) == {*(each.value for each in Reason), None}
    assert set(DOCUMENT["properties"]["exit_reason"]["enum"]) == {
        *(each.value for each in Outcome),
        *(each.value for each in Abort),
    }


def test_the_name_that_an_api_has_stands_beside_the_reference_and_the_id() -> None:
    story = Story(["abc"]).read("abc", name="CI #7")
    (operation,) = of(story)["operations"]
    assert (operation["reference"], operation["id"], operation["name"]) == ("abc", "abc", "CI #7")


def test_why_it_failed_stands_beside_the_error() -> None:
    why = Failure("job test", ("1 != 2",), "https://www.example.com/j/1")
    story = Story(["a", "b"]).fail("a", "broken", failure=why)
    story.fail("b", "broken", failure=Failure(trouble=Trouble(Fault.TIMEOUT, host="h.example")))
    first, second = (each["failure"] for each in of(story)["operations"])
    assert first == {
        "text": "job test",
        "lines": ["1 != 2"],
        "link": "https://www.example.com/j/1",
        "note": None,
    }
    assert (
        second["note"]
        == "why it failed could not be had: h.example did not finish its answer in time"
    )


def test_a_secret_in_a_log_is_masked_wherever_it_is_written() -> None:
    failure = Failure("s3cret", ("a s3cret",), "https://www.example.com/s3cret")
    text = json.dumps(
        of(
            Story(["a"]).fail("a", "broken", failure=failure),
            redact=lambda text: text.replace("s3cret", "***"),
        )
    )
    assert "s3cret" not in text
    assert "a ***" in text
