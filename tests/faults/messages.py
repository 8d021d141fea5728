"""What a person reads about each fault, in one file, to be read in one sitting.

    python tests/faults/messages.py        # writes messages.golden.txt anew

The real watcher meets each kind of trouble twice, at the first contact and in the middle
of a wait, until it gives up; the real renderers write the rest. What keeps a run from
beginning comes from the real program.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opwatch.domain.errors import (
    BadReferenceError,
    CredentialError,
    PipeClosedError,
    Problem,
    ProfileError,
    TriedSource,
    UnwritableError,
    UsageError,
)
from opwatch.domain.events import Finished, Oddity, Troubled, Warned
from opwatch.domain.operation import Contradiction, State
from opwatch.domain.outcome import Outcome, Policy, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.errors import error_lines
from opwatch.output.streams import Sink
from opwatch.output.terminal.board import Board
from opwatch.output.terminal.frame import compose
from opwatch.output.terminal.lines import Lines
from opwatch.output.text.sentences import ending_sentence, warning_text
from opwatch.output.text.styles import UNICODE, plain
from output.screen import Page
from output.script import Story, wall_of
from simulation.world import Host, Job, Run, Spell, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.operation import Answer, Poll

GOLDEN: Final = Path(__file__).with_name("messages.golden.txt")
HOST: Final = "api.example.com"
NAME: Final = "import-44"
FOREVER: Final = 1e9
LATER: Final = 25.0

# What a library, a server or a system is likely to say, and with which status.
EXAMPLES: Final[Mapping[Fault, tuple[str, int | None]]] = {
    Fault.UNRESOLVED: ("Name or service not known", None),
    Fault.CONNECT_TIMEOUT: ("is this an https port?", None),
    Fault.CERTIFICATE: ("certificate has expired", None),
    Fault.TLS: ("wrong version number", None),
    Fault.PROXY: ("proxy.example.com:3128 answered 403 Forbidden", None),
    Fault.OS_ERROR: ("Permission denied", None),
    Fault.PROTOCOL: ("illegal status line", None),
    Fault.ENCODING: ("br, gzip", None),
    Fault.FOREIGN_ORIGIN: ("https://evil.example", 302),
    Fault.REDIRECT_LOOP: ("redirect 4", 302),
    Fault.BAD_REDIRECT: ("no Location", 302),
    Fault.BAD_REQUEST: ("the URL holds a character that no URL may hold", None),
    Fault.STATUS_TRANSIENT: ("Bad Gateway", 502),
    Fault.STATUS_THROTTLED: ("", 429),
    Fault.STATUS_UNAUTHORIZED: ("the token has expired", 401),
    Fault.STATUS_FORBIDDEN: ("missing scope exports:read", 403),
    Fault.STATUS_PROXY_AUTH: ("", 407),
    Fault.STATUS_NOT_FOUND: ("no such import", 404),
    Fault.STATUS_GONE: ("purged after 24 hours", 410),
    Fault.STATUS_TOO_LARGE_BATCH: ("", 413),
    Fault.STATUS_UNSUPPORTED: ("", 501),
    Fault.STATUS_REFUSED: ("id must be a number", 422),
    Fault.STATUS_UNEXPECTED: ("", 999),
    Fault.NOT_MODIFIED_UNASKED: ("", 304),
    Fault.HTML: ("“Sign in”", 200),
    Fault.XML: ("Access Denied", 200),
    Fault.NOT_JSON: ("it ends in the middle", 200),
    Fault.NOT_AN_OBJECT: ("a list", 200),
    Fault.NO_STATUS: ("'operation.status'", 200),
    Fault.WRONG_ID: ("asked 'import-44', got 'import-45'", 200),
    Fault.API_ERROR: ("the database is read-only", 200),
    Fault.API_REFUSED: ("invalid filter", 200),
    Fault.API_DENIED: ("the key has been revoked", 200),
    Fault.API_NOT_FOUND: ("no job 44", 200),
    Fault.API_THROTTLED: ("10 requests a minute", 200),
    Fault.NO_CREDENTIAL: ("keyring is locked", None),
    Fault.RENEWAL_REFUSED: ("invalid_grant", None),
    Fault.TOKEN_REFUSED: ("HTTP 401: invalid_client: no such client", 401),
    Fault.TOKEN_FAILED: ("HTTP 503", 503),
    Fault.RENEWAL_FAILED: ("HTTP 503", 503),
}


# -- troubles ------------------------------------------------------------------------


def of_fault(fault: Fault) -> Iterator[str]:
    """Yield what a person reads about *fault*: beside a bar, in a log, and in the end."""
    first, later = _run_with(fault, since=0.0), _run_with(fault, since=LATER)
    yield f"{fault.value}"
    yield f"  bar     {_note(later)}"
    yield f"  log     {_logged(later, 'trouble:')}"
    yield f"  first   {_ending(first)}"
    yield f"  later   {_ending(later)}"
    yield f"  to fix  {_logged(later, 'to fix:')}"


def _run_with(fault: Fault, since: float) -> Run:
    detail, status = EXAMPLES.get(fault, ("", None))
    trouble = Trouble(fault, detail, status, host=HOST)
    spell = Spell(since, FOREVER, trouble)
    origin = f"https://{HOST}"
    world = _WorldWithHosts(
        {NAME: Job(FOREVER, host=origin, percent=lambda _part: 25.0)},
        {origin: Host(latency=(0.1, 0.1), spells=(spell,))},
    )
    return world.watch(Policy(lost_after=60.0))


class _WorldWithHosts(World):
    """A world whose troubles have the name of the host."""

    def answer(self, poll: Poll, now: float) -> tuple[float, Answer]:
        at, answer = super().answer(poll, now)
        findings = tuple(
            replace(each, host=HOST) if isinstance(each, Trouble) else each
            for each in answer.findings
        )
        return at, replace(answer, findings=findings)


def _note(run: Run) -> str:
    """Return what stands beside the bar after the first bad answer."""
    board = Board()
    for event in run.events:
        board.take(event)
        if isinstance(event, Troubled):
            row = plain(compose(board, event.at, (120, 10), UNICODE)[1])
            return re.split(r"\s{2,}", row, maxsplit=5)[-1]
    return ""


def _logged(run: Run, words: str) -> str:
    page = Page()
    verdict = run.verdict
    with Lines(Sink(page), wall_of=wall_of) as renderer:
        for event in [*run.events, Finished(run.ended, run.watcher.operations, verdict)]:
            renderer(event)
    for line in page.getvalue().splitlines():
        _, found, text = line.partition(words)
        if found:
            return text.strip() if words == "to fix:" else f"{NAME} {found} {text.strip()}"
    return "-"


def _ending(run: Run) -> str:
    (operation,) = run.watcher.operations
    return f"exit {run.verdict.code}  {ending_sentence(operation)}"


# -- other ends ----------------------------------------------------------------------


def of_ends() -> Iterator[str]:
    """Yield how an operation ends, in a log, where no trouble ended it."""
    yield "ends"
    for reason in Reason:
        story = Story([NAME]).wait(72, 72)
        story.read(
            NAME,
            "IN_REVIEW",
            25.0,
            state=State.BLOCKED,
            message="needs a second pair of eyes",
            contradiction=_CONFLICT if reason is Reason.CONTRADICTED else None,
        )
        story.bad(NAME, Fault.STATUS_TRANSIENT, status=502).wait(72, 72)
        story.end(NAME, _OUTCOMES.get(reason, Outcome.UNKNOWN), reason)
        yield f"  {reason.value:<15} {ending_sentence(story.operations[NAME])}"


_CONFLICT: Final = Contradiction("status", "COMPLETED", "run.status", "IN_PROGRESS")
_OUTCOMES: Final = {
    Reason.DENIED: Outcome.DENIED,
    Reason.NO_CREDENTIAL: Outcome.DENIED,
    Reason.NEVER_FOUND: Outcome.NOT_FOUND,
    Reason.GONE: Outcome.NOT_FOUND,
    Reason.DEADLINE: Outcome.TIMED_OUT,
    Reason.RATE_LIMITED: Outcome.TIMED_OUT,
    Reason.STALLED: Outcome.TIMED_OUT,
    Reason.BLOCKED: Outcome.FAILED,
    Reason.NOT_WAITED: Outcome.PENDING,
    Reason.DETACHED: Outcome.PENDING,
    Reason.STOPPED_EARLY: Outcome.PENDING,
}


def of_oddities() -> Iterator[str]:
    """Yield what is warned of once."""
    yield "warnings"
    texts = {
        Oddity.UNKNOWN_STATUS: "CONJURING",
        Oddity.CONTRADICTION: str(_CONFLICT),
        Oddity.WAIT_CAPPED: "86400",
        Oddity.BATCH_HALVED: "50",
        Oddity.WAIT_LONG: "3000",
        Oddity.SLOW: "580",
    }
    for oddity in Oddity:
        text = texts.get(oddity, "the answer holds a key twice; the last one counts")
        yield f"  {oddity.value:<15} {warning_text(Warned(0.0, oddity, text, NAME))}"


ERRORS: Final[tuple[BaseException, ...]] = (
    UsageError("no operation given", hint="name at least one id or URL, or write '-' to read them"),
    BadReferenceError(
        "https://evil.example/ops/44",
        "https://evil.example is not the profile's own (https://api.example.com)",
        hint="choose the profile of that API with -p, or list the host under allow_hosts; "
        "for this API at another address add  --base-url https://evil.example",
    ),
    ProfileError(
        (
            Problem(
                "config.yaml", 9, 5, "unknown key 'intervall' in 'poll'; did you mean 'interval'?",
                "    intervall: 2s",
            ),
        )
    ),
    CredentialError(
        "no credential for 'schedules'",
        profile="schedules",
        origin="https://api.bentley.com",
        tried=(TriedSource("--token-stdin", "not given"), TriedSource("ITWIN_TOKEN", "not set")),
        fixes=("export ITWIN_TOKEN=…", "opwatch auth login -p schedules"),
    ),
    UnwritableError("cannot write output: No space left on device"),
    PipeClosedError("the reader of the output has left"),
    KeyError("status"),
    MemoryError(),
    OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
)  # fmt: skip


def of_errors() -> Iterator[str]:
    """Yield what is read when a run cannot begin, or not be carried out."""
    for error in ERRORS:
        yield f"{type(error).__name__}"
        yield from (f"  {line}" for line in error_lines(error) or ["(nothing)"])


def all_messages() -> str:
    """Return the whole file."""
    head = "# What a person reads. Written by  python tests/faults/messages.py"
    sections = (*map(of_fault, Fault), of_ends(), of_oddities(), of_errors())
    blocks = (
        "\n".join(line.replace(" NAME", " my-api").rstrip() for line in section)
        for section in sections
    )
    return "\n\n".join([head, *blocks]) + "\n"


def main() -> int:
    """Write the golden file."""
    GOLDEN.write_text(all_messages(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
