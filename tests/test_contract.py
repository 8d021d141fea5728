"""The words that programs rely on do not change: ``contract.golden.txt`` holds them.

They are the keys and values of ``--json`` and ``--jsonl``, the exit codes, the options and
variables of the command line, and the keys of a profile. A word may be added; one that is
gone or renamed breaks what others have written. ``python tests/test_contract.py`` writes the file.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs"))

from command_tree import read_tree
from opwatch.domain.auth import CredentialState, TrialOutcome
from opwatch.domain.events import Event, Oddity
from opwatch.domain.operation import State
from opwatch.domain.outcome import OF_ABORT, OF_OUTCOME, PRECEDENCE, Abort, Outcome, Reason
from opwatch.domain.trouble import Fault
from opwatch.profiles import schema as profile_schema
from output.schemas import output_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "contract.golden.txt"


def keys(schema: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each property of a JSON Schema, and each word that it may hold."""
    if isinstance(schema, list):
        for each in schema:
            yield from keys(each, path)
    if not isinstance(schema, dict):
        return
    for word in [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]:
        yield f"{path} = {json.dumps(word)}"
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from keys(inner, f"{path}.{name}")
    for name, inner in schema.get("$defs", {}).items():
        yield from keys(inner, f"({name})")
    for name, inner in schema.items():
        if name not in {"properties", "$defs", "enum", "const", "default", "examples"}:
            yield from keys(inner, path)


def words() -> Iterator[str]:
    """Yield every public word, behind what it is a word of."""
    for each in PRECEDENCE:
        code = OF_ABORT[each] if isinstance(each, Abort) else OF_OUTCOME[each]
        yield f"exit {code:d} {each.value}"
    kinds = (State, Outcome, Reason, Abort, Fault, Oddity, CredentialState, TrialOutcome)
    for kind in kinds:
        yield from (f"{kind.__name__.lower()} {each.value}" for each in kind)
    yield from (f"event {each.__name__.lower()}" for each in get_args(Event))
    for name in ("document", "event", "started"):
        yield from (f"json {name}{each}" for each in keys(json.loads(output_schema(name))))
    yield from (f"profile {each}" for each in keys(profile_schema()))
    for node in read_tree().walk():
        command = " ".join(node.words)
        yield from (f"option {command} {each}" for flag in node.flags for each in flag.names)
    source = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*.py")))
    yield from (f"variable {each}" for each in re.findall(r"OPWATCH_[A-Z_]*[A-Z]", source))


def now() -> list[str]:
    return sorted(set(words()))


def test_no_public_word_is_gone_or_renamed() -> None:
    held = GOLDEN.read_text(encoding="utf-8").splitlines()

    assert sorted(set(held) - set(now())) == []


def test_every_public_word_is_held() -> None:
    held = GOLDEN.read_text(encoding="utf-8").splitlines()

    assert sorted(set(now()) - set(held)) == [], "run: python tests/test_contract.py"


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{each}\n" for each in now()), encoding="utf-8")
