"""The contract of the built-in profiles: every one is held against its example answers."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Reading, State
from opwatch.domain.outcome import Reason
from opwatch.domain.trouble import Trouble
from opwatch.profiles import RequestFacts, check
from opwatch.profiles.config import BUILTIN, Config, profile_tree
from opwatch.profiles.definition import define
from opwatch.profiles.values import moment
from profiles.answers import FOLDER, NAMES, document, profile, response, words
from simulation.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.domain.operation import Finding

DOCUMENTS = {name: document(name) for name in NAMES if (FOLDER / f"{name}.yaml").exists()}
TIMES = ("created", "started", "updated", "finished")


def cases(part: str) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}: {case.get('name') or case.get('reference')}")
        for name, data in DOCUMENTS.items()
        for case in data.get(part, [])
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_profile_has_no_problems_and_names_its_sources(name: str) -> None:
    text = (BUILTIN / f"{name}.yaml").read_text("utf-8")

    assert check(text, f"{name}.yaml") == ()
    # Its parts are not held against each other when it is used.
    assert define(name, profile_tree(name, Config({})), is_users=False, environ={})
    assert text.startswith("# yaml-language-server: $schema=../profile.schema.json\n")
    assert re.search(r"^# source: \S", text, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_profile_has_example_answers(name: str) -> None:
    data = DOCUMENTS[name]

    assert data["answers"]
    assert len(data["references"]) >= 2


def _said(name: str) -> set[str]:
    """Return the states that the profile's words, rules and absence can mean."""
    spec = profile(name).definition.spec
    said = {bucket for bucket, listed in spec.states.items() if listed}
    said |= {"partial" if rule.partial else str(rule.state) for rule in spec.rules}
    return said | ({str(spec.absent_status)} if spec.absent_status else set())


@pytest.mark.parametrize("name", NAMES)
def test_every_state_of_a_profile_has_an_example(name: str) -> None:
    shown: set[str] = set()
    for case in DOCUMENTS[name]["answers"]:
        expected = case["expect"]
        for each in expected if isinstance(expected, list) else [expected]:
            shown.add("partial" if each.get("partial") else each.get("state", "trouble"))

    assert "trouble" in shown
    assert shown & {"pending", "running"}
    assert _said(name) - {"pending", "running"} <= shown


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_profile_is_https_and_holds_no_secret(name: str) -> None:
    bound = profile(name)

    assert bound.base_url.startswith(("https://", "http://localhost", "http://127.0.0.1"))
    assert bound.definition.spec.docs
    assert bound.definition.spec.title


@pytest.mark.parametrize(("name", "case"), cases("answers"))
def test_an_example_answer_reads_as_it_says(name: str, case: dict[str, Any]) -> None:
    data = DOCUMENTS[name]
    bound = profile(name)
    references = case.get("references") or [case.get("reference", data.get("reference"))]
    targets = [bound.target(str(each), words(case.get("params"))) for each in references]
    asked = bound.request(targets)
    expected = case["expect"]

    answer = bound.read(targets, response(case, asked.url))

    assert len(answer.findings) == len(targets)
    wanted = expected if isinstance(expected, list) else [expected]
    assert len(wanted) == len(targets)
    for finding, each in zip(answer.findings, wanted, strict=True):
        assert told(finding, each) == each


def told(finding: Finding, expected: dict[str, Any]) -> dict[str, Any]:
    """Return of *finding* what *expected* is about, in the same form."""
    found: dict[str, Any]
    if isinstance(finding, Trouble):
        found = {"trouble": finding.fault.value, "detail": finding.detail, "wait": finding.wait}
        return {key: found.get(key) for key in expected} | {"trouble": finding.fault.value}
    assert isinstance(finding, Reading)
    found = asdict(finding)
    found |= {key: getattr(finding, f"{key}_at") for key in TIMES}
    found |= {"known": finding.is_known_word, "state": finding.state.value}
    if finding.contradiction is not None:
        found["contradiction"] = finding.contradiction._asdict()
    out = {}
    for key, value in expected.items():
        out[key] = found.get(key, f"no {key} in a reading")
        if key in TIMES and value is not None and out[key] == moment(value):
            out[key] = value
        if key == "error" and value is not None and found["error"] is not None:
            out[key] = {part: found["error"][part] for part in value}
    return out


@pytest.mark.parametrize(("name", "case"), cases("references"))
def test_a_reference_parses_back(name: str, case: dict[str, Any]) -> None:
    bound = profile(name)
    reference = str(case["reference"])
    if case.get("refused"):
        with pytest.raises(UsageError):
            bound.target(reference)
        return

    target = bound.target(reference, words(case.get("given")))

    if "id" in case or "/" not in reference:
        assert target.id == str(case.get("id", reference))
    parsed = {key: value for key, value in target.params.items() if key in case.get("params", {})}
    assert parsed == words(case.get("params"))
    if "url" in case:
        asked = bound.request([target])
        assert (asked.url, asked.authorize) == (case["url"], case.get("authorize", True))


@pytest.mark.parametrize(("name", "case"), cases("handoffs"))
def test_a_starting_answer_hands_off_a_reference(name: str, case: dict[str, Any]) -> None:
    bound = profile(name)

    found = bound.handoff(response(case), RequestFacts(case.get("method", "")))

    expected = [(each["reference"], words(each.get("params"))) for each in case["expect"]]
    assert [(each.reference, dict(each.params)) for each in found] == expected
    targets = [bound.target(each.reference, each.params) for each in found]
    if "polled" in case:
        assert bound.request(targets).url == case["polled"]
    for target, wanted in zip(targets, case["expect"], strict=True):
        if "url" in wanted:
            assert bound.request([target]).url == wanted["url"]


