"""docs/compared.md counts right, and what it says shows a thing can be typed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from typed import commands, parsed

PAGE: Final = (Path(__file__).resolve().parents[1] / "docs" / "compared.md").read_text("utf-8")
WANTED, ALONE = 25, 16


class Row(NamedTuple):
    number: int
    answer: str
    command: str


def rows(title: str) -> list[Row]:
    table = PAGE.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]
    found = []
    for line in table.splitlines():
        cells = [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].isdigit():
            number, _, _, here, shown_by = cells
            answer = re.match(r"\w+", here)
            found.append(
                Row(int(number), answer[0] if answer else "", shown_by.replace("\\|", "|"))
            )
    return found


TABLES: Final = {WANTED: rows("The 25 most wanted"), ALONE: rows("The 16 that none of them has")}


@pytest.mark.parametrize("size", TABLES)
def test_every_row_is_there_and_has_an_answer(size: int) -> None:
    assert [row.number for row in TABLES[size]] == list(range(1, size + 1))
    assert {row.answer for row in TABLES[size]} <= {"yes", "partly", "no"}


@pytest.mark.parametrize("size", TABLES)
def test_the_count_at_the_top_is_that_of_the_rows(size: int) -> None:
    told = re.search(rf"the {size} it has (\d+)(?: and (\d+) partly)?", PAGE)
    counts = Counter(row.answer for row in TABLES[size])

    assert told is not None
    assert [int(each or 0) for each in told.groups()] == [counts["yes"], counts["partly"]]


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=f"{row.number} of {size}") for size in TABLES for row in TABLES[size]],
)
def test_what_shows_it_can_be_typed(row: Row) -> None:
    found = list(commands(row.command.strip("`")))

    assert found, row.command
    for words in found:
        parsed(words)
