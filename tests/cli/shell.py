"""Types into a real shell, at a terminal of its own, with our completions loaded."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "completions"
_ZSH = "unsetopt prompt_sp zle_bracketed_paste; autoload -U compinit; compinit -u -D"
LOADED = {
    "bash": (["--norc", "--noprofile", "-i"], f"source {SCRIPTS / 'opwatch.bash'}"),
    "zsh": (["-f", "-i"], f"{_ZSH}; source {SCRIPTS / '_opwatch'}"),
}
"""How each shell starts without a person's files, and how it gets the completions."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The shell *name* in the folder *home*, where opwatch is that of this Python."""

    name: str
    home: Path

    def environ(self) -> dict[str, str]:
        program = self.home / "bin" / "opwatch"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opwatch "$@"\n')
        program.chmod(0o700)
        path = f"{program.parent}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "HOME": str(self.home),
            "TERM": "dumb",
            "PS1": "",
            "LC_ALL": "C.UTF-8",
        }

    def program(self) -> str:
        found = shutil.which(self.name)
        if found is None:
            pytest.skip(f"there is no {self.name} here")
        return found

    def become(self, *lines: str) -> list[list[str]]:
        r"""Return the words that each of *lines*, with \t where TAB is pressed, becomes."""
        options, load = LOADED[self.name]
        keys = "".join(f"{line}\x01printf '<%s>' \x05; printf '\\n@@%s\\n' '@'\n" for line in lines)
        ours, theirs = pty.openpty()
        with subprocess.Popen(  # noqa: S603, a shell with our own lines
            [self.program(), *options],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.home, env=self.environ(),
            start_new_session=True,
        ) as child:  # fmt: skip
            os.close(theirs)
            os.write(ours, f"{load}; printf '@@%s\\n' '@'\n".encode())
            said = _until(ours, 1)
            os.write(ours, keys.encode())
            said = _until(ours, len(lines))
            os.write(ours, b"exit\n")
            child.kill()
        os.close(ours)
        told = [part.splitlines() for part in said.split("@@@")[:-1]]
        return [
            next(_words(each) for each in reversed(part) if each.startswith("<opwatch>"))
            for part in told
        ]


def _words(told: str) -> list[str]:
    return told[1:-1].split("><")[1:]


def _until(terminal: int, marks: int) -> str:
    """Return what is shown until the mark came *marks* times."""
    said = b""
    while said.count(b"@@@") < marks:
        said += os.read(terminal, 65536)
    return said.decode(errors="replace")
