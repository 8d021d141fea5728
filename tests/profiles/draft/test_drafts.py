"""How good a drafted profile is, measured on the example answers of all built-in ones.

Each built-in profile's own good answers are the samples, together with the URL
that they come from. The draft is used as it is, and then reads every example
answer, the bad ones as well. Run this file to print the table:

    python tests/profiles/draft/test_drafts.py
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from opwatch.domain.operation import Reading, State
from opwatch.profiles import bind_profile, check, parse_body
from opwatch.profiles.definition import define
from opwatch.profiles.detect.detector import STANDARD
from opwatch.profiles.draft.propose import Known, propose
from opwatch.profiles.draft.samples import Sample
from opwatch.profiles.yaml.parser import parse
from profiles.answers import NAMES, document, profile, response, words

PAGE = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text("utf-8")
# At such an API all operations have one URL, and what is posted names them.
POSTED = {"shopify-bulk": "gid://shopify/BulkOperation/7001"}
OPEN = "not over"
BAD = "no answer"
# Which sentence or word beside a success makes less of it here (a status message, 'registered'),
# only the vendor's own client knows; that a task may have two ids, only its specification.
KNOWN_BY_THE_VENDOR_ONLY = {
    "elasticsearch-task": 1,
    "gke-operation": 1,
    "snowflake": 1,
    "vercel": 1,
}


class Marks(NamedTuple):
    """How many answers a draft reads right, and which of them it takes for a success wrongly."""

    right: int
    total: int
    false_successes: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        return self.right == self.total


def _references(name: str, case: dict[str, Any]) -> list[str]:
    given = case.get("references") or [case.get("reference", document(name).get("reference"))]
    return [str(each) for each in given]


def _url(name: str, case: dict[str, Any]) -> str:
    bound = profile(name)
    reference = _references(name, case)[0]
    return bound.request([bound.target(reference, words(case.get("params")))]).url


def _samples(name: str) -> list[tuple[str, Sample]]:
    """Return the good answers about the operation that was asked about, and their URLs."""
    found = []
    for case in document(name)["answers"]:
        if isinstance(case["expect"], dict) and "state" in case["expect"]:
            answer = response(case, _url(name, case))
            data = parse_body(answer.body).data
            found.append((answer.url, Sample(data, answer.status, answer.headers)))
    return found


def posted(operation: str) -> dict[str, Any]:
    """Return what a person gives with --data who has asked about *operation*."""
    query = "query($id: ID!) { node(id: $id) { id } }"
    return {"query": query, "variables": {"id": operation}}


def drafted(name: str, without: str = "") -> str:
    samples = _samples(name)
    url = samples[0][0] if samples else None
    known = Known("draft", url, body=posted(POSTED[name]) if name in POSTED else None)
    found = propose([sample for _, sample in samples], known, without=without)
    return found.text


@cache
def marks(name: str, without: str = "") -> Marks:
    text = drafted(name, without)
    tree = parse("draft.yaml", text)
    definition = define("draft", tree, is_users=True, environ={})
    bound = bind_profile(
        definition, {each: "https://x.example" for each in definition.spec.params if each != "id"}
    )
    right, wrong = 0, []
    cases = document(name)["answers"]
    for case in cases:
        url = _url(name, case)
        references = _references(name, case)
        alone = POSTED.get(name, url)
        targets = [bound.target(each if len(references) > 1 else alone) for each in references]
        found = [_verdict(bound.read([each], response(case, url)).findings[0]) for each in targets]
        expected = case["expect"] if isinstance(case["expect"], list) else [case["expect"]]
        wanted = [_wanted(each) for each in expected]
        right += found == wanted
        if any(f == "succeeded" != w for f, w in zip(found, wanted, strict=True)):
            wrong.append(case["name"])
    return Marks(right, len(cases), tuple(wrong))


def _verdict(finding: object) -> str:
    if not isinstance(finding, Reading):
        return BAD
    return finding.state.value if finding.state.is_terminal else OPEN


def _wanted(expected: dict[str, Any]) -> str:
    if "trouble" in expected:
        return BAD
    state = State(expected["state"])
    return state.value if state.is_terminal else OPEN


PROFILES = [name for name in NAMES if name != STANDARD]


def test_every_draft_has_no_problems() -> None:
    for name in PROFILES:
        text = drafted(name)

        assert check(text, f"{name}.yaml") == (), text


@pytest.mark.slow
def test_a_third_of_the_drafts_reach_the_right_verdict_in_every_answer() -> None:
    full = [name for name in PROFILES if marks(name).is_full]
    alone = [name for name in PROFILES if marks(name, without=name).is_full]

    assert len(full) >= 16, full
    assert len(alone) >= 14, alone
    assert f"{len(full)} of {len(PROFILES)} such profiles" in PAGE.replace("\n", " ")


def test_most_answers_are_read_right_and_no_other_is_a_success_wrongly() -> None:
    found = {name: marks(name) for name in PROFILES}
    right, total = (
        sum(getattr(each, key) for each in found.values()) for key in ("right", "total")
    )

    wrong = {name: len(each.false_successes) for name, each in found.items()}
    wrong = {name: count for name, count in wrong.items() if count}
    assert right >= 0.855 * total
    assert wrong == KNOWN_BY_THE_VENDOR_ONLY
    assert f"{sum(wrong.values())} answers are read as a success" in PAGE.replace("\n", " ")


@pytest.mark.slow
def test_the_words_of_a_profile_itself_are_not_what_makes_its_draft_good() -> None:
    right = sum(marks(name, without=name).right for name in PROFILES)
    total = sum(marks(name).total for name in PROFILES)

    assert right >= 0.84 * total


def main() -> None:
    lines = []
    for name in PROFILES:
        with_it, alone = marks(name), marks(name, without=name)
        shown = f"{with_it.right}/{with_it.total}"
        lines.append(f"{name:26} {shown:>7}   without its own words {alone.right}/{alone.total}")
    full = sum(marks(name).is_full for name in PROFILES)
    alone_full = sum(marks(name, without=name).is_full for name in PROFILES)
    lines.append(f"all answers right: {full} of {len(PROFILES)}; {alone_full} without own words")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
