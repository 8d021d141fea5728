"""``opwatch auth login`` and ``logout``: from a person, or a pipe, to the keyring.

Decides what is asked, and that for a login with a code nobody is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from opwatch.cli.secret_input import given_secret
from opwatch.engine import run_to_end
from opwatch.output.commands.login import secret_prompt, write_deleted, write_device, write_stored
from opwatch.session.auth import log_in_by_device, login_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.cli.selection import Selection
    from opwatch.credentials import DevicePrompt
    from opwatch.session.context import RunContext


def log_in(selection: Selection, context: RunContext, *, from_stdin: bool) -> int:
    """Keep what a person gives; return the exit code."""
    profile = selection.bound_profile()
    keeping = login_to(profile, context)
    if keeping.by_device is not None and not from_stdin:
        run_to_end(log_in_by_device(profile, context, _shown(context)))
    else:
        given = given_secret(
            lambda: secret_prompt(sys.stderr, keeping.asks_for, profile.name, keeping.account)
        )
        run_to_end(keeping.store(given))
    write_stored(sys.stderr, keeping.asks_for, profile.name, keeping.account)
    return 0


def _shown(context: RunContext) -> Callable[[DevicePrompt], None]:
    def show(prompt: DevicePrompt) -> None:
        write_device(
            sys.stderr,
            user_code=prompt.user_code,
            url=prompt.url,
            complete_url=prompt.complete_url,
            expires_in=prompt.expires_in,
            redact=context.redactor,
        )

    return show


def log_out(selection: Selection, context: RunContext) -> int:
    """Delete what was kept; return the exit code."""
    profile = selection.bound_profile()
    keeping = login_to(profile, context)
    was_there = run_to_end(keeping.forget())
    write_deleted(sys.stderr, keeping.asks_for, profile.name, was_there=was_there)
    return 0
