"""What ``opwatch history`` shows of the runs that are kept.

Decides the words, and the document of ``--json``. All times are seconds since the epoch.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.duration import format_duration
from opwatch.domain.outcome import ExitCode, Outcome
from opwatch.output.formats.document import FORMAT
from opwatch.output.formats.sheet import write_facts, write_rows
from opwatch.output.streams import Sink
from opwatch.output.text.summary import ORDER, TO_GO_ON
from opwatch.output.text.words import CAUSES, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

RUNS: Final = ("RUN", "STARTED", "PROFILE", "TOOK", "EXIT", "OPERATIONS", TO_GO_ON.upper())
OPERATIONS: Final = ("OPERATION", "OUTCOME", "STATUS", "TOOK", "DETAIL")
WATCHED: Final = "still running"
BROKEN_OFF: Final = "broken off"
OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationReport:
    """One operation of a run that is kept."""

    reference: str
    id: str
    profile: str
    state: str | None
    status: str
    message: str | None
    outcome: str | None
    reason: str | None
    watched_from: float
    confirmed_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run that is kept. Without *ended_at* it is either watched still, or was broken off."""

    id: str
    command: str
    profile: str | None
    started_at: float
    written_at: float
    ended_at: float | None
    code: int | None
    cause: str | None
    is_watched: bool
    resume: str | None
    operations: Sequence[OperationReport]

    @property
    def standing(self) -> str:
        """How it ended, or that it has not."""
        if self.code is None:
            return WATCHED if self.is_watched else BROKEN_OFF
        causes = {each.value: words for each, words in CAUSES.items()}
        return f"{self.code} ({causes.get(self.cause or '', self.cause)})"

    @property
    def took(self) -> str:
        """How long it was watched, as far as anybody knows."""
        return format_duration((self.ended_at or self.written_at) - self.started_at)

    @property
    def profiles(self) -> str:
        """The profile that was named, or those that were found."""
        return self.profile or ", ".join(sorted({each.profile for each in self.operations}))

    @property
    def counts(self) -> dict[str, int]:
        """How many operations ended how."""
        found = Counter(each.outcome or OPEN for each in self.operations)
        return {
            each: found[each] for each in (*(each.value for each in ORDER), OPEN) if found[each]
        }


def write_runs(
    stream: TextIO | None, runs: Sequence[RunReport], *, terminal: bool, width: int = 80
) -> None:
    """Write a row for each of *runs*.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    rows = [
        (
            each.id,
            _time(each.started_at, terminal=terminal),
            each.profiles,
            each.took,
            each.standing,
            _counted(each),
            each.resume or "",
        )
        for each in runs
    ]
    write_rows(stream, RUNS, rows, terminal=terminal, width=width)


def write_run(stream: TextIO | None, run: RunReport, *, terminal: bool, width: int = 80) -> None:
    """Write all that is kept of *run*.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    facts = [
        ("run", f"{run.id} (opwatch {run.command})"),
        ("profile", run.profiles),
        ("started", _time(run.started_at, terminal=terminal)),
        ("took", run.took),
        ("exit", run.standing),
        ("operations", _counted(run)),
    ]
    if run.resume is not None:
        facts.append((TO_GO_ON, run.resume))
    write_facts(stream, facts)
    Sink(stream).line("")
    rows = [
        (
            each.reference,
            _outcome(each.outcome),
            each.status or each.state or "",
            format_duration((each.ended_at or run.written_at) - each.watched_from),
            " ".join(filter(None, (each.reason and f"({each.reason})", each.message))),
        )
        for each in run.operations
    ]
    write_rows(stream, OPERATIONS, rows, terminal=terminal, width=width)


def write_cleared(stream: TextIO | None, count: int) -> None:
    """Write that *count* runs are forgotten."""
    runs = "1 run is" if count == 1 else f"{count:,} runs are"
    Sink(stream, required=False).line(f"opwatch: {runs} forgotten")


def history_document(runs: Sequence[RunReport]) -> dict[str, Any]:
    """Return the document of ``history --json``."""
    return {
        "format": FORMAT,
        "command": "history",
        "exit_code": int(ExitCode.SUCCEEDED),
        "exit_reason": Outcome.SUCCEEDED.value,
        "runs": [_run(each) for each in runs],
    }


def _run(run: RunReport) -> dict[str, Any]:
    return {
        "id": run.id,
        "command": run.command,
        "profile": run.profile,
        "started_at": _zulu(run.started_at),
        "ended_at": _zulu(run.ended_at),
        "elapsed_seconds": round((run.ended_at or run.written_at) - run.started_at, 3),
        "exit_code": run.code,
        "exit_reason": run.cause,
        "watched": run.is_watched,
        "resume": run.resume,
        "summary": {"total": len(run.operations), **run.counts},
        "operations": [
            {
                "reference": each.reference,
                "id": each.id,
                "profile": each.profile or None,
                "state": each.state,
                "status": each.status or None,
                "message": each.message,
                "outcome": each.outcome,
                "reason": each.reason,
                "watched_from": _zulu(each.watched_from),
                "last_confirmed_at": _zulu(each.confirmed_at),
                "ended_at": _zulu(each.ended_at),
            }
            for each in run.operations
        ],
    }


def _counted(run: RunReport) -> str:
    return ", ".join(f"{count:,} {_outcome(each)}" for each, count in run.counts.items())


def _outcome(outcome: str | None) -> str:
    return OUTCOMES[Outcome(outcome)] if outcome and outcome != OPEN else OPEN


def _moment(at: float) -> datetime:
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(at, UTC)
    return datetime.fromtimestamp(0, UTC)


def _time(at: float, *, terminal: bool) -> str:
    if not terminal:
        return _zulu(at) or ""
    return f"{_moment(at).astimezone():%Y-%m-%d %H:%M}"


def _zulu(at: float | None) -> str | None:
    if at is None:
        return None
    return _moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
