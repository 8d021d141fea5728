"""The watcher: all operations of a run, without a socket, a sleep or a clock.

Decides what is asked when, and when the run is over. The engine and the
simulator drive the same object::

    while not watcher.finished:
        for poll in watcher.due(now): send it; later watcher.record(poll, answer, now)
        sleep until watcher.wake_at(now), then watcher.tick(now)

Every method that changes something returns the events that report it. No oddity is
reported twice, and an API that invents a new one with each answer is cut short.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from opwatch.domain.events import (
    Ended,
    Event,
    Held,
    Interrupted,
    Observed,
    Oddity,
    Resumed,
    Started,
    Troubled,
    Warned,
)
from opwatch.domain.operation import Answer, Operation, Poll, Reading, Target, Unchanged
from opwatch.domain.outcome import Abort, Goal, Outcome, Policy, Reason, Verdict, verdict
from opwatch.domain.trouble import Fault, Trouble
from opwatch.watcher.deadline import TOO_LATE, Deadline
from opwatch.watcher.decisions import (
    Context,
    PollAgain,
    Step,
    Stop,
    after_reading,
    after_trouble,
    may_be_of_one,
)
from opwatch.watcher.gate import Gate, count_trouble
from opwatch.watcher.scheduler import GateKey, Scheduler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opwatch.domain.durations import UsualDuration
    from opwatch.domain.pacing import PollingRules, Uniform
    from opwatch.domain.sharing import Advice
    from opwatch.watcher.record import Record

TICK: Final = 5.0
"""Seconds within which the watcher wants to be woken; a much longer gap is a suspend."""
SUSPENDED: Final = 3 * TICK
LONGEST_NAMED_WAIT: Final = 3600.0
MUCH_LONGER: Final = 10.0
"""Than the longest pause of its profile: one that an answer asks for is reported."""
MUCH_SLOWER: Final = 2.0
"""Times the usual duration after which an operation is reported as slow."""
UNCONDITIONAL_EVERY: Final = 10
MOST_WARNINGS: Final = 100


class Warnings:
    """The oddities of a run that have been reported."""

    def __init__(self) -> None:
        self._reported: set[tuple[Oddity, str]] = set()

    def once(
        self, now: float, oddity: Oddity, text: str, reference: str | None = None
    ) -> list[Event]:
        """Return the event that reports *oddity*, none if it was reported before."""
        if (oddity, text) in self._reported or len(self._reported) >= MOST_WARNINGS:
            return []
        self._reported.add((oddity, text))
        return [Warned(now, oddity, text, reference)]


class Watcher:
    """Watches *targets* under *policy*; *polling_rules* are those of each profile.

    All times are seconds of one clock that the caller reads; *uniform* is the
    source of chance.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        polling_rules: Mapping[str, PollingRules],
        policy: Policy,
        *,
        now: float,
        uniform: Uniform,
    ) -> None:
        self.policy = policy
        self._deadline = Deadline(policy, now)
        self._scheduler = Scheduler(targets, polling_rules, uniform, now)
        self._records = self._scheduler.records
        self._uniform = uniform
        self._started_at = self._ticked_at = now
        self._asked_for = len(targets)
        self._still_open = sum(1 for _ in self._scheduler.open())
        self._aborts: set[Abort] = set()
        self._warnings = Warnings()
        self._usual: Mapping[tuple[str, str | None], UsualDuration] = {}
        self._offset = 0.0

    # -- what is known -----------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Tell whether nothing is left to wait for."""
        return self._still_open == 0

    @property
    def deadline(self) -> float | None:
        """When the person's patience ends, None for never."""
        return self._deadline.at

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations as they stand, in the order they were given."""
        return tuple(record.operation for record in self._records)

    def verdict(self, *, timeout_code: int = 124) -> Verdict:
        """Return the verdict over all operations; an open one counts as pending."""
        operations = self.operations
        lacking = any(operation.reason is Reason.NO_RESULT for operation in operations)
        return verdict(
            [operation.counted_as for operation in operations],
            goal=self.policy.goal,
            aborts=frozenset(self._aborts | ({Abort.UNWRITABLE} if lacking else set())),
            timeout_code=timeout_code,
            expected=self._asked_for,
        )

    @property
    def gates(self) -> Mapping[GateKey, Gate]:
        """The gate of each profile and origin."""
        return self._scheduler.gates

    def late(self, name: GateKey, now: float) -> float:
        """Return for how many seconds the first has been due that waits behind the gate *name*."""
        return self._scheduler.late(name, now)

    def wake_at(self, now: float) -> float:
        """Return when something is to be done, at most one tick from *now*."""
        times = (now + TICK, self._scheduler.next_at(now), self._deadline.next_at())
        return min(times)

    # -- what to ask -------------------------------------------------------------

    def start(self) -> list[Event]:
        """Return the events that open the run: some operations may have ended at once."""
        now = self._started_at
        events: list[Event] = [Started(now, self.operations, self._deadline.at)]
        for index, record in enumerate(self._records):
            reading = record.operation.target.initial.reading
            if reading is not None:
                events += self._apply_initial(index, reading, now)
        return events + self._stop_early(events, now)

    def due(self, now: float) -> list[Poll]:
        """Return the polls to send at *now*; they count as in flight from here on."""
        return [self._poll(indices, gate, now) for indices, gate in self._scheduler.take(now)]

    def _poll(self, indices: tuple[int, ...], gate: Gate, now: float) -> Poll:
        records = [self._records[index] for index in indices]
        for record in records:
            patience = gate.probe_cycle if gate.is_held else 0.0
            record.ask(now, patience=patience, others=len(indices) - 1)
        gate.take(now)
        polls = max(record.operation.polls for record in records)
        return Poll(
            targets=tuple(record.operation.target for record in records),
            indices=indices,
            timeout=self._deadline.request_timeout(now),
            conditional=self._deadline.last_call_at is None and polls % UNCONDITIONAL_EVERY != 0,
            final=self._deadline.last_call_at is not None,
        )

    # -- what came of it ---------------------------------------------------------

    def record(self, poll: Poll, answer: Answer, now: float) -> list[Event]:
        """Take in the *answer* to *poll*; one that comes twice is passed over."""
        if not any(self._records[index].in_flight for index in poll.indices):
            return []
        gate = self._scheduler.gate(poll.indices[0])
        was_held = gate.is_held
        events = self._update_gate(gate, poll, answer, now)
        if was_held and not gate.is_held:
            self._scheduler.begin_again(poll.indices[0], now)
        for note in answer.notes:
            events += self._warnings.once(now, Oddity.NOTE, note)
        if self._split(poll, answer, now):
            return [*events, *self._warnings.once(now, Oddity.BATCH_HALVED, str(len(poll.indices)))]
        for index, finding in zip(poll.indices, answer.findings, strict=True):
            record = self._records[index]
            record.in_flight = False
            if record.is_over:
                continue
            if isinstance(finding, Unchanged):
                finding = self._unchanged(record)  # noqa: PLW2901, it is what the 304 stands for
            if isinstance(finding, Reading):
                events += self._read(index, finding, gate, now)
            else:
                events += self._record_trouble(index, finding, gate, now)
        return events + self._stop_early(events, now)

    def _unchanged(self, record: Record) -> Reading | Trouble:
        reading = record.operation.reading
        if reading is None:
            return Trouble(Fault.NOT_MODIFIED_UNASKED)
        return reading if reading.wait is None else replace(reading, wait=None)

    def _update_gate(self, gate: Gate, poll: Poll, answer: Answer, now: float) -> list[Event]:
        """Count the *answer* at the gate of its host."""
        troubles = [each for each in answer.findings if isinstance(each, Trouble)]
        worst = troubles[0] if troubles else None
        wait, events = self._capped(answer.wait, now)
        held = False
        gate.rate.allow(answer.rate, now)
        if worst is None or len(troubles) < len(answer.findings):
            gate.good(now, now - self._records[poll.indices[0]].asked_at)
        else:
            records = [self._records[index] for index in poll.indices]
            held = count_trouble(gate, records, worst, wait, now)
        if wait and not held:
            gate.hold(now, wait)
            held = True
        if held:
            events.append(Held(now, poll.targets[0].origin, gate.not_before, worst))
        stop = self._deadline.too_long(gate.named_until, now) if wait else None
        if stop is not None:
            records = self._records
            idle = [
                i for i in self._scheduler.neighbours(poll.indices[0]) if not records[i].in_flight
            ]
            events += self._end_all(idle, stop, now)
        return events

    def _capped(self, wait: float | None, now: float) -> tuple[float | None, list[Event]]:
        if wait is None or wait <= LONGEST_NAMED_WAIT:
            return wait, []
        return LONGEST_NAMED_WAIT, self._warnings.once(now, Oddity.WAIT_CAPPED, f"{wait:.0f}")

    def _split(self, poll: Poll, answer: Answer, now: float) -> bool:
        """Ask again in halves where the whole batch is refused, perhaps for one of its members."""
        if len(poll.indices) == 1 or not all(map(may_be_of_one, answer.findings)):
            return False
        large = any(
            isinstance(each, Trouble) and each.fault is Fault.STATUS_TOO_LARGE_BATCH
            for each in answer.findings
        )
        self._scheduler.split(poll.indices, is_too_large=large)
        for index in poll.indices:
            record = self._records[index]
            record.in_flight = False
            if not record.is_over:
                self._plan(index, 0.0, now)
        return True

    def _read(self, index: int, reading: Reading, gate: Gate, now: float) -> list[Event]:
        record, events = self._records[index], list[Event]()
        wait, capped = self._capped(reading.wait, now)
        events += capped
        reference, conflict = record.operation.reference, reading.contradiction
        if conflict is not None:
            events += self._warnings.once(now, Oddity.CONTRADICTION, str(conflict), reference)
        elif not reading.is_known_word:
            events += self._warnings.once(now, Oddity.UNKNOWN_STATUS, reading.status, reference)
        longest = self._scheduler.polling_rules(index).pace.longest
        if wait is not None and wait > MUCH_LONGER * longest:
            events += self._warnings.once(now, Oddity.WAIT_LONG, f"{wait:.0f}")
        if wait != reading.wait:
            reading = replace(reading, wait=wait)
        changed = record.confirm(reading, now)
        context = self._context(index, gate, now)
        if context.usual is not None and not reading.state.is_terminal:
            events += self._compare(record, *context.usual, now)
        step = after_reading(record, reading, context)
        record.uncounted += wait or 0.0
        ended = self._apply(index, step, gate.named_until, now)
        return [*events, Observed(now, record.operation, changed), *ended]

    def _compare(self, record: Record, usual: UsualDuration, age: float, now: float) -> list[Event]:
        """Note how long such an operation usually takes; report one that takes twice as long."""
        operation, usually = record.operation, usual.median
        reading = operation.reading
        has_progress = reading is not None and reading.progress is not None
        eta = operation.eta if has_progress else max(0.0, usually - age)
        record.operation = operation.but(usually=usually, eta=eta)
        if age < MUCH_SLOWER * usually:
            return []
        return self._warnings.once(now, Oddity.SLOW, f"{usually:.0f}", operation.reference)

    def _apply_initial(self, index: int, reading: Reading, now: float) -> list[Event]:
        """Take in what the starting answer reported; no request was spent on it."""
        record, gate = self._records[index], self._scheduler.gate(index)
        record.confirm(reading, now)
        record.operation = record.operation.but(polls=0)
        step = after_reading(record, reading, self._context(index, gate, now))
        ended = self._apply(index, step, gate.named_until, now)
        return [Observed(now, record.operation, changed=True), *ended]

    def set_result(self, operation: Operation, now: float) -> list[Event]:
        """Take in *operation* as it is with its result, or with why there is none."""
        for record in self._records:
            if record.operation.target is operation.target:
                record.operation = operation
        return [Ended(now, operation)]

    def _record_trouble(self, index: int, trouble: Trouble, gate: Gate, now: float) -> list[Event]:
        record = self._records[index]
        if trouble.wait is not None:
            trouble = replace(trouble, wait=min(trouble.wait, LONGEST_NAMED_WAIT))
            record.uncounted += trouble.wait or 0.0
        context = self._context(index, gate, now)
        record.record_trouble(trouble, now, grace=context.grace)
        record.successes_before = gate.successes
        step = after_trouble(record, trouble, context)
        until = now + trouble.wait if trouble.wait else gate.named_until
        ended = self._apply(index, step, max(gate.named_until, until), now)
        if isinstance(step, Stop) and step.whole_host:
            ended += self._end_all(
                list(self._in_vain(index, trouble.fault, now)), step, now, trouble
            )
        return [Troubled(now, record.operation, trouble), *ended]

    def _in_vain(self, index: int, fault: Fault, now: float) -> Iterator[int]:
        """Yield those behind the gate of *index* that would meet *fault* at the same host now.

        One that the host has answered in another way, be it with a 404, ends for its own
        reason only; and so does one whose own answer is still to come.
        """
        for each in self._scheduler.neighbours(index):
            record = self._records[each]
            own = record.operation.trouble
            if record.in_flight:
                continue
            if record.is_unheard and own and own.status is not None and own.fault is not fault:
                continue
            if record.is_unheard or record.due <= now:
                yield each

    def _context(self, index: int, gate: Gate, now: float) -> Context:
        return Context(
            polling_rules=self._scheduler.polling_rules(index),
            policy=self.policy,
            now=now,
            uniform=self._uniform,
            contacted=gate.contacted,
            host_bad=gate.bad_in_a_row,
            host_strict=gate.strict_in_a_row,
            silence=gate.silence(now),
            quick=gate.pay_quick,
            usual=self._usual_of(self._records[index].operation, now),
        )

    def _usual_of(self, operation: Operation, now: float) -> tuple[UsualDuration, float] | None:
        """Return how long what *operation* does usually takes, and how old it is."""
        reading = operation.reading
        if reading is None or not self._usual:
            return None
        usual = self._usual.get((operation.target.profile, reading.kind))
        begun = reading.created_at.timestamp() - self._offset if reading.created_at else now
        return None if usual is None else (usual, now - min(begun, operation.watched_from))

    # -- how it goes on ----------------------------------------------------------

    def _apply(self, index: int, step: Step, named_until: float, now: float) -> list[Event]:
        if isinstance(step, PollAgain):
            late = self._deadline.too_late(self._records[index].asked_at)
            step = late or self._deadline.too_long(named_until, now) or step
        if isinstance(step, Stop):
            return self._end_all([index], step, now)
        self._plan(index, step.pause if self._deadline.last_call_at is None else 0.0, now)
        return []

    def _plan(self, index: int, pause: float, now: float) -> None:
        record = self._records[index]
        record.plan(pause, now, not_before=self._scheduler.gate(index).not_before)
        self._scheduler.put(index)

    def _end_all(
        self, indices: Iterable[int], stop: Stop, now: float, trouble: Trouble | None = None
    ) -> list[Event]:
        return list(self._end_each(indices, stop, now, trouble))

    def _end_each(
        self, indices: Iterable[int], stop: Stop, now: float, trouble: Trouble | None = None
    ) -> Iterator[Event]:
        for index in indices:
            record = self._records[index]
            record.end(stop.outcome, stop.reason, now, trouble)
            self._still_open -= 1
            yield Ended(now, record.operation)

    def _stop_early(self, events: list[Event], now: float) -> list[Event]:
        outcomes = {event.operation.outcome for event in events if isinstance(event, Ended)}
        won = self.policy.goal is Goal.ANY and Outcome.SUCCEEDED in outcomes
        lost = self.policy.fail_fast and bool(outcomes - {Outcome.SUCCEEDED})
        if not won and not lost:
            return []
        rest = list(self._scheduler.open())
        return self._end_all(rest, Stop(Outcome.PENDING, Reason.STOPPED_EARLY), now)

    def learn_usual(
        self, usual: Mapping[tuple[str, str | None], UsualDuration], offset: float
    ) -> None:
        """Take in how long operations usually take, by profile and kind.

        The epoch's clock is *offset* seconds ahead of the run's.
        """
        self._usual, self._offset = usual, offset

    def heed(self, key: GateKey, advice: Advice, now: float) -> list[Event]:
        """Ask the host *key* as *advice* says, which is what other processes report of it."""
        gate = self.gates[key]
        if not gate.heed(advice, now):
            return []
        return [Held(now, key[1], gate.not_before, None, is_of_another=True)]

    # -- time and signals --------------------------------------------------------

    def tick(self, now: float) -> Iterable[Event]:
        """Take in that time has passed: a suspend, the deadline, the end of the last call.

        Each operation that it ends has ended once its event is taken, so that many need not
        end at once; all events must be taken before anything else is asked of the watcher.
        """
        events: list[Event] = []
        gap = now - self._ticked_at
        self._ticked_at = now
        if gap > SUSPENDED:
            events.append(Resumed(now, gap))
            self._scheduler.discount(gap)
            self._ask_all_again(now, asleep=gap)
        if self._deadline.call(now):
            self._scheduler.call_last()
            self._ask_all_again(now, asleep=0.0)
        if self._deadline.is_over(now):
            return chain(events, self._end_each(self._scheduler.open(), TOO_LATE, now))
        return events

    def _ask_all_again(self, now: float, *, asleep: float) -> None:
        """Let all be due at *now*; who has been waiting since before keeps the place."""
        for index in self._scheduler.open():
            record = self._records[index]
            if record.in_flight:
                record.uncounted += asleep
            elif record.due > now - asleep:
                record.uncounted += asleep
                record.due = now
        self._scheduler.sort()

    def look_now(self, now: float) -> None:
        """Ask about all that is open at *now*, as far as pace, rate and named pauses allow."""
        self._scheduler.hurry(now)

    def interrupt(self, abort: Abort, now: float) -> list[Event]:
        """End the watch of all that is open, because of *abort*; nothing remote is touched."""
        self._aborts.add(abort)
        rest = list(self._scheduler.open())
        ended = self._end_all(rest, Stop(Outcome.PENDING, Reason.DETACHED), now)
        return [Interrupted(now, abort), *ended]
