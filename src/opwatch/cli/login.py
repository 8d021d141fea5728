"""``opwatch auth login`` and ``logout``: from a person, or a pipe, to the keyring.

Decides where the secret is read: at a terminal without showing it, else from
standard input, and for a login with a code from nobody.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from opwatch.api.auth import log_in_by_device, login_to
from opwatch.cli.hidden import hidden_line
from opwatch.cli.view import is_terminal
from opwatch.domain.errors import UsageError
from opwatch.domain.secret import Secret
from opwatch.engine import run_to_end
from opwatch.output.login import question, write_device, write_forgotten, write_kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.api.outside import Outside
    from opwatch.cli.gather import Chosen
    from opwatch.credentials import DevicePrompt, Login
    from opwatch.profiles import Profile

MOST_STDIN: Final = 64 * 1024


def log_in(chosen: Chosen, outside: Outside, *, from_stdin: bool) -> int:
    """Keep what a person gives; return the exit code."""
    profile = chosen.bound_profile()
    keeping = login_to(profile, outside)
    if keeping.by_device is not None and not from_stdin:
        run_to_end(log_in_by_device(profile, outside, _shown(outside)))
    else:
        run_to_end(keeping.store(_given(keeping, profile)))
    write_kept(sys.stderr, keeping.asks_for, profile.name, keeping.account)
    return 0


def _given(keeping: Login, profile: Profile) -> Secret:
    """Return what a person types or standard input holds."""
    title = keeping.asks_for
    if is_terminal(sys.stdin):
        prompt = question(sys.stderr, title, profile.name, keeping.account)
        given = hidden_line(prompt)
    elif sys.stdin is None:
        raise UsageError("standard input is closed, and no terminal is there to ask at")
    else:
        given = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(given) > MOST_STDIN:
        raise UsageError("standard input is longer than 64 KiB")
    text = given.decode("utf-8-sig", "surrogateescape")
    if any("\udc80" <= each <= "\udcff" for each in text):
        raise UsageError(f"the {title} is no text in UTF-8")
    return Secret(text)


def _shown(outside: Outside) -> Callable[[DevicePrompt], None]:
    def show(prompt: DevicePrompt) -> None:
        write_device(
            sys.stderr,
            user_code=prompt.user_code,
            url=prompt.url,
            complete_url=prompt.complete_url,
            expires_in=prompt.expires_in,
            redact=outside.redactor,
        )

    return show


def log_out(chosen: Chosen, outside: Outside) -> int:
    """Delete what was kept; return the exit code."""
    profile = chosen.bound_profile()
    keeping = login_to(profile, outside)
    was_there = run_to_end(keeping.forget())
    write_forgotten(sys.stderr, keeping.asks_for, profile.name, was_there=was_there)
    return 0
