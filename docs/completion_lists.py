"""The lists that a TAB is answered from and that ship with the package.

``commands.txt`` is read by ``cli/completion/words.py``, ``profiles.txt`` by ``profiles.py``
beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.cli.commands.history import OPEN
from opwatch.cli.completion.table import profiles, short
from opwatch.domain.outcome import Outcome
from opwatch.profiles import load_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command_tree import Flag, Node

HEADER: Final = "# generated, do not edit: python docs/generate.py\n"
METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "GET")
_KINDS: Final = {
    "PROFILE": "profiles",
    "KEY=VALUE": "params",
    "METHOD": f"words {' '.join(METHODS)}",
    "DIR": "folders",
    "OUTCOME": f"words {' '.join([*Outcome, OPEN])}",
}


def kind_of(metavar: str) -> str:
    """Return what may be typed where the help says *metavar*."""
    parts = metavar.strip("[].").split("|")
    if len(parts) > 1 and all(part.islower() for part in parts):
        return f"words {' '.join(parts)}"
    return "files" if "FILE" in parts else _KINDS.get(metavar.strip("[]."), "value")


def commands(root: Node) -> str:
    """Return the list of all commands, with their options and arguments."""
    return HEADER + "".join(_section(node) for node in root.walk())


def _section(node: Node) -> str:
    rows = [f"[{' '.join(node.words[1:])}]"]
    rows += [f"command {child.words[-1]}\t{short(child.help)}" for child in node.children]
    rows += [f"option {_option(flag)}" for flag in node.flags]
    rows += [f"argument {kind_of(each)}" for each in node.arguments]
    return "\n".join(rows) + "\n"


def _option(flag: Flag) -> str:
    kind = kind_of(flag.value) if flag.value else ""
    return "\t".join((" ".join(flag.names), kind, "*" if flag.repeats else "", short(flag.help)))


def completion_lists(root: Node) -> Iterator[tuple[str, str]]:
    """Yield the name of each list that ships with the package, and what belongs in it."""
    config = load_config(None, {}, folder=Path("/nowhere"))
    yield "commands.txt", commands(root)
    yield "profiles.txt", HEADER + profiles(config.names(), config)[0]
