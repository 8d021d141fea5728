"""One pace for all processes of a user that ask the same host with the same credential.

Decides when a run joins the others: at once if it has many operations, else when it has
lasted for a moment; what a host is called among them; and that a run goes on as if alone
where there is no store. How long operations usually take is looked up before the first is
asked about, for it decides already when to ask again.
"""

from __future__ import annotations

import math
import secrets
from concurrent.futures import wait
from typing import TYPE_CHECKING, Final

from opwatch.state.folder import state_folder
from opwatch.watcher.neighbour import Neighbourhood

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.credentials import Credential
    from opwatch.domain.events import Event
    from opwatch.session.context import RunContext
    from opwatch.state.reports import ReportBoard
    from opwatch.watcher.scheduler import GateKey
    from opwatch.watcher.watcher import Watcher

MOMENT: Final = 2.0
"""Seconds after which a run joins that does not do so at once."""
PRESUMED: Final = 7
"""Others for whom a run leaves room until it knows."""
PATIENCE: Final = 2.0
"""Seconds that it does so."""
APART: Final = 0.1
"""Seconds between two looks at what they tell."""
SAME_CLOCK: Final = 1.0
"""Seconds by which the time of day may be off before past durations are counted by it anew."""
START: Final = 0.03
"""Seconds that the first request waits for what is remembered of past durations."""


class SharedHosts:
    """Lets *watcher* and those of other processes share what hosts bear.

    *credentials* are by the name of the profile. A run that joins *at_once* leaves room for
    others until it knows of them.
    """

    def __init__(
        self,
        watcher: Watcher,
        credentials: Mapping[str, Credential],
        context: RunContext,
        *,
        at_once: bool,
    ) -> None:
        self._credentials = credentials
        self._watcher = watcher
        self._context = context
        now = context.clock.now()
        self._presumed = PRESUMED if at_once else 0
        self._joins_at = now if at_once else now + MOMENT
        self._next_at = now
        self._patience = now + PATIENCE
        self._offset = math.inf
        self._board: ReportBoard | None = None
        self._neighbourhood: Neighbourhood | None = None

    def __call__(self, now: float) -> Iterable[Event]:
        """Tell the others how this run stands, follow what they tell, and learn of the past."""
        if now < self._next_at:
            return ()
        self._next_at = now + APART
        board = self._board = self._board or self._joined()
        if board is None or board.is_broken:
            self._next_at = math.inf
            if self._neighbourhood is not None:
                self._neighbourhood.suppose(0, now)
            return ()
        offset = self._context.wall() - now
        if board.usual and abs(offset - self._offset) > SAME_CLOCK:
            self._offset = offset
            self._watcher.learn_usual(board.usual, offset)
        return self._exchanged(board, now, offset) if now >= self._joins_at else ()

    def _exchanged(self, board: ReportBoard, now: float, offset: float) -> Iterable[Event]:
        if self._neighbourhood is None:
            process = f"{self._context.wall():017.6f} {secrets.token_hex(4)}"
            self._neighbourhood = Neighbourhood(
                self._watcher, process, now, presumed=self._presumed
            )
        board.show(self._neighbourhood.report(now), now, offset)
        if board.heard is not None:
            return self._neighbourhood.follow(board.heard, now)
        if now >= self._patience:
            self._neighbourhood.suppose(0, now)
        return ()

    def close(self) -> None:
        """Leave the others what was this run's part."""
        if self._board is not None:
            now = self._context.now()
            self._board.close(now, self._context.wall() - now)

    def _joined(self) -> ReportBoard | None:
        try:
            from opwatch.state.reports import ReportBoard  # noqa: PLC0415, a look needs it not
        except (ImportError, OSError):  # a Python without SQLite, or no file can be opened
            return None
        profiles = {profile for profile, _ in self._watcher.gates}
        board = ReportBoard(state_folder(), profiles, self._hosts)
        if not self._watcher.policy.once:
            wait([board.looked_up], START)
        return board

    def _hosts(self, key: bytes) -> Mapping[GateKey, str]:
        """Return what each host is called among all who have *key*."""
        return {
            (profile, origin): self._credentials[profile].digest(key, origin)
            for profile, origin in self._watcher.gates
        }
