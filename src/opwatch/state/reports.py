"""What processes report to each other about the hosts that they ask.

Decides that a report counts for a few seconds after its process last wrote it, however that
ended, and that a pause which a host asked for counts until it is over. A host is written as
a digest of its origin and credential, whose key is in the folder as well. Times in the file
are seconds since the epoch.
"""

from __future__ import annotations

import math
import secrets
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.sharing import HARDLY, HostReport
from opwatch.state.folder import create_whole, make_folder
from opwatch.state.runs import insert_into, usual_durations
from opwatch.state.store import Store, open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from opwatch.domain.durations import UsualDuration

    Key = tuple[str, str]
    Reports = Mapping[Key, HostReport]
    Heard = Mapping[Key, tuple[HostReport, ...]]

KEY: Final = "hosts.key"
ALIVE: Final = 5.0
"""Seconds for which a report counts."""
RENEWED: Final = 2.0
END: Final = 0.1
"""Seconds that the end of a run waits for its reports to be withdrawn."""
LARGEST: Final = 1e6
LONGEST_HOLD: Final = 3600.0
_COLUMNS: Final = tuple(each.name for each in fields(HostReport))
_TIMES: Final = ("throttled_at", "allowed_at", "held_until")


def host_key(folder: Path) -> bytes:
    """Return the key of the digests, made at random by the first process that wants it.

    Raises:
        OSError: it cannot be read or made.
    """
    path = folder / KEY
    if not path.exists():
        make_folder(folder)
        create_whole(path, lambda new: new.write_bytes(secrets.token_bytes(32)))
    return path.read_bytes()


def write_reports(store: Store, reports: Iterable[tuple[str, HostReport]], now: float) -> None:
    """Write *reports*, each with its host, at *now*, and forget what counts no more."""
    with store.writing() as connection:
        connection.execute(
            "DELETE FROM reports WHERE alive_until < ? AND held_until < ?", (now, now)
        )
        connection.executemany(
            insert_into("reports", _COLUMNS, ("host", "alive_until")),
            (
                [host, now + ALIVE, *(getattr(each, name) for name in _COLUMNS)]
                for host, each in reports
            ),
        )


def withdraw_reports(store: Store, reports: Iterable[HostReport], now: float) -> None:
    """Let *reports*, whose process ends at *now*, count no more, but for a pause in them."""
    with store.writing() as connection:
        connection.executemany(
            "UPDATE reports SET alive_until = 0 WHERE process = ?",
            ([each.process] for each in reports),
        )
        connection.execute("DELETE FROM reports WHERE alive_until = 0 AND held_until < ?", (now,))


def read_reports(store: Store, host: str, process: str, now: float) -> tuple[HostReport, ...]:
    """Return what others than *process* report of *host* that counts at *now*.

    What says more about the future than anybody can write today is of a clock that was set.
    """
    rows = store.connection.execute(
        "SELECT * FROM reports WHERE host = ? AND process != ? AND rate > 0"
        " AND (alive_until BETWEEN ? AND ? OR held_until BETWEEN ? AND ?)",
        (host, process, now, now + 2 * ALIVE, now, now + LONGEST_HOLD),
    ).fetchall()
    return tuple(_report(each, now) for each in rows)


def _report(row: sqlite3.Row, now: float) -> HostReport:
    held = row["held_until"] if row["held_until"] <= now + LONGEST_HOLD else -math.inf
    if row["alive_until"] < now:
        return HostReport(row["process"], row["rate"], held_until=held)
    values = {name: row[name] for name in _COLUMNS}
    return HostReport(**values | {"held_until": held, "wants_more": bool(row["wants_more"])})


def moved(report: HostReport, seconds: float) -> HostReport:
    """Return *report* by a clock that is *seconds* ahead."""
    return replace(report, **{name: getattr(report, name) + seconds for name in _TIMES})


class ReportBoard:
    """Shows a process's reports to others, and theirs to it, in a thread of its own.

    *hosts* returns what each host is called in the store, given the key of the digests.
    *heard* are the others' reports, None until they were looked at. *usual* is how long what
    *profiles* watch usually takes, once that is *looked_up*. Whatever goes wrong with the store
    in *folder* only makes it *broken*. Each *offset* is by how many seconds the epoch's clock is
    ahead of the run's.
    """

    def __init__(
        self,
        folder: Path,
        profiles: Collection[str],
        hosts: Callable[[bytes], Mapping[Key, str]],
    ) -> None:
        self.heard: Heard | None = None
        self.usual: Mapping[tuple[str, str | None], UsualDuration] = {}
        self._folder = folder
        self._profiles = profiles
        self._hosts = hosts
        self._names: Mapping[Key, str] = {}
        self._shown: Reports = {}
        self._shown_at = -math.inf
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reports")
        self.looked_up: Future[Store] = self._thread.submit(self._look_up)
        self._latest: Future[Any] = self.looked_up

    @property
    def is_broken(self) -> bool:
        """Tell whether everybody asks as if alone, for the store cannot be used."""
        return self._latest.done() and self._latest.exception() is not None

    def show(self, reports: Reports, now: float, offset: float) -> None:
        """Have *reports* shown, and the others' looked at, unless that still goes on."""
        if self._latest.done() and not self.is_broken:
            self._latest = self._thread.submit(self._look, reports, now, offset)

    def close(self, now: float, offset: float) -> None:
        """Withdraw what is shown; a slow disk is not waited for."""
        wait([self._thread.submit(self._withdraw, now + offset)], END)
        self._thread.shutdown(wait=False)

    # -- in the thread -----------------------------------------------------------

    def _look_up(self) -> Store:
        store = open_store(self._folder)
        self.usual = usual_durations(store, self._profiles)
        return store

    def _look(self, own: Reports, now: float, offset: float) -> None:
        store = self.looked_up.result()
        names = self._names = self._names or self._hosts(host_key(self._folder))
        heard = {
            key: tuple(
                moved(other, -offset)
                for other in read_reports(store, names[key], each.process, now + offset)
            )
            for key, each in own.items()
        }
        concerns = any(heard.values()) or any(each.concerns_others(now) for each in own.values())
        is_old = now - self._shown_at >= RENEWED
        if concerns and (is_old or _gist(own) != _gist(self._shown)):
            rows = [(names[key], moved(each, offset)) for key, each in own.items()]
            write_reports(store, rows, now + offset)
            self._shown, self._shown_at = own, now
        self.heard = heard

    def _withdraw(self, now: float) -> None:
        with closing(self.looked_up.result()) as store:
            if self._shown:
                withdraw_reports(store, self._shown.values(), now)


def _gist(reports: Reports) -> list[tuple[object, ...]]:
    """Return what others should know at once when it changes: numbers by a tenth only."""
    return [
        (
            *(each.wants_more, each.throttled_at, each.held_until),
            *map(_tenths, (each.rate, each.known or HARDLY, each.used, each.allowed)),
        )
        for each in reports.values()
    ]


def _tenths(number: float) -> int:
    return round(10 * math.log(min(LARGEST, max(HARDLY, number))))
