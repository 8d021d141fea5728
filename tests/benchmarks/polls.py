"""What one poll costs: opwatch against a bare client of the same library.

    python tests/benchmarks/polls.py [rounds, 7 if not given] [operations, 2000 if not given]

Both look once at each of the same operations, which have all ended, at the same server
on loopback (``server.py``); each is a process of its own. The bare client is httpx2's
``AsyncClient``, with one task for each connection, that reads the JSON and does nothing
else; it is measured at several concurrencies, and the best is taken. *CPU per poll* is
that of the client's process, user and system, less that of the same process with a single
operation: start-up is another budget. The clients take turns, and a ratio is taken of
each round, so that what else the machine does meets both. The last row is a client that
only writes and reads sockets: that it needs far less shows that nobody waits for the server.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__)
CONCURRENCIES = (1, 4, 8, 16, 32)
PROFILE = """\
version: 1
profiles:
  copies:
    base_url: http://127.0.0.1:{port}
    request: {{path: "/v1/copies/{{id}}"}}
    read:
      status: status
      id: id
      progress: {{percent: progress}}
      message: message
      created: createdAt
      updated: updatedAt
    states: {{running: [running], succeeded: [succeeded], failed: [failed]}}
    limits: {{rate: 9999999/s, burst: 1000, at_once: 32}}
"""


class Cost(NamedTuple):
    """CPU and wall-clock seconds of a process."""

    cpu: float
    wall: float


class Client(NamedTuple):
    """Something that asks; its *command* takes ids from standard input."""

    name: str
    command: tuple[str, ...]


def run(client: Client, count: int) -> Cost:
    """Return what *client* needs for *count* operations."""
    with tempfile.TemporaryFile() as ids:
        ids.write(b"".join(b"c%06d\n" % number for number in range(count)))
        ids.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(client.command, stdin=ids, stdout=subprocess.DEVNULL)  # noqa: S603, our own words
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{client.name} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - began)


@contextmanager
def served() -> Iterator[int]:
    """Run the server; yield its port."""
    command = (sys.executable, str(HERE.with_name("server.py")))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603, our own words
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.communicate()


def clients(port: int, config: Path) -> Iterator[Client]:
    """Yield opwatch, the bare client at each concurrency, and sockets alone."""
    opwatch = ("-m", "opwatch", "get", "--config", str(config), "-p", "copies", "-")
    yield Client("opwatch", (sys.executable, *opwatch))
    for kind, widths in (("httpx2", CONCURRENCIES), ("sockets", (8,))):
        for width in widths:
            command = (sys.executable, str(HERE), kind, str(port), str(width))
            yield Client(f"{kind} at {width}", command)


def compare(rounds: int, count: int) -> None:
    """Write CPU and wall-clock time of each poll, of all clients."""
    with served() as port, tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(PROFILE.format(port=port))
        costs: dict[str, list[Cost]] = {}
        everyone = tuple(clients(port, config))
        for _ in range(rounds + 1):
            for each in everyone:
                one, many = run(each, 1), run(each, count)
                cost = Cost(many.cpu - one.cpu, many.wall - one.wall)
                costs.setdefault(each.name, []).append(cost)
    counted = {name: each[1:] for name, each in costs.items()}  # the first round warms up
    bare = [name for name in counted if name.startswith("httpx2")]
    best = min(bare, key=lambda name: statistics.median(each.cpu for each in counted[name]))
    head = f"{count} operations, {rounds} rounds; µs of CPU a poll, and against {best}"
    lines = (row(name, found, counted[best], count) for name, found in counted.items())
    sys.stdout.write("\n".join([head, *lines, ""]))


def row(name: str, costs: Sequence[Cost], bare: Sequence[Cost], count: int) -> str:
    """Return the line of one client."""
    cpu = sorted(each.cpu / count * 1e6 for each in costs)
    wall = statistics.median(each.wall for each in costs) / count * 1e6
    ratios = sorted(mine.cpu / theirs.cpu for mine, theirs in zip(costs, bare, strict=True))
    return (
        f"{name:13}  cpu {statistics.median(cpu):6.0f} ({cpu[0]:.0f} to {cpu[-1]:.0f})"
        f"  wall {wall:6.0f}  ratio {statistics.median(ratios):5.2f}"
        f" ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


async def ask_httpx2(port: int, width: int, names: Sequence[str]) -> None:
    """Ask as somebody would who writes it down in ten lines."""
    import httpx2  # noqa: PLC0415, the other clients must not pay for it

    limits = httpx2.Limits(max_connections=width, max_keepalive_connections=width)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as client:
        left = iter(names)

        async def ask() -> None:
            for name in left:
                answer = await client.get(f"http://127.0.0.1:{port}/v1/copies/{name}")
                assert answer.json()["status"] == "succeeded"

        await asyncio.gather(*(ask() for _ in range(width)))


async def ask_sockets(port: int, width: int, names: Sequence[str]) -> None:
    """Ask without any library, reading no more than the length."""
    left = iter(names)

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for name in left:
            writer.write(b"GET /v1/copies/%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.rpartition(b": ")[2]))
        writer.close()

    await asyncio.gather(*(ask() for _ in range(width)))


def main(arguments: Sequence[str]) -> None:
    """Compare, or be one of those that are compared."""
    if arguments[:1] in (["httpx2"], ["sockets"]):
        kind, port, width = arguments
        ask = ask_httpx2 if kind == "httpx2" else ask_sockets
        asyncio.run(ask(int(port), int(width), sys.stdin.read().split()))
        return
    rounds = int(arguments[0]) if arguments else 7
    compare(rounds, int(arguments[1]) if len(arguments) > 1 else 2000)


if __name__ == "__main__":
    main(sys.argv[1:])
