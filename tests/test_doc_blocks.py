"""What the documentation tells a reader to type works as it is written.

By day each line is parsed by the real parser. By night each page is typed from its first
block to its last, in an empty home, where a server on this machine stands in for the APIs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import pytest

from opwatch.demo import DEMO_TOKEN, Script
from opwatch.domain.errors import UsageError
from opwatch.domain.operation import OperationError, State
from servers.demo import DemoServer
from servers.dialects import ALL_DIALECTS
from typed import commands, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE: Final = {"ci.md": "tests/cli/test_ci_blocks.py", "cli.md": "tests/cli/test_help.py"}
"""Pages whose blocks another test runs, or which the program itself has written."""
TOOLS: Final = ("bash", "curl", "jq", "timeout")

AS_RUN: Final[Mapping[str, str]] = {
    "http://127.0.0.1:8080": "$SERVER",
    # What a person does with a key, a script does with a signal.
    r"opwatch wait (.*?) +# then press Ctrl-C.*": (
        r"timeout --preserve-status -s INT 3 opwatch wait \1 || test $? = 130"
    ),
    r'echo "exit code \$\?"': "an_end $?",
}
"""Patterns of what is written, and what is run instead."""
AN_END: Final = """\
an_end() { # is $1 about operations? It is not about a mistake, a credential or lost contact.
  case $1 in 1 | 3 | 8 | 124) echo "exit code $1" ;; *) return "$1" ;; esac
}
"""


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES[1:] if f"({page.name})" not in index] == ["README.md"]


class Block(NamedTuple):
    """A fenced block: the *remark* right before it, its *language*, its *text*."""

    remark: str
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(
        r"(?:^<!-- ([^\n]*?) -->\n)?^```(\w*)[^\n]*\n(.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [Block(*each) for each in found]


def typed(block: Block) -> str:
    """Return what is to be typed of *block*: all of it, or what follows the prompts."""
    match block.language:
        case "sh":
            return block.text
        case "console":
            lines = [line for line in block.text.splitlines() if line.startswith("$ ")]
            return "".join(f"{line[2:]}\n" for line in lines)
        case _:
            return ""


def lines(page: Path) -> list[list[str]]:
    return [words for block in blocks(page) for words in commands(typed(block))]


LINES: Final = [
    pytest.param(words, id=f"{page.name}: {' '.join(words)}"[:90])
    for page in PAGES
    for words in lines(page)
]


@pytest.mark.parametrize("words", LINES)
def test_a_line_of_the_documentation_can_be_typed(words: list[str]) -> None:
    parsed(words)


@pytest.mark.parametrize(
    "line",
    ["wait --tiemout 3 x", "wiat x", "wait -p fullstroy x", "wait -p airflow --param nope=1 x",
     "wait --confirm soon x", "profile sohw x", "wait --timeout soon x"],
)  # fmt: skip
def test_a_line_that_cannot_be_typed_is_found(line: str) -> None:
    with pytest.raises((click.ClickException, UsageError)):
        parsed(line.split())


def test_every_opwatch_of_a_script_is_found() -> None:
    script = """\
x=$(opwatch start -p a POST /x -d @f) && A=1 opwatch get "$x" > out 2>&1 # opwatch no
if ! .venv/bin/opwatch wait --json - < ids | jq .; then echo opwatch; fi
opwatch wait \\
  y; case $? in 6|124) opwatch history ;; esac
"""

    assert list(commands(script)) == [
        ["start", "-p", "a", "POST", "/x", "-d", "@f"],
        ["get", "$x"],
        ["wait", "--json", "-"],
        ["wait", "y"],
        ["history"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_line_is_in_a_block_that_is_read_as_one(page: Path) -> None:
    if page.name in ELSEWHERE:
        return
    others = [each.text for each in blocks(page) if each.language in {"", "text"}]

    assert [line for text in others for line in text.splitlines() if is_typed(line)] == []


def is_typed(line: str) -> bool:
    return re.match(r"(\$ )?opwatch [a-z]+( |$)", line) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    if page.name not in ELSEWHERE:
        for block in blocks(page):
            assert block.language != "sh" or reason(block) is not None, block.text


def reason(block: Block) -> str | None:
    """Return why *block* is not run, empty if it is, None if nobody knows."""
    remark = block.remark
    if remark == "test-command":
        return "this is how the tests are run"
    if remark.startswith("not run: "):
        return remark.removeprefix("not run: ")
    return "" if not remark else None


def script_of(page: Path) -> str:
    """Return one script that types *page*."""
    parts = []
    for number, block in enumerate(blocks(page), start=1):
        if block.language == "sh" and not reason(block):
            text = block.text
            for pattern, instead in AS_RUN.items():
                text = re.sub(pattern, instead, text)
            parts.append(f"echo '--- block {number}' >&2\n{text}")
    return "".join(parts) and AN_END + "".join(parts)


RUN: Final = [page for page in PAGES if page.name not in ELSEWHERE and script_of(page)]


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(ALL_DIALECTS) as running:
        yield running


@pytest.fixture
def environ(server: DemoServer, tmp_path: Path) -> dict[str, str]:
    """Return what a reader of the documentation has: opwatch, ids, files, a server to ask."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "opwatch"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opwatch "$@"\n')
    program.chmod(0o755)
    good, other = (server.start("fullstory", Script(2.0)).id for _ in range(2))
    bad = Script(0.1, State.FAILED, error=OperationError(code="17", message="bad column 'x'"))
    (tmp_path / "ids.txt").write_text(f"{good}\n{other}\n")
    (tmp_path / "export.json").write_text("{}")
    for name, phase in (("running", "copying"), ("complete", "complete"), ("broken", "broken")):
        (tmp_path / f"{name}.txt").write_text(
            f'{{"id": 42, "phase": "{phase}", "done": 3, "total": 12, "problem": null}}'
        )
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SERVER": server.base_url,
        "OPWATCH_BASE_URL": server.base_url,
        "OPWATCH_TOKEN": DEMO_TOKEN.reveal(),
        "FULLSTORY_API_KEY": DEMO_TOKEN.reveal(),
        "OPWATCH_INTERVAL": "1s",
        "EXPORT_ID": good,
        "id": good,
        "failed_id": server.start("fullstory", bad).id,
    }


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"NOT TESTED: the pages need {', '.join(TOOLS)}"
)
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_can_be_typed_from_top_to_bottom(page: Path, environ: dict[str, str]) -> None:
    script = Path(environ["HOME"]) / "script"
    script.write_text(script_of(page))

    done = subprocess.run(  # noqa: S603, the blocks of our own pages
        ["bash", "--noprofile", "--norc", "-euo", "pipefail", script],  # noqa: S607
        env=environ, cwd=environ["HOME"], capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip

    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    assert "Traceback" not in done.stderr
