"""Hostile text by the ten thousand: through the bars, the tables, the lines, the errors, JSON.

    python tests/campaign/hostile_text.py                    # 12,000 texts, a minute or two
    python tests/campaign/hostile_text.py --many 1000000 --seed 3

A real terminal emulator draws what we wrote. A screen is disturbed if a line that stood
there is not there any more, if the cursor is somewhere else, or if anything was switched.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.hostile import drawn, hidden, obeyed, pasted, tabled, texts
from faults.outputs import outputs

MANY: Final = 12_000
EACH: Final = 12
SIZES: Final = ((100, 80), (80, 80), (160, 120), (250, 80))


def measure(many: int, seed: int = 7) -> dict[str, Any]:
    """Return how many of *many* texts were shown on how many screens, and what went wrong."""
    screens, wrong, commands, written = 0, list[str](), list[str](), 0
    found = texts(many - many % EACH, seed)
    number = 0
    while hostile := list(islice(found, EACH)):
        number += 1
        told = outputs(hostile)
        seen = [*drawn(hostile, SIZES[number % len(SIZES)]), tabled(hostile)]
        seen += [pasted(told[name]) for name in ("lines", "errors")]
        screens += len(seen)
        wrong += [f"{each.wrong}: {hostile!r}"[:500] for each in seen if each.wrong]
        written += sum(map(len, told.values()))
        for name, text in told.items():
            bad = obeyed(text) or hidden(text)
            commands += [f"{name}: {bad[:1]} in {hostile!r}"[:500]] if bad else []
    return {
        "texts": number * EACH,
        "screens": screens,
        "disturbed": wrong,
        "outputs_mib": round(written / (1 << 20), 1),
        "commands": commands,
    }


def main() -> int:
    """Measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    figures = measure(given.many, given.seed)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["disturbed"] or figures["commands"] else 0


if __name__ == "__main__":
    sys.exit(main())
