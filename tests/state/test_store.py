"""The file: whose it is, ten processes at once, and every way in which it can be unusable."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from opwatch.state.folder import create_whole
from opwatch.state.store import MIGRATIONS, StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITER = """
import sys
from pathlib import Path
from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.state.runs import begin, new_id
from opwatch.state.store import open_store

store = open_store(Path(sys.argv[1]))
for _ in range(20):
    begin(store, KeptRun(new_id(), "wait", started_at=1e9, written_at=1e9), [KeptOperation("a", "a", "p", "o")])
"""  # noqa: E501


def runs_in(folder: Path) -> int:
    with closing(open_store(folder)) as store:
        found = store.connection.execute("PRAGMA integrity_check").fetchone()[0]
        assert found == "ok"
        return int(store.connection.execute("SELECT count(*) FROM runs").fetchone()[0])


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    with closing(open_store(folder)) as store, store.writing() as connection:
        connection.execute("DELETE FROM runs")

        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        store.path.chmod(0o644)

    with closing(open_store(tmp_path)):
        assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.slow
def test_ten_processes_make_it_and_write_to_it_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])  # noqa: S603, our own
        for _ in range(10)
    ]

    assert [each.wait(60) for each in writers] == [0] * 10
    assert runs_in(tmp_path) == 200
    assert not list(tmp_path.glob(".state*")), "nothing is left of those that came too late"


def test_two_threads_of_one_process_make_it_at_once(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(2) as pool:
            for store in pool.map(open_store, [folder, folder]):
                store.close()
        assert [each.name for each in folder.iterdir()] == ["state-1.db"]


def test_of_one_that_cannot_be_finished_nothing_is_left(tmp_path: Path) -> None:
    def fill(new: Path) -> None:
        for suffix in ("-wal", "-shm"):
            new.with_name(new.name + suffix).touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        create_whole(tmp_path / "state-1.db", fill)

    assert list(tmp_path.iterdir()) == []


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def broken_inside(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))


def schema_that_is_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE runs", b"CREATE T\xf3BLE runs"))


def folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link_in_its_place(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    "spoil",
    [
        truncated,
        garbage,
        broken_inside,
        schema_that_is_no_text,
        folder_in_its_place,
        link_in_its_place,
    ],
)
def test_a_damaged_one_is_left_for_another_with_one_remark(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    with closing(open_store(tmp_path)) as store:
        first = store.path
    spoil(first)

    with closing(open_store(tmp_path)) as second, closing(open_store(tmp_path)) as third:
        assert second.remark is not None
        assert "is damaged" in second.remark
        assert third.remark is None
        assert first != second.path == third.path
    assert runs_in(tmp_path) == 0
    assert not (tmp_path / "elsewhere").exists()


def test_of_many_damaged_ones_the_last_alone_is_left(tmp_path: Path) -> None:
    for _ in range(4):
        with closing(open_store(tmp_path)) as store:
            path = store.path
        garbage(path)

    with closing(open_store(tmp_path)):
        kept = sorted(each.name for each in tmp_path.glob("state-*.db"))

    assert kept == ["state-4.db", "state-5.db"]


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "state-1.db").touch(0o600)

    assert runs_in(tmp_path) == 0


def test_one_of_a_newer_opwatch_is_not_touched(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        store.connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        path = store.path
    before = path.read_bytes()

    with pytest.raises(StoreError, match="newer opwatch") as caught:
        open_store(tmp_path)

    assert not caught.value.is_usual
    assert path.read_bytes() == before


def test_where_no_folder_can_be_that_is_nothing_to_speak_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "file" / "opwatch")

    assert caught.value.is_usual


def test_who_only_reads_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        open_store(tmp_path / "opwatch", may_create=False)

    assert not (tmp_path / "opwatch").exists()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        with pytest.raises(sqlite3.IntegrityError), store.writing() as connection:
            connection.executemany("INSERT INTO runs (id) VALUES (?)", [("a",), ("a",)])

        assert store.connection.execute("SELECT count(*) FROM runs").fetchone()[0] == 0
