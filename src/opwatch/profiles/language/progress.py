"""How far an operation is, in the forms in which APIs say it.

Decides what is read as a percentage in [0, 100] or as a count. What cannot be
read strictly is unknown, never guessed (faults 72 and 73), and none of it ever
decides a state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opwatch.profiles.language.expressions import MAX_SUBJECT
from opwatch.profiles.language.paths import LOOKUP, Lookup
from opwatch.profiles.language.scalars import EXPRESSION, PATTERN
from opwatch.profiles.values import number
from opwatch.profiles.yaml.schema import Key, ListOf, OneOf, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.paths import AnswerView
    from opwatch.profiles.yaml.nodes import Node
    from opwatch.profiles.yaml.schema import Reader

WHOLE: Final = 100.0
_OVERSHOOT: Final = 101.0
_PERCENT: Final = r"(?a)\s*(\d{1,3}(?:\.\d{1,15})?)\s*%\s*"


class Progress(NamedTuple):
    """A *percent* in [0, 100], or a number *so_far* without a total; None is unknown."""

    percent: float | None = None
    so_far: int | None = None


NONE: Final = Progress()


class Percent(NamedTuple):
    """A number of which *whole* is everything: 100, or 1 for a ratio."""

    path: Lookup
    whole: float = WHOLE

    def read(self, scene: AnswerView) -> Progress:
        """Return the progress of *scene*."""
        value = self.path.first(scene)
        match = re.fullmatch(_PERCENT, value) if isinstance(value, str) else None
        found = number(match[1] if match else value)
        return Progress(None if found is None else _bounded(found * WHOLE / self.whole))


class Sums(NamedTuple):
    """The sum of *done* out of the sum of *total*."""

    done: tuple[Lookup, ...]
    total: tuple[Lookup, ...]

    def read(self, scene: AnswerView) -> Progress:
        """Return the progress of *scene*."""
        done, total = _sum(self.done, scene), _sum(self.total, scene)
        return _fraction(done, total) if done is not None and total is not None else NONE


class Count(NamedTuple):
    """A number of finished things whose total nobody knows."""

    path: Lookup

    def read(self, scene: AnswerView) -> Progress:
        """Return the progress of *scene*."""
        found = number(self.path.first(scene))
        return Progress(so_far=int(found)) if found is not None and found >= 0 else NONE


class InText(NamedTuple):
    """The last match of *regex* in a text: a percentage, or ``done`` and ``total``."""

    regex: re.Pattern[str]
    path: Lookup

    def read(self, scene: AnswerView) -> Progress:
        """Return the progress of *scene*."""
        text = self.path.first(scene)
        if not isinstance(text, str):
            return NONE
        last = None
        for last in self.regex.finditer(text[-MAX_SUBJECT:]):  # noqa: B007, the last one counts
            pass
        if last is None:
            return NONE
        groups = last.groupdict()
        if "done" in groups and "total" in groups:
            return _fraction(number(groups["done"]), number(groups["total"]))
        found = number(last[1] if last.re.groups else last[0])
        return Progress(None if found is None else _bounded(found))


class Finished(NamedTuple):
    """How many of the *items* of a list are *finished*."""

    items: Lookup
    finished: Expression

    def read(self, scene: AnswerView) -> Progress:
        """Return the progress of *scene*."""
        items = self.items.first(scene)
        if not isinstance(items, list):
            return NONE
        return _fraction(sum(map(self.finished.holds, items)), len(items))


Form: TypeAlias = Percent | Sums | Count | InText | Finished


def _bounded(percent: float) -> float | None:
    """Return *percent*, forgiving a rounding above 100; out of range is unknown."""
    return min(percent, WHOLE) if 0 <= percent <= _OVERSHOOT else None


def _fraction(done: float | None, total: float | None) -> Progress:
    if done is None or total is None or total <= 0 or done < 0:
        return NONE
    return Progress(min(WHOLE, done * WHOLE / total))


def _sum(paths: Iterable[Lookup], scene: AnswerView) -> float | None:
    found = [number(path.first(scene)) for path in paths]
    known = [each for each in found if each is not None]
    return sum(known) if known else None


def read_progress(forms: Iterable[Form], scene: AnswerView) -> Progress:
    """Return what the first of *forms* that can be read says."""
    for form in forms:
        found = form.read(scene)
        if found != NONE:
            return found
    return NONE


def _ratio(ratio: Lookup) -> Percent:
    return Percent(ratio, 1.0)


def _percent(percent: Lookup) -> Percent:
    return Percent(percent)


def _count(count: Lookup) -> Count:
    return Count(count)


def _form(make: Callable[..., Form], **keys: Key) -> Record[Form]:
    return Record(make, "'progress'", keys)


def _in_text(**keys: Any) -> InText:
    return InText(keys["regex"], keys["in"])


class _Plain:
    """A path alone is a percentage."""

    def read(self, node: Node, reader: Reader) -> Form:
        """Return it."""
        return Percent(LOOKUP.read(node, reader))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return EXPRESSION.schema()


_PATH: Final = Key(LOOKUP, required=True)
_PATHS: Final = Key(ListOf(LOOKUP, or_one=True, least=1), "added up", required=True)
_COUNT: Final = Key(LOOKUP, "a number without a total", required=True)
_FORM: Final[OneOf[Form]] = OneOf(
    "a form of progress",
    {
        "scalar": _Plain(),
        "percent": _form(_percent, percent=_PATH),
        "ratio": _form(_ratio, ratio=_PATH),
        "done": _form(Sums, done=_PATHS, total=_PATHS),
        "count": _form(_count, count=_COUNT),
        "regex": _form(_in_text, **{"regex": Key(PATTERN, required=True), "in": _PATH}),
        "items": _form(Finished, items=_PATH, finished=Key(EXPRESSION, required=True)),
    },
)
PROGRESS: Final = ListOf(_FORM, or_one=True, least=1)
