from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.callers import Client, Clock
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[DemoServer]:
    with DemoServer(ALL_DIALECTS, clock=clock) as it:
        yield it


@pytest.fixture
def client(server: DemoServer) -> Iterator[Client]:
    with Client(server.base_url) as it:
        yield it