@pytest.mark.parametrize(("name", "case"), cases("results"))
def test_a_result_chain_is_followed(name: str, case: dict[str, Any]) -> None:
    data = DOCUMENTS[name]
    bound = profile(name)
    reference = str(case.get("reference", data.get("reference")))
    target = bound.target(reference, words(case.get("params")))
    reading = bound.read([target], response(case)).findings[0]
    assert isinstance(reading, Reading)
    assert reading.state is State.SUCCEEDED

    way = bound.result_steps(target, reading)

    for step in case["steps"]:
        assert way.fetch is not None, way.missing
        assert way.fetch.request.url == step["url"]
        assert way.fetch.request.authorize is step["authorize"]
        assert way.fetch.download is step.get("download", False)
        if "expires" in step:
            assert way.fetch.expires_at == moment(step["expires"])
        if not way.fetch.download:
            way = way.after(response({**step, "url": step["url"]}))
    assert way.missing is None
    if "expect" in case:
        assert way.fetch is None
        assert way.value == case["expect"]["value"]


@pytest.mark.parametrize(("name", "case"), cases("failures"))
def test_a_failure_is_asked_about(name: str, case: dict[str, Any]) -> None:
    bound = profile(name)
    target = bound.target(str(DOCUMENTS[name]["reference"]))
    reading = bound.read([target], response(case)).findings[0]
    assert isinstance(reading, Reading)

    way = bound.failure_steps(target, reading)

    assert way is not None
    for step in case["steps"]:
        assert way.fetch is not None, way.steps.missing
        request = way.fetch.request
        assert (request.url, request.authorize) == (step["url"], step["authorize"])
        assert ("sent" in step) is (request.method == "POST")
        assert json.loads(request.body or b"null") == step.get("sent")
        reply = response(step, step["url"])
        way = way.after_log(reply.body.decode()) if way.log else way.after(reply)
    assert (way.fetch, way.steps.missing) == (None, None)
    found = way.failure._asdict() | {"lines": list(way.failure.lines)}
    assert {key: found[key] for key in case["expect"]} == case["expect"]


@pytest.mark.parametrize(("name", "case"), cases("failures"))
def test_nothing_else_is_asked_after_a_success(name: str, case: dict[str, Any]) -> None:
    bound = profile(name)
    target = bound.target(str(DOCUMENTS[name]["reference"]))
    reading = bound.read([target], response(case)).findings[0]
    assert isinstance(reading, Reading)

    assert bound.failure_steps(target, replace(reading, state=State.SUCCEEDED)) is None
    assert bound.failure_steps(target, replace(reading, state=State.CANCELLED)) is None


@pytest.mark.parametrize(
    ("kind", "outcome"), [("Delete", "succeeded"), ("Create", "not_found"), (None, "not_found")]
)
def test_a_deletion_of_power_platform_that_was_seen_may_end_by_being_gone(
    kind: str | None, outcome: str
) -> None:
    found = profile("powerplatform-lifecycle")
    target = found.target("op-7")
    running = {"id": "op-7", "state": {"id": "Running"}} | ({"type": {"id": kind}} if kind else {})
    error = {"error": {"code": "EnvironmentNotFound", "message": "gone"}}
    answers: list[dict[str, Any]] = [{"body": running}, {"status": 404, "body": error}]
    read = [found.read([target], response(each)).findings[0] for each in answers]
    bench = Bench(polling_rules=found.polling_rules)

    bench.run(*read)

    assert (bench.outcomes, bench.one.reason) == ([outcome], Reason.GONE)


@pytest.mark.parametrize("case", [{"text": "not found"}, {"text": "<html></html>"}, {}])
def test_a_404_of_another_ends_no_deletion_of_power_platform(case: dict[str, Any]) -> None:
    found = profile("powerplatform-lifecycle")
    target = found.target("op-7")
    running = {"id": "op-7", "state": {"id": "Running"}, "type": {"id": "Delete"}}
    answers = [{"body": running}, {"status": 404, **case}]
    read = [found.read([target], response(each)).findings[0] for each in answers]
    bench = Bench(polling_rules=found.polling_rules)

    bench.run(*read)

    assert bench.outcomes == ["unknown"]


def _spelled(value: Any, how: Callable[[str], str], kept: str) -> Any:
    """Return *value* with each of its words spelled otherwise, but for those in *kept*."""
    if isinstance(value, dict):
        return {key: _spelled(each, how, kept) for key, each in value.items()}
    if isinstance(value, list):
        return [_spelled(each, how, kept) for each in value]
    is_word = isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z _-]{1,40}", value)
    return how(value) if is_word and value not in kept else value


@pytest.mark.every(4)
@pytest.mark.parametrize(("name", "case"), cases("answers"))
def test_no_spelling_of_its_words_makes_a_success_of_an_answer_that_is_none(
    name: str, case: dict[str, Any]
) -> None:
    bound = profile(name)
    references = case.get("references") or [case.get("reference", DOCUMENTS[name].get("reference"))]
    targets = [bound.target(str(each), words(case.get("params"))) for each in references]
    url, kept, body = bound.request(targets).url, " ".join(map(str, references)), case.get("body")

    def found(body: Any) -> list[bool]:
        answer = bound.read(targets, response({**case, "body": body}, url))
        return [_is_plain_success(each) for each in answer.findings]

    as_it_is = found(body)
    for how in (str.upper, str.lower, str.title):
        otherwise = found(_spelled(body, how, kept))
        assert not any(b and not a for a, b in zip(as_it_is, otherwise, strict=True)), how


def _is_plain_success(finding: Finding) -> bool:
    return isinstance(finding, Reading) and finding.state is State.SUCCEEDED and not finding.partial
