"""Where sample answers report how far an operation is.

Decides which form of progress that is: a percentage, a ratio, a part of a total,
a count without one, or a sentence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.moments import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opwatch.profiles.draft.samples import Field

MOST: Final = 3
_HUNDRED: Final = 100.0
_PERCENT: Final = re.compile(r".*(?:percent|pct).*|progress|percentage|.*progress")
_IN_TEXT: Final = re.compile(r"\d{1,3}(?:\.\d+)? ?% complete")
_TOTAL: Final = re.compile(r"total.*|.*total|count")
_GOOD: Final = frozenset({"done", "completed", "succeeded", "successful", "finished", "progress"})
_THROUGH: Final = _GOOD | {
    "failed", "errored", "errors", "canceled", "cancelled", "expired", "skipped",
}  # fmt: skip
_COUNTED: Final = re.compile(r".*processed|.*objectcount|.*rowcount")


def progress_of(fields: Sequence[Field]) -> tuple[Any, ...]:
    """Return the forms of progress: a percentage, a ratio, a part of a total, a count, a text."""
    found: list[Any] = []
    parts = _parts(fields)
    for field in fields:
        numbers = [number_of(each) for each in field.values]
        shown = [each for each in numbers if each is not None]
        if _PERCENT.fullmatch(field.key) and shown and max(shown) <= _HUNDRED:
            is_ratio = max(shown) <= 1 and any(each % 1 for each in shown)
            found.append({"ratio": field.text} if is_ratio else field.text)
    if parts and found == [parts[0]["done"]]:
        return parts  # `progress` beside a `total` counts, and is not a percentage
    return tuple(found[:MOST]) or parts or _counts(fields) or _in_text(fields)


def _parts(fields: Sequence[Field]) -> tuple[Any, ...]:
    for total in fields:
        if not _TOTAL.fullmatch(total.key) or not total.holds(int):
            continue
        beside = [each for each in fields if each.parent == total.parent and each.holds(int)]
        kinds = {each.text: each.key.removesuffix("count") for each in beside if each is not total}
        done = [text for text, kind in kinds.items() if kind in _THROUGH]
        if any(kinds[text] in _GOOD for text in done):
            return ({"done": done[0] if len(done) == 1 else done, "total": total.text},)
    return ()


def _counts(fields: Iterable[Field]) -> tuple[Any, ...]:
    for field in fields:
        numbers = [number_of(each) for each in field.values]
        if _COUNTED.fullmatch(field.key) and numbers and None not in numbers:
            return ({"count": field.text},)
    return ()


def _in_text(fields: Iterable[Field]) -> tuple[Any, ...]:
    for field in fields:
        if any(isinstance(each, str) and _IN_TEXT.search(each) for each in field.values):
            return ({"regex": r"(\d{1,3}(?:\.\d{1,3})?) ?% complete", "in": field.text},)
    return ()
