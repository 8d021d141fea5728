"""Which field of the sample answers holds what.

Decides which one is the id, the message, the error, a time, a link and the result, by its
name and by its values; and in which form the progress is: a percentage, a ratio, a part of
a total, or a count without one. The state is left to ``state``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.moments import number_of
from opwatch.profiles.draft.denials import Denial, denials_of, parts_of
from opwatch.profiles.draft.rules import errors_of
from opwatch.profiles.draft.samples import Field, OperationList, Sample, fields_of
from opwatch.profiles.draft.state import Decision, decide
from opwatch.profiles.draft.status import numbers_of, words_of
from opwatch.profiles.language.expressions import compile_expression
from opwatch.profiles.values import moment, same_id, web_address, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


MOST: Final = 3
_LATE: Final = 1e9
_AT: Final = r"(?:at|on|date|time|datetime|timestamp|stamp)?"
_TIMES: Final[Mapping[str, re.Pattern[str]]] = {
    "created": re.compile(
        rf"(?:created?|creation|submit(?:ted)?|submission|queued?|insert(?:ed)?|enqueued){_AT}"
    ),
    "started": re.compile(rf"(?:run)?(?:start(?:ed)?|beg[au]n|building|inprogress){_AT}"),
    "updated": re.compile(
        rf"(?:last)?(?:updated?|modified|action|changed?|systemmod){_AT}|.*lastupdated?{_AT}"
    ),
    "finished": re.compile(
        rf"(?:finish(?:ed)?|end(?:ed)?|stop(?:ped)?|complet(?:ed|ion)|closed|published){_AT}"
    ),
}
_MESSAGE: Final = (
    "statusmessage", "statusdetail", "statemessage", "readystatereason", "statechangereason",
    "message", "description", "detail", "substatus", "note",
)  # fmt: skip
_CODE: Final = re.compile(r"(?:error|failure)(?:reason)?code")
_LINK: Final = frozenset({"htmlurl", "weburl", "runpageurl", "inspectorurl"})
_RESULT: Final = (
    "result", "results", "response", "output", "outputs", "resourcelocation", "targetlink",
    "resultsurl", "outputfileid",
)  # fmt: skip

_HUNDRED: Final = 100.0
_PERCENT: Final = re.compile(r".*(?:percent|pct).*|progress|percentage|.*progress")
_TOTAL: Final = re.compile(r"total.*|.*total|count")
_GOOD: Final = frozenset({"done", "completed", "succeeded", "successful", "finished", "progress"})
_THROUGH: Final = _GOOD | {
    "failed", "errored", "errors", "canceled", "cancelled", "expired", "skipped",
}  # fmt: skip
_COUNTED: Final = re.compile(r".*processed|.*objectcount|.*rowcount")


class Inference(NamedTuple):
    """What is where. Texts are JMESPath; of several the first that finds something counts.

    *candidates* are the paths at which a status word could be. *operation_list* is the
    list that the operations are in. *denials* are what speaks against a success.
    """

    decision: Decision
    id: str = ""
    progress: tuple[Any, ...] = ()
    message: tuple[str, ...] = ()
    error: Mapping[str, tuple[str, ...]] = {}
    times: Mapping[str, tuple[str, ...]] = {}
    link: tuple[str, ...] = ()
    result: tuple[str, ...] = ()
    conditional: bool = False
    candidates: tuple[str, ...] = ()
    operation_list: OperationList | None = None
    denials: tuple[Denial, ...] = ()
    parts: tuple[tuple[str, tuple[Denial, ...]], ...] = ()


def infer(
    samples: Sequence[Sample],
    known: Mapping[str, str],
    *,
    ids: Mapping[int, str] | None = None,
    status: str = "",
) -> Inference:
    """Return what is where in *samples*; *known* are the meanings of status words.

    *ids* are those by number of the sample, where they are known. *status* is the path that
    a person named for the status word.
    """
    fields = fields_of(samples)
    errors = errors_of(fields)
    inside = {each.path for each in errors}
    rest = [each for each in fields if not any(each.path[: len(path)] == path for path in inside)]
    named = _id_of(fields, ids or {})
    operations = _operations(samples, ids or {}, named)
    decision = decide(fields, samples, known, operations=operations, named=named, chosen=status)
    rest = [each for each in rest if not any(each.text in text for text in decision.status)]
    used = " ".join((*decision.status, *(rule.when for rule in decision.rules)))
    return Inference(
        decision,
        named,
        _progress_of(rest),
        _texts(rest, _MESSAGE, lambda each: isinstance(each, str)),
        _error(errors, fields),
        {name: _moments(rest, key) for name, key in _TIMES.items()},
        _texts(rest, sorted(_LINK), lambda each: web_address(each) is not None),
        _texts(rest, _RESULT, lambda each: isinstance(each, (str, dict, list))),
        any("etag" in sample.headers for sample in samples),
        tuple(field.text for field in (*numbers_of(fields), *words_of(fields))),
        denials=tuple(denials_of(fields, known, used)),
        parts=tuple(parts_of(rest, known)),
    )


def _id_of(fields: Sequence[Field], ids: Mapping[int, str]) -> str:
    """Return where the id is, nothing unless that is beyond doubt."""
    if not ids:
        top = [each for each in fields if each.path == ("id",) and each.holds(str, int)]
        return top[0].text if top else ""
    for field in fields:
        found = {index: word(value) for index, value in field.found.items()}
        known = [index for index in ids if found.get(index)]
        if known and all(same_id(ids[index], found[index]) for index in known):
            return field.text
    return ""


def _operations(samples: Sequence[Sample], ids: Mapping[int, str], named: str) -> dict[int, str]:
    """Return which operation each of *samples* is about, as far as they say so.

    Where none has an id they may all be about one.
    """
    if not ids and not named:
        return {index: sample.url or "" for index, sample in enumerate(samples)}
    id_at = compile_expression(named).find if named else lambda _data: None
    found = {
        index: ids.get(index) or word(id_at(sample.data)) for index, sample in enumerate(samples)
    }
    return {index: name.casefold() for index, name in found.items() if name}


def _texts(
    fields: Sequence[Field], keys: Sequence[str], fits: Callable[[Any], bool]
) -> tuple[str, ...]:
    """Return the fields that have one of *keys*, the earlier keys and the topmost ones first."""
    found = [each for each in fields if each.key in keys and each.values]
    found = [each for each in found if all(fits(value) for value in each.values)]
    found.sort(key=lambda each: (len(each.path), keys.index(each.key)))
    return tuple(each.text for each in found[:MOST])


def _moments(fields: Iterable[Field], key: re.Pattern[str]) -> tuple[str, ...]:
    found = [each for each in fields if key.fullmatch(each.key) and each.holds(str, int, float)]
    return tuple(each.text for each in found if any(map(_is_moment, each.values)))[:MOST]


def _is_moment(value: str | float) -> bool:
    """Tell whether *value* is a time; a number before the year 2001 is a number."""
    seconds = number_of(value)
    return moment(value) is not None and (seconds is None or seconds >= _LATE)


def _error(errors: Sequence[Field], fields: Sequence[Field]) -> dict[str, tuple[str, ...]]:
    """Return the parts of an error: a code where there is one, a text, the rest."""
    codes, texts, details = [], [], []
    by_path = {each.path: each for each in fields}
    for error in errors:
        code = by_path.get((*error.path, "code"))
        if code is not None and code.holds(str, int):
            codes.append(code.text)
        if (*error.path, "message") in by_path:
            texts.append(by_path[*error.path, "message"].text)
        texts.append(error.text)
        if (*error.path, "details") in by_path:
            details.append(by_path[*error.path, "details"].text)
    nearby = {error.parent for error in errors} | {()}
    codes += [each.text for each in fields if _CODE.fullmatch(each.key) and each.parent in nearby]
    parts = {"code": codes, "message": texts, "details": details}
    return {name: tuple(found[: 2 * MOST]) for name, found in parts.items() if found}


# -- progress ------------------------------------------------------------------------


def _progress_of(fields: Sequence[Field]) -> tuple[Any, ...]:
    """Return the forms of progress: a percentage, a ratio, a part of a total, or a count."""
    found: list[Any] = []
    parts = _parts(fields)
    for field in fields:
        numbers = [number_of(each) for each in field.values]
        shown = [each for each in numbers if each is not None]
        if _PERCENT.fullmatch(field.key) and shown and max(shown) <= _HUNDRED:
            is_ratio = max(shown) <= 1 and any(each % 1 for each in shown)
            found.append({"ratio": field.text} if is_ratio else field.text)
    if parts and found == [parts[0]["done"]]:
        return parts  # `progress` beside a `total` counts, and is not a percentage
    return tuple(found[:MOST]) or parts or _counts(fields)


def _parts(fields: Sequence[Field]) -> tuple[Any, ...]:
    for total in fields:
        if not _TOTAL.fullmatch(total.key) or not total.holds(int):
            continue
        beside = [each for each in fields if each.parent == total.parent and each.holds(int)]
        kinds = {each.text: each.key.removesuffix("count") for each in beside if each is not total}
        done = [text for text, kind in kinds.items() if kind in _THROUGH]
        if any(kinds[text] in _GOOD for text in done):
            return ({"done": done[0] if len(done) == 1 else done, "total": total.text},)
    return ()


def _counts(fields: Iterable[Field]) -> tuple[Any, ...]:
    for field in fields:
        numbers = [number_of(each) for each in field.values]
        if _COUNTED.fullmatch(field.key) and numbers and None not in numbers:
            return ({"count": field.text},)
    return ()
