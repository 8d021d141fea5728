"""How soon a command is there: against an interpreter that does nothing, and small scripts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.processes import Client, configured, in_turn, opwatch, python, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.processes import Cost

NOTHING: Final = Client("python", python("-c", "pass"))
BARE: Final = """\
from opwatch.__main__ import main

main()
"""
TYPER_HELP: Final = """\
import typer

app = typer.Typer()


@app.command()
def get(name: str) -> None:
    "Look once."


@app.command()
def wait(name: str, timeout: float = 60.0) -> None:
    "Wait for the end."


app()
"""
TYPER_GET: Final = """\
import json
import httpx2
import typer


def get(url: str) -> None:
    print(json.dumps(httpx2.get(url).json()))


typer.run(get)
"""
CLICK_GET: Final = """\
import json
import click
import httpx2


@click.command()
@click.argument("url")
def get(url: str) -> None:
    print(json.dumps(httpx2.get(url).json()))


get()
"""


def measure(rounds: int) -> dict[str, Any]:
    """Compare all of them; the scripts with typer run in an environment of their own."""
    with tempfile.TemporaryDirectory() as folder, served() as server:
        config = configured(folder, server.port, "copies")
        scripts = {
            "bare": BARE,
            "typer_help": TYPER_HELP,
            "typer_get": TYPER_GET,
            "click_get": CLICK_GET,
        }
        for name, text in scripts.items():
            Path(folder, name).write_text(text)
        typer = _with_typer(Path(folder, "venv"))
        url = f"http://127.0.0.1:{server.port}/v1/copies/c1"
        get = opwatch("get", "--config", config, "-p", "copies", "--json", "c1")
        clients = [
            NOTHING,
            Client("version", opwatch("--version")),
            Client("tab", opwatch("__complete")),
            Client("bare_version", python(str(Path(folder, "bare")), "--version")),
            Client("bare_tab", python(str(Path(folder, "bare")), "__complete")),
            Client("help", opwatch("--help")),
            Client("get", get),
            Client("click_get", python(str(Path(folder, "click_get")), url)),
        ]
        if typer is not None:
            clients += [
                Client("typer_help", (typer, str(Path(folder, "typer_help")), "--help")),
                Client("typer_get", (typer, str(Path(folder, "typer_get")), url)),
            ]
        costs = in_turn(clients, rounds)
    return dict(_ratios(costs))


def _with_typer(place: Path) -> str | None:
    """Return an interpreter that has typer and httpx2, None if they cannot be installed."""
    venv.create(place, with_pip=True)
    interpreter = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = (str(interpreter), "-m", "pip", "install", "-q", "typer", "httpx2")
    done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603, our own words
    return None if done.returncode else str(interpreter)


def _ratios(costs: Mapping[str, Sequence[Cost]]) -> Iterator[tuple[str, Any]]:
    for name, mine in costs.items():
        yield f"{name}_ms", [1e3 * each.cpu for each in mine]
    pairs = {
        "version": "python",
        "tab": "python",
        "bare_version": "python",
        "bare_tab": "python",
        "help": "typer_help",
        "get": "typer_get",
        "get_of_click": "click_get",
    }
    for name, against in pairs.items():
        if against in costs:
            both = zip(costs[name.removesuffix("_of_click")], costs[against], strict=True)
            yield name, [mine.cpu / theirs.cpu for mine, theirs in both]
