"""The watcher's own record of one operation: its snapshot, and what is counted of it.

Decides how many samples of progress a prediction of the end needs, for the eye three
and for the pace two, and that a falling percentage starts it anew; it is a guess, never
for a verdict. What the counts mean is decided in ``decisions``. All times are seconds of the
run's clock.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from opwatch.domain.operation import Earlier, Operation, Reading, Target
from opwatch.domain.pacing import Forecast
from opwatch.domain.trouble import Fault, FirstContact, Handling, Trouble

if TYPE_CHECKING:
    from opwatch.domain.outcome import Outcome, Reason


FEWEST: Final = 3
FEWEST_FOR_PACE: Final = 2
WINDOW: Final = 6
WHOLE: Final = 100.0
SUSPECT: Final = 2
"""Lists in a row without it, after which it is asked about alone."""
ANY_NUMBER: Final = 1_000_000
"""Of operations that one may be asked about with."""


class Trend:
    """The latest samples of one operation's progress, and what they predict."""

    __slots__ = ("_samples", "_since")

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._since = 0.0

    def add(self, at: float, percent: float | None) -> None:
        """Add a sample; one that is not a finite number, or says nothing new, is not one."""
        if percent is None or not math.isfinite(percent):
            return
        if self._samples and percent < self._samples[-1][1]:
            self._samples.clear()
        if not self._samples:
            self._since = at
        if not self._samples or percent > self._samples[-1][1]:
            self._samples.append((at, percent))

    def left(self, now: float) -> float | None:
        """Return the seconds to go at *now*, None while there are too few samples.

        Less than 0 says for how long the end has been overdue.
        """
        if len(self._samples) < FEWEST:
            return None
        (since, low), (until, high) = self._samples[0], self._samples[-1]
        pace = (high - low) / (until - since) if until > since else 0.0
        if pace <= 0:
            return None
        return (WHOLE - high) / pace - (now - until)

    def forecast(self, now: float) -> Forecast | None:
        """Return the soonest end at *now*, None while progress was not seen to move.

        The faster of the latest step and of all samples is drawn on: what quickens is
        not slept through.
        """
        if len(self._samples) < FEWEST_FOR_PACE:
            return None
        until, high = self._samples[-1]
        before = (self._samples[0], self._samples[-2])
        pace = max((high - low) / (until - at) if until > at else 0.0 for at, low in before)
        if pace <= 0:
            return None
        return Forecast((WHOLE - high) / pace - (now - until), now - self._since)


