"""The ``verify`` of a profile: what an end is held against before it is believed.

Decides that all status words of an answer must mean the same end; that a success is
looked at once more for fields that deny, contradict or lessen it, of which the first
decides; that parts which failed make less of it, and all of them leave it undecided;
that zero, nothing and "none" speak against nothing; and that a mere flag is no success
beside an error, whatever the profile says. Names of fields are compared whole, without
regard to case, ``-`` and ``_``: `ok` is not in `token`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.moments import number_of
from opwatch.domain.operation import Contradiction, State
from opwatch.profiles.language.expressions import (
    Expression,
    compile_expression,
    is_empty,
    spelling,
)
from opwatch.profiles.language.paths import LOOKUP, NOWHERE, AnswerView, Lookup
from opwatch.profiles.language.rules import PARTIAL, Meaning, Words, word_key, word_keys
from opwatch.profiles.language.scalars import EXPRESSION, STATUS_WORD, TEXT, number, word
from opwatch.profiles.values import sentence
from opwatch.profiles.yaml.schema import Key, ListOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


UNDECIDED: Final = "undecided"
_MEANS: Final = (UNDECIDED, PARTIAL, "failed", "cancelled")
_NAMES: Final = re.compile(r"\w+(?:\.\w+)*", re.ASCII)
_GOOD_NEWS: Final = frozenset({"0", "false", "none", "null", "noerror"})
_DEEPEST: Final = 4
_SHOWN: Final = 80
_PARTS: Final = 200


class Place(NamedTuple):
    """An object of an answer, its path, and its fields by the spelling of their names."""

    path: str
    item: Any
    fields: dict[str, list[tuple[str, Any]]]


class Field(NamedTuple):
    """Names from an object down to a value; without any, a JMESPath *expression*."""

    expression: Expression
    names: tuple[str, ...] = ()

    def found(self, place: Place) -> Iterator[tuple[str, Any]]:
        """Yield each value in *place*, with its path in the answer."""
        if not self.names:
            path = _join(place.path, _first_name(self.expression.text))
            yield path, self.expression.find(place.item)
            return
        first, *rest = self.names
        for key, value in place.fields.get(first, ()):
            path = _join(place.path, key)
            if not rest:
                yield path, value
            elif isinstance(value, dict):
                inner = self._replace(names=tuple(rest))
                yield from inner.found(Place(path, value, _by_spelling(value)))


class Doubt(NamedTuple):
    """What a success means instead if one of *fields* holds a value that speaks against it.

    *are* and *are_not* hold keys of words, *other_than* a number. With none of them every
    value counts that is no good news.
    """

    fields: tuple[Field, ...]
    means: str = UNDECIDED
    are: frozenset[Any] | None = None
    are_not: frozenset[Any] | None = None
    other_than: float | None = None

    def speaks(self, value: Any) -> bool:
        """Tell whether *value* speaks against a success."""
        if self.are is not None:
            return _is_among(value, self.are)
        if is_good_news(value):
            return False
        if self.other_than is not None:
            found = number_of(value)
            return found is not None and found != self.other_than
        is_scalar = isinstance(value, (str, bool, int, float))
        return self.are_not is None or (is_scalar and not _is_among(value, self.are_not))


class Verification(NamedTuple):
    """Where the status *words* are, and what a success holds *unless* it is true.

    The fields are looked up in the operation itself and *within* further objects of it,
    and in the first of each list of *parts*. Paths in *ignore* say nothing.
    """

    words: Lookup = NOWHERE
    within: tuple[Expression, ...] = ()
    parts: tuple[Expression, ...] = ()
    unless: tuple[Doubt, ...] = ()
    ignore: frozenset[str] = frozenset()

    def examined(self, meaning: Meaning, view: AnswerView, words: Words) -> Meaning:
        """Return *meaning*, or what it is worth by all else that the answer says."""
        if not meaning.state.is_terminal:
            return meaning
        texts = [
            (path, value)
            for path, value in self._heard(
                (_first_name(text), value) for text, value in self.words.each(view)
            )
            if isinstance(value, str) and value.strip()
        ]
        agreeing = [each for each in texts if _agrees(each[1], texts[0][1], meaning, words)]
        said = (agreeing or [(meaning.decided_by, meaning.state.value)])[0]
        other = next((each for each in texts if each not in agreeing), None)
        if other is not None:
            return _undecided("verify.words", said, other)
        if meaning.state is not State.SUCCEEDED:
            return meaning
        return self._doubted(meaning, view.item, said)

    def of_flag(self, meaning: Meaning, view: AnswerView, said: tuple[str, str]) -> Meaning:
        """Return *meaning*, a success by a flag: undecided if an error is beside it.

        That `done` is true says of an operation that it is over, and rarely how. Nor does it
        say much that there is no status. *said* is where and what the flag is.
        """
        found = (
            pair
            for place in self._places(view.item)
            for field in _ERRORS
            for pair in self._heard(field.found(place))
        )
        against = next((pair for pair in found if not is_good_news(pair[1])), None)
        return _undecided("verify", said, _pair(against)) if against else meaning

    def _doubted(self, meaning: Meaning, item: Any, said: tuple[str, str]) -> Meaning:
        found = self._first(list(self._places(item)))
        if found is not None:
            index, against = found
            by = f"verify.unless[{index}]"
            meaning = _lessened(meaning, self.unless[index], by, said, against)
        return self._lessened_by_parts(meaning, item, said)

    def _first(self, places: list[Place]) -> tuple[int, tuple[str, Any]] | None:
        """Return the number of the first doubt that *places* raise, and the field that does."""
        for index, doubt in enumerate(self.unless):
            found = (
                pair
                for place in places
                for field in doubt.fields
                for pair in self._heard(field.found(place))
            )
            against = next((pair for pair in found if doubt.speaks(pair[1])), None)
            if against is not None:
                return index, against
        return None

    def _lessened_by_parts(self, meaning: Meaning, item: Any, said: tuple[str, str]) -> Meaning:
        if meaning.state is not State.SUCCEEDED:
            return meaning
        for each in self.parts:
            found = each.find(item)
            parts = [
                Place(f"{each.text}[{number}]", part, _by_spelling(part))
                for number, part in enumerate(found[:_PARTS] if isinstance(found, list) else ())
                if isinstance(part, dict)
            ]
            against = [doubt[1] for part in parts if (doubt := self._first([part])) is not None]
            if against and len(against) == len(parts):
                return _undecided("verify.parts", said, _pair(against[0]))
            if against and not meaning.partial:
                because = ": ".join(_pair(against[0]))
                meaning = meaning._replace(partial=True, decided_by="verify.parts", because=because)
        return meaning

    def _places(self, item: Any) -> Iterator[Place]:
        found = [("", item), *((each.text, each.find(item)) for each in self.within)]
        for path, value in found:
            if isinstance(value, dict):
                yield Place(path, value, _by_spelling(value))

    def _heard(self, found: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        return (pair for pair in found if spelling(pair[0]) not in self.ignore)


def is_good_news(value: Any, depth: int = 0) -> bool:
    """Tell whether *value* speaks against nothing: zero, nothing, or a list of such values."""
    if isinstance(value, str):
        return is_empty(value) or spelling(value) in _GOOD_NEWS
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return not value or (
            depth < _DEEPEST and all(is_good_news(each, depth + 1) for each in inner)
        )
    return not value


def _is_among(value: Any, keys: frozenset[Any]) -> bool:
    return not isinstance(value, (dict, list)) and not keys.isdisjoint(word_keys(value))


def _by_spelling(item: dict[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for key, value in item.items():
        found.setdefault(spelling(key), []).append((key, value))
    return found


def _first_name(expression: str) -> str:
    """Return the path with which *expression* begins: of ``a.b || c`` it is ``a.b``."""
    found = _NAMES.match(expression)
    return found[0] if found else expression


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _agrees(text: str, first: str, meaning: Meaning, words: Words) -> bool:
    """Tell whether *text* means what was decided; a rule may know a word that no list has."""
    known = words.meaning(text)
    if known is None or not known.is_known:
        return bool(word_key(text) == word_key(first))
    return known.state is meaning.state


def _lessened(
    meaning: Meaning, doubt: Doubt, by: str, said: tuple[str, str], against: tuple[str, Any]
) -> Meaning:
    shown = _pair(against)
    if doubt.means == UNDECIDED:
        return _undecided(by, said, shown)
    because = ": ".join(shown)
    if doubt.means == PARTIAL:
        return meaning._replace(partial=True, decided_by=by, because=because)
    return Meaning(State(doubt.means), by, because=because)


def _undecided(by: str, said: tuple[str, str], against: tuple[str, str]) -> Meaning:
    conflict = Contradiction(*said, *against)
    return Meaning(State.RUNNING, by, is_known=False, contradiction=conflict)


def _pair(found: tuple[str, Any]) -> tuple[str, str]:
    return found[0], (sentence(found[1]) or "")[:_SHOWN]


def _field(expression: Expression) -> Field:
    names = expression.text.split(".") if _NAMES.fullmatch(expression.text) else ()
    return Field(expression, tuple(map(spelling, names)))


_ERRORS: Final = tuple(
    _field(compile_expression(name))
    for name in (
        "error", "errors", "errorMessage", "errorCode", "failure", "failureReason", "exception",
    )
)  # fmt: skip


def _doubt(fields: tuple[Expression, ...], **keys: Any) -> Doubt:
    tests = [name for name in ("are", "are_not", "other_than") if name in keys]
    if len(tests) > 1:
        raise ValueError(f"{tests[0]!r} and {tests[1]!r} exclude each other")
    for name in {"are", "are_not"} & keys.keys():
        keys[name] = frozenset(map(word_key, keys[name]))
    return Doubt(tuple(map(_field, fields)), **keys)


def _verification(ignore: tuple[str, ...] = (), **keys: Any) -> Verification:
    return Verification(**keys, ignore=frozenset(map(spelling, ignore)))


_VALUES: Final = ListOf(STATUS_WORD, or_one=True, least=1)
_DOUBT: Final = RecordOf(
    _doubt,
    "the doubt",
    {
        "fields": Key(
            ListOf(EXPRESSION, or_one=True, least=1), "names of fields, or JMESPath", required=True
        ),
        "are": Key(_VALUES, "the values that count; else all but 0, nothing and 'none'"),
        "are_not": Key(_VALUES, "the values that do not count"),
        "other_than": Key(number(-(10**9), 10**9), "the one number that does not count"),
        "means": Key(word(*_MEANS), "what the success is then; undecided without this key"),
    },
)
VERIFICATION: Final = RecordOf(
    _verification,
    "'verify'",
    {
        "words": Key(LOOKUP, "where status words may be: all must mean the end that is decided"),
        "within": Key(ListOf(EXPRESSION, or_one=True), "further objects with the fields below"),
        "parts": Key(ListOf(EXPRESSION, or_one=True), "lists of objects with the fields below"),
        "unless": Key(ListOf(_DOUBT), "what speaks against a success; the first decides"),
        "ignore": Key(ListOf(TEXT, or_one=True), "fields that say nothing"),
    },
)
