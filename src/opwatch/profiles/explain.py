"""The explanation of a finding, for ``profile explain``.

Decides what it contains: which rule decided, where that is written, and what each
path found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import Finding, Reading, Target
from opwatch.domain.outcome import Reason
from opwatch.profiles.checks import absent_pairs
from opwatch.profiles.language.progress import measure_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.messages import Response
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.paths import AnswerView, Lookup
    from opwatch.profiles.language.spec import Reads
    from opwatch.profiles.profile import Profile

SETTINGS: Final[Mapping[Reason, str]] = {
    Reason.GIVEN_UP: "poll.give_up",
    Reason.GONE: "gone",
    Reason.NEVER_FOUND: "not_found_grace",
    Reason.UNKNOWN_STATUS: "unknown_after",
}
"""The key of a profile that decides when a watch ends for a reason of our own."""
_FIELDS: Final = (
    "root", "id", "name", "status", "message", "kind",
    "created", "started", "updated", "finished", "link", "result",
)  # fmt: skip


class PathValue(NamedTuple):
    """One path of *field*, and the value found there."""

    field: str
    path: str
    value: Any


class Explanation(NamedTuple):
    """The *finding*, what decided it, *where* that is written, and the *values* at its paths."""

    finding: Finding
    decided_by: str
    where: str
    values: tuple[PathValue, ...]
    wait: float | None
    notes: tuple[str, ...] = ()


def explain_answer(profile: Profile, target: Target, response: Response) -> Explanation:
    """Return what decided the finding of *response* about *target*."""
    definition, reader, is_list = profile.definition, profile.reader, profile.is_list([target])
    answer = reader.read([target], response, is_list=is_list)
    finding = answer.findings[0]
    parsed = reader.parse_response(response)
    decided_by = finding.rule if isinstance(finding, Reading) else "trouble"
    view = reader.view_of(target, parsed, is_list=is_list)
    return Explanation(
        finding,
        decided_by,
        where_written(definition, decided_by),
        tuple(_values(definition.spec.read, view)),
        parsed.pauses.longest,
        (*answer.notes, *_comparisons_of_nothing(definition, view)),
    )


def _comparisons_of_nothing(definition: Definition, view: AnswerView) -> Iterator[str]:
    """Yield a warning for each ``==`` of two paths that the answer both lacks."""
    for name, index, condition in definition.spec.conditions:
        for pair in absent_pairs(condition, view.item):
            yield f"{name}[{index}]: {pair} holds because the answer has neither"


def setting_of(definition: Definition, reason: Reason | None) -> str:
    """Return the key that ended a watch for *reason*, and where it is written, if it is."""
    key = SETTINGS.get(reason) if reason else None
    if key is None or definition.node.get(key.partition(".")[0]) is None:
        return ""
    return f"{key}  {where_written(definition, key)}"


def where_written(definition: Definition, decided_by: str) -> str:
    """Return the file and the line of the rule by that name."""
    return ":".join(map(str, definition.where(decided_by)))


def _values(reads: Reads, view: AnswerView) -> Iterator[PathValue]:
    lookups: list[tuple[str, Lookup]] = [(name, getattr(reads, name)) for name in _FIELDS]
    lookups += [(f"error.{name}", getattr(reads.error, name)) for name in reads.error._fields]
    lookups += [(f"details.{name}", lookup) for name, lookup in reads.details.items()]
    for field, lookup in lookups:
        for path, value in lookup.each(view):
            yield PathValue(field, path, value)
    if reads.progress:
        found = measure_progress(reads.progress, view)
        yield PathValue("progress", "", found.percent if found.so_far is None else found.so_far)
