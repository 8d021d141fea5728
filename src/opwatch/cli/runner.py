"""What every command that watches has in common: plan, run, report how it ended.

Decides how the options become a plan, a context and a view; the order of these; and
that whatever interrupts them still ends with one document and one exit code.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from opwatch.cli.exit import end_of, sentence_of, verdict_of
from opwatch.cli.options import STDIN, keeps_nothing
from opwatch.cli.selection import Selection
from opwatch.cli.view import View
from opwatch.credentials import Redactor, WaitingFor
from opwatch.domain.errors import (
    CredentialError,
    PipeClosedError,
    StartError,
    UnwritableError,
    UsageError,
)
from opwatch.domain.operation import Operation, Target
from opwatch.domain.outcome import Abort, Outcome, Policy, Reason, Verdict
from opwatch.engine import Interruption, pass_over_signals, raise_on_signals, run_to_end
from opwatch.output.errors import write_error, write_warning
from opwatch.output.streams import is_terminal
from opwatch.session.context import RunContext
from opwatch.session.plan import Plan, ResultOptions, StartRequest
from opwatch.session.session import Session, carry_out, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from opwatch.cli.keeping import Keeper, Resumption
    from opwatch.cli.run_options import RunOptions
    from opwatch.output.report.history import History
    from opwatch.watcher.watcher import Watcher


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
    warnings: list[str] = field(default_factory=list)

    def run(self, policy: Policy) -> int:
        """Watch under *policy*; return the exit code."""
        context = self.context()
        wall = context.wall() - context.now()
        view = View(
            self.name,
            self.options,
            context,
            keeper=self._keeper(context),
            history=self._history(context),
            warnings=self.warnings,
            wall=wall,
        )
        return run_watch(lambda: self._recorded(*self.prepare(policy, context), wall=wall), view)

    def _recorded(self, plan: Plan, context: RunContext, *, wall: float) -> tuple[Plan, RunContext]:
        """Return *plan*, and *context* with what writes the run down, if it is to be."""
        if self.options.record is None:
            return plan, context
        from opwatch.session.recording.recorder import Recorder

        recorder = Recorder(
            self.options.record,
            command=self.name,
            redact=context.redactor,
            wall=wall,
            timeout_code=self.options.timeout_exit_code,
            environ=self.environ,
        )
        return plan, replace(context, recorder=recorder, trace=recorder.trace(context.trace))

    def _keeper(self, context: RunContext) -> Keeper | None:
        """Return what keeps the run, None where nothing is to be kept: also of one that is over."""
        is_over = self.resumed is not None and not self.resumed.run.left
        if self.name == "get" or not context.shares_hosts or is_over:
            return None
        try:
            from opwatch.cli.keeping import Keeper
        except ImportError:  # a Python without SQLite
            return None
        return Keeper(self.name, self.options, context, STDIN in self.references, self.resumed)

    def context(self) -> RunContext:
        """Return what the run takes from outside."""
        options = self.options
        context = context_of(
            self.environ, ca_file=options.ca_file, quiet=options.quiet, verbose=options.verbose
        )
        is_off = keeps_nothing(self.environ) or options.no_state
        return replace(context, shares_hosts=not is_off)

    def prepare(self, policy: Policy, context: RunContext) -> tuple[Plan, RunContext]:
        """Return what to do, and *context* with the token that was piped in.

        Raises:
            UsageError: an option, a reference or what is to be sent cannot be used.
        """
        for path in (self.options.junit, self.options.report):
            if path is not None:
                from opwatch.cli.files import check_writable

                check_writable(path)
        if self.options.exec_ is not None:
            from opwatch.session.exec import parse_command

            parse_command(self.options.exec_)
        selection = Selection(self.options, self.references, self.environ, self.options.from_)
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
        self._warn_of_the_vain(plan)
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
        from opwatch.cli.lanes import parse_params
        from opwatch.session.resume import resumed_plan

        run, now = resumed.run, context.now()
        offset, config = now - context.wall(), selection.settings()
        return resumed_plan(
            run,
            policy,
            selection.kept_profiles(run, config),
            config,
            parse_params(self.options.param or ()),
            has_token=self.options.token_stdin,
            until=resumed.until,
            # What is kept as of later than now is of a clock that was set back since.
            clock_of=lambda at: min(now, at + offset),
        )

    def _warn_of_the_vain(self, plan: Plan) -> None:
        """Warn of an interval that no host is asked at, and of results that there are none of."""
        from opwatch.output.text.words import NOTHING_TO_FETCH, SLOWER

        given, kept = self.options.interval, plan.policy.interval
        found = []
        if given is not None and kept is not None and given < kept:
            found.append(SLOWER.format(given=given, kept=kept))
        if plan.results is not None:
            option = "--result" if self.options.download is None else "--download"
            without = (each.name for each in plan.profiles.values() if not each.has_result)
            found += [
                NOTHING_TO_FETCH.format(profile=name, option=option)
                for name in dict.fromkeys(without)
            ]
        self.warnings.extend(found)
        if found and not self.options.quiet:
            for text in found:
                write_warning(sys.stderr, text)

    def _history(self, context: RunContext) -> History | None:
        if self.options.report is None:
            return None
        from opwatch.output.report.history import History
        from opwatch.output.text.clean import Show
        from opwatch.state.discretion import redact_to_keep

        return History(Show(redact_to_keep(context.redactor)))

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
        if secrets and (plan.assumed or len(plan.profiles) > 1) and len(hosts) > 1:
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
    register = None
    if "GITHUB_ACTIONS" in environ:
        from opwatch.output.ci.github import registrar

        register = registrar(sys.stderr, environ)
    redactor = Redactor(register)
    context = RunContext(
        environ=environ,
        ca_file=ca_file,
        interactive=is_terminal(sys.stdin) and is_terminal(sys.stderr),
        catch_signals=True,
        redactor=redactor,
    )
    if verbose:
        from opwatch.output.trace import trace
        from opwatch.state.discretion import redact_to_keep

        context = replace(context, trace=trace(sys.stderr, redact=redact_to_keep(redactor)))
    if quiet:
        return context

    @cache
    def announce(waiting: WaitingFor) -> None:
        from opwatch.output.commands.login import write_waiting

        write_waiting(sys.stderr, waiting)

    def notice(profile: str, note: str) -> None:
        from opwatch.output.commands.login import write_note

        write_note(sys.stderr, profile, note, redact=redactor)

    return replace(context, announce=announce, notice=notice)


# -- plan, run, report -------------------------------------------------------------------


def run_watch(prepare: Callable[[], tuple[Plan, RunContext]], view: View) -> int:
    """Make the plan, carry it out, write what it leaves; return the exit code."""
    plan: Plan | None = None
    code: int | None = None
    started_at = view.context.now()
    try:
        with raise_on_signals():
            plan, context = prepare()
            watcher = run_to_end(_watch(plan, context, view))
            with pass_over_signals():
                code = _leave(watcher, plan, view, started_at)
                view.end(code)
                _tell_of_recording(context)
            return code
    except BaseException as problem:  # noqa: BLE001, every way out has a code and a document
        if code is not None:
            return code  # everything is written, and a second document would break the first
        left = end_early(problem, plan, view)
        view.end(left)
        return left


def end_early(problem: BaseException, plan: Plan | None, view: View) -> int:
    """Report *problem*, which ended the run of *plan* before its end; return the exit code."""
    operations = _unwatched(plan, problem, view.context.now())
    code = end_of(
        _leave_page(problem, operations, view),
        as_json=view.options.prints_json,
        command=view.command,
        operations=operations,
        debug=view.options.debug,
        redact=view.redact,
        resume=view.way_on,
        profiles=plan.profiles if plan else None,
    )
    if isinstance(problem, StartError) and operations:
        view.write_way_on([each.target for each in operations])
    if view.ci is not None:
        view.ci.report_problem(problem, operations)
    return code


async def _watch(plan: Plan, context: RunContext, view: View) -> Watcher:
    try:
        return await _watched(plan, context, view)
    finally:
        if context.recorder is not None:
            context.recorder.close()


async def _watched(plan: Plan, context: RunContext, view: View) -> Watcher:
    async with open_session(plan, context) as session:
        if plan.starting is not None:
            await _start(session, plan.starting, context, view)
        with view.listening(session, context.recorder) as listener:
            return await carry_out(
                session,
                listener,
                context,
                timeout_code=view.options.timeout_exit_code,
                tick=view.tick,
                inbox=view.inbox,
                finish=view.finish_commands,
            )


def _tell_of_recording(context: RunContext) -> None:
    """Tell of a recording that is not whole; the run is, and its exit code stands."""
    if context.recorder is not None and context.recorder.failure is not None:
        from opwatch.output.commands.replay import write_incomplete

        write_incomplete(sys.stderr, context.recorder.failure)


async def _start(session: Session, starting: StartRequest, context: RunContext, view: View) -> None:
    """Start what is to be watched, and write at once what to call it."""
    from opwatch.session.start import start_operations

    targets = await start_operations(session, starting, context)
    session.plan = session.plan.with_targets(targets)
    view.write_started(session.plan.targets)


def _leave(watcher: Watcher, plan: Plan, view: View, started_at: float) -> int:
    operations = watcher.operations
    verdict = watcher.verdict(timeout_code=view.options.timeout_exit_code)
    verdict = _written(lambda: view.write_junit(operations), verdict, view)
    verdict = _written(lambda: view.write_page(operations, verdict), verdict, view)
    try:
        view.leave(operations, verdict, started_at=started_at, plan=plan)
    except (PipeClosedError, UnwritableError) as problem:
        write_error(sys.stderr, problem, redact=view.redact)
        return verdict_of(problem).code
    return verdict.code


def _written(write: Callable[[], None], verdict: Verdict, view: View) -> Verdict:
    """Write a file; return *verdict*, or what becomes of it if that cannot be done."""
    try:
        write()
    except UnwritableError as problem:
        from opwatch.output.text.summary import exit_text

        write_error(sys.stderr, problem, redact=view.redact)
        ending = verdict.after(Abort.UNWRITABLE)
        if ending != verdict and not view.options.quiet:
            # The display has told of another one already.
            write_warning(sys.stderr, exit_text(ending))
        return ending
    return verdict


def _leave_page(
    problem: BaseException, operations: Sequence[Operation], view: View
) -> BaseException:
    """Write the page about a run that *problem* ended; return what is to be reported last."""
    if view.history is None or not (operations or view.history.began):
        return problem
    verdict = verdict_of(problem)
    try:
        with pass_over_signals():
            view.write_page(operations, verdict, sentence_of(problem, view.redact))
    except UnwritableError as unwritten:
        outranked = verdict.after(Abort.UNWRITABLE) != verdict
        first, last = (problem, unwritten) if outranked else (unwritten, problem)
        write_error(sys.stderr, first, redact=view.redact)
        return last
    return problem


def _unwatched(plan: Plan | None, problem: BaseException, now: float) -> Sequence[Operation]:
    """Return the planned operations as they are when no watch of them began."""
    if isinstance(problem, StartError):
        return _lost(problem, plan.profile_name if plan else None)
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


def _lost(problem: StartError, profile: str | None) -> list[Operation]:
    """Return what was started, by *profile*, and cannot be watched because of *problem*."""
    from opwatch.domain.trouble import Fault, Trouble

    return [
        Operation(
            Target(each, each, "", profile or "", options=problem.options),
            watched_from=0.0,
            outcome=Outcome.UNKNOWN,
            reason=Reason.REFUSED,
            trouble=Trouble(Fault.BAD_REQUEST, problem.message),
        )
        for each in problem.references
    ]
