"""What ``opwatch replay`` reports, and what a run says of its recording.

Decides the order and the wording of an explanation: for each operation how it ended, which
answer did it, by which rule, where that is written, and what went wrong before.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO

from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Finding, Operation, Reading
from opwatch.domain.trouble import Trouble
from opwatch.output.errors import write_warning
from opwatch.output.text.clean import PLAIN, Show
from opwatch.output.text.sentences import brief, describe, ending_sentence, with_streak
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.domain.outcome import Outcome

VALUE: Final = 90
OWN_RULE: Final = "opwatch's own"


class Evidence(NamedTuple):
    """One answer about an operation, at *at* of the run's clock.

    *replies* are what it was read from, as they were recorded. *as_recorded* tells that the
    finding is what was read then: not all of the bytes are in the recording, or a mask would
    have changed it.
    """

    at: float
    finding: Finding
    replies: Sequence[Mapping[str, Any]]
    as_recorded: bool

    @property
    def status(self) -> int | None:
        """The HTTP status of its last reply."""
        return self.replies[-1].get("status") if self.replies else None


class VerdictReport(NamedTuple):
    """How the watch of *operation*, which *began* then, ended, and the *evidence* for it.

    *where* is where the rule is written that decided. *setting* is the key of the profile
    that ended the watch, and where it is written. *was* is the recorded outcome, where that
    is another.
    """

    operation: Operation
    evidence: Sequence[Evidence]
    began: float
    setting: str = ""
    was: Outcome | None = None
    where: str = ""

    @property
    def last(self) -> Evidence | None:
        """The answer that decided."""
        return self.evidence[-1] if self.evidence else None

    @property
    def rule(self) -> str:
        """The rule that decided."""
        finding = self.last and self.last.finding
        return finding.rule if isinstance(finding, Reading) else ""

    @property
    def before(self) -> list[Finding]:
        """What was found before that."""
        return [each.finding for each in self.evidence[:-1]]

    @property
    def on_the_way(self) -> list[str]:
        """The statuses and faults of exchanges that were repeated at once."""
        hops = (
            hop
            for each in self.evidence
            for reply in each.replies
            for hop in reply.get("before", ())
        )
        return [str(hop.get("status") or hop.get("fault")) for hop in hops]


def verdict_facts(
    reports: Sequence[VerdictReport], show: Show = PLAIN
) -> Iterator[tuple[str, str]]:
    """Yield what a person reads, as labels and texts."""
    for number, each in enumerate(reports):
        if number:
            yield "", ""
        yield from _facts(each, show)


def _facts(report: VerdictReport, show: Show) -> Iterator[tuple[str, str]]:
    yield "operation", ending_sentence(report.operation, show)
    if report.was is not None:
        yield "recorded", f"{OUTCOMES[report.was]}, by the profile of the run"
    last = report.last
    if last is None:
        yield "answer", "none" if report.operation.reading is None else "the one that started it"
        return
    status = "" if last.status is None else f", HTTP {last.status}"
    after = format_duration(last.at - report.began)
    yield "answer", f"{len(report.evidence)}, after {after}{status}"
    if last.as_recorded:
        yield "", "as it was read then: its bytes are not in the recording"
    match last.finding:
        case Reading() as reading:
            yield "rule", f"{report.rule}  {report.where}"
            yield "", f"status “{show(reading.status, VALUE)}” is {reading.state.value}"
        case Trouble() as trouble:
            yield "trouble", describe(trouble, show)
            yield "rule", f"{trouble.fault.value} is {trouble.rule.handling.value} ({OWN_RULE})"
        case _:
            yield "rule", "304: as the answer before"
    if report.operation.reason is not None:
        how = report.setting or OWN_RULE
        yield "ended by", f"{report.operation.reason.value} ({how})"
    met = list(_met(report, show))
    if met:
        yield "before", "; ".join(met)


def _met(report: VerdictReport, show: Show) -> Iterator[str]:
    """Yield what else came before the last answer."""
    counts = Counter(brief(each, show) for each in report.before if isinstance(each, Trouble))
    yield from (with_streak(text, count) for text, count in counts.items())
    for text, count in Counter(report.on_the_way).items():
        yield with_streak(f"{text}, asked again at once", count)
    yield from (f"moved to {show(url, VALUE)}" for url in _moves(report))


def _moves(report: VerdictReport) -> list[str]:
    moves = (each.moved_to for each in report.before if isinstance(each, Reading))
    return list(dict.fromkeys(each for each in moves if each))


def verdict_document(reports: Sequence[VerdictReport]) -> list[dict[str, Any]]:
    """Return the same for a program."""
    return [_document(each) for each in reports]


def _document(report: VerdictReport) -> dict[str, Any]:
    last, operation = report.last, report.operation
    finding = last and last.finding
    troubles = Counter(each.fault.value for each in report.before if isinstance(each, Trouble))
    return {
        "reference": operation.reference,
        "outcome": operation.outcome.value if operation.outcome else None,
        "recorded_outcome": (report.was or operation.outcome or "") or None,
        "reason": operation.reason.value if operation.reason else None,
        "answers": len(report.evidence),
        "after_seconds": round(last.at - report.began, 3) if last else 0.0,
        "http_status": last and last.status,
        "state": finding.state.value if isinstance(finding, Reading) else None,
        "status": finding.status if isinstance(finding, Reading) else None,
        "trouble": finding.fault.value if isinstance(finding, Trouble) else None,
        "decided_by": report.rule or None,
        "where": report.where or None,
        "setting": report.setting or None,
        "troubles_before": dict(troubles),
        "repeated": report.on_the_way,
        "moved_to": _moves(report),
    }


def write_incomplete(stream: TextIO | None, why: str) -> None:
    """Write that a recording ends before its run, and *why*."""
    write_warning(stream, f"the recording is not whole: {why}; the run and its exit code are")


def write_recording_ends(stream: TextIO | None, after: float, *, cut: bool) -> None:
    """Write that a recording ends *after* so many seconds, before its run did."""
    why = ": it was as large as it may be" if cut else ""
    text = f"the recording ends here, after {format_duration(after)}{why}"
    write_warning(stream, f"{text}; what the run did next is not known")


def write_asks_otherwise(stream: TextIO | None, after: float, version: str) -> None:
    """Write that this version asks at other moments than *version*, which recorded the run."""
    write_warning(
        stream,
        f"this version asks otherwise than {version} did, from {format_duration(after)} on; "
        "each operation gets its recorded answers in their order",
    )


def write_other_exit(stream: TextIO | None, recorded: int, code: int) -> None:
    """Write that a replay came to *code* where the run exited with *recorded*."""
    write_warning(stream, f"the run exited with {recorded}, its replay with {code}")
