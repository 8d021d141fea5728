"""``opwatch wait``: until every operation has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opwatch.cli import options as opt
from opwatch.cli.app import settings

app = typer.Typer(**settings())

LOST_AFTER = "15m"
MOST_CODE = 255


@app.command(name="wait")
def wait(
    *,
    references: opt.References = None,
    profile: opt.ProfileName = None,
    param: opt.Params = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            "-t",
            envvar="OPWATCH_TIMEOUT",
            parser=opt.duration,
            metavar=opt.DURATION,
            help="Give up after this long (exit 124); 0 looks once. Default: never.",
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            "-i",
            envvar="OPWATCH_INTERVAL",
            parser=opt.duration,
            metavar=opt.DURATION,
            help="Poll this often, instead of as the profile says.",
        ),
    ] = None,
    any_: Annotated[
        bool,
        typer.Option(
            "--any/--all",
            metavar="",
            help="Stop at the first success; or wait for all.",
            show_default="--all",
        ),
    ] = False,
    fail_fast: Annotated[
        bool,
        typer.Option(
            "--fail-fast", metavar="", help="Stop watching at the first that does not succeed."
        ),
    ] = False,
    stall: Annotated[
        float | None,
        typer.Option(
            "--stall",
            parser=opt.duration,
            metavar=opt.DURATION,
            help="Give up on an operation in which nothing changes for this long (exit 124).",
        ),
    ] = None,
    lost_after: Annotated[
        str,
        typer.Option(
            "--lost-after",
            envvar="OPWATCH_LOST_AFTER",
            metavar=opt.DURATION,
            help="Give up on an operation without one good answer for this long (exit 6); "
            "0: only at the timeout.",
        ),
    ] = LOST_AFTER,
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm",
            min=1,
            max=100,
            metavar="N",
            help="Believe an end only after N equal answers.",
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="blocked",
            help="Count an operation that waits for a human as failed.",
        ),
    ] = None,
    timeout_exit_code: Annotated[
        int,
        typer.Option(
            "--timeout-exit-code",
            min=0,
            max=MOST_CODE,
            metavar="N",
            help="Exit with this code instead of 124.",
        ),
    ] = 124,
    config: opt.ConfigFile = None,
    base_url: opt.BaseUrl = None,
    as_json: opt.AsJson = False,
    as_jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl",
            metavar="",
            help="Print each event as a line of JSON; the last is the result.",
        ),
    ] = False,
    raw: opt.Raw = False,
    progress: Annotated[
        str,
        typer.Option(
            "--progress",
            envvar="OPWATCH_PROGRESS",
            metavar="auto|bars|lines|none",
            help="How progress is shown on standard error.",
        ),
    ] = "auto",
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a JUnit report of the operations."),
    ] = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    no_color: opt.NoColor = False,
    token_stdin: opt.TokenStdin = False,
    ca_file: opt.CaFile = None,
    debug: opt.Debug = False,
) -> None:
    """Wait until every operation has ended; progress is on standard error.

    Ctrl-C detaches: nothing remote is cancelled, and the command to go on is
    printed. Exit codes: 0 all succeeded, 1 one failed, 3 cancelled, 4 denied,
    5 not found, 6 unknown, 124 timed out, 130 interrupted.
    """
    from opwatch.cli.command import Command
    from opwatch.domain.outcome import Goal
    from opwatch.domain.policy import Policy
    from opwatch.output.choose import Style

    if as_json and as_jsonl:
        raise typer.BadParameter("--json and --jsonl cannot both be given")
    if progress not in set(Style):
        raise typer.BadParameter(f"--progress {progress!r} is not one of {', '.join(Style)}")
    if set(fail_on or ()) - {"blocked"}:
        raise typer.BadParameter("--fail-on knows only 'blocked'")
    command = Command(
        name="wait",
        references=references,
        profile=profile,
        params=param,
        config=config,
        base_url=base_url,
        as_json=as_json,
        as_jsonl=as_jsonl,
        raw=raw,
        quiet=quiet,
        verbose=verbose,
        no_color=no_color,
        token_stdin=token_stdin,
        ca_file=ca_file,
        debug=debug,
        progress=Style(progress),
        junit=junit,
        timeout_code=timeout_exit_code,
    )
    policy = Policy(
        goal=Goal.ANY if any_ else Goal.ALL,
        timeout=timeout,
        lost_after=opt.duration(lost_after) or None,
        stall=stall,
        interval=interval,
        confirm=confirm,
        fail_fast=fail_fast,
        fail_on_blocked=bool(fail_on),
        once=timeout == 0,
    )
    raise typer.Exit(command.run(policy))
