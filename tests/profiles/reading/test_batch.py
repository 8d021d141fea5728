"""Many operations in one request (faults 77 to 80)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.messages import Request
from opwatch.domain.operation import Reading, State, Target
from opwatch.domain.trouble import Fault, Trouble
from profiles.making import profile, response

if TYPE_CHECKING:
    import random

LISTED = "batch: {query: ids, style: STYLE, path: /ops, max: 3, items: items}\n"


def listing(style: str = "repeat", more: str = "") -> Any:
    return profile(LISTED.replace("STYLE", style) + more)


@pytest.mark.parametrize(
    ("style", "query"),
    [
        ("repeat", "ids=a&ids=b%2Fc"),
        ("comma", "ids=a%2Cb%2Fc"),
        ("brackets", "ids[]=a&ids[]=b%2Fc"),
    ],
)
def test_ids_are_written_into_the_query_in_the_style_of_the_api(style: str, query: str) -> None:
    bound = listing(style)
    targets = [bound.target("a"), bound.target("b/c")]

    assert bound.request(targets).url == f"https://api.example.com/ops?{query}"
    assert bound.polling_rules.batch == 3
    assert targets[0].group == targets[1].group != ""


def test_one_operation_is_asked_about_by_itself_where_that_is_possible() -> None:
    bound = listing()
    assert bound.request([bound.target("a")]).url == "https://api.example.com/ops/a"

    only = profile("request: {path: /ops}\nbatch: {query: ids, items: items}\n")
    assert only.request([only.target("a")]).url == "https://api.example.com/ops?ids=a"
    (found,) = only.read(
        [only.target("a")], response({"items": [{"id": "a", "status": "done"}]})
    ).findings
    assert isinstance(found, Reading)


def test_ids_are_written_into_a_body() -> None:
    bound = profile("batch: {path: /filter, body: {f: {id: {any_: '{ids}'}}, n: 3}, items: '@'}\n")
    request = bound.request([bound.target("a"), bound.target("b")])

    assert (request.method, request.url) == ("POST", "https://api.example.com/filter")
    assert json.loads(request.body or b"") == {"f": {"id": {"any_": ["a", "b"]}}, "n": 3}
    assert request.headers["Content-Type"] == "application/json"
    single = bound.request([bound.target("a")])
    assert (single.method, single.body) == ("GET", None)


def test_operations_with_other_parameters_are_in_another_group() -> None:
    bound = profile(
        "params: {space: {default: x}}\nrequest: {path: '/s/{space}/{id}'}\n"
        "batch: {path: '/s/{space}', query: ids, items: items}\n"
    )

    groups = {
        bound.target("a").group,
        bound.target("b").group,
        bound.target("a", {"space": "y"}).group,
    }
    assert len(groups) == 2
    assert bound.target("https://api.example.com/s/x/a").group == ""


@given(st.permutations(["a", "b", "c", "x", "y"]), st.sets(st.sampled_from("abc")), st.randoms())
def test_answers_are_matched_by_id_alone(
    order: list[str], missing: set[str], rng: random.Random
) -> None:
    bound = listing()
    words = {each: rng.choice(["done", "failed", "running", "queued"]) for each in order}
    items = [{"id": each, "status": words[each]} for each in order if each not in missing]
    meant = {
        "done": State.SUCCEEDED,
        "failed": State.FAILED,
        "running": State.RUNNING,
        "queued": State.PENDING,
    }

    findings = bound.read(
        [bound.target(each) for each in "abc"], response({"items": items})
    ).findings

    for name, found in zip("abc", findings, strict=True):
        if name in missing:
            assert isinstance(found, Trouble)
            assert found.fault is Fault.MISSING_FROM_BATCH
        else:
            assert isinstance(found, Reading)
            assert found.state is meant[words[name]]


def test_an_id_that_comes_twice_goes_on_while_one_of_them_does() -> None:
    bound = listing()
    items = [{"id": "a", "status": "done"}, {"id": "a", "status": "running"}]

    answer = bound.read([bound.target("a"), bound.target("b")], response({"items": items}))

    assert isinstance(answer.findings[0], Reading)
    assert answer.findings[0].state is State.RUNNING
    assert answer.notes == ("the answer holds the operation twice, in different states",)


AGAINST: list[dict[str, Any]] = [{"status": "failed"}, {"status": "running"}, {}, {"status": None}]
ONE_UUID = "0b0c0d0e-0000-4000-8000-00000000ABCD"


@pytest.mark.parametrize("other", AGAINST, ids=str)
@pytest.mark.parametrize("names", [("a", "a"), (ONE_UUID, ONE_UUID.lower()), ("7", 7.0)])
@pytest.mark.parametrize("step", [1, -1])
def test_an_id_that_comes_twice_is_never_a_success_if_one_contradicts(
    other: dict[str, Any], names: tuple[str, Any], step: int
) -> None:
    bound = listing()
    items = [{"id": names[0], "status": "done"}, {"id": names[1], **other}][::step]

    answer = bound.read([bound.target(names[0]), bound.target("b")], response({"items": items}))

    found = answer.findings[0]
    assert not isinstance(found, Reading) or found.state is State.RUNNING
    assert answer.notes == ("the answer holds the operation twice, in different states",)


def test_two_ends_of_one_operation_are_none() -> None:
    bound = listing()
    items = [{"id": "a", "status": "done"}, {"id": "a", "status": "failed"}]

    found = bound.read([bound.target("a"), bound.target("b")], response({"items": items})).findings[
        0
    ]

    assert isinstance(found, Trouble)
    assert (found.fault, found.detail) == (
        Fault.API_ERROR,
        "the answer holds the operation twice, in different states",
    )


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": {"id": "a"}}, [], "x"])
def test_an_answer_without_the_list_is_a_trouble_for_all(body: Any) -> None:
    bound = listing()

    findings = bound.read([bound.target("a"), bound.target("b")], response(body)).findings

    assert [type(each) for each in findings] == [Trouble, Trouble]
    assert all(isinstance(e, Trouble) and e.fault is Fault.NO_STATUS for e in findings)


def test_items_that_are_no_operations_are_passed_over() -> None:
    bound = listing()
    items: list[Any] = [
        None,
        3,
        "a",
        [],
        {"id": "a", "status": "done"},
        {"id": ["a"]},
        {"status": "done"},
    ]

    found = bound.read([bound.target("a"), bound.target("b")], response({"items": items})).findings

    assert isinstance(found[0], Reading)
    assert isinstance(found[1], Trouble)


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        (b"", 200, Fault.EMPTY),
        (b"", 204, Fault.EMPTY),
        (b'{"error": "x"}', 404, Fault.STATUS_NOT_FOUND),
        (b'{"error": "x"}', 409, Fault.STATUS_REFUSED),
        (b"[]", 200, Fault.NO_STATUS),
    ],
)
def test_a_rule_about_the_http_status_says_nothing_of_several_at_once(
    body: bytes, status: int, fault: Fault
) -> None:
    bound = listing(
        more="rules: [{http: 409, state: failed}, {http: [200, 204, 404], state: succeeded}]\n"
    )
    targets = [bound.target("a"), bound.target("b")]

    found = bound.read(targets, response(body, status)).findings

    assert [each.fault for each in found if isinstance(each, Trouble)] == [fault, fault]
    # Asked about one alone, it is the answer about that one.
    only = profile(
        "request: {path: /ops}\nbatch: {query: ids, items: items}\n"
        "rules: [{http: 404, state: succeeded}]\n"
    )
    (gone,) = only.read([only.target("a")], response({"error": "x"}, 404)).findings
    assert isinstance(gone, Reading)


def test_a_long_list_is_read_page_by_page() -> None:
    bound = profile(
        "batch: {query: ids, path: /ops, items: items, next: {body: more, query: page}}\n"
    )
    targets = [bound.target("a"), bound.target("b")]
    first = response({"items": [{"id": "a", "status": "done"}], "more": "t/2"})
    last = response({"items": [{"id": "b", "status": "failed"}], "more": None})

    request = bound.next_page(targets, first)
    findings = bound.read(targets, first, [last]).findings

    assert isinstance(request, Request)
    assert request.url == "https://api.example.com/ops?ids=a&ids=b&page=t%2F2"
    assert [f.state for f in findings if isinstance(f, Reading)] == [State.SUCCEEDED, State.FAILED]
    assert bound.next_page(targets, last) is None


def test_the_next_page_is_never_on_another_origin() -> None:
    bound = profile("batch: {query: ids, path: /ops, items: items, next: {url: next}}\n")
    targets = [bound.target("a"), bound.target("b")]

    ours = bound.next_page(targets, response({"next": "/ops?page=2"}))
    assert isinstance(ours, Request)
    assert ours.url == "https://api.example.com/ops?page=2"
    for foreign in ("https://evil.example/ops", "http://api.example.com/ops", "//evil.example/"):
        refused = bound.next_page(targets, response({"next": foreign}))
        assert isinstance(refused, Trouble)
        assert refused.fault is Fault.FOREIGN_ORIGIN


def test_a_guard_counts_for_a_list_as_for_a_single_answer() -> None:
    bound = listing(more="troubles: [{when: broken, as: throttled}]\n")
    targets = [bound.target("a"), bound.target("b")]
    items = [{"id": "a", "status": "done"}, {"id": "b", "status": "done"}]

    answer = bound.read(targets, response({"items": items, "broken": True}))

    faults = [each.fault for each in answer.findings if isinstance(each, Trouble)]
    assert faults == [Fault.API_THROTTLED] * 2


@pytest.mark.parametrize("items", [[{"status": "done"}], [{"status": "done"}, {"status": "done"}]])
def test_items_without_an_id_are_about_nobody_however_many_there_are(items: Any) -> None:
    bound = listing()
    targets = [bound.target("a"), bound.target("b")]

    answer = bound.read(targets, response({"items": items}))

    faults = [each.fault for each in answer.findings if isinstance(each, Trouble)]
    assert faults == [Fault.MISSING_FROM_BATCH] * 2


@pytest.mark.parametrize(("count", "kind"), [(1, Reading), (2, Trouble)])
def test_without_an_id_to_look_for_only_a_single_item_is_taken(count: int, kind: type) -> None:
    bound = profile("request: {path: /ops}\nbatch: {query: ids, items: items}\n")
    target = Target("https://api.example.com/ops?x=1", "x", "https://api.example.com")
    items = [{"id": str(each), "status": "done"} for each in range(count)]

    (found,) = bound.read([target], response({"items": items})).findings

    assert isinstance(found, kind)
