"""The ``--json`` document, format 1: a public contract.

Decides its keys, how a time and a number are written, how deep a provider's own JSON is
kept, and that no byte of it holds a secret or can harm a terminal, a CI runner or a reader
of JSON. The JSON Schemas beside this file define the same; a test holds every output
against them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from opwatch.domain.outcome import Outcome, Reason
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import API_OUTCOMES, describe, failure_note, warnings_of
from opwatch.output.text.summary import ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from opwatch.domain.operation import Failure, Operation, OperationError
    from opwatch.domain.outcome import Verdict

FORMAT: Final = 1
DEPTH: Final = 64
"""Levels of a provider's JSON that are kept; what is deeper becomes a text."""
SAFE_INTEGER: Final = 2**53
LONGEST_INTEGER: Final = 1000
"""Bits of an integer; what is longer takes Python longer to write than it is worth."""


def document(
    operations: Sequence[Operation],
    verdict: Verdict,
    *,
    command: str,
    started_at: float,
    ended_at: float,
    wall_of: Callable[[float], datetime],
    profile: str | None = None,
    raw: bool = False,
    redact: Redact = as_is,
    duplicates: int = 0,
    problem: str | None = None,
) -> dict[str, Any]:
    """Return the document about a run; *started_at* and *ended_at* are on its clock.

    *profile* is the one that was asked for; without it, the one that all
    operations share. *problem* is a line about a run that could not be carried
    out.
    """
    shared = {each.target.profile for each in operations}
    if profile is None and len(shared) == 1:
        profile = shared.pop() or None
    write = Writer(wall_of, redact=redact, raw=raw)
    found: dict[str, Any] = {
        "format": FORMAT,
        "command": command,
        "profile": write.text(profile),
        "exit_code": int(verdict.code),
        "exit_reason": verdict.reason,
        "started_at": write.clock_time(started_at),
        "elapsed_seconds": round(max(0.0, ended_at - started_at), 3),
        "summary": _summary(operations, duplicates),
        "operations": [write.operation(each) for each in operations],
    }
    if problem is not None:
        found["problem"] = write.text(problem)
    return found


def _summary(operations: Sequence[Operation], duplicates: int) -> dict[str, int]:
    counts = Counter(each.outcome or Outcome.PENDING for each in operations)
    found = {"total": len(operations)}
    found |= {each.value: counts[each] for each in ORDER if counts[each]}
    return found | ({"duplicates": duplicates} if duplicates else {})


class Writer:
    """Turns the model into JSON values. Every text in them has been redacted."""

    def __init__(
        self,
        wall_of: Callable[[float], datetime],
        *,
        redact: Redact = as_is,
        raw: bool = False,
    ) -> None:
        self._wall_of = wall_of
        self._redact = redact
        self._raw = raw

    def operation(self, operation: Operation) -> dict[str, Any]:
        """Return all that is known of *operation*."""
        reading = operation.reading
        found = {
            "reference": self.text(operation.reference),
            "id": self.text(operation.id),
            "name": self.text(reading.name or None) if reading else None,
            "profile": self.text(operation.target.profile or None),
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
            "polls": operation.polls,
            "problems": operation.problems,
            "reason": operation.reason.value if operation.reason else None,
            "warnings": warnings_of(operation, Show(self._redact)),
        }
        if operation.usually is not None:
            found["usually_seconds"] = round(operation.usually, 1)
        if operation.ended_before:
            found["ended_before"] = True
        if self._raw:
            found["raw"] = self.value(reading.raw) if reading else None
        return found

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

    def _api_error(self, error: OperationError) -> dict[str, Any]:
        return {
            "code": self.text(error.code),
            "message": self.text(error.message),
            "details": self.value(error.details),
        }

    def _failure(self, failure: Failure | None) -> dict[str, Any] | None:
        return failure and {
            "text": self.text(failure.text),
            "lines": [self.text(each) for each in failure.lines],
            "link": self.text(failure.link),
            "note": failure_note(failure, Show(self._redact)),
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


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return *value* as JSON in ASCII that no CI runner finds a command in; on one line."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent)
    # Only a text can hold "#": Azure's runner looks for "##[" inside a line as well.
    return text.replace("##", "#\\u0023")


def dumps(document: Mapping[str, Any]) -> str:
    """Return *document* with each operation on its own line, so that it can be read and cut."""
    rows = [to_json(each) for each in document["operations"]]
    whole = to_json({**document, "operations": []})
    if not rows:
        return whole + "\n"
    head, tail = whole.rsplit('"operations": []', 1)
    listed = ",\n  ".join(rows)
    return f'{head}"operations": [\n  {listed}\n]{tail}\n'


def write_document(stream: TextIO | None, document: Mapping[str, Any]) -> None:
    """Write *document* to *stream*.

    Raises:
        PipeClosedError: the reader has closed the pipe.
        UnwritableError: the stream is closed or full.
    """
    # The texts in it have been redacted; masking the JSON itself could break it.
    sink = Sink(stream)
    sink.write(dumps(document))
    sink.flush()


def output_schema(name: Literal["document", "event", "started"]) -> str:
    """Return the JSON Schema of a ``--json`` document or of a ``--jsonl`` event."""
    from importlib import resources  # noqa: PLC0415, it costs what --json has no use for

    return (
        resources.files("opwatch.output.formats")
        .joinpath("schema", f"{name}.json")
        .read_text("utf-8")
    )
