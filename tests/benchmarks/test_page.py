from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.budgets import BUDGETS, Found
from benchmarks.looks_plot import looks_plot
from benchmarks.page import page, short, with_short

if TYPE_CHECKING:
    from benchmarks.budgets import Budget

RAN = {
    "on": "2026-01-02",
    "commit": "abc",
    "load": 0.1,
    "minutes": 0.5,
    "processors": 2,
    "machine": "A",
    "system": "Linux",
    "python": "3.11",
}


def measured(budget: Budget, *samples: float, load: float = 0.1) -> dict[str, Any]:
    parts = {"outage": {"requests": [0.001], "heard_s": [9.0]}}
    parts.setdefault(budget.part, {})[budget.figure] = list(samples)
    return {"parts": parts, "ran": {"outage": {**RAN, "load": load}}}


@pytest.mark.parametrize("budget", BUDGETS[-2:], ids=lambda each: each.figure)
def test_a_budget_that_is_missed_is_said_to_be(budget: Budget) -> None:
    good, bad = (measured(budget, each * budget.most) for each in (0.5, 2.0))

    assert "missed" not in page(good) + short(good)
    assert page(bad).count("**missed**") == 1
    assert short(bad).count("missed") == 1


def test_what_was_not_measured_is_said_to_be_missing() -> None:
    text = page(measured(BUDGETS[-1], 1.0))

    assert text.count("not measured") == len(BUDGETS) - 2


def test_the_median_is_held_to_the_budget_and_the_spread_stands_beside_it() -> None:
    row = next(
        line
        for line in page(measured(BUDGETS[-1], 40.0, 20.0, 10.0)).splitlines()
        if "20 s" in line
    )

    assert "10 to 40 (3)" in row
    assert row.endswith("| met |")


def test_a_figure_is_held_as_it_is_shown() -> None:
    budget = BUDGETS[0]

    assert Found(budget.most + 0.004, 0, 0, 1).meets(budget)
    assert not Found(budget.most + 0.006, 0, 0, 1).meets(budget)


def test_a_busy_machine_is_told_of() -> None:
    idle, busy = (page(measured(BUDGETS[-1], 1.0, load=load)) for load in (0.9, 1.1))

    assert "something else" not in idle
    assert "| outage | 2026-01-02 | 1.1 | 0.5 | the machine did something else as well |" in busy


def test_only_what_is_between_the_marks_of_the_readme_is_written() -> None:
    readme = "a\n<!-- performance -->\nold\n<!-- /performance -->\nb\n"

    text = with_short(readme, measured(BUDGETS[-1], 1.0))

    assert text.startswith("a\n<!-- performance -->\n|")
    assert text.endswith("|\n<!-- /performance -->\nb\n")
    assert "old" not in text


def test_the_picture_of_looks_shows_each_count_of_both() -> None:
    figures = {
        "counts": [1, 10, 100],
        "ours_s": [0.3, 0.4, 1.0],
        "theirs_s": [0.2, 0.3, 0.9],
        "against": "httpx2 with 8",
    }

    root = ET.fromstring(looks_plot(figures))  # noqa: S314, our own

    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == 2 * 3 + 2  # and the legend


def test_the_page_names_the_command_that_measures_it() -> None:
    command = Path(__file__).parent

    assert f"python {command.parent.name}/{command.name}" in page(measured(BUDGETS[-1], 1.0))
