"""Every sequence of six answers of twelve kinds about two operations, against a simple model.

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
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.small import ANSWERS, KINDS, NAMES, play, worlds, wrongs


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
        "worlds": sum(count for count, _ in found),
        "broken": [wrong for _, broken in found for wrong in broken],
    }


def _begun_by(first: int, every: int) -> tuple[int, list[str]]:
    """Return how many worlds that begin with the kind *first* there are, and what is wrong."""
    count, broken = 0, list[str]()
    if every == 1:
        runs = worlds(first)
    else:
        rest = product(KINDS, repeat=ANSWERS - 1)
        chosen = ([KINDS[first], *each] for n, each in enumerate(rest) if n % every == 0)
        runs = ((kinds, play(kinds)) for kinds in chosen)
    for kinds, run in runs:
        count += 1
        broken += [f"{', '.join(kinds)}: {wrong}" for wrong in wrongs(run)]
    return count, broken


def main() -> int:
    """Run them; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="run each n-th sequence only")
    figures = measure(parser.parse_args().every)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
