"""What is worth saying once.

Decides that no oddity is told twice, and that an API which invents a new one at
each answer is not listened to for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.events import Oddity, Warned

if TYPE_CHECKING:
    from opwatch.domain.events import Event

MOST: Final = 100


class Remarks:
    """The oddities of a run that have been told."""

    def __init__(self) -> None:
        self._told: set[tuple[Oddity, str]] = set()

    def tell(
        self, now: float, oddity: Oddity, text: str, reference: str | None = None
    ) -> list[Event]:
        """Return the event that tells of *oddity*, if it is news."""
        if (oddity, text) in self._told or len(self._told) >= MOST:
            return []
        self._told.add((oddity, text))
        return [Warned(now, oddity, text, reference)]
