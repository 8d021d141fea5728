"""A server on loopback that costs less than any client of it.

    python tests/benchmarks/server.py [seconds before each answer] [requests a second]

It prints its port and answers every request until its standard input is closed; then it
prints how many requests came. What a client sends is not parsed beyond its first line: a
benchmark of clients must wait for nothing else. ``/v1/copies/ID`` has succeeded.
``/v1/runs/S-ID`` runs for S seconds from the first request to this server, and shows its
progress. More *requests a second* than it is given are answered with 429: it serves from
a bucket that holds one second's.
"""

from __future__ import annotations

import asyncio
import math
import sys
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final

BODY: Final = (
    b'{"id":"%b","status":"%b","progress":%d,"createdAt":"2026-01-02T03:04:05Z",'
    b'"updatedAt":"2026-01-02T03:14:05Z","message":"The copy is complete.",'
    b'"resource":{"name":"copies/%b","region":"north","sizeBytes":73400320}}'
)
HEAD: Final = (
    b"HTTP/1.1 %b\r\nDate: Fri, 02 Jan 2026 03:15:00 GMT\r\nServer: loopback\r\n"
    b"Content-Type: application/json\r\nCache-Control: no-store\r\nX-Request-Id: 7f3a\r\n"
    b"Content-Length: %d\r\n\r\n%b"
)
END: Final = b"\r\n\r\n"


@dataclass
class Behaviour:
    """What the answers are like, and what is counted of them."""

    delay: float = 0.0
    limit: float = math.inf
    requests: int = 0
    _since: float | None = None
    _level: float = 0.0
    _filled: float = field(default_factory=monotonic)

    def answer(self, target: bytes) -> bytes:
        """Return the answer to a request for *target*."""
        self.requests += 1
        now = monotonic()
        self._since = now if self._since is None else self._since
        if self._refuses(now):
            return HEAD % (b"429 Too Many Requests", 2, b"{}")
        kind, _, name = target.rpartition(b"/")
        status, percent = b"succeeded", 100
        if kind.endswith(b"runs"):
            part = (now - self._since) / float(name.partition(b"-")[0])
            if part < 1:
                status, percent = b"running", int(100 * part)
        body = BODY % (name, status, percent, name)
        return HEAD % (b"200 OK", len(body), body)

    def _refuses(self, now: float) -> bool:
        if math.isinf(self.limit):
            return False
        self._level = max(0.0, self._level - (now - self._filled) * self.limit)
        self._filled = now
        if self._level + 1 > self.limit:
            return True
        self._level += 1
        return False


class Answering(asyncio.Protocol):
    """Answers each request of one connection as *behaviour* has it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while END in self._heard:
            head, _, self._heard = self._heard.partition(END)
            answer = self._behaviour.answer(head.split(b" ", 2)[1])
            if self._behaviour.delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self._behaviour.delay, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def serve(behaviour: Behaviour) -> None:
    """Answer until nobody holds the other end of standard input."""
    loop = asyncio.get_running_loop()
    answering = partial(Answering, behaviour)
    server = await loop.create_server(answering, "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    sys.stdout.write(f"{behaviour.requests}\n")


if __name__ == "__main__":
    delay, limit = map(float, [*sys.argv[1:], "0", "inf"][:2])
    asyncio.run(serve(Behaviour(delay, limit)))
