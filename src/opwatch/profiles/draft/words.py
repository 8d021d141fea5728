"""What status words usually mean, and what the order of the samples shows of them.

Decides it by a table of usual words, then by the built-in profiles where they
agree; a word on which they disagree means nothing by itself. The parts of a
compound word can show that it goes on or failed, never that it succeeded.

A word that the same operation goes on after is no end. An operation ends once: where one
kind of end alone is followed by a word that goes on, the samples are its history and that
end was none; where several kinds are, they are examples, whose order says nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.profiles.config import BUILTIN, builtin_names, read_file
from opwatch.profiles.language.expressions import spelling
from opwatch.profiles.language.spec import STATES

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

SENSE: Final[Mapping[str, str]] = {
    "pending": "pending queued accepted scheduled submitted enqueued created requested waiting "
    "initializing initialized starting notstarted new open preparing planned",
    "running": "running inprogress started processing executing working active updating "
    "building deleting provisioning validating finalizing unknown retrying "
    "failing cancelling canceling cancelrequested stopping terminating",
    "blocked": "blocked onhold paused suspended waitingforapproval actionrequired manual",
    "succeeded": "succeeded success successful completed complete passed finished done jobcomplete",
    "partial": "partiallysucceeded",
    "failed": "failed failure error errored crashed timeout timedout expired dead exception fault",
    "cancelled": "cancelled canceled aborted stopped dismissed discarded",
}
ENDED: Final = frozenset(
    {"completed", "complete", "done", "finished", "ended", "terminated", "closed", "stopped"}
)
"""Words that may mean only that it is over, well or badly."""
READY: Final = "ready"
"""It means a success at some APIs, and waiting for a start at others."""
TERMINAL: Final = frozenset({"succeeded", "partial", "failed", "cancelled"})
_GUESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "succeeded": ("succeeded", "success", "successful"),
    "failed": ("failed", "failure", "error"),
    "cancelled": ("cancelled", "canceled", "aborted"),
}
_KIND: Final = re.compile(r"(?:[A-Za-z0-9]+[ _-])*(?:state|status)[ _-](?=[A-Za-z])", re.IGNORECASE)
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_GOOD_ENDS: Final = frozenset(
    {"succeeded", "success", "successful", "completed", "complete", "finished", "done"}
)
_LESS: Final = frozenset(
    {"partial", "partially", "errors", "warnings", "failures", "issues", "with"}
)
_BAD_ENDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("failed", "failure", "errored", "error", "timeout", "crashed"), "failed"),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), "cancelled"),
}
_GOES_ON: Final = frozenset({"pending", "running", "blocked"})
_EITHER: Final = "either"
_NEGATIONS: Final = frozenset({"not", "no", "non", "without", "zero"})


@lru_cache(maxsize=4)
def vocabulary(without: str = "") -> Mapping[str, str]:
    """Return the bucket of ``states`` for each word, by its spelling.

    *without* names a built-in profile that is left out.
    """
    known = {word: bucket for bucket, words in SENSE.items() for word in words.split()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name in builtin_names() - {without}:
        states = read_file(BUILTIN / f"{name}.yaml", is_builtin=True).get("states")
        for bucket in STATES:
            node = states.get(bucket) if states else None
            words = [] if node is None else node.value if node.is_list else [node]
            for each in words:
                if isinstance(each.value, str):
                    counts[spelling(each.value)][bucket] += 1
    agreed = {word: _majority(buckets) for word, buckets in counts.items()}
    usual = {word: bucket for word, bucket in agreed.items() if bucket and word != READY}
    return {**usual, **known}


def stem(word: str) -> str:
    """Return *word* without a prefix that only names it a state: ``JOB_STATE_DONE`` is ``DONE``."""
    return _KIND.sub("", word.strip(), count=1)


def meaning_of(word: str, known: Mapping[str, str]) -> str | None:
    """Return the bucket of *word*, None if it may mean several things; *known* are whole words."""
    key = spelling(stem(word))
    return known.get(key) or _by_parts(word)


def _may_be_end(word: str) -> bool:
    """Tell whether *word* has a part that may mean an end, as ``READY`` and ``copy_done`` do."""
    parts = {each.lower() for each in _PART.findall(word)}
    return bool(parts & ({READY} | ENDED | _GOOD_ENDS | _BAD_ENDS.keys()))


def _by_parts(word: str) -> str | None:
    """Return the bucket of a word such as ``build_failed`` or ``validating files``."""
    parts = [each.lower() for each in _PART.findall(word)]
    if not parts or _NEGATIONS & set(parts):
        return None
    if _GOOD_ENDS & set(parts):
        is_less = set(parts) <= _GOOD_ENDS | _LESS and _LESS & set(parts)
        return "partial" if is_less else None
    last = parts[-1]
    if last in _BAD_ENDS:
        return _BAD_ENDS[last]
    if _BAD_ENDS.keys() & set(parts):
        return None  # such as 'failed provisioning'
    is_doing = last == "progress" or any(part.endswith("ing") for part in parts)
    return "running" if is_doing else None


def guess_words(bucket: str, seen: Iterable[str]) -> tuple[str, ...]:
    """Return the likely words for an end that no sample shows, at an API with the words *seen*.

    No word is among them that may mean only that it is over.
    """
    words = list(seen)
    kinds = {word.strip()[: len(word.strip()) - len(stem(word))] for word in words}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return tuple(kind.lower() + each for each in _GUESSES.get(bucket, ()))


def _majority(buckets: Collection[str] | Counter[str]) -> str | None:
    """Return what a word means by the majority, None if some profiles disagree about an end."""
    counted = Counter(buckets)
    is_open = [bucket for bucket in counted if bucket not in TERMINAL]
    if len(counted) > 1 and len(is_open) < len(counted):
        return None
    return counted.most_common(1)[0][0]


# -- their order ---------------------------------------------------------------------


class Seen(NamedTuple):
    """The *word* of a sample of *operation*, and whether an error is beside it."""

    operation: Hashable
    word: str
    has_error: bool = False


def not_ends(seen: Iterable[Seen], known: Mapping[str, str]) -> frozenset[str]:
    """Return the words in *seen*, in the order of the samples, that by *known* would be ends.

    And are none, for a later sample of the same operation goes on.
    """
    histories: dict[Hashable, list[Seen]] = defaultdict(list)
    for each in seen:
        histories[each.operation].append(each)
    return frozenset().union(*(_passed(each, known) for each in histories.values()))


def _passed(history: Sequence[Seen], known: Mapping[str, str]) -> frozenset[str]:
    kinds = [_kind(each.word, known) for each in history]
    after = len(list(takewhile(lambda kind: kind not in _GOES_ON, reversed(kinds))))
    ends = [
        (index, each, kind)
        for index, (each, kind) in enumerate(zip(history, kinds, strict=True))
        if kind in TERMINAL or kind == _EITHER
    ]
    early = [(each, kind) for index, each, kind in ends if index < len(history) - after]
    late = [(each, kind) for index, each, kind in ends if index >= len(history) - after]
    if any(len({(kind, each.has_error) for each, kind in part}) > 1 for part in (early, late)):
        return frozenset()
    return frozenset(each.word for each, _ in early)


def _kind(word: str, known: Mapping[str, str]) -> str | None:
    bucket = meaning_of(word, known)
    return bucket or (_EITHER if _may_be_end(word) else None)
