"""What the catalogue's tests share: the whole program, and a CA of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.whole import Wait
from servers.tls import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Wait:
    """``opwatch wait`` in this process, with an empty home and a canary for a token."""
    return Wait(tmp_path, capsys, monkeypatch)


@pytest.fixture(scope="session")
def authority() -> Authority:
    """One CA for all tests: making one takes a while."""
    return Authority()
