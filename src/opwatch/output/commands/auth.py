"""What ``opwatch auth`` says of where credentials come from, and of a trial.

Decides the words, and the documents of ``--json``. A secret is in none of them.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.auth import CredentialReport, CredentialState, TrialOutcome, TrialReport
from opwatch.domain.duration import format_duration
from opwatch.output.formats.document import FORMAT, Writer, to_json
from opwatch.output.formats.sheet import write_facts, write_rows
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is, elide
from opwatch.output.text.sentences import describe
from opwatch.output.text.words import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from opwatch.domain.outcome import Verdict

CREDENTIAL_STATES: Final[Mapping[CredentialState, str]] = {
    CredentialState.FOUND: "found",
    CredentialState.MISSING: "none",
    CredentialState.UNUSABLE: "unusable",
    CredentialState.NOT_RUN: "not run",
    CredentialState.NOT_NEEDED: "none needed",
    CredentialState.OPTIONAL: "none; it may do without",
    CredentialState.BROKEN: "broken profile",
}
TRIAL_OUTCOMES: Final[Mapping[TrialOutcome, str]] = {
    TrialOutcome.ACCEPTED: "accepted",
    TrialOutcome.REFUSED: "refused",
    TrialOutcome.UNREACHABLE: "no answer",
}
HEADINGS: Final = ("PROFILE", "CREDENTIAL", "FROM", "EXPIRES", "FOR", "DETAIL")
NOT_RUN: Final = "it was not run only to look; opwatch auth test runs it"
_GOOD: Final = range(200, 300)
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = (408, 429)
_PLACE_ROOM: Final = 40


# -- status ----------------------------------------------------------------------------


def write_credential(
    stream: TextIO | None, seen: CredentialReport, *, now: float, redact: Redact = as_is
) -> None:
    """Write all that is known of one credential; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    write_facts(stream, _facts(seen, now), redact)


def _facts(seen: CredentialReport, now: float) -> Iterator[tuple[str, str]]:
    yield "profile", seen.profile
    if seen.origin:
        yield "for", seen.origin
    yield "credential", CREDENTIAL_STATES[seen.standing]
    if seen.place:
        yield "from", seen.place
    if seen.expires_at is not None:
        yield "expires", f"{_expiry(seen.expires_at, now)} ({_local(seen.expires_at)})"
    if seen.standing is CredentialState.NOT_RUN:
        yield "note", NOT_RUN
    if seen.problem and seen.standing is not CredentialState.MISSING:
        yield "problem", seen.problem
    if seen.tried:
        yield "looked in", ", ".join(f"{each.place} ({each.found})" for each in seen.tried)
    if seen.fixes:
        label = "to give one" if seen.standing is CredentialState.OPTIONAL else "to fix"
        yield label, "   or   ".join(seen.fixes)
    yield from (("note", note) for note in seen.notes)


def write_credentials(
    stream: TextIO | None,
    seen: Sequence[CredentialReport],
    *,
    now: float,
    terminal: bool,
    width: int = 80,
    redact: Redact = as_is,
) -> None:
    """Write a row for each credential; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    rows = [tuple(map(redact, _row(each, now, terminal=terminal))) for each in seen]
    write_rows(stream, HEADINGS, rows, terminal=terminal, width=width)


def _row(seen: CredentialReport, now: float, *, terminal: bool) -> tuple[str, ...]:
    end = seen.expires_at
    when = "" if end is None else _expiry(end, now) if terminal else _utc(end)
    problem = "" if seen.standing is CredentialState.MISSING else seen.problem
    return (
        seen.profile,
        CREDENTIAL_STATES[seen.standing],
        elide(seen.place, _PLACE_ROOM) if terminal else seen.place,
        when,
        seen.origin,
        "; ".join(each for each in (problem, *seen.notes) if each),
    )


def write_unlisted(stream: TextIO | None, others: int, *, has_common_token: bool) -> None:
    """Write what a look at all profiles left out: *others*, and whose ``OPWATCH_TOKEN`` is."""
    sink = Sink(stream, required=False)
    if has_common_token:
        sink.line("opwatch: OPWATCH_TOKEN is set; it goes to the profile that -p names, whichever")
    sink.line(
        f"opwatch: {others} built-in profiles have none in the environment or in a file; keyring "
        "entries of these, and helpers, are looked at one by one:  opwatch auth status -p NAME"
    )


def survey_document(
    seen: Iterable[CredentialReport], verdict: Verdict, *, redact: Redact = as_is
) -> dict[str, Any]:
    """Return the document of ``auth status --json``."""
    return {
        **_head("auth status", verdict),
        "profiles": [_inspected(each, redact) for each in seen],
    }


def _inspected(seen: CredentialReport, redact: Redact) -> dict[str, Any]:
    found: dict[str, Any] = Writer(_moment, redact=redact).value(
        {
            "profile": seen.profile,
            "origin": seen.origin or None,
            "standing": seen.standing.value,
            "place": seen.place or None,
            "expires_at": None if seen.expires_at is None else _utc(seen.expires_at),
            "problem": seen.problem or None,
            "tried": [{"place": each.place, "found": each.found} for each in seen.tried],
            "fixes": seen.fixes,
            "notes": seen.notes,
        }
    )
    return found


# -- test ------------------------------------------------------------------------------


def write_trial(
    stream: TextIO | None, trial: TrialReport, *, now: float, redact: Redact = as_is
) -> None:
    """Write what one authorized request met; *now* is in seconds since the epoch.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    show = Show(redact)
    facts = [
        ("profile", trial.profile),
        ("asked", f"{trial.method} {trial.url}"),
        ("credential", _credential(trial, now)),
        ("answer", _answer(trial, show)),
    ]
    if trial.met is not TrialOutcome.ACCEPTED and trial.trouble is not None:
        fix = FAULTS[trial.trouble.fault].fix
        host = trial.trouble.host or trial.origin
        facts.append(("to fix", _filled(fix, trial.profile, host, show)))
    write_facts(stream, facts, redact)


