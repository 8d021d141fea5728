"""The gate of one host: whether a request may go to it now.

Decides how fast a host is asked, and holds all operations of a host that does
not answer behind a single probe. It is not a circuit breaker that fails calls: it
only holds them. How many requests a second may pass is ``rate``; the states are::

    first ──any answer──▶ closed ──5 bad in a row, or half of the last 20──▶ open
    open ──probe good──▶ ramping ──as fast as at the beginning──▶ closed
    ramping ──2 bad in a row──▶ open      throttled with a pause: open until then

Until the host has given a good answer, a bad one leads back to first. A fault that an
operation repeats while the host serves others is the operation's own: it must not hold
up its neighbours.
"""

from __future__ import annotations

import math
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from opwatch.domain.trouble import (
    OF_THE_OPERATION,
    STRICT,
    Fault,
    FirstContact,
    Handling,
    Scope,
    Trouble,
)
from opwatch.watcher.rate import HostRate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.pacing import Limits, Uniform
    from opwatch.domain.sharing import Advice
    from opwatch.watcher.record import Record


RECENT: Final = 20
LONGEST_PROBE: Final = 30.0
LONGEST_FIRST: Final = 32.0
"""Seconds between two tries at a host that has never given a good answer."""
LONGEST_STRICT: Final = 8.0
"""The same where nobody is there, and the patience for that is short."""
FEWEST_AT_ONCE: Final = 2
OVERLOADED: Final = 503
CLEAN_TIME: Final = 60.0
SAME: Final = 1.0
"""Seconds by which two clocks may differ about the end of one pause."""
QUICK_CAPACITY: Final = 10.0
QUICK_PER_GOOD: Final = 0.1


class GateState(StrEnum):
    """Whether the gate lets requests pass."""

    FIRST = "first"
    CLOSED = "closed"
    OPEN = "open"
    RAMPING = "ramping"


BORNE: Final[Mapping[GateState, int]] = {
    GateState.FIRST: 0,
    GateState.CLOSED: 5,
    GateState.RAMPING: 2,
    GateState.OPEN: 0,
}
"""The bad answers in a row that open the gate. One alone is chance, also right after a recovery."""


