"""What ``opwatch demo`` says around the wait that it shows.

Decides that a newcomer is told what is played, what the wait would have exited
with, and what to try next.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.output.streams import Sink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WHY: Final = {0: "every operation succeeded", 1: "one operation failed"}


def write_opening(stream: TextIO | None, count: int) -> None:
    """Say what is going to be watched."""
    sink = Sink(stream, required=False)
    sink.line(f"{count} operations of five APIs, played by a server on this machine.")
    sink.line("The profiles, the requests and the bars are real. One will fail.")
    sink.line("")


def write_check(stream: TextIO | None, code: int, right: int, total: int) -> None:
    """Say what the wait would have exited with, and whether every outcome was true."""
    sink = Sink(stream, required=False)
    why = _WHY.get(code, "see the table above")
    sink.line("")
    sink.line(f"opwatch wait would have exited with {code}: {why}.")
    if right == total:
        sink.line(
            f"Checked against the server: {right} of {total} outcomes are what really happened."
        )
        sink.line("Next:  opwatch demo --serve   or   opwatch profile list")
    else:
        sink.line(f"This is a bug in opwatch: only {right} of {total} outcomes are what happened.")


def write_invitation(
    stream: TextIO | None,
    *,
    base_url: str,
    token: str,
    operations: Sequence[tuple[str, str, Mapping[str, str]]],
    starts: Sequence[tuple[str, str, str, str]],
) -> None:
    """Print commands to paste: one get or wait for each operation, one start for each API."""
    sink = Sink(stream)
    sink.line(f"# A server on this machine plays five APIs at {base_url}. Ctrl-C ends it.")
    sink.line("# Paste into another terminal:")
    sink.line(f"export OPWATCH_TOKEN={shlex.quote(token)} OPWATCH_BASE_URL={base_url}")
    for number, (profile, reference, params) in enumerate(operations):
        command = "wait" if number % 2 == 0 else "get"
        more = [word for key, value in params.items() for word in ("--param", f"{key}={value}")]
        sink.line(shlex.join(["opwatch", command, "-p", profile, *more, reference]))
    sink.line("# Start another one, and wait for it:")
    for profile, method, url, header in starts:
        call = shlex.join(["curl", "-si", "-X", method, url])
        sink.line(f'{call} -H "{header}" | opwatch wait -p {profile} -')
