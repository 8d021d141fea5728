"""The schedules of other waiters: the pauses that each of them makes."""

from __future__ import annotations

from itertools import count, repeat
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    Pauses: TypeAlias = Callable[[random.Random], Iterator[float]]


def fixed(seconds: float) -> Pauses:
    return lambda _rng: repeat(seconds)


def growing(first: float, factor: float, longest: float, jitter: float = 0.0) -> Pauses:
    """Grow from *first* by *factor* up to *longest*, less a random part up to *jitter* of it."""

    def pauses(rng: random.Random) -> Iterator[float]:
        pause = first
        while True:
            yield pause * rng.uniform(1 - jitter, 1)
            pause = min(longest, pause * factor)

    return pauses


def gcloud(rng: random.Random) -> Iterator[float]:
    yield 1.0
    for n in count():
        yield min(180.0, 2 * 1.4 ** min(n, 40)) + rng.random()


def smithy(rng: random.Random) -> Iterator[float]:
    for n in count():
        yield rng.uniform(2.0, min(120.0, 2.0 * 2 ** min(n, 40)))


def databricks(rng: random.Random) -> Iterator[float]:
    for n in count(1):
        yield min(n, 10) + rng.uniform(0.05, 0.75)


def doubling_without_cap(_rng: random.Random) -> Iterator[float]:
    for n in count():
        yield min(600.0, 2.0**n)


PEERS: Final[dict[str, Pauses]] = {
    "gh run watch, glab, cf (3 s)": fixed(3.0),
    "bk build watch, sf, globus (1 s)": fixed(1.0),
    "pueue, bk preflight (2 s)": fixed(2.0),
    "sf, by size (10 s)": fixed(10.0),
    "watchgha (15 s)": fixed(15.0),
    "aws wait (20 s)": fixed(20.0),
    "az wait, oci (30 s)": fixed(30.0),
    "terraform (1 s to 3 s)": growing(1.0, 1.5, 3.0),
    "google-api-core (1 s x1.5 to 20 s)": growing(1.0, 1.5, 20.0),
    "gcloud (2 s x1.4 to 180 s)": gcloud,
    "Smithy (2 s to 120 s, random)": smithy,
    "databricks (n s to 10 s)": databricks,
    "curl --retry (x2 to 600 s)": doubling_without_cap,
    "x1.5 to 15 s, half jitter": growing(2.0, 1.5, 15.0, 0.5),
    "x1.5 to 30 s, half jitter": growing(2.0, 1.5, 30.0, 0.5),
}
