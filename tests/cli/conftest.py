from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.inside import Inside
from cli.program import Program
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(ALL_DIALECTS) as running:
        yield running


@pytest.fixture
def program(server: DemoServer, tmp_path: Path) -> Program:
    return Program(tmp_path, server.base_url)


@pytest.fixture
def inside(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Inside:
    return Inside(tmp_path, capfd, monkeypatch)
