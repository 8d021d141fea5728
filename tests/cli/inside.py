"""Runs the program in this process: from its arguments to its exit code, and every byte it wrote.

Everything is real but the process: the parser, the environment that it reads, the
loop, the sockets, the helpers. It is ten times as fast as a process.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli.program import Ran
from opwatch.cli.app import run as run_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pytest


@dataclass(slots=True)
class Inside:
    """opwatch with an empty *home* and no environment but PATH, HOME and *environ*."""

    home: Path
    capfd: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    environ: dict[str, str] = field(default_factory=dict)

    def configure(self, **profiles: Mapping[str, Any]) -> Path:
        """Write a user's configuration of *profiles*, and name it in the environment."""
        path = self.home / "config.yaml"
        # JSON is YAML.
        path.write_text(json.dumps({"version": 1, "profiles": profiles}))
        path.chmod(0o600)
        self.environ["OPWATCH_CONFIG"] = str(path)
        return path

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> Ran:
        """Run to the end. At a *terminal*, what is written to either stream is in ``out``."""
        self.capfd.readouterr()
        with self.monkeypatch.context() as patch, _loops(patch):
            self._surround(patch, stdin, {**self.environ, **(environ or {})})
            with _terminal(patch) if terminal else _nothing() as screen:
                code = run_app(list(arguments))
        out, err = self.capfd.readouterr()
        return Ran(code, screen.getvalue().decode() + out, err)

    def _surround(
        self, patch: pytest.MonkeyPatch, stdin: bytes, environ: Mapping[str, str]
    ) -> None:
        for name in list(os.environ):
            patch.delenv(name)
        home = str(self.home)
        usual = {"PATH": os.defpath, "HOME": home, "XDG_CONFIG_HOME": home, "COLUMNS": "100"}
        for name, value in {**usual, **environ}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        patch.chdir(self.home)


@contextmanager
def _loops(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what the end of the process would have closed."""
    make, loops = asyncio.new_event_loop, list[asyncio.AbstractEventLoop]()

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    patch.setattr(asyncio, "new_event_loop", new_event_loop)
    yield
    for loop in loops:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@contextmanager
def _nothing() -> Iterator[io.BytesIO]:
    yield io.BytesIO()


@contextmanager
def _terminal(patch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """Give both streams a terminal, and what was written to it."""
    import pty  # noqa: PLC0415, Windows has none

    master, slave = pty.openpty()
    seen = io.BytesIO()

    def read() -> None:
        with suppress(OSError):  # the other end is gone
            while said := os.read(master, 65536):
                seen.write(said)

    reader = threading.Thread(target=read)
    reader.start()
    patch.setenv("TERM", "xterm-256color")
    with open(slave, "w", encoding="utf-8") as stream:  # noqa: PTH123, a descriptor
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        yield seen
        stream.flush()
    reader.join(5.0)
    os.close(master)


def profile(url: str, **changes: Any) -> dict[str, Any]:
    """Return a small profile of an API at *url*, with *changes*."""
    return {
        "base_url": url,
        "request": {"path": "/ops/{id}"},
        "auth": {"bearer": {"env": "API_TOKEN"}},
        "read": {
            "id": "id",
            "status": "status",
            "progress": "percent",
            "message": "message",
            "error": {"code": "error.code", "message": "error.message", "details": "error.details"},
            "link": "link",
            "result": "result",
        },
        "states": {
            "running": ["running"],
            "succeeded": ["done"],
            "failed": ["failed"],
        },
        "poll": {"first": "100ms", "longest": "200ms"},
        "limits": {"rate": "1000/s", "burst": 1000},
        **changes,
    }
