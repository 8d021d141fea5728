"""Every profile that our own JSON Schema allows is loaded and reads any answer, or is refused.

By day each alternative of the schema once, the same at each run. By night thousands of profiles
that take several at once, with paths and answers drawn by lot: OPWATCH_PROFILES=100000.
"""

from __future__ import annotations

import json
import math
import os
import random
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest

from opwatch.domain.errors import ProfileError, UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading, State
from opwatch.domain.trouble import Fault, Trouble
from opwatch.profiles import bind_profile, check, explain_answer
from profiles.making import NOW, definition
from profiles.schema_walk import (
    PROFILE,
    Route,
    is_profile,
    merged,
    profile_for,
    profile_with,
    routes,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.profiles.profile import Profile

NIGHTLY: Final = int(os.environ.get("OPWATCH_PROFILES", "5000"))
KEYS: Final = tuple(PROFILE["properties"])
ROUTES: Final = list(routes())
LEAVES: Final = [
    route
    for route, following in zip(ROUTES, [*ROUTES[1:], ()], strict=True)
    if following[: len(route)] != route
]

# What the schema allows and the language does not; only the language can say why.
REFUSED: Final[tuple[tuple[Route, str], ...]] = (
    (("extends", "= number"), "it is the name of a profile"),
    (("base_url", "anyOf 0", "= number"), "it is a URL"),
    (("base_url", "anyOf 1", "presets", "*", "= number"), "it is a URL"),
    (("allow_hosts", "[]", "= number"), "it is the name of a host"),
    (("open_hosts", "[]", "= number"), "it is the name of a host"),
    (("references", "[]", "anyOf 0", "= number"), "it needs {id}"),
    (("references", "[]", "anyOf 1", "like", "= number"), "it needs {id}"),
    (("references", "[]", "anyOf 1", "with", "*", "= number"), "it needs a part of 'like'"),
    (("request", "path", "anyOf 0", "= number"), "it begins with a slash"),
    (("request", "path", "anyOf 1", "presets", "*", "= number"), "it begins with a slash"),
    (("handoff", "anyOf 0", "anyOf 2", "url", "= number"), "it needs {id}"),
    (("handoff", "anyOf 1", "[]", "anyOf 2", "url", "= number"), "it needs {id}"),
    (("read", "error", "anyOf 3", "anyOf 0", "anyOf 1"), "a mapping means code and message"),
    (("read", "error", "anyOf 3", "anyOf 0", "anyOf 2"), "a mapping means code and message"),
    (("read", "error", "anyOf 4", "anyOf 0", "anyOf 1"), "a mapping means code and message"),
    (("read", "error", "anyOf 4", "anyOf 0", "anyOf 2"), "a mapping means code and message"),
    (("read", "error", "anyOf 5", "anyOf 0", "anyOf 1"), "a mapping means code and message"),
    (("read", "error", "anyOf 5", "anyOf 0", "anyOf 2"), "a mapping means code and message"),
    (("read", "error", "anyOf 6", "anyOf 0", "anyOf 1"), "a mapping means code and message"),
    (("read", "error", "anyOf 6", "anyOf 0", "anyOf 2"), "a mapping means code and message"),
    (("wait", "body", "anyOf 1", "anyOf 0", "anyOf 1"), "a mapping means path and as"),
    (("wait", "body", "anyOf 1", "anyOf 0", "anyOf 2"), "a mapping means path and as"),
    (("wait", "body", "anyOf 1", "anyOf 1"), "several are written {path: [...]}"),
    (("auth", "anyOf 4", "oauth2", "token_url", "anyOf 0", "= number"), "it is a URL"),
    (("auth", "anyOf 4", "oauth2", "token_url", "anyOf 1", "presets", "*", "= number"), "a URL"),
    (("auth", "anyOf 4", "oauth2", "device_url", "anyOf 0", "= number"), "it is a URL"),
    (("auth", "anyOf 4", "oauth2", "device_url", "anyOf 1", "presets", "*", "= number"), "a URL"),
)

VALUES: Final[tuple[Any, ...]] = (
    "done", "running", "failed", "a", "", None, True, False, 0, 1, -1, 3000, 0.5, 99.9, 10**30,
    1e308, "12 of 30", "30%", "2026-03-01T09:00:00Z", "2026-03-01", "1772355600", "/ops/b",
    "https://api.example.com/next?x=1", "https://evil.example/", "//evil.example", "http://[",
    "\ud800", "\x1b[2J", "9" * 5000, [], ["done"], [1, 2.5], [None], [[]], {}, {"id": "a"},
    [{"id": "a", "status": "done"}, {"id": "b"}, 7], {"status": {"status": "done"}}, [[1], {}],
)  # fmt: skip
BODIES: Final = (
    b"", b"null", b"[]", b"7", b'"done"', b"{", b"\xff\xfe", b"<html>", b'{"status": NaN}',
    b'{"id": "a", "status": 1e999}', b'{"id": "a", "id": "b", "status": "done"}', b"[" * 200,
)  # fmt: skip
STATUSES: Final = (200, 200, 200, 200, 200, 201, 202, 204, 301, 304, 400, 401, 404, 410, 429, 503)
EXPRESSIONS: Final = (
    "status", "id", "items", "a.b", "items[0]", "items[-1].id", "items[].status", "items[*].id",
    "items[?status=='done']", "length(items)", "to_number(status)", "join(',', items)", "@",
    "sum(items)", "max_by(items, &status)", "keys(@)", "status || id", "!status", "`7`", "'done'",
    "status == 'done'", "[id, status]", "{a: id}", "sort(items)", "floor(status)",
    "not_null(a, id)", "starts_with(status, 'd')", "to_string(@)", "values(@)",
    "map(&id, items)", "avg(items)",
)  # fmt: skip


def an_answer(chance: random.Random, url: str) -> Response:
    """Return an answer in which what a path finds may be anything."""
    pick = chance.choice
    item = {"id": pick(("a", "a", "a", "b", 7, None)), "status": pick(VALUES)}
    more = {name: pick(VALUES) for name in ("items", "next", "cursor", "a", "errors", "message")}
    kept = chance.sample(sorted(more), chance.randint(0, len(more)))
    data = {**item, **{name: more[name] for name in kept}}
    body = pick(BODIES) if chance.random() < 0.15 else json.dumps(data).encode()
    names = ("status", "Retry-After", "Location", "X-Sent", "RateLimit", "Date")
    headers = ((name, str(pick(VALUES)).encode("ascii", "ignore").decode()) for name in names)
    return Response(pick(STATUSES), url, Headers(tuple(headers)), body, NOW)


def use(bound: Profile, chance: random.Random, answers: int) -> None:
    """Ask for an operation and for two, and read *answers* of each kind; UsageError may be."""
    one = bound.target("a")
    both = [one, bound.target("b")]
    bound.headers()
    for targets in [one], both if bound.is_list(both) else [one]:
        request = bound.request(targets)
        for _ in range(answers):
            answer = an_answer(chance, request.url)
            bound.next_page(targets, answer)
            read = bound.read(targets, answer, [an_answer(chance, request.url)])
            assert len(read.findings) == len(targets)
            assert read.wait is None or (math.isfinite(read.wait) and read.wait >= 0)
            for finding in read.findings:
                is_sane(finding)
    answer = an_answer(chance, request.url)
    explain_answer(bound, one, answer)
    assert math.isfinite(bound.pause(answer))
    bound.trouble(answer)
    bound.read_status([one], Trouble(Fault.TOO_LARGE, status=answer.status))
    bound.starting_reading(one, answer)
    fetch_result(bound, chance, one, answer)
    with suppress(UsageError):
        bound.handoff(answer)


def is_sane(finding: object) -> None:
    assert isinstance(finding, Reading | Trouble)
    assert finding.wait is None or (math.isfinite(finding.wait) and finding.wait >= 0)
    if isinstance(finding, Reading):
        assert finding.progress is None or 0 <= finding.progress <= 100


def fetch_result(bound: Profile, chance: random.Random, one: Any, answer: Response) -> None:
    raw = json.loads(answer.body) if answer.body[:7] == b'{"id": ' else None
    steps = bound.result_steps(one, Reading(State.SUCCEEDED, "done", raw=raw))
    for _ in range(5):
        if steps.fetch is None:
            break
        steps = steps.after(an_answer(chance, steps.fetch.request.url))
    why = bound.failure_steps(one, Reading(State.FAILED, "failed", raw=raw))
    while why is not None and why.fetch is not None:
        reply = an_answer(chance, why.fetch.request.url)
        why = why.after_log(repr(reply.body)) if why.log else why.after(reply)


def is_refused(route: Route) -> bool:
    return any(route[: len(each)] == each for each, _ in REFUSED)


def taken_where_it_was_used(chosen: list[Route]) -> Iterator[Route]:
    """Use a profile for each route of *chosen*; yield every route that those let in took."""
    for route in chosen:
        written = profile_for(route)
        text = json.dumps(written)
        chance = random.Random(zlib.crc32(text.encode()))  # noqa: S311, the same at each run
        try:
            defined = definition(text, {"A_TOKEN": "x"})
        except ProfileError:
            assert check(text, "mine.yaml"), f"{route}: the check finds nothing"
            continue
        assert check(text, "mine.yaml") == (), route
        try:
            use(bind_profile(defined), chance, answers=2)
        except ProfileError:
            continue
        yield from taken(written)


@pytest.mark.every(9)
@pytest.mark.parametrize("key", KEYS)
def test_every_alternative_of_the_schema_is_used_and_none_ends_as_a_bug(key: str) -> None:
    mine = {route for route in ROUTES if route[0] == key}

    found = set(taken_where_it_was_used([each for each in LEAVES if each in mine]))

    untaken = {route for route in mine - found if not is_refused(route)}
    assert untaken == set(), "a property or a branch that no profile took that was used"
    assert {route for route in found if is_refused(route)} == set(), "no longer refused"


@pytest.mark.every(3)
@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_a_wrong_type_is_refused_by_the_language_if_the_schema_refuses_it(
    key: str,
) -> None:
    places = {route[:-1]: route for route in LEAVES if route[0] == key}
    values: tuple[Any, ...] = ("status", 20, 2.5, True, None, [], {})
    passed = [
        (route[:-1], wrong)
        for route in places.values()
        for wrong in values
        if check(json.dumps(written := profile_with(wrong, route)), "mine.yaml") == ()
        and not is_profile(written)
    ]

    assert passed == []


def test_what_only_the_language_refuses_is_found_by_the_check() -> None:
    refused = [route for route in LEAVES if is_refused(route)]

    assert [each for each in refused if check(json.dumps(profile_for(each)), "m.yaml") == ()] == []


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(50, NIGHTLY, 250))]
)
def test_no_profile_drawn_by_lot_ends_as_a_bug(first: int) -> None:
    let_in = 0
    for seed in range(first, first + (250 if first else 50)):
        chance = random.Random(seed)  # noqa: S311, a seed names a profile for ever
        written: Any = {}
        for route in chance.choices(LEAVES, k=chance.randint(2, 6)):
            written = merged(written, profile_for(route, lambda: chance.choice(EXPRESSIONS)))  # noqa: B023, used at once
        try:
            use(bind_profile(definition(json.dumps(written), {"A_TOKEN": "x"})), chance, answers=4)
        except UsageError:
            continue
        except Exception as problem:
            raise AssertionError(f"profile {seed}: {json.dumps(written)}") from problem
        let_in += 1

    assert let_in > 10
