"""From sample answers to a profile that is written down.

Decides which samples count, and what a person should be asked: only what the
samples leave open. The same samples and answers give the same profile.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.profiles.addressing import addressing_of, ids_of
from opwatch.profiles.drafting import Plan, draft
from opwatch.profiles.inference import infer
from opwatch.profiles.language import STATES as BUCKETS
from opwatch.profiles.library import builtin_names
from opwatch.profiles.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.profiles.addressing import Addressing
    from opwatch.profiles.samples import Sample

__all__ = ["BUCKETS", "Known", "Proposal", "is_name", "propose"]

HANDING: Final = ("Azure-AsyncOperation", "Operation-Location", "Location")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_COMMON: Final = frozenset({"api", "www", "rest", "app", "apis", "com", "co", "org", "net", "io"})
_GOOD: Final = range(200, 300)


class Known(NamedTuple):
    """What is known besides the samples.

    *name* is the profile's, *url* one that a sample came from. *is_open* tells
    that it came without a credential, *has_token* that it came with one.
    *status* is where a person says the status word is, *meanings* are the buckets
    that they give words.
    """

    name: str = ""
    url: str | None = None
    is_open: bool = False
    has_token: bool = False
    status: str = ""
    meanings: Mapping[str, str] = {}


class Proposal(NamedTuple):
    """The *text* of a profile called *name*, and what the samples leave open.

    *unclear* words may mean several things. *candidates* are where the status
    word could be, if it was not found. *used* counts the samples.
    """

    name: str
    text: str
    unclear: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    has_status: bool = True
    used: int = 0


def propose(samples: Sequence[Sample], known: Known, *, without: str = "") -> Proposal:
    """Return the profile that *samples* suggest; bad answers among them are left out.

    *without* names a built-in profile whose words are not to be used.

    Raises:
        OriginError: the URL is none that can be trusted.
    """
    good = [each for each in samples if each.status in _GOOD]
    url = known.url or next((each.url for each in good if each.url), None)
    address = addressing_of(url, ids_of(good, url)) if url else None
    ids = dict(_ids(good, address, url)) if address and url else {}
    found = infer(good, vocabulary(without), ids=ids, status=known.status)
    words = {
        word: known.meanings.get(word, bucket) for word, bucket in found.decision.words.items()
    }
    found = found._replace(decision=found.decision._replace(words=words))
    name = known.name or name_for(url)
    variable = "" if known.is_open else re.sub("[^A-Z0-9]", "_", name.upper()) + "_TOKEN"
    plan = Plan(name, address, variable, known.has_token, _handed(good))
    unclear = tuple(word for word, bucket in words.items() if bucket is None)
    has_status = bool(found.decision.status or found.decision.rules)
    candidates = () if has_status else found.candidates
    return Proposal(name, draft(plan, found), unclear, candidates, has_status, len(good))


def is_name(text: str) -> bool:
    """Tell whether *text* can name a profile."""
    return bool(_NAME.fullmatch(text))


def name_for(url: str | None) -> str:
    """Return a name for the API at *url*: the most particular part of its host."""
    host = (urlsplit(url).hostname or "") if url else ""
    labels = [each for each in host.split(".")[:-1] if each not in _COMMON and not each.isdigit()]
    name = labels[-1] if labels and is_name(labels[-1]) else "my-api"
    return f"my-{name}" if name in builtin_names() else name


def _ids(samples: Sequence[Sample], address: Addressing, url: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the id of each of *samples* that is known to have come from a URL."""
    for index, sample in enumerate(samples):
        if sample.url:
            yield index, addressing_of(sample.url, ids_of([sample], sample.url)).id
        elif address.id in ids_of([sample], url):
            yield index, address.id


def _handed(samples: Sequence[Sample]) -> str:
    """Return the header by which a starting answer among *samples* names its status URL."""
    return next((name for name in HANDING if any(name in each.headers for each in samples)), "")
