"""A start that is carried out: waited for, or told and left to itself.

Decides that a reference is never lost: when it cannot be written where it was
wanted, it is said on standard error.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from opwatch.cli.exit import end_of
from opwatch.cli.view import wait_command
from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.outcome import ExitCode
from opwatch.engine import raise_on_signals, run_to_end
from opwatch.output.commands.start import (
    tell_command,
    tell_started,
    write_references,
    write_started,
)
from opwatch.session.session import open_session
from opwatch.session.start import start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opwatch.cli.runner import Command
    from opwatch.domain.operation import Target
    from opwatch.domain.policy import Policy
    from opwatch.session.context import RunContext
    from opwatch.session.plan import Plan, StartRequest


def run_start(
    command: Command, starting: Callable[[], StartRequest], policy: Policy, *, waits: bool
) -> int:
    """Send *starting*, and go on as *command* does under *policy* if it *waits*."""
    command = replace(command, starting=starting)
    return command.run(policy) if waits else _start_only(command, policy)


def _start_only(command: Command, policy: Policy) -> int:
    context = command.context()
    try:
        with raise_on_signals():
            plan, context = command.prepare(policy, context)
            _write(run_to_end(_started(plan, context)).targets, plan, command, context)
    except BaseException as problem:  # noqa: BLE001, every way out has a code and a document
        return end_of(
            problem,
            as_json=command.as_json or command.as_jsonl,
            command=command.name,
            debug=command.debug,
            redact=context.redactor,
        )
    return ExitCode.SUCCEEDED


async def _started(plan: Plan, context: RunContext) -> Plan:
    assert plan.starting is not None  # noqa: S101, narrows the type
    async with open_session(plan, context) as session:
        return plan.with_targets(await start(session, plan.starting, context))


def _write(targets: Sequence[Target], plan: Plan, command: Command, context: RunContext) -> None:
    """Write how to name *targets*, on standard error if nowhere else."""
    redact, how = context.redactor, wait_command(command.same_again(), targets)
    try:
        if command.as_json or command.as_jsonl:
            write_started(
                sys.stdout, targets, profile=plan.profile_name, command=how, redact=redact
            )
        else:
            write_references(sys.stdout, targets, redact=redact)
    except (PipeClosedError, UnwritableError):
        tell_started(sys.stderr, targets, redact=redact)
        raise
    if any(each.initial.params for each in targets) and not command.quiet:
        tell_command(sys.stderr, how, redact=redact)
