"""The watcher in worlds drawn by lot, held against every law, and in one long outage.

python tests/campaign/worlds.py --hours 1000
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import count
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opwatch.domain.operation import Reading
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.domain.trouble import Fault, Trouble
from simulation.laws import LAWS, check
from simulation.weather import play
from simulation.world import HOST, Host, Job, Run, Spell, World

HOUR: Final = 3600.0
BEGIN, END = 600.0, 1200.0
OUTAGE: Final = Trouble(Fault.CONNECTION_REFUSED)


def measure(hours: float) -> dict[str, Any]:
    """Return the figures of *hours* simulated, and of an outage of ten minutes."""
    seconds, polls, broken = 0.0, 0, list[str]()
    for seed in count():
        if seconds >= hours * HOUR:
            break
        run = play(seed)
        seconds += run.ended
        polls += len(run.sent)
        try:
            check(run)
        except AssertionError as problem:
            broken.append(f"world {seed}: {problem}")
    return {
        "worlds": seed,
        "hours": round(seconds / HOUR),
        "polls": polls,
        "laws": len(LAWS),
        "broken": broken,
        "outage": outage(),
    }


def outage(operations: int = 1000) -> dict[str, Any]:
    """Return what ten minutes without a host cost, and how soon all is confirmed after."""
    jobs = {str(number): Job(3000.0) for number in range(operations)}
    polling_rules = PollingRules(
        pace=Pace(first=10.0, longest=10.0), limits=Limits(rate=200.0, burst=200, at_once=32)
    )
    calm = World(jobs).watch(Policy(), polling_rules, until=END)
    dark = World(jobs, {HOST: Host(spells=(Spell(BEGIN, END, OUTAGE),))}).watch(
        Policy(), polling_rules
    )
    late = sorted(confirmations(dark))
    asked = dark.requests(BEGIN, END)
    return {
        "operations": operations,
        "minutes": round((END - BEGIN) / 60),
        "requests": asked,
        "requests_otherwise": calm.requests(BEGIN, END),
        "amplification": round(asked / calm.requests(BEGIN, END), 4),
        "confirmed_p99": round(late[len(late) * 99 // 100], 1),
        "code": int(dark.verdict.code),
    }


def confirmations(run: Run) -> list[float]:
    """Return for each operation the seconds from the end of the outage to its next good answer."""
    first: dict[str, float] = {}
    for each in run.sent:
        if each.answered < END:
            continue
        for target, finding in zip(each.poll.targets, each.answer.findings, strict=True):
            if isinstance(finding, Reading):
                first.setdefault(target.id, each.answered - END)
    assert len(first) == len(run.world.jobs)
    return list(first.values())


def main() -> int:
    """Simulate; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1000.0, help="of simulated time")
    figures = measure(parser.parse_args().hours)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
