from __future__ import annotations

import json
import math
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.optimum import best
from benchmarks.plot import SHOWN, plot
from benchmarks.shapes import LONGEST, SHORTEST, SPREAD, spread
from opwatch.domain.pacing import Pace
from watcher.test_pace_budget import cost

DOCS = Path(__file__).resolve().parents[2] / "docs"


def of_a_fixed_pause(seconds: int) -> tuple[float, float]:
    """Return the exact mean requests and seconds late over the mix."""
    requests, late = 1.0, 0.0
    for start in range(0, int(LONGEST), seconds):
        low, high = max(SHORTEST, start), min(LONGEST, start + seconds)
        requests += 1 - math.log(max(SHORTEST, start) / SHORTEST) / SPREAD
        if high > low:
            late += ((start + seconds) * math.log(high / low) - (high - low)) / SPREAD
    return requests, late


def test_no_fixed_pause_costs_less_than_the_optimum() -> None:
    price = 5.0
    requests, late = best(price)

    costs = [of_a_fixed_pause(pause) for pause in range(1, 120)]

    assert min(asks + price * after for asks, after in costs) > 1.05 * (requests + price * late)


def test_without_progress_the_pace_is_within_15_percent_of_the_optimum() -> None:
    requests, late = cost(None, spread(500), Pace())

    least, earlier = best(6.0)

    assert earlier == pytest.approx(late, rel=0.05)
    assert earlier <= late
    assert requests <= 1.15 * least


def test_the_plot_is_a_picture_without_a_script_and_shows_who_is_measured() -> None:
    row = {"name": "a & b", "requests": 60.0, "late": 10.0, "pace": ""}
    ours = [{**row, "name": name, "pace": "normal"} for name in SHOWN]

    text = plot({"peers": [row], "optimum": [row], "opwatch": ours})

    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}  # noqa: S314, our own
    assert tags <= {"svg", "title", "style", "rect", "path", "text", "circle", "polyline"}
    assert "a &amp; b" in text
    assert all(name in text for name in SHOWN)


def test_the_picture_in_the_documentation_shows_the_figures_beside_it() -> None:
    figures = json.loads((DOCS / "schedules.json").read_text(encoding="utf-8"))

    assert (DOCS / "schedules.svg").read_text(encoding="utf-8") == plot(figures)
