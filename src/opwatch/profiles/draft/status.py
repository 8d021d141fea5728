"""Where in the samples the status word is.

Decides it by the name of a field and by the words in it. A word about a part,
about an earlier state, or about the request itself is passed over for one about
the operation. Where two fields report the state together, one shows that it is
over and the other how.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.profiles.draft.flags import done_of, flag_of
from opwatch.profiles.draft.rules import SUCCESS_WORDS, is_over
from opwatch.profiles.draft.words import TERMINAL, meaning_of
from opwatch.profiles.language.expressions import spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.draft.samples import Field

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z _-]{0,38}[A-Za-z]", re.ASCII)
_MOST_WORDS: Final = 4
_STATUS: Final = re.compile(r"(?:.*(?:status|state|phase)|(?:status|state)type)")
_NUMBERED: Final = re.compile(r".*(?:status|state|phase)(?:code)?")
_OUTCOME: Final = frozenset(
    {"conclusion", "result", "resultstate", "outcome", "finalstatus", "exitstatus"}
)
_SURE_OUTCOME: Final = _OUTCOME - {"result"}
_DETAILS: Final = re.compile(r".*(?:termination|outcome|result|exit).*")
_INSIDE: Final = frozenset({"id", "name", "value", "phase", "type", "state", "status"})
_IS_PART: Final = re.compile(r"(?:.*(?:stage|step|attempt)|(?:previous|parent|last).+)s?")
_NO_STATUS: Final = frozenset({"code", "message", "msg", "reason", "level", "severity"})
_ENVELOPES: Final = frozenset({"data", "result", "results", "response", "payload", "body"})
_MOST: Final = 3
_LARGEST: Final = 99


class StatusPlace(NamedTuple):
    """The fields of the *status*, and for each the *outcome* beside it, if there is one.

    Without a status there may be an outcome. *is_envelope* means that the word
    may be about the request.
    """

    status: tuple[Field, ...] = ()
    outcome: tuple[Field | None, ...] = ()
    is_envelope: bool = False


def find_status(
    fields: Sequence[Field], known: Mapping[str, str], count: int, chosen: str
) -> StatusPlace:
    """Return where the state is in *fields* of *count* samples.

    *known* are the meanings of words, *chosen* is the path that a person named.
    """
    words = words_of(fields)
    mine = [field for field in (*words, *numbers_of(fields)) if field.text == chosen]
    ranked = mine or _rank(words, known)
    if not ranked:
        return StatusPlace(outcome=_lone_outcome(fields))
    done = done_of(fields)
    if not mine and done is not None and len(ranked[0].found) * 2 < len(done.found):
        return StatusPlace()
    is_envelope = not mine and _is_envelope(ranked[0], fields)
    first, outcome = _pair_outcome(ranked, fields, known)
    rest = [each for each in ranked if each not in (first, outcome)]
    status = _cover([first, *rest], count)
    others = [_outcome_beside(each, fields) for each in status[1:]]
    return StatusPlace(tuple(status), (outcome, *others), is_envelope)


def words_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that hold nothing but what could be a status word."""
    return [field for field in fields if field.holds(str) and all(map(is_word, field.values))]


