"""The file that outlives a run: SQLite in the user's state folder.

Decides that only its owner may read it, how its form changes with a version, and that one
which is damaged is left for another with the next number. WAL lets other processes read while
one writes, and one that is killed leaves what it had committed; without a sync at each commit,
a power cut may take the last moments with it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from opwatch.state.folder import create_whole, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "state-{}.db"
"""With a number, which is one more for the one that takes a damaged one's place."""
BUSY: Final = 5.0
"""Seconds that a write waits for that of another process."""
MOST_BYTES: Final = 64 * 1024**2

DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""What is said of a file that is none of SQLite, or has not the tables that it should have."""
USUAL: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})

PRAGMAS: Final = (
    *("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"),
    "journal_size_limit = 1048576",
)
MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, command TEXT, profile TEXT, options TEXT, lost TEXT, cookies TEXT,
        started_at REAL, deadline REAL, written_at REAL, ended_at REAL,
        code INTEGER, cause TEXT, pid INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_start ON runs (started_at);
    CREATE TABLE operations (
        run TEXT REFERENCES runs ON DELETE CASCADE, position INTEGER,
        reference TEXT, id TEXT, profile TEXT, origin TEXT, handed TEXT, basis TEXT,
        watched_from REAL, confirmed_at REAL, changed_at REAL, missed_from REAL, ended_at REAL,
        polls INTEGER, problems INTEGER, outcome TEXT, reason TEXT,
        state TEXT, status TEXT, progress REAL, count INTEGER, kind TEXT, message TEXT,
        updated_at TEXT, is_known_word INTEGER, moved_to TEXT, etag TEXT, modified TEXT,
        PRIMARY KEY (run, position)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE reports (
        host TEXT, process TEXT, alive_until REAL,
        rate REAL, known REAL, used REAL, wants_more INTEGER, throttled_at REAL,
        allowed REAL, allowed_at REAL, held_until REAL,
        PRIMARY KEY (host, process)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE operations ADD COLUMN created_at REAL;
    CREATE INDEX operations_by_end ON operations (profile, ended_at);
    """,
    "ALTER TABLE operations ADD COLUMN partial INTEGER",
)
"""What makes each version of the form out of the one before; ``user_version`` counts them."""


class StoreError(Exception):
    """There is no store; *is_usual* if that is nothing to speak of, such as a read-only home."""

    def __init__(self, message: str, *, is_usual: bool = False) -> None:
        super().__init__(message)
        self.is_usual = is_usual


@dataclass(frozen=True, slots=True)
class Store:
    """The open file at *path*. *remark* says what was odd about it, for a person to read once.

    *damaged* are the ids of runs in it that were looked for, and can no longer be read.
    """

    path: Path
    connection: sqlite3.Connection
    remark: str | None = None
    damaged: list[str] = field(default_factory=list)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all that is done meanwhile, or nothing of it.

        Raises:
            sqlite3.Error: it cannot be written.
        """
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection

    @property
    def used(self) -> int:
        """The bytes that hold anything."""
        count, free, size = (
            self.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((count - free) * size)

    def close(self) -> None:
        """Let the file go."""
        self.connection.close()


def open_store(folder: Path, *, may_create: bool = True) -> Store:
    """Return the store in *folder*, a new one where there is none and it *may_create*.

    Raises:
        StoreError: there is none, or it cannot be used.
    """
    path = folder / NAME.format(1)
    try:
        if not may_create and not folder.is_dir():
            raise StoreError(f"nothing is kept in {folder}", is_usual=True)
        make_folder(folder)
        _keep_private(folder, 0o700)
        path = max(folder.glob(NAME.format("*")), key=_number, default=path)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return set_aside(path)
        try:
            return Store(path, _opened(path))
        except (sqlite3.DatabaseError, UnicodeError) as problem:
            return set_aside(path, problem)
    except OSError as problem:
        raise StoreError(f"{path}: {problem.strerror}", is_usual=True) from problem
    except sqlite3.Error as problem:
        raise StoreError(f"{path}: {problem}", is_usual=_code(problem) in USUAL) from problem


def set_aside(path: Path, problem: Exception | None = None) -> Store:
    """Return the store that takes the place of the damaged one at *path*, which stays there.

    Whoever still has that open would delete its log by name, so no other may have its name.

    Raises:
        StoreError, OSError, sqlite3.Error: it cannot be made, or the *problem* is no damage.
    """
    if problem is not None and not _is_damage(problem):
        raise problem
    number = _number(path)
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(NAME.format(number - 1) + suffix).unlink(missing_ok=True)
    successor = path.with_name(NAME.format(number + 1))
    return Store(successor, _opened(successor), f"{path} is damaged, and used no more")


def _is_damage(problem: Exception) -> bool:
    # The last two are of a column whose name was damaged.
    return _code(problem) in DAMAGE or isinstance(problem, IndexError | UnicodeError)


def _code(problem: Exception) -> int:
    return getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _keep_private(path: Path, mode: int) -> None:
    """Let only its owner read what is at *path*.

    Raises:
        StoreError: that is somebody else.
    """
    about = path.stat()
    if hasattr(os, "getuid") and about.st_uid != os.getuid():
        raise StoreError(f"{path} belongs to another user")
    if about.st_mode & 0o077:
        path.chmod(mode)


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        create_whole(path, lambda new: _connected(new).close())
    _keep_private(path, 0o600)
    return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=32
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the form up to date."""

    def version() -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    if version() == len(MIGRATIONS):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if version() > len(MIGRATIONS):
            raise StoreError("it is of a newer opwatch")
        for number, steps in enumerate(MIGRATIONS[version() :], start=version() + 1):
            for step in filter(str.strip, steps.split(";")):
                connection.execute(step)
            connection.execute(f"PRAGMA user_version = {number}")
