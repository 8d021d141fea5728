"""Secrets registered with the runner of GitHub Actions, which then masks them in its log.

Decides where such a line may go, for it holds the secret itself (rule S8): to
standard error, since the runner reads both streams and standard output may carry a
result; only through a pipe, which is what the runner holds the other end of, and
never into a file or onto a terminal. And that no secret can be a command to the
runner.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import OpwatchError
from opwatch.output.streams import Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from opwatch.domain.secret import Secret

SHORTEST: Final = 6
_REMEMBERED: Final = 64


def registrar(stream: TextIO | None, environ: Mapping[str, str]) -> Callable[[Secret], None] | None:
    """Return a function that registers a secret by way of *stream*, None if no runner reads it."""
    if environ.get("GITHUB_ACTIONS") != "true" or not _is_pipe(stream):
        return None
    sink = Sink(stream, required=False)
    registered: deque[str] = deque(maxlen=_REMEMBERED)

    def register(secret: Secret) -> None:
        value = secret.reveal()
        # One that contains a registered one is masked already, as far as it matters.
        if _is_fit(value) and not any(each in value for each in registered):
            registered.append(value)
            with suppress(OpwatchError):
                sink.line(f"::add-mask::{value.replace('%', '%25')}")

    return register


def _is_fit(value: str) -> bool:
    """Tell whether *value* is one line, and long enough that masking it spoils no log."""
    return len(value) >= SHORTEST and value.isprintable() and value == value.strip()


def _is_pipe(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
