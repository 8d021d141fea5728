"""What ``opwatch auth status`` and ``auth test`` report.

Decides the words, and the documents of ``--json``. A secret is in none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TextIO

from opwatch.domain.auth import CredentialReport, CredentialState, TrialOutcome, TrialReport
from opwatch.domain.command_line import OptionWords, command_to_paste, named
from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Target
from opwatch.output.formats.document import head
from opwatch.output.formats.sheet import write_facts, write_rows
from opwatch.output.formats.writer import Writer, local_text, utc_text, wall_moment
from opwatch.output.streams import Sink, is_terminal
from opwatch.output.text.clean import Redact, Show, as_is, elide
from opwatch.output.text.sentences import describe, words_of
from opwatch.output.text.summary import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opwatch.domain.outcome import Verdict
    from opwatch.domain.trouble import Trouble

CREDENTIAL_STATES: Final[Mapping[CredentialState, str]] = {
    CredentialState.FOUND: "found",
    CredentialState.MISSING: "none",
    CredentialState.UNUSABLE: "unusable",
    CredentialState.NOT_RUN: "not run",
    CredentialState.NOT_NEEDED: "none needed",
    CredentialState.OPTIONAL: "none; it is optional",
    CredentialState.BROKEN: "broken profile",
}
TRIAL_OUTCOMES: Final[Mapping[TrialOutcome, str]] = {
    TrialOutcome.ACCEPTED: "accepted",
    TrialOutcome.UNPROVEN: "not refused",
    TrialOutcome.REFUSED: "refused",
    TrialOutcome.UNREACHABLE: "no answer",
}
HEADINGS: Final = ("PROFILE", "CREDENTIAL", "FROM", "EXPIRES", "FOR", "DETAIL")
UNPROVEN: Final = "name an operation that only you may see, as REF of  opwatch auth test"
NOT_RUN: Final = "status does not run it; opwatch auth test does"
_PLACE_ROOM: Final = 40


# -- status ----------------------------------------------------------------------------


def write_credential(
    stream: TextIO | None, report: CredentialReport, *, now: float, redact: Redact = as_is
) -> None:
    """Write all that is known of one credential; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    write_facts(stream, _facts(report, now), redact)


def _facts(report: CredentialReport, now: float) -> Iterator[tuple[str, str]]:
    yield "profile", report.profile
    if report.origin:
        yield "for", report.origin
    yield "credential", CREDENTIAL_STATES[report.standing]
    if report.place:
        yield "from", report.place
    if report.expires_at is not None:
        yield "expires", f"{_expiry(report.expires_at, now)} ({local_text(report.expires_at)})"
    if report.standing is CredentialState.NOT_RUN:
        yield "note", NOT_RUN
    if report.problem and report.standing is not CredentialState.MISSING:
        yield "problem", report.problem
    if report.tried:
        yield "looked in", ", ".join(f"{each.place} ({each.found})" for each in report.tried)
    if report.fixes:
        label = "to give one" if report.standing is CredentialState.OPTIONAL else "to fix"
        yield label, "   or   ".join(report.fixes)
    yield from (("note", note) for note in report.notes)


