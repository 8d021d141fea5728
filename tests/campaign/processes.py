"""Real processes: how soon one leaves when it is told to, and what a long one holds.

python tests/campaign/processes.py --times 20 --minutes 10
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.program import Program
from opwatch.demo import DemoServer, Script

SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
OPERATIONS: Final = 1000
FAST: Final = ("-p", "fullstory", "--interval", "1s")
PROC: Final = Path("/proc")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
MEBIBYTE: Final = 1 << 20
HUNG: Final = """
import socket, sys, time
def hang(*_, **__):
    print("the resolver hangs", file=sys.stderr, flush=True)
    time.sleep(60)
socket.getaddrinfo = hang
"""


def leave(times: int) -> dict[str, Any]:
    """Return how many milliseconds a process needs from a signal to its end."""
    found, wrong = list[float](), list[str]()
    with tempfile.TemporaryDirectory() as folder, DemoServer() as server:
        program = Program(Path(folder), server.base_url)
        job = server.start("fullstory", Script(3600)).id
        (Path(folder) / "sitecustomize.py").write_text(HUNG)
        hung = Program(Path(folder), "https://api.example.com")
        hung.environ["PYTHONPATH"] = folder
        for _ in range(times):
            for number, code in SIGNALS.items():
                for each, when in ((program, "pending"), (hung, "hangs")):
                    ran = each.interrupted(number, "wait", *FAST, job, when=when)
                    found.append(1000 * ran.seconds)
                    if ran.code != code:
                        wrong.append(f"{number.name}: exit {ran.code}")
    found.sort()
    return {
        "signals": len(found),
        "p50_ms": round(found[len(found) // 2]),
        "p99_ms": round(found[len(found) * 99 // 100]),
        "wrong": wrong,
    }


def last(minutes: float) -> dict[str, Any]:
    """Return what a process that waits for *minutes* holds, and whether that grows."""
    with tempfile.TemporaryDirectory() as folder, DemoServer() as server:
        program = Program(Path(folder), server.base_url)
        names = "\n".join(server.start("fullstory", Script(1e6)).id for _ in range(OPERATIONS))
        child = subprocess.Popen(  # noqa: S603, our own program
            [sys.executable, "-m", "opwatch", "wait", *FAST, "-", "-q"],
            env=program.environ, cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert child.stdin is not None
        child.stdin.write(names.encode())
        child.stdin.close()
        samples = observe(child.pid, minutes)
        child.send_signal(signal.SIGINT)
        code = child.wait(30)
    steady = samples[len(samples) // 3 :]
    return {
        "operations": OPERATIONS,
        "minutes": minutes,
        "memory_mib": round(steady[-1][1] / MEBIBYTE),
        "growth_mib_per_hour": round(slope(steady) * 3600 / MEBIBYTE, 1),
        "descriptors_first": steady[0][2],
        "descriptors_last": steady[-1][2],
        "code": code,
    }


def observe(pid: int, minutes: float) -> list[tuple[float, int, int]]:
    """Return (time, bytes of memory, open descriptors) of process *pid*, sixty times."""
    samples, began = list[tuple[float, int, int]](), time.monotonic()
    for _ in range(60):
        time.sleep(minutes)  # a sixtieth of the time
        memory = int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
        descriptors = len(list((PROC / str(pid) / "fd").iterdir()))
        samples.append((time.monotonic() - began, memory, descriptors))
    return samples


def slope(samples: list[tuple[float, int, int]]) -> float:
    """Return the median growth in bytes a second, from one third of *samples* to the last."""
    third = len(samples) // 3
    early = sorted(size for _, size, _ in samples[:third])[third // 2]
    late = sorted(size for _, size, _ in samples[-third:])[third // 2]
    gaps = [after[0] - before[0] for before, after in pairwise(samples)]
    return (late - early) / (sum(gaps) * 2 / 3)


def measure(times: int, minutes: float) -> dict[str, Any]:
    """Return the figures of both; what a process holds is known on Linux only."""
    return {"leave": leave(times), "last": last(minutes) if PROC.exists() else None}


def main() -> int:
    """Measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="for each signal")
    parser.add_argument("--minutes", type=float, default=10.0, help="to wait")
    given = parser.parse_args()
    figures = measure(given.times, given.minutes)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["leave"]["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
