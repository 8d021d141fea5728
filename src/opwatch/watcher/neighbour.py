"""The gates of a run as the other processes of the same user see them, and the reverse.

Decides what their reports change here: the part of the pace that is left, a throttle that
one of them met, the pace that a header named to it, a pause that it was asked for. Nothing
of this is an answer about an operation, and the last look at the deadline minds only what
the host has told this process itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from opwatch.domain.sharing import Advice, HostReport, leader_of, share_of
from opwatch.watcher.decisions import ONCE_PATIENCE
from opwatch.watcher.rate import EVENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.domain.events import Event
    from opwatch.watcher.gate import Gate
    from opwatch.watcher.scheduler import GateKey
    from opwatch.watcher.watcher import Watcher

LATE: Final = 0.1
"""Seconds that an operation waits for its turn where its process would ask more."""
MEMORY: Final = 2.0
"""Seconds for which that is remembered, and over which the requests are counted."""


class Neighbour:
    """Reports on *gate* for *process*, and takes advice from the reports of others.

    Their pauses hold it for *longest_hold* seconds from *now* at most.
    """

    def __init__(
        self, gate: Gate, process: str, now: float, *, longest_hold: float = math.inf
    ) -> None:
        self._gate = gate
        self._process = process
        self._used = 0.0
        self._counted = gate.rate.sent
        self._counted_at = now
        self._late_at = -math.inf
        self._hold_until = now + longest_hold

    def report(self, late: float, now: float) -> HostReport:
        """Return how it stands; the first operation in the queue has been *late* seconds late."""
        rate = self._gate.rate
        if late > LATE:
            self._late_at = now
        passed = now - self._counted_at
        if passed > 0:
            weight = math.exp(-passed / MEMORY)
            fresh = (rate.sent - self._counted) / passed
            self._used = weight * self._used + (1 - weight) * fresh
            self._counted, self._counted_at = rate.sent, now
        return HostReport(
            process=self._process,
            rate=rate.whole,
            known=rate.known,
            used=self._used,
            wants_more=now - self._late_at < MEMORY,
            throttled_at=rate.throttled_at,
            allowed=rate.allowed,
            allowed_at=rate.allowed_at,
            held_until=self._gate.named_until,
        )

    def advice(self, own: HostReport, others: Sequence[HostReport], now: float) -> Advice:
        """Return what *others* report that changes something here."""
        rate = self._gate.rate
        cuts = any(
            each.throttled_at >= rate.cut_at + EVENT and each.throttled_at > now - MEMORY
            for each in others
        )
        latest = max((own, *others), key=lambda each: each.allowed_at)
        is_news = latest.allowed_at > rate.allowed_at and latest.allowed != rate.allowed
        allowed = None if math.isinf(latest.allowed) else latest.allowed
        leader = leader_of(own, others)
        measure = (leader.rate, leader.known)
        is_led = leader is not own and not cuts and now - rate.cut_at >= EVENT
        until = min(max((each.held_until for each in others), default=now), self._hold_until)
        return Advice(
            share_of(own, others),
            cuts=cuts,
            allowed=(allowed, latest.allowed_at) if is_news else None,
            measure=measure if is_led and measure != rate.measure else None,
            until=until if self._gate.would_hold(now, until) else None,
        )


class Neighbourhood:
    """What *watcher*, in *process*, and the watchers of others do for each other.

    Until it is known whether there are others, each of its hosts is asked as slowly as if
    there were *presumed* of them.
    """

    def __init__(self, watcher: Watcher, process: str, now: float, *, presumed: int) -> None:
        self._watcher = watcher
        longest = ONCE_PATIENCE if watcher.policy.once else math.inf
        self._neighbours = {
            key: Neighbour(gate, f"{process} {number}", now, longest_hold=longest)
            for number, (key, gate) in enumerate(watcher.gates.items())
        }
        self._reports: dict[GateKey, HostReport] = {}
        self._advice: dict[GateKey, Advice] = {}
        self.suppose(presumed, now)

    def suppose(self, others: int, now: float) -> None:
        """Leave as much of each host's pace as if so many *others* wanted theirs."""
        for key in self._neighbours:
            self._give(key, Advice(1 / (1 + others)), now)

    def report(self, now: float) -> Mapping[GateKey, HostReport]:
        """Return how this process stands with each of its hosts."""
        self._reports = {
            key: each.report(self._watcher.late(key, now), now)
            for key, each in self._neighbours.items()
        }
        return self._reports

    def follow(self, heard: Mapping[GateKey, Sequence[HostReport]], now: float) -> list[Event]:
        """Follow what was *heard* of the others; return what a person may want to know of it."""
        return [
            event
            for key, others in heard.items()
            for event in self._give(
                key, self._neighbours[key].advice(self._reports[key], others, now), now
            )
        ]

    def _give(self, key: GateKey, advice: Advice, now: float) -> list[Event]:
        """Have *advice* followed; what was said before changes nothing, but for a measure."""
        if advice.measure is None and advice == self._advice.get(key, Advice(1.0)):
            return []
        self._advice[key] = advice
        return self._watcher.heed(key, advice, now)
