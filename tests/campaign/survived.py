"""Which faults of the catalogue are survived: the tests of ``tests/faults``, run and counted.

python tests/campaign/survived.py
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest

from faults.catalogue import shown_by

FAULTS: Final = Path(__file__).resolve().parents[1] / "faults"


class Recorder:
    """Keeps which faults each test shows, and which tests did not pass."""

    def __init__(self) -> None:
        self.tests: dict[int, set[str]] = defaultdict(set)
        self.simulated: dict[int, set[str]] = defaultdict(set)
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skipped: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for number, simulated in shown_by(item):
                self.tests[number].add(item.nodeid)
                if simulated:
                    self.simulated[number].add(simulated)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.skipped:
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)


def measure() -> dict[str, Any]:
    """Return for each fault how many tests show it, how many passed, and what is simulated."""
    recorder = Recorder()
    pytest.main(["-q", "-p", "no:cacheprovider", str(FAULTS)], plugins=[recorder])
    passed = recorder.passed - recorder.failed
    return {
        str(number): {
            "tests": len(names),
            "passed": len(names & passed),
            "skipped": len(names & recorder.skipped),
            "simulated": sorted(recorder.simulated[number]),
        }
        for number, names in sorted(recorder.tests.items())
    }


def main() -> int:
    """Run the tests; print what came of each fault as JSON."""
    figures = measure()
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0 if all(each["passed"] == each["tests"] for each in figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
