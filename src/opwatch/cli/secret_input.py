"""A secret that a person gives: typed without being shown, or piped in.

Decides where it is read, at the terminal if standard input is one, how long it may
be, and that the marks which some systems put around a text do not count.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from opwatch.cli.hidden import hidden_line
from opwatch.cli.view import is_terminal
from opwatch.domain.errors import UsageError
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_STDIN: Final = 64 * 1024


def given_secret(prompt: Callable[[], str]) -> Secret:
    """Return what a person types after *prompt*, or what standard input holds.

    Bytes that are no UTF-8 are kept as half surrogate pairs: no secret may hold one.

    Raises:
        UsageError: standard input is closed, or it is too long.
    """
    if is_terminal(sys.stdin):
        given = hidden_line(prompt())
    elif sys.stdin is None:
        raise UsageError("standard input is closed, and no terminal is there to ask at")
    else:
        given = sys.stdin.buffer.read(MOST_STDIN + 1)
    if len(given) > MOST_STDIN:
        raise UsageError("standard input is longer than 64 KiB")
    return Secret(given.decode("utf-8-sig", "surrogateescape"))
