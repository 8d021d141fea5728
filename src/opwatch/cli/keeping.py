"""How a command keeps its run, and takes up one that was kept.

Decides which run is meant that goes on, that one process at a time watches it, and that it
does not where something of it may be a secret and was not kept.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from opwatch.cli.kept_options import (
    has_several_bindings,
    is_unbound,
    kept_bindings,
    kept_options,
    names_host,
)
from opwatch.cli.options import keeps_nothing
from opwatch.cli.run_options import RunOptions
from opwatch.domain.auth import NoAuth
from opwatch.domain.errors import UsageError
from opwatch.domain.events import Listener
from opwatch.domain.kept import KeptRun
from opwatch.output.errors import write_warning
from opwatch.session.context import RunContext
from opwatch.session.session import Session
from opwatch.state.folder import RunLock, state_folder
from opwatch.state.journal import Journal
from opwatch.state.runs import LAST, find_run, new_id
from opwatch.state.store import Store, StoreError, open_store, set_aside

MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that is taken up *until* its deadline, and the lock that keeps others away from it."""

    run: KeptRun
    lock: RunLock
    until: float | None = None


@dataclass(slots=True)
class Keeper:
    """Keeps the run of *command*, given with *options*; goes on with *resumed*, if there is one."""

    command: str
    options: RunOptions
    context: RunContext
    piped: bool = False
    resumed: Resumption | None = None
    _journal: Journal | None = None

    def listener(self, session: Session) -> Listener:
        """Return what writes down the run of *session*."""
        plan, context = session.plan, self.context
        earlier = None if self.resumed is None else self.resumed.run
        several = has_several_bindings(plan) if earlier is None else "bindings" in earlier.options
        options, lost = kept_options(self.options, plan, context.redactor, several=several)
        if earlier is not None:
            options = {**earlier.options, **options}
            run = replace(earlier, options=options, lost=lost, pid=os.getpid())
        else:
            names = any(map(names_host, plan.profiles.values()))
            options |= {"piped": self.piped, "names_host": names}
            if several:
                options["bindings"] = kept_bindings(self.options, plan, context.redactor)
            profile = None if plan.assumed else plan.profile_name
            run = KeptRun(new_id(), self.command, profile, options, lost, pid=os.getpid())
        offset = context.wall() - context.now()
        self._journal = Journal(
            state_folder(),
            run,
            redact=context.redactor,
            wall_of=lambda at: at + offset,
            memory=session.fetcher.memory,
            cookies=session.cookie_names,
            signed=frozenset(
                name
                for name, each in plan.profiles.items()
                if isinstance(each.auth, NoAuth) or each.definition.spec.open_hosts
            ),
            lock=None if self.resumed is None else self.resumed.lock,
        )
        return self._journal

    def way_on(self) -> str | None:
        """Return the command that goes on with the run, None if it is not kept whole."""
        if self._journal is None or not self._journal.settle():
            return None
        if is_unbound(self._journal.run):
            return None
        from opwatch.output.commands.history import resume_command

        return resume_command(self._journal.run)

    def end(self, code: int) -> None:
        """Write that the command ends with *code*, and what was odd, if anything was."""
        if self._journal is None:
            return
        self._journal.close(code)
        if self._journal.remark is not None:
            write_warning(sys.stderr, self._journal.remark)


def take(name: str) -> tuple[KeptRun, RunLock]:
    """Return the run *name*, or the last that has something left, and what keeps others from it.

    Raises:
        UsageError: there is none, or another process watches it.
    """
    with reading_store() as store:
        found = find_run(store, name)
        if found is None:
            what = "no run is left to go on with" if name == LAST else f"there is no run {name!r}"
            raise UsageError(what, hint="opwatch history shows those that are kept")
        lock = RunLock(store.path.parent, found.id)
        if not lock.take():
            message = f"run {found.id} is being watched by process {found.pid}"
            raise UsageError(message, hint="opwatch history shows the others")
        # Who had it until now may have written since.
        return find_run(store, found.id) or found, lock


def check_whole(run: KeptRun) -> None:
    """Check that all is known of *run* that a watch of what is left of it needs.

    Raises:
        UsageError: something was not kept, for it may be a secret.
    """
    if is_unbound(run) and run.left:
        message = f"run {run.id} has several profiles, and what they were bound by was not kept"
        raise UsageError(message, hint=f"opwatch history show {run.id}  names what is left")
    if not all(each.is_whole for each in run.left):
        message = f"run {run.id} cannot go on: a URL in it may hold a secret, and was not kept"
        raise UsageError(message, hint="name its operations again:  opwatch wait REF...")


@contextmanager
def reading_store() -> Iterator[Store]:
    """Open the store, which must be there, to read what is kept.

    Raises:
        UsageError: it is not, or what is looked for cannot be read.
    """
    if keeps_nothing(os.environ):
        raise UsageError("OPWATCH_STATE=off: no run is kept")
    try:
        with closing(open_store(state_folder(), may_create=False)) as store:
            if store.remark is not None:
                write_warning(sys.stderr, store.remark)
            try:
                yield store
            except (sqlite3.Error, IndexError, UnicodeError) as problem:
                with closing(set_aside(store.path, problem)) as successor:
                    raise UsageError(f"no run is kept: {successor.remark}") from problem
            if store.damaged:
                runs = ", ".join(store.damaged[:MOST_NAMED])
                write_warning(sys.stderr, f"runs in {store.path} are damaged, and left out: {runs}")
    except (OSError, StoreError, sqlite3.Error) as problem:
        raise UsageError(f"no run is kept: {problem}") from problem
