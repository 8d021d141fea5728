"""What each operation of a run is called, so that those that differ look different.

Decides that an operation is called by its API's name for it, else by what was typed, or by
its id if that was a URL or a path; where that is the same for several, by the parts of the
reference, or the parameters, that tell it from theirs; and that a name which does not fit is
cut where it is like the others. A query is never part of a name: it may hold a key.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.output.text.clean import PLAIN, Show, cells, cut, elide
from opwatch.output.text.sentences import display_name, name_and_id

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from opwatch.domain.operation import Operation, Target

Key: TypeAlias = tuple[str, str, str, str]

LONGEST: Final = 80
ID: Final = "id"
CROWD: Final = 1000
"""More names than this are not compared with each other: a frame may not take that long."""
ROUNDS: Final = 3
HEAD: Final = 3
"""Cells of the beginning that a name keeps, however alike the beginnings are."""
CONTEXT: Final = 3
"""Cells of what is alike that stand before what differs, if there is room."""


def key_of(operation: Operation) -> Key:
    """Return what distinguishes *operation* from all others of the run."""
    return key_of_target(operation.target)


def key_of_target(target: Target) -> Key:
    """Return what distinguishes the operation of *target* from all others of the run."""
    beside = (f"{name}={value}" for name, value in sorted(target.params.items()) if name != ID)
    return target.profile, target.origin, target.reference, " ".join(beside)


class Names:
    """The names of the operations that were added, each as *show* shows it."""

    def __init__(
        self, show: Show = PLAIN, operations: Iterable[Operation] = (), *, with_ids: bool = False
    ) -> None:
        self.show = show
        self._call = name_and_id if with_ids else display_name
        self._own: set[Key] = set()
        self._plain: dict[Key, str] = {}
        self._names: Mapping[Key, str] = {}
        self._fitted: dict[int, Mapping[Key, str]] = {}
        self._widest = 1
        self._start = 0
        for each in operations:
            self.add(each)

    def add(self, operation: Operation) -> None:
        """Take in what *operation* is called."""
        key = key_of(operation)
        has_own = bool(operation.reading and operation.reading.name)
        if key in self._plain and not has_own:
            return
        name = self._call(operation, self.show, None)
        if self._plain.get(key) != name:
            self._plain[key] = name
            self._names, self._fitted = {}, {}
        if has_own:
            self._own.add(key)

    @property
    def widest(self) -> int:
        """The cells of the longest name."""
        self._settle()
        return self._widest

    def of(self, operation: Operation, limit: int = LONGEST) -> str:
        """Return the name of *operation* in at most *limit* cells."""
        self._settle()
        if len(self._names) > CROWD:
            return self._of_crowd(operation, limit)
        if limit not in self._fitted:
            self._fitted[limit] = told_apart(self._names, limit, ellipsis=self.show.ellipsis)
        return self._fitted[limit].get(key_of(operation)) or elide(
            display_name(operation, self.show, None), limit, ellipsis=self.show.ellipsis
        )

    def _of_crowd(self, operation: Operation, limit: int) -> str:
        """Return the name of *operation*, cut where all are alike: one look at it only."""
        name = self._names.get(key_of(operation)) or display_name(operation, self.show, None)
        if cells(name) <= limit or self._start <= HEAD:
            return elide(name, limit, ellipsis=self.show.ellipsis)
        return _cut_before(name, self._start, limit, self.show.ellipsis)

    def _settle(self) -> None:
        """Find the names anew, if operations were added."""
        if self._names or not self._plain:
            return
        names = dict(self._plain)
        for same in _alike(names):
            for key, part in zip(same, _differing([key[2] for key in same]), strict=True):
                shown = self.show(part, None)
                if key in self._own:
                    shown = f"{names[key]} {shown}".strip()
                names[key] = shown or names[key]
        for same in _alike(names):
            if len({key[2] for key in same}) > 1:
                names |= {key: f"{names[key]} #{at}" for at, key in enumerate(same, 1)}
            elif len({key[3] for key in same}) == len(same):
                names |= {key: f"{names[key]} {self.show(key[3], None)}" for key in same}
        self._names = names
        self._start = _start_of_difference(list(names.values()))
        self._widest = min(LONGEST, max(map(cells, names.values()), default=1))


def told_apart(names: Mapping[Key, str], limit: int, *, ellipsis: str = "…") -> Mapping[Key, str]:
    """Return *names* in at most *limit* cells; those that differ look different if they can."""
    short = {key: elide(name, limit, ellipsis=ellipsis) for key, name in names.items()}
    for _ in range(ROUNDS):
        groups = [same for same in _alike(short) if len({names[key] for key in same}) > 1]
        for same in groups:
            start = _start_of_difference([names[key] for key in same])
            for key in same:
                short[key] = _cut_before(names[key], start, limit, ellipsis)
    return short


def _cut_before(name: str, start: int, limit: int, ellipsis: str) -> str:
    """Return *name* in *limit* cells, with what begins at *start*, and as much before as fits."""
    for context in (CONTEXT, 0):
        tail = name[max(0, start - context) :]
        room = limit - cells(tail)
        if room >= HEAD + cells(ellipsis):
            return cut(name, room, ellipsis=ellipsis) + tail
    head = name[: HEAD if limit > 4 * HEAD else 0] + ellipsis
    return head + elide(name[start:], max(1, limit - cells(head)), ellipsis=ellipsis)


def _alike(names: Mapping[Key, str]) -> list[list[Key]]:
    """Return the keys that have the same name, in groups of more than one."""
    found: defaultdict[str, list[Key]] = defaultdict(list)
    for key, name in names.items():
        found[name].append(key)
    return [same for same in found.values() if len(same) > 1]


def _differing(references: Sequence[str]) -> list[str]:
    """Return the parts of each of *references* in which it differs from the others."""
    split = [each.partition("?")[0].split("/") for each in references]
    shortest = min(map(len, split))
    first = next((i for i in range(shortest) if _differ(each[i] for each in split)), shortest)
    rest = shortest - first
    last = next((i for i in range(1, rest + 1) if _differ(each[-i] for each in split)), rest + 1)
    return ["/".join(each[first : len(each) - last + 1]) for each in split]


def _start_of_difference(names: Sequence[str]) -> int:
    """Return how many characters all of *names* begin with alike."""
    first, last = min(names), max(names)
    return next((i for i, char in enumerate(first) if char != last[i : i + 1]), len(first))


def _differ(parts: Iterable[Hashable]) -> bool:
    return len(set(parts)) > 1
