"""``opwatch wait``: until every operation has ended."""

from __future__ import annotations

from opwatch.cli import options as opt
from opwatch.cli.parameters import command
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
def app(*, references: opt.References = None, options: RunOptions) -> int:
    """Wait until every operation has ended; progress is on standard error.

    Ctrl-C detaches: nothing remote is cancelled, and the command to go on is
    printed. Exit codes: 0 all succeeded, 1 one failed, 3 cancelled, 4 denied,
    5 not found, 6 unknown, 74 no result, 124 timed out, 130 interrupted.
    """
    from opwatch.cli.runner import Command

    policy = options.policy()
    return Command("wait", options, references or ()).run(policy)
