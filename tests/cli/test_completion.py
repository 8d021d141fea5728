"""The completion scripts, as a shell uses them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "completions"


def _bash(*words: str) -> set[str]:
    """Return what bash offers after *words*, the last of which is being typed."""
    listed = " ".join(f"'{word}'" for word in words)
    script = f"""
source {SCRIPTS / "opwatch.bash"}
opwatch() {{ "{sys.executable}" -m opwatch "$@"; }}
COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}
_opwatch
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(  # noqa: S603, bash with our own script
        [shutil.which("bash") or "bash", "--norc", "-c", script],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return set(done.stdout.split())


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@needs_bash
def test_bash_offers_the_commands() -> None:
    assert {"get", "wait", "profile", "demo"} <= _bash("opwatch", "")


@needs_bash
def test_bash_offers_the_options_of_a_command() -> None:
    assert _bash("opwatch", "wait", "--time") == {"--timeout", "--timeout-exit-code"}


@needs_bash
def test_bash_offers_the_commands_below_a_command() -> None:
    assert "check" in _bash("opwatch", "profile", "c")


@needs_bash
def test_bash_offers_the_names_of_profiles() -> None:
    assert "fullstory" in _bash("opwatch", "wait", "-p", "full")


@needs_bash
def test_bash_offers_the_few_values_of_an_option() -> None:
    assert _bash("opwatch", "wait", "--progress", "") == {"auto", "bars", "lines", "none"}
    assert _bash("opwatch", "wait", "--pace", "") == {"eager", "normal", "gentle"}


@pytest.mark.parametrize(("shell", "script"), [("zsh", "_opwatch"), ("fish", "opwatch.fish")])
def test_other_shells_can_read_their_script(shell: str, script: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")

    done = subprocess.run([program, "-n", SCRIPTS / script], check=False)  # noqa: S603

    assert done.returncode == 0
