"""The page about reliability says what the figures say, and hides nothing of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from campaign.page import faulty, page, summary, survived
from campaign.report import FIGURES, PAGE, README, with_summary


@pytest.fixture
def figures() -> Any:
    return json.loads(FIGURES.read_text(encoding="utf-8"))


def test_the_page_is_that_of_the_figures(figures: Any) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(figures), "run: python tests/campaign/report.py"


def test_the_readme_shows_the_summary(figures: Any) -> None:
    readme = README.read_text(encoding="utf-8")

    assert readme == with_summary(readme, summary(figures)), "run: report.py"


def test_a_fault_is_survived_only_if_each_of_its_tests_passed() -> None:
    def fault(tests: int, passed: int, skipped: int = 0) -> dict[str, Any]:
        return {"tests": tests, "passed": passed, "skipped": skipped, "simulated": []}

    found = {"1": fault(3, 3), "2": fault(3, 2), "3": fault(3, 2, 1), "4": fault(1, 0, 1)}

    assert [survived(found, [number])[0] for number in range(1, 6)] == [1, 0, 0, 0, 0]


def test_what_went_wrong_is_on_the_page(figures: Any) -> None:
    worse = copy.deepcopy(figures)
    parts = worse["parts"]
    del parts["faults"]["75"]
    parts["torture"]["broken"] = ["call 3: exit 0, but the truth is 1"]
    parts["torture"]["broken_signals"] = ["call 4: SIGINT: stuck"]
    parts["small_worlds"]["broken"] = ["lost, done: a was done, and is unknown"]
    parts["worlds"]["broken"] = ["world 7: too fast"]
    parts["fuzz"]["show a text"]["wrong"] = ["AssertionError"]
    parts["leaving"]["wrong"] = ["SIGTERM: exit -15"]
    parts["text"]["disturbed"] = ["the cursor has gone"]
    parts["text"]["commands"] = ["::error::"]
    parts["limits"]["memory"][0]["wrong"] = "exit -11"

    said = page(worse)

    assert "* 75: an answer about another operation" in said
    assert "* `call 3: exit 0, but the truth is 1`" in said
    assert "* `world 7: too fast`" in said
    assert "* `AssertionError`" in said
    assert "* `SIGTERM: exit -15`" in said
    assert "* `call 4: SIGINT: stuck`" in said
    assert "* `lost, done: a was done, and is unknown`" in said
    assert "1 untrue verdicts" in said
    assert "* `the cursor has gone`" in said
    assert "* `::error::`" in said
    assert "* `exit -11`" in said
    assert len(faulty(parts)) == 10
