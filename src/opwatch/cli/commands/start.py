"""``opwatch start``: send the request that starts an operation, and wait for it.

Decides that a reference is never lost: when it cannot be written where it was
wanted, it is written on standard error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

import click

from opwatch.cli.parameters import argument, command, option
from opwatch.cli.run_options import RunOptions

if TYPE_CHECKING:
    from opwatch.cli.runner import Command
    from opwatch.domain.outcome import Policy
    from opwatch.session.context import RunContext
    from opwatch.session.plan import Plan, StartRequest

STDIN: Final = "@-"


@command(
    "start",
    without={"from_"},
    examples=[
        (
            "opwatch start -p fullstory POST /segments/v1/exports -d @export.json",
            "start an export, and wait for it",
        ),
        (
            "opwatch start -p fullstory --no-wait POST /segments/v1/exports -d @export.json",
            "start it, and print its reference",
        ),
    ],
)
def app(
    *,
    method: Annotated[str, argument(metavar="METHOD", help="The HTTP method, such as POST.")],
    path: Annotated[
        str, argument(metavar="PATH", help="A path behind the base URL, or a whole URL.")
    ],
    data: Annotated[
        str | None,
        option(
            "--data",
            "-d",
            metavar="TEXT|@FILE|@-",
            group="send",
            often=True,
            help="The body; JSON unless a header says otherwise.",
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        option(
            "--idempotency-key",
            metavar="KEY",
            group="send",
            help="Send this Idempotency-Key, and the request again when its answer is lost.",
        ),
    ] = None,
    no_wait: Annotated[
        bool,
        option(
            "--no-wait",
            group="end",
            often=True,
            help="Print the reference of what was started; exit 0.",
        ),
    ] = False,
    options: RunOptions,
) -> int:
    """Start an operation with the profile's credential, and wait as 'wait' does.

    A request that is refused exits with 4 (401, 403) or 6. One whose answer is lost
    exits with 6, and the message warns that the operation may have been started.
    """
    from dataclasses import replace

    from opwatch.cli.runner import Command
    from opwatch.session.headers import for_polls

    def starting() -> StartRequest:
        from opwatch.cli.files import body_of
        from opwatch.domain.errors import UsageError
        from opwatch.session.headers import parse_headers
        from opwatch.session.plan import KEY, StartRequest

        if data == STDIN and options.token_stdin:
            raise UsageError("standard input cannot be both the token and the body")
        key = [] if idempotency_key is None else [f"{KEY}: {idempotency_key}"]
        return StartRequest(
            method.upper(), path, parse_headers([*(options.header or ()), *key]), body_of(data)
        )

    if no_wait and (options.result or options.download is not None):
        raise click.BadParameter("--no-wait leaves no result to fetch")
    if no_wait and options.exec_ is not None:
        raise click.BadParameter("--no-wait leaves no end to run --exec at")
    if no_wait and options.record is not None:
        raise click.BadParameter("--no-wait leaves nothing to record")
    polls = replace(options, header=for_polls(options.header or ()))
    run, policy = Command("start", polls, starting=starting), options.policy()
    return _start_only(run, policy) if no_wait else run.run(policy)


def _start_only(command: Command, policy: Policy) -> int:
    """Start the operation, and write how to name it; return the exit code."""
    from opwatch.cli.runner import end_early
    from opwatch.cli.view import View
    from opwatch.domain.outcome import ExitCode
    from opwatch.engine import raise_on_signals, run_to_end

    context = command.context()
    plan: Plan | None = None
    try:
        with raise_on_signals():
            plan, context = command.prepare(policy, context)
            _write(run_to_end(_started(plan, context)), command, context)
    except BaseException as problem:  # noqa: BLE001, every way out has a code and a document
        return end_early(problem, plan, View(command.name, command.options, context))
    return ExitCode.SUCCEEDED


async def _started(plan: Plan, context: RunContext) -> Plan:
    from opwatch.session.session import open_session
    from opwatch.session.start import start_operations

    assert plan.starting is not None  # noqa: S101, narrows the type
    async with open_session(plan, context) as session:
        return plan.with_targets(await start_operations(session, plan.starting, context))


def _write(plan: Plan, command: Command, context: RunContext) -> None:
    """Write how to name the targets of *plan*, on standard error if nowhere else."""
    from opwatch.domain.errors import PipeClosedError, UnwritableError
    from opwatch.output.commands import start as output
    from opwatch.session.plan import wait_command

    targets, redact = plan.targets, context.redactor
    named = [each for each in targets if each.initial.is_named]
    how = wait_command(named, command.options.further) if named else None
    try:
        if command.options.prints_json:
            output.write_start_document(
                sys.stdout,
                targets,
                profile=plan.profile_name,
                command=how,
                redact=redact,
                profiles=plan.profiles,
            )
        else:
            output.write_references(sys.stdout, targets, redact=redact)
    except (PipeClosedError, UnwritableError):
        output.report_started(sys.stderr, targets, redact=redact)
        raise
    if command.options.quiet or (command.options.prints_json and not named):
        return
    if not named:
        output.report_started(sys.stderr, targets, redact=redact)
    elif how and any(each.initial.params for each in named):
        output.report_wait_command(sys.stderr, how, redact=redact)
