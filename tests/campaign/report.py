"""Writes docs/reliability.md from what a campaign has found; no figure in it is by hand.

    python tests/campaign/report.py --run                # everything; the page says how long
    python tests/campaign/report.py --run --share 0.02   # a fiftieth of it
    python tests/campaign/report.py --run worlds text    # these parts anew
    python tests/campaign/report.py                      # the page, from the last run's figures

The figures are kept in docs/reliability.json; a test holds the page and README.md against
them. Linux only: what a process holds is read from /proc.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DOCS: Final = TESTS.parent / "docs"
FIGURES: Final = DOCS / "reliability.json"
PAGE: Final = DOCS / "reliability.md"
README: Final = TESTS.parent / "README.md"
BEGIN, END = "<!-- reliability -->", "<!-- /reliability -->"

# Of a whole campaign; a share of it does so much less.
HOURS: Final = 1200.0
SECONDS_AT_A_DOOR: Final = 60.0
TEXTS: Final = 12_000
TIMES: Final = 30
MINUTES: Final = 10.0
SIMULATED_MINUTES: Final = 30.0
MUTATION_MINUTES: Final = 60.0


def run(names: Sequence[str], share: float) -> None:
    """Run the parts *names* of a campaign, all if there are none, or a *share* of each.

    What each has found is kept at once.
    """
    from inherited import heed_signals  # noqa: PLC0415, after the path is set

    heed_signals()
    for name in parts(share):
        if names and name not in names:
            continue
        sys.stderr.write(f"{name} …\n")
        began = time.monotonic()
        # Each in a process of its own: what one leaves behind in memory makes the next one slow.
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            found = process.submit(measure, name, share).result()
        figures = json.loads(FIGURES.read_text(encoding="utf-8"))
        figures["parts"][name] = found
        figures["ran"][name] = {
            "on": datetime.now(UTC).strftime("%Y-%m-%d"),
            "python": platform.python_version(),
            "system": platform.system(),
            "share": share,
            "minutes": round((time.monotonic() - began) / 60, 1),
        }
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(name: str, share: float) -> Any:
    """Return the figures of *share* of the part *name*."""
    with redirect_stdout(sys.stderr):
        return parts(share)[name]()


def parts(share: float) -> Mapping[str, Callable[[], Any]]:
    """Return the parts of a campaign, each of which returns its figures."""
    from campaign import (  # noqa: PLC0415, to run only
        fuzz,
        guided,
        hostile_text,
        leaving,
        limits,
        mutation,
        small_worlds,
        soak,
        survived,
        torture,
        worlds,
    )

    return {
        "faults": survived.measure,
        "torture": lambda: torture.measure(max(1, round(1 / share))),
        "worlds": lambda: worlds.measure(HOURS * share),
        "small_worlds": lambda: small_worlds.measure(max(1, round(1 / share))),
        "text": lambda: hostile_text.measure(max(120, round(TEXTS * share))),
        "fuzz": lambda: fuzz.measure(SECONDS_AT_A_DOOR * share),
        "guided": lambda: guided.measure(SECONDS_AT_A_DOOR * share),
        "leaving": lambda: leaving.measure(max(1, round(TIMES * share))),
        "limits": limits.measure,
        "mutation": lambda: mutation.measure(MUTATION_MINUTES * share),
        "soak": lambda: soak.measure(SIMULATED_MINUTES * share, MINUTES * share),
    }


def with_summary(readme: str, table: str) -> str:
    """Return *readme* with *table* between the two marks."""
    head, rest = readme.split(BEGIN)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Run the campaign if that is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="run the campaign, or PART of it, first")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts(1.0))}")
    parser.add_argument("--share", type=float, default=1.0, help="of the whole campaign")
    given = parser.parse_args()
    if given.run:
        run(given.parts, given.share)
    from campaign.page import faulty, page, summary  # noqa: PLC0415, after the path is set

    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    PAGE.write_text(page(figures), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(with_summary(readme, summary(figures)), encoding="utf-8")
    return 1 if faulty(figures["parts"]) else 0


if __name__ == "__main__":
    sys.exit(main())
