"""Runs and operations as they are kept, and as they are found again.

Decides how they are written and found, and which are forgotten: the old ones, and the oldest
when there are too many or the file is too large. Times are seconds since the epoch.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opwatch.domain.durations import UsualDuration, usual_duration
from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.state.store import MOST_BYTES, Store, StoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


T = TypeVar("T", KeptRun, KeptOperation)

OLDEST: Final = 90 * 86400.0
"""Seconds after its last word that a run is remembered."""
MOST_RUNS: Final = 2000
MOST_DURATIONS: Final = 500
"""Operations of a profile that are looked through, of whatever kind."""
LAST: Final = "last"
EARLIEST: Final = datetime.min.replace(tzinfo=UTC).timestamp()
LATEST: Final = datetime.max.replace(tzinfo=UTC).timestamp()


def new_id() -> str:
    """Return the id of a new run: eight hexadecimal digits."""
    return secrets.token_hex(4)


# -- rows --------------------------------------------------------------------------------

_RUN: Final = tuple(each.name for each in fields(KeptRun) if each.name != "operations")
_OPERATION: Final = tuple(each.name for each in fields(KeptOperation))


def _values(kept: KeptRun | KeptOperation, names: Iterable[str]) -> list[Any]:
    return [_written(getattr(kept, name)) for name in names]


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict | list | tuple) else value


def insert_into(table: str, names: Sequence[str], more: Sequence[str] = ()) -> str:
    """Return the statement that writes a row of *table*: *more* columns, then *names*."""
    columns = (*more, *names)
    return (
        f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) "  # noqa: S608, our own words
        f"VALUES ({', '.join('?' * len(columns))})"
    )


# -- writing -----------------------------------------------------------------------------


def begin(store: Store, run: KeptRun, operations: Sequence[KeptOperation]) -> None:
    """Write *run*, which has begun with *operations*, and forget what is too old or too much."""
    with store.writing() as connection:
        connection.execute(insert_into("runs", _RUN), _values(run, _RUN))
        _put(connection, run.id, enumerate(operations))
        _prune(store, run.started_at)


def update(store: Store, run: KeptRun, operations: Mapping[int, KeptOperation]) -> None:
    """Write how *run* and those of its *operations* stand that have changed.

    Raises:
        StoreError: a person has had it forgotten meanwhile.
    """
    with store.writing() as connection:
        assigned = ", ".join(f"{name} = ?" for name in _RUN)
        known = connection.execute(
            f"UPDATE runs SET {assigned} WHERE id = ?",  # noqa: S608, our own words
            [*_values(run, _RUN), run.id],
        )
        if not known.rowcount:
            raise StoreError(f"run {run.id} was forgotten", is_usual=True)
        _put(connection, run.id, operations.items())


def _put(
    connection: sqlite3.Connection, run: str, operations: Iterable[tuple[int, KeptOperation]]
) -> None:
    connection.executemany(
        insert_into("operations", _OPERATION, ("run", "position")),
        ([run, position, *_values(each, _OPERATION)] for position, each in operations),
    )


def _prune(store: Store, now: float) -> None:
    """Forget the runs that are too old, or too many, or make the file too large."""
    most = MOST_RUNS
    if store.used > MOST_BYTES:
        (count,) = store.connection.execute("SELECT count(*) FROM runs").fetchone()
        most = min(most, count - count // 4)
    store.connection.execute(
        "DELETE FROM runs WHERE written_at < ?"
        " OR id IN (SELECT id FROM runs ORDER BY written_at DESC LIMIT -1 OFFSET ?)",
        (now - OLDEST, most),
    )


def clear(store: Store) -> int:
    """Forget all runs, and leave nothing of them in the file; return how many there were."""
    store.connection.execute("PRAGMA secure_delete = ON")
    with store.writing() as connection:
        count: int = connection.execute("DELETE FROM runs").rowcount
    store.connection.execute("VACUUM")
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


# -- reading -----------------------------------------------------------------------------


def find_run(store: Store, name: str) -> KeptRun | None:
    """Return the run *name*, or with ``last`` the latest in which something is left to do.

    Raises:
        StoreError: it is damaged.
    """
    if name == LAST:
        return next((each for each in _runs(store, "1") if each.left), None)
    found = next(_runs(store, "id = ?", name), None)
    if found is None and store.damaged:
        raise StoreError(f"{store.path}: run {name} is damaged")
    return found


def list_runs(
    store: Store,
    *,
    profile: str | None = None,
    outcome: str | None = None,
    since: float | None = None,
    most: int | None = None,
) -> list[KeptRun]:
    """Return the runs, the latest first: *most* of them, of a *profile*, *outcome*, *since* then.

    An *outcome* is that of an operation; "open" is that of one without any.
    """

    def fits(run: KeptRun) -> bool:
        outcomes = {each.outcome or "open" for each in run.operations}
        profiles = {run.profile, *(each.profile for each in run.operations)}
        return (outcome is None or outcome in outcomes) and (profile is None or profile in profiles)

    return list(islice(filter(fits, _runs(store, "started_at >= ?", since or 0.0)), most))


def usual_durations(
    store: Store, profiles: Iterable[str]
) -> dict[tuple[str, str | None], UsualDuration]:
    """Return how long operations of *profiles* usually take, by profile and kind.

    Those count that succeeded and that were seen before they did, and during which no clock was
    set back. Their age is the API's, where it names it.
    """
    found: dict[tuple[str, str | None], list[float]] = {}
    for profile in profiles:
        rows = store.connection.execute(
            "SELECT kind, ended_at - min(watched_from, coalesce(created_at, watched_from))"
            " FROM operations WHERE profile = ? AND outcome = 'succeeded' AND polls > 1"
            " AND ended_at > watched_from"
            " ORDER BY ended_at DESC LIMIT ?",
            (profile, MOST_DURATIONS),
        )
        for kind, seconds in rows:
            found.setdefault((profile, kind), []).append(seconds)
    usual = {key: usual_duration(each) for key, each in found.items()}
    return {key: each for key, each in usual.items() if each is not None}


def _runs(store: Store, condition: str, *values: object) -> Iterator[KeptRun]:
    """Yield the runs of which *condition* is true, the latest first, but for damaged ones."""
    rows = store.connection.execute(
        f"SELECT * FROM runs WHERE {condition} ORDER BY started_at DESC",  # noqa: S608, our own words
        values,
    )
    for row in rows:
        try:
            int(row["id"], 16)  # by which it is locked
            operations = store.connection.execute(
                "SELECT * FROM operations WHERE run = ? ORDER BY position", (row["id"],)
            )
            whole = tuple(_restored(KeptOperation, _OPERATION, each) for each in operations)
            yield replace(_restored(KeptRun, _RUN, row), operations=whole)
        except (TypeError, ValueError):
            store.damaged.append(str(row["id"]))


def _restored(kind: type[T], names: Iterable[str], row: sqlite3.Row) -> T:
    """Return the *kind* that *row* holds.

    Raises:
        TypeError, ValueError: it holds none.
    """
    return kind(**{name: _read(_TYPES[kind, name], row[name]) for name in names})


def _read(of: str, value: Any) -> Any:
    """Return the *value* of a column as a field has it that is *of* this type."""
    if value is None and of.endswith(" | None"):
        return None
    return _READ_BY[of.removesuffix(" | None").partition("[")[0]](value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _number(value: Any) -> float:
    found = float(value)
    if not EARLIEST <= found <= LATEST:
        raise ValueError(f"{value!r} is not a moment, nor a percentage")
    return found


def _json(kind: type[dict[str, Any] | list[Any]], value: Any) -> Any:
    found = json.loads(value)
    if not isinstance(found, kind):
        raise TypeError(f"{value!r} is another value")
    return found


_TYPES: Final[Mapping[tuple[type, str], str]] = {
    (kind, each.name): str(each.type) for kind in (KeptRun, KeptOperation) for each in fields(kind)
}
_READ_BY: Final[Mapping[str, Callable[[Any], Any]]] = {
    "str": _text,
    "float": _number,
    "int": int,
    "bool": bool,
    "datetime": datetime.fromisoformat,
    "Mapping": partial(_json, dict),
    "Sequence": partial(_json, list),
    "Outcome": Outcome,
    "Reason": Reason,
    "State": State,
}
