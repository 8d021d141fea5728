"""Runs and operations as they are kept when their process is gone.

Decides which operations of a run are left to be watched. Times are seconds since the epoch:
the clock of a run means nothing to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.outcome import Outcome, Reason
from opwatch.domain.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from opwatch.domain.operation import State

_WITHOUT_RESULT: Final = frozenset({Reason.NO_RESULT, Reason.DETACHED})
_OVER: Final = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED, Outcome.NOT_FOUND})

TIMES: Final = ("watched_from", "confirmed_at", "changed_at", "missed_from", "ended_at")
"""The fields of a kept operation that are moments of the watch."""
COUNTED: Final = ("polls", "problems")
NEXT: Final = ("etag", "modified", "moved_to")
"""What the next poll needs of the last answer."""
READ: Final = (
    *("state", "status", "progress", "count", "kind", "message"),
    *("is_known_word", "partial", "updated_at"),
)
"""The fields of a kept operation that are those of a reading."""


@dataclass(frozen=True, slots=True)
class KeptOperation:
    """One operation of a run as it was when it was written down.

    *handed* are the parameters that stood beside its reference. *missed_from* is since when
    the API does not know it. *partial* marks a success with warnings, None if that is not known.
    """

    reference: str
    id: str
    profile: str
    origin: str
    handed: Mapping[str, str] = field(default_factory=dict)
    basis: str | None = None
    watched_from: float = 0.0
    confirmed_at: float | None = None
    changed_at: float | None = None
    missed_from: float | None = None
    ended_at: float | None = None
    polls: int = 0
    problems: int = 0
    outcome: Outcome | None = None
    reason: Reason | None = None
    state: State | None = None
    status: str = ""
    progress: float | None = None
    count: int | None = None
    kind: str | None = None
    message: str | None = None
    created_at: float | None = None
    updated_at: datetime | None = None
    is_known_word: bool = True
    partial: bool | None = None
    moved_to: str | None = None
    etag: str | None = None
    modified: str | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing that a later watch of it needs was masked."""
        return not any(
            MASK in each for each in (self.reference, self.moved_to or "", *self.handed.values())
        )

    def is_over(self, *, wants_result: bool) -> bool:
        """Tell whether nothing is left to be done about it.

        A success is not over where its result is wanted and was not fetched, nor is what only
        counted as failed because it waited for a person.
        """
        if self.reason == Reason.BLOCKED:
            return False
        if self.outcome == Outcome.SUCCEEDED and (wants_result or self.reason in _WITHOUT_RESULT):
            return False
        return self.outcome in _OVER

    def counted(self, *, fail_on_warnings: bool) -> KeptOperation:
        """Return this operation as it counts in a run that does, or does not, fail on warnings."""
        if self.reason == Reason.WARNINGS and not fail_on_warnings:
            return replace(self, outcome=Outcome.SUCCEEDED, reason=None)
        if self.outcome == Outcome.SUCCEEDED and self.partial and fail_on_warnings:
            return replace(self, outcome=Outcome.FAILED, reason=Reason.WARNINGS)
        return self


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run: what it was told, and how it ended, if it has.

    *lost* names what may be a secret and was not kept, *cookies* the cookies it had.
    """

    id: str
    command: str
    profile: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    lost: Sequence[str] = ()
    cookies: Sequence[str] = ()
    started_at: float = 0.0
    deadline: float | None = None
    written_at: float = 0.0
    ended_at: float | None = None
    code: int | None = None
    cause: str | None = None
    pid: int = 0
    operations: Sequence[KeptOperation] = ()

    def counted(self, *, fail_on_warnings: bool) -> KeptRun:
        """Return this run as its operations count if it does, or does not, fail on warnings."""
        counted = [each.counted(fail_on_warnings=fail_on_warnings) for each in self.operations]
        return replace(self, operations=counted)

    @property
    def left(self) -> list[KeptOperation]:
        """The operations that are left to be watched, in their order."""
        has_won = self.options.get("any_") and any(
            each.outcome == Outcome.SUCCEEDED for each in self.operations
        )
        if has_won:
            return []
        # What was saved as a file is there; what was only to be printed may never have been.
        wants = bool(self.options.get("result")) and not self.options.get("download")
        return [each for each in self.operations if not each.is_over(wants_result=wants)]
