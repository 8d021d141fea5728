"""What a memory of past durations saves: requests and lateness of runs of about ten minutes.

    python tests/benchmarks/remembered.py

The API reports no progress. Before each run, twenty earlier ones of the same kind are drawn,
by which it is judged how long it usually takes; what they do not tell is part of the cost. The
durations are spread log-normally. *All fail early* are runs that end at a random moment of the
first half, though the others succeeded: the price of the long pauses. The optimum is that of
the same longest pause, for who knows the median and the spread exactly.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.optimum import around, best_at
from opwatch.domain.durations import MOST, usual_duration
from opwatch.domain.pacing import Pace, pause_after_good

MEDIAN: Final = 600.0
SPREADS: Final = (0.05, 0.1, 0.2, 0.3)
RUNS: Final = 20_000
AS_LATE: Final = 15.0
"""Seconds that the optimum may be late."""
BOUNDS: Final = {"three_minutes": 180, "half": 300, "none": None}
"""The longest pause in seconds, by the name of the figure."""


@dataclass(frozen=True)
class Cost:
    """The mean requests, the mean seconds late, and the most."""

    requests: float
    late: float
    latest: float


def cost(spread: float, *, remembers: bool, fails_early: bool = False, runs: int = 1000) -> Cost:
    """Return what *runs* of about ten minutes cost."""
    chance = random.Random(1)  # noqa: S311, reproducible
    requests, late = 0, list[float]()

    def drawn() -> float:
        return MEDIAN * chance.lognormvariate(0.0, spread)

    for _ in range(runs):
        usual = usual_duration([drawn() for _ in range(MOST)]) if remembers else None
        end = chance.uniform(0, MEDIAN / 2) if fails_early else drawn()
        now, quiet = 0.0, 0
        while now < end:
            known = None if usual is None else (usual, now)
            now += pause_after_good(Pace(), quiet, None, chance.uniform, known)
            quiet += 1
        requests += quiet + 1
        late.append(now - end)
    return Cost(requests / runs, sum(late) / runs, max(late))


def measure(_rounds: int) -> dict[str, Any]:
    """Return what is held to a budget, and what it is compared with."""
    known, unknown = (cost(0.1, remembers=each, runs=RUNS) for each in (True, False))
    failed = cost(0.1, remembers=True, fails_early=True, runs=RUNS)
    mix = around(MEDIAN, 0.1)
    least = {name: best_at(AS_LATE, mix, bound)[0] for name, bound in BOUNDS.items()}
    return {
        "runs": RUNS,
        "requests": [known.requests],
        "late_s": [known.late],
        "requests_without": [unknown.requests],
        "late_without_s": [unknown.late],
        "early_s": [failed.late],
        "early_latest_s": [failed.latest],
        "least_late_s": AS_LATE,
        "least": least,
    }


def main() -> None:
    """Print a line for each spread, with and without memory."""
    for spread in SPREADS:
        for fails_early in (False, True):
            found = [
                cost(spread, remembers=each, fails_early=fails_early) for each in (True, False)
            ]
            told = (
                f"{each.requests:5.1f} requests, {each.late:4.1f} s late, most {each.latest:.0f}"
                for each in found
            )
            kind = "all fail early" if fails_early else "as usual"
            sys.stdout.write(f"spread {spread:.2f}, {kind:14}: {'; without memory '.join(told)}\n")


if __name__ == "__main__":
    main()
