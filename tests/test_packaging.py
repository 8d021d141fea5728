"""What an installation gets besides the program: help pages, man pages, completions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_tree import read_tree
from opwatch.output.topics import TOPICS

if TYPE_CHECKING:
    from command_tree import Node

ROOT = Path(__file__).resolve().parents[1]
MAN = ROOT / "docs" / "man"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    builders = pytest.importorskip("hatchling.builders.wheel", reason="nothing builds wheels here")
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = builders.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(built)


def test_a_wheel_puts_completions_and_man_pages_where_shells_and_man_look(wheel: Path) -> None:
    names = {name.partition(".data/data/")[2] for name in zipfile.ZipFile(wheel).namelist()}

    assert names >= {
        "share/bash-completion/completions/opwatch",
        "share/zsh/site-functions/_opwatch",
        "share/fish/vendor_completions.d/opwatch.fish",
        *(f"share/man/man1/{page.name}" for page in MAN.iterdir()),
    }


def test_what_a_wheel_holds_can_explain_each_topic_and_answer_a_tab(
    wheel: Path, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)  # our own

    def said(*words: str) -> str:
        return subprocess.run(  # noqa: S603, our own program
            [sys.executable, "-m", "opwatch", *words],
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip

    for topic in TOPICS:
        assert said("help", topic) == (ROOT / "docs" / f"{topic}.md").read_text(encoding="utf-8")
    assert said("__complete", "=circleci-", "get", "-p").startswith("circleci-run\t")


@pytest.mark.parametrize("node", [*read_tree().walk()], ids=lambda node: " ".join(node.words))
def test_each_command_has_a_man_page_that_man_can_set(node: Node) -> None:
    page = MAN / f"{'-'.join(node.words)}.1"
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff here")

    done = subprocess.run(  # noqa: S603, our own page
        [groff, "-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u", page],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert done.stderr == ""
    assert all(name in done.stdout for flag in node.flags for name in flag.names)


def test_each_man_page_is_that_of_a_command() -> None:
    commands = {f"{'-'.join(node.words)}.1" for node in read_tree().walk()}

    assert {page.name for page in MAN.iterdir()} == commands
