"""An empty world for each test, and a look at all that the test wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credentials.world import CANARY, OTHER, World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def _nothing_written_holds_a_secret(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    caplog.set_level(0)
    yield
    out, err = capfd.readouterr()
    for canary in (CANARY, OTHER):
        assert canary not in out + err + caplog.text
