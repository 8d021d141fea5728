"""The last word of a command that cannot be written: its code is that of the failed write."""

from __future__ import annotations

import errno
import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from opwatch.cli.app import run
from opwatch.cli.exit import end_of
from opwatch.domain.errors import UsageError
from opwatch.domain.outcome import Abort
from opwatch.engine import Interruption

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
    ("problem", "code", "sentence"),
    [
        (BrokenPipeError, 141, "the reader of the output has left"),
        (KeyboardInterrupt, 130, "interrupted; nothing remote was cancelled"),
        (lambda: Interruption(Abort.TERMINATED), 143, "terminated; nothing remote was cancelled"),
        (
            lambda: Interruption(Abort.HANGUP),
            129,
            "the terminal was closed; nothing remote was cancelled",
        ),
        (lambda: UsageError("wrong"), 2, "wrong"),
        (lambda: KeyError("x"), 70, "a bug in opwatch: KeyError: 'x'"),
    ],
)
def test_an_error_document_names_the_code_of_the_process_and_why(
    capsys: pytest.CaptureFixture[str],
    problem: Callable[[], BaseException],
    code: int,
    sentence: str,
) -> None:
    assert end_of(problem(), as_json=True) == code
    written = capsys.readouterr()
    document = json.loads(written.out)
    assert (document["exit_code"], document["problem"]) == (code, sentence)
    assert ("bug" in written.err) == (code == 70)


@pytest.mark.parametrize("command", [("completion", "bash"), ("help", "ci"), ("profile", "list")])
@pytest.mark.parametrize(("problem", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 141)])
def test_whatever_interrupts_a_command_is_no_bug_and_leaves_no_word(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    problem: type[BaseException],
    code: int,
) -> None:
    def interrupt(*_: object) -> None:
        raise problem

    monkeypatch.setattr("opwatch.output.streams.Sink.write", interrupt)

    assert run(command) == code
    assert capsys.readouterr().err == ""
