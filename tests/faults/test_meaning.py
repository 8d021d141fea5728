"""Faults 66 to 83: answers that arrive whole and well, and mean something odd."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.program import Program
from faults.catalogue import fault
from faults.whole import DONE, RUNNING, api, asked_about, says, state
from opwatch.cli.run_options import RunOptions
from opwatch.domain.operation import Reading, State
from opwatch.domain.outcome import Policy
from opwatch.output.text.styles import UNICODE
from output.screen import Terminal
from output.script import Story
from profiles.making import profile, reading, response
from servers.demo import DemoServer
from servers.raw import http

if TYPE_CHECKING:
    from pathlib import Path

    from faults.whole import Wait

LIST: dict[str, Any] = {
    "request": {"path": "/ops"},
    "batch": {"query": "ids", "style": "comma", "max": 50, "items": "items"},
    "not_found_grace": "1s",
}


def ids_of(request: bytes) -> list[str]:
    """Return the ids that a batch *request* asks about."""
    query = parse_qs(urlsplit(request.split(b" ", 2)[1].decode()).query)
    return query.get("ids", [asked_about(request)])[0].split(",")


def items(*found: Any, **more: Any) -> bytes:
    return http(json.dumps({"items": list(found), **more}).encode())


def item(name: str, status: str) -> dict[str, str]:
    return {"id": name, "status": status}


# -- words ---------------------------------------------------------------------------


@fault(66)
def test_an_unknown_word_is_running_shown_as_it_is_and_warned_of_once(wait: Wait) -> None:
    with api(*[says("CONJURING")] * 5, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.outcomes) == (0, ["succeeded"])
    assert "a: unknown status “CONJURING”, treated as running" in ended.line("warning")


@fault(66)
def test_nothing_but_unknown_words_is_given_up_in_the_end(wait: Wait) -> None:
    with api(says("CONJURING")) as server:
        ended = wait(server.url, unknown_after="10s", policy=Policy(interval=2.0))

    assert (ended.code, ended.outcomes) == (6, ["unknown"])
    assert "the profile does not know the status CONJURING" in ended.line("a unknown after")
    assert 10 <= ended.took < 20


@fault(66, 67)
@given(word=st.text(max_size=30))
def test_no_word_that_the_profile_does_not_list_is_ever_an_end(word: str) -> None:
    found = reading(profile(), response({"id": "a", "status": word}))

    if isinstance(found, Reading) and re.sub(r"[\s_-]", "", word).casefold() not in {
        "done", "failed", "queued", "running",
    }:  # fmt: skip
        assert not found.state.is_terminal


@fault(67)
@pytest.mark.parametrize("odd", [None, "", "  ", 7, 1.5, ["done"], {"done": 1}, True, "missing"])
def test_a_status_that_is_none_is_never_a_state(wait: Wait, odd: Any) -> None:
    body = {"id": "a", "status": odd} if odd != "missing" else {"id": "a"}
    with api(RUNNING, *[http(json.dumps(body).encode())] * 3, DONE) as server:
        ended = wait(server.url)

    is_word = isinstance(odd, int | float)
    assert (ended.code, ended.one["problems"]) == (0, 0 if is_word else 3), ended.err
    if not is_word:
        assert "has no status where the profile looks for it" in ended.line("a trouble")


@fault(67)
@pytest.mark.parametrize("spelt", ["DONE", " Done ", "do-ne", "d_o n e"])
def test_case_and_blanks_make_no_other_word(wait: Wait, spelt: str) -> None:
    with api(RUNNING, says(spelt)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["status"].strip()) == (0, spelt.strip())


@fault(67)
def test_a_boolean_or_a_number_is_a_word_only_where_the_profile_says_so(wait: Wait) -> None:
    words = {"running": [False, 1], "succeeded": [True, 2]}
    answers = [http(json.dumps({"id": "a", "status": each}).encode()) for each in (1, False, True)]
    with api(*answers) as server:
        ended = wait(server.url, states=words)

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 3, 0)


# -- states --------------------------------------------------------------------------


@fault(68)
def test_a_state_that_goes_backwards_is_shown_and_decides_nothing(wait: Wait) -> None:
    with api(RUNNING, says("queued"), RUNNING, DONE) as server:
        ended = wait(server.url)

    assert ended.code == 0
    told = [each.split(" ", 3)[3] for each in ended.err.splitlines() if each.startswith("opwatch")]
    assert told[1:4] == ["running", "pending (queued)", "running"]


@fault(69)
def test_the_first_end_is_the_end(wait: Wait) -> None:
    with api(RUNNING, says("failed"), RUNNING, DONE) as server:
        ended = wait(server.url)

        assert (ended.code, ended.outcomes) == (1, ["failed"])
        assert len(server.requests) == 2


@fault(69)
def test_an_api_that_flaps_is_asked_until_its_ends_agree(wait: Wait) -> None:
    with api(RUNNING, says("failed"), RUNNING, DONE, DONE, DONE) as server:
        ended = wait(server.url, confirm=3)

        assert (ended.code, ended.outcomes) == (0, ["succeeded"])
        assert len(server.requests) == 6


@fault(70)
def test_rules_come_before_words_and_an_error_alone_decides_nothing(wait: Wait) -> None:
    read = {"id": "id", "status": "status", "error": "error"}
    both = says("done", error="disk full")
    with api(says("running", error="disk full"), both) as server:
        plain = wait(server.url, read=read)
    with api(says("running", error="disk full"), both) as server:
        ruled = wait(
            server.url, read=read, rules=[{"when": "status == 'done' && error", "state": "failed"}]
        )

    assert (plain.code, plain.outcomes) == (0, ["succeeded"])
    assert (ruled.code, ruled.outcomes) == (1, ["failed"])
    assert "disk full" in ruled.line("a failed")


# -- progress ------------------------------------------------------------------------


@fault(71)
def test_a_bar_goes_back_and_predicts_nothing_from_two_samples() -> None:
    terminal = Terminal(100, 24)
    story = Story(["a"])
    from output.terminal.test_bars import bars_on  # noqa: PLC0415, the harness of the bars' own tests

    with bars_on(terminal) as tell:
        widths = []
        for percent in (80.0, 20.0, 20.0, 60.0):
            story.read("a", progress=percent).wait(1)
            for event in story.events[-2:]:
                tell(event)
            row = terminal.shown[1]
            widths.append(row.count(UNICODE.bar))
            assert f"{percent:.0f}%" in row
            assert "left" not in row

    assert widths[0] > widths[3] > widths[1] == widths[2]


@fault(71)
def test_a_percentage_that_falls_and_stalls_is_told_as_it_is(wait: Wait) -> None:
    answers = [says("running", percent=each) for each in (80, 20, 20, 20, 95)]
    with api(*answers, DONE) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (0, 6)


@fault(72)
@pytest.mark.parametrize(
    ("told", "read"),
    [
        (45, 45.0),
        (0, 0.0),
        (100, 100.0),
        ("45", 45.0),
        ("45%", 45.0),
        ("45,5", None),
        ("45 of 100", None),
        ("", None),
        (250, None),
        (-5, None),
        ("nan", None),
        ("inf", None),
        (None, None),
        (True, None),
        ([45], None),
        (0.45, 0.45),
        (100.4, 100.0),
    ],
)
def test_a_percentage_is_read_strictly_or_not_at_all(
    wait: Wait, told: Any, read: float | None
) -> None:
    with api(says("running", percent=told)) as server:
        ended = wait(server.url, policy=Policy(once=True))

    assert (ended.code, ended.one["state"], ended.one["progress"]) == (8, "running", read)


@fault(72)
def test_a_hundred_percent_is_not_the_end(wait: Wait) -> None:
    with api(*[says("running", percent=100)] * 3, says("failed", percent=100)) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["polls"]) == (1, 4)


NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([])
)


@fault(72, 73)
@given(done=NUMBERS, total=NUMBERS)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_pair_of_numbers_makes_a_percentage_out_of_bounds(done: Any, total: Any) -> None:
    forms = profile("read: {status: status, progress: [{done: done, total: total}, done]}")

    body = json.dumps({"status": "running", "done": done, "total": total}).encode()
    found = reading(forms, response(body))

    assert isinstance(found, Reading)
    assert found.progress is None or 0.0 <= found.progress <= 100.0
    assert found.state is State.RUNNING


@fault(73)
@pytest.mark.parametrize(
    ("done", "total", "read"),
    [(0, 0, None), (3, 0, None), (12, 8, 100.0), (-1, 8, None), (2, 8, 25.0)],
)
def test_a_ratio_of_nothing_is_unknown_and_too_much_is_a_hundred(
    wait: Wait, done: int, total: int, read: float | None
) -> None:
    where = {"status": "status", "progress": {"done": "done", "total": "total"}}
    with api(says("running", done=done, total=total)) as server:
        ended = wait(server.url, policy=Policy(once=True), read=where)

    assert (ended.code, ended.one["progress"]) == (8, read)


# -- whose answer it is --------------------------------------------------------------


@fault(74)
def test_an_answer_without_an_id_is_that_of_the_one_that_was_asked_about(wait: Wait) -> None:
    with api(http(b'{"status": "running"}'), http(b'{"status": "done"}')) as server:
        ended = wait(server.url)

    assert (ended.code, ended.one["problems"]) == (0, 0)


@fault(74, 77)
def test_in_a_list_an_entry_without_an_id_is_nobodys(wait: Wait) -> None:
    with api(items({"status": "done"}, item("b", "done"))) as server:
        ended = wait(server.url, "a", "b", **LIST)

    assert (ended.code, ended.outcomes) == (5, ["not_found", "succeeded"])


@fault(75)
@pytest.mark.parametrize("other", ["b", 7, "A2", "a "])
def test_an_answer_about_another_operation_is_never_its_state(wait: Wait, other: Any) -> None:
    stray = http(json.dumps({"id": other, "status": "failed"}).encode())
    with api(RUNNING, stray, stray, DONE) as server:
        ended = wait(server.url)

    if other == "a ":
        assert ended.code in {0, 1}
        return
    assert (ended.code, ended.one["problems"]) == (0, 2), ended.err
    assert "is about another operation" in ended.line("a trouble")


@fault(75)
def test_nothing_but_strangers_is_unknown_in_the_end(wait: Wait) -> None:
    with api(http(state("done", "b"))) as server:
        ended = wait(server.url, policy=Policy(lost_after=20.0))

    assert (ended.code, ended.outcomes) == (6, ["unknown"])
    assert "to fix" in ended.err


@fault(76)
def test_one_that_is_named_twice_is_watched_once_and_told_once(wait: Wait) -> None:
    with api(lambda request: http(state("done", asked_about(request)))) as server:
        ended = wait(server.url, "b", "a", "b", f"{server.url}/ops/c", "a")

        assert [each["reference"] for each in ended.operations] == ["b", "a", f"{server.url}/ops/c"]
        assert ended.document["summary"] == {"total": 3, "succeeded": 3, "duplicates": 2}
        assert len(server.requests) == 3


@fault(77)
def test_one_that_is_missing_from_a_list_has_its_grace_and_is_not_found_then(wait: Wait) -> None:
    def some(request: bytes) -> bytes:
        return items(*[item(each, "done") for each in ids_of(request) if each != "b"])

    with api(some) as server:
        ended = wait(server.url, "a", "b", "c", **LIST)

    assert (ended.code, ended.outcomes) == (5, ["succeeded", "not_found", "succeeded"])
    assert ended.operations[1]["polls"] >= 3
    assert "left the operation out of its answer" in ended.line("b not found")


@fault(77)
def test_one_that_comes_late_into_a_list_is_waited_for(wait: Wait) -> None:
    with api(items(), items(), items(item("a", "done"))) as server:
        ended = wait(server.url, "a", **{**LIST, "not_found_grace": "30s"})

    assert ended.code == 0, ended.err


@fault(78)
def test_entries_are_matched_by_id_whatever_their_order_and_company(wait: Wait) -> None:
    def mixed(request: bytes) -> bytes:
        mine = [item(each, "failed" if each == "b" else "done") for each in ids_of(request)]
        return items(item("zz", "failed"), *reversed(mine), item("yy", "failed"))

    with api(mixed) as server:
        ended = wait(server.url, "a", "b", "c", **LIST)

    assert ended.outcomes == ["succeeded", "failed", "succeeded"]


@fault(78)
def test_of_twins_in_different_states_the_one_that_goes_on_counts(wait: Wait) -> None:
    twins = items(item("a", "done"), item("a", "running"))
    with api(twins, twins, items(item("a", "done"))) as server:
        ended = wait(server.url, "a", **LIST)

    assert (ended.code, ended.one["polls"]) == (0, 3)
    assert ended.line("warning", "twice, in different states")


@fault(77, 78)
@given(st.lists(st.sampled_from("abcxyz"), max_size=8), st.randoms(use_true_random=False))
def test_no_list_gives_one_operation_the_state_of_another(names: list[str], chance: Any) -> None:
    bound = profile("batch: {query: ids, style: comma, max: 9, path: /ops, items: items}")
    targets = [bound.target(each) for each in "abc"]
    found = [item(each, chance.choice(["done", "running", "failed"])) for each in names]

    answer = bound.read(targets, response({"items": found}))

    for target, finding in zip(targets, answer.findings, strict=True):
        mine = {each["status"] for each in found if each["id"] == target.id}
        if isinstance(finding, Reading):
            assert finding.status in mine
        else:
            assert not mine or mine == {"done", "failed"}


@fault(79)
@pytest.mark.parametrize("status", ["413 Content Too Large", "414 URI Too Long", "400 Bad Request"])
def test_a_batch_that_is_too_large_is_halved_and_stays_so(wait: Wait, status: str) -> None:
    def picky(request: bytes) -> bytes:
        asked = ids_of(request)
        if len(asked) > 2:
            return http(b"", status=status)
        return items(*[item(each, "done") for each in asked])

    with api(picky) as server:
        ended = wait(server.url, *"abcdefgh", **LIST)
        sizes = [len(ids_of(each)) for each in server.requests]

    assert (ended.code, set(ended.outcomes)) == (0, {"succeeded"}), ended.err
    assert max(sizes[sizes.index(2) :]) <= 4
    assert sizes.count(8) == 1


@fault(80)
def test_pages_that_go_round_end_and_are_no_answer(wait: Wait) -> None:
    more = {**LIST, "batch": {**LIST["batch"], "next": {"url": "next"}}}
    with api(lambda _request: items(item("x", "done"), next="/ops?page=2")) as server:
        ended = wait(server.url, "a", "b", policy=Policy(lost_after=10.0), **more)

        assert ended.code != 0
        assert "succeeded" not in ended.outcomes
        assert len(server.requests) < 200


@fault(80)
def test_a_next_page_elsewhere_is_not_asked_for(wait: Wait) -> None:
    more = {**LIST, "batch": {**LIST["batch"], "next": {"url": "next"}}}
    with api(DONE) as evil, api(items(item("x", "done"), next=f"{evil.url}/ops")) as server:
        ended = wait(server.url, "a", "b", policy=Policy(lost_after=10.0), **more)

        assert ended.code == 6, ended.err
        assert evil.requests == []
        assert "refused to send the request to another origin" in ended.err


# -- times and ends ------------------------------------------------------------------


@fault(81)
@pytest.mark.parametrize(
    "when",
    [
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "yesterday", "",
        "2026-03-01T09:00:00", 0, -1, 1e300, 253402300800000, None, [], "2026-02-30T00:00:00Z",
    ],
)  # fmt: skip
def test_an_odd_time_is_shown_or_not_and_schedules_nothing(wait: Wait, when: Any) -> None:
    where = {"status": "status", "created": "t", "updated": "t", "finished": "t", "started": "t"}
    with api(says("running", t=when), says("running", t=when), says("done", t=when)) as server:
        ended = wait(server.url, read=where)

    assert (ended.code, ended.one["polls"], ended.one["problems"]) == (0, 3, 0)
    assert ended.took < 30


@fault(82)
def test_an_operation_that_never_ends_is_left_at_the_deadline_or_at_a_stall(wait: Wait) -> None:
    with api(RUNNING) as server:
        late = wait(server.url, policy=Policy(timeout=20.0))
        stalled = wait(server.url, policy=Policy(stall=15.0))

    assert (late.code, late.outcomes) == (124, ["timed_out"])
    assert "still running at the deadline" in late.line("a out of time")
    assert late.took < 23
    assert (stalled.code, stalled.one["reason"]) == (124, "stalled")
    assert "running without any change for" in stalled.line("a out of time")


@fault(82)
def test_a_timeout_of_nothing_looks_once(wait: Wait) -> None:
    with api(RUNNING) as server:
        ended = wait(server.url, policy=Policy(timeout=0.0, once=True))

        assert (ended.code, len(server.requests)) == (124, 1)


# -- nothing -------------------------------------------------------------------------


@pytest.mark.every(5)
@fault(83)
@pytest.mark.parametrize(
    ("command", "arguments", "stdin"),
    [
        ("get", (), ""),
        ("wait", ("-",), ""),
        ("get", ("-",), "\n \n"),
        ("wait", ("-",), "[]"),
        ("wait", ("-",), '{"items": []}'),
    ],
)
def test_nothing_to_watch_is_never_a_success(
    tmp_path: Path, command: str, arguments: tuple[str, ...], stdin: str
) -> None:
    with DemoServer() as server:
        program = Program(tmp_path, server.base_url)
        ran = program.run(command, "-p", "fullstory", "--json", *arguments, stdin=stdin)

        assert (ran.code, ran.document["exit_reason"], ran.outcomes) == (2, "usage", [])
        assert "no operation given" in ran.err
        assert server.requests() == ()


# -- warnings ------------------------------------------------------------------------

MOSTLY: Any = {
    "states": {"running": ["running"], "succeeded": ["done"], "partial": ["mostly"]},
}


@pytest.mark.parametrize(
    ("fail_on", "code", "outcome"),
    [([], 0, "succeeded"), (["warnings"], 1, "failed"), (["blocked,warnings"], 1, "failed")],
)
def test_the_last_line_and_the_json_say_who_had_warnings_and_why(
    wait: Wait, fail_on: list[str], code: int, outcome: str
) -> None:
    def route(request: bytes) -> bytes:
        name = asked_about(request)
        more = {"message": "3 rows skipped"} if name == "b" else {}
        return http(state("mostly" if name == "b" else "done", name, **more))

    policy = RunOptions(profile="api", fail_on=fail_on).policy()
    with api(route) as server:
        ended = wait(server.url, "a", "b", policy=policy, **MOSTLY)

    assert (ended.code, ended.outcomes) == (code, ["succeeded", outcome]), ended.err
    assert [each["warnings"] for each in ended.operations] == [None, "3 rows skipped"]
    assert "1 with warnings (b: 3 rows skipped)" in ended.line("with warnings (")
