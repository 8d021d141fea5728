"""Which processes a report concerns, and how much of a host's pace is for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.sharing import HostReport, leader_of, share_of

NOW = 1000.0
IDLE = HostReport("5 idle", 50.0)
EAGER = HostReport("3 eager", 50.0, used=20.0, wants_more=True)
MODEST = HostReport("1 modest", 50.0, used=5.0)


@pytest.mark.parametrize(
    ("report", "concerns"),
    [
        (IDLE, False),
        (replace(IDLE, wants_more=True), True),
        (replace(IDLE, used=0.2), False),
        (replace(IDLE, used=0.3), True),
        (replace(IDLE, held_until=NOW + 1), True),
        (replace(IDLE, held_until=NOW), False),
        (replace(IDLE, throttled_at=NOW - 59), True),
        (replace(IDLE, throttled_at=NOW - 60), False),
        (replace(IDLE, known=10.0, allowed=10.0, allowed_at=NOW), False),
    ],
)
def test_who_asks_is_held_or_was_just_throttled_concerns_the_others(
    report: HostReport, *, concerns: bool
) -> None:
    assert report.concerns_others(NOW) is concerns


@pytest.mark.parametrize(
    ("own", "others", "share"),
    [
        (EAGER, [], 1.0),
        (EAGER, [IDLE], 1.0),
        (EAGER, [EAGER], 1 / 2),
        (EAGER, [EAGER, EAGER, IDLE], 1 / 3),
        (EAGER, [MODEST], 0.9),
        (EAGER, [EAGER, MODEST], 0.45),
        (EAGER, [replace(MODEST, used=40.0)], 1 / 2),
        (MODEST, [EAGER], 1 / 2),
        (IDLE, [EAGER, MODEST, IDLE], 1 / 3),
    ],
)
def test_a_part_is_equal_and_what_one_leaves_of_it_is_for_those_who_want_more(
    own: HostReport, others: list[HostReport], share: float
) -> None:
    assert share_of(own, others) == pytest.approx(share)


def test_the_first_that_wants_more_has_the_measure_that_counts() -> None:
    later = replace(EAGER, process="4 later")

    assert leader_of(later, [IDLE, MODEST, EAGER]) is EAGER
    assert leader_of(EAGER, [MODEST, later]) is EAGER
    assert leader_of(IDLE, [MODEST, later]) is later
    assert leader_of(IDLE, [MODEST]) is IDLE
