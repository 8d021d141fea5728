"""What every command that watches has in common: plan, run, report how it ended.

Decides how the options become a plan, a context and a view; the order of these; and
that whatever interrupts them still ends with one document and one exit code.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from opwatch.cli.exit import end_of, verdict_of
from opwatch.cli.files import check_writable
from opwatch.cli.selection import STDIN, Selection
from opwatch.cli.view import View, lost_operations
from opwatch.credentials import Redactor
from opwatch.domain.errors import (
    CredentialError,
    PipeClosedError,
    StartError,
    UnwritableError,
    UsageError,
)
from opwatch.domain.operation import Operation
from opwatch.domain.outcome import Outcome, Reason
from opwatch.engine import Interruption, pass_over_signals, raise_on_signals, run_to_end
from opwatch.output.errors import write_error
from opwatch.output.streams import is_terminal
from opwatch.session.context import RunContext
from opwatch.session.plan import Plan, ResultOptions, StartRequest
from opwatch.session.session import carry_out, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from opwatch.cli.keeping import Keeper, Resumption
    from opwatch.cli.run_options import RunOptions
    from opwatch.credentials import WaitingFor
    from opwatch.domain.policy import Policy
    from opwatch.domain.secret import Secret
    from opwatch.session.session import Session
    from opwatch.watcher.watcher import Watcher

ALLOCATIONS: Final = 50_000
"""New objects between two collections of garbage; Python's 700 costs a long run more."""


# -- from options to a plan --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """The command *name* with its *options*.

    *starting* reads what is to be sent first, where an operation is to be started;
    *resumed* is the run to go on with.
    """

    name: str
    options: RunOptions
    references: Sequence[str] = ()
    starting: Callable[[], StartRequest] | None = None
    resumed: Resumption | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def run(self, policy: Policy) -> int:
        """Watch under *policy*; return the exit code."""
        context = self.context()
        view = View(self.name, self.options, context, keeper=self._keeper(context))
        return run_watch(lambda: self.prepare(policy, context), view)

    def _keeper(self, context: RunContext) -> Keeper | None:
        """Return what keeps the run, None for a look or where nothing is to be kept."""
        if self.name == "get" or self.options.no_state:
            return None
        try:
            from opwatch.cli.keeping import keeper_of
        except ImportError:  # a Python without SQLite
            return None
        piped = STDIN in self.references
        return keeper_of(self.name, self.options, context, piped=piped, resumed=self.resumed)

    def context(self) -> RunContext:
        """Return what the run takes from outside."""
        options = self.options
        context = context_of(
            self.environ, ca_file=options.ca_file, quiet=options.quiet, verbose=options.verbose
        )
        return replace(
            context,
            profile_options=options.again(self.environ),
            shares_hosts=not options.no_state,
        )

    def prepare(self, policy: Policy, context: RunContext) -> tuple[Plan, RunContext]:
        """Return what to do, and *context* with the token that was piped in.

        Raises:
            UsageError: an option, a reference or what is to be sent cannot be used.
        """
        if self.options.junit is not None:
            check_writable(self.options.junit)
        selection = Selection(self.options, self.references, self.environ)
        token = selection.token()
        if self.resumed is not None:
            plan = self._taken_up(self.resumed, selection, policy, context)
        elif self.starting is None:
            plan = selection.plan(policy)
        else:
            plan = _plan_of_start(selection, self.starting(), policy)
        plan = replace(
            plan,
            results=self._results(),
            headers=self._headers(plan, context),
            asks_why=self.options.reason,
        )
        if plan.assumed and not self.options.quiet:
            from opwatch.output.commands.start import write_assumptions

            write_assumptions(
                sys.stderr, plan.targets, has_token=token is not None, redact=context.redactor
            )
        return plan, replace(context, token_from_stdin=token)

    def _taken_up(
        self, resumed: Resumption, selection: Selection, policy: Policy, context: RunContext
    ) -> Plan:
        """Return what is left of the run that is *resumed*."""
        from opwatch.session.resume import resumed_plan

        run, offset = resumed.run, context.now() - context.wall()
        return resumed_plan(
            run,
            policy,
            selection.bound_profile() if run.profile and run.left else None,
            selection.settings(),
            selection.parameters(),
            has_token=self.options.token_stdin,
            until=resumed.until,
            clock_of=lambda at: at + offset,
        )

    def _headers(self, plan: Plan, context: RunContext) -> Mapping[str, str]:
        """Return the headers of all polls; what may be a secret in them is masked from now on."""
        if not self.options.header:
            return {}
        from opwatch.session.headers import check_headers, secrets_in

        headers = self.options.headers()
        secrets = secrets_in(headers)
        for secret in secrets:
            context.redactor.learn(secret)
        check_headers(plan.profiles.values(), headers)
        hosts = {target.origin for target in plan.targets}
        if secrets and plan.assumed and len(hosts) > 1:
            raise UsageError("one secret cannot be for several hosts: " + ", ".join(sorted(hosts)))
        return headers

    def _results(self) -> ResultOptions | None:
        """Return how results are fetched, the folder for them made ready."""
        folder = self.options.download
        if folder is None:
            return ResultOptions() if self.options.result else None
        from opwatch.session.download import ready_folder

        return ResultOptions(ready_folder(folder))


def _plan_of_start(selection: Selection, starting: StartRequest, policy: Policy) -> Plan:
    """Return a plan whose operations are not known yet; what it is to send is checked."""
    from opwatch.session.start import starting_request

    profile = replace(selection, references=(starting.path,)).bound_profile()
    starting_request(profile, starting)
    return Plan({profile.name: profile}, (), policy, starting=starting)


# -- what it takes from outside ----------------------------------------------------------


def context_of(
    environ: Mapping[str, str],
    *,
    ca_file: Path | None = None,
    quiet: bool = False,
    verbose: bool = False,
) -> RunContext:
    """Return what a command takes from outside; a *quiet* one writes nothing beforehand."""
    redactor = Redactor(_registrar(environ))
    context = RunContext(
        environ=environ,
        ca_file=ca_file,
        interactive=is_terminal(sys.stdin) and is_terminal(sys.stderr),
        catch_signals=True,
        redactor=redactor,
    )
    if verbose:
        from opwatch.output.trace import trace

        context = replace(context, trace=trace(sys.stderr, redact=redactor))
    if quiet:
        return context

    @cache
    def announce(waiting: WaitingFor) -> None:
        from opwatch.output.commands.login import announcer

        announcer(sys.stderr)(waiting)

    def notice(profile: str, note: str) -> None:
        from opwatch.output.commands.login import notifier

        notifier(sys.stderr, redact=redactor)(profile, note)

    return replace(context, announce=announce, notice=notice)


def _collect_garbage() -> None:
    """Collect from now on, but never look at what is there already: it lives to the end."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(ALLOCATIONS)
        gc.enable()


