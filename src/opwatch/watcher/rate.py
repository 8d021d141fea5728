"""How many requests a second one host is sent: few at first, more while it answers well.

Decides the pace between the requests to a host, by its own answers. There is no fixed rate::

    begin        10 a second
    never throttled    each good answer adds 2 a second: it doubles about three times a second
    throttled    half of what the host is known to bear; that is remembered, and below
                 half of it the pace grows as at first, then by a tenth of it a second
    near it      (from nine tenths on) by a fifth a minute

It grows only as far as it is used, and not while the answers take longer: a host that falls
over becomes slow first. What a host bears is what it has answered well: between two
throttles that is its limit, however large the burst that it allows. The limit that a
vendor documents, and the pace that the headers of an answer name, are never exceeded.

Several processes that ask the same host have one pace together, of which each may send a
part (``neighbour``): all that is measured here is of the whole.

Additive increase and multiplicative decrease: RFC 5681 §3.1; growth only of what is used:
RFC 7661. All times are seconds of the run's clock.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opwatch.domain.pacing import Limits

BEGIN: Final = 10.0
PER_GOOD: Final = 2.0
"""Requests a second that each good answer adds while no limit is known."""
AFTER_OUTAGE: Final = 2.0
SLOWEST: Final = 0.2
CUT: Final = 0.5
CLIMB: Final = 0.1
"""The part of the known limit that a second adds, from half of it on."""
NEAR: Final = 0.9
CREEP: Final = 0.003
"""The part that a second adds near a limit that was measured: a fifth a minute."""
GUESSED: Final = 0.07
"""The same near one that is guessed from a single throttle."""
ENOUGH: Final = 0.25
"""The part of the pace that must have been answered for its answers to show the limit."""
EVENT: Final = 1.0
"""Seconds within which throttled answers are one event."""
SLICE: Final = 0.05
"""Seconds of requests that may go together, so that a late wake-up loses none."""
ROUND: Final = 8
RISE: Final = 1.5
SLACK: Final = 0.05
"""Answers take longer when a round of 8 takes half as long again as the least, and 0.05 s."""


class Latency:
    """Whether a host takes longer to answer than it did."""

    def __init__(self) -> None:
        self.rises = False
        self._least = math.inf
        self._sum = 0.0
        self._count = 0

    def add(self, seconds: float) -> None:
        """Take in that an answer took *seconds*."""
        self._sum += seconds
        self._count += 1
        if self._count == ROUND:
            mean = self._sum / ROUND
            self._least = min(self._least, mean)
            self.rises = mean > RISE * self._least + SLACK
            self._sum, self._count = 0.0, 0


class HostRate:
    """A bucket of requests whose rate follows the answers of one host, within *limits*."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.sent = 0
        self.allowed = math.inf
        self.known: float | None = None
        self.cut_at = self.throttled_at = self.allowed_at = -math.inf
        self._limits = limits
        self._rate = BEGIN
        self._part = 1.0
        self._creep = GUESSED
        self._tokens = float(limits.burst)
        self._filled_at = self._grown_at = now
        self._latency = Latency()
        self._last_good: deque[float] = deque()
        self._met_at = -math.inf
        self._good_since = 0.0
        self._idle_since = 0.0

    @property
    def now(self) -> float:
        """The requests a second that this process may send."""
        return self._part * self.whole

    @property
    def whole(self) -> float:
        """The requests a second that all processes together may send."""
        return min(self._rate, self._limits.rate, self.allowed)

    @property
    def measure(self) -> tuple[float, float | None]:
        """The pace that the answers have led to, and where the host has throttled it."""
        return self._rate, self.known

    @property
    def is_full(self) -> bool:
        """Tell whether it is no slower than at the beginning."""
        return self._rate >= BEGIN or self._rate >= self.most

    @property
    def most(self) -> float:
        """The requests a second that are never exceeded."""
        return min(self._limits.rate, self.allowed, self.known or math.inf)

    def free_at(self, now: float) -> float:
        """Return when the next request may go. To ask changes nothing, however often it is done."""
        pace = self.now
        tokens = min(self._burst(pace), self._filled(now, pace))
        return now if tokens >= 1 else now + (1 - tokens) / pace

    def take(self, now: float) -> None:
        """Count a request that goes now."""
        self._fill(now)
        self._tokens -= 1
        self.sent += 1

    def allow(self, rate: float | None, at: float) -> None:
        """Take in that the headers of an answer name *rate*, None for no rate at all."""
        allowed = math.inf if rate is None else max(SLOWEST, rate)
        if allowed != self.allowed:
            self._fill(at)  # by what was allowed until now
        self.allowed, self.allowed_at = allowed, at

    def share(self, part: float, now: float) -> None:
        """Take in that *part* of the pace, more than 0 and at most 1, is for this process."""
        self._fill(now)
        self._part = part

    def adopt(self, rate: float, known: float | None) -> None:
        """Take over another process's measure of the same host."""
        self._rate, self.known = max(SLOWEST, rate), known

    def good(self, now: float, latency: float) -> None:
        """Take in a good answer to a request that was *latency* seconds under way."""
        self._latency.add(latency)
        self._good_since += 1 / self._part
        self._last_good.append(now)
        while self._last_good[0] <= now - EVENT:
            self._last_good.popleft()
        self._fill(now)
        passed = min(now - self._grown_at, EVENT)
        self._grown_at = now
        is_used = self._tokens < max(1.0, self._burst(self.now) / 2)
        if is_used and not self._latency.rises and now - self._met_at >= EVENT:
            self._grow(passed)

    def throttled(self, now: float, *, is_overload: bool = False) -> None:
        """Take in that the host will not be asked as fast as this; on *is_overload* it cannot."""
        self.throttled_at = now
        self.cut(now, is_overload=is_overload)

    def cut(self, now: float, *, is_overload: bool = False) -> None:
        """Ask half of what the host bears, for it has throttled this process or another."""
        self._fill(now)
        self._met_at = now
        if now - self.cut_at < EVENT:
            return
        self._learn(now, is_overload=is_overload)
        self._rate = (self.known or 0.0) * CUT
        self._tokens = min(self._tokens, 0.0)
        self.cut_at, self._good_since, self._idle_since = now, 0.0, 0.0

    def begin_again(self, now: float) -> None:
        """Take in that the host is back after an outage: it is asked slowly at first."""
        self._fill(now)
        self._rate = min(AFTER_OUTAGE, self._rate)
        self._tokens = 0.0

    def _learn(self, now: float, *, is_overload: bool) -> None:
        """Take as known what the host has answered well, lately and since the last throttle.

        Lately is too much where it allows a burst, and since the last throttle too little
        where it was not asked as fast as it bears: the truth is in between. Before a first
        overload it is too little as well, for the pace was growing. Where few requests
        went, it shows nothing but that the pace is too fast.
        """
        lately = len(self._last_good) / EVENT / self._part
        busy = now - self.cut_at - self._idle_since
        borne, self._creep = math.inf, GUESSED
        if lately >= self.whole * ENOUGH:
            if EVENT <= busy < math.inf:
                borne, self._creep = math.sqrt(lately * self._good_since / busy), CREEP
            elif not is_overload:
                borne = lately
        self.known = max(SLOWEST / CUT, min(self.whole, borne))

    def _grow(self, passed: float) -> None:
        known = self.known
        if known is None or self._rate < known * CUT:
            self._rate += PER_GOOD / self._part
        elif self._rate < known * NEAR:
            self._rate += known * CLIMB * passed
        else:
            self._rate *= 1 + self._creep * passed
        self._rate = min(self._rate, self._limits.rate)

    def _burst(self, pace: float) -> float:
        together, most = max(1.0, pace * SLICE), max(1.0, self._limits.burst * self._part)
        if self.known is not None or self._rate < BEGIN:
            return min(together, most)
        return most if self._limits.rate < math.inf else max(together, most)

    def _filled(self, now: float, pace: float) -> float:
        return self._tokens + max(0.0, now - self._filled_at) * pace

    def _fill(self, now: float) -> None:
        pace = self.now
        filled = self._filled(now, pace)
        # What another process was told is taken in later; that time is counted already.
        self._filled_at = max(self._filled_at, now)
        self._tokens = min(self._burst(pace), filled)
        self._idle_since += (filled - self._tokens) / pace
