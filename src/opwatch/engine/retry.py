"""One request that is worth several tries, outside the watch of an operation.

Decides how often it is sent again and how long it waits in between: with the
pauses of a retry, never sooner than the server asks, and not for ever.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from opwatch.domain.pacing import Uniform, pause_after_bad
from opwatch.domain.trouble import STRICT, STRICT_TRIES, FirstContact, Handling, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


T = TypeVar("T")

TRIES: Final = 5
LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks for more is not waited for."""
_PASSING: Final = frozenset({Handling.TRANSIENT, Handling.THROTTLED})


async def with_retries(
    send: Callable[[], Awaitable[T | Trouble]],
    uniform: Uniform,
    *,
    is_safe: Callable[[Trouble], bool] = lambda _trouble: True,
) -> T | Trouble:
    """Return what *send* returns, tried again after a trouble that may pass.

    *is_safe* tells of a trouble whether sending again can do no harm.
    """
    for streak in range(1, TRIES):
        came = await send()
        if not isinstance(came, Trouble) or not is_safe(came) or streak >= _tries(came):
            return came
        pause = _pause(came, streak, uniform)
        if pause > LONGEST_WAIT:
            return came
        await asyncio.sleep(pause)
    return await send()


def _tries(trouble: Trouble) -> int:
    """Return how often a request that met *trouble* is sent at most."""
    rule = trouble.rule
    if rule.handling not in _PASSING or rule.first is FirstContact.AT_ONCE:
        return 1
    return STRICT_TRIES if rule.first in STRICT else TRIES


def _pause(trouble: Trouble, streak: int, uniform: Uniform) -> float:
    throttled = trouble.rule.handling is Handling.THROTTLED and trouble.wait != 0
    pause = pause_after_bad(streak, throttled=throttled, uniform=uniform)
    return max(pause, (trouble.wait or 0.0) * uniform(1.0, 1.1))
