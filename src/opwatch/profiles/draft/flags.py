"""The rules for an API that reports by flags whether an operation has ended.

Decides how an API is read that has no status word but a flag such as ``done``,
and that a flag alone is not a success until a sample shows it set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.profiles.draft.rules import (
    CANCELLED,
    SUCCESS_WORDS,
    DraftRule,
    any_of,
    errors_of,
    likely_error_paths,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opwatch.profiles.draft.samples import Field

_DONE: Final = frozenset({"done", "isdone", "completed", "iscomplete", "finished"})
_RESULTS: Final = frozenset({"response", "result", "results", "output"})
FAILED: Final = frozenset({"failed", "isfailed", "iserror", "haserror", "haserrors"})
_OPEN: Final = frozenset(
    {"building", "running", "isrunning", "inprogress", "isinprogress", "processing", "isprocessing"}
)


def flag_of(fields: Iterable[Field]) -> Field | None:
    """Return the flag for an operation that goes on, such as ``building``."""
    flags = (field for field in fields if field.key in _OPEN and field.holds(bool))
    return next(flags, None)


def done_of(fields: Iterable[Field]) -> Field | None:
    """Return the flag for an operation that is over, such as ``done``."""
    flags = (field for field in fields if field.key in _DONE and field.holds(bool))
    return next(flags, None)


def running_rules(fields: Iterable[Field]) -> list[DraftRule]:
    """Return the rule by which nothing else counts while a flag reports that it goes on."""
    flag = flag_of(fields)
    why = "whatever else the answer holds, it is not over"
    return [DraftRule("running", f"{flag.text} == `true`", why=why, is_guess=False)] if flag else []


def by_flag(fields: Sequence[Field]) -> tuple[DraftRule, ...]:
    """Return the rules for an API that reports ``done`` and then an error or a response."""
    flags = [field for field in fields if field.holds(bool)]
    done = done_of(fields)
    if done is None:
        return ()
    over = f"{done.text} == `true`"
    name = next((field for field in fields if field.key in {"name", "id"}), None)
    is_standard = _is_standard(fields)
    rules = [
        *_flag_rules(flags, over),
        *_flag_error_rules(flags, fields, over, done, is_standard=is_standard),
    ]
    well = next((field for field in flags if field.key in SUCCESS_WORDS), None)
    if well is not None:
        rules.append(DraftRule("failed", f"{over} && {well.text} == `false`"))
        over += f" && {well.text} == `true`"
    results = [field.text for field in fields if field.key in _RESULTS and len(field.path) == 1]
    if results and not is_standard and well is None:
        # Only the standard (AIP-151) lets a success come without anything.
        over = f"{over} && {any_of(results)}"
    if True in done.found.values() or not is_bare(fields):
        rules.append(DraftRule("succeeded", over))
    rules.append(DraftRule("running", f"{done.text} == `false`"))
    if name is not None:
        rules.append(
            DraftRule(
                "running",
                f"{name.text} && !({done.text})",
                why="the flag may be left out while it is false",
                is_guess=False,
            )
        )
    return tuple(rules)


def by_bad_ends(fields: Sequence[Field]) -> tuple[DraftRule, ...]:
    """Return the rules for an API whose flags name nothing but bad ends."""
    flags = [field for field in fields if field.holds(bool)]
    return tuple(
        rule._replace(when=rule.when.removeprefix("@ && ")) for rule in _flag_rules(flags, "@")
    )


def is_bare(fields: Sequence[Field]) -> bool:
    """Tell whether nothing in *fields* shows how it ended: no error, no result, no flag."""
    flags = [field for field in fields if field.holds(bool)]
    has_flag = any(field.key in SUCCESS_WORDS | FAILED for field in flags)
    has_result = any(field.key in _RESULTS and len(field.path) == 1 for field in fields)
    return not (has_flag or has_result or errors_of(fields) or _is_standard(fields))


def _is_standard(fields: Iterable[Field]) -> bool:
    """Tell whether the answers are those of AIP-151, which leaves out what is false or empty."""
    name = next((field for field in fields if field.key in {"name", "id"}), None)
    return bool(name and any("operations/" in str(each) for each in name.values))


def _flag_rules(flags: Sequence[Field], over: str) -> list[DraftRule]:
    """Return the rules for flags that name an end, such as ``isFailed``."""
    rules = []
    for state, keys in (("cancelled", CANCELLED), ("failed", FAILED)):
        flag = next((field for field in flags if field.key in keys), None)
        if flag is not None:
            rules.append(DraftRule(state, f"{over} && {flag.text} == `true`"))
    return rules


def _flag_error_rules(
    flags: Sequence[Field], fields: Sequence[Field], over: str, done: Field, *, is_standard: bool
) -> list[DraftRule]:
    """Return the rules by which an error beside the flag is a failure."""
    rules = []
    error = next(iter(errors_of(fields)), None)
    if error is not None:
        codes = (field for field in fields if field.path == (*error.path, "code"))
        if is_standard or any(field.holds(int) for field in codes):
            why = "google.rpc.Code 1 is a cancellation"
            when = f"{over} && {error.text}.code == `1`"
            rules.append(DraftRule("cancelled", when, why=why, is_guess=False))
        rules.append(DraftRule("failed", f"{over} && {error.text}"))
    elif not any(field.key in SUCCESS_WORDS | FAILED for field in flags):
        why = "no sample failed; where would an error be?"
        condition = any_of(likely_error_paths(done.parent, fields))
        rules.append(DraftRule("failed", f"{over} && {condition}", why=why))
    return rules
