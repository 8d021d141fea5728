"""Ten thousand operations watched at once, with bars on a terminal.

    python tests/benchmarks/crowd.py WHERE ARGUMENT...     opwatch itself, measured from within

The whole program runs, against the server of ``server.py``, on a pseudo-terminal of 80 by
24 that is read at once; half of the operations end while they are watched, the others are
met by the deadline. Between two waits of the event loop everything is work that keeps an
answer waiting: a *stall* is the time of the longest such pass, from the first request
until all is over, in CPU and by the clock. On a machine that does something else the clock
also counts the time of the others. Drawing is whatever the display does with an event, on
its thread: that of the store may write meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import selectors
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

HERE: Final = Path(__file__).resolve()
if __name__ == "__main__":
    del sys.path[0]  # what is measured sees no module of the tests

if TYPE_CHECKING:
    from collections.abc import Sequence

OPERATIONS: Final = 10_000
SECONDS: Final = 20.0
SIZE: Final = (80, 24)


@dataclass(slots=True)
class Watch:
    """What is measured of one run. *since* is when the current pass began, CPU and clock."""

    since: tuple[float, float] | None = None
    is_asking: bool = False
    longest_cpu: float = 0.0
    longest: float = 0.0
    drawing: float = 0.0
    before_asking: float = 0.0

    def end_pass(self) -> None:
        """Count the pass that ends now."""
        if self.since is None:
            return
        cpu, clock = time.process_time() - self.since[0], time.perf_counter() - self.since[1]
        if self.is_asking:
            self.longest_cpu = max(self.longest_cpu, cpu)
            self.longest = max(self.longest, clock)
        else:
            self.before_asking = max(self.before_asking, cpu)


def program(where: str, arguments: Sequence[str]) -> None:
    """Run opwatch with *arguments*; write what was measured of it to the file *where*."""
    import opwatch.__main__  # noqa: PLC0415, only in the process that is measured
    from opwatch.domain.events import Event, Finished, Ticked  # noqa: PLC0415
    from opwatch.output.terminal.bars import Bars  # noqa: PLC0415

    watch = Watch()

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            watch.end_pass()
            found = super().select(timeout)
            watch.since = time.process_time(), time.perf_counter()
            return found

    draw = Bars.__call__

    def draw_measured(bars: Bars, event: Event) -> None:
        if isinstance(event, Finished):
            watch.end_pass()  # nothing is under way any more
            watch.is_asking, watch.since = False, None
        began = time.thread_time()
        draw(bars, event)
        watch.drawing += time.thread_time() - began
        if isinstance(event, Ticked) and event.asked and watch.since is not None:
            watch.end_pass()
            watch.is_asking = True
            watch.since = time.process_time(), time.perf_counter()

    def leave(code: int) -> NoReturn:
        found = {
            "stall_cpu_ms": 1e3 * watch.longest_cpu,
            "stall_ms": 1e3 * watch.longest,
            "start_cpu_ms": 1e3 * watch.before_asking,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "cpu_s": time.process_time(),
            "drawing_s": watch.drawing,
            "code": code,
        }
        Path(where).write_text(json.dumps(found))
        os._exit(code)

    asyncio.new_event_loop = lambda: asyncio.SelectorEventLoop(Selector())
    Bars.__call__ = draw_measured  # type: ignore[method-assign, assignment]
    opwatch.__main__.leave = leave
    sys.argv = ["opwatch", *arguments]
    opwatch.__main__.main()


def watched(rounds: int) -> dict[str, Any]:
    """Watch the crowd; what it costs is of each round."""
    found: dict[str, Any] = {"operations": OPERATIONS, "seconds": SECONDS, "requests": []}
    for _ in range(rounds):
        one, requests = _once()
        found["requests"].append(requests)
        if one.pop("code") != 124:
            raise SystemExit("the crowd was not watched to its deadline")
        cpu = one.pop("cpu_s")
        one["drawing_percent"] = 100 * one["drawing_s"] / (cpu - one["drawing_s"])
        for key, value in one.items():
            found.setdefault(key, []).append(value)
    return found


def _once() -> tuple[dict[str, float], int]:
    from benchmarks.processes import configured, python, served  # noqa: PLC0415, see above
    from faults.terminal import Tty  # noqa: PLC0415, see above

    with served() as server, tempfile.TemporaryDirectory() as folder, Tty(*SIZE) as tty:
        config = configured(folder, server.port, "runs")
        ids, where = Path(folder, "ids"), Path(folder, "figures")
        ids.write_text("".join(f"{1 + n % (2 * int(SECONDS))}-{n}\n" for n in range(OPERATIONS)))
        words = ["wait", "--config", config, "-p", "runs", "--progress", "bars", "-"]
        line = f'exec "$0" "$@" <{ids}'
        command = python(str(HERE), str(where), *words, "--timeout", f"{SECONDS}s")
        tty.run("sh", "-c", line, *command, environ={"PATH": "/usr/bin:/bin", "HOME": folder})
        tty.child.wait(timeout=20 * SECONDS)
        found = json.loads(where.read_text())
    return found, server.requests


if __name__ == "__main__":
    program(sys.argv[1], sys.argv[2:])