def _credential(trial: TrialReport, now: float) -> str:
    if not trial.place:
        return CREDENTIAL_STATES[
            CredentialState.OPTIONAL if trial.is_optional else CredentialState.NOT_NEEDED
        ]
    if trial.expires_at is None:
        return f"from {trial.place}"
    return f"from {trial.place}, expires {_expiry(trial.expires_at, now)}"


def _answer(trial: TrialReport, show: Show) -> str:
    said = describe(trial.trouble, show) if trial.trouble else ""
    if trial.met is not TrialOutcome.ACCEPTED:
        return (
            f"{TRIAL_OUTCOMES[trial.met]}: {said}"
            if said
            else f"{TRIAL_OUTCOMES[trial.met]}: HTTP {trial.status}"
        )
    if trial.status in _GOOD:
        return f"{TRIAL_OUTCOMES[trial.met]}: HTTP {trial.status}"
    if trial.status is None or trial.status >= _SERVER_ERROR or trial.status in _TOO_MANY:
        return f"not refused: HTTP {trial.status}, which says nothing about the credential"
    return f"not refused: HTTP {trial.status}, so the credential itself is not what it objects to"


def _filled(fix: str, profile: str, host: str, show: Show) -> str:
    name = show(profile, 80)
    # A trial does not send a person to itself.
    fix = fix.replace("opwatch auth test", "opwatch auth status")
    return fix.format(host=show(host, 120), profile=name, command=f"-p {name} REF", url="URL")


def trial_document(
    trial: TrialReport, verdict: Verdict, *, redact: Redact = as_is
) -> dict[str, Any]:
    """Return the document of ``auth test --json``."""
    trouble = trial.trouble
    error = trouble and {"code": trouble.fault.value, "message": describe(trouble, Show(redact))}
    found: dict[str, Any] = Writer(_moment, redact=redact).value(
        {
            "profile": trial.profile,
            "origin": trial.origin,
            "method": trial.method,
            "url": trial.url,
            "answer": trial.met.value,
            "http_status": trial.status,
            "error": error,
            "place": trial.place or None,
            "expires_at": None if trial.expires_at is None else _utc(trial.expires_at),
        }
    )
    return {**_head("auth test", verdict), **found}


# -- both ------------------------------------------------------------------------------


def write_json_line(stream: TextIO | None, document: Mapping[str, Any]) -> None:
    """Write *document*, whose texts have been redacted.

    Raises:
        PipeClosedError, UnwritableError: the stream is gone or full.
    """
    Sink(stream).line(to_json(document))


def _head(command: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "command": command,
        "exit_code": int(verdict.code),
        "exit_reason": verdict.reason,
    }


def _expiry(at: float, now: float) -> str:
    left = at - now
    return f"in {format_duration(left)}" if left > 0 else f"{format_duration(-left)} ago"


def _moment(at: float) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _utc(at: float) -> str:
    return Writer(_moment).clock_time(at) or ""


def _local(at: float) -> str:
    moment = _moment(at)
    with suppress(ValueError, OverflowError, OSError):
        moment = moment.astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}"
