"""What one process tells the others about a host that all of them ask.

Decides what of its watch concerns them, and how much of a host's pace is for each. Of those
that would ask more, the one that began first follows the answers; the others take its
measure, so that the pace of all together is that of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

AFTERMATH: Final = 60.0
"""Seconds for which a throttle concerns also those who hardly ask."""
HARDLY: Final = 0.2
"""Requests a second that concern nobody."""


@dataclass(frozen=True, slots=True)
class HostReport:
    """How one process stands with a host. Times are seconds of the reader's own clock.

    *process* sorts by when it began. *rate* is what it takes all to be allowed, in requests a
    second, and *known* where it was throttled, if it was. *used* is what it sends itself;
    *wants_more* tells that it would send more. The headers of its last answer, at
    *allowed_at*, name the rate *allowed*. It may not ask before *held_until*.
    """

    process: str
    rate: float
    known: float | None = None
    used: float = 0.0
    wants_more: bool = False
    throttled_at: float = -math.inf
    allowed: float = math.inf
    allowed_at: float = -math.inf
    held_until: float = -math.inf

    @property
    def asks(self) -> bool:
        """Tell whether its process takes a part of the pace that is worth the name."""
        return self.wants_more or self.used > HARDLY

    def concerns_others(self, now: float) -> bool:
        """Tell whether another process could miss it."""
        return self.asks or self.held_until > now or self.throttled_at > now - AFTERMATH


@dataclass(frozen=True, slots=True)
class Advice:
    """What the reports of others change about how this process asks a host.

    *part* of its pace is for this process. *cuts* tells that another was throttled lately.
    *allowed* is the rate that headers named to another, None for none at all, and when;
    *measure* what the one that leads takes all to be allowed, and where it was throttled.
    Another was asked to wait *until* a moment of the run's clock.
    """

    part: float
    cuts: bool = False
    allowed: tuple[float | None, float] | None = None
    measure: tuple[float, float | None] | None = None
    until: float | None = None


def share_of(own: HostReport, others: Sequence[HostReport]) -> float:
    """Return the part of the host's pace that is for *own*.

    An equal part is everybody's who asks. What those who want no more leave of theirs is for
    the rest.
    """
    asking = [each for each in others if each.asks]
    equal = 1 / (1 + len(asking))
    if not own.wants_more:
        return equal
    modest = sum(min(each.used / own.rate, equal) for each in asking if not each.wants_more)
    return (1 - modest) / (1 + sum(each.wants_more for each in asking))


def leader_of(own: HostReport, others: Sequence[HostReport]) -> HostReport:
    """Return the report whose measure of the host counts: *own* where nobody wants more."""
    eager = [each for each in (own, *others) if each.wants_more]
    return min(eager, key=lambda each: each.process, default=own)
