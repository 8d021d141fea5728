"""The options of the commands that watch operations, declared once for all of them.

Decides their names and defaults, which of them only a wait has, and which contradict
each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import click

from opwatch.cli import options as opt
from opwatch.cli.parameters import duration, option
from opwatch.domain.outcome import LOST_AFTER, NO_CONTACT, Eagerness, Goal, Policy
from opwatch.output.ci import System
from opwatch.output.terminal import Style

if TYPE_CHECKING:
    from opwatch.domain.command_line import OptionWords

FAIL_ON: Final = frozenset({"blocked", "warnings"})
HIGHEST_EXIT_CODE: Final = 255
ID: Final = "id"
"""The parameter that a reference stands for."""
WAIT_ONLY: Final = frozenset(
    (
        *("interval", "pace", "any_", "fail_fast", "stall", "lost_after", "confirm", "fail_on"),
        *("timeout_exit_code", "download", "as_jsonl", "progress", "notify", "junit"),
        *("no_state", "ci", "exec_", "report"),
    )
)
"""The fields of RunOptions that a command without a wait does not offer."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(opt.ProfileOptions):
    """The options of a command that watches; ``get`` offers none of WAIT_ONLY."""

    header: opt.Header = None
    from_: Annotated[
        str | None,
        option(
            "--from",
            metavar="FILE",
            help="Read profiles, parameters and references from a manifest (YAML or JSON).",
        ),
    ] = None
    timeout: Annotated[
        float | None,
        option(
            "--timeout",
            "-t",
            envvar="OPWATCH_TIMEOUT",
            group="end",
            often=True,
            help="Give up after this long (exit 124); 0 looks once. Default: never.",
        ),
    ] = None
    interval: Annotated[
        float | None,
        option(
            "--interval",
            "-i",
            envvar="OPWATCH_INTERVAL",
            parser=opt.interval,
            group="ask",
            help="Poll this often instead of at the profile's pace; at least 1s.",
        ),
    ] = None
    pace: Annotated[
        Eagerness,
        option(
            "--pace",
            group="ask",
            envvar="OPWATCH_PACE",
            help="Know sooner, or ask less. A sudden failure is noticed within the profile's "
            "longest pause (30s unless it says otherwise), six times that once progress was "
            "seen, or half of the usual duration where that is remembered; eager halves this, "
            "gentle doubles it. --interval overrules it.",
        ),
    ] = Eagerness.NORMAL
    any_: Annotated[
        bool,
        option(
            "--any/--all",
            group="end",
            often=True,
            help="Stop at the first success, or wait for all.",
            show_default="--all",
        ),
    ] = False
    fail_fast: Annotated[
        bool,
        option(
            "--fail-fast", group="end", help="Stop watching at the first that does not succeed."
        ),
    ] = False
    stall: Annotated[
        float | None,
        option(
            "--stall",
            group="end",
            help="Give up on an operation in which nothing changes for this long (exit 124).",
        ),
    ] = None
    lost_after: Annotated[
        str | None,
        option(
            "--lost-after",
            envvar="OPWATCH_LOST_AFTER",
            metavar="DURATION",
            parser=opt.duration_as_given,
            group="end",
            help="Give up on an operation without a good answer for this long (exit 6); "
            "0: only at the timeout. Default: 15m, and 30s for a host that was never reached.",
        ),
    ] = None
    grace: Annotated[
        float | None,
        option(
            "--grace",
            envvar="OPWATCH_GRACE",
            group="end",
            help="Bear that an operation does not exist yet for this long, then exit 5. "
            "Default: what the profile says, mostly 30s; a single look bears nothing.",
        ),
    ] = None
    confirm: Annotated[
        int | None,
        option(
            "--confirm",
            min=1,
            max=100,
            group="end",
            help="Believe an end only after N equal answers.",
        ),
    ] = None
    fail_on: Annotated[
        list[str] | None,
        option(
            "--fail-on",
            metavar="blocked|warnings",
            group="end",
            help="Count what waits for a human, or has succeeded with warnings, as failed.",
        ),
    ] = None
    timeout_exit_code: Annotated[
        int,
        option(
            "--timeout-exit-code",
            min=0,
            max=HIGHEST_EXIT_CODE,
            group="end",
            help="Exit with this code instead of 124.",
        ),
    ] = 124
    reason: Annotated[
        bool,
        option(
            "--reason/--no-reason",
            group="output",
            help="Ask the API why an operation failed, where the profile knows how.",
            show_default="--reason",
        ),
    ] = True
    result: opt.Result = False
    download: Annotated[
        Path | None,
        option(
            "--download",
            metavar="DIR",
            file_okay=False,
            group="output",
            often=True,
            help="Save each result as a file in DIR.",
        ),
    ] = None
    as_json: opt.AsJson = False
    as_jsonl: Annotated[
        bool,
        option(
            "--jsonl",
            group="output",
            help="Print each event as a line of JSON; the last is the result.",
        ),
    ] = False
    raw: opt.Raw = False
    progress: Annotated[
        Style,
        option(
            "--progress",
            envvar="OPWATCH_PROGRESS",
            group="output",
            help="How progress is shown on standard error.",
        ),
    ] = Style.AUTO
    notify: Annotated[
        bool,
        option(
            "--notify",
            group="output",
            envvar="OPWATCH_NOTIFY",
            help="At a terminal, ring and show a notification at the end of a wait over 10s.",
        ),
    ] = False
    junit: Annotated[
        Path | None,
        option("--junit", group="output", help="Write a JUnit report of the operations."),
    ] = None
    no_state: Annotated[
        bool,
        option(
            "--no-state", group="output", help="Keep nothing of this run (like OPWATCH_STATE=off)."
        ),
    ] = False
    ci: Annotated[
        System,
        option(
            "--ci",
            group="output",
            envvar="OPWATCH_CI",
            help="Report to a CI system: groups, annotations, a summary; auto knows which.",
        ),
    ] = System.AUTO
    exec_: Annotated[
        str | None,
        option(
            "--exec",
            group="output",
            metavar="'CMD {id} {outcome}'",
            help="Run this at the end of each operation, without a shell, for 30 seconds at most; "
            "what becomes of it changes no exit code. Also {reference}, {profile}, {state}, "
            "{status} and {url}.",
        ),
    ] = None
    report: Annotated[
        Path | None,
        option(
            "--report",
            group="output",
            metavar="FILE.html",
            help="Write a page with a time line of each operation, to be looked at later.",
        ),
    ] = None
    record: Annotated[
        Path | None,
        option(
            "--record",
            group="output",
            help="Write the run into a new file, secrets masked, for `opwatch replay`.",
        ),
    ] = None
    quiet: opt.Quiet = False
    verbose: opt.Verbose = False
    no_color: opt.NoColor = False
    ca_file: opt.CaFile = None
    debug: opt.Debug = False

    def __post_init__(self) -> None:
        """Check the options together.

        Raises:
            BadParameter: two contradict each other.
        """
        if self.as_json and self.as_jsonl:
            raise click.BadParameter("--json and --jsonl cannot both be given")

    @property
    def prints_json(self) -> bool:
        """Tell whether standard output is for a program."""
        return self.as_json or self.as_jsonl

    def policy(self) -> Policy:
        """Return the limits of the wait.

        Raises:
            BadParameter: one of them is not valid.
        """
        given = None if self.lost_after is None else duration(self.lost_after) or None
        fail_on = {part.strip() for each in self.fail_on or () for part in each.split(",")}
        if fail_on - FAIL_ON:
            raise click.BadParameter("--fail-on knows only 'blocked' and 'warnings'")
        return Policy(
            goal=Goal.ANY if self.any_ else Goal.ALL,
            timeout=self.timeout,
            lost_after=LOST_AFTER if self.lost_after is None else given,
            no_contact=NO_CONTACT if self.lost_after is None else given,
            stall=self.stall,
            interval=self.interval,
            pace=self.pace,
            confirm=self.confirm,
            grace=self.grace,
            fail_fast=self.fail_fast,
            fail_on_blocked="blocked" in fail_on,
            fail_on_warnings="warnings" in fail_on,
            once=self.timeout == 0,
        )

    def headers(self) -> dict[str, str]:
        """Return the headers of ``-H``, which go with every poll.

        Raises:
            UsageError: one is not ``Name: value``.
        """
        if not self.header:
            return {}
        from opwatch.session.headers import parse_headers

        return parse_headers(self.header)

    @property
    def access(self) -> OptionWords:
        """What a profile's credential and the trust in its host come from."""
        trust = () if self.ca_file is None else (("--ca-file", str(self.ca_file)),)
        return (*super().access, *trust)

    @property
    def further(self) -> OptionWords:
        """What asks for the same answers and results in another command."""
        headers = tuple(("-H", f"{name}: {value}") for name, value in self.headers().items())
        results = (("--result",),) if self.result else ()
        files = () if self.download is None else (("--download", str(self.download)),)
        return (*headers, *results, *files)
