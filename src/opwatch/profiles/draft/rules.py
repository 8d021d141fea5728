"""The rules that come before the status words.

Decides what contradicts a word that sounds like success, what shows how an
operation ended where the word does not, and how an API is read whose HTTP status
is the state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.samples import Field, Sample, jmespath_of
from opwatch.profiles.draft.words import ENDED, stem
from opwatch.profiles.language.expressions import spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


SUCCESS_WORDS: Final = frozenset(
    {"success", "successful", "succeeded", "issuccess", "issuccessful", "ok"}
)
CANCELLED: Final = frozenset({"cancelled", "canceled", "iscancelled", "iscanceled"})
_ERROR: Final = re.compile(
    r"errors?|exception|fault|failure"
    r"|.*(?:error|failure)(?:detail|message|text|reason|description|info)s?"
)
_FAILED_COUNT: Final = re.compile(r"(?:.*(?:failed|errored)|failures?|errors)(?:count)?")
_BAD_COUNTS: Final = frozenset({"failed", "errored", "expired", "failures", "errors"})
_WHOLE: Final = ("total", "processed")
_GOOD_COUNT: Final = ("succeeded", "completed", "successful")
ACCEPTED: Final = 202
_GOOD: Final = range(200, 300)


class DraftRule(NamedTuple):
    """A rule to be written, and *why*, for a reader, who should check it if it *is_guess*."""

    state: str
    when: str = ""
    http: int | None = None
    partial: bool = False
    why: str = ""
    is_guess: bool = True


def errors_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields of errors; of those inside one another only the topmost."""
    found = [each for each in fields if _ERROR.fullmatch(each.key) and not each.holds(bool, int)]
    paths = {each.path for each in found}
    return [each for each in found if each.parent not in paths and each.values]


def is_one_of(status: str, words: Iterable[str]) -> str:
    """Return the condition that *status* is one of *words*, in any case."""
    among = [f"'{word}'" for word in sorted({word.lower() for word in words})]
    if len(among) == 1:
        return f"lower({status}) == {among[0]}"
    return f"is_in(lower({status}), [{', '.join(among)}])"


def any_of(conditions: Sequence[str]) -> str:
    """Return the condition that one of *conditions* holds."""
    return f"({' || '.join(conditions)})" if len(conditions) > 1 else conditions[0]


def is_over(word: object) -> bool:
    """Tell whether *word* may mean only that it is over."""
    return isinstance(word, str) and spelling(stem(word)) in ENDED


def error_rules(
    status: str,
    meanings: Mapping[str | int, str | None],
    field: Field,
    fields: Sequence[Field],
) -> list[DraftRule]:
    """Return the rule by which an error beside a word such as DONE is a failure.

    *status* is the expression for what is in *field*. Where no sample shows an
    error, it is looked for where one would be expected.
    """
    words = [str(word) for word, bucket in meanings.items() if bucket == "succeeded"]
    over = [word for word in words if is_over(word)]
    if "failed" in meanings.values() or not over:
        return []
    paths = [each.text for each in errors_of(fields)]
    why = "an error beside the word may mean that it failed"
    if not paths:
        paths = likely_error_paths(field.parent, fields)
        why = f"no sample failed; can {over[0]} mean a failure too, and where is its error?"
    when = f"{is_one_of(status, over)} && {any_of(paths)}"
    return [DraftRule("failed", when, why=why)]


def likely_error_paths(parent: Sequence[str], fields: Sequence[Field]) -> list[str]:
    """Return where an error would most likely be in *parent*."""
    taken = {field.path for field in fields}
    paths = [(*parent, key) for key in ("error", "errors")]
    return [jmespath_of(path) for path in paths if path not in taken] or ["error"]


