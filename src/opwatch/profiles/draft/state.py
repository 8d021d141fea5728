"""How an answer shows whether an operation has ended, and how.

Decides what each status word in the samples means, and which rules must come
before the words. In doubt an operation goes on: a word that may mean either end is
left to a rule, or to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.flags import by_bad_ends, by_flag, is_bare, running_rules
from opwatch.profiles.draft.rules import (
    DraftRule,
    by_counts,
    by_http,
    by_text,
    counted_failures,
    error_rules,
    errors_of,
    is_one_of,
    is_over,
    while_accepted,
)
from opwatch.profiles.draft.status import StatusPlace, find_status, is_part, is_word, numbers_of
from opwatch.profiles.draft.words import READY, Seen, meaning_of, not_ends, stem
from opwatch.profiles.language.expressions import is_empty, spelling

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from opwatch.profiles.draft.samples import Field, Sample

_PLAIN_ENDS: Final = ("completed", "done", "finished")


class Decision(NamedTuple):
    """Where the *status* word is, the bucket of each word seen, and the *rules* before them.

    A word whose bucket is None may mean several things. *status* holds
    expressions of which the first that finds something counts. *neutral* words mean
    that it is over; how it ended is reported elsewhere. *notes* are what a person
    should know of the words. *is_guessable* means that usual words may be added for
    a success that no sample shows.
    """

    status: tuple[str, ...] = ()
    words: Mapping[str | int, str | None] = {}
    rules: tuple[DraftRule, ...] = ()
    neutral: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    is_guessable: bool = True

    @property
    def is_complete(self) -> bool:
        """Tell whether a success can be recognised."""
        return bool(self.status) or any(rule.state == "succeeded" for rule in self.rules)


def decide(
    fields: Sequence[Field],
    samples: Sequence[Sample],
    known: Mapping[str, str],
    *,
    operations: Mapping[int, Hashable],
    named: str = "",
    chosen: str = "",
) -> Decision:
    """Return how *fields* show the state; *known* are the meanings of words.

    *operations* are those that the samples are about, by number. *named* is where the id is,
    *chosen* the path that a person named for the status word.
    """
    place = find_status(fields, known, len(samples), chosen)
    if place.status:
        found = _by_word(place, fields, known, operations)
        return found._replace(rules=(*while_accepted(samples), *found.rules))
    if place.outcome and place.outcome[0]:
        return _by_outcome(place.outcome[0], fields, known)
    rules = by_flag(fields)
    numbers = numbers_of(fields)
    if numbers and is_bare(fields):
        seen = sorted({value for field in numbers for value in field.values})
        unclear: dict[str | int, str | None] = dict.fromkeys(seen)
        return Decision((numbers[0].text,), unclear, notes=(_NUMBERS,), is_guessable=False)
    return Decision(rules=rules or by_http(samples, named) or by_bad_ends(fields))


_NUMBERS: Final = "the states are numbers, and the samples do not show what each means"
_OF_A_PART: Final = "the word is about a part, whose success is not yet that of the whole"
_ENVELOPE: Final = "such a word may mean only that the request succeeded"
_GOES_ON: Final = "the same operation goes on after it in a later sample, so it seems to be no end"
_READY: Final = f"'{READY}' may mean that it has ended, or that it waits to be started"


def _by_word(
    place: StatusPlace,
    fields: Sequence[Field],
    known: Mapping[str, str],
    operations: Mapping[int, Hashable],
) -> Decision:
    first = place.status[0]
    pairs = [_pair(*each) for each in zip(place.status, place.outcome, strict=True)]
    neutral = frozenset().union(*(each.neutral for each in pairs))
    seen = [value for each in pairs for value in each.seen if value not in neutral]
    status = pairs[0].text
    meanings = _meanings(seen, known)
    passed = not_ends(_history(place, fields, operations), known) & meanings.keys()
    meanings.update(dict.fromkeys(passed))
    notes = (*_withdraw_successes(place, meanings), *([_GOES_ON] if passed else ()))
    ends = _without(meanings, passed)
    rules = counted_failures(status, ends, fields)
    rules = rules or error_rules(status, ends, first, fields)
    rules += list(pairs[0].rules) or by_counts(status, ends, fields)
    rules = running_rules(fields) + rules
    unlisted = neutral | _decided_by_counts(rules, ends)
    is_guessable = not (is_part(first) or place.is_envelope)
    words, texts = _without(meanings, unlisted), tuple(each.text for each in pairs)
    return Decision(texts, words, tuple(rules), unlisted, notes, is_guessable)


def _history(
    place: StatusPlace, fields: Sequence[Field], operations: Mapping[int, Hashable]
) -> Iterator[Seen]:
    """Yield the word of each sample that has one: the outcome's where there is an outcome."""
    failing = {index for error in errors_of(fields) for index, value in error.found.items()
               if not is_empty(value)}  # fmt: skip
    for index, operation in operations.items():
        words = (_word_at(index, *each) for each in zip(place.status, place.outcome, strict=True))
        word = next((each for each in words if each), None)
        if word:
            yield Seen(operation, word, index in failing)


