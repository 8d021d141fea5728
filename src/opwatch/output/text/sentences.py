"""Sentences about a trouble, an operation and its end, and the short times in them.

Decides the wording that all renderers share. Every function is pure; remote text
passes through the *show* of the stream it is for. Times are rounded so that they do
not flicker.
"""

from __future__ import annotations

import re
from typing import Any, Final

from opwatch.domain.events import Oddity, Warned
from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Failure, Operation, OperationError, State
from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.output.text.clean import PLAIN, Show, cells, elide
from opwatch.output.text.words import (
    ANONYMOUS,
    ENDED_BEFORE,
    FAULTS,
    NO_ANSWER,
    NOT_ASKED,
    ODDITIES,
    OF_TOKEN_ENDPOINT,
    OUTCOMES,
    REASONS,
    STATES,
    UNAVAILABLE,
    UNCONFIRMED,
    WHY_NOT,
    FaultWords,
)

MINUTE: Final = 60.0
DETAIL: Final = 120
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:")
_KEYED: Final = re.compile(r"\s*\w+://[^?]*\?", re.ASCII)

# The doing of the run, reported once for all of it.
RUN_REASONS: Final = frozenset({Reason.DETACHED, Reason.STOPPED_EARLY, Reason.NOT_WAITED})
WAITING: Final = frozenset({Reason.BLOCKED, Reason.DEADLINE, Reason.STALLED, Reason.NOT_WAITED})
OUT_OF_TIME: Final = frozenset({Reason.DEADLINE, Reason.RATE_LIMITED})
API_OUTCOMES: Final = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED})


def ended_badly(operation: Operation) -> bool:
    """Tell whether the end of *operation* is no success, and its own rather than the run's."""
    is_good = operation.outcome is Outcome.SUCCEEDED and operation.reason is None
    return not is_good and operation.reason not in RUN_REASONS


# -- times ---------------------------------------------------------------------------


def short_time(seconds: float) -> str:
    """Return a short time for a sentence: ``8 s``, ``1m 12s``."""
    return f"{int(max(0.0, seconds))} s" if seconds < MINUTE else format_duration(seconds)


def rounded(seconds: float) -> str:
    """Return a time that someone chose, without the zeros that nobody wrote: ``30m``."""
    first, _, second = format_duration(seconds).partition(" ")
    return f"{first} {second}" if second.strip("0smhd") else first


def time_left(seconds: float) -> str:
    """Return a rough time to go, in steps that do not flicker: ``about 40 s left``."""
    if seconds < 10:  # noqa: PLR2004, the smallest step
        return "seconds left"
    if seconds < MINUTE:
        return f"about {int(seconds / 10) * 10} s left"
    minutes = round(seconds / MINUTE)
    if minutes < 60:  # noqa: PLR2004, an hour
        return f"about {minutes}m left"
    return f"about {minutes // 60}h {minutes % 60 // 10 * 10:02d}m left"


# -- troubles ------------------------------------------------------------------------


def brief(trouble: Trouble, show: Show = PLAIN) -> str:
    """Return *trouble* in a few words: ``HTTP 502``, ``certificate refused``."""
    text = _filled(words_of(trouble).brief, trouble, show)
    return f"token endpoint: {text}" if trouble.token_endpoint else text


def describe(trouble: Trouble, show: Show = PLAIN) -> str:
    """Return *trouble* as a clause, with what the API or the library reported of it."""
    text = _filled(words_of(trouble).full, trouble, show)
    if not trouble.asks_for or trouble.fault not in ANONYMOUS:
        return text
    return f"{text}; it asks for {show(', '.join(trouble.asks_for), 60)}"


def words_of(trouble: Trouble) -> FaultWords:
    """Return what *trouble* is called: no credential sent is not a credential refused."""
    usual = FAULTS[trouble.fault]
    if trouble.token_endpoint:
        return OF_TOKEN_ENDPOINT.get(trouble.fault, usual)
    if trouble.fault is Fault.STATUS_THROTTLED and trouble.status == 503:  # noqa: PLR2004, HTTP's
        return UNAVAILABLE
    return ANONYMOUS.get(trouble.fault, usual) if trouble.anonymous else usual


def with_streak(text: str, streak: int, times: str = "×") -> str:  # noqa: RUF001, the sign is meant
    """Return *text* with how often in a row it has occurred."""
    return f"{text} {times}{streak}" if streak > 1 else text