def by_text(status: str, over: Iterable[str], outcome: Field) -> list[DraftRule]:
    """Return the rules for an API that reports OK at the end, or a sentence on what is wrong.

    *status* is one of *over* then, and the sentence is *outcome*.
    """
    is_ended = is_one_of(status, over)
    fine = [word for word in outcome.values if spelling(str(word)) in SUCCESS_WORDS]
    is_fine = is_one_of(outcome.text, fine or ["ok", "success"])
    why = "any other text is taken for an error"
    return [
        DraftRule("succeeded", f"{is_ended} && {is_fine}"),
        DraftRule("failed", f"{is_ended} && {outcome.text}", why=why),
    ]


def by_counts(
    status: str, meanings: Mapping[str | int, str | None], fields: Sequence[Field]
) -> list[DraftRule]:
    """Return the rules for an API with one word for every end, and counts of how parts ended."""
    over = [str(word) for word, bucket in meanings.items() if bucket is None and is_over(word)]
    good = next((each for each in fields if each.key in _GOOD_COUNT and each.holds(int)), None)
    if not over or good is None or "succeeded" in meanings.values():
        return []
    beside = [each for each in fields if each.parent == good.parent and each.holds(int)]
    bad = [f"{each.text} > `0`" for each in beside if each.key in _BAD_COUNTS]
    lost = [f"{each.text} > `0`" for each in beside if each.key in CANCELLED]
    if not bad:
        return []
    is_ended, some = is_one_of(status, over), f"{good.text} > `0`"
    any_bad = any_of(bad)
    why = "the counts show how it ended; the first rule that fits decides"
    rules = [DraftRule("cancelled", f"{is_ended} && {lost[0]}")] if lost else []
    rules += [
        DraftRule("succeeded", f"{is_ended} && {some} && {any_bad}", partial=True),
        DraftRule("succeeded", f"{is_ended} && {some}"),
        DraftRule("failed", f"{is_ended} && {any_bad}"),
    ]
    return [rules[0]._replace(why=why), *rules[1:]]


def counted_failures(
    status: str, meanings: Mapping[str | int, str | None], fields: Sequence[Field]
) -> list[DraftRule]:
    """Return the rules by which a success that counts failures is partial, or a failure."""
    good = [str(word) for word, bucket in meanings.items() if bucket == "succeeded"]
    for failed in fields:
        if not good or not _FAILED_COUNT.fullmatch(failed.key) or not failed.holds(int, str):
            continue
        if not all(str(each).isdigit() for each in failed.values):
            continue
        well = f"{is_one_of(status, good)} && to_number({failed.text}) > `0`"
        partial = DraftRule("succeeded", well, partial=True, why="some of its parts failed")
        for other in fields:
            if other.parent != failed.parent or other is failed:
                continue
            if other.key.endswith(_WHOLE):
                same = f"to_number({failed.text}) == to_number({other.text})"
            elif other.key.removesuffix("count").endswith(_GOOD_COUNT):
                same = f"to_number({other.text}) == `0`"
            else:
                continue
            return [
                DraftRule("failed", f"{well} && {same}", why="all of its parts failed"),
                partial,
            ]
        return [partial]
    return []


def while_accepted(samples: Sequence[Sample]) -> tuple[DraftRule, ...]:
    """Return the rule that HTTP 202 goes before the status word, if the API uses it for some."""
    statuses = {sample.status for sample in samples}
    if ACCEPTED not in statuses or not statuses - {ACCEPTED}:
        return ()
    return (DraftRule("running", http=ACCEPTED, why="HTTP 202: it has been accepted, not done"),)


def by_http(samples: Sequence[Sample], named: str) -> tuple[DraftRule, ...]:
    """Return the rules for an API whose HTTP status is the state."""
    statuses = {sample.status for sample in samples}
    others = sorted((statuses - {ACCEPTED}) & set(_GOOD))
    if ACCEPTED not in statuses or not others:
        return ()
    why = "the samples hold no status word: the HTTP status itself seems to be it"
    running = DraftRule("running", http=ACCEPTED, why=why)
    return (running, *(DraftRule("succeeded", named, status) for status in others))
