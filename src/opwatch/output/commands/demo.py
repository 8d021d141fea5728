"""What ``opwatch demo`` prints around the wait that it shows.

Decides that a newcomer learns what is served, what the wait would have exited with,
and what to try next.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, TextIO

from opwatch.output.streams import Sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WHY: Final = {0: "every operation succeeded", 1: "one operation failed"}


def write_opening(stream: TextIO | None, count: int) -> None:
    """Write what is going to be watched."""
    sink = Sink(stream, required=False)
    sink.say(f"{count} operations of five APIs, served from this machine.", "")
    sink.say("The profiles, the requests and the bars are real. One will fail.", "")
    sink.line("")


def write_check(stream: TextIO | None, code: int, right: int, total: int) -> None:
    """Write what the wait would have exited with, and whether every outcome was true."""
    sink = Sink(stream, required=False)
    why = _WHY.get(code, "see the table above")
    sink.line("")
    sink.say(f"opwatch wait would have exited with {code}: {why}.", "")
    if right == total:
        checked = f"{right} of {total} outcomes are what really happened."
        sink.say(f"Checked against the server: {checked}", "")
        sink.say("opwatch demo --serve   or   opwatch profile list", "Next:  ")
    else:
        checked = f"only {right} of {total} outcomes are what happened."
        sink.say(f"This is a bug in opwatch: {checked}", "")


def write_invitation(
    stream: TextIO | None,
    *,
    count: int,
    base_url: str,
    environ: Mapping[str, str],
    watches: Iterable[Sequence[str]],
    pipes: Iterable[tuple[Sequence[str], str, str]],
    starts: Iterable[Sequence[str]],
) -> None:
    """Print commands to paste into a shell in which *environ* is set.

    *watches* and *starts* are the words of whole commands. Of *pipes*, each has the
    words of a call by curl, a header that a shell fills in, and the profile's name.
    """
    sink = Sink(stream)
    sink.line(
        f"# A server on this machine stands in for {count} APIs at {base_url}. Ctrl-C ends it."
    )
    sink.line("# Paste into another terminal:")
    settings = [f"{name}={shlex.quote(value)}" for name, value in environ.items()]
    sink.line(" ".join(["export", *settings]))
    for words in watches:
        sink.line(shlex.join(words))
    sink.line("# Start another operation with curl, and pipe the answer to a wait:")
    for call, header, profile in pipes:
        sink.line(f'{shlex.join(call)} -H "{header}" | opwatch wait -p {profile} -')
    sink.line("# Or let opwatch start it, with the profile's credential, and wait:")
    for words in starts:
        sink.line(shlex.join(words))
