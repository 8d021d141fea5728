"""What of a run deserves the attention of who reads a CI's overview.

Decides which operations are reported there, how severely, and how many: GitHub shows ten
annotations of a step, and more than that is a flood anywhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opwatch.domain.outcome import PRECEDENCE, Outcome
from opwatch.output.text.sentences import display_name, ended_badly, ending_sentence
from opwatch.output.text.styles import page_of
from opwatch.output.text.summary import counted
from opwatch.output.text.words import OUTCOMES

if TYPE_CHECKING:
    from opwatch.domain.events import Finished
    from opwatch.domain.operation import Operation
    from opwatch.output.text.clean import Show

MOST: Final = 10


class Severity(StrEnum):
    """How bad a problem is: a warning lets the run succeed."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line for the overview. Its texts are clean; *link* is the operation's page, or empty."""

    severity: Severity
    title: str
    text: str
    link: str = ""


def annotations_of(event: Finished, show: Show) -> list[Annotation]:
    """Return the problems of a run, the worst first, at most ``MOST``.

    Where the run succeeds all the same, with ``--any`` for one, they are warnings: an error
    message may fail a build whose exit code is 0.
    """
    bad = [each for each in event.operations if ended_badly(each)]
    bad.sort(key=lambda each: PRECEDENCE.index(each.counted_as))
    severity = Severity.ERROR if event.verdict.code else Severity.WARNING
    found = [_annotation(each, severity, show) for each in bad]
    warned = (each for each in event.operations if _has_warnings(each))
    found += [_annotation(each, Severity.WARNING, show) for each in warned]
    if len(found) <= MOST:
        return found
    words = ", ".join(counted(Counter(each.counted_as for each in bad[MOST - 1 :])))
    many = f"{len(found) - MOST + 1:,} more"
    last = Annotation(severity, many, f"{many}: {words or 'succeeded with warnings'}")
    return [*found[: MOST - 1], last]


def _has_warnings(operation: Operation) -> bool:
    reading = operation.reading
    is_partial = reading is not None and reading.partial
    return is_partial and operation.outcome is Outcome.SUCCEEDED and not ended_badly(operation)


def _annotation(operation: Operation, severity: Severity, show: Show) -> Annotation:
    word = OUTCOMES[operation.counted_as]
    return Annotation(
        severity,
        f"{display_name(operation, show)} {word}",
        ending_sentence(operation, show),
        page_of(operation, show),
    )
