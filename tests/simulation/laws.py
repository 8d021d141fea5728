"""What must be true of every watch, whatever the world did to it.

``check`` holds a ``Run`` against all laws; a broken one is an ``AssertionError``
that says which request or operation broke it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from opwatch.domain.events import Ended, Observed, Started, Troubled
from opwatch.domain.operation import Reading, State
from opwatch.domain.outcome import LAST_WORD, Outcome, Reason
from opwatch.domain.trouble import OF_THE_OPERATION, STRICT_TRIES, FirstContact, Handling, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.domain.pacing import PollingRules
    from simulation.world import Run, Sent, Spell

LONGEST_NAMED: Final = 3600.0
SLACK: Final = 1e-6
CONFIRMED_AS: Final = {
    Outcome.SUCCEEDED: State.SUCCEEDED,
    Outcome.FAILED: State.FAILED,
    Outcome.CANCELLED: State.CANCELLED,
}


def check(run: Run) -> None:
    """Hold *run* against every law."""
    for law in LAWS:
        law(run)


def by_host(run: Run) -> dict[str, list[Sent]]:
    hosts: dict[str, list[Sent]] = defaultdict(list)
    for each in run.sent:
        hosts[each.poll.targets[0].origin].append(each)
    return hosts


def no_host_is_asked_faster_than_it_bears(run: Run) -> None:
    limits = run.polling_rules.limits
    for host, sent in by_host(run).items():
        level, since = 0.0, 0.0
        for each in sent:
            level = max(0.0, level - (each.at - since) * limits.rate) + 1
            since = each.at
            assert level <= limits.burst + SLACK, f"{host} was asked too fast at {each.at}"


def no_host_has_more_requests_in_flight_than_it_bears(run: Run) -> None:
    for host, sent in by_host(run).items():
        # At one moment, what is answered makes room for what is sent.
        moments = [(each.at, 1) for each in sent] + [(each.answered, -1) for each in sent]
        in_flight = 0
        for at, change in sorted(moments, key=lambda moment: (moment[0], moment[1])):
            in_flight += change
            assert in_flight <= run.polling_rules.limits.at_once, f"{host} had {in_flight} at {at}"


def no_request_goes_before_a_named_pause_is_over(run: Run) -> None:
    for host, sent in by_host(run).items():
        answers = sorted((each.answered, each.answer) for each in sent if each.answer.wait)
        for each in sent:
            for answered, answer in answers:
                until = answered + min(answer.wait or 0.0, LONGEST_NAMED)
                assert not answered < each.at < until - SLACK, f"{host} was asked at {each.at}"


def an_outage_is_met_with_few_requests(run: Run) -> None:
    for name, host in run.world.hosts.items():
        for spell in filter(is_dead_silence, host.spells):
            count = run.requests(spell.start, spell.end, name)
            assert count <= few(run, spell, name), f"{name} was asked {count} times in {spell}"


def is_dead_silence(spell: Spell) -> bool:
    """Tell whether the host itself fails whoever asks in this spell."""
    if not spell.is_outage or not isinstance(spell.finding, Trouble):
        return False
    rule = spell.finding.rule
    return rule.handling is Handling.TRANSIENT and spell.finding.fault not in OF_THE_OPERATION


def few(run: Run, spell: Spell, host: str) -> float:
    """Return the most requests in an outage: those that find out, and a probe each 15 s."""
    broken = sum(1 for job in run.world.jobs.values() if job.spells)
    resumes = sum(1 for at, _ in run.world.suspends if spell.start <= at < spell.end)
    find_out = 5 + run.polling_rules.limits.at_once
    trouble = spell.finding
    first = trouble.rule.first if isinstance(trouble, Trouble) and spell.start == 0 else None
    if first is FirstContact.TRIES:
        # Where no answer was ever of use, the URL may be wrong: each has tries of its own.
        asked = [each for each in run.watcher.operations if each.target.origin == host]
        find_out += STRICT_TRIES * len(asked)
    return find_out + 6 + broken + resumes + (spell.end - spell.start) / 15


def every_watch_ends_by_the_deadline(run: Run) -> None:
    deadline = run.watcher.deadline
    if deadline is None:
        return
    asleep = max((gap for _, gap in run.world.suspends), default=0.0)
    for operation in run.watcher.operations:
        if operation.ended_at is not None:
            assert operation.ended_at <= deadline + LAST_WORD + asleep + SLACK, operation.id
    assert run.ended <= deadline + LAST_WORD + asleep + SLACK


def a_state_is_only_what_the_api_said_of_that_operation(run: Run) -> None:
    said: dict[str, set[tuple[float, State]]] = defaultdict(set)
    latest: dict[str, State] = {}
    for each in sorted(run.sent, key=lambda sent: sent.answered):
        for target, finding in zip(each.poll.targets, each.answer.findings, strict=True):
            if isinstance(finding, Reading):
                latest[target.id] = finding.state
            if not isinstance(finding, Trouble) and target.id in latest:
                said[target.id].add((each.answered, latest[target.id]))
    for operation in run.watcher.operations:
        state = CONFIRMED_AS.get(operation.outcome or Outcome.PENDING)
        if state is None or operation.reason in {Reason.GONE, Reason.BLOCKED}:
            continue
        job = run.world.jobs[operation.id]
        assert state is job.end, f"{operation.id} ended {job.end}, not {state}"
        assert (operation.ended_at, state) in said[operation.id], f"{operation.id} was not told so"
        assert job.duration <= (operation.ended_at or 0.0), f"{operation.id} was not over yet"


def an_end_is_final(run: Run) -> None:
    ended: dict[str, Outcome | None] = {}
    for event in run.events:
        if isinstance(event, Observed | Troubled | Ended):
            name = event.operation.id
            told_with_its_end = isinstance(event, Observed | Troubled) and event.operation.is_over
            assert name not in ended or told_with_its_end, f"{name} went on after its end"
        if isinstance(event, Ended):
            ended[event.operation.id] = event.operation.outcome
    final = {each.id: each.outcome for each in run.watcher.operations if each.is_over}
    assert ended == final


def the_story_is_whole(run: Run) -> None:
    assert isinstance(run.events[0], Started)
    times = [event.at for event in run.events]
    assert times == sorted(times), "the events are out of order"
    for operation in run.watcher.operations:
        if operation.is_over:
            assert operation.next_poll_at is None, f"{operation.id} is over and waits"
    if run.watcher.finished:
        assert all(each.is_over for each in run.watcher.operations)


def success_is_the_success_of_all(run: Run) -> None:
    if run.verdict.code == 0 and run.policy.goal.value == "all":
        outcomes = {each.outcome for each in run.watcher.operations}
        assert outcomes == {Outcome.SUCCEEDED}


LAWS: Final[tuple[Callable[[Run], None], ...]] = (
    no_host_is_asked_faster_than_it_bears,
    no_host_has_more_requests_in_flight_than_it_bears,
    no_request_goes_before_a_named_pause_is_over,
    an_outage_is_met_with_few_requests,
    every_watch_ends_by_the_deadline,
    a_state_is_only_what_the_api_said_of_that_operation,
    an_end_is_final,
    the_story_is_whole,
    success_is_the_success_of_all,
)


def confirmed_within(run: Run, recovery: float, bound: float) -> float:
    """Return the part of the operations that were heard of within *bound* of the *recovery*."""
    open_then = {
        each.id
        for each in run.watcher.operations
        if each.ended_at is None or each.ended_at > recovery
    }
    heard = {
        target.id
        for each in run.sent
        if recovery <= each.answered <= recovery + bound
        for target, finding in zip(each.poll.targets, each.answer.findings, strict=True)
        if not isinstance(finding, Trouble)
    }
    return len(heard & open_then) / len(open_then) if open_then else 1.0


def calm(polling_rules: PollingRules, count: int) -> float:
    """Return the seconds after an outage within which all *count* operations are heard of.

    A probe, the pause of the operation itself, the ramp, and their share of the rate.
    """
    return 30.0 + 60.0 + 15.0 + 2.0 * count / polling_rules.limits.rate / polling_rules.batch
