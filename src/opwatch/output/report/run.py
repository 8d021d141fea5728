"""What a page is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from opwatch.domain.operation import Operation
    from opwatch.domain.outcome import Verdict
    from opwatch.output.text.summary import Resume


@dataclass(frozen=True, slots=True)
class Run:
    """What a page is about; the times are on the run's clock.

    *problem* is a line, already safe to show, about a run that could not be carried out.
    """

    command: str
    operations: Sequence[Operation]
    verdict: Verdict
    started_at: float
    ended_at: float
    wall_of: Callable[[float], datetime]
    profile: str | None = None
    resume: Resume | None = None
    problem: str | None = None

    @property
    def elapsed(self) -> float:
        """How long it took, in seconds."""
        return max(0.0, self.ended_at - self.started_at)