def numbers_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that hold small numbers, and are called a state."""
    named = (each for each in fields if _NUMBERED.fullmatch(each.key) and each.holds(int))
    return [each for each in named if all(0 <= value <= _LARGEST for value in each.values)]


def is_word(value: Any) -> bool:
    """Tell whether *value* could be a status word: a text that is not a sentence."""
    return (
        isinstance(value, str)
        and bool(_WORD.fullmatch(value.strip()))
        and len(value.split()) <= _MOST_WORDS
    )


def is_part(field: Field) -> bool:
    """Tell whether *field* is inside a part of the operation, or inside another operation."""
    return any(_IS_PART.fullmatch(spelling(key)) for key in field.parent)


def _rank(words: Sequence[Field], known: Mapping[str, str]) -> list[Field]:
    """Return the likely ones of *words*: the best known first, then those that go on most often."""
    worth = {field.path: _worth(field, known) for field in words}
    likely = [field for field in words if worth[field.path] > 0]
    goes_on = {each.path: sum(_goes_on(value, known) for value in each.found.values())
               for each in likely}  # fmt: skip
    return sorted(likely, key=lambda field: (-worth[field.path], -goes_on[field.path]))


def _worth(field: Field, known: Mapping[str, str]) -> float:
    """Return how much of *field* is known to be a status, more where it is called one."""
    seen = {spelling(value): value for value in field.values}
    if is_named(field):
        meant = [meaning_of(word, known) or _neutral(word) for word in seen.values()]
        return 1 + sum(bool(each) for each in meant) / len(seen)
    # A field with another name is the status only by whole words.
    whole = [known.get(key) or _neutral(word) for key, word in seen.items()]
    is_news = len(seen) > 1 or whole[0] in {"pending", "running"}
    return 1.0 if is_news and all(whole) and field.key not in _NO_STATUS else 0.0


def is_named(field: Field) -> bool:
    """Tell whether *field* is called a status, a state or a phase."""
    holder = spelling(field.path[-2]) if field.key in _INSIDE and field.parent else ""
    return any(map(_STATUS.fullmatch, (field.key, holder)))


def _neutral(word: str) -> str | None:
    return "over" if is_over(word) or spelling(word) == "ready" else None


def _is_envelope(first: Field, fields: Iterable[Field]) -> bool:
    """Tell whether *first*, a ``status: success``, may be about the request."""
    return not {spelling(value) for value in first.values} - SUCCESS_WORDS and any(
        each.key in _ENVELOPES and each.parent == first.parent and each.holds(dict, list)
        for each in fields
    )


def _pair_outcome(
    ranked: Sequence[Field], fields: Sequence[Field], known: Mapping[str, str]
) -> tuple[Field, Field | None]:
    """Return the field that shows whether it is over, and the one that shows how, if any."""
    first = ranked[0]
    for other in ranked[1:]:
        if other.parent == first.parent and is_named(first) and is_named(other):
            for one, two in ((first, other), (other, first)):
                if _names_how(one, two, known):
                    return one, two
    return first, _outcome_beside(first, fields)


def _names_how(status: Field, how: Field, known: Mapping[str, str]) -> bool:
    """Tell whether *how* names an end where *status* does not: it goes on, or is just over."""
    outcomes = [_end(status.found.get(index), known) for index, value in how.found.items()
                if _end(value, known) is True]  # fmt: skip
    return bool(outcomes) and not any(outcomes) and None not in outcomes


def _goes_on(value: Any, known: Mapping[str, str]) -> bool:
    return is_word(value) and meaning_of(value, known) in {"pending", "running", "blocked"}


def _end(value: Any, known: Mapping[str, str]) -> bool | None:
    """Tell whether *value* names a way to end; None if it may mean several things."""
    if not is_word(value):
        return None
    if is_over(value):
        return False
    bucket = meaning_of(value, known)
    return None if bucket is None else bucket in TERMINAL


def _outcome_beside(status: Field, fields: Iterable[Field]) -> Field | None:
    """Return the field for how it ended, where *status* shows only that it did."""
    for field in fields:
        if not _is_outcome_of(status, field):
            continue
        outcomes = [index for index in field.found if isinstance(field.found[index], str)]
        over = sum(is_over(status.found.get(index)) for index in outcomes)
        if over or (not field.values and field.key in _SURE_OUTCOME):
            return field
    return None


def _is_outcome_of(status: Field, field: Field) -> bool:
    """Tell whether *field* is beside *status*, or in an object beside it, and called an outcome."""
    if any(not isinstance(value, str) for value in field.values):
        return False
    if field.parent == status.parent:
        return field.key in _OUTCOME
    holder = spelling(field.path[-2]) if len(field.path) > 1 else ""
    if field.path[:-2] != status.parent:
        return False
    if holder in _OUTCOME:
        return field.key in _INSIDE
    return bool(_DETAILS.fullmatch(holder)) and field.key in {"code", "type"}


def _lone_outcome(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return the outcome, where a flag such as ``building`` shows that it goes on."""
    if flag_of(fields) is None:
        return ()
    for field in fields:
        if field.key in _OUTCOME and len(field.path) <= _MOST:
            words = [value for value in field.values if is_word(value)]
            if len(words) == len(field.values):
                return (field,)
    return ()


def _cover(ranked: Sequence[Field], count: int) -> list[Field]:
    """Return the first of *ranked*, and further ones that are there where it is absent."""
    chosen: list[Field] = []
    silent = set(range(count))
    for field in ranked:
        if silent & field.found.keys() and (not chosen or _STATUS.fullmatch(field.key)):
            chosen.append(field)
            silent -= field.found.keys()
    return chosen[:_MOST]
