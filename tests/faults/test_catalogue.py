"""Every fault has a test, and a fault that is only simulated says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.catalogue import TITLES, fault, shown_by

HERE = Path(__file__).parent


class Collector:
    """Keeps which faults the collected tests show."""

    def __init__(self) -> None:
        self.shown: dict[int, set[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for number, simulated in shown_by(item):
                self.shown.setdefault(number, set()).add(simulated)


@pytest.fixture(scope="module")
def shown() -> dict[int, set[str]]:
    collector = Collector()
    code = pytest.main(
        ["--collect-only", "-q", "-p", "no:cacheprovider", str(HERE)],
        plugins=[collector],
    )
    assert code == pytest.ExitCode.OK
    return collector.shown


def test_there_are_148_faults_and_each_has_one_title() -> None:
    assert list(TITLES) == list(range(1, 149))
    assert len(set(TITLES.values())) >= 146  # two kinds of file have twins of their own


def test_every_fault_has_a_test(shown: dict[int, set[str]]) -> None:
    without = {number: title for number, title in TITLES.items() if number not in shown}

    assert not without


def test_a_mark_names_a_fault_that_there_is() -> None:
    with pytest.raises(ValueError, match="149"):
        fault(149)