def _filled(template: str, trouble: Trouble, show: Show) -> str:
    # "502 Bad Gateway" after "HTTP 502" would repeat the number.
    detail = show(trouble.detail.strip().removeprefix(f"{trouble.status} "), DETAIL)
    return template.format(
        host=host_of(trouble, show),
        status=trouble.status if trouble.status is not None else "error",
        detail=f": {detail}" if detail else "",
    )


def host_of(trouble: Trouble, show: Show) -> str:
    """Return the host that *trouble* is about."""
    if trouble.token_endpoint:
        return f"the token endpoint {show(trouble.token_endpoint, 120)}"
    return show(trouble.host, 80) if trouble.host else "the host"


# -- one operation -------------------------------------------------------------------


def display_name(operation: Operation, show: Show = PLAIN, limit: int | None = 80) -> str:
    """Return what *operation* is called: the API's name for it, else what was typed of it."""
    name = _own_name(operation, show) or _typed_name(operation, show)
    return name if limit is None else elide(name, limit)


def name_and_id(operation: Operation, show: Show = PLAIN, limit: int | None = 80) -> str:
    """Return the API's name for *operation* with what was typed; that alone if it has none."""
    name, typed = _own_name(operation, show), _typed_name(operation, show)
    if limit is None:
        return f"{name} ({typed})" if name and name != typed else typed
    if not name or name == typed:
        return elide(typed, limit)
    room = max(limit // 2, limit - cells(typed) - 3)
    return elide(f"{elide(name, room)} ({typed})", limit)


def _own_name(operation: Operation, show: Show) -> str:
    return show(operation.reading.name.strip()) if operation.reading else ""


def _typed_name(operation: Operation, show: Show) -> str:
    """Return what was typed, or the id if that was a URL or path."""
    reference = operation.reference
    return show(operation.id if "/" in reference and operation.id else reference, None)


def status_of(operation: Operation, show: Show = PLAIN, limit: int = 40) -> str:
    """Return the API's own word, else ours, else nothing before the first good answer."""
    reading = operation.reading
    if reading is None:
        return ""
    return show(reading.status.strip(), limit) or STATES[reading.state]


def message_of(operation: Operation, show: Show = PLAIN) -> str:
    """Return the API's message, if it adds anything to the status."""
    reading = operation.reading
    if reading is None or not reading.message:
        return ""
    message = reading.message.strip()
    return "" if message.casefold() == reading.status.strip().casefold() else show(message)


def kind_of(operation: Operation, show: Show = PLAIN) -> str:
    """Return what *operation* does, in the API's word, if it says so."""
    return show(operation.reading.kind or "", 40).strip() if operation.reading else ""


def error_text(error: OperationError, show: Show = PLAIN, *, code: str = "(code {})") -> str:
    """Return why an operation failed: its message, and its code formatted by *code*."""
    message = show((error.message or "").strip())
    number = show((error.code or "").strip(), 40)
    if not message:
        return code.format(number).strip("()[]") if number else ""
    return f"{message} {code.format(number)}" if number else message


def result_text(result: Any, show: Show = PLAIN) -> str:
    """Return a *result* in a few words: its first telling value, and the key of that."""
    if isinstance(result, dict):
        for key, value in result.items():
            if _is_telling(value):
                return f"{show(key, 30)} {show(value, 80)}"
        return ""
    return show(result, 80) if _is_telling(result) else ""


def _is_telling(value: Any) -> bool:
    """Tell whether *value* is worth a place on the screen, and may have one.

    A time tells little, and a URL with a query is often a key to what it names.
    """
    if isinstance(value, str):
        return bool(value.strip()) and not _TIME.match(value) and not _KEYED.match(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def ending_detail(operation: Operation, show: Show = PLAIN, *, code: str = "(code {})") -> str:
    """Return why the watch of *operation* ended as it did, beyond its outcome and status."""
    reading, outcome = operation.reading, operation.outcome
    if operation.ended_before:
        warned = ", with warnings" if reading is not None and reading.partial else ""
        return f"{ENDED_BEFORE}{warned}{_after(message_of(operation, show))}"
    if operation.reason is not None:
        reason = _reason(operation, show)
        is_blocked = reading is not None and reading.state is State.BLOCKED
        if not is_blocked or operation.reason not in WAITING:
            return reason
        # What a person has to do: the one who reads this may be that person.
        return ": ".join(filter(None, (reason, message_of(operation, show))))
    if reading is None:
        return brief(operation.trouble, show) if operation.trouble else ""
    if outcome is not Outcome.SUCCEEDED:
        error = error_text(reading.error, show, code=code) if reading.error else ""
        failed = show((operation.failure.text or "").strip()) if operation.failure else ""
        return "; ".join(filter(None, (error or message_of(operation, show), failed)))
    if reading.partial:
        return f"with warnings{_after(warnings_of(operation, show) or '')}"
    return result_text(reading.result, show) or message_of(operation, show)


def failure_lines(operation: Operation, show: Show = PLAIN, limit: int | None = None) -> list[str]:
    """Return the end of the log of what failed, or else why there is none."""
    failure = operation.failure
    if failure is None:
        return []
    note = failure_note(failure, show)
    return [show(each, limit) for each in failure.lines] or ([note] if note else [])


def failure_note(failure: Failure, show: Show = PLAIN) -> str | None:
    """Return why not more is known of *failure*, None if that was no trouble."""
    if not failure.is_asked:
        return NOT_ASKED
    return WHY_NOT.format(trouble=describe(failure.trouble, show)) if failure.trouble else None


def warnings_of(operation: Operation, show: Show = PLAIN) -> str | None:
    """Return the API's words about the warnings of *operation*, None if it had none."""
    reading = operation.reading
    if reading is None or not reading.partial:
        return None
    return message_of(operation, show) or (error_text(reading.error, show) if reading.error else "")


def _after(text: str) -> str:
    return f": {text}" if text else ""


def _reason(operation: Operation, show: Show) -> str:
    if operation.reason is None or operation.ended_at is None:
        return ""
    trouble = describe(operation.trouble, show) if operation.trouble else NO_ANSWER
    reading, changed, ended = operation.reading, operation.changed_at, operation.ended_at
    text = REASONS[operation.reason].format(
        trouble=trouble,
        brief=latest_trouble(operation, show),
        age=format_duration(ended - known_since(operation)),
        still=format_duration(ended - (operation.watched_from if changed is None else changed)),
        state=STATES[operation.state] if operation.state else UNCONFIRMED,
        status=status_of(operation, show) or "it gives",
        contradiction=show(str(reading.contradiction)) if reading else "",
        warnings=_after(warnings_of(operation, show) or ""),
    )
    # A reader needs to know what cost the time; to be blocked is not a trouble.
    is_trouble = operation.trouble is not None and operation.state is not State.BLOCKED
    return f"{text}; {trouble}" if is_trouble and operation.reason in OUT_OF_TIME else text


def latest_trouble(operation: Operation, show: Show = PLAIN) -> str:
    """Return the last trouble of *operation* in a few words, and how often it occurred in a row."""
    text = brief(operation.trouble, show) if operation.trouble else NO_ANSWER
    return with_streak(text, operation.streak)


def known_since(operation: Operation) -> float:
    """Return when *operation* was confirmed last, or its watch began."""
    since = operation.confirmed_at
    return operation.watched_from if since is None else since


def state_text(operation: Operation, show: Show = PLAIN) -> str:
    """Return where *operation* stands: ``running (IN_PROGRESS) 25%``."""
    reading = operation.reading
    if reading is None:
        return UNCONFIRMED
    state, status = STATES[reading.state], status_of(operation, show)
    word = "" if status.casefold() == state else f" ({status})"
    percent = "" if reading.progress is None else f" {int(reading.progress)}%"
    return f"{state}{word}{percent}"


def ending_sentence(operation: Operation, show: Show = PLAIN, *, name: str = "") -> str:
    """Return how *operation* ended: ``import-44 failed (ERR) after 3m 03s: bad column [17]``.

    *name* is what it is called among the others of its run.
    """
    status = status_of(operation, show)
    if operation.outcome is None or operation.outcome is Outcome.PENDING:
        word = f"still {state_text(operation, show)}"
    elif operation.outcome in API_OUTCOMES and operation.reason is None and status:
        word = f"{OUTCOMES[operation.outcome]} ({status})"
    else:
        word = OUTCOMES[operation.outcome]
    detail = ending_detail(operation, show, code="[{}]")
    took = format_duration(operation.elapsed(operation.ended_at or 0.0))
    return f"{name or display_name(operation, show)} {word} after {took}{_after(detail)}"


def warning_text(event: Warned, show: Show = PLAIN) -> str:
    """Return what an oddity is, and which operation showed it."""
    text = show(event.text) or ("(none)" if event.oddity is Oddity.UNKNOWN_STATUS else "")
    warning = ODDITIES[event.oddity].format(text=text)
    return f"{show(event.reference, 80)}: {warning}" if event.reference else warning
