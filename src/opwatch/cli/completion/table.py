"""The lists that a TAB is answered from: written here, read by ``words.py`` and ``profiles.py``.

Decides what is offered at all: no parameter that a reference stands for, and no value that
a shell would take for more than one word.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opwatch.cli.run_options import ID
from opwatch.output.text.clean import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opwatch.cli.completion.tree import Flag, Node
    from opwatch.profiles import Config

HEADER: Final = "# generated, do not edit: python docs/generate.py\n"
METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "GET")
_KINDS: Final = {
    "PROFILE": "profiles",
    "KEY=VALUE": "params",
    "METHOD": f"words {' '.join(METHODS)}",
    "DIR": "folders",
}
_WORD: Final = re.compile(r"[\w.:/@%+,-]+")
_LONGEST: Final = 80


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
    rows += [f"command {child.words[-1]}\t{_short(child.help)}" for child in node.children]
    rows += [f"option {_option(flag)}" for flag in node.flags]
    rows += [f"argument {kind_of(each)}" for each in node.arguments]
    return "\n".join(rows) + "\n"


def _option(flag: Flag) -> str:
    kind = kind_of(flag.value) if flag.value else ""
    return "\t".join((" ".join(flag.names), kind, "*" if flag.repeats else "", _short(flag.help)))


def _short(text: str) -> str:
    """Return the first sentence of *text*, short enough for a list beside the words."""
    text = PLAIN(text, 10 * _LONGEST).partition(". ")[0].rstrip(".")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def profiles(names: Iterable[str], config: Config) -> tuple[str, bool]:
    """Return the list of the profiles *names*, and whether each could be read."""
    from opwatch.domain.errors import UsageError
    from opwatch.profiles import load_profile

    rows: list[str] = []
    broken = False
    for name in names:
        try:
            spec = load_profile(name, config).spec
        except UsageError:
            rows.append(f"profile {name}\t")
            broken = True
            continue
        rows.append(f"profile {name}\t{_short(spec.title)}")
        for key, param in spec.params.items():
            if key != ID:
                choices = "|".join(each for each in param.choices if _WORD.fullmatch(each))
                rows.append(f"param {key}\t{choices}\t{_short(param.help)}")
    return "".join(f"{row}\n" for row in rows), not broken


def own_profiles(path: str, environ: Mapping[str, str], *, is_named: bool) -> tuple[str, bool]:
    """Return the list of the profiles of the configuration at *path*, and whether it is whole.

    A configuration that cannot be read is not told of at a TAB: it has no names. The list
    is kept in a file, so a secret that a profile takes from *environ* is masked.
    """
    from opwatch.credentials import Redactor
    from opwatch.domain.secret import SECRET_NAME, Secret
    from opwatch.profiles import load_config

    redact = Redactor()
    for name, value in environ.items():
        if SECRET_NAME.search(name):
            redact.learn(Secret(value))

    # The profile that a variable names is looked up at each TAB.
    environ = {key: value for key, value in environ.items() if key != "OPWATCH_PROFILE"}
    named = Path(path) if is_named else None
    with suppress(Exception):
        config = load_config(named, environ, folder=Path(path).parent)
        own = [name for name in config.names() if config.is_users(name)]
        text, is_whole = profiles(own, config)
        return redact(f"default {config.default_profile or ''}\n{text}"), is_whole
    return "", False


def files(root: Node) -> Iterator[tuple[str, str]]:
    """Yield the name of each list that ships with the package, and what belongs in it."""
    from opwatch.profiles import load_config

    config = load_config(None, {}, folder=Path("/nowhere"))
    yield "commands.txt", commands(root)
    yield "profiles.txt", HEADER + profiles(config.names(), config)[0]