def _registrar(environ: Mapping[str, str]) -> Callable[[Secret], None] | None:
    """Return what registers a secret with the runner of a CI system."""
    if "GITHUB_ACTIONS" not in environ:
        return None
    from opwatch.output.ci.github import registrar

    return registrar(sys.stderr, environ)


# -- plan, run, report -------------------------------------------------------------------


def run_watch(prepare: Callable[[], tuple[Plan, RunContext]], view: View) -> int:
    """Make the plan, carry it out, write what it leaves; return the exit code."""
    plan: Plan | None = None
    code: int | None = None
    started_at = view.context.now()
    try:
        with raise_on_signals():
            plan, context = prepare()
            _collect_garbage()
            watcher = run_to_end(_watch(plan, context, view))
            with pass_over_signals():
                code = _leave(watcher, plan, view, started_at)
                view.end(code)
            return code
    except BaseException as problem:  # noqa: BLE001, every way out has a code and a document
        if code is not None:
            return code  # everything is written, and a second document would break the first
        left = end_of(
            problem,
            as_json=view.options.prints_json,
            command=view.command,
            operations=_unwatched(plan, problem, view.context.now()),
            debug=view.options.debug,
            redact=view.redact,
        )
        view.write_way_on(problem)
        view.end(left)
        return left


async def _watch(plan: Plan, context: RunContext, view: View) -> Watcher:
    async with open_session(plan, context) as session:
        if plan.starting is not None:
            await _start(session, plan.starting, context, view)
        with view.listening(session) as listener:
            return await carry_out(
                session,
                listener,
                context,
                timeout_code=view.options.timeout_exit_code,
                tick=view.tick,
            )


async def _start(session: Session, starting: StartRequest, context: RunContext, view: View) -> None:
    """Start what is to be watched, and write at once what to call it."""
    from opwatch.session.start import start_operations

    targets = await start_operations(session, starting, context)
    session.plan = session.plan.with_targets(targets)
    view.write_started(session.plan.targets)


def _leave(watcher: Watcher, plan: Plan, view: View, started_at: float) -> int:
    verdict = watcher.verdict(timeout_code=view.options.timeout_exit_code)
    try:
        view.leave(
            watcher.operations,
            verdict,
            started_at=started_at,
            profile=plan.profile_name,
            duplicates=plan.duplicates,
        )
    except (PipeClosedError, UnwritableError) as problem:
        write_error(sys.stderr, problem, redact=view.redact)
        return verdict_of(problem).code
    return verdict.code


def _unwatched(plan: Plan | None, problem: BaseException, now: float) -> Sequence[Operation]:
    """Return the planned operations as they are when no watch of them began."""
    if isinstance(problem, StartError):
        return lost_operations(problem, plan.profile_name if plan else None)
    if plan is None:
        return ()
    match problem:
        case CredentialError():
            outcome, reason = Outcome.DENIED, Reason.NO_CREDENTIAL
        case Interruption() | KeyboardInterrupt():
            outcome, reason = Outcome.PENDING, Reason.DETACHED
        case _:
            return ()
    return [
        Operation(target, watched_from=now, outcome=outcome, reason=reason, ended_at=now)
        for target in plan.targets
    ]
