"""Every sequence of six answers of twelve kinds about two operations, against a simple model.

Each is run twice: with a request for each operation, and with one for both.


python tests/campaign/small_worlds.py               # all, about an hour of one core
python tests/campaign/small_worlds.py --every 100   # each hundredth
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.small import ANSWERS, KINDS, NAMES, SmallRun, play, worlds, wrongs


def measure(every: int = 1) -> dict[str, Any]:
    """Return the figures of each sequence, or of each *every*-th."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(partial(_begun_by, every=every), range(len(KINDS))))
    return {
        "kinds": len(KINDS),
        "answers": ANSWERS,
        "operations": len(NAMES),
        "sequences": len(KINDS) ** ANSWERS,
        "every": every,
        "worlds": sum(count for count, _, _ in found),
        "batches": sum(count for _, count, _ in found),
        "broken": [wrong for _, _, broken in found for wrong in broken],
    }


def _begun_by(first: int, every: int) -> tuple[int, int, list[str]]:
    """Return how many worlds, and of batches, begin with the kind *first*, and what is wrong."""
    counts, broken = [0, 0], list[str]()
    for batch in (False, True):
        for kinds, run in _runs(first, every, batch=batch):
            counts[batch] += 1
            how = "in a batch, " if batch else ""
            broken += [f"{how}{', '.join(kinds)}: {wrong}" for wrong in wrongs(run)]
    return counts[False], counts[True], broken


def _runs(first: int, every: int, *, batch: bool) -> Iterator[tuple[list[str], SmallRun]]:
    if every == 1:
        yield from worlds(first, batch=batch)
        return
    for number, rest in enumerate(product(KINDS, repeat=ANSWERS - 1)):
        if number % every == 0:
            kinds = [KINDS[first], *rest]
            yield kinds, play(kinds, batch=batch)


def main() -> int:
    """Run them; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run each n-th sequence only")
    figures = measure(parser.parse_args().every)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
