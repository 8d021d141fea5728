"""What status words usually mean.

Decides it by common sense first, then by the built-in profiles: where they
agree, a word means what it means there. A word on which they disagree, or that
says only that something is over, means nothing by itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opwatch.profiles.expressions import spelling
from opwatch.profiles.language import STATES
from opwatch.profiles.library import BUILTIN, builtin_names, read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SENSE: Final[Mapping[str, str]] = {
    "pending": "pending queued accepted scheduled submitted enqueued created requested waiting "
    "initializing initialized starting notstarted new open preparing planned",
    "running": "running inprogress started processing executing working ongoing active updating "
    "building deleting provisioning deploying validating finalizing unknown retrying "
    "cancelling canceling cancelrequested stopping terminating",
    "blocked": "blocked onhold paused suspended waitingforapproval actionrequired manual",
    "succeeded": "succeeded success successful successfully completed complete ready passed "
    "finished done jobcomplete",
    "partial": "partiallysucceeded partialsuccess completedwitherrors "
    "completedwithwarnings succeededwitherrors",
    "failed": "failed failure error errored crashed timeout timedout expired faulted dead invalid",
    "cancelled": "cancelled canceled aborted stopped dismissed revoked discarded",
}
ENDED: Final = frozenset(
    {"completed", "complete", "done", "finished", "ended", "terminated", "closed", "stopped"}
)
"""Words that may say no more than that it is over, well or badly."""
GUESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "succeeded": ("succeeded", "success", "completed"),
    "failed": ("failed", "error"),
    "cancelled": ("cancelled", "canceled"),
}
"""What an API most likely says for an end that no sample shows."""
_TERMINAL: Final = frozenset({"succeeded", "partial", "failed", "cancelled"})


@lru_cache(maxsize=4)
def vocabulary(without: str = "") -> Mapping[str, str]:
    """Return the bucket of ``states`` for each word, by its spelling.

    *without* names a built-in profile that is not asked.
    """
    known = {word: bucket for bucket, words in SENSE.items() for word in words.split()}
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for name in builtin_names() - {without}:
        states = read_file(BUILTIN / f"{name}.yaml", is_builtin=True).get("states")
        for bucket in STATES:
            node = states.get(bucket) if states else None
            words = [] if node is None else node.value if node.is_list else [node]
            for each in words:
                if isinstance(each.value, str):
                    heard[spelling(each.value)][bucket] += 1
    said = {word: _agreed(buckets) for word, buckets in heard.items()}
    return {**{word: bucket for word, bucket in said.items() if bucket}, **known}


def _agreed(buckets: Collection[str] | Counter[str]) -> str | None:
    """Return what a word means by the majority, None if some take it for another end."""
    counted = Counter(buckets)
    is_open = [bucket for bucket in counted if bucket not in _TERMINAL]
    if len(counted) > 1 and len(is_open) < len(counted):
        return None
    return counted.most_common(1)[0][0]
