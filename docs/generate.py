"""Writes everything that is generated: completions, reference pages, schema, picture.

Run ``python docs/generate.py`` after a change of commands, profiles or screens;
``--check`` only tells what would change. The tests run the check.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from collections.abc import Iterator


def files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file and what belongs in it."""
    from opwatch.cli.shells import SHELLS
    from opwatch.cli.tree import read_tree

    tree = read_tree()
    for name, script in SHELLS.values():
        yield ROOT / "completions" / name, script(tree)
    yield ROOT / "docs" / "cli.md", reference(tree)
    yield ROOT / "docs" / "exit-codes.md", exit_codes()
    yield ROOT / "docs" / "providers.md", providers()
    yield schema_path(), schema()


def reference(tree) -> str:
    """Return the page of all commands, as their own help prints them."""
    parts = ["# Commands\n\nGenerated from the program: what `--help` prints.\n"]
    for node in tree.walk():
        parts.append(f"## {' '.join(node.words)}\n\n```\n{node.text.rstrip()}\n```\n")
    return "\n".join(parts)


def exit_codes() -> str:
    """Return the page of exit codes, in the order of their precedence."""
    from opwatch.domain.outcome import OF_ABORT, OF_OUTCOME, PRECEDENCE, Abort
    from opwatch.output.words import EXIT_MEANINGS

    rows = []
    for cause in PRECEDENCE:
        code = OF_ABORT[cause] if isinstance(cause, Abort) else OF_OUTCOME[cause]
        rows.append(f"| {int(code)} | `{cause.value}` | {EXIT_MEANINGS[cause]} |")
    return "\n".join(
        [
            "# Exit codes",
            "",
            "A public contract, computed by one function (`opwatch.domain.outcome.verdict`). With several operations the",
            "first row that fits decides. `--json` repeats code and reason as `exit_code` and `exit_reason`.",
            "",
            "| code | reason | meaning |",
            "| --- | --- | --- |",
            *rows,
            "",
            "With `--any`, one success is enough for 0. `get --exit-zero` exits 0 whenever every operation was read.",
            "`wait --timeout-exit-code N` replaces 124. Codes 125-127 and 137 are left to the shell and to timeout(1).",
            "",
        ]
    )


def providers() -> str:
    """Return the page of built-in profiles."""
    from opwatch.profiles import load_config, load_profile

    config = load_config(None, {})
    rows = []
    for name in config.names():
        about = load_profile(name, config)
        level = about.confidence.level + (" (experimental)" if about.experimental else "")
        rows.append(f"| `{name}` | {about.title} | {level} | {about.docs or ''} |")
    return "\n".join(
        [
            "# Built-in profiles",
            "",
            "Generated from the profiles themselves. `opwatch profile show NAME` prints one with its parameters and notes.",
            "",
            "| profile | API | confidence | documentation |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def schema_path() -> Path:
    return ROOT / "src" / "opwatch" / "profiles" / "profile.schema.json"


def schema() -> str:
    from opwatch.profiles import schema as profile_schema

    return json.dumps(profile_schema(), indent=1) + "\n"


def main() -> int:
    stale = []
    for path, text in files():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(("stale: " if "--check" in sys.argv else "wrote ") + str(path))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
