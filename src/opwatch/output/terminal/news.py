"""What is still news to the reader of a log.

Decides that a trouble is said when it begins and when it changes its kind, and
that one which comes and goes is not said more than once a minute; and that
progress is worth a line every ten points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable

    from opwatch.domain.operation import Reading
    from opwatch.domain.trouble import Fault, Trouble

QUIET: Final = 60.0
STEP: Final = 10.0
STEP_PAUSE: Final = 10.0

Kind: TypeAlias = "tuple[Fault, int | None]"


@dataclass(frozen=True, slots=True)
class Told:
    """What was last said of one operation, and when."""

    at: float
    state: str
    progress: float


class News:
    """Remembers what has been said, by whom it was about. Times are of the run's clock."""

    def __init__(self) -> None:
        self._told: dict[Hashable, Told] = {}
        self._now: dict[Hashable, tuple[Kind, bool]] = {}
        self._said_at: dict[tuple[Hashable, Kind], float] = {}

    def is_trouble(self, subject: Hashable, trouble: Trouble, at: float) -> bool:
        """Tell whether *trouble* is news about *subject*, which counts as having been told."""
        kind = (trouble.fault, trouble.status)
        current = self._now.get(subject)
        if current is not None and current[0] == kind:
            return False
        fresh = at - self._said_at.get((subject, kind), float("-inf")) >= QUIET
        self._now[subject] = (kind, fresh)
        if fresh:
            self._said_at[(subject, kind)] = at
        return fresh

    def is_recovery(self, subject: Hashable) -> bool:
        """Tell whether a good answer about *subject* ends a trouble that was told."""
        _, was_told = self._now.pop(subject, (None, False))
        return was_told

    def is_change(self, subject: Hashable, reading: Reading, at: float) -> bool:
        """Tell whether *reading* is worth a line about *subject*."""
        told = self._told.get(subject)
        if told is None or told.state != f"{reading.state} {reading.status}":
            return True
        moved = abs((reading.progress or 0.0) - told.progress) >= STEP
        return moved and at - told.at >= STEP_PAUSE

    def tell(self, subject: Hashable, reading: Reading, at: float) -> None:
        """Take *reading* as told."""
        self._told[subject] = Told(at, f"{reading.state} {reading.status}", reading.progress or 0.0)
