"""The rules that must come before the status words, out of sample answers.

Decides how an API is read that says no word but ``done``, one whose HTTP status
is the state, and what speaks against a word that sounds like success.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.expressions import spelling
from opwatch.profiles.vocabulary import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.samples import Field, Sample

_DONE: Final = frozenset(
    {"done", "isdone", "completed", "complete", "iscomplete", "finished", "isfinished", "ended"}
)
_WELL: Final = frozenset({"success", "successful", "succeeded", "issuccess", "issuccessful", "ok"})
_RESULTS: Final = frozenset({"response", "result", "results", "output"})
_CANCELLED: Final = frozenset({"cancelled", "canceled", "iscancelled", "iscanceled"})
_ERROR: Final = re.compile(
    r"errors?|exception|fault|failure|.*error(?:detail|message|text)s?|failure(?:description|reason)"
)
_FAILED_COUNT: Final = re.compile(r"(?:.*(?:failed|errored)|failures?|errors)(?:count)?")
_WHOLE: Final = ("total", "processed")
_GOOD_COUNT: Final = ("succeeded", "completed", "successful")
ACCEPTED: Final = 202
_GOOD: Final = range(200, 300)
_TOPMOST: Final = 4


class Rule(NamedTuple):
    """A rule to be written, and *why*, for whoever reads it."""

    state: str
    when: str = ""
    http: int | None = None
    partial: bool = False
    why: str = ""


def errors_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that say why something failed, the topmost ones of each kind."""
    found = [each for each in fields if _ERROR.fullmatch(each.key) and not each.holds(bool, int)]
    paths = {each.path for each in found}
    return [each for each in found if each.parent not in paths and each.values][:_TOPMOST]


def quoted(words: Iterable[str]) -> str:
    """Return *words* as a list of JMESPath, in small letters."""
    texts = sorted({word.lower() for word in words})
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def is_over(word: object) -> bool:
    """Tell whether *word* may say no more than that it is over."""
    return isinstance(word, str) and spelling(word) in ENDED


def doubtful_ends(
    status: str, meanings: Mapping[str, str | None], fields: Sequence[Field]
) -> list[Rule]:
    """Return the rule by which an error beside a word such as DONE is a failure."""
    if "failed" in meanings.values():
        return []
    over = [word for word, bucket in meanings.items() if bucket == "succeeded" and is_over(word)]
    errors = errors_of(fields)
    if not over or not errors:
        return []
    told = " || ".join(each.text for each in errors)
    when = f"is_in(lower({status}), {quoted(over)}) && ({told})"
    return [Rule("failed", when, why="it may have ended badly: an error beside the word says so")]


def counted_failures(
    status: str, meanings: Mapping[str, str | None], fields: Sequence[Field]
) -> list[Rule]:
    """Return the rules by which a success that counts failures is less than one."""
    good = [word for word, bucket in meanings.items() if bucket == "succeeded"]
    for failed in fields:
        if not good or not _FAILED_COUNT.fullmatch(failed.key) or not failed.holds(int, str):
            continue
        if not all(str(each).isdigit() for each in failed.values):
            continue
        well = f"is_in(lower({status}), {quoted(good)}) && to_number({failed.text}) > `0`"
        partial = Rule("succeeded", well, partial=True, why="it counts failures")
        for other in fields:
            if other.parent != failed.parent or other is failed:
                continue
            if other.key.endswith(_WHOLE):
                same = f"to_number({failed.text}) == to_number({other.text})"
            elif other.key.removesuffix("count").endswith(_GOOD_COUNT):
                same = f"to_number({other.text}) == `0`"
            else:
                continue
            return [Rule("failed", f"{well} && {same}", why="nothing of it succeeded"), partial]
        return [partial]
    return []


def by_flag(fields: Sequence[Field]) -> tuple[Rule, ...]:
    """Return the rules of an API that says ``done`` and then an error or a response."""
    flags = [field for field in fields if field.holds(bool)]
    done = next((field for field in flags if field.key in _DONE), None)
    if done is None:
        return ()
    over = f"{done.text} == `true`"
    rules = []
    cancelled = next((field for field in flags if field.key in _CANCELLED), None)
    if cancelled is not None:
        rules.append(Rule("cancelled", f"{over} && {cancelled.text} == `true`"))
    for error in errors_of(fields)[:1]:
        if any(field.path == (*error.path, "code") and field.holds(int) for field in fields):
            why = "google.rpc.Code 1 is a cancellation"
            rules.append(Rule("cancelled", f"{over} && {error.text}.code == `1`", why=why))
        rules.append(Rule("failed", f"{over} && {error.text}"))
    well = next((field for field in flags if field.key in _WELL), None)
    if well is not None:
        rules.append(Rule("failed", f"{over} && {well.text} == `false`"))
    name = next((field for field in fields if field.key in {"name", "id"}), None)
    results = [field.text for field in fields if field.key in _RESULTS and len(field.path) == 1]
    if results and not (name and any("operations/" in str(each) for each in name.values)):
        # Only the standard (AIP-151) lets a success come without anything.
        over = f"{over} && ({' || '.join(results)})"
    rules.append(Rule("succeeded", over))
    rules.append(Rule("running", f"{done.text} == `false`"))
    if name is not None:
        rules.append(Rule("running", f"{name.text} && !({done.text})", why="false may be left out"))
    return tuple(rules)


def by_http(samples: Sequence[Sample], named: str) -> tuple[Rule, ...]:
    """Return the rules of an API whose HTTP status is the state."""
    statuses = {sample.status for sample in samples}
    others = sorted((statuses - {ACCEPTED}) & set(_GOOD))
    if ACCEPTED not in statuses or not others:
        return ()
    why = "the samples hold no status word: the HTTP status itself seems to be it"
    running = Rule("running", http=ACCEPTED, why=why)
    return (running, *(Rule("succeeded", named, status) for status in others))
