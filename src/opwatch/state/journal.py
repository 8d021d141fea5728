"""The journal of one run, written while it goes on.

Decides when something is written: at the start, when an operation ends, gets another word,
is missed or moves, and at the end; once a second at most. A thread of its own does it, so
that a slow disk holds nothing up, and nothing that goes wrong there is more than a remark.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.events import Ended, Event, Finished, Observed, Started, Troubled
from opwatch.domain.kept import COUNTED, READ, TIMES, KeptOperation, KeptRun
from opwatch.state import runs
from opwatch.state.discretion import kept_reference, kept_text, kept_values
from opwatch.state.folder import RunLock
from opwatch.state.store import Store, open_store, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from opwatch.domain.operation import Operation, Target
    from opwatch.state.discretion import Redact

    Job = Callable[[Store], None]
    Memory = Callable[[Target], tuple[str | None, str | None, str | None]]

PAUSE: Final = 1.0
"""Seconds of the run's clock between two writes."""
START: Final = 0.03
"""Seconds that the first request waits for the run to be written down."""
END: Final = 2.0
"""Seconds that the end of a run waits for the same."""
LONGEST_VALIDATOR: Final = 200


class Note(NamedTuple):
    """An operation as it stood, and what its next poll needs."""

    operation: Operation
    etag: str | None = None
    modified: str | None = None
    moved_to: str | None = None


