"""``opwatch get``: one look at each operation."""

from __future__ import annotations

from typing import Annotated

from opwatch.cli import options as opt
from opwatch.cli.parameters import command, option
from opwatch.cli.run_options import WAIT_ONLY, RunOptions


@command(
    "get",
    without=WAIT_ONLY,
    examples=[
        ("opwatch get -p fullstory EXPORT_ID OTHER_ID", "one look at each"),
        (
            "opwatch get -p fullstory --result --json EXPORT_ID | jq .operations[0].result",
            "what an operation has produced",
        ),
    ],
)
def app(
    *,
    references: opt.References = None,
    exit_zero: Annotated[
        bool,
        option(
            "--exit-zero",
            group="end",
            often=True,
            help="Exit 0 whenever every operation was read, in any state.",
        ),
    ] = False,
    options: RunOptions,
) -> int:
    """Look at each operation once, and print its state.

    Exit codes: 0 all succeeded, 1 one failed, 3 cancelled, 4 denied, 5 not found,
    6 unknown, 8 still pending or running, 74 no result to be had, 124 not read within
    --timeout. With --exit-zero: 0 whenever all were read.
    """
    from opwatch.cli.runner import Command
    from opwatch.domain.outcome import Goal, Policy

    goal = Goal.READ if exit_zero else Goal.ALL
    look_within = options.timeout or None
    policy = Policy(once=True, goal=goal, look_within=look_within, grace=options.grace)
    return Command("get", options, references or ()).run(policy)
