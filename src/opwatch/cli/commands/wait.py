"""``opwatch wait``: until every operation has ended."""

from __future__ import annotations

import typer

from opwatch.cli import options as opt
from opwatch.cli.app import settings
from opwatch.cli.run_options import RunOptions

app = typer.Typer(**settings())


@app.command(name="wait")
@opt.with_options()
def wait(*, references: opt.References = None, options: RunOptions) -> None:
    """Wait until every operation has ended; progress is on standard error.

    Ctrl-C detaches: nothing remote is cancelled, and the command to go on is
    printed. Exit codes: 0 all succeeded, 1 one failed, 3 cancelled, 4 denied,
    5 not found, 6 unknown, 74 no result, 124 timed out, 130 interrupted.
    """
    from opwatch.cli.runner import Command

    policy = options.policy()
    raise typer.Exit(Command("wait", options, references or ()).run(policy))
