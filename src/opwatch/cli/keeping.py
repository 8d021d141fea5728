"""How a command keeps its run.

Decides which options belong to a run, and which to the terminal that it is shown on.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from opwatch.cli.lanes import parse_params
from opwatch.cli.options import keeps_nothing
from opwatch.cli.run_options import ID, RunOptions
from opwatch.domain.auth import NoAuth
from opwatch.domain.errors import UsageError
from opwatch.domain.events import Listener
from opwatch.domain.kept import KeptRun
from opwatch.domain.operation import Basis
from opwatch.profiles import Profile
from opwatch.session.context import RunContext
from opwatch.session.plan import Plan
from opwatch.session.session import Session
from opwatch.state.discretion import is_whole, kept_reference, kept_values
from opwatch.state.folder import RunLock, state_folder
from opwatch.state.journal import Journal
from opwatch.state.runs import new_id
from opwatch.state.store import Store, StoreError, open_store, set_aside

AS_GIVEN: Final = (
    *("interval", "any_", "fail_fast", "stall", "lost_after", "confirm", "fail_on"),
    *("grace", "timeout_exit_code", "result", "pace", "reason"),
)
PATHS: Final = ("config", "ca_file", "download")
MIXED: Final = ("param", "header")
"""Options that are kept value by value."""
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
            from opwatch.output.errors import write_warning

            write_warning(sys.stderr, self._journal.remark)


# -- what is kept of the options -----------------------------------------------------------------


def kept_options(
    options: RunOptions, plan: Plan, redact: Callable[[str], str], *, several: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return what is kept of *options*, and what may be a secret and is not.

    Of *several* profiles each is bound by its own.
    """
    kept: dict[str, Any] = {name: getattr(options, name) for name in (*AS_GIVEN, "token_stdin")}
    for name in PATHS:
        path = getattr(options, name)
        kept[name] = None if path is None else str(path.absolute())
    given = {key: each for key, each in parse_params(options.param or ()).items() if key != ID}
    base_url = options.base_url
    if several:
        given, base_url = {}, None
    elif plan.profile_name is not None and not plan.assumed:
        (profile,) = plan.profiles.values()
        base_url, given = profile.base_url, {**profile.params, **given}
    headers = kept_values(options.headers(), redact, opaque=True)
    kept["base_url"] = base_url and kept_reference(base_url, redact)
    kept["param"], masked = _kept_params(given, redact)
    kept["header"] = [f"{name}: {value}" for name, value in headers.items() if is_whole(value)]
    lost = {f"--param {name}" for name in masked}
    lost |= {f"-H {name}" for name, value in headers.items() if not is_whole(value)}
    return kept, sorted(lost & names_of(options))


def _kept_params(
    params: Mapping[str, str], redact: Callable[[str], str]
) -> tuple[list[str], set[str]]:
    """Return what is kept of *params*, as of ``--param``, and the names of those that are not."""
    kept = kept_values(params, redact)
    masked = {name for name, value in kept.items() if not is_whole(value)}
    return [f"{name}={value}" for name, value in kept.items() if name not in masked], masked


def kept_bindings(
    options: RunOptions, plan: Plan, redact: Callable[[str], str]
) -> dict[str, dict[str, Any]] | None:
    """Return how each profile of *plan* was bound that was named, by *options* or otherwise.

    None where that may be a secret: it could not be given again for one of them alone.
    """
    named = [each for each in plan.targets if each.basis in {None, Basis.PIPED}]
    words = [*(options.param or ()), *(each[-1] for one in named for each in one.options)]
    typed, found = {word.partition("=")[0].strip() for word in words}, dict[str, dict[str, Any]]()
    for profile_name in dict.fromkeys(each.profile for each in named):
        profile = plan.profiles[profile_name]
        params, masked = _kept_params(profile.params, redact)
        base_url = kept_reference(profile.base_url, redact)
        if masked & typed or not is_whole(base_url):
            return None
        found[profile_name] = {
            "profile": profile.name,
            "base_url": base_url,
            "param": params,
            "names_host": names_host(profile),
        }
    return found


def names_host(profile: Profile) -> bool:
    """Tell whether a person has named the host of *profile*, and not its file."""
    typed = any(each[0] == "--base-url" for each in profile.options)
    return typed or bool(profile.definition.base_url_variable)


def is_unbound(run: KeptRun) -> bool:
    """Tell whether *run* has several profiles, and it is not kept how they were bound."""
    return run.options.get("bindings", {}) is None


def has_several_bindings(plan: Plan) -> bool:
    """Tell whether references of *plan* have profiles of their own, bound apart."""
    is_mixed = len(plan.profiles) > 1
    return any(
        each.basis is Basis.PIPED
        or (
            each.basis is None and (is_mixed or each.options != plan.profiles[each.profile].options)
        )
        for each in plan.targets
    )


def names_of(options: RunOptions) -> set[str]:
    """Return what names each parameter and header that is given in *options*."""
    params = {f"--param {name}" for name in parse_params(options.param or ())}
    return params | {f"-H {name}" for name in options.headers()}


@contextmanager
def reading_store() -> Iterator[Store]:
    """Open the store, which must be there, to read what is kept.

    Raises:
        UsageError: it is not, or what is looked for cannot be read.
    """
    from opwatch.output.errors import write_warning

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
