"""A server on loopback that costs less than any client of it.

    python tests/benchmarks/server.py

It prints its port and answers every request with an operation that has succeeded, under
the id that the path ends with, until its standard input is closed. What a client sends
is not parsed beyond its first line: a benchmark of clients must wait for nothing else.
"""

from __future__ import annotations

import asyncio
import sys

_BODY = (
    b'{"id":"%b","status":"succeeded","progress":100,"createdAt":"2026-01-02T03:04:05Z",'
    b'"updatedAt":"2026-01-02T03:14:05Z","message":"The copy is complete.",'
    b'"resource":{"name":"copies/%b","region":"north","sizeBytes":73400320}}'
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Fri, 02 Jan 2026 03:15:00 GMT\r\nServer: loopback\r\n"
    b"Content-Type: application/json\r\nCache-Control: no-store\r\nX-Request-Id: 7f3a\r\n"
    b"Content-Length: %d\r\n\r\n%b"
)
_END = b"\r\n\r\n"


class Answering(asyncio.Protocol):
    """Answers each request of one connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while _END in self._heard:
            head, _, self._heard = self._heard.partition(_END)
            name = head.split(b" ", 2)[1].rpartition(b"/")[2]
            body = _BODY % (name, name)
            self._transport.write(_HEAD % (len(body), body))


async def serve() -> None:
    """Answer until nobody holds the other end of standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
