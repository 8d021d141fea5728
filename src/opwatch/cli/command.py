"""The part that every watching command has in common, from options to exit code.

Decides how the shared options become a profile, a plan, surroundings and a view.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from opwatch.api.outside import Outside
from opwatch.cli.gather import Chosen
from opwatch.cli.running import run_watch
from opwatch.cli.view import View, is_terminal
from opwatch.domain.outcome import ExitCode
from opwatch.output.choose import Style
from opwatch.output.trace import trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from opwatch.api.plan import Plan
    from opwatch.domain.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The options that all watching commands share, as they were typed."""

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
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def run(self, policy: Policy) -> int:
        """Watch under *policy*; return the exit code."""
        outside = Outside(
            environ=self.environ,
            ca_file=self.ca_file,
            interactive=is_terminal(sys.stdin) and is_terminal(sys.stderr),
            catch_signals=True,
        )
        if self.verbose:
            outside = replace(outside, trace=trace(sys.stderr, redact=outside.redactor))
        return run_watch(
            lambda: self._prepare(policy, outside),
            self._view(outside),
            timeout_code=self.timeout_code,
            debug=self.debug,
        )

    def _prepare(self, policy: Policy, outside: Outside) -> tuple[Plan, Outside]:
        chosen = Chosen(
            references=tuple(self.references or ()),
            profile=self.profile,
            params=tuple(self.params or ()),
            config=self.config,
            base_url=self.base_url,
            token_stdin=self.token_stdin,
            environ=self.environ,
        )
        token = chosen.token()
        plan = chosen.plan(policy)
        if plan.assumed and not self.quiet:
            from opwatch.output.assumption import write_assumptions

            write_assumptions(
                sys.stderr, plan.targets, has_token=self.token_stdin, redact=outside.redactor
            )
        return plan, replace(outside, token=token)

    def _view(self, outside: Outside) -> View:
        quiet = self.quiet or self.name == "get"
        # Lines of a trace would tear the bars apart.
        style = Style.LINES if self.verbose and self.progress is Style.AUTO else self.progress
        return View(
            command=self.name,
            clock=outside.clock,
            redact=outside.redactor,
            style=Style.NONE if quiet else style,
            as_json=self.as_json,
            as_jsonl=self.as_jsonl,
            raw=self.raw,
            no_color=self.no_color,
            table=self.name == "get" and not self.quiet,
            junit=self.junit,
            resume_with=None if self.name == "get" else self._same_again(),
            environ=self.environ,
        )

    def _same_again(self) -> tuple[str, ...]:
        """Return the arguments that choose the same profile in another command."""
        words: list[str] = []
        for option, value in (
            ("-p", self.profile),
            ("--config", self.config),
            ("--base-url", self.base_url),
        ):
            if value is not None:
                words += [option, str(value)]
        for param in self.params or ():
            words += ["--param", param]
        return tuple(words)
