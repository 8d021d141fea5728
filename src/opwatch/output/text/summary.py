"""A whole run when it is over: how it went, what to do about it, and how to go on."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.command_line import (
    CONFIG,
    behind_options,
    command_to_paste,
    named,
    words_of_options,
)
from opwatch.domain.moments import format_duration
from opwatch.domain.operation import Basis, Operation, State, Target
from opwatch.domain.outcome import Outcome, Reason, Verdict
from opwatch.output.text.clean import PLAIN, Show, elide
from opwatch.output.text.sentences import API_OUTCOMES, display_name, host_of, warnings_of, words_of
from opwatch.output.text.words import (
    ANONYMOUS,
    ASKS_FOR,
    BELIEVE,
    CAUSES,
    FIXES_WITHOUT_PROFILE,
    OUTCOMES,
    WRITE_PROFILE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from opwatch.domain.trouble import Trouble

Resume: TypeAlias = "Callable[[Sequence[Operation]], str | None]"
"""From the operations that are not over to the command that waits for them again."""

# In the order of a person's interest, the good one first.
ORDER: Final = tuple(Outcome)
ASSUMED_BASES: Final = frozenset({Basis.PATH, Basis.WORDS})
DETECTED: Final = ASSUMED_BASES | {Basis.ADDRESS}
NAMED: Final = 3
"""Operations with warnings that a last line names."""
TO_GO_ON: Final = "to go on"
YOUR_FILE: Final = "your config.yaml"
UNFINISHED: Final = frozenset({Outcome.DENIED, Outcome.UNKNOWN, Outcome.TIMED_OUT, Outcome.PENDING})


def summary(operations: Sequence[Operation], elapsed: float, show: Show = PLAIN) -> str:
    """Return how a run went: ``2 of 4 succeeded, 1 failed, in 7m 12s``."""
    counts = Counter(each.counted_as for each in operations)
    total, took = len(operations), f"in {format_duration(elapsed)}"
    warned = _with_warnings(operations, show)
    if total == 1 and counts:
        return f"{OUTCOMES[next(iter(counts))]}{warned} after {format_duration(elapsed)}"
    good = counts.pop(Outcome.SUCCEEDED, 0)
    first = (
        f"all {total:,} succeeded"
        if total and good == total
        else f"{good:,} of {total:,} succeeded"
    )
    return ", ".join([first, *counted(counts)]) + f"{warned and ','}{warned}, {took}"


def counted(counts: Counter[Outcome]) -> list[str]:
    """Return how many there are of each outcome, in words: ``1 failed``, ``2 denied``."""
    return [f"{counts[each]:,} {OUTCOMES[each]}" for each in ORDER if counts[each]]


def _with_warnings(operations: Sequence[Operation], show: Show) -> str:
    """Return which operations had warnings, and why: `` with warnings (b: 3 rows skipped)``."""
    warned = [
        f"{display_name(each, show, 40)}{words and ': '}{elide(words, 60)}"
        for each in operations
        if each.state is State.SUCCEEDED and (words := warnings_of(each, show)) is not None
    ]
    if not warned:
        return ""
    more = f"; {len(warned) - NAMED} more" if len(warned) > NAMED else ""
    count = "" if len(operations) == 1 else f" {len(warned):,}"
    return f"{count} with warnings ({'; '.join(warned[:NAMED])}{more})"


def left_out(counts: Counter[str], order: Iterable[str], ellipsis: str) -> str:
    """Return the line for the operations without a row: ``… and 12 more: 3 failed  9 running``."""
    words = "  ".join(f"{counts[each]:,} {each}" for each in order if counts[each])
    return f"{ellipsis} and {counts.total():,} more: {words}"


def exit_text(verdict: Verdict) -> str:
    """Return ``exit 1: failed``."""
    return f"exit {verdict.code}: {CAUSES[verdict.cause]}"


def unfinished(operations: Iterable[Operation]) -> list[Operation]:
    """Return the operations that may still go on, in their order."""
    return [
        each for each in operations if each.outcome in UNFINISHED or each.reason is Reason.BLOCKED
    ]


def hints(operations: Iterable[Operation], show: Show = PLAIN, most: int = 3) -> list[str]:
    """Return what to do about the troubles that ended watches, each once."""
    found: dict[tuple[object, str], str] = {}
    for each in operations:
        trouble, advice = each.trouble, _fix_of_status(each, show)
        if advice is not None:
            found.setdefault((each.reason, each.target.origin), advice)
        if trouble is None or each.outcome in API_OUTCOMES or each.outcome is Outcome.PENDING:
            continue
        found.setdefault((trouble.fault, trouble.host), remedy(trouble, each, show))
        if len(found) == most:
            break
    return list(dict.fromkeys(found.values()))


def remedy(trouble: Trouble, operation: Operation, show: Show = PLAIN) -> str:
    """Return what to do about *trouble*, which ended the watch of *operation*."""
    target = operation.target
    fix = words_of(trouble).fix
    if target.basis in ASSUMED_BASES:
        # The profile was assumed: it is not the user's to change.
        is_about_it = any(each in fix for each in ("{profile}", "{auth_"))
        fix = FIXES_WITHOUT_PROFILE.get(trouble.fault, WRITE_PROFILE if is_about_it else fix)
    schemes = [each for each in trouble.asks_for if each.lower() != "bearer"]
    if trouble.fault in ANONYMOUS and schemes and len(schemes) == len(trouble.asks_for):
        fix = ASKS_FOR
    schemes_shown = show(", ".join(schemes), 60)
    return fix.format(host=host_of(trouble, show), schemes=schemes_shown, **advice(target, show))


def advice(target: Target, show: Show = PLAIN) -> dict[str, str]:
    """Return what the templates of advice may name: the profile of *target*, and commands."""
    options, reference = target.options, target.reference
    whole = named(target.profile or "NAME", options)
    explained = options if target.basis in DETECTED else whole
    commands = {
        "explain": command_to_paste("profile explain", explained, references=[reference]),
        "auth_test": command_to_paste("auth test", whole),
        "auth_status": command_to_paste("auth status", whole),
        "profile_new": command_to_paste("profile new", options, "--from", reference),
    }
    shown = {name: show(command, None) for name, command in commands.items()}
    return {"profile": show(target.profile or "NAME"), **shown}


def _fix_of_status(operation: Operation, show: Show = PLAIN) -> str | None:
    """Return what to do about a contradiction, or an unknown status of an assumed profile."""
    conflict = operation.reading.contradiction if operation.reading else None
    if operation.reason is Reason.CONTRADICTED and conflict is not None:
        profile = operation.target.profile.partition("@")[0]
        options = named(f"my-{profile}", operation.target.options)
        words = [*words_of_options(options), *behind_options([operation.reference])]
        return BELIEVE.format(
            field=show(conflict.field),
            other=show(conflict.other),
            profile=show(profile),
            file=next((show(each[1], None) for each in options if each[0] == CONFIG), YOUR_FILE),
            options=show(shlex.join(words), None),
        )
    if operation.reason is not Reason.UNKNOWN_STATUS or operation.target.basis not in ASSUMED_BASES:
        return None
    return WRITE_PROFILE.format(**advice(operation.target, show))


def next_steps(
    operations: Sequence[Operation], show: Show = PLAIN, resume: Resume | None = None
) -> Iterator[tuple[str, str]]:
    """Yield what to do after a run, as labels and texts: ``to fix``, then ``to go on``."""
    for hint in hints(operations, show):
        yield "to fix", hint
    rest = unfinished(operations)
    command = resume(rest) if resume and rest else None
    if command:
        yield TO_GO_ON, show(command, None)
