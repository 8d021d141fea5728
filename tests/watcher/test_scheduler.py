from __future__ import annotations

import math
import random

from opwatch.domain.operation import InitialAnswer, Reading, State, Target
from opwatch.domain.outcome import Outcome
from opwatch.watcher.record import Record
from opwatch.watcher.scheduler import DueQueue
from simulation.bench import RUNNING, Bench


def a_queue(*dues: float, pause: float = 0.0) -> tuple[DueQueue, list[Record]]:
    records = [Record(Target(str(n), str(n), "https://api.example"), 0.0) for n in range(len(dues))]
    queue = DueQueue(records)
    for index, due in enumerate(dues):
        records[index].due, records[index].pause = due, pause
        queue.put(index)
    return queue, records


def test_who_is_due_first_is_asked_first() -> None:
    queue, _ = a_queue(3.0, 1.0, 2.0)

    assert [queue.take(9.0, 1) for _ in range(3)] == [(1,), (2,), (0,)]


def test_nobody_is_asked_before_the_time() -> None:
    queue, _ = a_queue(3.0)

    assert queue.first_due() == 3.0
    assert queue.take(2.9, 9) == ()
    assert queue.take(3.0, 9) == (0,)
    assert queue.first_due() == math.inf


def test_an_older_entry_is_void() -> None:
    queue, records = a_queue(1.0)
    records[0].due = 5.0
    queue.put(0)

    assert queue.first_due() == 5.0
    assert queue.take(4.0, 9) == ()
    assert queue.take(5.0, 9) == (0,)
    assert queue.take(9.0, 9) == ()


def test_an_operation_that_is_over_waits_no_more() -> None:
    queue, records = a_queue(1.0, 2.0)
    records[0].end(Outcome.SUCCEEDED, None, 0.0)

    assert queue.first_due() == 2.0


def test_a_batch_takes_no_more_than_it_may() -> None:
    queue, _ = a_queue(*[1.0] * 5)

    assert [len(queue.take(1.0, 2)) for _ in range(4)] == [2, 2, 1, 0]


def test_a_batch_is_filled_with_those_that_are_nearly_due() -> None:
    queue, _ = a_queue(10.0, 12.5, 12.6, pause=10.0)

    assert queue.take(10.0, 9) == (0, 1)
    assert queue.first_due() == 12.6


def test_nobody_is_asked_early_but_to_fill_a_batch() -> None:
    queue, _ = a_queue(12.0, pause=10.0)

    assert queue.take(10.0, 9) == ()


def test_a_probe_is_the_one_that_was_confirmed_last() -> None:
    queue, records = a_queue(1.0, 2.0, 3.0, 9.0)
    for index, at in enumerate((0.1, 0.3, 0.2, 0.9)):
        records[index].confirm(Reading(State.RUNNING), at)

    # The last is not due yet, however healthy it is.
    assert [queue.take(5.0, 1, probe=True) for _ in range(3)] == [(1,), (2,), (0,)]
    assert queue.first_due() == 9.0


def test_a_probe_of_a_batch_is_filled_in_order() -> None:
    queue, records = a_queue(1.0, 2.0, 3.0)
    records[2].confirm(Reading(State.RUNNING), 0.5)

    assert queue.take(5.0, 2, probe=True) == (2, 0)
    assert queue.take(5.0, 2) == (1,)


def test_none_is_lost_and_none_is_asked_twice_in_any_order_of_events() -> None:
    rng = random.Random(7)  # noqa: S311, any lot will do
    queue, records = a_queue(*[0.0] * 30)
    waiting = set(range(30))

    for now in range(300):
        for index in queue.take(now, rng.randint(1, 9), probe=queue.first_due() <= now):
            assert index in waiting
            waiting.remove(index)
        for index in rng.sample(range(30), 5):
            records[index].due = now + rng.randint(0, 20)
            queue.put(index)
            waiting.add(index)

    assert set(queue.take(1e6, 99)) == waiting


def test_after_an_outage_the_longest_unheard_go_first_and_nobody_before_the_time() -> None:
    queue, records = a_queue(10.0, 20.0, 30.0, 40.0, 90.0)
    for index, at in ((0, 9.0), (1, 5.0), (2, 7.0), (4, 1.0)):  # 3 was never heard of
        records[index].confirm(Reading(State.RUNNING), at)

    queue.begin_again(50.0)

    assert [queue.take(50.0, 1) for _ in range(5)] == [(3,), (1,), (2,), (0,), ()]
    assert queue.first_due() == 90.0


def test_due_times_that_have_changed_count_once_they_are_sorted() -> None:
    queue, records = a_queue(10.0, 20.0, 30.0)
    records[2].due = 5.0

    queue.sort()

    assert [queue.take(30.0, 1) for _ in range(3)] == [(2,), (0,), (1,)]


def test_what_was_never_asked_is_not_asked_early_to_fill_a_batch() -> None:
    pauses = (10.0, 10.2)
    records = [
        Record(Target(str(n), str(n), "https://api.example", initial=InitialAnswer(pause=pause)), 0)
        for n, pause in enumerate(pauses)
    ]
    queue = DueQueue(records)
    for index in range(2):
        queue.put(index)

    assert queue.take(10.0, 9) == (0,)


def test_it_is_late_by_what_the_first_of_a_gate_has_waited_beyond_its_time() -> None:
    bench = Bench("a", "b")
    (key,) = bench.watcher.gates
    assert [bench.watcher.late(key, now) for now in (0.0, 0.5, 3.0)] == [0.0, 0.5, 3.0]

    bench.answer(RUNNING, RUNNING)
    assert bench.watcher.late(key, bench.now) == 0.0, "nobody is due"
