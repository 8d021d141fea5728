"""Reports of hosts, as processes find them that have the same store."""

from __future__ import annotations

import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome
from opwatch.domain.secret import Secret
from opwatch.domain.sharing import HostReport
from opwatch.state import runs
from opwatch.state.reports import (
    ALIVE,
    KEY,
    ReportBoard,
    host_key,
    moved,
    read_reports,
    withdraw_reports,
    write_reports,
)
from opwatch.state.store import Store, StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_700_000_000.0
MINE = HostReport("1 me", 50.0, 48.0, 12.5, wants_more=True, throttled_at=NOW - 3, allowed=20.0)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with closing(open_store(tmp_path)) as mine, closing(open_store(tmp_path)) as theirs:
        yield mine, theirs


def test_a_report_is_read_by_others_as_it_was_written(stores: tuple[Store, Store]) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", MINE)], NOW)

    assert read_reports(theirs, "host", "2 they", NOW + 1) == (MINE,)
    assert read_reports(theirs, "another", "2 they", NOW + 1) == ()
    assert read_reports(mine, "host", MINE.process, NOW + 1) == ()


def test_a_process_that_died_counts_for_seconds_only(stores: tuple[Store, Store]) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", MINE)], NOW)

    assert read_reports(theirs, "host", "2 they", NOW + ALIVE - 0.1)
    assert read_reports(theirs, "host", "2 they", NOW + ALIVE + 0.1) == ()


def test_a_process_that_ends_counts_no_more(stores: tuple[Store, Store]) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", MINE)], NOW)
    withdraw_reports(mine, [MINE], NOW + 1)

    assert read_reports(theirs, "host", "2 they", NOW + 1) == ()
    assert theirs.connection.execute("SELECT count(*) FROM reports").fetchone()[0] == 0


@pytest.mark.parametrize("ends", ["dies", "withdraws"])
def test_a_pause_that_a_host_asked_for_outlives_its_process(
    stores: tuple[Store, Store], ends: str
) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", replace(MINE, held_until=NOW + 600))], NOW)
    if ends == "withdraws":
        withdraw_reports(mine, [MINE], NOW + 1)

    (left,) = read_reports(theirs, "host", "2 they", NOW + 60)
    assert (left.held_until, left.asks) == (NOW + 600, False)
    assert read_reports(theirs, "host", "2 they", NOW + 601) == ()


def test_what_a_clock_wrote_that_was_set_is_passed_over(stores: tuple[Store, Store]) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", replace(MINE, held_until=NOW + 1e6 + 60))], NOW + 1e6)
    assert read_reports(theirs, "host", "2 they", NOW) == ()

    write_reports(mine, [("host", replace(MINE, held_until=NOW + 1e6))], NOW)
    (left,) = read_reports(theirs, "host", "2 they", NOW)
    assert left.held_until < NOW


def test_what_counts_no_more_is_forgotten(stores: tuple[Store, Store]) -> None:
    mine, theirs = stores
    write_reports(mine, [("host", MINE)], NOW)
    write_reports(theirs, [("host", replace(MINE, process="2 they"))], NOW + 60)

    assert theirs.connection.execute("SELECT process FROM reports").fetchall()[0][0] == "2 they"


def test_the_times_of_a_report_are_of_its_readers_clock() -> None:
    report = moved(MINE, -NOW)

    assert report.throttled_at == -3
    assert report.allowed_at == MINE.allowed_at, "never is never by every clock"


def test_the_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    key = host_key(folder)

    assert len(key) == 32
    assert host_key(folder) == key
    assert [each.name for each in folder.iterdir()] == ["hosts.key"]
    assert stat.S_IMODE((folder / "hosts.key").stat().st_mode) == 0o600


def test_a_digest_tells_hosts_and_secrets_apart_and_nothing_else() -> None:
    def digest(key: bytes, origin: str, secret: str) -> str:
        return Secret(secret).digest(key, origin)

    known = digest(b"k", "https://a.example", "token")
    assert known == digest(b"k", "https://a.example", "token")
    others = {
        digest(b"l", "https://a.example", "token"),
        digest(b"k", "https://b.example", "token"),
        digest(b"k", "https://a.example", "tokem"),
    }
    assert len({known, *others}) == 4
    assert "token" not in known


def test_past_durations_are_known_before_anything_is_shown_to_others(tmp_path: Path) -> None:
    past = KeptOperation(
        *("a", "a", "jobs", "https://api.example"),
        watched_from=1e9,
        ended_at=1e9 + 600,
        polls=9,
        outcome=Outcome.SUCCEEDED,
    )
    with closing(open_store(tmp_path)) as store:
        runs.begin(store, KeptRun("0000beef", "wait", started_at=2e9, written_at=2e9), [past] * 9)

    board = ReportBoard(tmp_path, {"jobs"}, lambda _key: {})
    board.looked_up.result(30.0)
    found = board.usual["jobs", None]
    board.close(0.0, 2e9)

    assert found.median == pytest.approx(600)
    assert not (tmp_path / KEY).exists(), "nothing is reported yet"


def test_whoever_waits_for_past_durations_is_let_go_where_there_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    board = ReportBoard(tmp_path / "file", {"jobs"}, lambda _key: {})

    assert isinstance(board.looked_up.exception(30.0), StoreError)
    assert board.is_broken
    assert board.usual == {}
