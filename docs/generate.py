"""Writes everything that is generated: completions, reference pages, schema, picture.

Run ``python docs/generate.py`` after a change of commands, profiles or screens;
``--check`` only tells what would change. The tests run the check.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from command_tree import read_tree
from completion_lists import completion_lists
from contract import MEANINGS
from manual import manual
from opwatch.cli.commands.completion import SHELLS
from opwatch.domain.outcome import OF_ABORT, OF_OUTCOME, PRECEDENCE, Abort
from opwatch.profiles import load_config, load_profile
from opwatch.profiles import schema as profile_schema
from screens import screen
from templates import COMMANDS, EXIT_CODES, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command_tree import Node

ROOT = Path(__file__).resolve().parent.parent


def files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file and what belongs in it."""
    tree = read_tree()
    for name, script in SHELLS.values():
        yield ROOT / "completions" / name, script
    for name, text in completion_lists(tree):
        yield ROOT / "src/opwatch/cli/completion" / name, text
    for name, text in manual(tree):
        yield ROOT / "docs/man" / name, text
    yield ROOT / "docs/cli.md", commands(tree)
    yield ROOT / "docs/exit-codes.md", exit_codes()
    yield ROOT / "docs/providers.md", providers()
    yield ROOT / "docs/demo.svg", screen()
    schema = json.dumps(profile_schema(), indent=1) + "\n"
    yield ROOT / "src/opwatch/profiles/profile.schema.json", schema


def commands(tree: Node) -> str:
    parts = [
        f"## {' '.join(node.words)}\n\n```\n{node.text.rstrip()}\n```\n" for node in tree.walk()
    ]
    return "\n".join([COMMANDS, *parts])


def exit_codes() -> str:
    rows = [
        f"| {OF_ABORT[each] if isinstance(each, Abort) else OF_OUTCOME[each]:d} "
        f"| `{each.value}` | {MEANINGS[each]} |"
        for each in PRECEDENCE
    ]
    return EXIT_CODES.format(rows="\n".join(rows))


def providers() -> str:
    config = load_config(None, {})
    rows = []
    for name in config.names():
        about = load_profile(name, config).spec
        level = about.confidence.level + (", experimental" if about.experimental else "")
        page = f"[page]({about.docs})" if about.docs else ""
        rows.append(f"| `{name}` | {about.title} | {level} | {page} |")
    return PROVIDERS.format(rows="\n".join(rows), count=len(rows))


def main() -> int:
    check, stale = "--check" in sys.argv, []
    for path, text in files():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print("stale:" if check else "wrote", path)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
