from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from inherited import heed_signals

if TYPE_CHECKING:
    from collections.abc import Generator

heed_signals()

# By day the same few examples at each run, so that a change is judged by what it changes, and
# none is measured by the clock. By night many new ones: --hypothesis-profile=random.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("random", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


def pytest_xdist_auto_num_workers() -> int:
    """Run a test at once for each core, and two more: many mostly wait for another process."""
    return (os.cpu_count() or 1) + 2


# Rooms whose tests mostly start programs, servers or whole worlds: of each test one parameter
# set runs by day, unless it is marked ``every(1)``. By night all do.
DEAR = ("tests/cli/", "tests/credentials/", "tests/faults/", "tests/session/", "tests/simulation/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the night all but each n-th parameter set of a test that is marked ``every(n)``.

    Of a test in a dear room only the first is left.
    """
    name_of = {id(item): item.nodeid.partition("[")[0] for item in items}
    sizes, counts = Counter(name_of.values()), Counter[str]()
    for item in items:
        name, mark = name_of[id(item)], item.get_closest_marker("every")
        nth = mark.args[0] if mark else 0
        step = max(nth, sizes[name]) if name.startswith(DEAR) and nth != 1 else max(nth, 1)
        if counts[name] % step:
            item.add_marker(pytest.mark.slow)
        counts[name] += 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be missing, as at night, a test that lacks something has failed."""
    report = yield
    if report.skipped and "NOTHING_MISSING" in os.environ and "NOT TESTED" in str(report.longrepr):
        report.outcome = "failed"
    return report