def write_credentials(
    stream: TextIO | None,
    reports: Sequence[CredentialReport],
    *,
    now: float,
    redact: Redact = as_is,
) -> None:
    """Write a row for each credential; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    terminal = is_terminal(stream)
    rows = [tuple(map(redact, _row(each, now, terminal=terminal))) for each in reports]
    write_rows(stream, HEADINGS, rows)


def _row(report: CredentialReport, now: float, *, terminal: bool) -> tuple[str, ...]:
    end = report.expires_at
    when = "" if end is None else _expiry(end, now) if terminal else utc_text(end) or ""
    problem = "" if report.standing is CredentialState.MISSING else report.problem
    return (
        report.profile,
        CREDENTIAL_STATES[report.standing],
        elide(report.place, _PLACE_ROOM) if terminal else report.place,
        when,
        report.origin,
        "; ".join(each for each in (problem, *report.notes) if each),
    )


def write_unlisted(
    stream: TextIO | None, others: int, *, has_common_token: bool, options: OptionWords = ()
) -> None:
    """Write what a look at all profiles leaves out: *others*, and whose ``OPWATCH_TOKEN`` is.

    *options* choose the configuration that was looked at.
    """
    sink = Sink(stream, required=False)
    if has_common_token:
        sink.say("OPWATCH_TOKEN is set; it is used for whichever profile -p names")
    sink.say(
        f"{others} built-in profiles have no credential in the environment or in a file; "
        "to look into the keyring or run a helper for one:  "
        + command_to_paste("auth status", named("NAME", options))
    )


def survey_document(
    reports: Iterable[CredentialReport], verdict: Verdict, *, redact: Redact = as_is
) -> dict[str, Any]:
    """Return the document of ``auth status --json``."""
    return {
        **head("auth status", verdict),
        "profiles": [_inspected(each, redact) for each in reports],
    }


def _inspected(report: CredentialReport, redact: Redact) -> dict[str, Any]:
    found: dict[str, Any] = Writer(wall_moment, redact=redact).value(
        {
            "profile": report.profile,
            "origin": report.origin or None,
            "standing": report.standing.value,
            "place": report.place or None,
            "expires_at": utc_text(report.expires_at),
            "problem": report.problem or None,
            "tried": [{"place": each.place, "found": each.found} for each in report.tried],
            "fixes": report.fixes,
            "notes": report.notes,
        }
    )
    return found


# -- test ------------------------------------------------------------------------------


def write_trial(
    stream: TextIO | None, trial: TrialReport, *, now: float, redact: Redact = as_is
) -> None:
    """Write how one authorized request was answered; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    show = Show(redact)
    facts = [
        ("profile", trial.profile),
        ("request", f"{trial.method} {trial.url}" if trial.method else "none was sent"),
        ("credential", _credential(trial, now)),
        ("answer", _answer(trial, show)),
    ]
    if trial.met is TrialOutcome.UNPROVEN:
        facts.append(("to prove", UNPROVEN))
    elif trial.met is not TrialOutcome.ACCEPTED and trial.trouble is not None:
        facts.append(("to fix", _fix(trial, trial.trouble, show)))
    write_facts(stream, facts, redact)


def _credential(trial: TrialReport, now: float) -> str:
    if not trial.place:
        state = CredentialState.OPTIONAL if trial.is_optional else CredentialState.NOT_NEEDED
        return CREDENTIAL_STATES[state]
    if trial.expires_at is None:
        return f"from {trial.place}"
    when, word = _expiry(trial.expires_at, now), "expires"
    if trial.expires_at < now:
        when, word = f"on {local_text(trial.expires_at)}, {when}", "expired"
    return f"from {trial.place}, {word} {when}"


def _answer(trial: TrialReport, show: Show) -> str:
    word, http = TRIAL_OUTCOMES[trial.met], f"HTTP {trial.status}"
    if trial.met is TrialOutcome.ACCEPTED:
        bare = trial.bare_status
        return f"{word}: {http}" + (f", and HTTP {bare} without the credential" if bare else "")
    if trial.met is not TrialOutcome.UNPROVEN:
        return f"{word}: {describe(trial.trouble, show) if trial.trouble else http}"
    if trial.bare_status is None:
        return f"{word}: {http}, which says nothing about the credential"
    return f"{word}: {http}, and the same without the credential, so this proves nothing"


def _fix(trial: TrialReport, trouble: Trouble, show: Show) -> str:
    """Return what to do about *trouble*: a way out, and not the command that has just been run."""
    fix, about, _ = words_of(trouble).fix.partition("{auth_")
    if about:
        # What is left of "…; check it with  opwatch auth test" is what to do.
        fix = fix.rpartition(";")[0]
    target = Target(trial.reference, "", trial.origin, trial.profile, options=trial.options)
    fix = fix.format(host=show(trouble.host or trial.origin, 120), **advice(target, show))
    return f"{fix}:  {'   or   '.join(trial.fixes)}" if about and trial.fixes else fix


def trial_document(
    trial: TrialReport, verdict: Verdict, *, redact: Redact = as_is
) -> dict[str, Any]:
    """Return the document of ``auth test --json``."""
    trouble = trial.trouble
    error = trouble and {"code": trouble.fault.value, "message": describe(trouble, Show(redact))}
    found: dict[str, Any] = Writer(wall_moment, redact=redact).value(
        {
            "profile": trial.profile,
            "origin": trial.origin,
            "method": trial.method or None,
            "url": trial.url or None,
            "answer": trial.met.value,
            "http_status": trial.status,
            "http_status_without": trial.bare_status,
            "error": error,
            "place": trial.place or None,
            "expires_at": utc_text(trial.expires_at),
        }
    )
    return {**head("auth test", verdict), **found}


# -- both ------------------------------------------------------------------------------


def _expiry(at: float, now: float) -> str:
    left = at - now
    return f"in {format_duration(left)}" if left > 0 else f"{format_duration(-left)} ago"
