"""The start of an operation and its result: hand-off, first answers, result chains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading, State
from opwatch.profiles import StartingUrls, explain_answer
from opwatch.profiles.values import moment
from profiles.making import NOW, profile, reading, response

HANDOFF = """params: {dag: {}, operation: {}}
handoff:
  - {header: Operation-Location}
  - {body: link.href}
  - {body: ids}
  - {body: run, with: {dag: dag_id}}
  - {url: '/v2/{id}?tag={dag}', with: {operation: op}}
"""


def handed(
    body: Any = None, url: str = "https://api.example.com/v2/x", **headers: str
) -> list[Any]:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    answer = Response(202, url, Headers(pairs), response(body).body, NOW)
    return [(each.reference, dict(each.params)) for each in profile(HANDOFF).handoff(answer)]


def test_the_first_place_that_holds_a_reference_counts() -> None:
    assert handed({"link": {"href": "l"}}, Operation_Location=" /ops/1 ") == [("/ops/1", {})]
    assert handed({"link": {"href": "https://api.example.com/ops/2"}, "ids": ["a"]}) == [
        ("https://api.example.com/ops/2", {})
    ]
    assert handed({"link": {"href": ""}, "ids": ["a", None, 7, {}]}) == [("a", {}), ("7", {})]
    assert handed({"run": 12, "dag_id": "d"}) == [("12", {"dag": "d"})]
    assert handed({"op": "create-1"}, "https://api.example.com/broker/v2/si%2F1?x=y") == [
        ("si/1", {"operation": "create-1"})
    ]
    assert handed({}, "https://api.example.com/v2/s?x=y&tag=a%20b") == [("s", {"dag": "a b"})]


@pytest.mark.parametrize("body", [None, {}, [], "x", {"ids": []}])
def test_an_answer_that_names_no_operation_is_told_with_the_places(body: Any) -> None:
    with pytest.raises(UsageError, match="names no operation of 'mine'") as caught:
        handed(body, "https://api.example.com/else")
    assert caught.value.hint is not None
    for place in ("header Operation-Location", "body link.href", "body ids", "URL /v2/{id}"):
        assert place in caught.value.hint


def test_a_profile_without_a_handoff_leaves_the_naming_to_the_person() -> None:
    with pytest.raises(UsageError, match="names no operation of 'mine'") as caught:
        profile("").handoff(response({"job": "7"}))

    assert "opwatch wait -p mine ID" in str(caught.value.hint)


def test_what_only_the_request_tells_is_asked_for_by_name() -> None:
    more = HANDOFF.replace("{operation: op}}", "{operation: op}, by_method: {PUT: {state: new}}}")
    bound = profile(more.replace("dag: {}", "dag: {}, state: {}"))

    with pytest.raises(UsageError) as caught:
        bound.handoff(Response(202, "", body=b'{"op": "x"}'))
    assert caught.value.hint is not None
    for name in ("id", "dag", "state"):
        assert f"--param {name}=…" in caught.value.hint
    assert "operation" not in caught.value.hint


def test_a_bare_text_as_a_body_names_no_operation() -> None:
    bound = profile("handoff: {body: id}\n")
    with pytest.raises(UsageError):
        bound.handoff(Response(200, "https://api.example.com/", body=b"<html>"))


def test_what_is_handed_off_is_a_reference_with_its_parameters() -> None:
    bound = profile(HANDOFF + "request: {path: '/dags/{dag}/{id}'}\n")
    (found,) = bound.handoff(response({"run": 12, "dag_id": "d"}))

    target = bound.target(found.reference, found.params)
    assert bound.request([target]).url == "https://api.example.com/dags/d/12"


@pytest.mark.parametrize(
    ("body", "status", "state"),
    [
        ({"id": "a", "status": "done"}, 200, State.SUCCEEDED),
        ({"id": "a", "status": "queued"}, 202, State.PENDING),
        ({"id": "b", "status": "done"}, 200, None),
        ({"status": "done"}, 200, None),
        ({"id": "a", "status": "novel"}, 200, None),
        ({"id": "a", "status": "done"}, 400, None),
        ([], 200, None),
    ],
)
def test_a_starting_answer_counts_only_when_it_is_certain(
    body: Any, status: int, state: State | None
) -> None:
    bound = profile()
    found = bound.starting_reading(bound.target("a"), response(body, status))

    assert (found.state if found else None) is state


CHAIN = """read: {id: id, status: status, result: out}
result:
  - when: kind == 'export'
    with: {export: out.id}
    path: '/exports/{export}'
    query: {v: '{id}', none: ''}
    headers: {Accept: text/x}
    value: data
  - {url: data.href, authorize: false, expires: data.until, download: true}
