"""What polls cost, and how long many of them take: opwatch against a bare client.

Both look once at each of the same operations, which have all ended, at the same server
on loopback (``server.py``); each is a process of its own. The bare client is httpx2's
``AsyncClient``, with one task for each connection, that reads the JSON and does nothing
else; it is measured at several concurrencies, and the best is taken. *CPU per poll* is
that of the client's process less that of the same process with a single operation:
start-up is another budget. A client that only writes and reads sockets is measured as
well: that it needs far less shows that nobody waits for the server.
"""

from __future__ import annotations

import statistics
import tempfile
from typing import TYPE_CHECKING, Any, Final

from benchmarks.processes import HERE, Client, configured, in_turn, opwatch, python, run, served
from benchmarks.rooms import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.processes import Cost

CONCURRENCIES: Final = (1, 4, 8, 16, 32)
MANY: Final = 2000
NAMES: Final = tuple(f"c{number:06}" for number in range(10_000))
DELAY: Final = 0.001
LIMIT: Final = 50.0
COUNTS: Final = (1, 10, 100, 1000, 10_000)


def ours(config: str) -> Client:
    return Client("opwatch", opwatch("get", "--config", config, "-p", "copies", "-"))


def bare(port: int, width: int, kind: str = "httpx2") -> Client:
    """Return the client *kind*, with *width* connections."""
    script = str(HERE.with_name("bare.py"))
    return Client(f"{kind} at {width}", python(script, kind, str(port), str(width)))


def best_bare(port: int, *, by_wall: bool = False) -> Client:
    """Return the bare client at the concurrency at which it needs least."""
    clients = [bare(port, width) for width in CONCURRENCIES]
    costs = in_turn(clients, 1, NAMES[:MANY])
    return min(clients, key=lambda each: costs[each.name][0][by_wall])


def _in_words(client: Client) -> str:
    return client.name.replace("at", "with")


def per_poll(rounds: int) -> dict[str, Any]:
    """Compare the CPU of a poll."""
    with served() as server, tempfile.TemporaryDirectory() as folder:
        config = configured(folder, server.port, "copies")
        best = best_bare(server.port)
        clients = (ours(config), best, bare(server.port, 8, "sockets"))
        cpu: dict[str, list[float]] = {each.name: [] for each in clients}
        rooms = shares(server.port, NAMES[: 3 * MANY])
        for _ in range(rounds):
            for each in clients:
                one, many = run(each, NAMES[:1]), run(each, NAMES[:MANY])
                cpu[each.name].append((many.cpu - one.cpu) / (MANY - 1))
    mine, theirs = cpu["opwatch"], cpu[best.name]
    return {
        "ratio": [a / b for a, b in zip(mine, theirs, strict=True)],
        "ours_us": [1e6 * each for each in mine],
        "theirs_us": [1e6 * each for each in theirs],
        "sockets_us": [1e6 * each for each in cpu["sockets at 8"]],
        "against": _in_words(best),
        "rooms": rooms,
    }


def looks(rounds: int) -> dict[str, Any]:
    """Compare the time of looks at a host that answers after a millisecond."""
    with served(DELAY) as server, tempfile.TemporaryDirectory() as folder:
        best = best_bare(server.port, by_wall=True)
        config = configured(folder, server.port, "copies")
        costs = in_turn((ours(config), best), rounds, NAMES[:MANY])
    return {**compared_by_wall(costs["opwatch"], costs[best.name]), "against": _in_words(best)}


def compared_by_wall(ours: Sequence[Cost], theirs: Sequence[Cost]) -> dict[str, Any]:
    return {
        "ratio": [a.wall / b.wall for a, b in zip(ours, theirs, strict=True)],
        "ours_s": [each.wall for each in ours],
        "theirs_s": [each.wall for each in theirs],
    }


def limited(rounds: int) -> dict[str, Any]:
    """Look at a host that refuses what is too fast, without a word of how fast it may be."""
    least = (MANY - LIMIT) / LIMIT  # its bucket holds the requests of one second
    times, requests = list[float](), list[float]()
    for _ in range(rounds):
        with served(DELAY, LIMIT) as server, tempfile.TemporaryDirectory() as folder:
            config = configured(folder, server.port, "copies")
            times.append(run(ours(config), NAMES[:MANY]).wall / least)
        requests.append(server.requests / MANY)
    return {"time": times, "requests": requests, "least_s": least}


def counts(rounds: int) -> dict[str, Any]:
    """Compare the time of 1 to 10,000 operations."""
    found: dict[str, Any] = {"counts": COUNTS, "ours_s": [], "theirs_s": []}
    with served() as server, tempfile.TemporaryDirectory() as folder:
        config = configured(folder, server.port, "copies")
        best = best_bare(server.port, by_wall=True)
        for count in COUNTS:
            costs = in_turn((ours(config), best), rounds, NAMES[:count])
            for key, name in (("ours_s", "opwatch"), ("theirs_s", best.name)):
                found[key].append(statistics.median(each.wall for each in costs[name]))
    return {**found, "against": _in_words(best)}
