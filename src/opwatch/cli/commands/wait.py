"""``opwatch wait``: until every operation has ended."""

from __future__ import annotations

from typing import Annotated

import click
from click.core import ParameterSource

from opwatch.cli import options as opt
from opwatch.cli.parameters import command, option
from opwatch.cli.run_options import RunOptions


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
        from opwatch.cli.resume import resume_run

        context = click.get_current_context()
        typed = ParameterSource.COMMANDLINE
        given = {name for name in context.params if context.get_parameter_source(name) is typed}
        return resume_run(resume, options, references or (), given)
    from opwatch.cli.runner import Command

    policy = options.policy()
    return Command("wait", options, references or ()).run(policy)
