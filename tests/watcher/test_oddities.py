"""What is odd about a good answer is warned of: each oddity, once, and never more than a few."""

from __future__ import annotations

from opwatch.domain.events import Held, Oddity, Warned
from opwatch.domain.operation import Answer, Contradiction, Reading, State
from opwatch.domain.pacing import Pace, PollingRules
from opwatch.watcher.watcher import MOST_WARNINGS
from simulation.bench import RUNNING, Bench, running, throttled

PACE = PollingRules(Pace(first=1.0, longest=10.0))


def warned(bench: Bench) -> list[tuple[Oddity, str, str | None]]:
    found = bench.told(Warned)
    assert all(0 < each.at <= bench.now for each in found)
    return [(each.oddity, each.text, each.reference) for each in found]


def test_an_answer_that_is_odd_in_several_ways_is_warned_of_for_each() -> None:
    bench = Bench()

    bench.answer(Reading(State.RUNNING, "finito", is_known_word=False, wait=4000.0))

    assert warned(bench) == [
        (Oddity.WAIT_CAPPED, "4000", None),
        (Oddity.UNKNOWN_STATUS, "finito", "a"),
        (Oddity.WAIT_LONG, "3600", None),
    ]
    assert bench.one.reading is not None
    assert bench.one.reading.wait == 3600.0


def test_a_contradiction_is_warned_of_instead_of_its_word() -> None:
    conflict = Contradiction("status", "done", "error", "x")
    bench = Bench()

    bench.answer(Reading(State.RUNNING, "y", is_known_word=False, contradiction=conflict))

    assert warned(bench) == [(Oddity.CONTRADICTION, "status: done, error: x", "a")]


def test_a_contradiction_beside_a_long_pause_is_warned_of_as_well() -> None:
    conflict = Contradiction("status", "done", "error", "x")
    bench = Bench()

    bench.answer(Reading(State.RUNNING, "y", contradiction=conflict, wait=4000.0))

    assert [oddity for oddity, *_ in warned(bench)] == [
        Oddity.WAIT_CAPPED,
        Oddity.CONTRADICTION,
        Oddity.WAIT_LONG,
    ]


def test_a_pause_of_ten_times_the_longest_is_usual_and_a_longer_one_is_not() -> None:
    bench = Bench(polling_rules=PACE)

    bench.answer(running(wait=100.0))
    assert warned(bench) == []
    bench.answer(running(wait=100.5))
    assert warned(bench) == [(Oddity.WAIT_LONG, "100", None)]


def test_an_hour_is_the_longest_pause_that_is_kept() -> None:
    bench = Bench()

    bench.answer(running(wait=3600.0))

    assert [oddity for oddity, *_ in warned(bench)] == [Oddity.WAIT_LONG]
    assert bench.one.reading is not None
    assert bench.one.reading.wait == 3600.0


def test_an_oddity_is_warned_of_once_and_another_text_again() -> None:
    bench = Bench()

    for word in ("x", "x", "y", "x"):
        bench.answer(Reading(State.RUNNING, word, is_known_word=False))

    assert [text for _, text, _ in warned(bench)] == ["x", "y"]


def test_an_api_that_is_odd_in_ever_new_ways_is_cut_short() -> None:
    bench = Bench()

    for number in range(MOST_WARNINGS + 2):
        bench.answer(Reading(State.RUNNING, str(number), is_known_word=False))

    assert len(warned(bench)) == 100


def test_what_is_not_odd_is_not_warned_of() -> None:
    bench = Bench()

    bench.answer(RUNNING, running(40.0, wait=5.0))

    assert warned(bench) == []


def test_what_is_noted_of_an_answer_is_told_beside_what_came_of_it() -> None:
    bench = Bench()
    bench.answer(RUNNING)
    poll = bench.next()
    told = bench.watcher.record(poll, Answer((throttled(5000.0),), 5000.0, notes=("n",)), bench.now)

    assert [each for each in told if isinstance(each, Held)]
    assert [(each.oddity, each.text, each.at) for each in told if isinstance(each, Warned)] == [
        (Oddity.WAIT_CAPPED, "5000", bench.now),
        (Oddity.NOTE, "n", bench.now),
    ]
