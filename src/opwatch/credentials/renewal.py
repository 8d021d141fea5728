"""How long a token is used, and how the next one is obtained.

Decides that a renewal comes at 80 % of a lifetime, or at once after a refusal, but
then at most every 30 s and three times in a row, unless the last one has cured a refusal;
that one renewal is under way
however many operations ask; that a failed one is not tried again before 1, 2,
4 … 60 s; and that a renewal which was refused when it was needed is the end: nothing is
requested with this credential any more (faults 95 to 97).
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.credentials.token import Pending, StoredTokenSource, Token
from opwatch.credentials.validation import renewal_pause
from opwatch.domain.trouble import FINAL_AT_ONCE, Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials.oauth.grants import OAuth2TokenSource

# All in seconds of the run's clock.
APART: Final = 30.0
WORKED: Final = 300.0
HOLD_FIRST: Final = 1.0
HOLD_LONGEST: Final = 60.0
PATIENCE: Final = 60.0

MOST_IN_A_ROW: Final = 3


TokenSource: TypeAlias = "StoredTokenSource | OAuth2TokenSource"
"""Gives tokens: the first at the start, others when one ends."""


class TokenRenewer:
    """Holds the token of *source* that is in use; *on_token* is called with each new one."""

    def __init__(
        self,
        source: TokenSource,
        *,
        now: Callable[[], float],
        wall: Callable[[], float],
        on_token: Callable[[Token], None],
    ) -> None:
        self._source = source
        self._now = now
        self._wall = wall
        self._on_token = on_token
        self._renew_at = -math.inf
        self._ends_at = math.inf
        self._obtained_at = -math.inf
        self._renewal: asyncio.Task[Trouble | None] | None = None
        self._failures = _Failures()
        self._forced_at = -math.inf
        self._is_refused = False
        self._has_cured = False
        self._refused_in_a_row = 0
        self._end: Trouble | None = None
        self.notes: tuple[str, ...] = ()
        self.token: Token | None = None

    def replacement(self, place: str) -> str:
        """Return how the secret at *place* is replaced."""
        return self._source.search.advice.for_refused(self._source.parts, place)

    async def prepare(self) -> str:
        """Find the first token, or all that is needed to ask for it; return its place."""
        prepared = await self._source.prepare()
        self.notes = prepared.notes
        if isinstance(prepared, Pending):
            return prepared.place
        self._take(prepared)
        return prepared.place

    async def keep_fresh(self) -> Trouble | None:
        """Make sure that there is a token that has not expired."""
        now = self._now()
        if self._end is not None or now < self._renew_at:
            return self._end
        renewal = self._renewal_or_failure(now)
        if self.token is not None and now < self._ends_at:
            # There is time: nobody waits for a renewal ahead of the end.
            return None
        return await self._outcome_of_needed(renewal)

    async def replace(self) -> Trouble | None:
        """Get another token for the present one, which was refused, unless it is too soon.

        Whether there is another one then is for the caller to see.
        """
        if self._end is not None:
            return self._end
        if self._renewal is not None and not self._renewal.done():
            return await self._outcome_of_needed(self._renewal)
        now = self._now()
        if not self._is_refused and (self._has_cured or now - self._obtained_at >= WORKED):
            # A token that worked was good: this refusal begins a new count.
            self._refused_in_a_row = 0
        self._is_refused = True
        if now - self._forced_at < APART and not self._has_cured:
            return None
        if self._refused_in_a_row >= MOST_IN_A_ROW:
            detail = f"{self._refused_in_a_row} renewed credentials in a row were refused"
            self._end = Trouble(Fault.RENEWAL_REFUSED, detail)
            return self._end
        return await self._outcome_of_needed(self._renewal_or_failure(now, forced=True))

    def confirm(self) -> None:
        """Take note that a request which was refused has been answered with the present token."""
        self._has_cured = True

    async def _outcome_of_needed(
        self, renewal: asyncio.Task[Trouble | None] | Trouble
    ) -> Trouble | None:
        """Return what becomes of a renewal without which there is no token."""
        trouble = await _outcome(renewal)
        if trouble is not None and trouble.fault in FINAL_AT_ONCE:
            self._end = trouble
        return trouble

    def _renewal_or_failure(
        self, now: float, *, forced: bool = False
    ) -> asyncio.Task[Trouble | None] | Trouble:
        """Return the renewal that is under way, or the last failure while it is held."""
        if self._renewal is None or self._renewal.done():
            held = self._failures.held(now)
            if held is not None:
                return held
            self._renewal = asyncio.ensure_future(self._renew(forced=forced))
        return self._renewal

    async def _renew(self, *, forced: bool) -> Trouble | None:
        issued = await self._source.issue()
        if isinstance(issued, Trouble):
            return self._failures.count(issued, self._now(), is_first=self.token is None)
        self._failures = _Failures()
        self._take(issued)
        if forced:
            self._forced_at = self._now()
            self._has_cured = False
            self._refused_in_a_row += not self._is_refused
        return None

    def _take(self, token: Token) -> None:
        now = self._now()
        if self.token is None or token.secret != self.token.secret:
            self._obtained_at = now
            self._is_refused = False
        self.token = token
        self._on_token(token)
        if token.expires_at is None:
            self._renew_at = self._ends_at = math.inf
            return
        left = token.expires_at - self._wall()
        self._renew_at = now + renewal_pause(left)
        self._ends_at = now + left


async def _outcome(renewal: asyncio.Task[Trouble | None] | Trouble) -> Trouble | None:
    if isinstance(renewal, Trouble):
        return renewal
    # Shielded: the operation that asked first may give up without the others.
    return await asyncio.shield(renewal)


@dataclass(slots=True)
class _Failures:
    """Renewals that failed, one after the other, and how long to leave it at that."""

    since: float = math.inf
    until: float = -math.inf
    number: int = 0
    last: Trouble | None = None

    def held(self, now: float) -> Trouble | None:
        """Return the last failure while it is too soon to try again."""
        return self.last if now < self.until else None

    def count(self, trouble: Trouble, now: float, *, is_first: bool) -> Trouble:
        """Return what the failure means, and wait before the next try.

        Before there was ever a token, trouble with the token endpoint is shown as it
        is, so that a mistyped host fails in seconds; later it counts as transient.
        """
        self.since = min(self.since, now)
        self.number += 1
        if not is_first and not self._is_final(trouble, now):
            detail = trouble.detail or trouble.fault.value.replace("_", " ")
            trouble = replace(trouble, fault=Fault.RENEWAL_FAILED, detail=detail)
        elif not is_first and trouble.fault is Fault.TOKEN_REFUSED:
            trouble = replace(trouble, fault=Fault.RENEWAL_REFUSED)
        hold = min(HOLD_LONGEST, HOLD_FIRST * 2 ** min(self.number - 1, 10))
        self.until = now + max(hold, trouble.wait or 0.0)
        # The token endpoint asked for the pause, not the host that is polled.
        self.last = replace(trouble, wait=None)
        return self.last

    def _is_final(self, trouble: Trouble, now: float) -> bool:
        if trouble.fault is Fault.NO_CREDENTIAL:
            # Believed after a minute: a laptop that wakes has a network, and so its
            # helper a token, a little later.
            return now - self.since >= PATIENCE
        return trouble.fault is Fault.TOKEN_REFUSED
