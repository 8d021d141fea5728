"""What is left of a run, and whether what was kept is enough to watch it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opwatch.domain.kept import KeptOperation, KeptRun
from opwatch.domain.outcome import Outcome, Reason

KEPT = KeptOperation("a", "a", "jobs", "https://api.example.com", handed={"kind": "copy"})
MOVED = "https://api.example.com/2"


@pytest.mark.parametrize(
    ("kept", "is_whole"),
    [
        (KEPT, True),
        (replace(KEPT, moved_to=MOVED), True),
        (replace(KEPT, reference="https://api.example.com/1?sig=***"), False),
        (replace(KEPT, moved_to=MOVED + "?sig=***"), False),
        (replace(KEPT, handed={"kind": "copy", "key": "***"}), False),
        (replace(KEPT, message="wrong password ***", status="***"), True),
    ],
)
def test_only_what_a_later_watch_asks_with_must_not_be_masked(
    kept: KeptOperation, *, is_whole: bool
) -> None:
    assert kept.is_whole is is_whole


@pytest.mark.parametrize("other", [Outcome.PENDING, Outcome.FAILED, None])
def test_only_a_success_is_enough_for_any(other: Outcome | None) -> None:
    failed, waits = (
        replace(KEPT, outcome=Outcome.FAILED),
        replace(KEPT, reference="b", outcome=other),
    )
    won = replace(KEPT, reference="c", outcome=Outcome.SUCCEEDED)

    def left(*operations: KeptOperation) -> list[KeptOperation]:
        return KeptRun("1", "wait", options={"any_": True}, operations=operations).left

    assert left(failed, waits) == [each for each in [waits] if other != "failed"]
    assert left(won, waits) == left(won) == []


def test_what_failed_by_waiting_for_a_person_is_left_and_what_its_api_failed_is_not() -> None:
    waits, given_up, failed = (
        replace(KEPT, reference=name, outcome=Outcome.FAILED, reason=reason)
        for name, reason in (("a", Reason.BLOCKED), ("b", Reason.GIVEN_UP), ("c", None))
    )

    assert KeptRun("1", "wait", operations=[waits, given_up, failed]).left == [waits]


def test_of_a_run_that_waits_for_all_a_success_ends_nothing_else() -> None:
    won, waits = replace(KEPT, outcome=Outcome.SUCCEEDED), replace(KEPT, reference="b")

    assert KeptRun("1", "wait", options={"any_": False}, operations=[won, waits]).left == [waits]
