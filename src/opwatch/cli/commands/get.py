"""``opwatch get``: one look at each operation."""

from __future__ import annotations

from typing import Annotated

import typer

from opwatch.cli import options as opt
from opwatch.cli.app import settings

app = typer.Typer(**settings())


@app.command(name="get")
def get(
    *,
    references: opt.References = None,
    profile: opt.ProfileName = None,
    param: opt.Params = None,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    exit_zero: Annotated[
        bool,
        typer.Option(
            "--exit-zero",
            metavar="",
            help="Exit 0 whenever every operation was read, in any state.",
        ),
    ] = False,
    result: opt.Result = False,
    as_json: opt.AsJson = False,
    raw: opt.Raw = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    no_color: opt.NoColor = False,
    token_stdin: opt.TokenStdin = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> None:
    """Look at each operation once, and print what it says.

    Exit codes: 0 all succeeded, 1 one failed, 3 cancelled, 4 denied, 5 not found,
    6 unknown, 8 still pending or running, 74 no result to be had. With --exit-zero:
    0 whenever all were read.
    """
    from opwatch.cli.runner import Command
    from opwatch.domain.outcome import Goal
    from opwatch.domain.policy import Policy

    command = Command(
        name="get",
        references=references,
        profile=profile,
        params=param,
        config=config,
        base_url=base_url,
        as_json=as_json,
        raw=raw,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
        token_stdin=token_stdin,
        ca_file=ca_file,
        debug=debug,
        result=result,
    )
    goal = Goal.READ if exit_zero else Goal.ALL
    raise typer.Exit(command.run(Policy(once=True, goal=goal)))
