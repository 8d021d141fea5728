"""How the samples tell whether an operation has ended, and how.

Decides, out of sample answers, where the status word is, what each word means,
and which rules must come before the words. In doubt an operation goes on: a
word that may mean either end is left to a rule, or to the person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.expressions import spelling
from opwatch.profiles.vocabulary import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.samples import Field, Sample

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z _-]{0,38}[A-Za-z]", re.ASCII)
_STATUS: Final = re.compile(r"(?:.*(?:status|state|phase)|(?:status|state)type)")
_OUTCOME: Final = frozenset({"conclusion", "result", "resultstate", "outcome", "finalstatus"})
_INSIDE: Final = frozenset({"id", "name", "value", "phase", "type", "state", "status"})
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
_LEAST: Final = 7.0
_TOPMOST: Final = 2
ACCEPTED: Final = 202
_GOOD: Final = range(200, 300)


class Rule(NamedTuple):
    """A rule to be written, and *why*, for whoever reads it."""

    state: str
    when: str = ""
    http: int | None = None
    partial: bool = False
    why: str = ""


class Decision(NamedTuple):
    """Where the *status* word is, the bucket of each word seen, and the *rules* before them.

    A word whose bucket is None may mean several things. *status* holds
    expressions of which the first that finds something counts.
    """

    status: tuple[str, ...] = ()
    words: Mapping[str, str | None] = {}
    rules: tuple[Rule, ...] = ()


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
    return Decision(rules=_by_flag(fields) or _by_http(samples, named))


def candidates(fields: Sequence[Field]) -> list[str]:
    """Return the paths at which a status word could be."""
    return [field.text for field in _words_of(fields)]


def _words_of(fields: Iterable[Field]) -> list[Field]:
    return [field for field in fields if field.holds(str) and all(map(_is_word, field.values))]


def errors_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that say why something failed, the topmost ones of each kind."""
    found = [each for each in fields if _ERROR.fullmatch(each.key) and not each.holds(bool, int)]
    paths = {each.path for each in found}
    return [each for each in found if each.parent not in paths and each.values][: 2 * _TOPMOST]


def quoted(words: Iterable[str]) -> str:
    """Return *words* as a list of JMESPath, in small letters."""
    texts = dict.fromkeys(word.lower().replace("\\", "\\\\").replace("'", "\\'") for word in words)
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


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
    named = 6.0 if field.key in {"status", "state", "phase"} else 5.0 if _STATUS.fullmatch(about) else 0.0
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
    if outcome is not None:
        over = {first.found[index] for index in outcome.found if _is_over(first.found.get(index))}
        seen = [word for word in seen if word not in over]
        seen += [outcome.found[i] for i in outcome.found if first.found.get(i) in over]
        texts[0] = f"is_in(lower({first.text}), {quoted(over)}) && {outcome.text} || {first.text}"
    told = dict.fromkeys(word.strip() for word in seen if isinstance(word, str) and _is_word(word))
    meanings = {word: known.get(spelling(word)) for word in told}
    rules = _counted_failures(texts[0], meanings, fields) + _doubtful_ends(texts[0], meanings, fields)
    return Decision(tuple(texts), meanings, tuple(rules))


def _is_over(word: object) -> bool:
    return isinstance(word, str) and spelling(word) in ENDED


def _outcome_beside(status: Field, words: Iterable[Field]) -> Field | None:
    """Return the field that says how it ended, where *status* says only that it did."""
    for field in words:
        if field.key in _OUTCOME and field.parent == status.parent:
            told = [index for index in field.found if isinstance(field.found[index], str)]
            if sum(_is_over(status.found.get(index)) for index in told) * 2 > len(told):
                return field
    return None


def _doubtful_ends(
    status: str, meanings: Mapping[str, str | None], fields: Sequence[Field]
) -> list[Rule]:
    """Return the rule by which an error beside a word such as DONE is a failure."""
    if "failed" in meanings.values():
        return []
    over = [word for word, bucket in meanings.items() if bucket == "succeeded" and _is_over(word)]
    errors = errors_of(fields)
    if not over or not errors:
        return []
    told = " || ".join(each.text for each in errors)
    when = f"is_in(lower({status}), {quoted(over)}) && ({told})"
    return [Rule("failed", when, why="it may have ended badly: an error beside the word says so")]


def _counted_failures(
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


def _by_flag(fields: Sequence[Field]) -> tuple[Rule, ...]:
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


def _by_http(samples: Sequence[Sample], named: str) -> tuple[Rule, ...]:
    """Return the rules of an API whose HTTP status is the state."""
    statuses = {sample.status for sample in samples}
    others = sorted((statuses - {ACCEPTED}) & set(_GOOD))
    if ACCEPTED not in statuses or not others:
        return ()
    why = "the samples hold no status word: the HTTP status itself seems to be it"
    running = Rule("running", http=ACCEPTED, why=why)
    return (running, *(Rule("succeeded", named, status) for status in others))
