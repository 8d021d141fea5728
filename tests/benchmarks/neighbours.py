"""What processes that know of each other send to a host with a limit.

    python tests/benchmarks/neighbours.py [processes, 8] [seconds, 20] [limit a second, 50]

Each process waits for a hundred operations that never end, and would ask far more than the
host allows. The host, on loopback, counts what it is asked from when the last process has
asked first. *Refused*: it answers 429 to what exceeds its limit in any second. *Documented*:
the profile names the limit, and the host only counts. Printed are all requests and the
answered ones, as parts of what the limit allows in that time, and the least and the most that
one process had answered, as parts of its fair share; with a state folder that all have, and
with ``--no-state``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PROFILE = """\
version: 1
profiles:
  jobs:
    base_url: http://127.0.0.1:{port}
    request: {{path: "/jobs/{{id}}"}}
    read: {{status: status, id: id}}
    states: {{running: [running], succeeded: [succeeded]}}
    limits: {{burst: 5{rate}}}
"""
OPERATIONS = 100
ANSWER = "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"


class Asked(NamedTuple):
    """A request: when it came, from which process, and whether it was answered."""

    at: float
    process: str
    is_served: bool


@dataclass
class LimitedHost:
    """Answers *limit* requests in any second; the limit is only counted if it is *patient*."""

    limit: int
    is_patient: bool = False
    asked: list[Asked] = field(default_factory=list)
    _lately: deque[float] = field(default_factory=deque)

    def answer(self, path: str) -> bytes:
        """Return the answer to one request."""
        now, name = time.monotonic(), path.rpartition("/")[2]
        while self._lately and self._lately[0] <= now - 1:
            self._lately.popleft()
        is_served = self.is_patient or len(self._lately) < self.limit
        status, body = "429 Too Many Requests", '{"error":"slow down"}'
        if is_served:
            self._lately.append(now)
            status, body = "200 OK", f'{{"id":"{name}","status":"running"}}'
        self.asked.append(Asked(now, name.partition("-")[0], is_served))
        return ANSWER.format(status, len(body), body).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer(head.split(b" ", 2)[1].decode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def watched(
    host: LimitedHost, processes: int, seconds: float, folder: Path, *options: str
) -> None:
    """Have *processes* watch *host* for *seconds* each, in *folder*."""
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    config = folder / "config.yaml"
    rate = f", rate: {host.limit}/s" if host.is_patient else ""
    config.write_text(PROFILE.format(port=server.sockets[0].getsockname()[1], rate=rate))
    environ = os.environ | {"XDG_STATE_HOME": str(folder), "HOME": str(folder)}
    command = (sys.executable, "-m", "opwatch", "wait", "--config", str(config), "-p", "jobs", "-q")
    running = [
        await asyncio.create_subprocess_exec(
            *(*command, "--timeout", f"{seconds}s", *options),
            *(f"{number}-{each}" for each in range(OPERATIONS)),
            env=environ,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for number in range(processes)
    ]
    await asyncio.gather(*(each.wait() for each in running))
    server.close()


@dataclass(frozen=True)
class Count:
    """What a host was asked while all asked it: parts of its limit, and of a fair share."""

    sent: float
    served: float
    least: float
    most: float


def common_time(host: LimitedHost) -> tuple[float, float]:
    """Return from when until when all processes asked *host*."""
    times: dict[str, list[float]] = {}
    for each in host.asked:
        times.setdefault(each.process, []).append(each.at)
    return max(map(min, times.values())), min(map(max, times.values()))


def count(host: LimitedHost, processes: int) -> Count:
    """Return the counts of *host* for the time in which all *processes* asked."""
    start, end = common_time(host)
    asked = [each for each in host.asked if start <= each.at < end]
    served = Counter(each.process for each in asked if each.is_served)
    allowed = host.limit * (end - start)
    parts = [served[str(number)] * processes / allowed for number in range(processes)]
    return Count(len(asked) / allowed, served.total() / allowed, min(parts), max(parts))


def main(processes: int = 8, seconds: int = 20, limit: int = 50) -> None:
    """Print a line for each kind of host, with and without sharing."""
    for is_patient in (False, True):
        for options in ((), ("--no-state",)):
            host = LimitedHost(limit, is_patient)
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(watched(host, processes, seconds, Path(folder), *options))
            found = count(host, processes)
            kind = "documented" if is_patient else "refused"
            how = "each alone" if options else "shared"
            sys.stdout.write(
                f"{kind:10} {how:10} sent {found.sent:5.2f}  answered {found.served:5.2f}  "
                f"one had {found.least:.2f} to {found.most:.2f} of its fair share\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
