"""What the tests of the http room share: a client, and a CA of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from opwatch.http.client import Client
from servers.tls import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


@pytest.fixture
async def open_client() -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Open clients that end with the test; options override what suits most."""
    async with AsyncExitStack() as stack:

        async def opened(**options: Any) -> Client:
            usual: dict[str, Any] = {"connections": 8, "environ": {}, "user_agent": "opwatch/test"}
            return await stack.enter_async_context(Client(**{**usual, **options}))

        yield opened


@pytest.fixture
async def client(open_client: Callable[..., Awaitable[Client]]) -> Client:
    """A client with no proxy and no certificates of its own."""
    return await open_client()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """One CA for all tests: making one takes a while."""
    return Authority()


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """The file that makes a client trust ``authority``."""
    return authority.write(tmp_path)
