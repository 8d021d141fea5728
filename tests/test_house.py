"""The house stays one that a newcomer finds the way in: ``docs/figures.py`` measures it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from figures import figures

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return figures()


def test_no_folder_has_a_circle(found: dict[str, Any]) -> None:
    assert found["circles"] == []


def test_no_folder_holds_more_than_twenty_modules(found: dict[str, Any]) -> None:
    assert found["folders over 20 modules"] == []


def test_no_name_is_defined_three_times(found: dict[str, Any]) -> None:
    assert found["names defined three times or more"] == {}


def test_one_look_loads_what_it_needs(found: dict[str, Any]) -> None:
    assert found["modules for one get"] <= 113


def test_a_module_takes_little_from_others(found: dict[str, Any]) -> None:
    assert found["import lines, percent"] <= 8.0


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py)?)`", PAGE)))
)
def test_every_place_that_the_page_of_the_house_names_is_there(place: str) -> None:
    roots = (ROOT / "src" / "opwatch", ROOT)

    assert any((root / place).exists() for root in roots)


@pytest.mark.slow
@pytest.mark.parametrize(("environ", "code"), [({}, 0), ({"NOTHING_MISSING": "1"}, 1)])
def test_a_test_that_lacks_something_is_skipped_by_day_and_fails_at_night(
    environ: dict[str, str], code: int
) -> None:
    where = "tests/credentials/test_secret_service.py::test_without_a_bus_there_is_no_keyring"
    done = subprocess.run(  # noqa: S603, our own tests
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", where],
        cwd=ROOT,
        env={"PATH": "/nowhere", **environ},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, b"NOT TESTED: the real Secret Service" in done.stdout) == (code, True)
