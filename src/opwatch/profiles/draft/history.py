"""What the order of the samples shows: a word that the same operation goes on after is no end.

Decides whether samples are the history of an operation, or examples of how it may end.
An operation ends once. So where one kind of end alone is followed by a word that goes on,
the samples are its history and that end was none; where several kinds are, they are
examples, whose order says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.words import TERMINAL, may_be_end, meaning_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

_GOES_ON: Final = frozenset({"pending", "running", "blocked"})
_EITHER: Final = "either"


class Seen(NamedTuple):
    """The *word* of a sample of *operation*, and whether an error is beside it."""

    operation: Hashable
    word: str
    has_error: bool = False


def not_ends(seen: Iterable[Seen], known: Mapping[str, str]) -> frozenset[str]:
    """Return the words in *seen*, in the order of the samples, that by *known* would be ends.

    And are none, for a later sample of the same operation goes on.
    """
    histories: dict[Hashable, list[Seen]] = defaultdict(list)
    for each in seen:
        histories[each.operation].append(each)
    return frozenset().union(*(_passed(each, known) for each in histories.values()))


def _passed(history: Sequence[Seen], known: Mapping[str, str]) -> frozenset[str]:
    kinds = [_kind(each.word, known) for each in history]
    after = len(list(takewhile(lambda kind: kind not in _GOES_ON, reversed(kinds))))
    ends = [
        (index, each, kind)
        for index, (each, kind) in enumerate(zip(history, kinds, strict=True))
        if kind in TERMINAL or kind == _EITHER
    ]
    early = [(each, kind) for index, each, kind in ends if index < len(history) - after]
    late = [(each, kind) for index, each, kind in ends if index >= len(history) - after]
    if any(len({(kind, each.has_error) for each, kind in part}) > 1 for part in (early, late)):
        return frozenset()
    return frozenset(each.word for each, _ in early)


def _kind(word: str, known: Mapping[str, str]) -> str | None:
    bucket = meaning_of(word, known)
    return bucket or (_EITHER if may_be_end(word) else None)
