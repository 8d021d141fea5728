"""One command that watches: plan, run, say how it ended.

Decides the order of these, and that whatever interrupts them still ends with
one document and one exit code.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opwatch.cli.exit import end_of, verdict_of
from opwatch.domain.errors import CredentialError, PipeClosedError, UnwritableError
from opwatch.domain.operation import Operation
from opwatch.domain.outcome import ExitCode, Outcome, Reason
from opwatch.engine import Interruption, pass_over_signals, raise_on_signals, run_to_end
from opwatch.output.errors import write_error
from opwatch.session.session import carry_out, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opwatch.cli.view import View
    from opwatch.session.context import RunContext
    from opwatch.session.plan import Plan, StartRequest
    from opwatch.session.session import Session
    from opwatch.watcher.watcher import Watcher


def run_watch(
    prepare: Callable[[], tuple[Plan, RunContext]],
    view: View,
    *,
    timeout_code: int = ExitCode.TIMED_OUT,
    debug: bool = False,
) -> int:
    """Make the plan, carry it out, write what it leaves; return the exit code."""
    plan: Plan | None = None
    code: int | None = None
    started_at = view.clock.now()
    try:
        with raise_on_signals():
            plan, context = prepare()
            watcher = run_to_end(_watch(plan, context, view, timeout_code))
            with pass_over_signals():
                code = _leave(watcher, plan, view, started_at, timeout_code)
            return code  # noqa: RET504, it is looked at below if the way out fails
    except BaseException as problem:  # noqa: BLE001, every way out has a code and a document
        if code is not None:
            return code  # all has been said, and a second document would not be one
        return end_of(
            problem,
            as_json=view.as_json or view.as_jsonl,
            command=view.command,
            operations=_unwatched(plan, problem, view.clock.now()),
            debug=debug,
            redact=view.redact,
        )


async def _watch(plan: Plan, context: RunContext, view: View, timeout_code: int) -> Watcher:
    async with open_session(plan, context) as session:
        if plan.starting is not None:
            await _begin(session, plan.starting, context, view)
        with view.listening(session.plan) as tell:
            return await carry_out(
                session, tell, context, timeout_code=timeout_code, tick=view.tick
            )


async def _begin(session: Session, starting: StartRequest, context: RunContext, view: View) -> None:
    """Start what is to be watched, and say at once what to call it."""
    from opwatch.session.start import start

    targets = await start(session, starting, context)
    session.plan = session.plan.with_targets(targets)
    view.tell_started(session.plan.targets)


def _leave(watcher: Watcher, plan: Plan, view: View, started_at: float, timeout_code: int) -> int:
    verdict = watcher.verdict(timeout_code=timeout_code)
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