class Journal:
    """Writes *run* into the store in *folder*; it is a listener of the run.

    *wall_of* turns the run's clock into seconds since the epoch, *memory* returns ETag and
    Last-Modified of an operation's last answer and where it has moved to, *cookies* the names
    of those that came.
    Of the profiles in *signed* a URL may be a key by itself. *lock* is that of a run that
    goes on.
    """

    def __init__(
        self,
        folder: Path,
        run: KeptRun,
        *,
        redact: Redact,
        wall_of: Callable[[float], float],
        memory: Memory,
        cookies: Callable[[], Sequence[str]],
        signed: frozenset[str] = frozenset(),
        lock: RunLock | None = None,
    ) -> None:
        self.run = run
        self.remark: str | None = None
        self._folder = folder
        self._redact = redact
        self._wall_of = wall_of
        self._memory = memory
        self._cookies = cookies
        self._signed = signed
        self._lock = lock
        self._goes_on = lock is not None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._store: Store | None = None
        self._is_begun = self._is_broken = False
        self._is_whole = True
        self._positions: dict[int, int] = {}
        self._words: dict[int, tuple[object, ...]] = {}
        self._changed: dict[int, Note] = {}
        self._written_at = 0.0

    # -- on the loop -------------------------------------------------------------

    def __call__(self, event: Event) -> None:
        """Take in *event*; nothing is raised, and nothing waited for but the first write."""
        try:
            self._take(event)
        except Exception as problem:  # noqa: BLE001, a run needs no journal
            self._give_up(problem)

    def _take(self, event: Event) -> None:
        match event:
            case Started():
                self._start(event)
            case Observed(operation=operation):
                reading = operation.reading
                if reading is not None:
                    word = (reading.state, reading.status, reading.moved_to)
                    if self._words.get(id(operation.target)) != word:
                        self._words[id(operation.target)] = word
                        self._note(operation)
            case Troubled(operation=operation):
                if operation.missed_from == event.at:
                    self._note(operation)
            case Ended(operation=operation):
                self._note(operation)
            case Finished():
                wall = self._wall_of(event.at)
                self.run = replace(
                    self.run,
                    ended_at=wall,
                    code=int(event.verdict.code),
                    cause=event.verdict.reason,
                )
            case _:
                pass
        if isinstance(event, Finished) or (self._changed and event.at - self._written_at >= PAUSE):
            self._write(event.at)

    def _start(self, event: Started) -> None:
        at = self._wall_of(event.at)
        # One look after the deadline has none of its own.
        deadline = self.run.deadline if event.deadline is None else self._wall_of(event.deadline)
        started_at = self.run.started_at if self._goes_on else at
        self.run = replace(
            self.run, started_at=started_at, deadline=deadline, ended_at=None, code=None, cause=None
        )
        self._positions = {id(each.target): n for n, each in enumerate(event.operations)}
        # What goes on is in the store as it was left.
        wait([self._write(event.at, None if self._goes_on else event.operations)], START)
        self._is_begun = True

    def _note(self, operation: Operation) -> None:
        target = operation.target
        self._changed[self._positions[id(target)]] = Note(operation, *self._memory(target))

    def _write(self, at: float, begun: Sequence[Operation] | None = None) -> Future[bool]:
        """Have the thread write what has *begun* or changed; return what tells that it has."""
        self.run = replace(self.run, written_at=self._wall_of(at), cookies=list(self._cookies()))
        run, changed = self.run, self._changed
        self._changed, self._written_at = {}, at

        def job(store: Store) -> None:
            notes = dict(enumerate(map(Note, begun))) if begun is not None else changed
            rows = {position: self._kept(each) for position, each in notes.items()}
            self._is_whole &= all(each.is_whole for each in rows.values())
            if begun is None:
                runs.update(store, run, rows)
            else:
                runs.begin(store, run, list(rows.values()))

        return self._thread.submit(self._do, job)

    def settle(self) -> bool:
        """Wait a moment for all to be written; tell whether the run can be resumed from it."""
        if not self._is_begun:
            return False
        done, _ = wait([self._thread.submit(self._do, lambda _store: None)], END)
        is_kept = any(each.result() for each in done)
        return is_kept and self._is_whole and not self.run.lost

    def close(self, code: int) -> None:
        """Write that the process ends with *code*, and let the run go."""
        if not self._is_begun:
            return
        if self.run.code != code:
            self.run = replace(
                self.run, code=code, ended_at=self.run.ended_at or self.run.written_at
            )
            self._write(self._written_at)
        wait([self._thread.submit(self._let_go)], END)
        self._thread.shutdown(wait=False)

    # -- in the thread -----------------------------------------------------------

    def _do(self, job: Job) -> bool:
        """Do *job* unless one before it has failed; tell whether none has."""
        try:
            if not self._is_broken:
                self._store = self._store or self._opened()
                job(self._store)
        except Exception as problem:  # noqa: BLE001, a run needs no store
            self._give_up(problem)
        return not self._is_broken

    def _opened(self) -> Store:
        store = open_store(self._folder)
        self.remark = store.remark
        if self._lock is None:
            self._lock = RunLock(self._folder, self.run.id)
            self._lock.take()
        return store

    def _give_up(self, problem: Exception) -> None:
        """Write no more, because of *problem*; a person is told once, if it is news."""
        self._is_broken = True
        self.remark = None if getattr(problem, "is_usual", False) else f"nothing is kept: {problem}"
        if self._store is not None:
            with suppress(Exception), closing(set_aside(self._store.path, problem)) as successor:
                self.remark = successor.remark

    def _let_go(self) -> None:
        for each in (self._store, self._lock):
            if each is not None:
                each.close()

    def _kept(self, note: Note) -> KeptOperation:
        operation, redact = note.operation, self._redact
        target, reading = operation.target, operation.reading
        signed = target.profile in self._signed
        found: dict[str, Any] = {
            name: None if (at := getattr(operation, name)) is None else self._wall_of(at)
            for name in TIMES
        }
        if reading is not None:
            error = reading.error.message if reading.error and operation.is_over else None
            found |= {name: getattr(reading, name) for name in READ} | {
                "status": kept_text(reading.status, redact) or "",
                "kind": kept_text(reading.kind, redact),
                "message": kept_text(error or reading.message, redact),
                "created_at": reading.created_at.timestamp() if reading.created_at else None,
            }
        return KeptOperation(
            reference=kept_reference(target.reference, redact, signed=signed),
            id=redact(target.id),
            profile=target.profile,
            origin=target.origin,
            handed=kept_values(target.handed, redact),
            basis=target.basis,
            outcome=operation.outcome,
            reason=operation.reason,
            etag=_short(note.etag),
            modified=_short(note.modified),
            moved_to=note.moved_to and kept_reference(note.moved_to, redact, signed=signed),
            **{name: getattr(operation, name) for name in COUNTED},
            **found,
        )


def _short(validator: str | None) -> str | None:
    return validator if validator and len(validator) <= LONGEST_VALIDATOR else None