class Gate:
    """Admits the requests to one host. All times are seconds of the run's clock."""

    def __init__(self, limits: Limits, uniform: Uniform, *, now: float) -> None:
        self.state = GateState.FIRST
        self.contacted = False
        self.not_before = now
        self.in_flight = 0
        self.successes = 0
        self.bad_in_a_row = 0
        self.strict_in_a_row = 0
        self.named_until = self._others_until = now
        self._asked_at = -math.inf
        self._limits = limits
        self._uniform = uniform
        self.rate = HostRate(limits, now)
        self._at_once = limits.at_once
        self._clean_since = now
        self._silent_from: float | None = None
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._failed_probes = 0
        self._stale = 0
        self._quick = QUICK_CAPACITY
        self._is_last = False

    @property
    def is_held(self) -> bool:
        """Tell whether the host is not being asked but by a probe."""
        return self.state is GateState.OPEN

    @property
    def is_single(self) -> bool:
        """Tell whether one request at a time may go."""
        return self.state in {GateState.FIRST, GateState.OPEN}

    @property
    def probe_cycle(self) -> float:
        """The longest pause in seconds before the next probe."""
        return min(LONGEST_PROBE, 2.0 ** min(self._failed_probes, 10))

    def silence(self, now: float) -> float:
        """Return for how many seconds it has been asked in vain, discounted ones left out."""
        return 0.0 if self._silent_from is None else now - self._silent_from

    def discount(self, seconds: float) -> None:
        """Do not count *seconds* as silence: nobody was there to ask."""
        if self._silent_from is not None:
            self._silent_from += seconds

    def free_at(self, now: float) -> float:
        """Return when the next request may go; ``inf`` while an answer must come first."""
        if self.in_flight >= (1 if self.is_single else self._at_once):
            return math.inf
        return max(self.rate.free_at(now), self.named_until if self._is_last else self.not_before)

    def take(self, now: float) -> None:
        """Count a request that goes now."""
        self.rate.take(now)
        self.in_flight += 1
        self._asked_at = now

    def good(self, now: float, latency: float = 0.0) -> None:
        """Count a good answer to a request that was *latency* seconds under way."""
        self._heard()
        self.rate.good(now, latency)
        self.contacted = True
        self.successes += 1
        self._recent.append(True)
        self._quick = min(QUICK_CAPACITY, self._quick + QUICK_PER_GOOD)
        if now - self._clean_since >= CLEAN_TIME:
            self._at_once = min(self._limits.at_once, self._at_once + 1)
            self._clean_since = now
        if self.state is GateState.OPEN:
            self._begin_ramp(now)
        elif self.state is GateState.FIRST or self.rate.is_full:
            self.state = GateState.CLOSED

    def answered(self, now: float) -> None:
        """Count an answer that is neither good nor the host's trouble (404, 400, 401)."""
        self._heard()
        if self.state is GateState.FIRST:
            self.state = GateState.CLOSED
        elif self.state is GateState.OPEN:
            self._begin_ramp(now)

    def bad(self, now: float, *, strict: bool = False) -> bool:
        """Count a transient fault; tell whether the gate has just opened (or opened further).

        A *strict* one is among those that are final after a few tries at first contact.
        """
        if self._came_back() and self.is_single:
            return False  # it left before the gate made up its mind
        self.bad_in_a_row += 1
        self.strict_in_a_row += strict
        self._silent_from = now if self._silent_from is None else self._silent_from
        self._recent.append(False)
        if not self.contacted:
            self._retreat(now, LONGEST_STRICT if strict else LONGEST_FIRST)
            return False
        half = len(self._recent) == RECENT and self._recent.count(False) * 2 >= RECENT
        if self.bad_in_a_row < BORNE[self.state] and not half:
            return False
        self._open(now)
        return True

    def inconclusive(self, now: float) -> None:
        """Count a transient fault that tells more of its operation than of the host."""
        self._came_back()
        if self.state is GateState.OPEN:
            self._pause(now)

    def out_of_descriptors(self, now: float, *, strict: bool = False) -> bool:
        """Count a request that this machine had no descriptor for: half as many go at once.

        That is no fault of the host, until two at once are too many as well.
        """
        if self._at_once <= FEWEST_AT_ONCE:
            return self.bad(now, strict=strict)
        if not self._came_back():
            # Those in flight with it are one event.
            self._at_once = max(FEWEST_AT_ONCE, self._at_once // 2)
            self._stale = self.in_flight
        self._clean_since = now
        if self.state is GateState.OPEN:
            self._pause(now)
        return False

    def throttled(self, now: float, wait: float | None) -> bool:
        """Count a rate limit that names a pause of *wait* seconds, or none; tell if it opened."""
        self._clean_since = now
        self.rate.throttled(now)
        if wait:
            self._came_back()
            self.hold(now, wait)
            return True
        if self._stale:
            # The answers to what was in flight then are one event with the first.
            self._came_back()
            return False
        held = self.bad(now)
        self._stale = self.in_flight
        return held

    def hold(self, now: float, wait: float) -> None:
        """Let nothing pass for *wait* seconds, and up to 10 % more so that not all wake at once."""
        self.named_until = max(self.named_until, now + wait)
        self._hold(now, wait)

    def heed(self, advice: Advice, now: float) -> bool:
        """Follow *advice*; tell if it is held anew, for a pause that another was asked for."""
        if advice.cuts:
            self.rate.cut(now)
        if advice.allowed is not None:
            self.rate.allow(*advice.allowed)
        self.rate.share(advice.part, now)
        if advice.measure is not None:
            self.rate.adopt(*advice.measure)
        return advice.until is not None and self.hold_for_others(now, advice.until)

    def would_hold(self, now: float, until: float) -> bool:
        """Tell whether a pause of another until then is longer than what is known."""
        return until > max(now, self._others_until + SAME, self.named_until)

    def hold_for_others(self, now: float, until: float) -> bool:
        """Hold it until a time that the host has named to another process; tell if that is new."""
        if not self.would_hold(now, until):
            return False
        self._others_until = until
        self._hold(now, until - now)
        return True

    def _hold(self, now: float, wait: float) -> None:
        before = max(self.not_before, now)
        self.not_before = max(before, now + wait * self._uniform(1.0, 1.1))
        self.discount(self.not_before - before)
        if self.state in {GateState.CLOSED, GateState.RAMPING}:
            self._become(GateState.OPEN)

    def call_last(self) -> None:
        """Let the last look pass, unless the host has named us a pause; others decide no end."""
        self._is_last = True

    def hurry(self, now: float, least: float) -> None:
        """Drop a pause of its own choice, but for *least* seconds after the last request.

        One that the host has named, to us or to another process, stands.
        """
        if max(self.named_until, self._others_until) <= now:
            self.not_before = min(self.not_before, max(now, self._asked_at + least))

    def pay_quick(self) -> bool:
        """Take the price of one quick retry, if the budget has it (at most 10 % extra)."""
        if self.state is not GateState.CLOSED or self._quick < 1:
            return False
        self._quick -= 1
        return True

    def _came_back(self) -> bool:
        """Count a request as answered; tell whether it left before the gate's last turn."""
        stale = self._stale > 0
        self._stale = max(0, self._stale - 1)
        self.in_flight = max(0, self.in_flight - 1)
        return stale

    def _heard(self) -> None:
        self._came_back()
        self._silent_from = None
        self.bad_in_a_row = self.strict_in_a_row = 0

    def _become(self, phase: GateState) -> None:
        self.state = phase
        self._failed_probes = 0
        self._stale = self.in_flight

    def _retreat(self, now: float, longest: float) -> None:
        """Let one at a time try to reach a host that has never given a good answer."""
        if self.state is not GateState.FIRST:
            self._become(GateState.FIRST)
        pause = self._uniform(0.5, 1.0) * min(longest, 2.0 ** min(self.bad_in_a_row - 1, 10))
        self.not_before = max(self.not_before, now + pause)

    def _open(self, now: float) -> None:
        if self.state is GateState.OPEN:
            self._failed_probes += 1
        else:
            self._become(GateState.OPEN)
        self._pause(now)

    def _pause(self, now: float) -> None:
        pause = self._uniform(0.5, 1.0) * self.probe_cycle
        self.not_before = max(self.not_before, now + pause)

    def _begin_ramp(self, now: float) -> None:
        self.state = GateState.RAMPING
        self.rate.begin_again(now)
        self._recent.clear()


OLD_NEWS: Final = 2
"""Bad answers in a row after which one more tells nothing new of a host that serves others."""


def count_trouble(
    gate: Gate, records: Sequence[Record], trouble: Trouble, wait: float | None, now: float
) -> bool:
    """Count *trouble* against the host as far as it is the host's; tell if it is held now."""
    handling = trouble.handling(seen=gate.contacted)
    if handling is Handling.THROTTLED:
        return gate.throttled(now, wait)
    if handling is not Handling.TRANSIENT or _is_of_operation(trouble, gate):
        gate.answered(now)
        return False
    if trouble.status == OVERLOADED:
        gate.rate.throttled(now, is_overload=True)
    if _is_old_news(gate, records):
        gate.inconclusive(now)
        return False
    strict = trouble.rule.first in STRICT
    if trouble.fault is Fault.NO_DESCRIPTORS:
        return gate.out_of_descriptors(now, strict=strict)
    return gate.bad(now, strict=strict)


def _is_of_operation(trouble: Trouble, gate: Gate) -> bool:
    """Tell whether the host is there, and *trouble* is that of one operation.

    An empty answer or a web page in mid-wait is an outage; at first contact it is most
    likely a wrong URL.
    """
    rule = trouble.rule
    at_first = rule.first is FirstContact.TRIES and rule.scope is Scope.OPERATION
    return trouble.fault in OF_THE_OPERATION or (at_first and not gate.contacted)


def _is_old_news(gate: Gate, records: Sequence[Record]) -> bool:
    """Tell whether these operations failed before, too, when the host served others."""
    return all(
        record.operation.streak >= OLD_NEWS and gate.successes > record.successes_before
        for record in records
    )
