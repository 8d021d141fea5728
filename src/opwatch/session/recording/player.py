"""The replay: the watcher of a run, driven again by what is recorded of it.

Decides two ways. ``replay`` gives the watcher the same at the same moments. ``reread`` does
so where another profile, or another version of opwatch, asks at other moments: each
operation gets its recorded answers in their order, none before its time and none that is
outdated, and the last again for as long as the recording lasts.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Self

from opwatch.domain.events import Ended, Event, Finished
from opwatch.domain.operation import Answer, Failure, Poll
from opwatch.domain.outcome import Abort, Outcome, Reason
from opwatch.domain.trouble import Trouble
from opwatch.output.commands.replay import Evidence
from opwatch.session.recording.answers import RecordedAnswers
from opwatch.session.recording.codec import decode, decode_reply
from opwatch.watcher.decisions import may_be_of_one
from opwatch.watcher.watcher import SUSPENDED, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.domain.outcome import Verdict
    from opwatch.profiles import Profile
    from opwatch.session.recording.recording import Recording

    Line = Mapping[str, Any]

MOST_TURNS: Final = 1_000_000
UNHEARD: Final = frozenset({Abort.PIPE_CLOSED, Abort.UNWRITABLE})
"""Aborts of which the listener, who was their reason, was told nothing."""


class DivergedError(Exception):
    """The watcher asks for something else than it did."""


class Played:
    """The run of *recording*, driven again with its answers as *profiles* read them.

    There are its *events* and, by the index of each operation, the *evidence* about it.
    *asks_otherwise* is the moment from which on it asks otherwise than the recorded run did,
    None if it does not.
    """

    def __init__(
        self, recording: Recording, profiles: Mapping[str, Profile], *, one_by_one: bool = False
    ) -> None:
        self.recording = recording
        self.profiles = profiles
        self.events = list[Event]()
        self.evidence = dict[int, list[Evidence]]()
        self.asks_otherwise: float | None = None
        self.is_own = profiles is recording.profiles
        self._answers = RecordedAnswers(profiles)
        rules = {}
        for name, profile in profiles.items():
            # Judged by its own rules, asked at the moments of the recording.
            asked = recording.profiles[name].polling_rules
            rules[name] = replace(
                profile.polling_rules,
                pace=asked.pace,
                limits=asked.limits,
                batch=1 if one_by_one else asked.batch,
            )
        self.watcher = Watcher(
            recording.targets,
            rules,
            recording.policy,
            now=recording.began,
            uniform=random.Random(recording.head["seed"]).uniform,  # noqa: S311, to be repeated
        )
        self._withheld: dict[int, Ended] = {}
        self._collects = {Outcome.SUCCEEDED} if recording.head["collects"] else set[Outcome]()
        if recording.head.get("asks_why"):
            self._collects |= {Outcome.FAILED, Outcome.CANCELLED}

    @property
    def verdict(self) -> Verdict:
        """The verdict that it comes to."""
        return self.watcher.verdict(timeout_code=self.recording.head["timeout_code"])

    def exactly(self) -> Self:
        """Give the watcher all that is recorded, at the moments of the recording.

        Raises:
            DivergedError: it asks otherwise than it did, from the moment in its argument on.
        """
        polls = list[Poll]()
        self.tell(self.watcher.start())
        for line in self.recording.lines:
            at = line["at"]
            if "poll" in line:
                poll = polls[line["poll"]]
                answer, as_recorded = self.read(poll, line)
                self.take_in(poll.indices, answer, line, at, as_recorded=as_recorded)
                self.tell(self.watcher.record(poll, answer, at))
            elif "abort" in line:
                self.interrupt(line)
            elif "look" in line:
                self.watcher.look_now(at)
            elif "result_of" in line:
                self.set_result(line)
            else:
                self.tell(self.watcher.tick(at))
                due = self.watcher.due(at)
                polls += due
                if [list(each.indices) for each in due] != line.get("sent", []):
                    raise DivergedError(at)
        return self.finish(self.recording.ended)

    def finish(self, at: float) -> Self:
        """Tell the end, at *at*."""
        self.events += self._withheld.values()
        self.events.append(Finished(at, self.watcher.operations, self.verdict))
        return self

    def tell(self, events: Iterable[Event]) -> None:
        """Take *events* as told; an end is told when what belongs to it is there, as in the run."""
        for event in events:
            if isinstance(event, Ended) and event.operation.outcome in self._collects:
                self._withheld[id(event.operation.target)] = event
            else:
                self.events.append(event)

    def read(self, poll: Poll, line: Line) -> tuple[Answer, bool]:
        """Return the answer to *poll* that *line* holds, and whether it is the one read then."""
        found = self._answers.read(poll, [decode_reply(each) for each in line["replies"]])
        if "answer" in line and (found is None or self.is_own):
            return decode(Answer, line["answer"]), True
        if found is None:
            raise ValueError("an answer without its replies")
        return found, False

    def take_in(
        self, indices: Sequence[int], answer: Answer, line: Line, at: float, *, as_recorded: bool
    ) -> None:
        """Keep what *answer* says about the operations *indices*."""
        for index, finding in zip(indices, answer.findings, strict=True):
            evidence = Evidence(at, finding, line["replies"], as_recorded)
            self.evidence.setdefault(index, []).append(evidence)

    def interrupt(self, line: Line) -> None:
        """Give the watcher the abort that *line* holds."""
        abort = Abort(line["abort"])
        events = self.watcher.interrupt(abort, line["at"])
        self.tell(() if abort in UNHEARD else events)

    def set_result(self, line: Line) -> None:
        """Give the watcher what *line* holds: a result, why there is none, or why it failed."""
        operation = self.watcher.operations[line["result_of"]]
        changes: dict[str, Any]
        if "failure" in line:
            if operation.outcome not in {Outcome.FAILED, Outcome.CANCELLED}:
                return
            found = line["failure"]
            changes = {"failure": None if found is None else decode(Failure, found)}
        else:
            if operation.reading is None or operation.outcome is not Outcome.SUCCEEDED:
                return
            changes = {"reading": replace(operation.reading, result=line["result"])}
            if "reason" in line:
                changes["reason"] = Reason(line["reason"])
            if "trouble" in line:
                changes["trouble"] = decode(Trouble, line["trouble"])
        self._withheld.pop(id(operation.target), None)
        self.events += self.watcher.set_result(operation.but(**changes), line["at"])


class _Reread(Played):
    """Drives the watcher by a clock of its own; it asks about one operation at a time."""

    def __init__(self, recording: Recording, profiles: Mapping[str, Profile]) -> None:
        super().__init__(recording, profiles, one_by_one=True)
        self._now = recording.began
        self._coming: list[tuple[float, int, int, Poll, Line, Answer]] = []
        self._asked = 0
        lines = recording.lines
        self._aborts = [each for each in lines if "abort" in each]
        times = [recording.began, *(each["at"] for each in lines)]
        # A tick is written at least this often, unless the machine slept.
        self._suspends = [pair for pair in pairwise(times) if pair[1] - pair[0] > 2 * SUSPENDED]
        self._sent = [tuple(group) for each in lines for group in each.get("sent", ())]
        self._given = dict.fromkeys(range(len(recording.targets)), 0)
        self._lines: dict[int, list[Line]] = {index: [] for index in self._given}
        self._read: dict[int, tuple[Answer, bool]] = {}
        for line in (each for each in lines if "poll" in each):
            if not self._is_of_batch(line):
                for index in self._sent[line["poll"]]:
                    self._lines[index].append(line)

    def _is_of_batch(self, line: Line) -> bool:
        """Tell whether it refuses a whole batch: that says nothing about one operation."""
        findings = self._found(line)[0].findings
        return len(findings) > 1 and all(map(may_be_of_one, findings))

    def _found(self, line: Line) -> tuple[Answer, bool]:
        """Return what *line* says to the poll that it answers."""
        number = line["poll"]
        if number not in self._read:
            indices = self._sent[number]
            targets = tuple(self.recording.targets[each] for each in indices)
            self._read[number] = self.read(Poll(targets, indices, timeout=0.0), line)
        return self._read[number]

    def to_end(self) -> Self:
        """Go on until all have ended, or nothing is left that the watcher waits for."""
        self.tell(self.watcher.start())
        for _ in range(MOST_TURNS):
            self.tell(self.watcher.tick(self._now))
            for poll in self.watcher.due(self._now):
                self._ask(poll)
            is_spent = not self._coming and not self._aborts and self._now > self.recording.ended
            if self.watcher.finished or is_spent:
                break
            self._pass_time()
            self._deliver()
        for line in self.recording.lines:
            if "result_of" in line:
                self.set_result(line)
        return self.finish(self._now)

    def _ask(self, poll: Poll) -> None:
        (index,) = poll.indices
        lines, now = self._lines[index], self._now
        at = self._given[index]
        while at + 1 < len(lines) and lines[at + 1]["at"] <= now:
            at += 1
        if at >= len(lines) and (not lines or now > self.recording.ended):
            return  # the recording ends here
        line = lines[min(at, len(lines) - 1)]
        self._given[index] = at + 1
        self._asked += 1
        answer, _ = self._found(line)
        coming = (max(now, line["at"]), self._asked, index, poll, line, answer)
        heapq.heappush(self._coming, coming)

    def _pass_time(self) -> None:
        moments = [self.watcher.wake_at(self._now)]
        moments += [self._coming[0][0]] if self._coming else []
        moments += [self._aborts[0]["at"]] if self._aborts else []
        now = max(self._now, min(moments))
        while self._suspends and self._suspends[0][0] < now:
            now = max(now, self._suspends.pop(0)[1])
            self.tell(self.watcher.tick(now))
        self._now = now

    def _deliver(self) -> None:
        while self._coming and self._coming[0][0] <= self._now:
            _, _, index, poll, line, answer = heapq.heappop(self._coming)
            own = self._sent[line["poll"]].index(index)
            one = replace(answer, findings=(answer.findings[own],))
            as_recorded = self._found(line)[1]
            self.take_in((index,), one, line, self._now, as_recorded=as_recorded)
            self.tell(self.watcher.record(poll, one, self._now))
        while self._aborts and self._aborts[0]["at"] <= self._now:
            self.interrupt(self._aborts.pop(0))


def replay(recording: Recording) -> Played:
    """Return the run of *recording*, driven again.

    Raises:
        DAMAGE: a line has not the form that it must have.
    """
    try:
        return Played(recording, recording.profiles).exactly()
    except DivergedError as diverged:
        played = reread(recording, recording.profiles)
        (played.asks_otherwise,) = diverged.args
        return played


def reread(recording: Recording, profiles: Mapping[str, Profile]) -> Played:
    """Return what the answers of *recording* lead to when *profiles* read them.

    Raises:
        DAMAGE: a line has not the form that it must have.
    """
    return _Reread(recording, profiles).to_end()
