"""The values of our JSON: an operation, a time, a number, and a provider's own JSON.

Decides the keys of an operation, how a time and a number are written, how deep a
provider's own JSON is kept, and that no text in it holds a secret.
"""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from opwatch.domain.outcome import Reason
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import API_OUTCOMES, describe, failure_note, warnings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.domain.operation import Failure, Operation, OperationError, Target

DEPTH: Final = 64
"""Levels of a provider's JSON that are kept; what is deeper becomes a text."""
SAFE_INTEGER: Final = 2**53
LONGEST_INTEGER: Final = 1000
"""Bits of an integer; what is longer takes Python longer to write than it is worth."""
ID: Final = "id"
"""The parameter that a reference stands for."""
DECIDED_BY: Final[Mapping[Reason, str]] = {Reason.GONE: "gone", Reason.GIVEN_UP: "poll.give_up"}
"""The keys of a profile that end a watch although no answer tells the end."""


class WrittenProfile(Protocol):
    """What a document tells of a profile: its parameters, and where its parts are written."""

    params: Mapping[str, str]

    def where(self, decided_by: str) -> tuple[str, int]:
        """Return the file and the line of the part that is called *decided_by*."""
        ...


NO_PROFILES: Final[Mapping[str, WrittenProfile]] = {}


class Writer:
    """Turns the model into JSON values. Every text in them has been redacted."""

    def __init__(
        self,
        wall_of: Callable[[float], datetime],
        *,
        redact: Redact = as_is,
        raw: bool = False,
        profiles: Mapping[str, WrittenProfile] = NO_PROFILES,
    ) -> None:
        self._wall_of = wall_of
        self._redact = redact
        self._raw = raw
        self._profiles = profiles

    def named(self, target: Target) -> dict[str, Any]:
        """Return what names the operation of *target*, so that it can be read back."""
        profile = self._profiles.get(target.profile)
        params = {**(profile.params if profile else {}), **target.params}
        return {
            "reference": self.text(target.reference),
            "id": self.text(target.id),
            # As it can be asked for: behind an @ stands what tells it from another of the run.
            "profile": self.text(target.profile.partition("@")[0] or None),
            "params": {
                self._redact(name): self._redact(value)
                for name, value in params.items()
                if name != ID
            },
            "origin": self.text(target.origin or None),
            "assumed_by": target.basis.value if target.basis else None,
        }

    def operation(self, operation: Operation, at: float) -> dict[str, Any]:
        """Return all that is known of *operation* at the time *at* of the run's clock."""
        reading = operation.reading
        found = {
            **self.named(operation.target),
            "name": self.text(reading.name or None) if reading else None,
            "state": reading.state.value if reading else None,
            "outcome": operation.outcome.value if operation.outcome else None,
            "status": self.text(reading.status) if reading else None,
            "progress": finite(reading.progress) if reading else None,
            "message": self.text(reading.message) if reading else None,
            "kind": self.text(reading.kind) if reading else None,
            "error": self._error(operation),
            "failure": self._failure(operation.failure),
            "created_at": self.provider_time(reading.created_at) if reading else None,
            "started_at": self.provider_time(reading.started_at) if reading else None,
            "updated_at": self.provider_time(reading.updated_at) if reading else None,
            "finished_at": self.provider_time(reading.finished_at) if reading else None,
            "link": self.text(reading.link) if reading else None,
            "result": self.value(reading.result) if reading else None,
            "details": self.value(reading.details) if reading else None,
            "last_confirmed_at": self.clock_time(operation.confirmed_at),
            "elapsed_seconds": round(operation.elapsed(at), 3),
            "polls": operation.polls,
            "problems": operation.problems,
            "reason": operation.reason.value if operation.reason else None,
            "decided_by": self._decided_by(operation),
            "warnings": warnings_of(operation, Show(self._redact)),
        }
        if operation.usually is not None:
            found["usually_seconds"] = round(operation.usually, 1)
        if operation.ended_before:
            found["ended_before"] = True
        if self._raw:
            found["raw"] = self.value(reading.raw) if reading else None
        return found

    def _decided_by(self, operation: Operation) -> dict[str, Any] | None:
        """Return which part of the profile has decided the state, None if none has."""
        rule = operation.reading.rule if operation.reading else ""
        rule = DECIDED_BY.get(operation.reason, rule) if operation.reason else rule
        if not rule:
            return None
        profile = self._profiles.get(operation.target.profile)
        file, line = profile.where(rule) if profile else (None, None)
        return {"rule": rule, "file": self.text(file), "line": line}

    def _error(self, operation: Operation) -> dict[str, Any] | None:
        """Return the API's error, or else the trouble that our watch ended with."""
        reading, trouble = operation.reading, operation.trouble
        if reading is not None and reading.error is not None:
            return self._api_error(reading.error)
        if trouble is None or operation.outcome is None:
            return None
        if operation.outcome in API_OUTCOMES and operation.reason is not Reason.NO_RESULT:
            return None
        facts = {"http_status": trouble.status, "token_endpoint": trouble.token_endpoint or None}
        details = {name: value for name, value in facts.items() if value is not None} or None
        message = describe(trouble, Show(self._redact))
        return {"code": trouble.fault.value, "message": message, "details": details}

    def _failure(self, failure: Failure | None) -> dict[str, Any] | None:
        return failure and {
            "text": self.text(failure.text),
            "lines": [self.text(each) for each in failure.lines],
            "link": self.text(failure.link),
            "note": failure_note(failure, Show(self._redact)),
        }

    def _api_error(self, error: OperationError) -> dict[str, Any]:
        return {
            "code": self.text(error.code),
            "message": self.text(error.message),
            "details": self.value(error.details),
        }

    def text(self, text: str | None) -> str | None:
        """Return *text* without secrets."""
        return None if text is None else self._redact(str(text))

    def clock_time(self, at: float | None) -> str | None:
        """Return a time of the run's clock, to the millisecond."""
        if at is None:
            return None
        return _zulu(self._wall_of(at), "milliseconds")

    def provider_time(self, when: datetime | None) -> str | None:
        """Return a provider's time, as precise as the provider wrote it, to the microsecond."""
        if when is None:
            return None
        if when.microsecond == 0:
            return _zulu(when, "seconds")
        return _zulu(when, "microseconds" if when.microsecond % 1000 else "milliseconds")

    def value(self, value: Any, depth: int = DEPTH) -> Any:
        """Return a provider's JSON *value* in numbers and texts that every reader can hold."""
        match value:
            case None | bool():
                return value
            case str():
                return self._redact(value)
            case int():
                return self._integer(value)
            case float():
                return finite(value)
            case dict() if depth:
                return {
                    self._redact(str(key)): self.value(each, depth - 1)
                    for key, each in value.items()
                }
            case list() | tuple() if depth:
                return [self.value(each, depth - 1) for each in value]
            case dict() | list() | tuple():
                return "(nested too deeply)"
            case _:
                return self._redact(str(value))

    def _integer(self, value: int) -> int | str:
        if value.bit_length() > LONGEST_INTEGER:
            return "(a number too large)"
        # A secret may be all digits; masked, it can no longer be a number.
        text = self._redact(str(value))
        return text if abs(value) > SAFE_INTEGER or text != str(value) else value


def wall_moment(at: float) -> datetime:
    """Return *at*, in seconds since the epoch, in UTC; the last moment for one that is none."""
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def local_text(at: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return *at*, in seconds since the epoch, as a person's clock shows it."""
    moment = wall_moment(at)
    with suppress(ValueError, OverflowError, OSError):
        moment = moment.astimezone()
    return moment.strftime(form)


def utc_text(at: float | None) -> str | None:
    """Return *at*, in seconds since the epoch, as in a document."""
    return Writer(wall_moment).clock_time(at)


def finite(number: float | None) -> float | None:
    """Return *number* if JSON can represent it."""
    return number if number is not None and math.isfinite(number) else None


def _zulu(when: datetime, precision: str) -> str:
    # A provider's time without a zone is taken for UTC, as the profiles read it.
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    try:
        utc = aware.astimezone(UTC)
    except (OverflowError, ValueError):
        utc = aware.replace(tzinfo=UTC)
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")
