import pytest

from opwatch.domain.events import Oddity, Warned
from opwatch.domain.operation import Operation, OperationError, Reading, State
from opwatch.domain.outcome import Abort, Outcome, Reason, Verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.text.sentences import (
    describe,
    display_name,
    ending_detail,
    ending_sentence,
    error_text,
    name_and_id,
    result_text,
    rounded,
    short_time,
    status_of,
    time_left,
    warning_text,
)
from opwatch.output.text.summary import exit_text, hints, summary, unfinished
from output.script import Story, target

HOST = "api.example.com"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            Trouble(Fault.STATUS_TRANSIENT, status=502, host=HOST),
            "api.example.com answered HTTP 502",
        ),
        (
            Trouble(Fault.UNRESOLVED, host="api.exmaple.com"),
            "cannot resolve api.exmaple.com (check the name)",
        ),
        (
            Trouble(Fault.CERTIFICATE, "certificate has expired", host=HOST),
            "the certificate of api.example.com was rejected: certificate has expired",
        ),
        (
            Trouble(Fault.HTML, "“Sign in”", host=HOST),
            "api.example.com sent a web page, not JSON (a login page or a proxy?): “Sign in”",
        ),
        (
            Trouble(Fault.STATUS_TRANSIENT, "502 Bad Gateway", 502),
            "the host answered HTTP 502: Bad Gateway",
        ),
        (Trouble(Fault.TIMEOUT), "the host did not finish its answer in time"),
    ],
)
def test_a_trouble_says_what_happened(trouble: Trouble, words: str) -> None:
    assert describe(trouble) == words


def test_braces_in_a_remote_text_are_only_braces() -> None:
    trouble = Trouble(Fault.API_ERROR, "{host} {0} {detail!r}", host="{status}")
    assert describe(trouble) == "{status} reports an error: {host} {0} {detail!r}"


