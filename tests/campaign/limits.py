"""A machine that gives little: few descriptors, little memory.

    python tests/campaign/limits.py

Whatever is lacking, the verdict is true, or it is said that there is none: a thousand
operations are looked at with fewer and fewer descriptors, and with less and less memory.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from campaign.soak import program_of
from faults.whole import api, asked_about, state
from opwatch.domain.outcome import ExitCode
from servers.raw import http

if TYPE_CHECKING:
    from cli.program import Program

OPERATIONS: Final = 1_000
DESCRIPTORS: Final = (1024, 64, 32, 24, 20, 18, 16, 14, 12, 10, 8, 6)
KIBIBYTES: Final = (*range(400_000, 60_000, -40_000), *range(60_000, 8_000, -2_000))
CODES: Final = frozenset(int(code) for code in ExitCode)
LONGEST: Final = 120.0
PATH: Final = re.compile(r"'?/\S+")


def squeezed(program: Program, limit: str) -> dict[str, Any]:
    """Return how a run ends under *limit*, a command of the shell."""
    line = f'{limit} && exec "{sys.executable}" -m opwatch get -p api --json -'
    names = "\n".join(f"op-{each}" for each in range(OPERATIONS))
    done = subprocess.run(  # noqa: S603, our own program
        ["bash", "-c", line],  # noqa: S607, the system's shell
        env=program.environ, input=names.encode(), capture_output=True, timeout=LONGEST,
        check=False,
    )  # fmt: skip
    said = done.stderr.decode(errors="replace").strip().splitlines()
    try:
        summary = json.loads(done.stdout)["summary"]
    except ValueError:
        summary = None
    return {
        "limit": limit,
        "code": done.returncode,
        "summary": summary,
        "said": _problem(said),
        "wrong": _wrong(done.returncode, summary, said),
    }


def _problem(said: list[str]) -> str:
    ours = [line for line in said if line.startswith("opwatch:")]
    line = (ours[-1:] or said[-1:] or [""])[0].replace("|", "/")
    return PATH.sub("…", line)[:120].strip()


def _wrong(code: int, summary: dict[str, int] | None, said: list[str]) -> str:
    """Return what is wrong with an ending: a success without evidence, or an unknown code.

    Python itself may be unable to begin; then none of our code has run.
    """
    if code == 0 and (summary or {}).get("succeeded") != OPERATIONS:
        return "a success without evidence"
    is_pythons = any("Fatal Python error" in line or "Traceback" in line for line in said[:1])
    never_began = is_pythons or not said or "error while loading" in said[-1]
    return "" if code in CODES or never_began else f"exit {code}"


def measure() -> dict[str, Any]:
    """Return how the runs ended, the widest limit first."""
    answers = api(lambda request: http(state("done", asked_about(request))))
    with tempfile.TemporaryDirectory() as folder, answers as server:
        program = program_of(Path(folder), server.url, rate=2000)
        return {
            "descriptors": [squeezed(program, f"ulimit -n {each}") for each in DESCRIPTORS],
            "memory": [squeezed(program, f"ulimit -v {each}") for each in KIBIBYTES],
        }


def main() -> int:
    """Measure; print the figures as JSON."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = measure()
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return int(any(each["wrong"] for kind in found.values() for each in kind))


if __name__ == "__main__":
    sys.exit(main())
