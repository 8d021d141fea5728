"""What ``opwatch profile explain`` reports: the request, the schedule, and how an answer is read.

Decides the order and the wording. Nothing of a credential is shown, not even its
scheme's word; values out of answers are remote text and cleaned.
"""

from __future__ import annotations

import json
from math import isinf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.command_line import command_to_paste, named
from opwatch.domain.durations import FEWEST, MOST
from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Basis, Finding, Reading, Target
from opwatch.domain.trouble import Trouble
from opwatch.output.text.clean import PLAIN, Show
from opwatch.output.text.sentences import describe
from opwatch.output.text.words import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.origin import AllowedOrigins
    from opwatch.domain.pacing import PollingRules

VALUE: Final = 90
LINE: Final = 400
NOTHING: Final = "-"
_ASSUMED: Final[Mapping[Basis, str]] = {
    Basis.ADDRESS: "assumed; the URL is one of its own",
    Basis.PATH: "assumed; the path is one of its API, the host is not known",
    Basis.PIPED: "named by standard input",
    Basis.WORDS: "assumed; no profile knows the URL",
}


class RequestReport(NamedTuple):
    """The request, without a secret: *headers* hold a mask where one would stand."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None


class PathValue(NamedTuple):
    """One path of *field*, and the value that was there."""

    field: str
    path: str
    value: Any


class AnswerReport(NamedTuple):
    """How a saved answer is read: the *finding*, what decided it and *where* that is written.

    *wait* is in seconds; *status* is the HTTP status.
    """

    status: int
    finding: Finding
    decided_by: str
    where: str
    found: tuple[PathValue, ...]
    wait: float | None = None
    notes: tuple[str, ...] = ()


class ProfileReport(NamedTuple):
    """All that is known of one reference, and of an answer if one was given."""

    target: Target
    file: str
    asked: RequestReport
    origins: AllowedOrigins
    polling_rules: PollingRules
    conditional: bool
    has_credential: bool
    may_do_without: bool = False
    read: AnswerReport | None = None


def report_facts(report: ProfileReport, show: Show = PLAIN) -> Iterator[tuple[str, str]]:
    """Yield what a person reads, as labels and texts; a continued line has no label."""
    yield from _of_request(report, show)
    yield from _of_schedule(report)
    if report.read is not None:
        yield from _of_answer(report.read, show)
    else:
        yield (
            "answer",
            "none was given: save one with  curl -i  (the request above), and add  --answer FILE",
        )


def _of_request(report: ProfileReport, show: Show) -> Iterator[tuple[str, str]]:
    target, asked = report.target, report.asked
    assumed = f" ({_ASSUMED[target.basis]})" if target.basis else ""
    yield "profile", f"{target.profile}{assumed}"
    yield "", report.file
    yield "operation", target.id
    yield "request", f"{asked.method} {asked.url}"
    for name, value in asked.headers.items():
        yield "", f"{name}: {value}"
    if asked.body is not None:
        yield "", show(asked.body, LINE)
    if report.has_credential:
        test = command_to_paste("auth test", named(target.profile, target.options))
        where = f"{test}  shows where it comes from"
        yield "credential", f"sent if there is one; {where}" if report.may_do_without else where
    else:
        yield "credential", "none is sent"
    yield "origins", ", ".join(_origins(report.origins))


def _origins(origins: AllowedOrigins) -> list[str]:
    suffixes = (f"https://*.{each}" for each in sorted(origins.suffixes))
    return [*map(str, sorted(origins.exact)), *suffixes]


def _of_schedule(report: ProfileReport) -> Iterator[tuple[str, str]]:
    rules = report.polling_rules
    pace, limits = rules.pace, rules.limits
    if pace.steps:
        steps = ", ".join(_time(each) for each in pace.steps)
        yield "pace", f"pauses of {steps}, from the first again after each change"
    else:
        first, longest, bound = map(_time, (pace.first, pace.longest, pace.bound))
        yield "pace", f"pauses from {first} to {longest}, x{pace.factor:g} while nothing changes"
        share = f"{pace.share:.0%} of the time to the predicted end"
        yield "", f"with progress: {share}, at most {bound}"
        remembered = f"the {FEWEST} to {MOST} last that are remembered"
        yield "", f"without: {remembered} say when it usually ends"
        bounds = f"{bound} to {_time(pace.longest_of_usual)}"
        yield "", f"before that: at most half of the usual time, {bounds}"
    if report.conditional:
        yield "", "If-None-Match: an unchanged answer costs nothing"
    rate = _rate(limits.rate)
    yield "limits", f"{rate}, bursts of {limits.burst}, {limits.at_once} in flight"
    if rules.batch > 1:
        yield "batch", f"up to {rules.batch} operations in one request"
    gone = f"; after a good answer it means {STATES[rules.gone]}" if rules.gone else ""
    if gone and rules.gone_kind:
        gone += f" for {rules.gone_kind}"
    yield "not found", f"final after {_time(rules.not_found_grace)}{gone}"
    if rules.confirm > 1:
        yield "confirm", f"an end counts after {rules.confirm} equal answers"


def _rate(rate: float) -> str:
    return "as fast as it answers well" if isinf(rate) else f"{rate:.3g} requests a second"


def _time(seconds: float) -> str:
    return f"{seconds:g}s" if seconds < 60 or seconds % 1 else format_duration(seconds)  # noqa: PLR2004, a minute


def _of_answer(read: AnswerReport, show: Show) -> Iterator[tuple[str, str]]:
    yield "", ""
    yield "answer", f"HTTP {read.status}"
    finding = read.finding
    if isinstance(finding, Reading):
        known = "" if finding.is_known_word else ", which is in no list"
        if finding.contradiction is not None:
            known = f"; the answer contradicts itself: {show(str(finding.contradiction))}"
        partial = ", with warnings" if finding.partial else ""
        status = f" (status “{show(finding.status, VALUE)}”{known}{partial})"
        yield "means", STATES[finding.state] + status
        yield "decided by", f"{read.decided_by}  {read.where}"
    elif isinstance(finding, Trouble):
        yield "means", f"nothing about the operation: {describe(finding, show)}"
    if read.wait is not None:
        yield "wait", f"the answer asks for a pause of {_time(read.wait)}"
    for note in read.notes:
        yield "note", show(note)
    label = "found"
    for each in read.found:
        path = f" at {each.path}" if each.path else ""
        yield label, f"{each.field}{path}: {_shown(each.value, show)}"
        label = ""


def _shown(value: Any, show: Show) -> str:
    if value is None:
        return NOTHING
    return show(value if isinstance(value, str) else json.dumps(value), VALUE)


def report_document(report: ProfileReport) -> dict[str, Any]:
    """Return the same for a program."""
    target, polling_rules = report.target, report.polling_rules
    rate = polling_rules.limits.rate
    return {
        "profile": target.profile,
        "file": report.file,
        "assumed_by": target.basis.value if target.basis else None,
        "reference": target.reference,
        "id": target.id,
        "request": {
            "method": report.asked.method,
            "url": report.asked.url,
            "headers": dict(report.asked.headers),
            "body": report.asked.body,
        },
        "origins": _origins(report.origins),
        "credential": report.has_credential,
        "credential_optional": report.may_do_without,
        "schedule": {
            "first_seconds": polling_rules.pace.first,
            "longest_seconds": polling_rules.pace.longest,
            "factor": polling_rules.pace.factor,
            "steps_seconds": list(polling_rules.pace.steps),
            "longest_with_progress_seconds": polling_rules.pace.bound,
            "conditional": report.conditional,
            "requests_per_second": None if isinf(rate) else rate,
            "burst": polling_rules.limits.burst,
            "in_flight": polling_rules.limits.at_once,
            "batch": polling_rules.batch,
            "not_found_grace_seconds": polling_rules.not_found_grace,
            "confirm": polling_rules.confirm,
        },
        "answer": None if report.read is None else _answer(report.read),
    }


def _answer(read: AnswerReport) -> dict[str, Any]:
    finding = read.finding
    reading = finding if isinstance(finding, Reading) else None
    trouble = finding if isinstance(finding, Trouble) else None
    return {
        "http_status": read.status,
        "state": reading.state.value if reading else None,
        "status": reading.status if reading else None,
        "is_known_word": reading.is_known_word if reading else None,
        "partial": reading.partial if reading else None,
        "trouble": trouble.fault.value if trouble else None,
        "detail": trouble.detail if trouble else None,
        "decided_by": read.decided_by,
        "where": read.where,
        "wait_seconds": read.wait,
        "notes": list(read.notes),
        "found": [each._asdict() for each in read.found],
    }
