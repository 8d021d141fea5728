"""The clients that opwatch is compared with; they know nothing of it.

    python tests/benchmarks/bare.py httpx2|sockets PORT CONNECTIONS

They take ids from standard input.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    """Be one of the clients that are compared."""
    kind, port, width = arguments
    ask = ask_httpx2 if kind == "httpx2" else ask_sockets
    asyncio.run(ask(int(port), int(width), sys.stdin.read().split()))


if __name__ == "__main__":
    main(sys.argv[1:])
