"""The loop of a run: send what is due, take in what comes, sleep in between.

Decides nothing about operations; the watcher does. What this file guarantees
is that every await is bounded, that a listener's failure ends the run with the
right cause, that no request outlives it, and that none waits long for the news of
the others: ten thousand that end at once are told in portions.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.domain.errors import PipeClosedError, UnwritableError
from opwatch.domain.events import Ended, Event, Finished, Listener, Pausable, Ticked
from opwatch.domain.operation import Answer, Operation, Poll
from opwatch.domain.outcome import Abort, Outcome, Reason
from opwatch.domain.trouble import Fault, Trouble
from opwatch.engine.signals import Inbox, LookNow, Message, Suspend, stop_here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

    from opwatch.domain.moments import Clock
    from opwatch.watcher.watcher import Watcher

Fetch: TypeAlias = "Callable[[Poll], Awaitable[Answer]]"
Collect: TypeAlias = "Callable[[Operation], Awaitable[Operation]]"
"""Is given an operation that has ended; returns it with what is known of it beyond its end."""

Exchange: TypeAlias = "Callable[[float], Iterable[Event]]"
"""Tells other processes how this one stands, and takes in how they do; it never waits."""

NOTHING: Final[Mapping[Outcome, Collect]] = {}
PORTION: Final = 100
"""Events that are told before the requests under way get their turn."""
BURST: Final = 8
"""Requests that leave before those under way, and the display, get their turn."""
MARGIN: Final = 1.0
"""Seconds beyond its own limit after which a request is taken away from the fetcher."""


async def drive(
    watcher: Watcher,
    fetch: Fetch,
    tell: Listener,
    *,
    clock: Clock,
    inbox: Inbox,
    tick: float = 1.0,
    timeout_code: int = 124,
    collect: Mapping[Outcome, Collect] = NOTHING,
    exchange: Exchange = lambda _now: (),
) -> Finished:
    """Run *watcher* to its end, telling *tell* each event and, every *tick* seconds, the time.

    Whatever *fetch* raises is a bug and is raised again. A listener that cannot
    write ends the run with the abort that its error stands for; one that holds
    the terminal gives it back while the process is stopped. The end of an
    operation whose outcome is in *collect* is told when that has returned: the
    result of one that succeeded, why another failed. *exchange* is called before requests
    leave. The last event is returned as well.
    """
    run = _Run(watcher, fetch, tell, clock, inbox, collect=collect, exchange=exchange)
    try:
        await run.tell_all(watcher.start())
        while run.goes_on:
            await run.send_due()
            if run.goes_on:
                await run.wait(tick)
        run.give_up_results()
        finished = Finished(
            clock.now(), watcher.operations, watcher.verdict(timeout_code=timeout_code)
        )
        await run.tell_all([finished])
        return finished
    finally:
        await run.close()


class _Run:
    """One run's open requests, and the inbox that their answers come to."""

    def __init__(
        self,
        watcher: Watcher,
        fetch: Fetch,
        tell: Listener,
        clock: Clock,
        inbox: Inbox,
        *,
        collect: Mapping[Outcome, Collect],
        exchange: Exchange,
    ) -> None:
        self._watcher = watcher
        self._fetch = fetch
        self._tell = tell
        self._clock = clock
        self._inbox = inbox
        self._tasks: set[asyncio.Task[None]] = set()
        self._collect = collect
        self._exchange = exchange
        self._withheld: dict[int, Operation] = {}
        self._is_aborted = False
        self._told = 0

    @property
    def goes_on(self) -> bool:
        """Tell whether something is still to be waited for."""
        return not self._watcher.finished or (bool(self._withheld) and not self._is_aborted)

    async def tell_all(self, events: Iterable[Event]) -> None:
        """Tell the listener, but of an end only when all is there that belongs to it.

        What comes meanwhile stays in the inbox, so that the order is that of *events*.
        """
        for event in events:
            if self._is_withheld(event):
                continue
            if not self._tell_now(event):
                return
            self._told += 1
            if self._told % PORTION == 0:
                await asyncio.sleep(0)

    def _is_withheld(self, event: Event) -> bool:
        """Begin to collect what belongs to the end that *event* tells, if any does."""
        if not isinstance(event, Ended) or event.operation.outcome is None:
            return False
        collect = self._collect.get(event.operation.outcome)
        if collect is None:
            return False
        self._withheld[id(event.operation.target)] = event.operation
        self._spawn(self._collect_for(collect, event.operation))
        return True

    def _tell_now(self, event: Event) -> bool:
        return self._written(partial(self._tell, event))

    def _written(self, write: Callable[[], None]) -> bool:
        """End the run when the listener can no longer *write*; return whether it could."""
        try:
            write()
        except PipeClosedError:
            self._abort(Abort.PIPE_CLOSED)
        except UnwritableError:
            self._abort(Abort.UNWRITABLE)
        else:
            return True
        return False

    def _abort(self, abort: Abort) -> list[Event]:
        self._is_aborted = True
        return self._watcher.interrupt(abort, self._clock.now())

    def give_up_results(self) -> None:
        """Tell the ends for which nobody waits any more; a success lacks its result then."""
        for operation in tuple(self._withheld.values()):
            is_incomplete = operation.outcome is Outcome.SUCCEEDED
            self._take_in(operation.but(reason=Reason.DETACHED) if is_incomplete else operation)

    async def send_due(self) -> None:
        """Send every poll that is due, each in a task of its own."""
        now = self._clock.now()
        await self.tell_all(self._watcher.tick(now))
        await self.tell_all(self._exchange(now))
        polls = self._watcher.due(now)
        if polls:
            asked = tuple(each for poll in polls for each in poll.targets)
            await self.tell_all([Ticked(now, asked)])
        for number, poll in enumerate(polls, 1):
            self._spawn(self._ask(poll))
            if number % BURST == 0:
                await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, poll: Poll) -> None:
        try:
            async with asyncio.timeout(poll.timeout + MARGIN):
                answer = await self._fetch(poll)
        except TimeoutError:
            host = poll.targets[0].origin.partition("://")[2]
            answer = Answer.all(Trouble(Fault.TIMEOUT, host=host), len(poll.targets))
        except Exception as bug:  # noqa: BLE001, it is raised again where the run is
            self._inbox.put_nowait(bug)
            return
        self._inbox.put_nowait((poll, answer))

    async def _collect_for(self, collect: Collect, operation: Operation) -> None:
        try:
            self._inbox.put_nowait(await collect(operation))
        except Exception as bug:  # noqa: BLE001, it is raised again where the run is
            self._inbox.put_nowait(bug)

    async def wait(self, tick: float) -> None:
        """Sleep until a message comes or something is due, but no longer than *tick* seconds."""
        now = self._clock.now()
        due = now + tick if self._watcher.finished else self._watcher.wake_at(now)
        pause = min(tick, max(0.0, due - now))
        try:
            async with asyncio.timeout(pause):
                message = await self._inbox.get()
        except TimeoutError:
            await self.tell_all([Ticked(self._clock.now())])
            return
        await self._open(message)
        while not self._inbox.empty():
            await self._open(self._inbox.get_nowait())

    async def _open(self, message: Message) -> None:
        match message:
            case Abort():
                await self.tell_all(self._abort(message))
            case Suspend():
                self._suspend()
            case LookNow():
                self._watcher.look_now(self._clock.now())
            case BaseException():
                raise message
            case Operation():
                self._take_in(message)
            case (poll, answer):
                await self.tell_all(self._watcher.record(poll, answer, self._clock.now()))

    def _take_in(self, operation: Operation) -> None:
        """Tell the end of *operation*, now that all is there or will not come."""
        self._withheld.pop(id(operation.target), None)
        for event in self._watcher.set_result(operation, self._clock.now()):
            self._tell_now(event)

    def _suspend(self) -> None:
        """Let the process be stopped, with the terminal in order."""
        held: object = self._tell
        if not isinstance(held, Pausable):
            stop_here()
            return
        self._written(held.pause)
        stop_here()
        held.resume()

    async def close(self) -> None:
        """Cancel what is still in flight; a request that does not yield is left behind."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=MARGIN / 4)
