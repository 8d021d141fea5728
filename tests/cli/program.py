"""Runs the program as a process, as a shell would."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.forkserver import start
from opwatch.demo import DEMO_TOKEN

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping
    from pathlib import Path

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str
    seconds: float = 0.0
    """From a signal to the end: for the campaign. No test looks at it."""

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def outcomes(self) -> list[str]:
        return [each["outcome"] for each in self.document["operations"]]


class Program:
    """opwatch with an empty home, the demo's token, and *base_url* instead of the real APIs."""

    def __init__(self, home: Path, base_url: str | None = None) -> None:
        self.home = home
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "OPWATCH_TOKEN": DEMO_TOKEN.reveal(),
            "PYTHONWARNINGS": "error",
            "COLUMNS": "100",
        }
        if base_url is not None:
            self.environ["OPWATCH_BASE_URL"] = base_url

    def run(
        self,
        *arguments: str,
        stdin: str | bytes = b"",
        environ: Mapping[str, str] | None = None,
        stdout: Any = subprocess.PIPE,
    ) -> Ran:
        """Run to the end."""
        with start(
            *arguments,
            env={**self.environ, **(environ or {})},
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=stdout,
        ) as child:
            given = stdin.encode() if isinstance(stdin, str) else stdin
            try:
                out, err = child.communicate(given, PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        return Ran(child.wait(), (out or b"").decode(), err.decode())

    def interrupted(self, number: signal.Signals, *arguments: str, when: str) -> Ran:
        """Run until standard error says *when*, then send the signal *number*."""
        child = start(*arguments, env=self.environ, cwd=self.home)
        said = b""
        while when.encode() not in said:
            line = child.stderr.readline()
            assert line, said
            said += line
        began = time.monotonic()
        child.send_signal(number)
        out, err = child.communicate(None, PATIENCE)
        seconds = time.monotonic() - began
        return Ran(child.wait(), out.decode(), (said + err).decode(), seconds)
