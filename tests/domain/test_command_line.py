"""The variables of opwatch."""

from __future__ import annotations

import pytest

from opwatch.domain.command_line import keeps_nothing
from opwatch.domain.errors import UsageError


@pytest.mark.parametrize(
    ("value", "off"),
    [("off", True), ("OFF", True), ("0", True), ("", False), ("on", False), (" true ", False)],
)
def test_the_environment_says_whether_anything_is_kept(value: str, off: bool) -> None:  # noqa: FBT001, a parameter
    assert keeps_nothing({"OPWATCH_STATE": value}) is off
    assert keeps_nothing({}) is False


def test_what_says_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="'foo' is neither on nor off"):
        keeps_nothing({"OPWATCH_STATE": "foo"})
