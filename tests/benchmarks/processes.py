"""Processes that take turns, and what each of them needs.

Who is compared runs in the same round, one after the other, so that what else the machine
does meets all of them; a ratio is taken of each round. What counts is CPU, user and system:
on an idle machine that is the time of a process that does not wait, and on a busy one it
changes least.
"""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

HERE = Path(__file__)
PROFILE = """\
version: 1
profiles:
  {name}:
    base_url: http://127.0.0.1:{port}
    request: {{path: "/v1/{name}/{{id}}"}}
    read:
      status: status
      id: id
      progress: {{percent: progress}}
      message: message
      created: createdAt
      updated: updatedAt
    states: {{running: [running], succeeded: [succeeded], failed: [failed]}}
"""


class Cost(NamedTuple):
    """CPU and wall-clock seconds of a process."""

    cpu: float
    wall: float


class Client(NamedTuple):
    """Something that asks; its *command* takes ids from standard input."""

    name: str
    command: tuple[str, ...]


def run(client: Client, names: Iterable[str] = ()) -> Cost:
    """Return what *client* needs for the operations *names*."""
    with tempfile.TemporaryFile() as ids:
        ids.write("".join(f"{name}\n" for name in names).encode())
        ids.seek(0)
        began = time.monotonic()
        process = subprocess.Popen(client.command, stdin=ids, stdout=subprocess.DEVNULL)  # noqa: S603, our own words
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{client.name} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - began)


def in_turn(
    clients: Sequence[Client], rounds: int, names: Sequence[str] = ()
) -> dict[str, list[Cost]]:
    """Return what each of *clients* needs in each round; one more before them warms up.

    Each round has another order: whoever follows a big process finds the caches cold.
    """
    costs: dict[str, list[Cost]] = {each.name: [] for each in clients}
    for turn in range(rounds + 1):
        for each in random.Random(turn).sample(clients, len(clients)):  # noqa: S311, the same each time
            costs[each.name].append(run(each, names))
    return {name: each[1:] for name, each in costs.items()}


class Server:
    """The server of ``server.py``; *requests* is how many came, once it is closed."""

    port = 0
    requests = 0


@contextmanager
def served(delay: float = 0.0, limit: float = math.inf) -> Iterator[Server]:
    """Run a server that answers after *delay* seconds, and at most *limit* times a second."""
    command = (sys.executable, str(HERE.with_name("server.py")), f"{delay}", f"{limit}")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603, our own words
        assert process.stdout is not None
        server = Server()
        server.port = int(process.stdout.readline())
        try:
            yield server
        finally:
            server.requests = int(process.communicate()[0] or 0)


def opwatch(*arguments: str) -> tuple[str, ...]:
    """Return the command that a person runs."""
    script = Path(sys.executable).with_name("opwatch")
    return (str(script), *arguments) if script.exists() else python("-m", "opwatch", *arguments)


def python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def configured(folder: str, port: int, name: str, more: Mapping[str, str] | None = None) -> str:
    """Write a configuration with one profile to *folder*; return its path."""
    path = Path(folder, f"{name}.yaml")
    extra = "".join(f"    {key}: {value}\n" for key, value in (more or {}).items())
    path.write_text(PROFILE.format(name=name, port=port) + extra)
    return str(path)
