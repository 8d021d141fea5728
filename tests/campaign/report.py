"""Writes docs/reliability.md from what a campaign has found; no figure in it is by hand.

    python tests/campaign/report.py --run                # everything, about an hour
    python tests/campaign/report.py --run --share 0.02   # a fiftieth of it
    python tests/campaign/report.py                      # the page, from the last run's figures

The figures are kept in docs/reliability.json, and a test holds the page against them.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCS: Final = TESTS.parent / "docs"
FIGURES: Final = DOCS / "reliability.json"
PAGE: Final = DOCS / "reliability.md"

# Of a whole campaign; a share of it does so much less.
HOURS: Final = 5000.0
SECONDS_AT_A_DOOR: Final = 60.0
TIMES: Final = 50
MINUTES: Final = 30.0


def run(share: float) -> dict[str, Any]:
    """Return the figures of a campaign, or of a *share* of one."""
    began = time.monotonic()
    figures: dict[str, Any] = {"parts": {}}
    for name, part in parts(share).items():
        sys.stderr.write(f"{name} …\n")
        with redirect_stdout(sys.stderr):
            figures["parts"][name] = part()
    figures["ran"] = {
        "on": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "system": platform.system(),
        "share": share,
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    return figures


def parts(share: float) -> Mapping[str, Callable[[], Any]]:
    """Return the parts of a campaign, each of which returns its figures."""
    from campaign import fuzz, processes, survived, torture, worlds  # noqa: PLC0415, to run only

    return {
        "faults": survived.measure,
        "torture": lambda: torture.measure(max(1, round(1 / share))),
        "worlds": lambda: worlds.measure(HOURS * share),
        "fuzz": lambda: fuzz.measure(SECONDS_AT_A_DOOR * share),
        "processes": lambda: processes.measure(max(1, round(TIMES * share)), MINUTES * share),
    }


def main() -> int:
    """Run the campaign if that is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="run the campaign first")
    parser.add_argument("--share", type=float, default=1.0, help="of the whole campaign")
    given = parser.parse_args()
    if given.run:
        FIGURES.write_text(json.dumps(run(given.share), indent=1) + "\n", encoding="utf-8")
    from campaign.page import page  # noqa: PLC0415, after the path is set

    PAGE.write_text(page(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
