"""The options of a wait, declared once for all commands that wait.

Decides their names and defaults, and which of them contradict each other.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from opwatch.cli import options as opt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opwatch.cli.runner import Command
    from opwatch.domain.policy import Policy

LOST_AFTER = "15m"
MOST_CODE = 255


@dataclass(frozen=True, kw_only=True)
class WaitOptions:
    """What was typed behind a command that waits."""

    profile: opt.ProfileName = None
    param: opt.Params = None
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
    ] = None
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            "-i",
            envvar="OPWATCH_INTERVAL",
            parser=opt.interval,
            metavar=opt.DURATION,
            help="Poll this often, instead of as the profile says; 1s at the least.",
        ),
    ] = None
    any_: Annotated[
        bool,
        typer.Option(
            "--any/--all",
            metavar="",
            help="Stop at the first success; or wait for all.",
            show_default="--all",
        ),
    ] = False
    fail_fast: Annotated[
        bool,
        typer.Option(
            "--fail-fast", metavar="", help="Stop watching at the first that does not succeed."
        ),
    ] = False
    stall: Annotated[
        float | None,
        typer.Option(
            "--stall",
            parser=opt.duration,
            metavar=opt.DURATION,
            help="Give up on an operation in which nothing changes for this long (exit 124).",
        ),
    ] = None
    lost_after: Annotated[
        str,
        typer.Option(
            "--lost-after",
            envvar="OPWATCH_LOST_AFTER",
            metavar=opt.DURATION,
            help="Give up on an operation without one good answer for this long (exit 6); "
            "0: only at the timeout.",
        ),
    ] = LOST_AFTER
    confirm: Annotated[
        int | None,
        typer.Option(
            "--confirm",
            min=1,
            max=100,
            metavar="N",
            help="Believe an end only after N equal answers.",
        ),
    ] = None
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="blocked",
            help="Count an operation that waits for a human as failed.",
        ),
    ] = None
    timeout_exit_code: Annotated[
        int,
        typer.Option(
            "--timeout-exit-code",
            min=0,
            max=MOST_CODE,
            metavar="N",
            help="Exit with this code instead of 124.",
        ),
    ] = 124
    result: opt.Result = False
    download: Annotated[
        Path | None,
        typer.Option(
            "--download",
            metavar="DIR",
            file_okay=False,
            help="Save the result of each operation that succeeds as a file in DIR.",
        ),
    ] = None
    config: opt.ConfigFile = None
    base_url: opt.BaseUrl = None
    as_json: opt.AsJson = False
    as_jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl",
            metavar="",
            help="Print each event as a line of JSON; the last is the result.",
        ),
    ] = False
    raw: opt.Raw = False
    progress: Annotated[
        str,
        typer.Option(
            "--progress",
            envvar="OPWATCH_PROGRESS",
            metavar="auto|bars|lines|none",
            help="How progress is shown on standard error.",
        ),
    ] = "auto"
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a JUnit report of the operations."),
    ] = None
    quiet: opt.Quiet = False
    verbose: opt.Verbose = False
    no_color: opt.NoColor = False
    token_stdin: opt.TokenStdin = False
    ca_file: opt.CaFile = None
    debug: opt.Debug = False

    def command(self, name: str, references: Sequence[str] | None = None) -> Command:
        """Return the command *name* with these options.

        Raises:
            BadParameter: one of them is none, or two contradict each other.
        """
        from opwatch.cli.runner import Command
        from opwatch.output.terminal.display import Style

        if self.as_json and self.as_jsonl:
            raise typer.BadParameter("--json and --jsonl cannot both be given")
        if self.progress not in set(Style):
            known = ", ".join(Style)
            raise typer.BadParameter(f"--progress {self.progress!r} is not one of {known}")
        return Command(
            name=name,
            references=references,
            profile=self.profile,
            params=self.param,
            config=self.config,
            base_url=self.base_url,
            as_json=self.as_json,
            as_jsonl=self.as_jsonl,
            raw=self.raw,
            quiet=self.quiet,
            verbose=self.verbose,
            no_color=self.no_color,
            token_stdin=self.token_stdin,
            ca_file=self.ca_file,
            debug=self.debug,
            progress=Style(self.progress),
            junit=self.junit,
            timeout_code=self.timeout_exit_code,
            result=self.result,
            download=self.download,
        )

    def policy(self) -> Policy:
        """Return the limits of the wait.

        Raises:
            BadParameter: one of them is none.
        """
        from opwatch.domain.outcome import Goal
        from opwatch.domain.policy import Policy

        if set(self.fail_on or ()) - {"blocked"}:
            raise typer.BadParameter("--fail-on knows only 'blocked'")
        return Policy(
            goal=Goal.ANY if self.any_ else Goal.ALL,
            timeout=self.timeout,
            lost_after=opt.duration(self.lost_after) or None,
            stall=self.stall,
            interval=self.interval,
            confirm=self.confirm,
            fail_fast=self.fail_fast,
            fail_on_blocked=bool(self.fail_on),
            once=self.timeout == 0,
        )


def with_wait_options(function: Callable[..., None]) -> Callable[..., None]:
    """Let *function*, whose ``options`` are a ``WaitOptions``, take its fields as options."""

    @functools.wraps(function)
    def called(**typed: Any) -> None:
        options = WaitOptions(**{each.name: typed.pop(each.name) for each in fields(WaitOptions)})
        function(**typed, options=options)

    kind = inspect.Parameter.KEYWORD_ONLY
    hints = get_type_hints(WaitOptions, include_extras=True)
    own = inspect.signature(function, eval_str=True).parameters
    shared = [
        inspect.Parameter(each.name, kind, default=each.default, annotation=hints[each.name])
        for each in fields(WaitOptions)
    ]
    kept = [each for each in own.values() if each.name != "options"]
    called.__signature__ = inspect.Signature([*kept, *shared])  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in (*kept, *shared)}
    return called