def operation(**changes: object) -> Operation:
    return Operation(target("op-1"), watched_from=0.0).but(**{"ended_at": 312.0, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "outcome": Outcome.FAILED,
                "reading": Reading(
                    State.FAILED, "FAILED", error=OperationError("17", "bad column 'x'")
                ),
            },
            "op-1 failed (FAILED) after 5m 12s: bad column 'x' [17]",
        ),
        (
            {
                "outcome": Outcome.UNKNOWN,
                "reason": Reason.LOST_CONTACT,
                "reading": Reading(State.PENDING, "PENDING"),
                "confirmed_at": 10.0,
                "streak": 41,
                "trouble": Trouble(Fault.STATUS_TRANSIENT, status=502),
            },
            "op-1 unknown after 5m 12s: not confirmed for 5m 02s: HTTP 502 ×41",  # noqa: RUF001, the sign
        ),
        (
            {
                "outcome": Outcome.TIMED_OUT,
                "reason": Reason.DEADLINE,
                "reading": Reading(State.RUNNING, "IN_PROGRESS", 40.0),
            },
            "op-1 out of time after 5m 12s: still running at the deadline",
        ),
        (
            {
                "outcome": Outcome.TIMED_OUT,
                "reason": Reason.DEADLINE,
                "reading": Reading(State.RUNNING, "IN_PROGRESS", 40.0),
                "trouble": Trouble(Fault.API_ERROR, "it is gone", status=410, host=HOST),
            },
            (
                "op-1 out of time after 5m 12s: still running at the deadline; "
                "api.example.com reports an error: it is gone"
            ),
        ),
        (
            {
                "outcome": Outcome.TIMED_OUT,
                "reason": Reason.DEADLINE,
                "reading": Reading(State.BLOCKED, "AWAITING_APPROVAL", message="by Ada"),
                "trouble": Trouble(Fault.STATUS_TRANSIENT, status=502),
            },
            "op-1 out of time after 5m 12s: still blocked at the deadline: by Ada",
        ),
        (
            {
                "outcome": Outcome.TIMED_OUT,
                "reason": Reason.STALLED,
                "reading": Reading(State.RUNNING, "RUNNING"),
                "changed_at": 12.0,
            },
            "op-1 out of time after 5m 12s: running without any change for 5m 00s",
        ),
        (
            {
                "outcome": Outcome.FAILED,
                "reason": Reason.BLOCKED,
                "reading": Reading(State.BLOCKED, "AWAITING_APPROVAL", message="by Ada"),
            },
            "op-1 failed after 5m 12s: waiting for a person: by Ada",
        ),
        (
            {
                "outcome": Outcome.SUCCEEDED,
                "reason": Reason.GONE,
                "reading": Reading(State.RUNNING, "Deleting"),
                "trouble": Trouble(Fault.STATUS_NOT_FOUND, status=404),
                "streak": 3,
            },
            "op-1 succeeded after 5m 12s: was running, then gone: HTTP 404 ×3",  # noqa: RUF001, the sign
        ),
        (
            {
                "outcome": Outcome.SUCCEEDED,
                "reading": Reading(State.SUCCEEDED, "OK", partial=True, message="2 rows skipped"),
            },
            "op-1 succeeded (OK) after 5m 12s: with warnings: 2 rows skipped",
        ),
        (
            {
                "outcome": Outcome.PENDING,
                "reason": Reason.DETACHED,
                "reading": Reading(State.RUNNING, "RUNNING", 55.0),
            },
            "op-1 still running 55% after 5m 12s: no longer watched",
        ),
        (
            {"outcome": Outcome.NOT_FOUND, "reason": Reason.NEVER_FOUND}
            | {"trouble": Trouble(Fault.STATUS_NOT_FOUND, status=404, host=HOST)},
            (
                "op-1 not found after 5m 12s: "
                "the API does not know it: api.example.com answered HTTP 404"
            ),
        ),
    ],
)
def test_an_ending_says_how_and_why(changes: dict[str, object], words: str) -> None:
    assert ending_sentence(operation(**changes)) == words


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("read", [False, True])
def test_every_ending_can_be_worded(reason: Reason, outcome: Outcome, read: bool) -> None:  # noqa: FBT001, a parameter of the test
    reading = Reading(State.RUNNING, "") if read else None
    text = ending_sentence(operation(outcome=outcome, reason=reason, reading=reading))
    assert text.startswith("op-1 ")
    assert "{" not in text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationError("17", "bad"), "bad (code 17)"),
        (OperationError(None, "bad"), "bad"),
        (OperationError("17", None), "code 17"),
        (OperationError(" ", " "), ""),
    ],
)
def test_an_error_shows_what_there_is_of_it(error: OperationError, words: str) -> None:
    assert error_text(error) == words


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"searchExportId": "YKDY"}, "searchExportId YKDY"),
        ({"expires": "2026-11-29T15:46:53Z", "exportId": "YK"}, "exportId YK"),
        ({"location": "https://store.example.com/x?sig=abc"}, ""),
        ({"ok": True, "nested": {"a": 1}, "rows": 12}, "rows 12"),
        ("done", "done"),
        (12, "12"),
        (True, ""),
        (None, ""),
        ([1, 2], ""),
        ({}, ""),
        ({"x": "\x1b[2J"}, r"x \x1b[2J"),
    ],
)
def test_a_result_is_shown_in_a_few_words(result: object, words: str) -> None:
    assert result_text(result) == words


def test_an_operation_typed_as_an_address_is_called_by_its_id() -> None:
    typed = Operation(target("https://api.example.com/v1/ops/abc", id="abc"), watched_from=0.0)
    assert display_name(typed) == "abc"
    assert display_name(Operation(target("abc"), watched_from=0.0)) == "abc"


def test_a_name_of_the_apis_own_goes_before_what_was_typed() -> None:
    named = operation(reading=Reading(State.RUNNING, name=" CI\x1b[2J\n::error::#7 "))
    assert display_name(named) == r"CI\x1b[2J ⏎ ::error::#7"
    assert name_and_id(operation(reading=Reading(State.RUNNING, name="CI #7"))) == "CI #7 (op-1)"
    assert name_and_id(operation(reading=Reading(State.RUNNING, name="op-1"))) == "op-1"
    assert name_and_id(operation()) == "op-1"


