"""``opwatch wait``: until every operation has ended, or a run that was kept has."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated

import click
from click.core import ParameterSource

from opwatch.cli import options as opt
from opwatch.cli.parameters import command, option
from opwatch.cli.run_options import RunOptions
from opwatch.domain.errors import UsageError


@command(
    "wait",
    examples=[
        (
            "opwatch wait -p fullstory --timeout 30m EXPORT_ID",
            "exit 124 if it has not ended after half an hour",
        ),
        (
            "jq -r '.[].id' ids.json | opwatch wait -p azure-async --json -",
            "wait for many, and print one JSON document",
        ),
    ],
)
def app(
    *,
    references: opt.References = None,
    resume: Annotated[
        str | None,
        option(
            "--resume",
            group="ask",
            is_flag=False,
            flag_value="last",
            metavar="[last|ID]",
            help="Go on with what is left of a run that was begun before: see opwatch history.",
        ),
    ] = None,
    options: RunOptions,
) -> int:
    """Wait until every operation has ended; progress is on standard error.

    Ctrl-C detaches: nothing remote is cancelled, and the command to go on is
    printed. While bars are drawn, keys are obeyed: r looks now, o shows the
    page, q detaches, ? shows the keys (not on Windows). Exit codes: 0 all
    succeeded, 1 one failed, 3 cancelled, 4 denied, 5 not found, 6 unknown,
    74 no result, 124 timed out, 130 interrupted.
    """
    if resume is not None:
        context = click.get_current_context()
        typed = ParameterSource.COMMANDLINE
        given = {name for name in context.params if context.get_parameter_source(name) is typed}
        return resume_run(resume, options, references or (), given)
    from opwatch.cli.runner import Command

    policy = options.policy()
    return Command("wait", options, references or ()).run(policy)


def resume_run(
    name: str, options: RunOptions, references: Sequence[str], given: Collection[str]
) -> int:
    """Go on with the run *name*, or the last; *given* are the options typed. Return the code."""
    from opwatch.cli.keeping import Resumption, check_whole, take
    from opwatch.cli.kept_options import restored_options
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
