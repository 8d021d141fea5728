"""What is generated is as the program generates it now."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.looks_plot import looks_plot
from benchmarks.page import page, with_short
from contract import MEANINGS
from opwatch.domain.outcome import PRECEDENCE, ExitCode

ROOT = Path(__file__).resolve().parents[1]


def test_every_generated_file_is_fresh() -> None:
    done = subprocess.run(  # noqa: S603, our own script
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), "run: python docs/generate.py"


def test_every_exit_code_has_a_meaning() -> None:
    assert set(PRECEDENCE) == set(MEANINGS)


def test_the_readme_names_every_exit_code() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## The exit code")[1]

    told = {int(number) for number in re.findall(r"\b\d{1,3}\b", table.split("\n\n")[1])}

    assert told >= {int(code) for code in ExitCode}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_links_of_the_documentation_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_pages_about_speed_show_the_figures_that_were_measured() -> None:
    figures = json.loads((ROOT / "docs/performance.json").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    stale = "run: python tests/benchmarks --page"
    assert (ROOT / "docs/performance.md").read_text(encoding="utf-8") == page(figures), stale
    assert (ROOT / "docs/looks.svg").read_text(encoding="utf-8") == looks_plot(
        figures["parts"]["counts"]
    ), stale
    assert readme == with_short(readme, figures), stale
