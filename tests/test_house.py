"""The house stays one that a newcomer finds the way in: ``docs/figures.py`` measures it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from figures import figures

ROOT = Path(__file__).resolve().parents[1]
FOUND = figures()
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_no_folder_has_a_circle() -> None:
    assert FOUND["circles"] == []


def test_no_folder_holds_more_than_twenty_modules() -> None:
    assert FOUND["folders over 20 modules"] == []


def test_no_name_is_defined_three_times() -> None:
    assert FOUND["names defined three times or more"] == {}


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py)?)`", PAGE)))
)
def test_every_place_that_the_page_of_the_house_names_is_there(place: str) -> None:
    roots = (ROOT / "src" / "opwatch", ROOT)

    assert any((root / place).exists() for root in roots)
