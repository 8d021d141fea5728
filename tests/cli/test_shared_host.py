"""Real processes that ask one host at once: what they send together, and what each gets."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from benchmarks.neighbours import OPERATIONS, LimitedHost, common_time, count, watched
from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome
from opwatch.state.runs import begin
from opwatch.state.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

LATE = 3
"""Requests that a process may send late, or early, at the ends of the time that is counted."""


@pytest.mark.parametrize(
    ("processes", "seconds", "limit"), [(3, 6, 20), pytest.param(8, 20, 50, marks=pytest.mark.slow)]
)
def test_processes_keep_the_documented_limit_together(
    tmp_path: Path, processes: int, seconds: float, limit: int
) -> None:
    host = LimitedHost(limit, is_patient=True)
    asyncio.run(watched(host, processes, seconds, tmp_path))

    start, end = common_time(host)
    sent = sum(start <= each.at < end for each in host.asked)
    found = count(host, processes)
    assert sent <= 1.05 * limit * (end - start) + LATE
    assert 0.6 < found.least <= found.most < 1.4
    (store,) = (tmp_path / "opwatch").glob("state-*.db")
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (0,)


@pytest.mark.slow
def test_eight_processes_find_the_limit_together_and_each_makes_progress(tmp_path: Path) -> None:
    host = LimitedHost(50)
    asyncio.run(watched(host, 8, 30, tmp_path))

    found = count(host, 8)
    assert found.sent <= 1.05
    assert found.least > 0.25


@pytest.mark.slow
def test_without_a_store_each_asks_as_if_alone(tmp_path: Path) -> None:
    (tmp_path / "opwatch").write_text("where the folder should be")
    host = LimitedHost(20, is_patient=True)
    asyncio.run(watched(host, 2, 5, tmp_path))

    assert count(host, 2).sent > 1.6


@pytest.mark.slow
def test_what_usually_takes_ten_minutes_is_looked_at_less(tmp_path: Path) -> None:
    asked = []
    for remembers in (False, True):
        folder = tmp_path / str(remembers)
        folder.mkdir()
        if remembers:
            remember(folder / "opwatch", 600.0)
        host = LimitedHost(1000, is_patient=True)
        asyncio.run(watched(host, 1, 8, folder))
        asked.append(len(host.asked) / OPERATIONS)

    assert asked[0] >= 4
    assert asked[1] <= 2.1, "one look, and the one at the deadline"


def remember(folder: Path, seconds: float) -> None:
    past = KeptOperation(
        *("a", "a", "jobs", "http://127.0.0.1:1"),
        watched_from=1e9,
        ended_at=1e9 + seconds,
        polls=9,
        outcome=Outcome.SUCCEEDED,
    )
    now = time.time()
    with closing(open_store(folder)) as store:
        begin(store, KeptRun("0000beef", "wait", started_at=now, written_at=now), [past] * 9)
