"""Requests and lateness of our schedule against those of the peers, and against the optimum.

    python tests/benchmarks/schedules.py [how many operations, 300 if not given]

Each schedule watches the same operations, whose durations are spread evenly over the
orders of magnitude from 5 s to 4 h. *late* is the mean of the seconds from an operation's
end to the moment that it is noticed. Ours is the real watcher, driven by the simulator;
it is measured at each pace, and for each way in which an API tells its progress, because
the peers do not look at it. Writes docs/schedules.json and the plot, docs/schedules.svg.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.optimum import best, best_at
from benchmarks.peers import PEERS
from benchmarks.plot import plot
from benchmarks.shapes import SHAPES, spread
from opwatch.domain.outcome import Eagerness, Policy
from simulation.world import HOST, Host, Job, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers import Pauses
    from benchmarks.shapes import Percent

HOW_MANY: Final = 300
DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PRICES: Final = (0.5, 0.9, 1.6, 2.8, 5.0, 9.0, 16.0, 28.0, 50.0, 90.0)
"""Requests that a second of lateness is worth, for the line of the optimum."""


@dataclass(frozen=True)
class Row:
    """The means of one schedule. *least* is the requests of the optimum as late as this."""

    name: str
    requests: float
    late: float
    pace: str = ""
    least: float | None = None


def of_a_peer(name: str, pauses: Pauses, ends: Sequence[float]) -> Row:
    rng, requests, late = random.Random(1), 0, 0.0  # noqa: S311, reproducible
    for end in ends:
        now, pause = 0.0, pauses(rng)
        requests += 1
        while now < end:
            now += next(pause)
            requests += 1
        late += now - end
    return Row(name, requests / len(ends), late / len(ends))


def of_ours(name: str, percent: Percent | None, eagerness: Eagerness, ends: Sequence[float]) -> Row:
    requests, late = 0, 0.0
    for seed, end in enumerate(ends):
        hosts = {HOST: Host(latency=(0.0, 0.0))}
        world = World({"a": Job(end, percent=percent)}, hosts, seed=seed)
        run = world.watch(Policy(pace=eagerness))
        requests += len(run.sent)
        late += run.ended - end
    requests_each, late_each = requests / len(ends), late / len(ends)
    least = None if percent else best_at(late_each)[0]
    return Row(name, requests_each, late_each, eagerness.value, least)


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'schedule':36} {'pace':7} {'requests':>9} {'late, s':>8} {'of the optimum':>15}"]
    for row in rows:
        share = f"{row.requests / row.least:15.2f}" if row.least else ""
        lines.append(f"{row.name:36} {row.pace:7} {row.requests:9.1f} {row.late:8.2f} {share}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def measure(_rounds: int) -> dict[str, Any]:
    """Write the figures and the picture; return what is held to a budget."""
    rows = {(row["name"], row["pace"]): row for row in main(HOW_MANY)["opwatch"]}
    without, even = rows["no progress", "normal"], rows["even progress", "normal"]
    return {
        "operations": HOW_MANY,
        "of_optimum": [without["requests"] / without["least"]],
        "requests_without": [without["requests"]],
        "late_without_s": [without["late"]],
        "requests": [even["requests"]],
        "late_s": [even["late"]],
    }


def main(how_many: int) -> dict[str, Any]:
    """Compare all; return the figures that were written."""
    ends = spread(how_many)
    peers = [of_a_peer(name, pauses, ends) for name, pauses in PEERS.items()]
    ours = [
        of_ours(name, percent, each, ends) for name, percent in SHAPES.items() for each in Eagerness
    ]
    optimum = [Row("optimum", *best(price)) for price in PRICES]
    sys.stderr.write(table([*peers, *optimum, *ours]))
    rows = {"peers": peers, "optimum": optimum, "opwatch": ours}
    figures = {name: [asdict(each) for each in found] for name, found in rows.items()}
    text = json.dumps({"operations": how_many, **figures}, indent=1)
    (DOCS / "schedules.json").write_text(text + "\n", encoding="utf-8")
    (DOCS / "schedules.svg").write_text(plot(json.loads(text)), encoding="utf-8")
    return dict(json.loads(text))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else HOW_MANY)
