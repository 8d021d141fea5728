"""Measures what is promised of the speed, and writes docs/performance.md and README's table.

    python tests/benchmarks                    all parts, about six minutes
    python tests/benchmarks --resume           those that were not measured at this commit
    python tests/benchmarks --rounds 3 crowd   some of them, with so many rounds
    python tests/benchmarks --page             only the pages, from the figures that are there

What a part has found is kept at once, in docs/performance.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import crowd, outage, polls, remembered, schedules, startup
from benchmarks.looks_plot import looks_plot
from benchmarks.page import page, with_short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
FIGURES: Final = ROOT / "docs/performance.json"


class Part(NamedTuple):
    """What is measured together, in so many *rounds*."""

    measure: Callable[[int], dict[str, Any]]
    rounds: int


PARTS: Final[Mapping[str, Part]] = {
    "startup": Part(startup.measure, 21),
    "polls": Part(polls.per_poll, 7),
    "looks": Part(polls.looks, 5),
    "limited": Part(polls.limited, 1),
    "crowd": Part(crowd.watched, 3),
    "schedules": Part(schedules.measure, 1),
    "remembered": Part(remembered.measure, 1),
    "outage": Part(outage.measure, 5),
    "counts": Part(polls.counts, 3),
}


def run(names: Sequence[str], rounds: int | None) -> None:
    """Measure the parts *names*, each with its own number of rounds unless *rounds* is given."""
    for name in names:
        sys.stderr.write(f"{name} …\n")
        load, began = os.getloadavg()[0], time.monotonic()
        found = PARTS[name].measure(rounds or PARTS[name].rounds)
        figures = json.loads(FIGURES.read_text(encoding="utf-8"))
        figures["parts"][name] = _rounded(found)
        figures["ran"][name] = {
            "on": datetime.now(UTC).strftime("%Y-%m-%d"),
            "commit": commit(),
            "load": round(load, 1),
            "minutes": round((time.monotonic() - began) / 60, 1),
            "processors": os.cpu_count(),
            "machine": machine(),
            "system": platform.system(),
            "python": platform.python_version(),
        }
        for key in ("parts", "ran"):  # in the order of the table, whichever was measured first
            figures[key] = {each: figures[key][each] for each in PARTS if each in figures[key]}
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _rounded(found: Any) -> Any:
    """Return *found* with figures of four digits: what is beyond them is chance."""
    if isinstance(found, float):
        return float(f"{found:.4g}")
    if isinstance(found, dict):
        return {key: _rounded(value) for key, value in found.items()}
    return [_rounded(each) for each in found] if isinstance(found, (list, tuple)) else found


def commit() -> str:
    """Return the commit that is measured, with a mark if files differ from it."""
    command = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def machine() -> str:
    """Return what the processor calls itself."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write() -> None:
    """Write the pages from the figures."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    for path, text in pages(figures).items():
        path.write_text(text, encoding="utf-8")


def pages(figures: Mapping[str, Any]) -> dict[Path, str]:
    """Return each page and what belongs in it."""
    readme = ROOT / "README.md"
    found = {
        ROOT / "docs/performance.md": page(figures),
        readme: with_short(readme.read_text(encoding="utf-8"), figures),
    }
    if counts := figures["parts"].get("counts"):
        found[ROOT / "docs/looks.svg"] = looks_plot(counts)
    return found


def main() -> None:
    """Measure what is asked for, and write the pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="of each part, instead of its own number")
    parser.add_argument("--resume", action="store_true", help="pass over what this commit has")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    given = parser.parse_args()
    if unknown := [each for each in given.parts if each not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}")
    names = [] if given.page else given.parts or [*PARTS]
    if given.resume:
        ran, here = json.loads(FIGURES.read_text(encoding="utf-8"))["ran"], commit()
        names = [each for each in names if ran.get(each, {}).get("commit") != here]
    run(names, given.rounds)
    write()


if __name__ == "__main__":
    main()
