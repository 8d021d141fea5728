"""How soon a real process leaves when a signal tells it to, even while a resolver hangs.

python tests/campaign/leaving.py --times 20
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.program import Program
from opwatch.demo import Script
from servers.demo import DemoServer

SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
FAST: Final = ("-p", "fullstory", "--interval", "1s")
HUNG: Final = """
import socket, sys, time
def hang(*_, **__):
    print("the resolver hangs", file=sys.stderr, flush=True)
    time.sleep(60)
socket.getaddrinfo = hang
"""


def measure(times: int) -> dict[str, Any]:
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


def main() -> int:
    """Measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="for each signal")
    figures = measure(parser.parse_args().times)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
