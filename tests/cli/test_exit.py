"""The last word of a command that cannot be written: its code is that of the failed write."""

from __future__ import annotations

import errno
import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from opwatch.cli.exit import end_of
from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


class Unwritable(io.StringIO):
    """A standard output whose every write fails with *number*."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, _text: str) -> int:
        raise OSError(self._number, "as said")


@pytest.mark.parametrize(("number", "code"), [(errno.EPIPE, 141), (errno.ENOSPC, 74)])
def test_an_error_document_that_cannot_be_written_has_the_code_of_that(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    monkeypatch.setattr(sys, "stdout", Unwritable(number))

    assert end_of(UsageError("wrong"), as_json=True) == code


@pytest.mark.parametrize(
    ("problem", "code"),
    [(BrokenPipeError, 141), (KeyboardInterrupt, 130), (lambda: UsageError("wrong"), 2)],
)
def test_an_error_document_names_the_code_of_the_process(
    capsys: pytest.CaptureFixture[str], problem: Callable[[], BaseException], code: int
) -> None:
    assert end_of(problem(), as_json=True) == code
    assert json.loads(capsys.readouterr().out)["exit_code"] == code
