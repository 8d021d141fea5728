"""Why an answer was read as it was.

Decides what ``profile explain`` can tell: which rule decided, where it is
written, and what each path found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import Reading
from opwatch.profiles.language.progress import read_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Finding, Target
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.paths import AnswerView, Lookup
    from opwatch.profiles.language.spec import Reads
    from opwatch.profiles.reading.answer import AnswerReader

_INDEX: Final = r"(\w+)\[(\d+)\]"
UNKNOWN: Final = "unknown word"
_FIELDS: Final = (
    "root", "id", "status", "message",
    "created", "started", "updated", "finished", "link", "result",
)  # fmt: skip


class Looked(NamedTuple):
    """One path of *field*, and the value that was there."""

    field: str
    path: str
    value: Any


class Explanation(NamedTuple):
    """The *finding*, what decided it, *where* that is written, and what each path found."""

    finding: Finding
    decided_by: str
    where: str
    looked: tuple[Looked, ...]
    wait: float | None
    notes: tuple[str, ...] = ()


def explain(
    definition: Definition,
    reader: AnswerReader,
    target: Target,
    response: Response,
    *,
    is_list: bool,
) -> Explanation:
    """Return why *reader* reads *response* about *target* as it does."""
    answer = reader.read([target], response, is_list=is_list)
    finding = answer.findings[0]
    seen = reader.see(response)
    scene = reader.looked_at(target, seen, is_list=is_list)
    decided_by = finding.rule if isinstance(finding, Reading) else "trouble"
    return Explanation(
        finding,
        decided_by,
        _where(definition, decided_by),
        tuple(_looked(definition.spec.read, scene)),
        seen.pauses.longest,
        answer.notes,
    )


def _where(definition: Definition, decided_by: str) -> str:
    node = definition.node
    if decided_by == UNKNOWN:
        decided_by = "states"
    match = re.fullmatch(_INDEX, decided_by)
    for key in (match[1] if match else decided_by).split("."):
        node = node.get(key) or node
    if match and node.is_list:
        node = node.value[int(match[2])]
    return f"{node.place.source.name}:{node.place.line}"


def _looked(reads: Reads, scene: AnswerView) -> Iterator[Looked]:
    lookups: list[tuple[str, Lookup]] = [(name, getattr(reads, name)) for name in _FIELDS]
    lookups += [(f"error.{name}", getattr(reads.error, name)) for name in reads.error._fields]
    for field, lookup in lookups:
        for path, value in lookup.each(scene):
            yield Looked(field, path, value)
    if reads.progress:
        found = read_progress(reads.progress, scene)
        yield Looked("progress", "", found.percent if found.so_far is None else found.so_far)
