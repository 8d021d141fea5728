"""What a command takes from outside: its environment, its terminal, its standard error.

Decides who is told of a secret, and what is said before a run shows anything.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opwatch.cli.view import is_terminal
from opwatch.credentials import Redactor
from opwatch.output.ci.github import registrar
from opwatch.output.commands.login import announcer, notifier
from opwatch.output.trace import trace
from opwatch.session.context import RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def context_of(
    environ: Mapping[str, str],
    *,
    ca_file: Path | None = None,
    quiet: bool = False,
    verbose: bool = False,
) -> RunContext:
    """Return the surroundings of a command; a *quiet* one says nothing beforehand."""
    redactor = Redactor(registrar(sys.stderr, environ))
    stream = None if quiet else sys.stderr
    return RunContext(
        environ=environ,
        ca_file=ca_file,
        interactive=is_terminal(sys.stdin) and is_terminal(sys.stderr),
        catch_signals=True,
        redactor=redactor,
        trace=trace(sys.stderr, redact=redactor) if verbose else None,
        announce=announcer(stream),
        notice=notifier(stream, redact=redactor),
    )
