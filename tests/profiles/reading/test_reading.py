"""How answers are read, and that reading is total (faults 20 to 36, 46 to 79)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading, State
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles import explain_answer
from profiles.making import NOW, profile, reading, response

BOUND = profile()
RICH = profile(
    """read:
  id: [id, name]
  status: status
  message: [message, info.text]
  error: {code: error.code, message: [error.message, error, info], details: error}
  progress:
    - {done: [a, b.c], total: n}
    - {ratio: ratio}
    - {items: steps, finished: done}
    - {count: count}
  created: created
  finished: finished
  link: link
  result: result
troubles: [{when: fault, message: fault.text, as: throttled}]
rules:
  - {when: "status == 'done' && bad > `0`", state: succeeded, partial: true}
  - {http: 409, state: running}
  - {http: 404, when: "error.code == 'Gone'", state: succeeded}
wait: {headers: [{name: X-Wait-Ms, as: ms}], body: wait, text: {in: message, regex: 'in (\\d+) s'}}
"""
)


def trouble(bound: Any, answer: Response) -> Trouble:
    found = reading(bound, answer)
    assert isinstance(found, Trouble), found
    return found


def read(bound: Any, answer: Response) -> Reading:
    found = reading(bound, answer)
    assert isinstance(found, Reading), found
    return found


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", Fault.EMPTY),
        (b" \r\n", Fault.EMPTY),
        (b'{"status": "do', Fault.NOT_JSON),
        (b"done", Fault.NOT_JSON),
        (b"<!doctype html><title>Sign in</title>", Fault.HTML),
        (b"\xef\xbb\xbf  <html>", Fault.HTML),
        (b'<?xml version="1.0"?><Error><Code>x</Code></Error>', Fault.XML),
        (b"<Error/>", Fault.XML),
        (b'<?xml version="1.0"?><!DOCTYPE html><html>', Fault.HTML),
        (b"<!-- moved --><p>Moved</p>", Fault.HTML),
        (b"[]", Fault.NOT_AN_OBJECT),
        (b"[1]", Fault.NOT_AN_OBJECT),
        (b"3", Fault.NOT_AN_OBJECT),
        (b"null", Fault.NOT_AN_OBJECT),
        (b'"done"', Fault.NOT_AN_OBJECT),
        (b"{}", Fault.NO_STATUS),
        (b'{"status": null}', Fault.NO_STATUS),
        (b'{"status": ""}', Fault.NO_STATUS),
        (b'{"status": "  "}', Fault.NO_STATUS),
        (b'{"status": {"a": 1}}', Fault.NO_STATUS),
        (b'{"status": ["done"]}', Fault.NO_STATUS),
        (b'{"status": NaN}', Fault.NO_STATUS),
        (b'{"status": 1e999}', Fault.NO_STATUS),
        (b"[" * 100_000, Fault.NOT_JSON),
        (b'{"a":' * 150 + b"1" + b"}" * 150, Fault.NOT_JSON),
        ('{"status": "föö"}'.encode("latin-1"), Fault.NOT_JSON),
        (b"\xff\xfe\x00\xd8", Fault.NOT_JSON),
        (b'{"id": "b", "status": "done"}', Fault.WRONG_ID),
        (b'{"id": 7, "status": "done"}', Fault.WRONG_ID),
        (b"\x00\x01\x02\x80", Fault.NOT_JSON),
    ],
)
def test_a_bad_body_is_a_trouble_and_never_a_state(body: bytes, fault: Fault) -> None:
    assert trouble(BOUND, response(body)).fault is fault


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_json_in_any_unicode_is_read(encoding: str) -> None:
    body = json.dumps({"id": "a", "status": "done"}).encode(encoding)

    assert read(BOUND, response(body)).state is State.SUCCEEDED


@pytest.mark.parametrize("status", ["5" * 5000, "-" + "5" * 5000, "1e400", "Infinity", "-Infinity"])
def test_a_number_that_python_cannot_hold_is_no_accident(status: str) -> None:
    body = f'{{"id": "a", "status": {status}}}'.encode()

    found = reading(BOUND, response(body))
    assert isinstance(found, (Reading, Trouble))
    if isinstance(found, Reading):
        assert (found.state, found.is_known_word) == (State.RUNNING, False)


@pytest.mark.parametrize(
    "status", ["\u017fucce\u017f", "done\u200b", "d\u043ene", "do\u00adne", "done\0"]
)
def test_a_word_that_only_looks_like_one_is_unknown(status: str) -> None:
    bound = profile("states: {running: [running], succeeded: [done, succes]}\n")

    found = read(bound, response({"id": "a", "status": status}))

    assert (found.state, found.is_known_word) == (State.RUNNING, False)


def test_lone_surrogates_stay_in_the_model() -> None:
    found = read(BOUND, response(b'{"id": "a", "status": "\\ud800"}'))

    assert (found.state, found.is_known_word) == (State.RUNNING, False)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (304, Fault.NOT_MODIFIED_UNASKED),
        (401, Fault.STATUS_UNAUTHORIZED),
        (403, Fault.STATUS_FORBIDDEN),
        (404, Fault.STATUS_NOT_FOUND),
        (410, Fault.STATUS_GONE),
        (429, Fault.STATUS_THROTTLED),
        (500, Fault.STATUS_TRANSIENT),
        (502, Fault.STATUS_TRANSIENT),
        (400, Fault.STATUS_REFUSED),
        (206, Fault.STATUS_UNEXPECTED),
        (999, Fault.STATUS_UNEXPECTED),
        (301, Fault.STATUS_UNEXPECTED),
        (204, Fault.EMPTY),
    ],
)
def test_a_status_word_counts_only_under_a_status_of_success(status: int, fault: Fault) -> None:
    body = b"" if status == 204 else {"id": "a", "status": "done"}

    assert trouble(BOUND, response(body, status)).fault is fault


@pytest.mark.parametrize("word", ["done", "DONE", " Done ", "d-o_n e"])
def test_words_are_compared_without_case_and_separators(word: str) -> None:
    found = read(BOUND, response({"id": "a", "status": word}))

    assert (found.state, found.status) == (State.SUCCEEDED, word.strip())


def test_an_unknown_word_is_running_and_says_that_it_is_unknown() -> None:
    found = read(BOUND, response({"id": "a", "status": "finito"}))

    assert (found.state, found.status, found.is_known_word) == (State.RUNNING, "finito", False)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (True, State.SUCCEEDED),
        (False, State.RUNNING),
        (1, State.FAILED),
        (1.0, State.FAILED),
        (0, State.PENDING),
        ("1", State.RUNNING),
        ("true", State.RUNNING),
    ],
)
def test_numbers_and_booleans_match_only_their_own_kind(value: object, state: State) -> None:
    bound = profile("states: {succeeded: [true], running: [false], failed: [1], pending: [0]}\n")

    assert read(bound, response({"id": "a", "status": value})).state is state


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 1, "message": "bad"}},
        {"a": 10, "b": {"c": 0}, "n": 10},
        {"finished": "2026-03-01T09:00:00Z"},
        {"result": {"x": 1}},
    ],
)
def test_an_error_full_progress_or_an_end_time_decide_nothing(body: dict[str, Any]) -> None:
    found = read(RICH, response({"id": "a", "status": "running", **body}))

    assert found.state is State.RUNNING
    assert (found.error, found.finished_at, found.result) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "percent", "count"),
    [
        ({"a": 1, "b": {"c": 2}, "n": 12}, 25.0, None),
        ({"a": 1, "n": 4}, 25.0, None),
        ({"a": 5, "n": 4}, 100.0, None),
        ({"a": 1, "n": 0, "ratio": 0.5}, 50.0, None),
        ({"a": -1, "n": 4}, None, None),
        ({"ratio": 1.5}, None, None),
        ({"ratio": 1.005}, 100.0, None),
        ({"ratio": True}, None, None),
        ({"ratio": "0.25"}, 25.0, None),
        ({"ratio": "a"}, None, None),
        ({"steps": [{"done": True}, {"done": False}]}, 50.0, None),
        ({"steps": []}, None, None),
        ({"steps": "x", "count": "17"}, None, 17),
        ({"count": -1}, None, None),
        ({}, None, None),
        ({"count": 10**400}, None, None),
    ],
)
def test_progress_is_read_strictly_or_unknown(
    body: dict[str, Any], percent: float | None, count: int | None
) -> None:
    found = read(RICH, response({"id": "a", "status": "running", **body}))

    assert (found.progress, found.count) == (percent, count)


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        (45, 45.0),
        ("45", 45.0),
        ("45%", 45.0),
        (" 45.5 % ", 45.5),
        ("45,5", None),
        (100.4, 100.0),
        (250, None),
        (-5, None),
        (True, None),
        (None, None),
        ("", None),
        ("x", None),
        ([45], None),
    ],
)
def test_a_percentage_is_in_its_range_or_unknown(value: object, percent: float | None) -> None:
    bound = profile("read: {id: id, status: status, progress: p}\n")

    assert read(bound, response({"id": "a", "status": "running", "p": value})).progress == percent


@pytest.mark.parametrize(
    ("regex", "text", "percent"),
    [
        (r"(\d+)% complete", "Creating (10% complete).", 10.0),
        (r"(\d+)%", "1% 2% 30%", 30.0),
        (r"(?P<done>\d+)/(?P<total>\d+)", "0/8\n2/8", 25.0),
        (r"(\d+)%", "nothing", None),
        (r"(\w+)%", "lots%", None),
        (r"\d+(?=%)", "7%", 7.0),
        (r"(\d+)%", ["7%"], None),
    ],
)
def test_progress_in_a_text_is_its_last_match(regex: str, text: Any, percent: float | None) -> None:
    more = f"read: {{id: id, status: status, progress: {{regex: '{regex}', in: log}}}}\n"

    found = read(profile(more), response({"id": "a", "status": "running", "log": text}))
    assert found.progress == percent


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ("plain", None, "plain"),
        ({"code": 17, "message": "bad"}, "17", "bad"),
        ([{"message": "one"}, {"detail": "two"}, "three"], None, "one; two; three"),
        ({"errors": [{"reason": "deep"}]}, None, "deep"),
        ({"x": 1, "y": 2}, None, '{"x":1,"y":2}'),
        (17, None, "17"),
        ({"message": {"text": "nested"}}, None, "nested"),
    ],
)
def test_an_error_of_any_type_becomes_a_sentence(
    error: Any, code: str | None, message: str
) -> None:
    found = read(RICH, response({"id": "a", "status": "failed", "error": error})).error

    assert found is not None
    assert (found.code, found.message, found.details) == (code, message, error)


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}])
def test_what_is_empty_is_passed_over(nothing: object) -> None:
    body = {
        "id": "a",
        "status": "failed",
        "message": nothing,
        "error": nothing,
        "info": {"text": "t"},
    }
    found = read(RICH, response(body))

    assert found.message == "t"
    assert found.error is not None
    assert found.error.message == "t"


def test_the_first_rule_that_fits_decides_before_the_word() -> None:
    found = read(RICH, response({"id": "a", "status": "done", "bad": 1}))

    assert (found.state, found.partial, found.rule) == (State.SUCCEEDED, True, "rules[0]")
    assert read(RICH, response({"id": "a", "status": "done", "bad": 0})).rule == "states.succeeded"


def test_a_rule_about_the_http_status_decides_with_and_without_a_body() -> None:
    assert read(RICH, response({"error": "busy"}, 409)).state is State.RUNNING
    assert read(RICH, response(b"", 409)).state is State.RUNNING
    assert read(RICH, response({"error": {"code": "Gone"}}, 404)).state is State.SUCCEEDED
    assert trouble(RICH, response({"error": {"code": "No"}}, 404)).fault is Fault.STATUS_NOT_FOUND


@pytest.mark.parametrize("body", [b"<html>gateway</html>", b"{", b"busy"])
def test_a_web_page_or_half_an_answer_never_decides(body: bytes) -> None:
    assert trouble(RICH, response(body, 409)).fault is Fault.STATUS_REFUSED
    bound = profile("rules: [{http: [200, 204], state: succeeded}]\n")
    assert isinstance(reading(bound, response(body)), Trouble)
    assert read(bound, response(b"", 204)).state is State.SUCCEEDED


@pytest.mark.parametrize("rule", ["when: \"status == 'done'\"", "http: 2xx", "http: 206"])
def test_a_range_that_nobody_asked_for_never_decides(rule: str) -> None:
    bound = profile(f"rules: [{{{rule}, state: succeeded}}]\n")

    found = trouble(bound, response({"id": "a", "status": "done"}, 206))

    assert found.fault is Fault.STATUS_UNEXPECTED
    assert trouble(bound, response(b"", 206)).fault is Fault.STATUS_UNEXPECTED


def test_a_negated_condition_does_not_hold_of_nothing() -> None:
    bound = profile("rules: [{when: '!error', state: succeeded}]\n")

    assert trouble(bound, response(b"")).fault is Fault.EMPTY
    assert trouble(bound, response(b"[]")).fault is Fault.NOT_AN_OBJECT


def test_a_guard_says_that_an_answer_tells_nothing() -> None:
    found = trouble(RICH, response({"id": "a", "status": "done", "fault": {"text": "slow down"}}))

    assert (found.fault, found.detail) == (Fault.API_THROTTLED, "slow down")


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry_After": "7"}, {}, 7.0),
        ({"Retry_After": "soon"}, {}, None),
        ({"X_Wait_Ms": "1500"}, {}, 1.5),
        ({}, {"wait": 9}, 9.0),
        ({}, {"wait": -1}, None),
        ({}, {"message": "Try again in 47 seconds"}, 47.0),
        ({"Retry_After": "5"}, {"wait": 30, "message": "in 4 s"}, 30.0),
        ({"Retry_After": "5, 6"}, {}, None),
    ],
)
def test_the_longest_pause_that_is_named_counts(
    headers: dict[str, str], body: dict[str, Any], wait: float | None
) -> None:
    found = read(RICH, response({"id": "a", "status": "running", **body}, **headers))

    assert found.wait == wait


def test_a_pause_in_a_good_answer_is_not_for_the_whole_host() -> None:
    bound = profile()
    target = bound.target("a")
    good = response({"id": "a", "status": "running"}, Retry_After="60")
    bad = response({}, 429, Retry_After="60")
    empty = response(
        {"id": "a", "status": "running"}, X_RateLimit_Remaining="0", X_RateLimit_Reset="30"
    )

    assert bound.read([target], good).wait is None
    assert bound.read([target], bad).wait == 60.0
    assert bound.read([target], empty).wait == 30.0


def test_403_with_an_empty_quota_is_a_rate_limit() -> None:
    bound = profile("limits: {remaining: X-Left, reset: X-Reset, reset_as: epoch}\n")
    found = trouble(bound, response({}, 403, X_Left="0", X_Reset=str(int(NOW) + 90)))

    assert (found.fault, found.wait) == (Fault.STATUS_THROTTLED, 90.0)


def test_a_terminal_reading_asks_for_no_pause_and_no_other_url() -> None:
    bound = profile("moves: [Location, Operation-Location]\n")
    headers = {"Retry_After": "5", "Operation_Location": "../next?x=1"}

    running = read(bound, response({"id": "a", "status": "running"}, 202, **headers))
    done = read(bound, response({"id": "a", "status": "done"}, **headers))
    assert (running.wait, running.moved_to) == (5.0, "https://api.example.com/next?x=1")
    assert (done.wait, done.moved_to) == (None, None)


def test_a_url_moves_only_under_the_condition_of_its_header() -> None:
    bound = profile(
        "params: {kind: {choices: [a, b], default: a}}\n"
        "moves: [{header: Location, http: 202, params: {kind: b}}, Operation-Location]\n"
    )
    headers = {"Location": "/location", "Operation_Location": "/operation"}
    body = {"id": "a", "status": "running"}

    def moved(status: int, kind: str) -> str | None:
        target = bound.target("a", {"kind": kind})
        (found,) = bound.read([target], response(body, status, **headers)).findings
        assert isinstance(found, Reading)
        return found.moved_to

    assert moved(202, "b") == "https://api.example.com/location"
    assert moved(200, "b") == moved(202, "a") == "https://api.example.com/operation"


@pytest.mark.parametrize("value", ["javascript:x", "http://[", "", "\\\\evil"])
def test_a_moved_url_that_is_none_is_passed_over(value: str) -> None:
    bound = profile("moves: [Location]\n")

    assert read(bound, response({"id": "a", "status": "running"}, Location=value)).moved_to is None


@pytest.mark.parametrize("link", ["javascript:alert(1)", "not a link", 17, "ftp://x.example/"])
def test_a_link_is_a_web_address_or_none(link: object) -> None:
    found = read(RICH, response({"id": "a", "status": "running", "link": link}))
    assert found.link is None


def test_uuids_are_the_same_in_capitals_and_other_ids_are_not() -> None:
    uuid = "5d1c9b0e-7f11-4f0e-9a33-0a8b61f0c001"

    found = reading(BOUND, response({"id": uuid.upper(), "status": "done"}), uuid)
    assert isinstance(found, Reading)
    assert trouble(BOUND, response({"id": "A", "status": "done"})).fault is Fault.WRONG_ID


@pytest.mark.parametrize(("other", "shown"), [("b", "b"), (7, "7"), ("B" * 400, "B" * 300)])
def test_an_answer_about_another_operation_says_which(other: object, shown: str) -> None:
    found = trouble(BOUND, response({"id": other, "status": "done", "message": "fine"}))

    assert (found.fault, found.detail) == (Fault.WRONG_ID, shown)


def test_one_of_several_ids_must_be_the_one_that_was_asked() -> None:
    assert read(RICH, response({"id": "x/ops/a", "name": "a", "status": "done"})).state
    assert (
        trouble(RICH, response({"id": "x", "name": "y", "status": "done"})).fault is Fault.WRONG_ID
    )


def test_a_key_that_comes_twice_is_noted_and_the_last_counts() -> None:
    target = BOUND.target("a")
    answer = BOUND.read([target], response(b'{"id": "a", "status": "queued", "status": "running"}'))

    assert answer.notes == ("the answer holds a key twice; the last one counts",)


FLAG = profile("read: {status: done}\nstates: {running: [false], succeeded: [true]}\n")


@pytest.mark.parametrize(
    "beside",
    [
        {"error": {"message": "x"}}, {"errors": ["x"]}, {"error_message": "x"}, {"Error": "x"},
        {"failureReason": "x"}, {"errorCode": 7}, {"exception": "x"},
    ],
)  # fmt: skip
def test_that_it_is_done_is_no_success_beside_an_error(beside: dict[str, object]) -> None:
    found = read(FLAG, response({"done": True, **beside}))

    assert (found.state, found.is_known_word) == (State.RUNNING, False)
    assert found.contradiction is not None
    assert (found.contradiction.field, found.contradiction.other) == ("done", *beside)
    assert FLAG.where(found.rule)


@pytest.mark.parametrize(
    "beside",
    [{}, {"error": None}, {"error": {}}, {"errors": []}, {"error": "none"}, {"errorCode": 0},
     {"steps": [{"error": "x"}]}],
)  # fmt: skip
def test_that_it_is_done_is_a_success_where_no_error_is_beside_it(
    beside: dict[str, object],
) -> None:
    assert read(FLAG, response({"done": True, **beside})).state is State.SUCCEEDED


def test_a_flag_in_a_list_has_nothing_beside_it() -> None:
    bound = profile("read: {root: jobs, status: '[0].done'}\nstates: {succeeded: [true]}\n")

    assert read(bound, response({"jobs": [{"done": True}]})).state is State.SUCCEEDED


def test_an_error_beside_a_flag_can_be_ignored_and_a_rule_looks_first() -> None:
    both = response({"done": True, "error": "x"})
    reads = "read: {status: done}\nstates: {succeeded: [true]}\n"

    assert read(profile(reads + "verify: {ignore: [error]}\n"), both).state is State.SUCCEEDED
    failed = profile(reads + "rules: [{when: done && error, state: failed}]\n")
    assert read(failed, both).state is State.FAILED
    # A word of success is the API's own judgement.
    assert read(profile("read: {status: s}\n"), response({"s": "done", "error": "x"})).state


def test_absence_can_mean_a_state_but_an_odd_type_cannot() -> None:
    bound = profile("absent_status: succeeded\n")

    assert read(bound, response({"id": "a"})).state is State.SUCCEEDED
    assert read(bound, response({"id": "a", "status": ""})).state is State.SUCCEEDED
    assert trouble(bound, response({"id": "a", "status": {"x": 1}})).fault is Fault.NO_STATUS


@pytest.mark.parametrize("status", [{}, {"status": None}, {"status": " "}])
def test_that_there_is_no_status_is_no_success_beside_an_error(status: dict[str, object]) -> None:
    found = read(
        profile("absent_status: succeeded\n"), response({"id": "a", "error": "x", **status})
    )

    assert (found.state, found.is_known_word) == (State.RUNNING, False)
    assert str(found.contradiction) == "status: absent, error: x"


def test_graphql_errors_under_200_are_a_trouble() -> None:
    bound = profile(
        "request: {path: /graphql, graphql: {query: 'query { x }', variables: {id: '{id}'}}}\n"
    )
    found = trouble(bound, response({"errors": [{"message": "no"}], "status": "done"}))

    assert (found.fault, found.detail) == (Fault.API_ERROR, "no")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["done", "failed", "running", "a"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "status",
                    "error",
                    "a",
                    "n",
                    "ratio",
                    "steps",
                    "count",
                    "wait",
                    "message",
                    "created",
                    "finished",
                    "link",
                    "info",
                    "text",
                    "code",
                    "fault",
                ]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=12,
)


@given(
    body=st.binary(max_size=200) | JSON.map(lambda data: json.dumps(data).encode()),
    status=st.sampled_from([200, 202, 204, 206, 304, 400, 404, 409, 429, 503, 999]),
    header=st.text(max_size=20),
)
def test_reading_never_raises_whatever_comes(body: bytes, status: int, header: str) -> None:
    headers = Headers((("retry-after", header), ("location", header), ("x-wait-ms", header)))
    answer = Response(status, "https://api.example.com/ops/a", headers, body, NOW)
    target = RICH.target("a")

    (found,) = RICH.read([target], answer).findings

    assert isinstance(found, (Reading, Trouble))
    if isinstance(found, Reading) and found.state.is_terminal and status != 404:
        assert status in {200, 202, 204}
    explain_answer(RICH, target, answer)


@settings(max_examples=30)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_further_fields_change_no_verdict(more: dict[str, Any]) -> None:
    bound = profile()
    body = {"id": "a", "status": "done"}

    plain = reading(bound, response(body))
    other = reading(bound, response({**more, **body}))

    assert isinstance(plain, Reading)
    assert isinstance(other, Reading)
    assert plain.state is other.state


def test_what_an_operation_does_and_what_else_is_known_of_it_are_read() -> None:
    named = "{ready: ready, on: on.id, size: size}"
    bound = profile(f"read: {{id: id, status: status, kind: type, details: {named}}}\n")
    facts = {"type": "DELETE", "ready": False, "on": {"id": ""}, "size": 0}

    found = read(bound, response({"id": "a", "status": "running", **facts}))

    assert found.kind == "DELETE"
    assert found.details == {"ready": False, "size": 0}


def test_an_answer_without_details_has_none() -> None:
    bound = profile("read: {id: id, status: status, kind: type, details: {ready: ready}}\n")

    found = read(bound, response({"id": "a", "status": "running", "type": {"a": 1}}))

    assert (found.kind, found.details) == (None, None)


def test_a_comparison_of_two_paths_that_the_answer_lacks_is_warned_of() -> None:
    when = "kind == 'job' && (state.now == wanted[0] || a == id)"
    bound = profile(f'rules: [{{when: "{when}", state: succeeded}}]')

    explained = explain_answer(bound, bound.target("a"), response({"id": "a", "status": "done"}))

    assert explained.notes == (
        "rules[0]: state.now == wanted[0] holds because the answer has neither",
    )


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        ("id", "a", "a"),
        ("message", "half way", "half way"),
        ("error.message", "disk full", "disk full"),
        ("error.code", "E7", "E7"),
        ("error.details", "more", "more"),
        ("created_at", "2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("started_at", "2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("updated_at", "2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("finished_at", "2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("link", "https://example.com/7", "https://example.com/7"),
        ("result", "s3", "s3"),
        ("status", "failed", "failed"),
    ],
)
def test_a_header_may_hold_any_part_of_an_operation(place: str, value: str, found: Any) -> None:
    key, _, inner = place.removesuffix("_at").partition(".")
    where: dict[str, Any] = {"header": "X-Job"}
    reads = {"status": "status", key: {inner: where} if inner else where}
    bound = profile(f"read: {json.dumps(reads)}")

    said: Any = read(bound, response({"status": "failed"}, X_Job=value))
    for name in place.split("."):
        said = getattr(said, name)

    assert said == found


@pytest.mark.parametrize("where", ["{header: X-Why}", "[{header: X-Why}]"])
def test_an_error_may_be_a_header_alone(where: str) -> None:
    bound = profile(f"read: {{status: status, error: {where}}}")

    said = read(bound, response({"status": "failed"}, X_Why="disk full"))

    assert said.error is not None
    assert said.error.message == "disk full"


@pytest.mark.parametrize(
    ("wanted", "found", "count"),
    [
        ("1234567.5", "1234567.5", 1),
        ("1234567.0", "1234568.0", 0),
        ("1.23457e+06", "1234567.0", 0),
        ("1234567", "1234567.0", 1),
        ("12345678901234567890", "12345678901234567890.0", 0),
        ("0.1234567", "0.1234568", 0),
    ],
)
def test_an_id_that_is_a_number_with_a_point_is_compared_exactly(
    wanted: str, found: str, count: int
) -> None:
    body = f'{{"id": {found}, "status": "done"}}'.encode()

    (finding,) = BOUND.read([BOUND.target(wanted)], response(body)).findings

    assert isinstance(finding, Reading) == count


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"404 page not found\n", "404 page not found"),
        (b"no such\r\n  job", "no such job"),
        (b"<Error><Code>NoSuchKey</Code><Message>No such job.</Message></Error>", "No such job."),
        (
            b'<s:Fault xmlns:s="x"><s:faultstring>Gone &amp; lost</s:faultstring></s:Fault>',
            "Gone & lost",
        ),
        (b"<!doctype html><title>Not here</title>", "Not here"),
        (b'{"status": "do', "Unterminated string starting at character 11"),
        (b"\x00\x01\x02", "binary data"),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_json_is_told_in_its_own_words(body: bytes, detail: str, status: int) -> None:
    assert trouble(BOUND, response(body, status)).detail == detail


@pytest.mark.parametrize(
    ("body", "has"),
    [
        (b'{"state": "done", "id": "a"}', "it has state, id"),
        (b"{}", "it has no fields"),
        (json.dumps({f"k{n}": n for n in range(20)}).encode(), "k0, k1, k2, k3, k4, k5, k6, k7, …"),
    ],
)
def test_where_the_status_is_missing_the_fields_of_the_answer_are_listed(
    body: bytes, has: str
) -> None:
    found = trouble(BOUND, response(body))

    assert (found.fault, has in found.detail) == (Fault.NO_STATUS, True), found.detail


def test_without_its_root_a_good_answer_says_nothing_whatever_stands_beside_it() -> None:
    bound = profile("read: {root: data, id: id, status: status}\n")

    found = reading(bound, response({"id": "a", "status": "done", "data": None}))
    assert isinstance(found, Trouble)
    assert found.fault is Fault.NO_STATUS

    beside = response({"id": "a", "status": "done", "data": {"id": "a", "status": "running"}})
    assert isinstance(read := reading(bound, beside), Reading)
    assert read.state is State.RUNNING
