"""The deadline of a run, and the last look that every operation gets.

Decides that at the deadline all are asked once more, that a request in flight
is given one second more, and that a pause beyond the deadline is not waited for. A
run that is a single look ends at its deadline without another.
"""

from __future__ import annotations

import math
from typing import Final

from opwatch.domain.outcome import LAST_WORD, Outcome, Policy, Reason
from opwatch.watcher.decisions import ONCE_PATIENCE, Stop

TOO_LATE: Final = Stop(Outcome.TIMED_OUT, Reason.DEADLINE)


class Deadline:
    """When a run under *policy*, begun at *now*, must end. Times are of the run's clock.

    *at* is None without a deadline. *last_call_at* is when all were asked once
    more, None before.
    """

    def __init__(self, policy: Policy, now: float) -> None:
        self._policy = policy
        has_one = policy.timeout is not None and not policy.once
        self.at = now + (policy.timeout or 0.0) if has_one else None
        self._is_look = policy.once and policy.look_within is not None
        if self._is_look:
            self.at = now + (policy.look_within or 0.0)
        self.last_call_at: float | None = None

    def next_at(self) -> float:
        """Return when it next demands something, ``inf`` for never."""
        if self.last_call_at is not None:
            return self.last_call_at + LAST_WORD
        return math.inf if self.at is None else self.at

    def call(self, now: float) -> bool:
        """Tell, once, that the time has come for the last call."""
        if self.at is None or self._is_look or now < self.at or self.last_call_at is not None:
            return False
        self.last_call_at = now
        return True

    def is_over(self, now: float) -> bool:
        """Tell whether the answers to the last look have been waited for as well."""
        if self._is_look:
            return self.at is not None and now >= self.at
        return self.last_call_at is not None and now >= self.last_call_at + LAST_WORD

    def request_timeout(self, now: float) -> float:
        """Return the most seconds that a request sent at *now* may take."""
        most = self._policy.request_timeout
        if self.last_call_at is not None:
            return min(most, self.last_call_at + LAST_WORD - now)
        more = 0.0 if self._is_look else LAST_WORD
        return most if self.at is None else min(most, self.at + more - now)

    def too_late(self, asked_at: float) -> Stop | None:
        """Return how one ends whose last poll, sent at *asked_at*, has been answered."""
        if self.last_call_at is None or asked_at < self.last_call_at:
            return None
        return TOO_LATE

    def too_long(self, until: float, now: float) -> Stop | None:
        """Return how those end whose host asks to wait *until* then, if that is too long."""
        if self._is_look and self.at is not None and self.at < now + ONCE_PATIENCE:
            limit, outcome = self.at, Outcome.TIMED_OUT
        elif self._policy.once:
            limit, outcome = now + ONCE_PATIENCE, Outcome.UNKNOWN
        elif self.at is not None and self.last_call_at is None:
            limit, outcome = self.at, Outcome.TIMED_OUT
        else:
            return None
        return Stop(outcome, Reason.RATE_LIMITED) if until > limit else None
