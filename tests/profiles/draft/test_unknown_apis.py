"""How good a drafted profile is for APIs that no built-in profile knows.

``unknown_apis.jsonl`` holds answers in the shapes that 43 vendors document, and what
each means. A draft is made of all answers of an API, of one that goes on and one
that succeeded, and of the first alone; then it reads all of them. Run this file
to print the table:

    python tests/profiles/draft/test_unknown_apis.py
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Reading
from opwatch.profiles import bind_profile, check
from opwatch.profiles.definition import define
from opwatch.profiles.draft.propose import Known, Proposal, propose
from opwatch.profiles.draft.samples import Sample
from opwatch.profiles.yaml.parser import parse
from profiles.draft.test_drafts import posted

LINES = (Path(__file__).parent / "unknown_apis.jsonl").read_text("utf-8").splitlines()
PAGE = (Path(__file__).parents[3] / "docs" / "profiles.md").read_text("utf-8").replace("\n", " ")
OPEN = "not over"
# At these all operations have one URL, and what is posted names them.
POSTED = {"github-graphql": "CS_kwDO1"}
KINDS = ("all", "two", "one")
# Where an API reports the state of a part, only its bad ends, or numbers, a person must say what
# a success is; so must they for a word that may mean either.
OPEN_ON_PURPOSE = {
    "algolia", "atlas-restore", "cloudflare-pages", "elevenlabs", "heat", "k8s-job", "redfish",
    "render", "woodpecker", "zendesk",
}  # fmt: skip


class Case(NamedTuple):
    """An answer, and the end that it means."""

    expect: str
    body: Any


class Marks(NamedTuple):
    """How many answers a draft reads right, and what it takes for a success wrongly."""

    right: int
    total: int
    false_successes: int


@cache
def apis() -> dict[str, tuple[str, tuple[Case, ...]]]:
    found: dict[str, list[Case]] = defaultdict(list)
    urls: dict[str, str] = {}
    for line in LINES:
        data = json.loads(line)
        urls[data["api"]] = data["url"]
        found[data["api"]].append(Case(data["expect"], data["body"]))
    return {name: (urls[name], tuple(cases)) for name, cases in found.items()}


def drafted(name: str, kind: str) -> Proposal:
    url, cases = apis()[name]
    ends = [case for case in cases if case.expect == "succeeded"]
    chosen = {"all": cases, "two": (cases[0], *ends[:1]), "one": cases[:1]}[kind]
    body = posted(POSTED[name]) if name in POSTED else None
    return propose([Sample(case.body) for case in chosen], Known(url=url, body=body))


@cache
def marks(name: str, kind: str) -> Marks:
    text = drafted(name, kind).text
    definition = define("d", parse("d.yaml", text), is_users=True, environ={})
    params = {each: "https://x.example" for each in definition.spec.params if each != "id"}
    url, cases = apis()[name]
    bound = bind_profile(definition, params)
    target = bound.target(POSTED.get(name, url))
    right = wrong = 0
    for case in cases:
        answer = Response(200, url, Headers(), json.dumps(case.body).encode())
        finding = bound.read([target], answer).findings[0]
        state = finding.state if isinstance(finding, Reading) else None
        found = "no answer" if state is None else state.value if state.is_terminal else OPEN
        right += found == case.expect
        wrong += found == "succeeded" != case.expect
    return Marks(right, len(cases), wrong)


def test_no_draft_for_an_unknown_api_takes_an_answer_for_a_success_wrongly() -> None:
    wrong = [(name, kind) for name in apis() for kind in KINDS if marks(name, kind).false_successes]

    assert wrong == []


@pytest.mark.slow
def test_every_draft_for_an_unknown_api_has_no_problems() -> None:
    for name in apis():
        for kind in KINDS:
            text = drafted(name, kind).text

            assert check(text, f"{name}.yaml") == (), text


def test_a_draft_of_all_answers_reads_all_of_them_unless_a_person_must_decide() -> None:
    full = {name for name in apis() if marks(name, "all").right == marks(name, "all").total}

    assert set(apis()) - full == OPEN_ON_PURPOSE
    assert f"Of {len(apis())} APIs without a built-in profile {len(full)} do" in PAGE


def test_what_a_person_must_decide_is_reported() -> None:
    for name in OPEN_ON_PURPOSE:
        found = drafted(name, "all")

        assert found.unclear or found.candidates, name


def test_most_answers_are_read_right_from_few_samples() -> None:
    assert _share("all") >= 0.93
    assert _share("two") >= 0.83
    assert _share("one") >= 0.73


def _share(kind: str) -> float:
    found = [marks(name, kind) for name in apis()]
    return sum(each.right for each in found) / sum(each.total for each in found)


def main() -> None:
    lines = []
    for name in apis():
        shown = [f"{kind} {marks(name, kind).right}/{marks(name, kind).total}" for kind in KINDS]
        lines.append(f"{name:20} {'   '.join(shown)}")
    lines += [f"{kind}: {_share(kind):.1%} of the answers" for kind in KINDS]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
