"""The names of profiles that a TAB offers, without the YAML parser.

Decides that of a configuration only the lines are read that begin a profile, one below
``profiles:`` each. One that is written in any other way is left to the real reader, which
takes ten times as long. Nothing is checked here: a name is when it is used.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes as long as all of this
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

BUILTIN: Final = os.path.join(  # noqa: PTH118, pathlib takes as long as all of this
    os.path.dirname(__file__),  # noqa: PTH120
    *("..", "..", "profiles", "builtin"),
)
OTHERS_MAY_WRITE: Final = 0o022
MOST_BYTES: Final = 1 << 20
LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
KEYS: Final = ("version:", "default_profile:", "profiles:")


def quick_names(environ: Mapping[str, str]) -> set[str] | None:
    """Return the names of all profiles, None where only the real reader can tell them."""
    named = environ.get("OPWATCH_CONFIG")
    if not named and sys.platform in {"win32", "darwin"}:
        return None
    home = environ.get("XDG_CONFIG_HOME", "").strip() or "~/.config"
    file = named or os.path.join(os.path.expanduser(home), "opwatch", "config.yaml")  # noqa: PTH111, PTH118
    own: set[str] | None = set()
    if named or os.path.exists(file):  # noqa: PTH110
        if not named and os.stat(file).st_mode & OTHERS_MAY_WRITE:  # noqa: PTH116
            return None
        with open(file, encoding="utf-8") as stream:  # noqa: PTH123
            own = names_in(stream.read(MOST_BYTES).splitlines())
    if own is None:
        return None
    folder = os.path.join(os.path.dirname(file), "profiles")  # noqa: PTH118, PTH120
    return own.union(_files_in(folder), _files_in(BUILTIN))


def names_in(lines: Iterable[str]) -> set[str] | None:
    """Return the names of the profiles in a configuration, None if they cannot be told."""
    names = set[str]()
    depth, is_among = 0, False
    for line in lines:
        text = line.lstrip(" ")
        if not text or text[0] == "#":
            continue
        indent = len(line) - len(text)
        if indent == 0:
            is_among, depth = text.startswith("profiles:"), 0
            rest = text.partition(":")[2].strip()
            if not text.startswith(KEYS) or (is_among and rest and rest[0] != "#"):
                return None
        elif is_among:
            depth = depth or indent
            name, colon, _ = text.partition(":")
            if indent < depth or (indent == depth and not (colon and _is_name(name))):
                return None
            if indent == depth:
                names.add(name)
    return names


def _is_name(text: str) -> bool:
    return bool(text) and text[0] not in "._-" and len(text) <= 64 and LETTERS.issuperset(text)  # noqa: PLR2004, see config


def _files_in(folder: str) -> set[str]:
    try:
        entries = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return set()
    parts = [entry.rpartition(".") for entry in entries]
    return {stem for stem, _, ending in parts if ending in {"yaml", "yml"} and _is_name(stem)}
