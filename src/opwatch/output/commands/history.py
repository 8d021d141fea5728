"""What ``opwatch history`` shows of the runs that are kept.

Decides the words, and the document of ``--json``. Of each run it is told whether a process
watches it; one without an end that nobody watches was broken off. What is shown was masked
when it was kept. All times are seconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TextIO

from opwatch.domain.command_line import command_to_paste
from opwatch.domain.moments import format_duration
from opwatch.domain.outcome import Outcome, verdict
from opwatch.output.formats.document import head
from opwatch.output.formats.sheet import write_facts, write_rows
from opwatch.output.formats.writer import local_text, utc_text
from opwatch.output.streams import Sink, is_terminal
from opwatch.output.text.summary import ORDER, TO_GO_ON
from opwatch.output.text.words import CAUSES, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opwatch.domain.kept import KeptOperation, KeptRun

HEADINGS: Final = ("RUN", "STARTED", "PROFILE", "TOOK", "EXIT", "OPERATIONS", TO_GO_ON.upper())
OF_OPERATION: Final = ("OPERATION", "OUTCOME", "STATUS", "TOOK", "DETAIL")
WATCHED: Final = "still running"
BROKEN_OFF: Final = "broken off"
OPEN: Final = "open"


def resume_command(run: KeptRun) -> str:
    """Return the command that goes on with *run*: as long again, if its deadline ended it."""
    end, words = run.deadline, ["--resume", run.id]
    if end is not None and (run.ended_at or run.written_at) >= end:
        words += ["--timeout", f"{max(1, round(end - run.started_at))}s"]
    words += ["--token-stdin"] if run.options.get("token_stdin") else []
    return command_to_paste("wait", (), *words)


def write_runs(stream: TextIO | None, runs: Sequence[tuple[KeptRun, bool]]) -> None:
    """Write a row for each of *runs*.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    terminal = is_terminal(stream)
    rows = [
        (
            run.id,
            _time(run.started_at, terminal=terminal),
            _profiles(run),
            format_duration(_took(run)),
            _standing(run, watched=watched),
            _counted(run),
            _way_on(run, watched=watched) or "",
        )
        for run, watched in runs
    ]
    write_rows(stream, HEADINGS, rows)


def write_run(stream: TextIO | None, run: KeptRun, watched: bool) -> None:  # noqa: FBT001, as in a row
    """Write all that is kept of *run*.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    terminal = is_terminal(stream)
    facts = [
        ("run", f"{run.id} (opwatch {run.command})"),
        ("profile", _profiles(run)),
        ("started", _time(run.started_at, terminal=terminal)),
        ("took", format_duration(_took(run))),
        ("exit", _standing(run, watched=watched)),
        ("operations", _counted(run)),
        (TO_GO_ON, _way_on(run, watched=watched) or ""),
    ]
    write_facts(stream, [(label, text) for label, text in facts if text])
    Sink(stream).line("")
    rows = [
        (
            each.reference,
            _outcome(each.outcome),
            each.status or each.state or "",
            format_duration((each.ended_at or run.written_at) - each.watched_from),
            " ".join(filter(None, (_marks(each), each.message))),
        )
        for each in run.operations
    ]
    write_rows(stream, OF_OPERATION, rows)


def _marks(kept: KeptOperation) -> str:
    marks = (kept.reason, "with warnings" if kept.partial and kept.reason is None else None)
    return "".join(f"({each})" for each in marks if each)


def write_cleared(stream: TextIO | None, count: int) -> None:
    """Write that *count* runs are forgotten."""
    runs = "1 run is" if count == 1 else f"{count:,} runs are"
    Sink(stream, required=False).line(f"opwatch: {runs} forgotten")


def history_document(runs: Sequence[tuple[KeptRun, bool]]) -> dict[str, Any]:
    """Return the document of ``history --json``."""
    return {
        **head("history", verdict([Outcome.SUCCEEDED])),
        "runs": [_run(run, watched=watched) for run, watched in runs],
    }


def _run(run: KeptRun, *, watched: bool) -> dict[str, Any]:
    return {
        "id": run.id,
        "command": run.command,
        "profile": run.profile,
        "started_at": utc_text(run.started_at),
        "ended_at": utc_text(run.ended_at),
        "elapsed_seconds": round(_took(run), 3),
        "exit_code": run.code,
        "exit_reason": run.cause,
        "watched": watched,
        "resume": _way_on(run, watched=watched),
        "summary": {"total": len(run.operations), **_counts(run)},
        "operations": [_operation(each) for each in run.operations],
    }


def _operation(kept: KeptOperation) -> dict[str, Any]:
    names = ("reference", "id", "profile", "state", "status", "message", "outcome", "reason")
    return {name: getattr(kept, name) or None for name in names} | {
        "warnings": kept.message or "" if kept.partial else None,
        "watched_from": utc_text(kept.watched_from),
        "last_confirmed_at": utc_text(kept.confirmed_at),
        "ended_at": utc_text(kept.ended_at),
    }


def _way_on(run: KeptRun, *, watched: bool) -> str | None:
    return None if watched or not run.left else resume_command(run)


def _standing(run: KeptRun, *, watched: bool) -> str:
    if run.code is None:
        return WATCHED if watched else BROKEN_OFF
    causes = {each.value: words for each, words in CAUSES.items()}
    return f"{run.code} ({causes.get(run.cause or '', run.cause)})"


def _took(run: KeptRun) -> float:
    return (run.ended_at or run.written_at) - run.started_at


def _profiles(run: KeptRun) -> str:
    return run.profile or ", ".join(sorted({each.profile for each in run.operations}))


def _counts(run: KeptRun) -> dict[str, int]:
    found = Counter(each.outcome or OPEN for each in run.operations)
    return {each: found[each] for each in (*map(str, ORDER), OPEN) if found[each]}


def _counted(run: KeptRun) -> str:
    return ", ".join(f"{count:,} {_outcome(each)}" for each, count in _counts(run).items())


def _outcome(outcome: str | None) -> str:
    return OUTCOMES[Outcome(outcome)] if outcome and outcome != OPEN else OPEN


def _time(at: float, *, terminal: bool) -> str:
    return local_text(at, "%Y-%m-%d %H:%M") if terminal else utc_text(at) or ""
