"""How ``standard`` reads answers of APIs that no profile knows.

``standard_shapes.jsonl`` holds answers in the shapes that vendors document, and what each
means there; then a success with each kind of field beside it that speaks against it, or
only seems to. ``warned`` is a success of which a part has failed. The answers in
``draft/unknown_apis.jsonl`` are read as well. Run this file to print the counts, and what
is not read right:

    PYTHONPATH=tests python tests/profiles/test_standard_shapes.py
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from opwatch.domain.operation import Reading
from profiles.answers import profile, response

FOLDER = Path(__file__).parent
FILES = (FOLDER / "standard_shapes.jsonl", FOLDER / "draft" / "unknown_apis.jsonl")
PAGE = (FOLDER.parents[1] / "docs" / "standards.md").read_text("utf-8").replace("\n", " ")
OPEN, UNDECIDED = "not over", "undecided"
URL = "https://api.example.com/jobs/7"


class Shape(NamedTuple):
    """An answer of *api*, and what it means: an end, or that it goes on."""

    api: str
    means: str
    body: Any


@cache
def shapes() -> tuple[Shape, ...]:
    lines = [json.loads(line) for each in FILES for line in each.read_text("utf-8").splitlines()]
    return tuple(Shape(line["api"], line["expect"], line["body"]) for line in lines)


def read(body: Any) -> str:
    """Return what *body* is taken for: undecided is a bad answer, or one with a warning."""
    bound = profile("standard")
    (finding,) = bound.read([bound.target(URL)], response({"body": body}, URL)).findings
    if not isinstance(finding, Reading) or not finding.is_known_word:
        return UNDECIDED
    if not finding.state.is_terminal:
        return OPEN
    return "warned" if finding.partial else finding.state.value


@cache
def counts() -> Counter[str]:
    return Counter(_mark(shape) for shape in shapes())


def _mark(shape: Shape) -> str:
    found = read(shape.body)
    if found == shape.means:
        return "right"
    return UNDECIDED if found == UNDECIDED else f"{shape.means} as {found}"


def test_no_answer_is_taken_for_an_end_that_it_does_not_mean() -> None:
    assert set(counts()) == {"right", UNDECIDED}


def test_most_answers_of_unknown_apis_are_read_right_and_the_rest_is_left_undecided() -> None:
    right, undecided = counts()["right"], counts()[UNDECIDED]

    assert right >= 0.55 * counts().total()
    assert f"Of {counts().total()} answers" in PAGE
    assert f"{right} are read right, {undecided} are left undecided" in PAGE


def main() -> None:
    for shape in shapes():
        mark = _mark(shape)
        if mark != "right":
            sys.stdout.write(f"{mark:24} {shape.api:36} {json.dumps(shape.body)}\n")
    for mark, count in counts().most_common():
        sys.stdout.write(f"{count:5} {mark}\n")


if __name__ == "__main__":
    main()