class Record:
    """One operation's snapshot and the counts that its next step depends on."""

    __slots__ = (
        "asked_at",
        "confirmations",
        "contradicted_from",
        "due",
        "first_asked_at",
        "in_flight",
        "misses",
        "misses_from",
        "moved",
        "named_until",
        "operation",
        "others",
        "pause",
        "quiet",
        "refusals",
        "refusals_from",
        "serial",
        "strict_tries",
        "successes_before",
        "together",
        "trend",
        "uncounted",
        "unknown_from",
        "was_split",
    )

    def __init__(self, target: Target, now: float) -> None:
        self.operation = Operation(target, watched_from=now)
        self.trend = Trend()
        self.due = self.named_until = now + target.initial.pause
        self.serial = 0
        self.in_flight = False
        self.together = ANY_NUMBER
        self.others = 0
        self.was_split = False
        self.moved = False
        self.pause = 0.0
        self.quiet = 0
        self.confirmations = 0
        self.uncounted = 0.0
        self.first_asked_at: float | None = None
        self.asked_at = now
        self.successes_before = 0
        self.strict_tries = 0
        self.refusals = 0
        self.refusals_from = now
        self.misses = 0
        self.misses_from = now
        self.unknown_from: float | None = None
        self.contradicted_from: float | None = None
        if target.earlier is not None:
            self._take_up(target.earlier, now)

    def _take_up(self, earlier: Earlier, now: float) -> None:
        """Go on where an *earlier* process has left off; its absence was no host's silence."""
        self.operation = self.operation.but(
            watched_from=earlier.watched_from,
            reading=earlier.reading,
            confirmed_at=earlier.confirmed_at,
            changed_at=earlier.changed_at,
            missed_from=earlier.missed_from,
            polls=earlier.polls,
            problems=earlier.problems,
            outcome=earlier.outcome,
            reason=earlier.reason,
            ended_at=earlier.ended_at,
        )
        if earlier.confirmed_at is not None:
            self.uncounted = max(0.0, now - earlier.confirmed_at)
        if earlier.moved_to is not None:
            self.moved, self.together = True, 1
        if earlier.missed_from is not None:
            self.misses, self.misses_from = 1, earlier.missed_from
        if earlier.reading is not None and not earlier.reading.is_known_word:
            self.unknown_from = earlier.changed_at

    @property
    def is_over(self) -> bool:
        """Tell whether the watch of this operation has ended."""
        return self.operation.outcome is not None

    @property
    def is_unheard(self) -> bool:
        """Tell whether no good answer about it has ever come."""
        return self.operation.reading is None

    @property
    def heard_at(self) -> float:
        """When the last good answer about it came, or its watch began."""
        confirmed_at = self.operation.confirmed_at
        return self.operation.watched_from if confirmed_at is None else confirmed_at

    def confirm(self, reading: Reading, now: float) -> bool:
        """Take in a good answer; tell whether a person would see a change."""
        before = self.operation.reading
        changed = reading.differs_from(before)
        moved = changed or before is None or reading.updated_at != before.updated_at
        same_state = before is not None and before.state is reading.state
        same_word = same_state and before is not None and before.status == reading.status
        self.quiet = self.quiet + 1 if same_word else 0
        self.confirmations = self.confirmations + 1 if same_state else 1
        self.trend.add(now, reading.progress)
        self.refusals = self.misses = self.strict_tries = 0
        self.uncounted = 0.0
        self.named_until = now + (reading.wait or 0.0)
        # At a URL of its own it is asked about alone.
        self.moved = self.moved or reading.moved_to is not None
        self.together = 1 if self.moved else ANY_NUMBER
        if reading.is_known_word:
            self.unknown_from = None
        elif self.unknown_from is None:
            self.unknown_from = now
        if reading.contradiction is None:
            self.contradicted_from = None
        elif self.contradicted_from is None:
            self.contradicted_from = now
        operation, left = self.operation, self.trend.left(now)
        self.operation = operation.but(
            reading=reading,
            confirmed_at=now,
            changed_at=now if moved else operation.changed_at,
            polls=operation.polls + 1,
            streak=0,
            trouble=None,
            missed_from=None,
            eta=None if left is None or reading.state.is_terminal else max(0.0, left),
        )
        return changed

    def record_trouble(self, trouble: Trouble, now: float, *, grace: float = 0.0) -> None:
        """Take in a bad answer; what was confirmed stands.

        *grace* is for how many seconds what was never found may still appear.
        """
        handling = trouble.handling(seen=not self.is_unheard)
        self.named_until = now + (trouble.wait or 0.0)
        if handling in {Handling.DENIED, Handling.REFUSED}:
            self.refusals_from = now if self.refusals == 0 else self.refusals_from
            self.refusals += 1
        elif handling is Handling.NOT_FOUND:
            self.misses_from = now if self.misses == 0 else self.misses_from
            self.misses += 1
            if self.is_missing_among_others(trouble) and self.misses >= SUSPECT:
                self.together = 1
        if trouble.rule.first is FirstContact.TRIES:
            self.strict_tries += 1
        operation = self.operation
        is_missing = handling is Handling.NOT_FOUND and self.is_unheard
        self.operation = operation.but(
            polls=operation.polls + 1,
            missed_from=self.misses_from if self.misses else None,
            missing_until=self.misses_from + grace if is_missing else None,
            problems=operation.problems + 1,
            streak=operation.streak + 1,
            trouble=trouble,
        )

    def is_missing_among_others(self, trouble: Trouble) -> bool:
        """Tell whether it is a list of several that lacks it: perhaps only its first page."""
        return trouble.fault is Fault.MISSING_FROM_BATCH and self.others > 0

    def ask(self, now: float, *, patience: float, others: int = 0) -> None:
        """Count as asked at *now*, in one request with *others*.

        What it waited beyond *patience* is not its own silence.
        """
        self.in_flight = True
        self.others = others
        self.asked_at = now
        if self.first_asked_at is None:
            self.first_asked_at = now
        else:
            self.uncounted += max(0.0, now - self.due - patience)

    def plan(self, pause: float, now: float, *, not_before: float) -> None:
        """Set the next poll *pause* seconds from *now*; its gate opens at *not_before*."""
        self.pause = pause
        self.due = now + pause
        self.operation = self.operation.but(next_poll_at=max(self.due, not_before))

    def hurry(self, now: float, least: float, *, not_before: float) -> None:
        """Let it be due at *now*, but no sooner than the API allows, and *least* after the last.

        One that reports an end is confirmed by answers that lie apart, so it keeps its time.
        """
        reading = self.operation.reading
        asked_at = -math.inf if self.first_asked_at is None else self.asked_at
        due = max(now, self.named_until, asked_at + least)
        if due >= self.due or (reading is not None and reading.state.is_terminal):
            return
        # A look that a person asks for must not make the later ones rarer.
        self.quiet = max(0, self.quiet - 1)
        self.plan(due - now, now, not_before=not_before)

    def end(
        self, outcome: Outcome, reason: Reason | None, now: float, trouble: Trouble | None = None
    ) -> None:
        """End the watch of this operation, because of *trouble* if that is given."""
        self.operation = self.operation.but(
            outcome=outcome,
            reason=reason,
            ended_at=now,
            next_poll_at=None,
            eta=None,
            trouble=trouble or self.operation.trouble,
        )
