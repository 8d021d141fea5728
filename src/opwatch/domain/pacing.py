"""When to ask again.

Decides the pause after a good answer and after a bad one. Polling, retrying
and deciding are three things; this file knows only the first two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.operation import State

if TYPE_CHECKING:
    from opwatch.domain.origin import Origin

SHORTEST: Final = 1.0
SHORTEST_ON_LOOPBACK: Final = 0.1
LONGEST: Final = 3600.0
FIRST_RETRY: Final = 1.0
THROTTLED_RETRY: Final = 5.0
LONGEST_RETRY: Final = 60.0

Uniform: TypeAlias = Callable[[float, float], float]
"""A source of random numbers between two bounds; passed in, so that tests can choose."""


def shortest_at(origin: Origin) -> float:
    """Return the shortest pause in seconds between two polls of one operation at *origin*."""
    return SHORTEST_ON_LOOPBACK if origin.is_loopback else SHORTEST


@dataclass(frozen=True, slots=True)
class Pace:
    """The pauses between polls, in seconds.

    The first is *first*; each further one without a change is *factor* times
    the last, up to *longest*. *steps*, when given, are the pauses themselves,
    begun anew at each change; the last one repeats.
    """

    first: float = 2.0
    longest: float = 30.0
    factor: float = 1.5
    steps: tuple[float, ...] = ()

    def at_least(self, shortest: float) -> Pace:
        """Return this pace without a pause below *shortest*."""
        return replace(
            self,
            first=max(shortest, self.first),
            longest=max(shortest, self.longest),
            steps=tuple(max(shortest, each) for each in self.steps),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a host bears: *rate* requests a second, *burst* at once, *at_once* in flight.

    A *rate* of ``inf`` is one that nobody has documented: the pace follows the answers.
    """

    rate: float = math.inf
    burst: int = 10
    at_once: int = 32


@dataclass(frozen=True, slots=True)
class PollingRules:
    """How one API behaves towards those who poll it. Times are in seconds.

    *batch* is the most operations that one request may ask about. A 404 is
    not final before *not_found_grace* has passed. *gone* is the state that
    404 or 410 means once the operation has been seen or was started by us, None
    for not found; with a *gone_kind* only for operations of that kind.
    *confirm* equal terminal answers are needed. Only unknown words for
    *unknown_after* end the watch. What has not ended after *give_up_after*
    counts as *given_up* by the API's own rule (Open Service Broker's maximum
    polling duration).
    """

    pace: Pace = Pace()
    limits: Limits = Limits()
    batch: int = 1
    not_found_grace: float = 30.0
    gone: State | None = None
    gone_kind: str = ""
    confirm: int = 1
    unknown_after: float = 600.0
    give_up_after: float | None = None
    given_up: State = State.FAILED


def pause_after_good(pace: Pace, quiet: int, left: float | None, uniform: Uniform) -> float:
    """Return the seconds until the next poll after a good answer.

    *quiet* counts the answers without a change of state. *left* is the
    predicted time to the end: half of it is slept, so that polls gather where the
    end is likely and are few where it is not. Less than 0 says for how long the
    end has been overdue: the pauses grow again, lest one stuck at 99 % be hammered.
    """
    if pace.steps:
        pause = pace.steps[min(quiet, len(pace.steps) - 1)]
    elif left is not None:
        pause = left / 2 if left > 0 else -left / 8
        pause = min(pace.longest, max(pace.first, pause))
    else:
        pause = min(pace.longest, pace.first * pace.factor ** min(quiet, 60))
    return pause * uniform(0.9, 1.1)


def pause_after_bad(streak: int, *, throttled: bool, uniform: Uniform) -> float:
    """Return the seconds until a retry after the *streak*-th bad answer in a row.

    Exponential with equal jitter: the random half keeps clients apart, the
    certain half keeps a retry from coming at once.
    """
    start = THROTTLED_RETRY if throttled else FIRST_RETRY
    return uniform(0.5, 1.0) * min(LONGEST_RETRY, start * 2.0 ** min(streak - 1, 20))
