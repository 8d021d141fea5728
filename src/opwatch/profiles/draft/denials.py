"""What beside a word of success speaks against it, as far as the samples show.

Decides which further fields a success is held against: another status or outcome that
was seen to mean something else, an error of something else, a flag for a bad end. Whether
they really make less of a success only the vendor knows, so they leave it undecided.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.flags import FAILED
from opwatch.profiles.draft.rules import CANCELLED
from opwatch.profiles.draft.status import is_named, is_part, is_word
from opwatch.profiles.draft.words import meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opwatch.profiles.draft.samples import Field

_OUTCOME: Final = re.compile(r".*(?:conclusion|outcome|result|verdict)")
_OTHER_ERROR: Final = re.compile(r".*error|errors|failures?|(?:failure|failed|rejection)reason")
_EARLIER: Final = re.compile(r"(?:previous|prior|parent|last|inner).+")
_FLAGS: Final = CANCELLED | FAILED | {"skipped", "isskipped", "blocked", "isblocked", "timedout"}
_OTHERWISE: Final = frozenset({"failed", "cancelled", "pending", "running", "blocked"})


class Denial(NamedTuple):
    """A field that speaks against a success where it is one of *values*, or whatever it is."""

    path: str
    values: tuple[str | bool, ...] = ()


def denials_of(fields: Iterable[Field], known: Mapping[str, str], used: str) -> Iterator[Denial]:
    """Yield what of *fields* speaks against a success; *used* are the expressions that decide.

    *known* are the meanings of words.
    """
    for field in fields:
        if _is_used(field.text, used) or is_part(field) or _EARLIER.fullmatch(field.key):
            continue
        if field.key in _FLAGS and field.holds(bool):
            yield Denial(field.text, (True,))
        elif _OTHER_ERROR.fullmatch(field.key) and field.holds(str, dict, list):
            yield Denial(field.text)
        elif is_named(field) or _OUTCOME.fullmatch(field.key):
            words = dict.fromkeys(value.strip() for value in field.values if is_word(value))
            against = tuple(each for each in words if meaning_of(each, known) in _OTHERWISE)
            if against:
                yield Denial(field.text, against)


def _is_used(path: str, used: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(path)}(?![\w.])", used) is not None