def _word_at(index: int, status: Field, outcome: Field | None) -> str | None:
    word, how = (each.found.get(index) if each else None for each in (status, outcome))
    found = how if is_over(word) and is_word(how) else word
    return found.strip() if isinstance(found, str) else None


class _Pair(NamedTuple):
    """How a status is read with the outcome beside it, and the words that may result."""

    text: str
    seen: tuple[object, ...]
    neutral: frozenset[str] = frozenset()
    rules: tuple[DraftRule, ...] = ()


def _pair(status: Field, outcome: Field | None) -> _Pair:
    seen = tuple(status.values)
    if outcome is None:
        return _Pair(status.text, seen)
    ended = {index for index in outcome.found if is_over(status.found.get(index))}
    neutral = frozenset(status.found[index] for index in ended)
    ends = neutral or frozenset(_PLAIN_ENDS)
    if not all(map(is_word, outcome.values)):
        return _Pair(status.text, seen, neutral, tuple(by_text(status.text, ends, outcome)))
    text = f"{is_one_of(status.text, ends)} && {outcome.text} || {status.text}"
    return _Pair(text, (*seen, *(outcome.found[index] for index in sorted(ended))), neutral)


def _by_outcome(outcome: Field, fields: Sequence[Field], known: Mapping[str, str]) -> Decision:
    """Return how an API is read that names the outcome, and has a flag while it goes on."""
    meanings = _meanings([value for value in outcome.values if is_word(value)], known)
    return Decision((outcome.text,), meanings, tuple(running_rules(fields)))


def _meanings(seen: Iterable[object], known: Mapping[str, str]) -> dict[str | int, str | None]:
    by_spelling = {spelling(each): each.strip() for each in seen if isinstance(each, str)}
    return {word: meaning_of(word, known) for word in by_spelling.values() if is_word(word)}


def _withdraw_successes(
    place: StatusPlace, meanings: dict[str | int, str | None]
) -> tuple[str, ...]:
    """Take back in *meanings* the successes that may not be; return why."""
    notes = []
    good = [word for word, bucket in meanings.items() if bucket in {"succeeded", "partial"}]
    for doubt, why in ((is_part(place.status[0]), _OF_A_PART), (place.is_envelope, _ENVELOPE)):
        if doubt:
            meanings.update(dict.fromkeys(good))
            notes.append(why)
    for word in meanings:
        if spelling(stem(str(word))) != READY:
            continue
        if "pending" in meanings.values() and "succeeded" not in meanings.values():
            meanings[word] = "succeeded"  # no other word is a success, and another one waits
        else:
            notes.append(_READY)
    return tuple(notes)


def _decided_by_counts(
    rules: Iterable[DraftRule], meanings: Mapping[str | int, str | None]
) -> frozenset[str]:
    """Return the words that mean only that it is over, where *rules* decide by counts."""
    if not any(rule.state == "succeeded" and not rule.partial for rule in rules):
        return frozenset()
    words = (str(word) for word, bucket in meanings.items() if bucket is None)
    return frozenset(word for word in words if is_over(word))


def _without(
    meanings: Mapping[str | int, str | None], neutral: frozenset[str]
) -> dict[str | int, str | None]:
    return {word: bucket for word, bucket in meanings.items() if word not in neutral}
