"""What an answer as a whole means: for the host, for a batch, and where no body was read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.domain.operation import Answer, Reading, State
from opwatch.domain.trouble import Fault, Speaker, Trouble
from profiles.making import profile, reading, response

if TYPE_CHECKING:
    from opwatch.domain.messages import Response

BOUND = profile()
LIST = profile("batch: {query: ids, path: /ops, items: items}\n")
EMPTY_QUOTA = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "40"}


def listed(items: list[Any], *, bound: Any = LIST, **headers: str) -> Answer:
    targets = [bound.target("a"), bound.target("b")]
    answer: Answer = bound.read(targets, response({"items": items}, **headers))
    return answer


def single(answer: Response, bound: Any = BOUND) -> Answer:
    found: Answer = bound.read([bound.target("a")], answer)
    return found


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (response({"id": "a", "status": "running"}, Retry_After="9"), None),
        (response({"id": "a", "status": "running"}, **EMPTY_QUOTA), 40.0),
        (response({"id": "a", "status": "running"}, X_RateLimit_Remaining="0"), None),
        (response({"message": "slow"}, 429, Retry_After="9"), 9.0),
        (response({"message": "slow"}, 429, Retry_After="9", **EMPTY_QUOTA), 40.0),
        (response({"message": "slow"}, 429), None),
        (response({"message": "down"}, 503, Retry_After="9"), 9.0),
    ],
)
def test_the_whole_host_waits_for_a_limit_and_not_for_one_operations_pause(
    answer: Response, wait: float | None
) -> None:
    assert single(answer).wait == wait


def test_a_pause_that_a_guard_comes_with_is_the_hosts() -> None:
    bound = profile("troubles: [{when: fault, message: fault, as: throttled}]\n")

    answer = single(response({"status": "done", "fault": "slow"}, Retry_After="9"), bound)

    assert answer.wait == 9.0
    assert isinstance(answer.findings[0], Trouble)
    assert (answer.findings[0].fault, answer.findings[0].detail) == (Fault.API_THROTTLED, "slow")


@pytest.mark.parametrize(
    "answer",
    [
        response({"id": "a", "status": "running"}, RateLimit_Policy='"a";q=20;w=10'),
        response({"message": "slow"}, 429, RateLimit_Policy='"a";q=20;w=10'),
        response({"status": "done", "fault": "slow"}, RateLimit_Policy='"a";q=20;w=10'),
        response(b"<html>", RateLimit_Policy='"a";q=20;w=10'),
    ],
    ids=["good", "bad", "guarded", "a page"],
)
def test_the_pace_that_an_answer_names_counts_whatever_else_it_says(answer: Response) -> None:
    bound = profile("troubles: [{when: fault, as: throttled}]\n")

    assert single(answer, bound).rate == 2.0


def test_a_list_names_a_pace_as_well() -> None:
    assert listed([], RateLimit_Policy='"a";q=20;w=10').rate == 2.0
    assert listed([]).rate is None


def test_a_list_that_is_not_there_is_looked_for_in_vain_and_says_where() -> None:
    targets = [LIST.target("a"), LIST.target("b")]

    first, second = LIST.read(targets, response({"jobs": [], "total": 0})).findings

    assert isinstance(first, Trouble)
    assert first is second
    assert (first.fault, first.detail) == (
        Fault.NO_STATUS,
        "no list at 'items'; it has jobs, total",
    )


@pytest.mark.parametrize(
    ("body", "fault"), [(b"<html>", Fault.HTML), (b"", Fault.EMPTY), (b"{}", Fault.NO_STATUS)]
)
def test_a_bad_page_among_several_makes_all_of_them_bad(body: bytes, fault: Fault) -> None:
    targets = [LIST.target("a"), LIST.target("b")]
    good = response({"items": [{"id": "a", "status": "done"}]})

    findings = LIST.read(targets, good, [response(body)]).findings

    assert [each.fault for each in findings if isinstance(each, Trouble)] == [fault, fault]


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        ({"items": [{"id": "b", "status": "done"}]}, 500, Fault.STATUS_TRANSIENT),
        ({"items": [{"id": "b", "status": "done"}]}, 206, Fault.STATUS_UNEXPECTED),
        ({"items": [{"id": "b", "status": "done"}]}, 404, Fault.STATUS_NOT_FOUND),
        ({"items": [{"id": "b", "status": "done"}], "busy": True}, 200, Fault.API_ERROR),
    ],
)
def test_a_page_that_is_an_error_is_no_part_of_a_list_whatever_it_holds(
    body: Any, status: int, fault: Fault
) -> None:
    bound = profile(
        "batch: {query: ids, path: /ops, items: items}\ntroubles: [{when: busy, as: transient}]\n"
    )
    targets = [bound.target("a"), bound.target("b")]
    good = response({"items": [{"id": "a", "status": "done"}]})

    findings = bound.read(targets, good, [response(body, status)]).findings

    assert [each.fault for each in findings if isinstance(each, Trouble)] == [fault, fault]


def test_what_a_list_does_not_hold_is_missing_without_any_words() -> None:
    answer = listed([{"id": "b", "status": "done", "message": "fine"}])

    assert isinstance(answer.findings[0], Trouble)
    assert (answer.findings[0].fault, answer.findings[0].detail) == (Fault.MISSING_FROM_BATCH, "")
    assert isinstance(answer.findings[1], Reading)
    assert answer.notes == ()


def test_equal_items_of_one_operation_agree_and_a_partial_success_is_kept() -> None:
    bound = profile(
        "batch: {query: ids, path: /ops, items: items}\n"
        "rules: [{when: bad, state: succeeded, partial: true}]\n"
    )
    whole, part = {"id": "a", "status": "done"}, {"id": "a", "status": "done", "bad": True}

    for items in ([whole, part], [part, whole]):
        answer = listed(items, bound=bound)
        found = answer.findings[0]
        assert isinstance(found, Reading)
        assert (found.state, found.partial) == (State.SUCCEEDED, True)
        assert answer.notes == ()
    plain = listed([whole, whole], bound=bound).findings[0]
    assert isinstance(plain, Reading)
    assert not plain.partial


def test_one_bad_item_is_that_operations_own_trouble() -> None:
    answer = listed([{"id": "a", "state": "x"}, {"id": "b", "status": "done"}])

    assert isinstance(answer.findings[0], Trouble)
    assert answer.findings[0].fault is Fault.NO_STATUS
    assert answer.findings[0].detail == "'status'; it has id, state"
    assert isinstance(answer.findings[1], Reading)
    assert answer.findings[1].raw == {"id": "b", "status": "done"}


def test_a_list_under_a_bad_status_is_the_trouble_of_that_status() -> None:
    targets = [LIST.target("a"), LIST.target("b")]

    findings = LIST.read(targets, response({"items": [], "message": "no"}, 500)).findings

    assert [each.fault for each in findings if isinstance(each, Trouble)] == (
        [Fault.STATUS_TRANSIENT] * 2
    )


# -- a body that was too large to be read ------------------------------------------

UNREAD = profile(
    "rules: [{http: 200, state: succeeded, unread: true}, {http: 202, state: running}]\n"
)


@pytest.mark.parametrize(
    ("status", "speaker", "state"),
    [
        (200, Speaker.API, State.SUCCEEDED),
        (200, Speaker.OTHER, None),
        (200, Speaker.UNSURE, None),
        (202, Speaker.API, None),
        (None, Speaker.API, None),
    ],
)
def test_only_a_rule_that_says_so_decides_without_a_body_and_only_of_the_api(
    status: int | None, speaker: Speaker, state: State | None
) -> None:
    trouble = Trouble(Fault.TOO_LARGE, status=status, speaker=speaker)

    found = UNREAD.reader.unread(UNREAD.target("a"), trouble)

    if state is None:
        assert found is trouble
    else:
        assert isinstance(found, Reading)
        assert (found.state, found.raw) == (state, None)


@pytest.mark.parametrize(("kind", "decides"), [("copy", True), ("move", False)])
def test_a_rule_about_a_parameter_decides_without_a_body_as_well(
    kind: str, *, decides: bool
) -> None:
    bound = profile(
        "params: {kind: {choices: [copy, move], default: move}}\n"
        "rules: [{http: 200, params: {kind: copy}, state: succeeded, unread: true}]\n"
    )
    trouble = Trouble(Fault.TOO_LARGE, status=200, speaker=Speaker.API)

    found = bound.reader.unread(bound.target("a", {"kind": kind}), trouble)

    assert isinstance(found, Reading) is decides


# -- an answer that has no good status ---------------------------------------------

BY_HTTP = profile("rules: [{http: 404, state: succeeded}, {http: 409, state: running}]\n")


@pytest.mark.parametrize(
    ("body", "via", "decides"),
    [
        ({"error": "x"}, "", True),
        (b"", "", True),
        ({"error": "x"}, "1.1 squid", True),
        (b"", "1.1 squid", False),
        (b"gone", "", False),
        (b"<html>", "", False),
        ({"id": "b"}, "", False),
    ],
)
def test_a_rule_about_a_bad_status_decides_only_in_the_apis_own_answer(
    body: Any, via: str, *, decides: bool
) -> None:
    headers = {"via": via} if via else {}

    assert isinstance(reading(BY_HTTP, response(body, 404, **headers)), Reading) is decides


def test_an_answer_about_another_operation_never_decides_under_a_bad_status_either() -> None:
    found = reading(BY_HTTP, response({"id": "b"}, 404))

    assert isinstance(found, Trouble)
    assert (found.fault, found.detail) == (Fault.WRONG_ID, "b")


def test_the_complaint_of_a_starting_answer_is_what_its_guard_finds() -> None:
    bound = profile("troubles: [{when: fault, message: fault.text, as: refused}]\n")

    assert bound.reader.complaint(response({"fault": {"text": "no quota"}})) == "no quota"
    assert bound.reader.complaint(response({"fault": {}})) == ""
    # Without a guard it is what the answer says of an error, or that it is no answer of an API.
    assert BOUND.reader.complaint(response({"fault": {"text": "no quota"}})) == "no quota"
    assert BOUND.reader.complaint(response({"state": "busy"})) == ""
    page = b"<!doctype html><html><head><title>Sign in</title></head></html>"
    assert BOUND.reader.complaint(response(page)) == "it is a web page: Sign in"
    assert BOUND.reader.complaint(response(b"<!doctype html><p>x")) == "it is a web page"


def test_what_an_api_says_to_people_is_its_own_words_only() -> None:
    target, slow = BOUND.target("a"), response({"message": "slow down"}, 429)

    assert BOUND.reader.words_of_api(target, slow) == "slow down"
    assert BOUND.reader.words_of_api(target, response(b"<html>slow down", 429)) is None


# -- what is said of a status that is not there ------------------------------------


def test_eight_fields_are_named_and_each_with_thirty_characters() -> None:
    def said(body: Any) -> str:
        found = reading(BOUND, response(body))
        assert isinstance(found, Trouble)
        return found.detail

    eight = {f"k{number}": 1 for number in range(8)}
    assert said(eight) == f"'status'; it has {', '.join(eight)}"
    assert said({**eight, "more": 1}) == f"'status'; it has {', '.join(eight)}, …"
    assert said({"x" * 31: 1}) == f"'status'; it has {'x' * 30}"
    assert said({}) == "'status'; it has no fields"


@pytest.mark.parametrize(("length", "is_named"), [(80, True), (81, False)])
def test_a_long_expression_does_not_help_and_is_left_out(length: int, *, is_named: bool) -> None:
    path = "s" * (length - 2)  # it is shown in quotes
    bound = profile(f"read: {{id: id, status: {path}}}\n")

    found = reading(bound, response({"a": 1}))

    assert isinstance(found, Trouble)
    assert found.detail == (f"{path!r}; it has a" if is_named else "; it has a")


def test_where_a_root_is_missing_the_root_is_named_and_what_there_is() -> None:
    bound = profile("read: {root: data.job, id: id, status: status}\n")

    missing = reading(bound, response({"data": {}, "status": "done"}))
    other = reading(bound, response([1]))

    assert isinstance(missing, Trouble)
    assert isinstance(other, Trouble)
    assert (missing.fault, missing.detail) == (
        Fault.NO_STATUS,
        "'data.job'; it has data, status",
    )
    assert (other.fault, other.detail) == (Fault.NOT_AN_OBJECT, "'data.job'; it is a list")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": {"code": 5, "message": "no database"}}, "it has error; it says: no database"),
        ({"errors": [{"message": "no"}], "data": None}, "it has errors, data; it says: no"),
        ({"status": "", "note": "of mine"}, "it has status, note"),
        (None, "it is null"),
        (True, "it is a boolean"),
        ([{"status": "done"}], "it is a list"),
        ("done", "it is a text"),
        (7, "it is a number"),
    ],
)
def test_an_answer_without_a_status_says_what_it_is_and_its_own_error(
    body: object, detail: str
) -> None:
    found = reading(profile("read: {id: id, status: status}\n"), response(body))

    assert isinstance(found, Trouble)
    assert found.detail == f"'status'; {detail}"


def test_an_error_is_told_from_where_the_profile_has_it() -> None:
    bound = profile("read: {id: id, status: status, error: {message: problem.text}}\n")

    found = reading(bound, response({"problem": {"text": "bad column"}, "message": "see problem"}))

    assert isinstance(found, Trouble)
    assert found.detail == "'status'; it has problem, message; it says: bad column"


def test_a_part_that_is_a_list_is_looked_into_as_well() -> None:
    bound = profile("read: {root: data, id: '[0].id', status: '[0].status'}\n")

    found = reading(bound, response({"data": [{"id": "a", "status": "done"}]}))

    assert isinstance(found, Reading)
    assert (found.state, found.id) == (State.SUCCEEDED, "a")


def test_a_rule_about_a_good_status_decides_whatever_the_body_is_and_keeps_it() -> None:
    bound = profile("rules: [{http: 202, state: running}]\n")

    found = reading(bound, response(["queued"], 202))

    assert isinstance(found, Reading)
    assert (found.state, found.raw) == (State.RUNNING, ["queued"])


def test_what_a_profile_does_not_look_for_is_nothing() -> None:
    found = reading(BOUND, response({"id": "a", "status": "done", "name": "x", "message": "y"}))

    assert isinstance(found, Reading)
    assert (found.name, found.message, found.kind, found.link) == ("", None, None, None)
    assert (found.created_at, found.started_at, found.updated_at) == (None, None, None)
    assert (found.finished_at, found.result, found.details) == (None, None, None)


def test_no_error_is_shown_of_a_success_and_no_end_of_what_goes_on() -> None:
    bound = profile(
        "read: {id: id, status: status, error: error, finished: at, result: out}\n"
        "rules: [{when: bad, state: succeeded, partial: true}]\n"
    )
    more = {"id": "a", "error": "x", "at": "2026-03-01T09:00:00Z", "out": 7}

    def read(**body: Any) -> Reading:
        found = reading(bound, response({**more, **body}))
        assert isinstance(found, Reading)
        return found

    done, failed, running = (read(status=each) for each in ("done", "failed", "running"))
    assert (done.error, done.result) == (None, 7)
    assert done.finished_at is not None
    assert failed.error is not None
    assert (failed.error.message, failed.result) == ("x", 7)
    assert (running.error, running.finished_at, running.result) == (None, None, None)
    assert read(status="done", bad=True).error == failed.error


def test_what_a_finding_was_read_from_is_the_item_of_its_operation() -> None:
    mine, other = {"id": "a", "status": "done"}, {"id": "b", "status": "failed"}
    reader, target = LIST.reader, LIST.target("a")

    def item(body: Any, *, is_list: bool) -> Any:
        return reader.view_of(target, reader.parse_response(response(body)), is_list=is_list).item

    assert item({"items": [other, mine]}, is_list=True) == mine
    assert item({"items": [other]}, is_list=True) is None
    assert item({}, is_list=True) is None
    assert item(mine, is_list=False) == mine


@pytest.mark.parametrize("is_list", [True, False])
def test_what_stands_beside_the_reference_is_there_when_its_part_is_looked_at(
    *, is_list: bool
) -> None:
    target = replace(LIST.target("a"), params={"id": "a", "space": "x"})
    answer = response({"items": [{"id": "a"}]})

    view = LIST.reader.view_of(target, LIST.reader.parse_response(answer), is_list=is_list)

    assert (view.params["id"], view.params["space"]) == ("a", "x")
