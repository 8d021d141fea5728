"""The doors of fuzz.py before a fuzzer that is led by coverage (atheris, libFuzzer).

    pip install -e '.[fuzz]' && python tests/campaign/guided.py --seconds 60
    python tests/campaign/guided.py --seconds 600 "take a reference"

It begins with the inputs of ``corpus/``, and leaves there what reaches lines that nothing
else reaches; ``tests/faults/test_corpus.py`` puts all of them through the doors again.
What breaks a door is written to the present folder, and its name is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if "--door" in sys.argv:
    import atheris

    with atheris.instrument_imports(include=["opwatch"]):
        import campaign.corpus  # noqa: F401, to be instrumented

from campaign.corpus import GUIDED, folder_of, put_through, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST: Final = 4096
DONE: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def guide(door: str, seconds: float) -> dict[str, Any]:
    """Return what *seconds* at *door* came to; keep what reached something new."""
    kept = folder_of(door)
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as found:
        for number, seed in enumerate(seeds_of(door)):
            (Path(found) / f"seed{number}").write_bytes(seed)
        said = _run(door, [found, str(kept)], f"-max_total_time={round(seconds)}")
        with tempfile.TemporaryDirectory() as smallest:
            _run(door, [smallest, str(kept), found], "-merge=1")
            for path in kept.iterdir():
                path.unlink()
            for path in Path(smallest).iterdir():
                (kept / path.name).write_bytes(path.read_bytes())
    inputs = DONE.search(said.stderr)
    return {
        "inputs": int(inputs[1]) if inputs else 0,
        "kept": len(list(kept.iterdir())),
        "wrong": [] if said.returncode == 0 else said.stderr.splitlines()[-12:],
    }


def _run(door: str, folders: list[str], option: str) -> subprocess.CompletedProcess[str]:
    options = [option, f"-max_len={LONGEST}", "-print_final_stats=1", "-timeout=30", "-seed=7"]
    command = [sys.executable, __file__, "--door", door, *options, *folders]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603, ourselves


def measure(seconds: float, doors: Sequence[str] = GUIDED) -> dict[str, Any]:
    """Return the figures of *seconds* at each door; none where there is no such fuzzer."""
    if find_spec("atheris") is None:
        return {}
    return {door: guide(door, seconds) for door in doors}


def main() -> int:
    """Fuzz; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each door")
    parser.add_argument("doors", nargs="*", metavar="DOOR", help=f"of {', '.join(GUIDED)}")
    given = parser.parse_args()
    figures = measure(given.seconds, given.doors or GUIDED)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if not figures or any(each["wrong"] for each in figures.values()) else 0


def child() -> None:
    """Fuzz one door; never returns."""
    door, options = sys.argv[2], sys.argv[3:]
    # What libFuzzer runs again, by a shell, where it merges.
    itself = shlex.join([sys.executable, *sys.argv[:3]])
    atheris.Setup([itself, *options], lambda data: put_through(door, data))
    atheris.Fuzz()


if __name__ == "__main__":
    if "--door" in sys.argv:
        child()
    sys.exit(main())
