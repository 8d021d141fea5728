"""The rules that must come before the status words, out of sample answers.

Decides what speaks against a word that sounds like success, what tells how it
ended where the word does not, and how an API is read whose HTTP status is the
state.

The rules of an API that says by flags whether it has ended, out of sample answers.

Decides how one is read that says no word but ``done``, and that a flag alone is
no success before a sample shows it set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.draft.samples import jmespath_of
from opwatch.profiles.draft.words import ENDED, stem
from opwatch.profiles.language.expressions import spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.draft.samples import Field, Sample


_DONE: Final = frozenset(
    {"done", "isdone", "completed", "complete", "iscomplete", "finished", "isfinished", "ended"}
)
_RESULTS: Final = frozenset({"response", "result", "results", "output"})
_FAILED: Final = frozenset({"failed", "isfailed", "iserror", "haserror", "haserrors"})
_OPEN: Final = frozenset(
    {"building", "running", "isrunning", "inprogress", "isinprogress", "processing", "isprocessing"}
)


def flag_of(fields: Iterable[Field]) -> Field | None:
    """Return the flag that says that it goes on, such as ``building``."""
    flags = (field for field in fields if field.key in _OPEN and field.holds(bool))
    return next(flags, None)


def done_of(fields: Iterable[Field]) -> Field | None:
    """Return the flag that says that it is over, such as ``done``."""
    flags = (field for field in fields if field.key in _DONE and field.holds(bool))
    return next(flags, None)


def still(fields: Iterable[Field]) -> list[Rule]:
    """Return the rule by which nothing counts while the flag says that it goes on."""
    flag = flag_of(fields)
    why = "whatever else is there, it is not over"
    return [Rule("running", f"{flag.text} == `true`", why=why, is_guess=False)] if flag else []


def by_flag(fields: Sequence[Field]) -> tuple[Rule, ...]:
    """Return the rules of an API that says ``done`` and then an error or a response."""
    flags = [field for field in fields if field.holds(bool)]
    done = done_of(fields)
    if done is None:
        return ()
    over = f"{done.text} == `true`"
    name = next((field for field in fields if field.key in {"name", "id"}), None)
    is_standard = _is_standard(fields)
    rules = [*_flagged(flags, over), *_failures(flags, fields, over, done, is_standard=is_standard)]
    well = next((field for field in flags if field.key in WELL), None)
    if well is not None:
        rules.append(Rule("failed", f"{over} && {well.text} == `false`"))
        over += f" && {well.text} == `true`"
    results = [field.text for field in fields if field.key in _RESULTS and len(field.path) == 1]
    if results and not is_standard and well is None:
        # Only the standard (AIP-151) lets a success come without anything.
        over = f"{over} && {any_of(results)}"
    if True in done.found.values() or not is_bare(fields):
        rules.append(Rule("succeeded", over))
    rules.append(Rule("running", f"{done.text} == `false`"))
    if name is not None:
        rules.append(
            Rule(
                "running",
                f"{name.text} && !({done.text})",
                why="false may be left out",
                is_guess=False,
            )
        )
    return tuple(rules)


def by_bad_ends(fields: Sequence[Field]) -> tuple[Rule, ...]:
    """Return the rules of an API whose flags name nothing but bad ends."""
    flags = [field for field in fields if field.holds(bool)]
    return tuple(
        rule._replace(when=rule.when.removeprefix("@ && ")) for rule in _flagged(flags, "@")
    )


def is_bare(fields: Sequence[Field]) -> bool:
    """Tell whether nothing in *fields* says how it ended: no error, no result, no flag for it."""
    flags = [field for field in fields if field.holds(bool)]
    has_flag = any(field.key in WELL | _FAILED for field in flags)
    has_result = any(field.key in _RESULTS and len(field.path) == 1 for field in fields)
    return not (has_flag or has_result or errors_of(fields) or _is_standard(fields))


def _is_standard(fields: Iterable[Field]) -> bool:
    """Tell whether the answers are those of AIP-151, which leaves out what is false or empty."""
    name = next((field for field in fields if field.key in {"name", "id"}), None)
    return bool(name and any("operations/" in str(each) for each in name.values))


def _flagged(flags: Sequence[Field], over: str) -> list[Rule]:
    """Return the rules for flags that name an end, such as ``isFailed``."""
    rules = []
    for state, keys in (("cancelled", CANCELLED), ("failed", _FAILED)):
        flag = next((field for field in flags if field.key in keys), None)
        if flag is not None:
            rules.append(Rule(state, f"{over} && {flag.text} == `true`"))
    return rules


def _failures(
    flags: Sequence[Field], fields: Sequence[Field], over: str, done: Field, *, is_standard: bool
) -> list[Rule]:
    """Return the rules by which an error beside the flag is a failure."""
    rules = []
    error = next(iter(errors_of(fields)), None)
    if error is not None:
        codes = (field for field in fields if field.path == (*error.path, "code"))
        if is_standard or any(field.holds(int) for field in codes):
            why = "google.rpc.Code 1 is a cancellation"
            when = f"{over} && {error.text}.code == `1`"
            rules.append(Rule("cancelled", when, why=why, is_guess=False))
        rules.append(Rule("failed", f"{over} && {error.text}"))
    elif not any(field.key in WELL | _FAILED for field in flags):
        why = "no sample failed; where would its error be?"
        told = any_of(expected_errors(done.parent, fields))
        rules.append(Rule("failed", f"{over} && {told}", why=why))
    return rules


WELL: Final = frozenset({"success", "successful", "succeeded", "issuccess", "issuccessful", "ok"})
CANCELLED: Final = frozenset({"cancelled", "canceled", "iscancelled", "iscanceled"})
_ERROR: Final = re.compile(
    r"errors?|exception|fault|failure|.*error(?:detail|message|text|reason|reasontext|result)s?"
    r"|failure(?:description|reason|message|info|detail)s?"
)
_FAILED_COUNT: Final = re.compile(r"(?:.*(?:failed|errored)|failures?|errors)(?:count)?")
_BAD_COUNTS: Final = frozenset({"failed", "errored", "expired", "failures", "errors"})
_WHOLE: Final = ("total", "processed")
_GOOD_COUNT: Final = ("succeeded", "completed", "successful")
ACCEPTED: Final = 202
_GOOD: Final = range(200, 300)
_TOPMOST: Final = 4


class Rule(NamedTuple):
    """A rule to be written, and *why*, for whoever reads it, who should check it if *is_guess*."""

    state: str
    when: str = ""
    http: int | None = None
    partial: bool = False
    why: str = ""
    is_guess: bool = True


def errors_of(fields: Iterable[Field]) -> list[Field]:
    """Return the fields that say why something failed, the topmost ones of each kind."""
    found = [each for each in fields if _ERROR.fullmatch(each.key) and not each.holds(bool, int)]
    paths = {each.path for each in found}
    return [each for each in found if each.parent not in paths and each.values][:_TOPMOST]


def quoted(words: Iterable[str]) -> str:
    """Return *words* as a list of JMESPath, in small letters."""
    texts = sorted({word.lower() for word in words})
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def says(status: str, words: Iterable[str]) -> str:
    """Return the condition that *status* is one of *words*, in any case."""
    among = sorted({word.lower() for word in words})
    return (
        f"lower({status}) == '{among[0]}'"
        if len(among) == 1
        else (f"is_in(lower({status}), {quoted(among)})")
    )


def any_of(conditions: Sequence[str]) -> str:
    """Return the condition that one of *conditions* holds."""
    return f"({' || '.join(conditions)})" if len(conditions) > 1 else conditions[0]


def is_over(word: object) -> bool:
    """Tell whether *word* may say no more than that it is over."""
    return isinstance(word, str) and spelling(stem(word)) in ENDED


def doubtful_ends(
    status: str,
    meanings: Mapping[str | int, str | None],
    field: Field,
    fields: Sequence[Field],
) -> list[Rule]:
    """Return the rule by which an error beside a word such as DONE is a failure.

    *status* is the expression for what is in *field*. Where no sample shows an
    error, it is looked for where one would be expected.
    """
    words = [str(word) for word, bucket in meanings.items() if bucket == "succeeded"]
    over = [word for word in words if is_over(word)]
    if "failed" in meanings.values() or not over:
        return []
    told = [each.text for each in errors_of(fields)]
    why = "it may have ended badly: an error beside the word says so"
    if not told:
        told = expected_errors(field.parent, fields)
        why = f"no sample failed; does {over[0]} tell of a failure as well, and where is its error?"
    when = f"{says(status, over)} && {any_of(told)}"
    return [Rule("failed", when, why=why)]


def expected_errors(parent: Sequence[str], fields: Sequence[Field]) -> list[str]:
    """Return where an error would most likely be in *parent*."""
    taken = {field.path for field in fields}
    is_snake = any("_" in key for field in fields for key in field.path)
    long = "error_message" if is_snake else "errorMessage"
    paths = [(*parent, key) for key in ("error", "errors", long)]
    return [jmespath_of(path) for path in paths if path not in taken] or ["error"]


def by_text(status: str, over: Iterable[str], outcome: Field) -> list[Rule]:
    """Return the rules of an API that says OK at the end, or a sentence that tells what is wrong.

    *status* is one of *over* then, and the sentence is *outcome*.
    """
    is_ended = says(status, over)
    fine = [word for word in outcome.values if spelling(str(word)) in WELL] or ["ok", "success"]
    why = "what else it says is taken for an error"
    return [
        Rule("succeeded", f"{is_ended} && {says(outcome.text, fine)}"),
        Rule("failed", f"{is_ended} && {outcome.text}", why=why),
    ]


def by_counts(
    status: str, meanings: Mapping[str | int, str | None], fields: Sequence[Field]
) -> list[Rule]:
    """Return the rules of an API that ends all in one word, and counts what came of its parts."""
    over = [str(word) for word, bucket in meanings.items() if bucket is None and is_over(word)]
    good = next((each for each in fields if each.key in _GOOD_COUNT and each.holds(int)), None)
    if not over or good is None or "succeeded" in meanings.values():
        return []
    beside = [each for each in fields if each.parent == good.parent and each.holds(int)]
    bad = [f"{each.text} > `0`" for each in beside if each.key in _BAD_COUNTS]
    lost = [f"{each.text} > `0`" for each in beside if each.key in CANCELLED]
    if not bad:
        return []
    is_ended, some = says(status, over), f"{good.text} > `0`"
    any_bad = any_of(bad)
    why = "the counts tell how it ended; the first line that fits decides"
    rules = [Rule("cancelled", f"{is_ended} && {lost[0]}")] if lost else []
    rules += [
        Rule("succeeded", f"{is_ended} && {some} && {any_bad}", partial=True),
        Rule("succeeded", f"{is_ended} && {some}"),
        Rule("failed", f"{is_ended} && {any_bad}"),
    ]
    return [rules[0]._replace(why=why), *rules[1:]]


def counted_failures(
    status: str, meanings: Mapping[str | int, str | None], fields: Sequence[Field]
) -> list[Rule]:
    """Return the rules by which a success that counts failures is less than one."""
    good = [str(word) for word, bucket in meanings.items() if bucket == "succeeded"]
    for failed in fields:
        if not good or not _FAILED_COUNT.fullmatch(failed.key) or not failed.holds(int, str):
            continue
        if not all(str(each).isdigit() for each in failed.values):
            continue
        well = f"{says(status, good)} && to_number({failed.text}) > `0`"
        partial = Rule("succeeded", well, partial=True, why="some of its parts failed")
        for other in fields:
            if other.parent != failed.parent or other is failed:
                continue
            if other.key.endswith(_WHOLE):
                same = f"to_number({failed.text}) == to_number({other.text})"
            elif other.key.removesuffix("count").endswith(_GOOD_COUNT):
                same = f"to_number({other.text}) == `0`"
            else:
                continue
            return [Rule("failed", f"{well} && {same}", why="all of its parts failed"), partial]
        return [partial]
    return []


def by_http(samples: Sequence[Sample], named: str) -> tuple[Rule, ...]:
    """Return the rules of an API whose HTTP status is the state."""
    statuses = {sample.status for sample in samples}
    others = sorted((statuses - {ACCEPTED}) & set(_GOOD))
    if ACCEPTED not in statuses or not others:
        return ()
    why = "the samples hold no status word: the HTTP status itself seems to be it"
    running = Rule("running", http=ACCEPTED, why=why)
    return (running, *(Rule("succeeded", named, status) for status in others))
