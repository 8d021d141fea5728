"""Prints the figures of the house: its size, its folders, its imports and its names.

Run ``python docs/figures.py``, with ``--source DIR`` for the ``src`` of another checkout.
``docs/architecture.md`` quotes it; ``tests/test_house.py`` holds its bounds.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOURCE: Final = Path(__file__).resolve().parent.parent / "src"
LOADED: Final = """
import sys
sys.argv = ["opwatch", "get", "-p", "fullstory", "X", "--base-url", "http://127.0.0.1:9"]
import atexit, json, opwatch.__main__ as program
def leave(code):
    ours = sorted(name for name in sys.modules if name.split(".")[0] == "opwatch")
    sys.stderr.write("\\n" + json.dumps(ours))
    raise SystemExit(0)
program.leave = leave
program.main()
"""
EXPECTED: Final = frozenset({"__init__", "main", "app"})
"""Names that every package or command module has."""


def modules(source: Path) -> dict[str, Path]:
    """Return each module of the package, by its dotted name."""
    found = {}
    for path in sorted((source / "opwatch").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def import_lines(tree: ast.Module) -> int:
    """Count the lines that import statements take, those for types included."""
    kinds = (ast.Import, ast.ImportFrom)
    found = [each for each in ast.walk(tree) if isinstance(each, kinds)]
    return sum((each.end_lineno or each.lineno) - each.lineno + 1 for each in found)


def imports(tree: ast.Module, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that *tree* names, wherever it imports them."""
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each.module:
            for alias in each.names:
                inner = f"{each.module}.{alias.name}"
                yield inner if inner in known else each.module
        elif isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)


def folder_of(name: str, known: Mapping[str, Path]) -> str:
    """Return the package that holds the module *name*: itself where it is one."""
    return name if known[name].name == "__init__.py" else name.rpartition(".")[0]


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of siblings that reach each other, below every folder.

    A folder's children are its modules and sub-folders; an arrow between two modules is
    one between the children that hold them.
    """
    below: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for start, ends in arrows.items():
        for end in ends:
            one, two = start.split("."), end.split(".")
            shared = 0
            while shared < min(len(one), len(two)) and one[shared] == two[shared]:
                shared += 1
            if shared < min(len(one), len(two)):
                children = below[".".join(one[:shared])]
                children[one[shared]].add(two[shared])
    found = []
    for folder, graph in below.items():
        reach = {each: reached(graph, each) for each in graph}
        groups = {
            frozenset(other for other in reach[each] if each in reach.get(other, ()))
            for each in graph
            if each in reach[each]
        }
        found += [[folder, *sorted(group)] for group in groups]
    return sorted(found)


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return what can be reached from *start*; it is itself among it if it is on a circle."""
    seen: set[str] = set()
    todo = [*graph.get(start, ())]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += graph.get(each, ())
    return seen


def definitions(trees: Mapping[str, ast.Module]) -> Counter[str]:
    """Count the classes and functions of each name at the top of a module; methods are not."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return Counter(
        each.name
        for tree in trees.values()
        for each in tree.body
        if isinstance(each, kinds) and not each.name.startswith("_") and each.name not in EXPECTED
    )


def loaded(source: Path) -> int:
    """Count the modules of the package that run for one ``opwatch get``."""
    done = subprocess.run(  # noqa: S603, our own program
        [sys.executable, "-c", LOADED],
        env={"PYTHONPATH": str(source), "OPWATCH_TOKEN": "x", "PATH": "", "HOME": "/nonexistent"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = json.loads(done.stderr.splitlines()[-1])
    return len(names)


def figures(source: Path = SOURCE) -> dict[str, Any]:
    """Return every figure, by what it counts."""
    known = modules(source)
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in known.items()}
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in known.values())
    arrows = {name: set(imports(tree, known)) & {*known} - {name} for name, tree in trees.items()}
    folders = Counter(str(path.parent.relative_to(source)) for path in known.values())
    share = sum(import_lines(tree) for tree in trees.values()) / lines
    names = definitions(trees)
    return {
        "modules": len(known),
        "lines": lines,
        "folders": len(folders),
        "files per folder": round(len(known) / len(folders), 1),
        "biggest folder": "{} ({})".format(*folders.most_common(1)[0]),
        "folders over 20 modules": [name for name, count in folders.items() if count > 20],
        "import lines, percent": round(100 * share, 1),
        "modules for one get": loaded(source),
        "circles": circles(arrows),
        "longest module": max((len(path.read_text().splitlines()), n) for n, path in known.items()),
        "names defined three times or more": {n: c for n, c in names.most_common() if c > 2},
    }


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, default=SOURCE)
    for what, found in figures(parser.parse_args().source).items():
        print(f"{what:36}{found}")


if __name__ == "__main__":
    main()
