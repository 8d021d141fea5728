"""The ``--json`` document, format 1: a public contract.

Decides its keys beside those of an operation (``writer``), and that no byte of it can
harm a terminal, a CI runner or a reader of JSON. The JSON Schemas beside this file
define the same; a test holds every output against them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Required, TextIO, TypedDict

from opwatch.domain.events import Event, Listener, Warned
from opwatch.output.formats.writer import NO_PROFILES, Writer, WrittenProfile
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, Show, as_is
from opwatch.output.text.sentences import warning_text
from opwatch.output.text.summary import ORDER, Resume, hints, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from opwatch.domain.operation import Operation
    from opwatch.domain.outcome import Verdict

FORMAT: Final = 1
MOST_FIXES: Final = 20


class RunFacts(TypedDict, total=False):
    """What ``document`` is told of a run from its beginning on, for what passes it through."""

    command: Required[str]
    wall_of: Required[Callable[[float], datetime]]
    profile: str | None
    raw: bool
    redact: Redact
    duplicates: int
    profiles: Mapping[str, WrittenProfile]
    resume: Resume | None
    warnings: Sequence[str]


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
    profiles: Mapping[str, WrittenProfile] = NO_PROFILES,
    fixes: Sequence[str] = (),
    resume: Resume | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document about a run; *started_at* and *ended_at* are on its clock.

    *profile* is the one that was asked for; without it, the one that all
    operations share. *problem* is a line about a run that could not be carried
    out, *fixes* is what to do about it. *resume* turns what is unfinished into a command.
    """
    shared = {each.target.profile for each in operations}
    if profile is None and len(shared) == 1:
        profile = shared.pop() or None
    write = Writer(wall_of, redact=redact, raw=raw, profiles=profiles)
    rest, show = unfinished(operations), Show(redact)
    found: dict[str, Any] = {
        "format": FORMAT,
        "command": command,
        "profile": write.text(profile),
        "exit_code": int(verdict.code),
        "exit_reason": verdict.reason,
        "started_at": write.clock_time(started_at),
        "elapsed_seconds": round(max(0.0, ended_at - started_at), 3),
        "summary": _summary(operations, duplicates),
        "operations": [write.operation(each, ended_at) for each in operations],
        "warnings": [redact(each) for each in warnings],
        "fix": [redact(each) for each in (*fixes, *hints(operations, show, MOST_FIXES))],
        "resume": write.text(resume(rest)) if resume and rest else None,
    }
    if problem is not None:
        found["problem"] = write.text(problem)
    return found


def head(command: str, verdict: Verdict) -> dict[str, Any]:
    """Return what the document of a command that only reports begins with."""
    return {
        "format": FORMAT,
        "command": command,
        "exit_code": int(verdict.code),
        "exit_reason": verdict.reason,
    }


def _summary(operations: Sequence[Operation], duplicates: int) -> dict[str, int]:
    counts = Counter(each.counted_as for each in operations)
    found = {"total": len(operations)}
    found |= {each.value: counts[each] for each in ORDER if counts[each]}
    return found | ({"duplicates": duplicates} if duplicates else {})


def warnings_into(found: list[str], redact: Redact = as_is) -> Listener:
    """Return a listener that adds each warning of a run to *found*."""
    show = Show(redact)

    def listen(event: Event) -> None:
        if isinstance(event, Warned):
            found.append(warning_text(event, show))

    return listen


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
