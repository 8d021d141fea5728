"""What beside a word of success speaks against it, as far as the samples show.

Decides which further fields a success is held against: another status or outcome that
was seen to mean something else, an error of something else, a flag for a bad end, a count
of what failed, which makes less of it and is no success if it is that of all; and which
lists hold parts that say so of themselves. Whether
they really make less of a success only the vendor knows, so they leave it undecided.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.flags import FAILED
from opwatch.profiles.draft.rules import CANCELLED, SUCCESS_WORDS
from opwatch.profiles.draft.samples import Field, Sample, fields_of
from opwatch.profiles.draft.status import is_named, is_part, is_word
from opwatch.profiles.draft.words import meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_OUTCOME: Final = re.compile(r".*(?:conclusion|outcome|result|verdict)")
_OTHER_ERROR: Final = re.compile(
    r".*error|errors|failures?|(?:failure|failed|fail|rejection)(?:reason|cause|message|details?)"
)
# Many a run goes on beyond a step that failed; a list of failures is one by itself.
_NO_PARTS: Final = re.compile(
    r".*(?:steps?|stages?|histor(?:y|ies)|logs?|messages|warnings|errors|failures)|failed.*"
)
_EARLIER: Final = re.compile(r"(?:previous|prior|parent|last|inner).+")
_FLAGS: Final = CANCELLED | FAILED | {"skipped", "isskipped", "blocked", "isblocked", "timedout"}
_COUNT: Final = re.compile(
    r"(?:num|number|total)?(?:failed|failures|errors)(?:count)?|(?:failure|error)count"
)
_FAILED_ONES: Final = re.compile(r"failed(?!reason|cause|message|detail).+")
_TOTAL: Final = frozenset({"total", "totalcount", "count"})
_OTHERWISE: Final = frozenset({"failed", "cancelled", "pending", "running", "blocked"})


class Denial(NamedTuple):
    """A field that speaks against a success where it is one of *values*, or whatever it is.

    *means* is what the success is then, undecided unless it is given.
    """

    path: str
    values: tuple[str | bool, ...] = ()
    means: str = ""


def denials_of(fields: Iterable[Field], known: Mapping[str, str], used: str) -> Iterator[Denial]:
    """Yield what of *fields* speaks against a success; *used* are the expressions that decide.

    *known* are the meanings of words.
    """
    fields = list(fields)
    totals = {field.parent: field.text for field in fields if field.key in _TOTAL}
    for field in fields:
        if _is_used(field.text, used) or _EARLIER.fullmatch(field.key):
            continue
        yield from _of_failed(field, totals.get(field.parent))
        if is_part(field):
            continue
        if field.key in _FLAGS and field.holds(bool):
            yield Denial(field.text, (True,))
        elif _is_error(field):
            yield Denial(field.text)
        elif is_named(field) or _OUTCOME.fullmatch(field.key):
            words = dict.fromkeys(value.strip() for value in field.values if is_word(value))
            against = tuple(each for each in words if meaning_of(each, known) in _OTHERWISE)
            if against:
                yield Denial(field.text, against)


def _of_failed(field: Field, total: str | None) -> Iterator[Denial]:
    """Yield what *field* makes of a success if it counts or lists what failed, of that *total*."""
    if _COUNT.fullmatch(field.key) and field.holds(int):
        if total is not None:
            yield Denial(f"{field.text} == {total} && {field.text}")
        yield Denial(field.text, means="partial")
    elif _FAILED_ONES.fullmatch(field.key) and field.holds(list, dict):
        yield Denial(field.text, means="partial")


def parts_of(
    fields: Iterable[Field], known: Mapping[str, str]
) -> Iterator[tuple[str, tuple[Denial, ...]]]:
    """Yield each list of objects some of which speak against a success, and what does in them."""
    for field in fields:
        if not field.holds(list) or is_part(field) or _NO_PARTS.fullmatch(field.key):
            continue
        items = [each for value in field.values for each in value if isinstance(each, dict)]
        inner = [each for each in fields_of([Sample(each) for each in items]) if not each.parent]
        against = tuple(_of_part(inner, known))
        if against:
            yield field.text, against


def _of_part(fields: Iterable[Field], known: Mapping[str, str]) -> Iterator[Denial]:
    for field in fields:
        if _is_error(field):
            yield Denial(field.text)
        elif field.key in SUCCESS_WORDS and field.holds(bool):
            yield Denial(field.text, (False,))
        elif is_named(field) and field.holds(str):
            words = dict.fromkeys(value.strip() for value in field.values if is_word(value))
            bad = tuple(
                each for each in words if meaning_of(each, known) in {"failed", "cancelled"}
            )
            if bad:
                yield Denial(field.text, bad)


def _is_error(field: Field) -> bool:
    """Tell whether *field* says what went wrong, or is the empty list in which that would be."""
    has_room = any(each in ([], {}) for each in field.found.values())
    return _OTHER_ERROR.fullmatch(field.key) is not None and (
        has_room or field.holds(str, dict, list)
    )


def _is_used(path: str, used: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(path)}(?![\w.])", used) is not None