def test_a_long_name_leaves_the_id_whole() -> None:
    long = operation(reading=Reading(State.RUNNING, name="word " * 60))
    assert name_and_id(long).endswith("(op-1)")
    assert len(name_and_id(long)) == 80


def test_a_long_id_keeps_its_end_by_which_it_differs_from_the_next() -> None:
    name = display_name(Operation(target("resources/" + "x" * 200 + "/vm-17"), watched_from=0.0))

    assert len(name) == 80
    assert name.startswith("resources/")
    assert name.endswith("/vm-17")


def test_an_operation_without_a_word_of_its_own_gets_ours() -> None:
    assert status_of(operation(reading=Reading(State.RUNNING, " "))) == "running"
    assert status_of(operation()) == ""


def test_an_ending_before_any_reading_reports_the_trouble() -> None:
    trouble = Trouble(Fault.NO_CREDENTIAL, host=HOST)
    assert ending_detail(operation(outcome=Outcome.DENIED, trouble=trouble)) == "no credential"


def test_an_oddity_names_the_operation_that_showed_it() -> None:
    event = Warned(0.0, Oddity.UNKNOWN_STATUS, "FOO\x00", "op-1")
    assert warning_text(event) == r"op-1: unknown status “FOO\x00”, treated as running"
    assert "(none)" in warning_text(Warned(0.0, Oddity.UNKNOWN_STATUS, "", "op-1"))
    assert warning_text(Warned(0.0, Oddity.NOTE, "a note")) == "a note"


def test_a_run_is_summed_up_with_its_parts() -> None:
    story = Story(["a", "b", "c"])
    story.succeed("a")
    story.fail("b", "broken")
    assert summary(list(story.operations.values()), 75) == (
        "1 of 3 succeeded, 1 failed, 1 not over yet, in 1m 15s"
    )
    assert summary([story.operations["a"]], 48) == "succeeded after 48s"
    assert summary([story.operations["a"]] * 2, 48) == "all 2 succeeded, in 48s"
    assert summary([], 0) == "0 of 0 succeeded, in 0s"


def test_an_exit_code_comes_with_its_reason() -> None:
    assert exit_text(Verdict(1, Outcome.FAILED)) == "exit 1: failed"
    assert exit_text(Verdict(130, Abort.INTERRUPTED)) == (
        "exit 130: interrupted; nothing remote was cancelled"
    )


def test_the_same_advice_is_given_once() -> None:
    story = Story(["a", "b", "c"])
    for each in story.operations:
        story.bad(each, Fault.UNRESOLVED)
        story.end(each, Outcome.UNKNOWN, Reason.UNREACHABLE)
    found = list(story.operations.values())
    assert hints(found) == ["check base_url and the parameters of profile fullstory"]
    assert unfinished(found) == found


def test_a_command_in_advice_is_quoted_for_the_shell() -> None:
    story = Story(["it's; rm -rf x"])
    (only,) = story.operations
    story.bad(only, Fault.NO_STATUS).end(only, Outcome.UNKNOWN, Reason.REFUSED)
    (hint,) = hints(story.operations.values())
    assert hint.endswith("""opwatch profile explain -p fullstory 'it'"'"'s; rm -rf x'""")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "seconds left"),
        (9.9, "seconds left"),
        (44, "about 40 s left"),
        (61, "about 1m left"),
        (3540, "about 59m left"),
        (3600, "about 1h 00m left"),
        (7900, "about 2h 10m left"),
    ],
)
def test_the_time_left_is_rough(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_short_times_read_well() -> None:
    assert short_time(8.4) == "8 s"
    assert short_time(72) == "1m 12s"
    assert short_time(-5) == "0 s"
    assert rounded(1800) == "30m"
    assert rounded(90) == "1m 30s"
    assert rounded(7200) == "2h"
    assert rounded(45) == "45s"
