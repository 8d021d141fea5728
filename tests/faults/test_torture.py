"""The torture loop, in short: each way to fail of each kind of call, once.

The whole of it, each call of each scene, is ``tests/campaign/torture.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from campaign.ledger import FAILURES, Ledger
from campaign.scene import CANARY, SCENES, TRUTHS, Scene, Stage
from campaign.torture import Point, one_of_each, points, torture, wrongs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_where_nothing_fails_the_truth_comes_out(stage: Stage, scene: Scene) -> None:
    ended = stage.play(scene, Ledger())

    assert ended.code == TRUTHS[scene.truth]
    assert {"connect", "send", "receive", "json", "token read"} <= set(ended.calls)


def test_a_wait_survives_a_failure_of_each_kind_of_call(stage: Stage) -> None:
    failing = [each for each in points(stage) if not each.is_signal]
    of_each_kind = {each.kind: each for each in one_of_each(failing)}

    toll = torture(stage, list(of_each_kind.values()))

    assert toll.broken == []
    assert set(toll.kinds) == set(FAILURES)


@pytest.mark.slow
def test_a_wait_survives_each_way_to_fail_of_each_call(stage: Stage) -> None:
    toll = torture(stage, one_of_each(list(points(stage))))

    assert (toll.broken, toll.broken_signals) == ([], [])
    assert toll.points >= 120
    assert set(toll.kinds) == set(FAILURES)
    assert toll.truths > toll.points / 3, "most of what can fail once is got over"


UNTRUE = '{"exit_code": 124, "operations": [{"id": "b", "outcome": "failed"}]}'
LOST = '{"exit_code": 124, "operations": [{"id": "a", "outcome": "not_found"}]}'
WRONGS = (
    ({"code": 0}, "but the truth is 1"),
    ({"code": 70}, "ended as a bug"),
    ({"code": 124, "out": UNTRUE}, "b is failed, but the truth is succeeded"),
    ({"code": 124, "out": LOST}, "a is not_found, but the truth is failed"),
    ({"code": 255}, "undocumented exit code 255"),
    ({"took": 99.0}, "after the deadline"),
    ({"err": f"Bearer {CANARY}-1"}, "a secret was written"),
    ({"err": "\x1b[?25l"}, "the cursor is still hidden"),
    ({"out": ""}, "not one document"),
    ({"out": '{"exit_code": 1}{"exit_code": 1}'}, "not one document"),
    ({"is_stuck": True}, "stuck"),
    ({"met": ""}, "met nothing, not send"),
)


@pytest.mark.parametrize(("changed", "said"), WRONGS)
def test_what_must_not_be_is_found(stage: Stage, changed: dict[str, Any], said: str) -> None:
    scene = SCENES[1]
    point = Point(scene, 3, "send", FAILURES["send"][0])
    ended = replace(stage.play(scene, Ledger()), met="send")
    assert list(wrongs(point, ended)) == []

    found = list(wrongs(point, replace(ended, **changed)))

    assert any(said in each for each in found), found
