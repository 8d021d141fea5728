"""What ``opwatch history`` shows of past runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from opwatch.state import runs
from opwatch.state.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.inside import Inside

LONG_AGO, LATELY = 1_700_000_000.0, 1_790_000_000.0


@pytest.fixture
def kept(inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Two runs: one that has failed, and one that was broken off."""
    inside.environ["XDG_STATE_HOME"] = str(tmp_path)
    monkeypatch.setattr(runs, "OLDEST", 1e12)
    failed = KeptOperation(
        "import-1", "import-1", "jobs", "https://a.example", watched_from=LONG_AGO,
        ended_at=LONG_AGO + 90, outcome=Outcome.FAILED, state=State.FAILED, status="ERR",
        message="bad row",
    )  # fmt: skip
    left = KeptOperation(
        "export-2", "export-2", "other", "o", watched_from=LATELY, state=State.RUNNING
    )
    with closing(open_store(tmp_path / "opwatch")) as store:
        over = KeptRun(
            "0000beef", "wait", "jobs", started_at=LONG_AGO, written_at=LONG_AGO + 90,
            ended_at=LONG_AGO + 90, code=1, cause="failed",
        )  # fmt: skip
        broken = KeptRun("0000cafe", "start", "other", started_at=LATELY, written_at=LATELY + 5)
        runs.begin(store, over, [failed])
        runs.begin(store, broken, [left, KeptOperation("export-3", "3", "other", "o")])
    return inside


def listed(ran: Any) -> list[str]:
    return [line.split("\t")[0] for line in ran.out.splitlines()[1:]]


