"""How the samples tell whether an operation has ended, and how.

Decides, out of sample answers, where the status word is, what each word means,
and which rules must come before the words. In doubt an operation goes on: a
word that may mean either end is left to a rule, or to the person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.expressions import spelling
from opwatch.profiles.ruling import (
    Rule,
    by_flag,
    by_http,
    counted_failures,
    doubtful_ends,
    is_over,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.samples import Field, Sample

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z _-]{0,38}[A-Za-z]", re.ASCII)
_STATUS: Final = re.compile(r"(?:.*(?:status|state|phase)|(?:status|state)type)")
_OUTCOME: Final = frozenset({"conclusion", "result", "resultstate", "outcome", "finalstatus"})
_INSIDE: Final = frozenset({"id", "name", "value", "phase", "type", "state", "status"})
_LEAST: Final = 7.0
_TOPMOST: Final = 2


class Decision(NamedTuple):
    """Where the *status* word is, the bucket of each word seen, and the *rules* before them.

    A word whose bucket is None may mean several things. *status* holds
    expressions of which the first that finds something counts. *hollow* words
    say that it is over; how, is said elsewhere.
    """

    status: tuple[str, ...] = ()
    words: Mapping[str, str | None] = {}
    rules: tuple[Rule, ...] = ()
    hollow: frozenset[str] = frozenset()


def decide(
    fields: Sequence[Field],
    samples: Sequence[Sample],
    known: Mapping[str, str],
    *,
    named: str = "",
    chosen: str = "",
) -> Decision:
    """Return how *fields* tell the state; *known* are the meanings of words.

    *named* is where the id is, *chosen* the path that a person says the status
    word is at.
    """
    words = _words_of(fields)
    mine = [field for field in words if field.text == chosen]
    status = _covering(mine or _ranked(words, known, len(samples)), len(samples))
    if status:
        return _by_word(status, words, fields, known)
    return Decision(rules=by_flag(fields) or by_http(samples, named))


def candidates(fields: Sequence[Field]) -> list[str]:
    """Return the paths at which a status word could be."""
    return [field.text for field in _words_of(fields)]


def _words_of(fields: Iterable[Field]) -> list[Field]:
    return [field for field in fields if field.holds(str) and all(map(_is_word, field.values))]


def _is_word(value: str) -> bool:
    return bool(_WORD.fullmatch(value.strip())) and len(value.split()) <= 4  # noqa: PLR2004, no sentence


def _ranked(words: Iterable[Field], known: Mapping[str, str], count: int) -> list[Field]:
    scored = ((_score(field, known, count), field) for field in words)
    likely = [(score, field) for score, field in scored if score >= _LEAST]
    return [field for _, field in sorted(likely, key=lambda each: -each[0])]


def _score(field: Field, known: Mapping[str, str], count: int) -> float:
    if field.key in _OUTCOME:
        return 0.0
    inside = field.key in _INSIDE and len(field.path) > 1
    about = spelling(field.path[-2]) if inside else field.key
    named = (
        6.0
        if field.key in {"status", "state", "phase"}
        else 5.0
        if _STATUS.fullmatch(about)
        else 0.0
    )
    seen = {spelling(value) for value in field.values}
    share = sum(word in known for word in seen) / len(seen)
    return named + 6 * share + 4 * len(field.found) / count - len(field.path)


def _covering(ranked: Sequence[Field], count: int) -> list[Field]:
    """Return the first of *ranked*, and those further ones that speak where it is silent."""
    chosen: list[Field] = []
    silent = set(range(count))
    for field in ranked:
        if silent & field.found.keys() and (not chosen or _STATUS.fullmatch(field.key)):
            chosen.append(field)
            silent -= field.found.keys()
    return chosen[: _TOPMOST + 1]


def _by_word(
    status: Sequence[Field],
    words: Iterable[Field],
    fields: Sequence[Field],
    known: Mapping[str, str],
) -> Decision:
    first = status[0]
    outcome = _outcome_beside(first, words)
    seen = [value for field in status for value in field.values]
    texts = [field.text for field in status]
    hollow: frozenset[str] = frozenset()
    if outcome is not None:
        told = {index for index in outcome.found if is_over(first.found.get(index))}
        hollow = frozenset(first.found[index] for index in told)
        seen = [word for word in seen if word not in hollow]
        seen += [outcome.found[index] for index in sorted(told)]
        texts[0] = f"is_in(lower({first.text}), {quoted(hollow)}) && {outcome.text} || {first.text}"
    spelled = {
        spelling(each): each.strip() for each in seen if isinstance(each, str) and _is_word(each)
    }
    meanings = {word: known.get(key) for key, word in spelled.items()}
    rules = counted_failures(texts[0], meanings, fields)
    rules += doubtful_ends(texts[0], meanings, fields)
    return Decision(tuple(texts), meanings, tuple(rules), hollow)


def _outcome_beside(status: Field, words: Iterable[Field]) -> Field | None:
    """Return the field that says how it ended, where *status* says only that it did."""
    for field in words:
        if field.key in _OUTCOME and field.parent == status.parent:
            told = [index for index in field.found if isinstance(field.found[index], str)]
            if sum(is_over(status.found.get(index)) for index in told) * 2 > len(told):
                return field
    return None
