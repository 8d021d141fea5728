"""Recorded runs lead to the verdicts that they led to: a verdict that changes fails here.

``campaign.recordings`` made them. Where this fails, either the change is wrong, or it is
meant, and the line of ``recordings.golden.txt`` is changed with it by hand, under review.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from campaign.recordings import CORPUS, Kept, golden, kept, verdict_of
from opwatch.domain.operation import State
from opwatch.domain.outcome import Outcome
from opwatch.profiles.snapshot import restore_profile
from opwatch.session.recording import recording
from opwatch.session.recording.player import replay, reread
from opwatch.session.recording.recording import read_recording
from opwatch.watcher.decisions import OF_STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.profiles import Profile

PARTS = 8
BY_DAY = 300
ASLEEP = "world 14"
"""The machine sleeps from the moment of an answer on, longer than a stall may last."""
RUNS = list(kept())
# By day the examples of the profiles, of which there are most, are thinned out.
DAY = [each for index, each in enumerate(RUNS) if ": " not in each.name or index % 16 == 0]


@pytest.fixture(autouse=True)
def _restored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse each profile once: hundreds of recordings have the same."""
    monkeypatch.setattr(recording, "restore_profile", restored)


def restored(name: str, snapshot: Mapping[str, Any]) -> Profile:
    return _restored(name, json.dumps(snapshot))


@cache
def _restored(name: str, text: str) -> Profile:
    return restore_profile(name, json.loads(text))


def test_the_corpus_is_large_and_small_enough() -> None:
    assert len(DAY) >= BY_DAY
    assert len(golden()) == len(RUNS)
    assert {each.name for each in RUNS} == golden().keys()
    assert {each[:2].strip() for each in golden().values()} >= {"0", "1", "3", "4", "5", "6", "12"}
    assert CORPUS.stat().st_size < 500_000


@pytest.mark.every(1)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_recorded_run_leads_to_the_same_verdict(part: int) -> None:
    assert changed(DAY[part::PARTS]) == {}


@pytest.mark.slow
def test_every_recorded_run_leads_to_the_same_verdict() -> None:
    assert changed(RUNS) == {}


def changed(runs: list[Kept]) -> dict[str, tuple[str, str]]:
    """Return the verdicts that are not the recorded ones, each with that."""
    wanted = golden()
    found = {each.name: verdict_of(replay(read_recording(each.data, each.name))) for each in runs}
    return {
        name: (verdict, wanted[name]) for name, verdict in found.items() if verdict != wanted[name]
    }


def test_a_changed_reading_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[State, Outcome]", OF_STATE), State.FAILED, Outcome.UNKNOWN)

    assert changed(DAY[::PARTS]) != {}


@pytest.mark.parametrize(
    "names",
    [{ASLEEP}, pytest.param({each.name for each in RUNS}, marks=pytest.mark.slow)],
    ids=["asleep", "all"],
)
def test_where_each_is_asked_at_other_moments_the_verdicts_are_the_same(names: set[str]) -> None:
    wanted, others = golden(), set[str]()
    for each in (each for each in RUNS if each.name in names):
        found = read_recording(each.data, each.name)
        if verdict_of(reread(found, found.profiles)) != wanted[each.name]:
            others.add(each.name)

    assert others == set()