def test_the_latest_run_is_first_with_its_code_and_the_way_on(kept: Inside) -> None:
    ran = kept.run("history")
    heading, broken, over = (line.split("\t") for line in ran.out.splitlines())

    assert ran.code == 0
    assert heading == ["RUN", "STARTED", "PROFILE", "TOOK", "EXIT", "OPERATIONS", "TO GO ON"]
    assert broken == [
        "0000cafe", "2026-09-21T14:13:20.000Z", "other", "5s", "broken off", "2 open",
        "opwatch wait --resume 0000cafe",
    ]  # fmt: skip
    assert over[3:] == ["1m 30s", "1 (failed)", "1 failed"] + ([""] if len(over) > 6 else [])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--profile", "jobs"], ["0000beef"]),
        (["--outcome", "failed"], ["0000beef"]),
        (["--outcome", "open"], ["0000cafe"]),
        (["--outcome", "succeeded"], []),
        (["--most", "1"], ["0000cafe"]),
        (["--since", "1000d"], ["0000cafe"]),
    ],
)
def test_it_is_filtered(
    filters: list[str], found: list[str], kept: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opwatch.cli.commands.history.time.time", lambda: LATELY + 60)

    assert listed(kept.run("history", *filters)) == found


def test_json_holds_all_of_it(kept: Inside) -> None:
    document = json.loads(kept.run("history", "--json").out)

    assert (document["format"], document["command"], document["exit_code"]) == (1, "history", 0)
    broken, over = document["runs"]
    assert over["summary"] == {"total": 1, "failed": 1}
    assert over["resume"] is None
    assert over["operations"][0]["message"] == "bad row"
    assert (broken["exit_code"], broken["watched"]) == (None, False)
    assert broken["resume"] == "opwatch wait --resume 0000cafe"


def test_one_run_is_shown_with_its_operations(kept: Inside) -> None:
    ran = kept.run("history", "show", "0000beef")

    assert ran.code == 0
    assert "0000beef (opwatch wait)" in ran.out
    assert "import-1\tfailed\tERR\t1m 30s\tbad row" in ran.out
    assert kept.run("history", "show", "0000beef", "--json").document["runs"][0]["id"] == "0000beef"


def test_an_unknown_run_and_an_unknown_outcome_are_usage_errors(kept: Inside) -> None:
    assert kept.run("history", "show", "12345678").code == 2
    assert kept.run("history", "--outcome", "splendid").code == 2


def test_what_is_cleared_is_gone(kept: Inside) -> None:
    ran = kept.run("history", "clear")

    assert (ran.code, ran.out, ran.err) == (0, "", "opwatch: 2 runs are forgotten\n")
    assert listed(kept.run("history")) == []


def test_on_a_terminal_no_byte_of_an_api_can_harm(kept: Inside, tmp_path: Path) -> None:
    evil = KeptOperation("\x1b[31mred", "x", "jobs", "o", message="\x1b]0;title\x07\n::error::x")
    with closing(open_store(tmp_path / "opwatch")) as store:
        runs.begin(store, KeptRun("0000dead", "wait", "p\x1b[2J", started_at=LATELY), [evil])

    for arguments in (["history"], ["history", "show", "0000dead"]):
        assert "\x1b[31m" not in kept.run(*arguments, terminal=True).out
        assert "\x1b" not in kept.run(*arguments).out


@pytest.mark.parametrize("arguments", [[], ["show", "0000beef"], ["clear"]])
def test_without_a_store_it_says_so(arguments: list[str], inside: Inside, tmp_path: Path) -> None:
    inside.environ["XDG_STATE_HOME"] = str(tmp_path / "nothing")

    ran = inside.run("history", *arguments)

    assert ran.code == 2
    assert "no run is kept" in ran.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("runs.options", '{"any_": tr\x7fe}'),
        ("runs.lost", "{}"),
        ("runs.started_at", "nan"),
        ("runs.written_at", 1e300),
        ("operations.outcome", "suKceeded"),
        ("operations.reference", None),
        ("operations.handed", "[]"),
        ("operations.confirmed_at", b"\xff\xfe"),
        ("operations.updated_at", "yesterday"),
    ],
)
def test_a_damaged_run_is_left_out_and_named(
    column: str, value: object, kept: Inside, tmp_path: Path
) -> None:
    table, name = column.split(".")
    key = "id" if table == "runs" else "run"
    change = f"UPDATE {table} SET {name} = ? WHERE {key} = '0000beef'"  # noqa: S608, our own words
    with closing(open_store(tmp_path / "opwatch")) as store:
        store.connection.execute(change, (value,))

    listed, shown = kept.run("history", "--json"), kept.run("history", "show", "0000beef")
    resumed = kept.run("wait", "--resume", "0000beef")

    assert [each["id"] for each in listed.document["runs"]] == ["0000cafe"]
    assert listed.err.strip().endswith("are damaged, and left out: 0000beef")
    assert (shown.code, resumed.code) == (2, 2)
    assert "run 0000beef is damaged" in shown.err
    assert "run 0000beef is damaged" in resumed.err


def test_a_run_whose_id_is_damaged_is_left_out(kept: Inside, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "opwatch")) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute("UPDATE runs SET id = '0000be?f' WHERE id = '0000beef'")

    ran = kept.run("history", "--json")

    assert [each["id"] for each in ran.document["runs"]] == ["0000cafe"]
    assert ran.err.strip().endswith("are damaged, and left out: 0000be?f")


def test_a_text_that_is_damaged_is_shown_all_the_same(kept: Inside, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "opwatch")) as store:
        store.connection.execute("UPDATE operations SET message = CAST(x'62ff64' AS TEXT)")

    assert "b\ufffdd" in kept.run("history", "show", "0000beef").out


def page_of_operations(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        found = "SELECT rootpage FROM sqlite_schema WHERE name = 'operations'"
        (page,) = connection.execute(found).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


def name_of_a_column(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"confirmed_at REAL", b"confirmed_by REAL"))


@pytest.mark.parametrize("spoil", [page_of_operations, name_of_a_column])
def test_a_file_that_is_damaged_where_runs_are_read_is_set_aside(
    spoil: Callable[[Path], None], kept: Inside, tmp_path: Path
) -> None:
    with closing(open_store(tmp_path / "opwatch")) as store:
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(store.path)

    first, second = kept.run("history", "--json"), kept.run("history", "--json")

    assert (first.code, second.code) == (2, 0)
    assert f"{store.path} is damaged, and used no more" in first.document["problem"]
    assert store.path.exists()
