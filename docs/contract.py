"""The exit codes in words, for the page and the help that explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import Abort, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANINGS: Final[Mapping[Abort | Outcome, str]] = {
    Abort.HANGUP: "SIGHUP was received: detached; nothing remote was cancelled",
    Abort.INTERRUPTED: "SIGINT (Ctrl-C) was received: detached; nothing remote was cancelled",
    Abort.TERMINATED: "SIGTERM was received: detached; nothing remote was cancelled",
    Abort.PIPE_CLOSED: "the reader of the output closed the pipe",
    Abort.USAGE: "usage, profile or configuration error; nothing was requested",
    Abort.BUG: "a bug in opwatch",
    Abort.UNWRITABLE: "the result could not be written (or fetched, where it was asked for)",
    Outcome.FAILED: "at least one operation failed",
    Outcome.CANCELLED: "at least one operation was cancelled, none failed",
    Outcome.DENIED: "no usable credential, or 401 or 403 even after one renewal",
    Outcome.NOT_FOUND: "the API does not know the operation, even after the grace period",
    Outcome.UNKNOWN: "contact was lost beyond the error budget, or never made",
    Outcome.TIMED_OUT: "the deadline passed, or nothing changed for as long as `--stall` allows",
    Outcome.PENDING: "still pending or running (`get` only)",
    Outcome.SUCCEEDED: "every operation succeeded (`--any`: at least one)",
}
