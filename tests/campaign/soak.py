"""Ten thousand operations for a long time: what the process holds must not grow.

    python tests/campaign/soak.py                        # 30 simulated minutes and 10 real ones
    python tests/campaign/soak.py --simulated 5 --real 0.5

The simulated minutes drive the real engine, watcher and renderer on a clock that is
computed; the real ones are a process that polls a server on this machine. Linux only:
what a process holds is read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cli.program import Program
from faults.terminal import Tty
from faults.whole import CANARY, api, asked_about, state
from opwatch.domain.operation import Answer, Poll, Reading, State, Target
from opwatch.domain.outcome import Abort, Policy
from opwatch.domain.pacing import Limits, Pace, PollingRules
from opwatch.engine import drive
from opwatch.output.streams import Sink
from opwatch.output.terminal.lines import Lines
from opwatch.watcher.watcher import Watcher
from output.script import wall_of
from servers.raw import http
from simulation.loop import VirtualClock, run_virtually

if TYPE_CHECKING:
    from collections.abc import Sequence

OPERATIONS: Final = 10_000
RATE: Final = 200
SAMPLES: Final = 30
KIBIBYTE, MEBIBYTE = 1 << 10, 1 << 20
AT_ONCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """What process holds at a moment: bytes of memory, and open descriptors."""

    at: float
    memory: int
    descriptors: int


def held(at: float, pid: int | str = "self") -> Sample:
    """Return what the process *pid* holds now."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    memory = int(status.split("VmRSS:")[1].split()[0]) * KIBIBYTE
    return Sample(at, memory, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def growth(samples: Sequence[Sample]) -> float:
    """Return the growth in bytes a second, from the second third of *samples* to the last."""
    third = len(samples) // 3
    early, late = samples[third : 2 * third], samples[2 * third :]
    gap = median(each.at for each in late) - median(each.at for each in early)
    return (median(each.memory for each in late) - median(each.memory for each in early)) / gap


def figures(samples: Sequence[Sample], **more: Any) -> dict[str, Any]:
    """Return what *samples* say, and *more*."""
    steady = samples[len(samples) // 3 :]
    return {
        "operations": OPERATIONS,
        "memory_mib": round(max(each.memory for each in samples) / MEBIBYTE),
        "growth_mib_per_hour": round(growth(samples) * 3600 / MEBIBYTE, 2),
        "descriptors": [steady[0].descriptors, steady[-1].descriptors],
        **more,
    }


# -- simulated -----------------------------------------------------------------------


@dataclass
class Null:
    """A stream that nobody reads."""

    encoding: str = "utf-8"
    written: int = 0

    def write(self, text: str) -> int:
        self.written += len(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing."""

    def isatty(self) -> bool:
        return False


@dataclass
class Server:
    """Answers after a while: it is running, with some percentage, or now and then it fails."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311, the same each time
    polls: int = 0

    async def __call__(self, poll: Poll) -> Answer:
        self.polls += 1
        await asyncio.sleep(self.chance.uniform(0.02, 0.2))
        percent = float(self.chance.randrange(100))
        return Answer((Reading(State.RUNNING, "RUNNING", percent),) * len(poll.targets))


async def _simulate(minutes: float) -> dict[str, Any]:
    clock, server, null, began = VirtualClock(), Server(), Null(), time.monotonic()
    targets = [
        Target(f"op-{each}", f"op-{each}", "https://api.example") for each in range(OPERATIONS)
    ]
    pace = Pace(first=30.0, longest=30.0, factor=1.0)
    polling_rules = PollingRules(pace, Limits(rate=float(RATE), burst=RATE, at_once=32))
    watcher = Watcher(
        targets, {"": polling_rules}, Policy(), now=clock.now(), uniform=server.chance.uniform
    )
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    samples: list[Sample] = []

    async def sample() -> None:
        for _ in range(SAMPLES):
            await asyncio.sleep(minutes * 60 / SAMPLES)
            samples.append(held(clock.now()))
        inbox.put_nowait(Abort.INTERRUPTED)

    sampling = asyncio.ensure_future(sample())
    sink = Sink(null)  # type: ignore[arg-type]  # it has what a sink asks of a stream
    with Lines(sink, wall_of=wall_of) as tell:
        await drive(watcher, server, tell, clock=clock, inbox=inbox)
    await sampling
    return figures(
        samples,
        minutes=minutes,
        took_seconds=round(time.monotonic() - began, 1),
        polls=server.polls,
        code=int(watcher.verdict().code),
    )


def simulate(minutes: float) -> dict[str, Any]:
    """Return the figures of *minutes* that are computed and not waited for."""
    return run_virtually(_simulate(minutes))


# -- real ----------------------------------------------------------------------------


def endure(minutes: float) -> dict[str, Any]:
    """Return the figures of a process that draws bars for *minutes*, and is interrupted then."""
    answers = api(lambda request: http(state("running", asked_about(request))))
    with tempfile.TemporaryDirectory() as folder, answers as server, Tty() as tty:
        program = program_of(Path(folder), server.url)
        names = Path(folder) / "names"
        names.write_text("\n".join(f"op-{each}" for each in range(OPERATIONS)))
        out = Path(folder) / "out"
        line = f'exec "$0" -m opwatch wait -p api --progress bars --json - <{names} >{out}'
        tty.run("sh", "-c", line, sys.executable, environ=program.environ)
        samples, began = list[Sample](), time.monotonic()
        while len(samples) < SAMPLES:
            time.sleep(minutes * 60 / SAMPLES)
            samples.append(held(time.monotonic() - began, tty.child.pid))
        told = time.monotonic()
        tty.child.send_signal(signal.SIGINT)
        code = tty.child.wait(30)
        left = time.monotonic() - told
        polls = len(server.requests)
        documented = len(json.loads(out.read_text("utf-8"))["operations"])
    return figures(
        samples,
        minutes=minutes,
        display="bars",
        drawn_mib=round(len(tty.raw) / MEBIBYTE, 1),
        polls=polls,
        code=code,
        leave_seconds=round(left, 2),
        documented=documented,
    )


def program_of(home: Path, url: str, rate: int = RATE) -> Program:
    """Return the program with one profile, which bears *rate* requests a second."""
    config = home / "config.yaml"
    profile = {
        "base_url": url,
        "request": {"path": "/ops/{id}"},
        "auth": {"bearer": {"env": "API_TOKEN"}},
        "read": {"status": "status"},
        "states": {"running": ["running"], "succeeded": ["done"]},
        "limits": {"rate": f"{rate}/s", "burst": min(rate, 1000), "at_once": 16},
    }
    config.write_text(json.dumps({"version": 1, "profiles": {"api": profile}}))
    program = Program(home)
    program.environ |= {"OPWATCH_CONFIG": str(config), "API_TOKEN": CANARY}
    return program


def measure(simulated: float, real: float) -> dict[str, Any]:
    """Return the figures of both; the times are in minutes."""
    return {"simulated": simulate(simulated), "real": endure(real)}


def main() -> int:
    """Measure; print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=float, default=30.0, help="minutes")
    parser.add_argument("--real", type=float, default=10.0, help="minutes")
    given = parser.parse_args()
    sys.stdout.write(json.dumps(measure(given.simulated, given.real), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
