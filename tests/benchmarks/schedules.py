"""Requests and lateness of our schedule against those of the peers.

    python tests/benchmarks/schedules.py [how many operations, 2000 if not given]

Each schedule watches the same operations, whose durations are spread evenly
over the orders of magnitude from 5 s to 4 h. *late* is the mean of the seconds
from an operation's end to the moment that it is noticed. A schedule is on the
front when none has both fewer requests and less lateness. Ours is the real
watcher, driven by the simulator; it is measured once for each way in which an
API tells its progress, because the peers do not look at it.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.world import HOST, Host, Job, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Pauses = Callable[[random.Random], Iterator[float]]
    Percent = Callable[[float], float]

SHORTEST, LONGEST = 5.0, 4 * 3600.0


@dataclass(frozen=True)
class Row:
    """The means of one schedule."""

    name: str
    requests: float
    late: float

    def beats(self, other: Row) -> bool:
        return self.requests < other.requests and self.late < other.late


def fixed(seconds: float) -> Pauses:
    return lambda _rng: repeat(seconds)


def growing(first: float, factor: float, longest: float, jitter: float = 0.0) -> Pauses:
    """Grow from *first* by *factor* up to *longest*, less a random part up to *jitter* of it."""

    def pauses(rng: random.Random) -> Iterator[float]:
        pause = first
        while True:
            yield pause * rng.uniform(1 - jitter, 1)
            pause = min(longest, pause * factor)

    return pauses


def gcloud(rng: random.Random) -> Iterator[float]:
    yield 1.0
    for n in count():
        yield min(180.0, 2 * 1.4 ** min(n, 40)) + rng.random()


def smithy(rng: random.Random) -> Iterator[float]:
    for n in count():
        yield rng.uniform(2.0, min(120.0, 2.0 * 2 ** min(n, 40)))


def databricks(rng: random.Random) -> Iterator[float]:
    for n in count(1):
        yield min(n, 10) + rng.uniform(0.05, 0.75)


def doubling_without_cap(_rng: random.Random) -> Iterator[float]:
    for n in count():
        yield min(600.0, 2.0**n)


PEERS: Final[dict[str, Pauses]] = {
    "gh run watch, glab, cf (3 s)": fixed(3.0),
    "bk build watch, sf, globus (1 s)": fixed(1.0),
    "pueue, bk preflight (2 s)": fixed(2.0),
    "sf, by size (10 s)": fixed(10.0),
    "watchgha (15 s)": fixed(15.0),
    "aws wait (20 s)": fixed(20.0),
    "az wait, oci (30 s)": fixed(30.0),
    "terraform (1 s to 3 s)": growing(1.0, 1.5, 3.0),
    "google-api-core (1 s x1.5 to 20 s)": growing(1.0, 1.5, 20.0),
    "gcloud (2 s x1.4 to 180 s)": gcloud,
    "Smithy (2 s to 120 s, random)": smithy,
    "databricks (n s to 10 s)": databricks,
    "curl --retry (x2 to 600 s)": doubling_without_cap,
    "x1.5 to 15 s, half jitter": growing(2.0, 1.5, 15.0, 0.5),
    "x1.5 to 30 s, half jitter": growing(2.0, 1.5, 30.0, 0.5),
}


def in_leaps(part: float) -> float:
    """Stand still for long at a few percentages."""
    return next(percent for end, percent in LEAPS if part < end)


LEAPS: Final = ((0.2, 10.0), (0.5, 40.0), (0.9, 80.0), (math.inf, 95.0))

OURS: Final[dict[str, Percent | None]] = {
    "opwatch, no progress": None,
    "opwatch, even progress": lambda part: math.floor(100 * part),
    "opwatch, slow then fast": lambda part: math.floor(100 * part**1.6),
    "opwatch, fast then slow": lambda part: math.floor(100 * math.sqrt(part)),
    "opwatch, slow-fast-slow": lambda part: math.floor(100 * part * part * (3 - 2 * part)),
    "opwatch, in four leaps": in_leaps,
    "opwatch, stuck at 99 % from half": lambda part: min(99.0, math.floor(200 * part)),
}


def durations(how_many: int) -> list[float]:
    rng = random.Random(7)  # noqa: S311, the same operations for all
    low, high = math.log(SHORTEST), math.log(LONGEST)
    return [math.exp(rng.uniform(low, high)) for _ in range(how_many)]


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


def of_ours(name: str, percent: Percent | None, ends: Sequence[float]) -> Row:
    requests, late = 0, 0.0
    for seed, end in enumerate(ends):
        hosts = {HOST: Host(latency=(0.0, 0.0))}
        run = World({"a": Job(end, percent=percent)}, hosts, seed=seed).watch()
        requests += len(run.sent)
        late += run.ended - end
    return Row(name, requests / len(ends), late / len(ends))


def show(peers: Sequence[Row], ours: Sequence[Row]) -> None:
    lines = [f"{'schedule':36} {'requests':>9} {'late, s':>8}  front"]
    for row in (*peers, *ours):
        beaten_by = [peer.name for peer in peers if peer.beats(row)]
        front = f"no: {', '.join(beaten_by)}" if beaten_by else "yes"
        lines.append(f"{row.name:36} {row.requests:9.1f} {row.late:8.2f}  {front}")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    ends = durations(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
    show(
        [of_a_peer(name, pauses, ends) for name, pauses in PEERS.items()],
        [of_ours(name, percent, ends) for name, percent in OURS.items()],
    )
