"""The loop of a run: send what is due, take in what comes, sleep in between.

Decides nothing about operations; the watcher does. What this file guarantees
is that every await is bounded, that a listener's failure ends the run with the
right cause, and that no request outlives it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.answer import Answer, Poll
from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.events import Event, Finished, Listener, Ticked
from opwatch.domain.outcome import Abort
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from opwatch.domain.watch import Watcher
    from opwatch.engine.clock import Clock
    from opwatch.engine.signals import Mailbox

Fetch: TypeAlias = "Callable[[Poll], Awaitable[Answer]]"

MARGIN: Final = 1.0
"""Seconds beyond its own limit after which a request is taken away from the fetcher."""


async def drive(
    watcher: Watcher,
    fetch: Fetch,
    tell: Listener,
    *,
    clock: Clock,
    mailbox: Mailbox,
    stir: float = 1.0,
    timeout_code: int = 124,
) -> None:
    """Run *watcher* to its end, telling *tell* each event and, every *stir* seconds, the time.

    Whatever *fetch* raises is a bug and is raised again. A listener that cannot
    write ends the run with the abort that its error stands for.
    """
    run = _Run(watcher, fetch, tell, clock, mailbox)
    try:
        run.tell_all(watcher.start())
        while not watcher.finished:
            run.send_due()
            if not watcher.finished:
                await run.wait(stir)
        finished = Finished(
            clock.now(), watcher.operations, watcher.verdict(timeout_code=timeout_code)
        )
        run.tell_all([finished])
    finally:
        await run.close()


class _Run:
    """One run's open requests, and the box that their answers come to."""

    def __init__(
        self, watcher: Watcher, fetch: Fetch, tell: Listener, clock: Clock, mailbox: Mailbox
    ) -> None:
        self._watcher = watcher
        self._fetch = fetch
        self._tell = tell
        self._clock = clock
        self._mailbox = mailbox
        self._tasks: set[asyncio.Task[None]] = set()

    def tell_all(self, events: Iterable[Event]) -> None:
        """Tell the listener; when it can no longer write, the run is over."""
        try:
            for event in events:
                self._tell(event)
        except PipeClosedError:
            self._watcher.interrupt(Abort.PIPE_CLOSED, self._clock.now())
        except UnwritableError:
            self._watcher.interrupt(Abort.UNWRITABLE, self._clock.now())

    def send_due(self) -> None:
        """Send every poll that is due, each in a task of its own."""
        now = self._clock.now()
        self.tell_all(self._watcher.tick(now))
        for poll in self._watcher.due(now):
            task = asyncio.get_running_loop().create_task(self._ask(poll))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, poll: Poll) -> None:
        try:
            async with asyncio.timeout(poll.timeout + MARGIN):
                answer = await self._fetch(poll)
        except TimeoutError:
            answer = Answer.all(Trouble(Fault.TIMEOUT), len(poll.targets))
        except Exception as bug:  # noqa: BLE001, it is raised again where the run is
            self._mailbox.put_nowait(bug)
            return
        self._mailbox.put_nowait((poll, answer))

    async def wait(self, stir: float) -> None:
        """Sleep until a letter comes or something is due, but no longer than *stir* seconds."""
        now = self._clock.now()
        pause = min(stir, max(0.0, self._watcher.wake_at(now) - now))
        try:
            async with asyncio.timeout(pause):
                letter = await self._mailbox.get()
        except TimeoutError:
            self.tell_all([Ticked(self._clock.now())])
            return
        self._open(letter)
        while not self._mailbox.empty():
            self._open(self._mailbox.get_nowait())

    def _open(self, letter: tuple[Poll, Answer] | BaseException | Abort) -> None:
        now = self._clock.now()
        match letter:
            case Abort():
                self.tell_all(self._watcher.interrupt(letter, now))
            case BaseException():
                raise letter
            case (poll, answer):
                self.tell_all(self._watcher.record(poll, answer, now))

    async def close(self) -> None:
        """Cancel what is still in flight; a request that does not yield is left behind."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=MARGIN / 4)
