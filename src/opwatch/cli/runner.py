"""The part that every watching command has in common, from options to exit code.

Decides how the shared options become a profile, a plan, surroundings and a view.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from opwatch.cli.outside import context_of
from opwatch.cli.running import run_watch
from opwatch.cli.selection import ID, Selection
from opwatch.cli.view import View
from opwatch.domain.outcome import ExitCode
from opwatch.output.terminal.display import Style
from opwatch.session.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from opwatch.domain.policy import Policy
    from opwatch.session.context import RunContext
    from opwatch.session.plan import ResultOptions, StartRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The options that all watching commands share, as they were typed.

    *starting* reads what is to be sent first, where an operation is to be started.
    """

    name: str
    references: Sequence[str] | None = None
    profile: str | None = None
    params: Sequence[str] | None = None
    config: Path | None = None
    base_url: str | None = None
    as_json: bool = False
    as_jsonl: bool = False
    raw: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    token_stdin: bool = False
    ca_file: Path | None = None
    debug: bool = False
    progress: Style = Style.AUTO
    junit: Path | None = None
    timeout_code: int = ExitCode.TIMED_OUT
    result: bool = False
    download: Path | None = None
    starting: Callable[[], StartRequest] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def run(self, policy: Policy) -> int:
        """Watch under *policy*; return the exit code."""
        context = self.context()
        return run_watch(
            lambda: self.prepare(policy, context),
            self._view(context),
            timeout_code=self.timeout_code,
            debug=self.debug,
        )

    def context(self) -> RunContext:
        """Return the surroundings of the run."""
        return context_of(
            self.environ, ca_file=self.ca_file, quiet=self.quiet, verbose=self.verbose
        )

    def prepare(self, policy: Policy, context: RunContext) -> tuple[Plan, RunContext]:
        """Return what to do, and the surroundings with the token that was piped in.

        Raises:
            UsageError: an option, a reference or what is to be sent is of no use.
        """
        selection = Selection(
            references=tuple(self.references or ()),
            profile=self.profile,
            params=tuple(self.params or ()),
            config=self.config,
            base_url=self.base_url,
            token_stdin=self.token_stdin,
            environ=self.environ,
        )
        token = selection.token()
        plan = (
            selection.plan(policy) if self.starting is None else self._to_start(selection, policy)
        )
        plan = replace(plan, results=self._results())
        if plan.assumed and not self.quiet:
            from opwatch.output.commands.start import write_assumptions

            write_assumptions(
                sys.stderr, plan.targets, has_token=self.token_stdin, redact=context.redactor
            )
        return plan, replace(context, token_from_stdin=token)

    def _to_start(self, selection: Selection, policy: Policy) -> Plan:
        """Return a plan whose operations are not yet known; what it is to send is checked."""
        from opwatch.session.start import starting_request

        assert self.starting is not None  # noqa: S101, narrows the type
        starting = self.starting()
        profile = replace(selection, references=(starting.path,)).bound_profile()
        starting_request(profile, starting)
        return Plan({profile.name: profile}, (), policy, starting=starting)

    def _results(self) -> ResultOptions | None:
        """Return what is to be done about results, the folder for them made ready."""
        if not self.result and self.download is None:
            return None
        from opwatch.session.download import ready_folder
        from opwatch.session.plan import ResultOptions

        return ResultOptions(None if self.download is None else ready_folder(self.download))

    def _view(self, context: RunContext) -> View:
        quiet = self.quiet or self.name == "get"
        # Lines of a trace would tear the bars apart.
        style = Style.LINES if self.verbose and self.progress is Style.AUTO else self.progress
        return View(
            command=self.name,
            clock=context.clock,
            redact=context.redactor,
            style=Style.NONE if quiet else style,
            as_json=self.as_json,
            as_jsonl=self.as_jsonl,
            raw=self.raw,
            no_color=self.no_color,
            table=self.name == "get" and not self.quiet,
            junit=self.junit,
            resume_with=None if self.name == "get" else self.same_again(),
            environ=self.environ,
        )

    def same_again(self) -> tuple[str, ...]:
        """Return the arguments that choose the same profile and results in another command."""
        words: list[str] = []
        for option, value in (
            ("-p", self.profile),
            ("--config", self.config),
            ("--base-url", self.base_url),
        ):
            if value is not None:
                words += [option, str(value)]
        for param in self.params or ():
            # It named what an answer did not, and is a reference from now on.
            words += [] if param.partition("=")[0].strip() == ID else ["--param", param]
        words += ["--result"] if self.result else []
        words += ["--download", str(self.download)] if self.download is not None else []
        return tuple(words)
