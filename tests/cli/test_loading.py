"""A signal while the program is being loaded: its code, and one document."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from output.schemas import output_schema

if TYPE_CHECKING:
    from pathlib import Path

# Sends the signal to itself when a module is about to be imported.
PROGRAM = """
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Finder())
sys.argv = ["opwatch", *sys.argv[1:]]
from opwatch.__main__ import main
main()
"""
MODULES = ["opwatch.cli.app", "click", "opwatch.cli.commands.wait", "opwatch.cli.runner", "asyncio"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "hangup"),
    ],
)
@pytest.mark.parametrize("module", MODULES)
def test_a_signal_while_loading_has_its_code_and_one_document(
    module: str, number: signal.Signals, reason: str, tmp_path: Path
) -> None:
    program = PROGRAM.format(module=module, number=int(number))

    done = subprocess.run(  # noqa: S603, our own program
        [sys.executable, "-c", program, "wait", "-p", "fullstory", "--json", "7"],
        capture_output=True, timeout=30, check=False, cwd=tmp_path,
    )  # fmt: skip
    document = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (128 + number, b"")
    assert (document["exit_code"], document["exit_reason"]) == (128 + number, reason)
    Draft202012Validator(json.loads(output_schema("document"))).validate(document)
