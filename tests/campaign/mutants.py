"""Small changes of a module, each of which at least one test should notice.

Decides what is changed: the operators are mutmut's, and besides each condition of an ``if``
is forced both ways and each call that stands alone is left out. Unlike mutmut, properties and
tables are changed as well; annotations, imports, decorators and docstrings never are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_if_exp

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_ALONE: Final = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A *module* whose line number *line* was *before* and is *after*; *source* is all of it."""

    module: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What the list of reasons knows it by: line numbers change too often for that."""
        return f"{self.before} -> {self.after}"


class Changes:
    """The changes of one *module*, in the order of its lines; each is made when it is asked for."""

    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source
        wrapper = MetadataWrapper(cst.parse_module(source))
        self._tree = wrapper.module
        self._at = wrapper.resolve(PositionProvider)
        self._found = [
            (part, *change)
            for part, statement in enumerate(self._tree.body)
            for change in _changes_in(statement)
        ]
        self._parts = [self._tree.code_for_node(each) for each in self._tree.body]

    def __len__(self) -> int:
        return len(self._found)

    def mutant(self, number: int) -> Mutant | None:
        """Return the mutant *number*, None if it is not Python or not different."""
        part, node, other = self._found[number]
        changed = self._tree.body[part].deep_replace(node, other)
        parts = [*self._parts]
        parts[part] = self._tree.code_for_node(changed)
        head = self._source[: len(self._source) - len("".join(self._parts))]
        code = head + "".join(parts)
        try:
            compile(code, self._module, "exec")
        except SyntaxError:
            return None
        pairs = zip_longest(self._source.splitlines(), code.splitlines(), fillvalue="")
        before, after = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
        if before == after:
            return None
        line = self._at[node].start.line
        return Mutant(self._module, line, before.strip(), after.strip(), code)


def _changes_in(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each node in *node* that is changed, and what it becomes."""
    if isinstance(node, LEFT_ALONE) or _is_for_types(node):
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from ((node, other) for other in operator(node))
    if isinstance(node, cst.If):
        # It looks at the test of what it is given, which an ``if`` has like a ternary.
        yield from ((node, other) for other in operator_if_exp(node))
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
        yield node, cst.Expr(cst.Ellipsis())
    for each in node.children:
        yield from _changes_in(each)


def _is_for_types(node: Any) -> bool:
    """Tell whether only a type checker reads *node*."""
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
    named = node.annotation.annotation if isinstance(node, cst.AnnAssign) else None
    return isinstance(named, cst.Name) and named.value == "TypeAlias"
