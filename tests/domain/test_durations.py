"""How long something usually takes, by what it took before."""

from __future__ import annotations

import random

import pytest

from opwatch.domain.durations import MOST, usual_duration


def drawn(count: int, middle: float = 600.0, spread: float = 0.1, seed: int = 1) -> list[float]:
    chance = random.Random(seed)  # noqa: S311, reproducible
    return [middle * chance.lognormvariate(0.0, spread) for _ in range(count)]


def test_twenty_durations_tell_the_usual_one_and_its_spread() -> None:
    usual = usual_duration(drawn(MOST))

    assert usual is not None
    assert usual.median == pytest.approx(600, rel=0.06)
    assert 0.05 < usual.spread < 0.2


@pytest.mark.parametrize("latest", [[], [600.0] * 4, [0.0] * 20, [60.0, 6000.0] * 10])
def test_few_durations_or_such_as_differ_widely_tell_nothing(latest: list[float]) -> None:
    assert usual_duration(latest) is None


@pytest.mark.parametrize("outlier", [1.0, 86_400.0])
def test_outliers_change_little(outlier: float) -> None:
    durations = drawn(MOST)
    durations[::4] = [outlier] * 5

    usual = usual_duration(durations)
    assert usual is not None
    assert usual.median == pytest.approx(600, rel=0.15)


def test_one_that_has_become_faster_is_known_by_its_last_five_runs() -> None:
    usual = usual_duration([*drawn(5, 300.0), *drawn(15)])
    assert usual is not None
    assert usual.median == pytest.approx(300, rel=0.1)

    unsure = usual_duration([*drawn(3, 300.0), *drawn(15)])
    assert unsure is not None
    assert unsure.median == pytest.approx(600, rel=0.1), "three may be chance"


def test_five_tell_the_usual_one_and_four_before_them_too_few_to_have_changed() -> None:
    few, more = usual_duration([300.0] * 5), usual_duration([300.0] * 5 + [345.0] * 4)

    assert few is not None
    assert few.median == pytest.approx(300)
    assert more is not None
    assert more.median == pytest.approx(319, abs=1)


def test_only_the_last_twenty_count() -> None:
    assert usual_duration([*drawn(MOST), *drawn(100, 5.0)]) == usual_duration(drawn(MOST))


def test_the_time_until_it_ends_shrinks_with_its_age_until_it_is_like_no_other() -> None:
    usual = usual_duration([600.0] * 20)
    assert usual is not None

    assert usual.until(0.0, 0.5) == pytest.approx(600)
    assert usual.until(500.0, 0.5) == pytest.approx(100, rel=0.01)
    late = usual.until(650.0, 0.3)
    assert late is not None
    assert 0 < late < 30
    assert usual.until(700.0, 0.3) is None
