"""What comes back from one poll, once it has been read.

Decides the shape of the answer that the watcher records: one finding for each
operation that the poll asked about, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from opwatch.domain.trouble import Trouble

if TYPE_CHECKING:
    from opwatch.domain.operation import Reading, Target


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The API confirmed that nothing has changed since the last reading (304)."""


Finding: TypeAlias = "Reading | Unchanged | Trouble"


@dataclass(frozen=True, slots=True)
class Answer:
    """The findings of one poll, in the order of its targets.

    *wait* is a pause in seconds for the whole host: a rate limit's, or until an
    empty quota is filled again. A pause that a good answer asks for concerns its
    operation alone and is ``Reading.wait``. *notes* are worth one warning each.
    """

    findings: tuple[Finding, ...]
    wait: float | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def all(cls, finding: Trouble | Unchanged, count: int) -> Answer:
        """Return the same *finding* for each of *count* operations."""
        wait = finding.wait if isinstance(finding, Trouble) else None
        return cls((finding,) * count, wait)


@dataclass(frozen=True, slots=True)
class Poll:
    """One request about one operation or a batch of them.

    *timeout* is the most seconds it may take. *conditional* is false when the
    answer must be a whole one, so that a wrong 304 cannot hang a wait.
    """

    targets: tuple[Target, ...]
    indices: tuple[int, ...]
    timeout: float
    conditional: bool = True
    probe: bool = False
    final: bool = False
