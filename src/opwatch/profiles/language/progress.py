"""The ``progress`` of an operation, in the forms in which APIs report it.

Decides what counts as a percentage in [0, 100] or as a count. What cannot be
read strictly is unknown, never guessed (faults 72 and 73), and none of it ever
decides a state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from opwatch.domain.moments import number_of
from opwatch.profiles.language.paths import LOOKUP, AnswerView, Lookup
from opwatch.profiles.language.scalars import EXPRESSION, PATTERN
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.patterns import BoundedPattern

WHOLE: Final = 100.0
_OVERSHOOT: Final = 101.0
_PERCENT: Final = r"(?a)\s*(\d{1,3}(?:\.\d{1,15})?)\s*%\s*"


class Progress(NamedTuple):
    """A *percent* in [0, 100], or a number *so_far* without a total; None means unknown."""

    percent: float | None = None
    so_far: int | None = None


NONE: Final = Progress()


class Percent(NamedTuple):
    """A number out of *whole*: 100, or 1 for a ratio."""

    path: Lookup
    whole: float = WHOLE

    def measure(self, view: AnswerView) -> Progress:
        """Return the progress in *view*."""
        value = self.path.first(view)
        match = re.fullmatch(_PERCENT, value) if isinstance(value, str) else None
        found = number_of(match[1] if match else value)
        return Progress(None if found is None else _bounded(found * WHOLE / self.whole))


class Sums(NamedTuple):
    """The sum of *done* out of the sum of *total*."""

    done: tuple[Lookup, ...]
    total: tuple[Lookup, ...]

    def measure(self, view: AnswerView) -> Progress:
        """Return the progress in *view*."""
        return _fraction(_sum(self.done, view), _sum(self.total, view))


class Count(NamedTuple):
    """A number of finished items, without a total."""

    path: Lookup

    def measure(self, view: AnswerView) -> Progress:
        """Return the progress in *view*."""
        found = number_of(self.path.first(view))
        return Progress(so_far=int(found)) if found is not None and found >= 0 else NONE


class InText(NamedTuple):
    """The last match of *regex* in a text: a percentage, or ``done`` and ``total``."""

    regex: BoundedPattern
    path: Lookup

    def measure(self, view: AnswerView) -> Progress:
        """Return the progress in *view*."""
        text = self.path.first(view)
        if not isinstance(text, str):
            return NONE
        last = self.regex.last(text)
        if last is None:
            return NONE
        groups = last.groupdict()
        if "done" in groups and "total" in groups:
            return _fraction(number_of(groups["done"]), number_of(groups["total"]))
        found = number_of(last[1] if self.regex.has_groups else last[0])
        return Progress(None if found is None else _bounded(found))


class FinishedItems(NamedTuple):
    """How many of the *items* of a list are *finished*."""

    items: Lookup
    finished: Expression

    def measure(self, view: AnswerView) -> Progress:
        """Return the progress in *view*."""
        items = self.items.first(view)
        if not isinstance(items, list):
            return NONE
        return _fraction(sum(map(self.finished.holds, items)), len(items))


Form: TypeAlias = Percent | Sums | Count | InText | FinishedItems


def _bounded(percent: float) -> float | None:
    """Return *percent*, with tolerance for rounding above 100; None if out of range."""
    return min(percent, WHOLE) if 0 <= percent <= _OVERSHOOT else None


def _fraction(done: float | None, total: float | None) -> Progress:
    if done is None or total is None or total <= 0 or done < 0:
        return NONE
    return Progress(min(WHOLE, done * WHOLE / total))


def _sum(paths: Iterable[Lookup], view: AnswerView) -> float | None:
    found = [number_of(path.first(view)) for path in paths]
    known = [each for each in found if each is not None]
    return sum(known) if known else None


def measure_progress(forms: Iterable[Form], view: AnswerView) -> Progress:
    """Return what the first of *forms* that finds any progress finds."""
    for form in forms:
        found = form.measure(view)
        if found != NONE:
            return found
    return NONE


def _form(make: Callable[..., Form], **keys: Key) -> RecordOf[Form]:
    return RecordOf(make, "'progress'", keys)


_LIST: Final = Key(LOOKUP, required=True)
_PATH: Final = Key(LOOKUP, required=True, field="path")
_PATHS: Final = Key(ListOf(LOOKUP, or_one=True, least=1), "added up", required=True)
_COUNT: Final = Key(LOOKUP, "a number without a total", required=True, field="path")
_FORM: Final[OneOf[Form]] = OneOf(
    "a form of progress",
    {
        "scalar": Conversion(EXPRESSION, lambda path: Percent(Lookup((path,)))),
        "percent": _form(Percent, percent=_PATH),
        "ratio": _form(lambda path: Percent(path, 1.0), ratio=_PATH),
        "done": _form(Sums, done=_PATHS, total=_PATHS),
        "count": _form(Count, count=_COUNT),
        "regex": _form(InText, **{"regex": Key(PATTERN, required=True), "in": _PATH}),
        "items": _form(FinishedItems, items=_LIST, finished=Key(EXPRESSION, required=True)),
    },
)
PROGRESS: Final = ListOf(_FORM, or_one=True, least=1)
