"""``opwatch wait --resume``: a run that was kept goes on.

Decides which run is meant, that one process at a time watches it, and that what may be a
secret has to be given again before it goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from opwatch.cli.keeping import (
    AS_GIVEN,
    MIXED,
    PATHS,
    Resumption,
    is_unbound,
    names_of,
    reading_store,
)
from opwatch.cli.run_options import RunOptions
from opwatch.domain.errors import UsageError
from opwatch.domain.kept import KeptRun
from opwatch.domain.outcome import Outcome
from opwatch.state.folder import RunLock
from opwatch.state.runs import LAST, find_run


def resume_run(
    name: str, options: RunOptions, references: Sequence[str], given: Collection[str]
) -> int:
    """Go on with the run *name*, or the last; *given* are the options typed. Return the code."""
    from opwatch.cli.runner import Command

    if references:
        message = "--resume goes on with a run as it was begun, and takes no more references"
        raise UsageError(message, hint="wait for them with a command of their own")
    if options.no_state:
        raise UsageError("--resume needs what --no-state keeps away")
    if options.record is not None:
        raise UsageError("--record writes down a run from its beginning, not one that goes on")
    run, lock = take(name)
    restored = restored_options(run, options, given)
    policy = restored.policy()
    if "base_url" in given:
        run = replace(run, options={**run.options, "names_host": True})
    run = run.counted(fail_on_warnings=policy.fail_on_warnings)
    check_whole(run)
    until = None if "timeout" in given else run.deadline
    command = Command("wait", restored, resumed=Resumption(run, lock, until))
    if run.cookies and run.left and not options.quiet:
        from opwatch.output.errors import write_warning

        lost = f"the cookies of run {run.id} are not kept: {', '.join(run.cookies)}"
        write_warning(sys.stderr, f"{lost}; it goes on without them")
    return command.run(policy)


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


def _asks_for_warnings(fail_on: Sequence[str] | None) -> bool:
    return any("warnings" in each.split(",") for each in fail_on or ())


def restored_options(run: KeptRun, options: RunOptions, given: Collection[str]) -> RunOptions:
    """Return the options of *run*, and of *options* those that a terminal has or were *given*.

    Raises:
        UsageError: what was not kept is not among those given.
    """
    known = [name for name in (*AS_GIVEN, "base_url") if name in run.options]
    kept: dict[str, Any] = {name: run.options[name] for name in known}
    kept |= {name: path and Path(path) for name in PATHS for path in [run.options.get(name)]}
    kept |= {"profile": run.profile, "timeout": None}
    whole = {name: value for name, value in kept.items() if name not in given}
    for name in MIXED:
        whole[name] = [*(run.options.get(name) or ()), *(getattr(options, name) or ())] or None
    missing = [each for each in run.lost if each not in names_of(options)]
    if missing:
        raise UsageError(
            f"run {run.id} cannot go on without what was not kept, for it may be a secret: "
            + ", ".join(missing),
            hint="give it again, behind --resume " + run.id,
        )
    if _asks_for_warnings(options.fail_on) and not _asks_for_warnings(run.options.get("fail_on")):
        silent = [
            each.reference
            for each in run.operations
            if each.outcome == Outcome.SUCCEEDED and each.partial is None
        ]
        if silent:  # an older opwatch has kept it
            message = f"run {run.id} has not kept whether {silent[0]} succeeded with warnings"
            hint = "leave --fail-on warnings out, or name the operations again"
            raise UsageError(message, hint=hint)
    again = sorted({"profile", "param", "base_url"}.intersection(given))
    if run.options.get("bindings") and again:
        name = again[0].replace("_", "-")
        message = f"run {run.id} has several profiles, each as it was bound: --{name} cannot change"
        raise UsageError(message)
    if "profile" in given and options.profile != run.profile:
        raise UsageError(f"run {run.id} is of another profile: {run.profile or 'none was named'}")
    return replace(options, **whole)
