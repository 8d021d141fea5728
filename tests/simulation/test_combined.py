"""Worlds in which batches, moving URLs, validators, kills and limits meet: no end is untrue.

By day a few dozen, by night some thousand; what came of one can be seen by its seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opwatch.domain.outcome import Outcome
from simulation.combined import Combination
from simulation.stage import play, wrongs

if TYPE_CHECKING:
    from pathlib import Path

FEW = 16
MANY = 250


def found_wrong(seeds: range, folder: Path) -> tuple[list[str], Counter[Outcome | None]]:
    """Return what is wrong in the worlds of *seeds*, and how their operations ended."""
    found, ends = list[str](), Counter[Outcome | None]()
    for seed in seeds:
        ended = play(seed, folder / str(seed))
        found += [f"seed {seed}: {wrong}" for wrong in wrongs(ended)]
        ends.update(each.outcome for each in ended.operations)
    return found, ends


@pytest.mark.parametrize("part", range(4))
def test_what_is_combined_leads_to_no_end_that_nobody_said(part: int, tmp_path: Path) -> None:
    found, ends = found_wrong(range(part * FEW, (part + 1) * FEW), tmp_path)

    assert found == []
    assert len(ends) > 4, "too few kinds of ends to have tried anything"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_such_worlds_lead_to_no_end_that_nobody_said(part: int, tmp_path: Path) -> None:
    seeds = range(1000 + part * MANY, 1000 + (part + 1) * MANY)

    assert found_wrong(seeds, tmp_path)[0] == []


def test_a_forged_end_is_seen(tmp_path: Path) -> None:
    ended = play(0, tmp_path)
    assert list(wrongs(ended)) == []

    for outcome in set(Outcome) - {Outcome.TIMED_OUT, Outcome.PENDING}:
        said = {key: ["queued"] for key in ended.said}
        forged = [each.but(outcome=outcome, reason=None) for each in ended.operations]
        wrong = list(wrongs(replace(ended, operations=tuple(forged), said=said)))
        assert len(wrong) >= len(forged), outcome


def test_the_worlds_hold_what_they_are_to_combine() -> None:
    worlds = [Combination(seed) for seed in range(4 * FEW)]
    specs = [each.definition.spec for world in worlds for each in world.bound]

    assert sum(spec.batch is not None for spec in specs) > FEW
    assert sum(bool(spec.moves) for spec in specs) > FEW
    assert sum(spec.conditional for spec in specs) > FEW
    assert sum(len(world.references) > len(set(world.references)) for world in worlds) > 4
    assert sum(world.policy.fail_on_warnings for world in worlds) > 4
