"""The operations in an answer that lists several.

Decides that they are found by their ids and by nothing else: neither their
order nor their number counts (faults 77 and 78).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.operation import Reading
from opwatch.domain.trouble import Fault
from opwatch.profiles.language.params import ID
from opwatch.profiles.values import same_id, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opwatch.domain.answer import Finding
    from opwatch.domain.operation import Target
    from opwatch.profiles.reading.response import Seen

CONTRADICTS: Final = "the answer holds the operation twice, in different states"


class Listing:
    """The *items* of a list, each with the ids that *ids_of* finds in it."""

    def __init__(self, items: list[Any], ids_of: Callable[[Any], Iterable[Any]]) -> None:
        self._items = items
        self._by_id: dict[str, list[Any]] = {}
        for item in items:
            for name in {word(each) for each in ids_of(item)}:
                if name is not None:
                    self._by_id.setdefault(name, []).append(item)

    def of(self, target: Target) -> list[Any]:
        """Return the items that are about *target*; UUIDs match in any letters.

        A URL that was polled as it is names no id; then a single item is its own.
        """
        asked = target.params.get(ID)
        if not asked:
            return self._items if len(self._items) == 1 else []
        if asked in self._by_id:
            return self._by_id[asked]
        return next((self._by_id[name] for name in self._by_id if same_id(asked, name)), [])


def agreed(findings: list[Finding], seen: Seen, notes: list[str]) -> Finding:
    """Return what several entries of one id agree on; in doubt the operation goes on."""
    states = {each.state for each in findings if isinstance(each, Reading)}
    if len(states) < 2:  # noqa: PLR2004, no contradiction
        return findings[0]
    notes.append(CONTRADICTS)
    for each in findings:
        if isinstance(each, Reading) and not each.state.is_terminal:
            return each
    return seen.trouble(Fault.API_ERROR, CONTRADICTS)
