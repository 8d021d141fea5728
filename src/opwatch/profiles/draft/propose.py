"""A profile proposed from sample answers.

Decides which samples count, and what a person should be asked: only what the
samples leave open. The same samples and answers give the same profile.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.profiles.config import builtin_names, name_fault
from opwatch.profiles.draft.body import Posting, posting_of
from opwatch.profiles.draft.infer import Inference, infer
from opwatch.profiles.draft.samples import Sample, ids_in, operation_lists
from opwatch.profiles.draft.url import Addressing, addressing_of, fixed_addressing, ids_of
from opwatch.profiles.draft.words import vocabulary
from opwatch.profiles.draft.write import DraftPlan, draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


HANDOFF_HEADERS: Final = ("Azure-AsyncOperation", "Operation-Location", "Location")
_GOOD: Final = range(200, 300)


class Known(NamedTuple):
    """What is known besides the samples.

    *name* is the profile's, *url* one that a sample came from. *is_open* means
    that it came without a credential, *has_token* that it came with one.
    *status* is where a person says the status word is, *meanings* are the buckets
    that they chose for words. *body* is the JSON that was posted, if any was.
    """

    name: str = ""
    url: str | None = None
    is_open: bool = False
    has_token: bool = False
    status: str = ""
    meanings: Mapping[str, str] = {}
    body: Any = None


class Proposal(NamedTuple):
    """The *text* of a profile called *name*, and what the samples leave open.

    *unclear* words may mean several things, and *notes* say why. *candidates* are where the status
    word could be, if it was not found. *used* counts the samples.
    """

    name: str
    text: str
    unclear: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    has_status: bool = True
    used: int = 0
    notes: tuple[str, ...] = ()


def propose(samples: Sequence[Sample], known: Known, *, without: str = "") -> Proposal:
    """Return the profile that *samples* suggest; bad answers among them are left out.

    *without* names a built-in profile whose words are not to be used.

    Raises:
        OriginError: the URL cannot be trusted.
    """
    good = [each for each in samples if each.status in _GOOD]
    url = known.url or next((each.url for each in good if each.url), None)
    posting = None
    if known.body is not None:
        listed = [item for each in operation_lists(good, url) for item in each.samples]
        posting = posting_of(known.body, [*good, *listed])
    address, found = _infer_with_lists(good, url, known, vocabulary(without), posting)
    words = {
        word: known.meanings.get(str(word), bucket) for word, bucket in found.decision.words.items()
    }
    is_answered = any(words[each] != bucket for each, bucket in found.decision.words.items())
    is_settled = is_answered and None not in words.values()
    notes = () if is_settled else found.decision.notes
    found = found._replace(decision=found.decision._replace(words=words, notes=notes))
    name = known.name or name_for(url)
    variable = "" if known.is_open else re.sub("[^A-Z0-9]", "_", name.upper()) + "_TOKEN"
    plan = DraftPlan(name, address, variable, known.has_token, _handoff_header(good), posting)
    unclear = tuple(str(word) for word, bucket in words.items() if bucket is None)
    has_status = found.decision.is_complete
    candidates = () if has_status else found.candidates
    text = draft(plan, found)
    return Proposal(name, text, unclear, candidates, has_status, len(good), notes)


def _infer_with_lists(
    samples: Sequence[Sample],
    url: str | None,
    known: Known,
    words: Mapping[str, str],
    posting: Posting | None,
) -> tuple[Addressing | None, Inference]:
    """Return how operations are requested, and what is where in *samples* or their lists."""
    address, ids = _locate_id(samples, url, posting)
    found = infer(samples, words, ids=ids, status=known.status)
    if found.decision.is_complete:
        return address, found
    for each in operation_lists(samples, url):
        place, ids = _locate_id(each.samples, url, posting)
        if url and each.batch:
            place, ids = fixed_addressing(url, each.batch.query), dict(each.ids)
        listed = infer(each.samples, words, ids=ids, status=known.status)
        if listed.decision.status and listed.id:
            return place, listed._replace(operation_list=each)
    return address, found


def _locate_id(
    samples: Sequence[Sample], url: str | None, posting: Posting | None
) -> tuple[Addressing | None, dict[int, str]]:
    """Return how the *url* is made from an id, and the ids of *samples* where they are known."""
    if url is None:
        return None, {}
    if posting is not None:
        holders = [index for index, each in enumerate(samples) if posting.id in ids_in(each)]
        return fixed_addressing(url), dict.fromkeys(holders, posting.id)
    place = addressing_of(url, ids_of(samples, url))
    return place, dict(_ids(samples, place, url))


def name_for(url: str | None) -> str:
    """Return a name for the API at *url*: the most particular part of its host."""
    host = (urlsplit(url).hostname or "") if url else ""
    labels = [each for each in host.split(".")[:-1] if not each.isdigit()]
    name = labels[-1] if labels and not name_fault(labels[-1]) else "my-api"
    return f"my-{name}" if name in builtin_names() else name


def _ids(samples: Sequence[Sample], address: Addressing, url: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the id of each of *samples* that is known to have come from a URL."""
    for index, sample in enumerate(samples):
        if sample.url:
            yield index, addressing_of(sample.url, ids_of([sample], sample.url)).id
        elif address.id in ids_of([sample], url):
            yield index, address.id


def _handoff_header(samples: Sequence[Sample]) -> str:
    """Return the header by which a starting answer among *samples* names its status URL."""
    held = (name for name in HANDOFF_HEADERS if any(name in each.headers for each in samples))
    return next(held, "")
