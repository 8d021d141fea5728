"""The limits of a run, as its user has set them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opwatch.domain.outcome import Goal
from opwatch.domain.pacing import Eagerness

LOST_AFTER: Final = 900.0
NO_CONTACT: Final = 30.0
"""Seconds that a host is given to be there at all."""
REQUEST_TIMEOUT: Final = 30.0
LAST_WORD: Final = 1.0
"""Seconds that a request in flight at the deadline is still given."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of one run. Times are in seconds, None is without limit.

    *once* looks at each operation until it has been read one time, all of them within
    *look_within*; with a *timeout* of 0 one that is not terminal then has timed out. *pace*
    says how eagerly the profile's pace is followed, *interval* replaces it; *confirm*
    replaces its number of confirmations, and *grace* its grace for what is not found, which
    *once* has none of its own. *no_contact* is *lost_after* for a host that could
    not be reached at all so far.
    """

    goal: Goal = Goal.ALL
    timeout: float | None = None
    lost_after: float | None = LOST_AFTER
    no_contact: float | None = NO_CONTACT
    stall: float | None = None
    pace: Eagerness = Eagerness.NORMAL
    interval: float | None = None
    confirm: int | None = None
    grace: float | None = None
    fail_fast: bool = False
    fail_on_blocked: bool = False
    fail_on_warnings: bool = False
    once: bool = False
    look_within: float | None = None
    request_timeout: float = REQUEST_TIMEOUT
