"""The page about reliability says what the figures say, and hides nothing of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from campaign.mutation import HELD_BY, SOURCE, TESTS, counted, interval, score
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
    parts["mutation"] = mutation(tried=10, killed=9, reasons=[""])

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
    assert "| `watcher/gate` 7 | `a -> b` | **a test is missing** |" in said
    assert len(faulty(parts)) == 11


def mutation(*, tried: int, killed: int, reasons: list[str]) -> dict[str, Any]:
    survivors = [
        {"module": "watcher/gate", "line": 7, "change": "a -> b", "reason": each}
        for each in reasons
    ]
    modules = {"watcher/gate": {"mutants": 100, "tried": tried, "killed": killed}}
    return {"seed": 7, "modules": modules, "survivors": survivors}


def test_a_change_that_changes_nothing_does_not_count_and_one_without_a_reason_does() -> None:
    found = mutation(tried=20, killed=18, reasons=["the same to every caller", ""])

    assert counted(found) == counted(found, "watcher/gate") == (18, 19)
    assert counted(found, "watcher/record") == (0, 0)
    assert score(found) == 18 / 19


def test_few_tries_leave_a_wide_interval() -> None:
    assert [round(each, 3) for each in interval(18, 20)] == [0.699, 0.972]
    assert [round(each, 3) for each in interval(0, 10)] == [0.0, 0.278]
    assert interval(0, 0) == (0.0, 1.0)


def test_each_module_of_the_three_rooms_is_held_by_tests_that_are_there() -> None:
    there = {
        str(path.relative_to(SOURCE / "opwatch").with_suffix(""))
        for room in ("watcher", "domain", "profiles/reading")
        for path in (SOURCE / "opwatch" / room).glob("*.py")
        if path.stem != "__init__"
    }

    assert set(HELD_BY) == there
    assert not [each for tests in HELD_BY.values() for each in tests if not (TESTS / each).exists()]
