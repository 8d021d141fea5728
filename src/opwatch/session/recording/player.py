"""The replay: the watcher of a run, driven again by what is recorded of it.

Decides two ways. ``replay`` gives the watcher the same at the same moments. ``reread`` does
so where another profile, or another version of opwatch, asks at other moments: each
operation gets its recorded answers in their order, none before its time and none that is
outdated, and the last again for as long as the recording lasts.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from dataclasses import replace
from functools import partial
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, Final, Self

from opwatch.domain.durations import UsualDuration
from opwatch.domain.events import Ended, Event, Finished
from opwatch.domain.operation import Answer, Failure, Poll
from opwatch.domain.outcome import Abort, Outcome, Reason, Verdict
from opwatch.domain.sharing import Advice
from opwatch.domain.trouble import Trouble
from opwatch.output.commands.replay import Evidence
from opwatch.session.recording.codec import decode, decode_reply
from opwatch.session.recording.recording import RecordedAnswers, Recording
from opwatch.watcher.decisions import may_be_of_one
from opwatch.watcher.watcher import SUSPENDED, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opwatch.profiles import Profile

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
        self.evidence = defaultdict[int, list[Evidence]](list)
        self.asks_otherwise: float | None = None
        self._is_own = profiles is recording.profiles
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
                answer, evidence = self.read(poll, line)
                for index, each in zip(poll.indices, evidence, strict=True):
                    self.evidence[index].append(each)
                self.tell(self.watcher.record(poll, answer, at))
            elif "abort" in line:
                self.interrupt(line)
            elif "look" in line:
                self.watcher.look_now(at)
            elif "result_of" in line:
                self.set_result(line)
            elif "advice" in line or "usual" in line:
                self.tell(self.watcher.tick(at))
                self.follow(line)
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

    def read(self, poll: Poll, line: Line) -> tuple[Answer, list[Evidence]]:
        """Return the answer to *poll* that *line* holds, and what it says of each operation."""
        replies = line["replies"]
        found = self._answers.read(poll, [decode_reply(each) for each in replies])
        as_recorded = "answer" in line and (found is None or self._is_own)
        answer = decode(Answer, line["answer"]) if as_recorded else found
        if answer is None:
            raise ValueError("an answer without its replies")
        evidence = [Evidence(line["at"], each, replies, as_recorded) for each in answer.findings]
        return answer, evidence

    def follow(self, line: Line) -> None:
        """Give the watcher what *line* holds of other processes, or of past durations."""
        if "advice" in line:
            profile, origin = line["host"]
            advice = decode(Advice, line["advice"])
            self.tell(self.watcher.heed((profile, origin), advice, line["at"]))
        else:
            usual = {tuple(key): decode(UsualDuration, each) for *key, each in line["usual"]}
            self.watcher.learn_usual(usual, line["offset"])

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
        lines, targets = recording.lines, recording.targets
        self._now = recording.began
        self._given = dict.fromkeys(range(len(targets)), 0)
        self._answers_of = defaultdict[int, list[tuple[Answer, Evidence]]](list)
        sent = [tuple(group) for each in lines for group in each.get("sent", ())]
        for line in (each for each in lines if "poll" in each):
            indices = sent[line["poll"]]
            polled = tuple(targets[each] for each in indices)
            answer, evidence = self.read(Poll(polled, indices, timeout=0.0), line)
            if len(indices) > 1 and all(map(may_be_of_one, answer.findings)):
                continue  # It refuses a whole batch: that says nothing about one operation.
            for index, each in zip(indices, evidence, strict=True):
                one = replace(answer, findings=(each.finding,))
                self._answers_of[index].append((one, each))
        self._number = count()
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        for line in (each for each in lines if "abort" in each):
            self._at(line["at"], partial(self.interrupt, line))
        times = [recording.began, *(each["at"] for each in lines), recording.ended]
        # A tick is written at least this often, unless the machine slept.
        self._suspends = [pair for pair in pairwise(times) if pair[1] - pair[0] > 2 * SUSPENDED]

    def _at(self, at: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (at, next(self._number), happen))

    def to_end(self) -> Self:
        """Go on until all have ended, or nothing is left that the watcher waits for."""
        self.tell(self.watcher.start())
        for _ in range(MOST_TURNS):
            self.tell(self.watcher.tick(self._now))
            for poll in self.watcher.due(self._now):
                self._ask(poll)
            is_spent = not self._coming and self._now > self.recording.ended
            if self.watcher.finished or is_spent:
                break
            self._pass_time()
            while self._coming and self._coming[0][0] <= self._now:
                heapq.heappop(self._coming)[2]()
        for line in self.recording.lines:
            if "result_of" in line:
                self.set_result(line)
        return self.finish(self._now)

    def _ask(self, poll: Poll) -> None:
        (index,) = poll.indices
        found, now = self._answers_of[index], self._now
        at = self._given[index]
        while at + 1 < len(found) and found[at + 1][1].at <= now:
            at += 1
        if at >= len(found) and (not found or now > self.recording.ended):
            return  # the recording ends here
        self._given[index] = at + 1
        answer, evidence = found[min(at, len(found) - 1)]
        self._at(max(now, evidence.at), partial(self._deliver, poll, answer, evidence))

    def _deliver(self, poll: Poll, answer: Answer, evidence: Evidence) -> None:
        self.evidence[poll.indices[0]].append(evidence._replace(at=self._now))
        self.tell(self.watcher.record(poll, answer, self._now))

    def _pass_time(self) -> None:
        moments = [self.watcher.wake_at(self._now), *(each[0] for each in self._coming[:1])]
        now = max(self._now, min(moments))
        while self._suspends and self._suspends[0][0] < now:
            now = max(now, self._suspends.pop(0)[1])
            self.tell(self.watcher.tick(now))
        self._now = now


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
