"""When to ask again.

Decides the pause after a good answer and after a bad one. Polling, retrying
and deciding are three things; this file knows only the first two.

The rule after a good answer. While nothing is known, pauses grow by a fifth from the
first to the longest. Once progress was seen to move, a quarter of the time to the
soonest end that it predicts is slept; past that end the pause is the square root of the
time overdue. No pause is longer than the longest unless progress allows it, and then
neither than six times that nor than half of the time for which progress has been seen:
so late may a failure be noticed that comes before the predicted end. Where there is no
progress, but it is known how long operations of this kind usually take, the first pauses
last until one in six would have ended, but no longer than half of the usual duration: so
late may a failure be noticed that comes early. Half counts as six times the longest at
least, and as twenty times at most. Each further pause lasts until a part of those still
running would have ended, a sixth at first and a third in the end, for the older one is the
likelier it ends soon; none of these is longer than one and a half times the longest. One
that has run longer than 98 in 100 has the pauses of which nothing is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.operation import State
from opwatch.domain.outcome import Eagerness

if TYPE_CHECKING:
    from opwatch.domain.durations import UsualDuration
    from opwatch.domain.origin import Origin

SHORTEST: Final = 1.0
SHORTEST_ON_LOOPBACK: Final = 0.1
LONGEST: Final = 3600.0
FIRST_RETRY: Final = 1.0
THROTTLED_RETRY: Final = 5.0
LONGEST_RETRY: Final = 60.0
STRETCH: Final = 6.0
"""By how much a pause before a predicted end may exceed the longest pause."""
OF_SEEN: Final = 0.5
"""The part of the time for which progress was seen that such a pause may last."""
OVERDUE: Final = 1.6
OF_USUAL: Final = 2.0
"""Such a pause may last so many times the share of the usual duration: half of it."""
MOST_STRETCH: Final = 20.0
"""How many times the longest pause even such a one may last."""
CHANCES: Final = (1 / 6, 1 / 3)
"""How likely one is to end within a pause that its usual duration makes: the least, the most."""
CHANCE: Final = 0.285
"""How likely where half have ended."""
OLDER: Final = 0.05
"""How much more likely with each spread that it is older."""
OF_LONGEST: Final = 1.5
"""How many times the longest pause such a one may last where the end is likely."""
JITTER: Final = 0.1
"""The part of a pause by which chance makes it longer or shorter."""
LARGE_ENOUGH: Final = 50.0
"""The logarithm of a growth beyond every pause, and well within a float's range."""

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
    begun anew at each change; the last one repeats. *share* is the part of the
    predicted time to the end that is slept.
    """

    first: float = 2.0
    longest: float = 30.0
    factor: float = 1.2
    steps: tuple[float, ...] = ()
    share: float = 0.25

    @property
    def least(self) -> float:
        """The shortest pause in seconds, but for chance."""
        return min(self.steps) if self.steps else self.first

    @property
    def usual_bound(self) -> float:
        """The longest pause in seconds where no end is predicted, but for chance."""
        return max(self.steps) if self.steps else max(self.first, self.longest)

    @property
    def bound(self) -> float:
        """The longest pause in seconds before a predicted end, but for chance."""
        return self.usual_bound if self.steps else STRETCH * self.usual_bound

    @property
    def longest_of_usual(self) -> float:
        """The longest pause in seconds before a usual end, but for chance."""
        return MOST_STRETCH * self.usual_bound

    def at_least(self, shortest: float) -> Pace:
        """Return this pace without a pause below *shortest*."""
        return replace(
            self,
            first=max(shortest, self.first),
            longest=max(shortest, self.longest),
            steps=tuple(max(shortest, each) for each in self.steps),
        )


def regular(seconds: float) -> Pace:
    """Return the pace that asks every so many *seconds*, whatever is predicted."""
    return Pace(first=seconds, longest=seconds, steps=(seconds,))


@cache
def paced(pace: Pace, eagerness: Eagerness) -> Pace:
    """Return *pace* with the pauses halved or doubled.

    None is halved below the first, nor is one of *steps*: a vendor may have named them.
    """
    if eagerness is Eagerness.NORMAL:
        return pace
    scale = 2.0 if eagerness is Eagerness.GENTLE else 0.5
    up = max(1.0, scale)
    return Pace(
        first=min(LONGEST, up * pace.first),
        longest=min(LONGEST, max(pace.first, scale * pace.longest)),
        factor=1 + scale * (pace.factor - 1),
        steps=tuple(min(LONGEST, up * each) for each in pace.steps),
        share=scale * pace.share,
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What progress tells of the end, in seconds.

    It is *left* from now at the soonest, less than 0 when it is overdue; progress has
    been *seen* for so long.
    """

    left: float
    seen: float


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


def pause_after_good(
    pace: Pace,
    quiet: int,
    forecast: Forecast | None,
    uniform: Uniform,
    usual: tuple[UsualDuration, float] | None = None,
) -> float:
    """Return the seconds until the next poll after a good answer.

    *quiet* counts the answers without a change of state. *forecast* is what progress
    predicts: polls gather where the end is likely and are few where it is not. Past a
    predicted end the pauses grow again, lest one stuck at 99 % be hammered. *usual* is how long
    such an operation usually takes, and how old this one is; progress counts before it.
    """
    until = None if usual is None or forecast is not None else _until_likely(pace, *usual)
    jitter = JITTER
    if pace.steps:
        pause = pace.steps[min(quiet, len(pace.steps) - 1)]
    elif until is not None:
        # A long pause has a moment to meet: it is as exact as the longest of the others.
        pause, jitter = until, min(JITTER, JITTER * pace.usual_bound / until)
    elif forecast is None:
        growth = math.exp(min(quiet * math.log(pace.factor), LARGE_ENOUGH))
        pause = min(pace.longest, pace.first * growth)
    else:
        late = math.sqrt(OVERDUE * pace.share * pace.first * max(0.0, -forecast.left))
        most = max(pace.longest, min(pace.bound, OF_SEEN * forecast.seen))
        pause = min(most, max(pace.first, pace.share * forecast.left, late))
    return pause * uniform(1 - jitter, 1 + jitter)


def _until_likely(pace: Pace, usual: UsualDuration, age: float) -> float | None:
    """Return the pause for one of *age* seconds, None if that is no longer usual."""
    chance = CHANCE + OLDER * usual.spreads(age)
    until = usual.until(age, min(CHANCES[1], max(CHANCES[0], chance)))
    if until is None:
        return None
    half = max(pace.bound, OF_USUAL * pace.share * usual.median)
    earliest = usual.until(0.0, CHANCES[0]) or 0.0
    likely = max(earliest - age, OF_LONGEST * pace.usual_bound)
    return min(half, pace.longest_of_usual, likely, max(pace.first, until))


def pause_after_bad(streak: int, *, throttled: bool, uniform: Uniform) -> float:
    """Return the seconds until a retry after the *streak*-th bad answer in a row.

    Exponential with equal jitter: the random half keeps clients apart, the
    certain half keeps a retry from coming at once.
    """
    start = THROTTLED_RETRY if throttled else FIRST_RETRY
    return uniform(0.5, 1.0) * min(LONGEST_RETRY, start * 2.0 ** min(streak - 1, 20))
