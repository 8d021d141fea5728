"""The messages are those of the golden file, and each says what, to whom, and what to do."""

from __future__ import annotations

import re

import pytest

from faults.messages import ERRORS, GOLDEN, HOST, NAME, all_messages, of_fault
from opwatch.domain.errors import PipeClosedError
from opwatch.domain.trouble import Fault
from opwatch.output.errors import error_lines

LONGEST = 200


def test_the_golden_file_is_what_the_program_says() -> None:
    assert all_messages() == GOLDEN.read_text("utf-8"), "python tests/faults/messages.py"


@pytest.mark.parametrize("fault", Fault)
def test_what_is_read_of_a_fault_says_what_happened_to_which_operation_and_what_to_do(
    fault: Fault,
) -> None:
    _, *lines = of_fault(fault)
    said = {line[2:10].strip(): line[10:].strip() for line in lines}

    assert 0 < len(said["bar"]) <= 60
    for key in ("first", "later"):
        code, end = re.fullmatch(r"exit (\d+)  (.+)", said[key]).groups()  # type: ignore[union-attr]  # an error of the test then
        assert code in {"4", "5", "6"}
        assert end.startswith(f"{NAME} ")
    assert said["log"] == "-" or said["log"].startswith(f"{NAME} trouble: ")
    assert len(said["to fix"]) > 10
    for text in said.values():
        assert len(text) <= LONGEST
        assert not re.search(r"[{}]|None|: :|::|, ,| at at |\bhost host\b", text)
        assert text.count(HOST) <= 2


@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each).__name__)
def test_an_error_is_a_line_or_two_and_what_to_do(error: BaseException) -> None:
    lines = error_lines(error)

    assert len(lines) <= 3
    assert bool(lines) is not isinstance(error, PipeClosedError)
    assert all(len(line) <= LONGEST for line in lines)
