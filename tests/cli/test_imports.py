"""What each command loads: start-up is a budget, and an import that creeps in is seen here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.program import Program

PARSER = {"click", "opwatch.cli.app"}
CONFIGURATION = {"yaml", "opwatch.profiles", "platformdirs", "jmespath"}
NETWORK = {"asyncio", "ssl", "h11", "opwatch.http"}
TYPES = {"typing", "pathlib"}
SELDOM = {
    *("rich", "keyring", "regex", "sqlite3", "xml", "getpass", "pydantic", "unittest", "pdb"),
    *("opwatch.demo", "opwatch.profiles.draft", "opwatch.credentials.oauth"),
    *(
        "opwatch.output.formats.junit",
        "opwatch.output.report",
        "opwatch.output.trace",
        "opwatch.session.start",
    ),
}
OF_A_RUN = {"opwatch.output.terminal.display", "opwatch.output.text", "opwatch.domain.operation"}
OF_A_WAIT = {
    *("opwatch.cli.ci_report", "opwatch.cli.keyboard", "opwatch.cli.keeping", "opwatch.state"),
    *("opwatch.output.ci.log", "opwatch.output.terminal.bars", "opwatch.output.terminal.lines"),
}
ON_DEMAND = {
    *("opwatch.cli.files", "opwatch.cli.help", "opwatch.session.headers", "opwatch.engine.retry"),
    *("opwatch.http.proxies", "opwatch.session.input"),
    *(
        f"opwatch.credentials.{name}"
        for name in ("helper", "inspection", "keyring", "login", "process", "secret_file")
    ),
}
"""What one look with a token in a variable has no use for."""
SLOW = {"typing", "re", "pathlib", "json", "inspect", "dataclasses"}
"""Of Python itself, but too slow for what is asked at each TAB."""
AT_ONCE = PARSER | CONFIGURATION | NETWORK | SELDOM | SLOW
BUDGET = {
    "get": (
        ["get", "-p", "fullstory", "--json", "op-1"],
        SELDOM | OF_A_WAIT | ON_DEMAND,
        480,
    ),
    "--version": (["--version"], AT_ONCE, 80),
    "TAB": (["__complete", "=--t", "wait", "-p", "fullstory"], AT_ONCE, 80),
    "TAB for a profile": (["__complete", "=f", "wait", "-p"], AT_ONCE, 80),
    "TAB for a parameter": (["__complete", "=", "wait", "-p", "azure", "--param"], AT_ONCE, 80),
    "help": (["--help"], CONFIGURATION | NETWORK | SELDOM, 160),
    "help of a command": (["wait", "--help"], CONFIGURATION | NETWORK | SELDOM | OF_A_RUN, 190),
    "profile list": (["profile", "list"], {"h11", "opwatch.http"} | SELDOM - {"regex"}, 400),
}
"""The command, what it must not load, and the most modules, those of Python included."""


@pytest.mark.parametrize("name", BUDGET)
def test_a_command_loads_what_it_needs_and_no_more(program: Program, name: str) -> None:
    arguments, unneeded, most = BUDGET[name]

    ran = program.run(*arguments, environ={"PYTHONPROFILEIMPORTTIME": "1"})

    loaded = set(re.findall(r"^import time: .*\| +(\S+)$", ran.err, re.MULTILINE))
    assert "opwatch.version" in loaded, "the interpreter reports what it imports"
    assert not unneeded & loaded
    assert len(loaded) <= most


def test_what_reports_a_lack_of_descriptors_is_loaded_before_there_is_one(program: Program) -> None:
    ran = program.run(*BUDGET["get"][0], environ={"PYTHONPROFILEIMPORTTIME": "1"})

    loaded = re.findall(r"^import time: .*\| +(\S+)$", ran.err, re.MULTILINE)
    asked = loaded.index("opwatch.http.client")
    early = {"cli.exit", "output.errors", "output.ci", "credentials.sources"}
    assert {f"opwatch.{each}" for each in early} <= set(loaded[:asked])


def test_a_tab_reads_no_yaml_once_it_knows_the_files_of_a_user(
    program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / ".config" / "opwatch"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("version: 1\nprofiles: {zine: {extends: azure-async}}\n")
    asked = ["__complete", "=", "wait", "-p", "zine", "--param"]
    first = program.run(*asked)

    ran = program.run(*asked, environ={"PYTHONPROFILEIMPORTTIME": "1"})

    loaded = set(re.findall(r"^import time: .*\| +(\S+)$", ran.err, re.MULTILINE))
    assert first.out.startswith("cloud=\t")
    assert ran.out == first.out
    assert not AT_ONCE & loaded