"""


def steps(body: dict[str, Any], more: str = CHAIN) -> Any:
    bound = profile(more)
    found = reading(bound, response({"id": "a", **body}))
    assert isinstance(found, Reading)
    return bound.result_steps(bound.target("a"), found)


def test_each_step_is_made_from_the_answer_before_it() -> None:
    way = steps({"status": "done", "kind": "export", "out": {"id": "x/1"}})
    request = way.fetch.request
    assert (request.method, request.url) == ("GET", "https://api.example.com/exports/x%2F1?v=a")
    assert (request.authorize, request.headers["Accept"]) == (True, "text/x")

    way = way.after(
        response({"data": {"href": "//files.example/f?sig=1", "until": "2026-03-01T10:00:00Z"}})
    )
    request = way.fetch.request
    assert (request.url, request.authorize, way.fetch.download) == (
        "https://files.example/f?sig=1",
        False,
        True,
    )
    assert request.headers["Accept"] == "*/*"
    assert way.fetch.expires_at == moment("2026-03-01T10:00:00Z")
    assert way.value["href"].startswith("//files")


@pytest.mark.parametrize(
    "body", [{"status": "failed"}, {"status": "done", "kind": "delete"}, {"status": "running"}]
)
def test_where_there_is_nothing_to_fetch_the_reading_s_own_result_stands(
    body: dict[str, Any],
) -> None:
    way = steps({**body, "out": {"id": "x"}})

    assert (way.fetch, way.missing) == (None, None)


def test_a_chain_that_breaks_says_what_is_missing() -> None:
    way = steps({"status": "done", "kind": "export", "out": {"id": ""}})
    assert (way.fetch, way.missing) == (None, "export at 'out.id'")

    way = steps({"status": "done", "kind": "export", "out": {"id": "x"}})
    assert way.after(response({}, 404)).missing == "HTTP 404"
    assert way.after(response(b"<html>")).missing == "html"
    for href in (None, "javascript:x", 3, "https://[bad"):
        broken = way.after(response({"data": {"href": href}}))
        assert (broken.fetch, broken.missing) == (None, "'data.href'")


def test_a_chain_of_one_step_ends_in_its_value() -> None:
    way = steps({"status": "done"}, "result: [{path: '/ops/{id}/results'}]\n")
    end = way.after(response({"rows": 3}))

    assert (end.fetch, end.value) == (None, {"rows": 3})


@pytest.mark.parametrize(
    ("final", "started", "url"),
    [
        (
            "location",
            StartingUrls("https://api.example.com/r", "/done/1"),
            "https://api.example.com/done/1",
        ),
        ("resource", StartingUrls("https://api.example.com/r"), "https://api.example.com/r"),
        ("location", StartingUrls("https://api.example.com/r"), None),
        ("resource", None, None),
        ("operation", StartingUrls("https://api.example.com/r", "/x"), None),
    ],
)
def test_the_result_may_be_where_the_start_said(
    final: str, started: StartingUrls | None, url: str | None
) -> None:
    bound = profile(f"final: {final}\n")
    found = reading(bound, response({"id": "a", "status": "done"}))
    assert isinstance(found, Reading)

    way = bound.result_steps(bound.target("a"), found, started)

    assert (way.fetch.request.url if way.fetch else None) == url
    if way.fetch:
        assert way.after(response({"name": "r"})).value == {"name": "r"}


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", "https://api.example.com/r"),
        ("POST", "https://api.example.com/done/1?v=7"),
        ("DELETE", None),
        ("", None),
    ],
)
def test_the_method_that_started_it_may_decide_where_the_result_is(
    method: str, url: str | None
) -> None:
    bound = profile(
        "final: {PUT: resource, POST: location}\n"
        "request: {path: '/ops/{id}', query: {v: '{v}'}}\nparams: {v: {default: '7'}}\n"
    )
    found = reading(bound, response({"id": "a", "status": "done"}))
    assert isinstance(found, Reading)
    start = StartingUrls("https://api.example.com/r", "/done/1", method)

    way = bound.result_steps(bound.target("a"), found, start)

    assert (way.fetch.request.url if way.fetch else None) == url


def test_a_url_to_which_an_operation_has_moved_is_completed_as_the_first_one_was() -> None:
    bound = profile("request: {path: '/ops/{id}', query: {v: '{v}'}}\nparams: {v: {}}\n")
    target = bound.target("https://api.example.com/ops/a", {"v": "7"})

    def asked(url: str) -> str:
        return bound.request([replace(target, url=url)]).url

    assert target.url == "https://api.example.com/ops/a?v=7"
    assert asked("https://api.example.com/b") == "https://api.example.com/b?v=7"
    assert asked("https://api.example.com/b?V=8") == "https://api.example.com/b?V=8"


def test_what_was_polled_at_its_location_is_not_asked_for_once_more() -> None:
    bound = profile("final: location\n")
    found = reading(bound, response({"id": "a", "status": "done"}))
    assert isinstance(found, Reading)
    target = bound.target("https://api.example.com/ops/a")

    way = bound.result_steps(target, found, StartingUrls("https://api.example.com/r", "/ops/a"))

    assert way.fetch is None


def test_explaining_tells_the_rule_its_place_and_what_each_path_found() -> None:
    bound = profile(
        "rules:\n  - {when: 'no', state: failed}\n  - {when: status == 'done', state: succeeded}\n"
    )
    told = explain_answer(
        bound, bound.target("a"), response({"id": "a", "status": "done"}, Retry_After="3")
    )

    assert (told.decided_by, told.where) == ("rules[1]", "mine.yaml:10")
    assert ("status", "status", "done") in [tuple(each) for each in told.values]
    assert told.wait == 3.0
    assert explain_answer(bound, bound.target("a"), response(b"<p>")).decided_by == "trouble"


def test_explaining_a_batch_looks_at_the_operation_s_own_item() -> None:
    bound = profile("request: {path: /ops}\nbatch: {query: ids, items: items}\n")
    items = [{"id": "b", "status": "failed"}, {"id": "a", "status": "done"}]
    told = explain_answer(bound, bound.target("a"), response({"items": items}))

    assert told.decided_by == "states.succeeded"
    assert ("status", "status", "done") in [tuple(each) for each in told.values]


def test_the_rule_that_is_named_is_the_one_that_is_written() -> None:
    bound = profile("rules: [{when: x, state: failed}, {http: 204, state: succeeded}]\n")
    told = explain_answer(bound, bound.target("a"), response(b"", 204))

    assert told.decided_by == "rules[1]"


def test_a_reading_keeps_the_whole_answer_and_its_chain_begins_at_the_root() -> None:
    more = "read: {root: data.op, id: id, status: status}\nresult: [{url: href, download: true}]\n"
    bound = profile(more)
    body = {"data": {"op": {"id": "a", "status": "done", "href": "/file"}}, "meta": 1}
    found = reading(bound, response(body))
    assert isinstance(found, Reading)

    assert found.raw == body
    fetch = bound.result_steps(bound.target("a"), found).fetch
    assert fetch is not None
    assert fetch.request.url == "https://api.example.com/file"
