"""``opwatch.watch`` and ``opwatch.get``: a run for a program instead of a person.

Decides that events are handed over in order and without limit, that leaving the
iterator early ends the run: nothing is polled any more; and that the last event comes
when every connection has been closed.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from opwatch.domain.events import Event, Finished
from opwatch.domain.outcome import LOST_AFTER, NO_CONTACT, Eagerness, Goal, Policy
from opwatch.domain.secret import Secret
from opwatch.profiles import bind_profile, is_url, load_config, load_profile
from opwatch.session.context import RunContext
from opwatch.session.detect import assumed_lanes
from opwatch.session.plan import Plan, make_plan
from opwatch.session.session import carry_out, open_session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from opwatch.domain.operation import Operation, Target
    from opwatch.profiles import Profile


async def watch(
    *references: str,
    profile: str | None = None,
    params: Mapping[str, str] | None = None,
    config: Path | str | None = None,
    base_url: str | None = None,
    token: str | None = None,
    timeout: float | None = None,
    interval: float | None = None,
    pace: str = "normal",
    lost_after: float | None = LOST_AFTER,
    stall: float | None = None,
    grace: float | None = None,
    stop_at_first_success: bool = False,
    fail_fast: bool = False,
    reason: bool = True,
) -> AsyncGenerator[Event, None]:
    """Yield the events of watching *references* until all have ended; the last is ``Finished``.

    *profile*, *params*, *config* and *base_url* are those of the command line: without a
    profile it is the configuration's ``default_profile``, or else each URL finds its own;
    *token* is the secret itself, otherwise it comes from the profile's sources; the
    system's keyring is asked only if the profile lists it. *pace* is ``eager``,
    ``normal`` or ``gentle``. All times are in seconds, None for without limit; *grace*, for
    which an operation may not exist yet, None for as long as the profile says. With a
    *reason* the API is asked why an operation failed, where the profile knows how: the
    ``failure`` of the operation is in its ``Ended``, in the API's own words.

    Raises:
        UsageError: the profile, a parameter or a reference cannot be used.
        CredentialError: there is no usable credential.
        ValueError: there is no such *pace*.
    """
    policy = Policy(
        goal=Goal.ANY if stop_at_first_success else Goal.ALL,
        timeout=timeout,
        interval=interval,
        pace=Eagerness(pace),
        lost_after=lost_after,
        no_contact=NO_CONTACT if lost_after == LOST_AFTER else lost_after,
        stall=stall,
        grace=grace,
        fail_fast=fail_fast,
    )
    lanes = _lanes(
        references, profile, params=params, config=config, base_url=base_url, has_token=bool(token)
    )
    plan = replace(make_plan(lanes, policy), asks_why=reason)
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    run = asyncio.create_task(_run(plan, _context(token), events))
    try:
        while (event := await events.get()) is not None:
            if isinstance(event, Finished):
                # Who leaves here has all he wants, and the rest of this might never run.
                await run
            yield event
        await run
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


async def get(
    *references: str,
    profile: str | None = None,
    params: Mapping[str, str] | None = None,
    config: Path | str | None = None,
    base_url: str | None = None,
    token: str | None = None,
    grace: float | None = None,
    reason: bool = True,
) -> tuple[Operation, ...]:
    """Poll each of *references* once, and return the operations in their order.

    The arguments are those of ``watch``; without a *grace* a 404 is believed at once.

    Raises:
        UsageError: the profile, a parameter or a reference cannot be used.
        CredentialError: there is no usable credential.
    """
    lanes = _lanes(
        references, profile, params=params, config=config, base_url=base_url, has_token=bool(token)
    )
    plan = replace(make_plan(lanes, Policy(once=True, grace=grace)), asks_why=reason)
    context = _context(token)
    async with open_session(plan, context) as session:
        watcher = await carry_out(session, lambda _event: None, context)
    return watcher.operations


async def _run(plan: Plan, context: RunContext, events: asyncio.Queue[Event | None]) -> None:
    try:
        async with open_session(plan, context) as session:
            await carry_out(session, events.put_nowait, context)
    finally:
        events.put_nowait(None)


def _lanes(
    references: tuple[str, ...],
    name: str | None,
    *,
    params: Mapping[str, str] | None,
    config: Path | str | None,
    base_url: str | None,
    has_token: bool,
) -> list[tuple[Profile, list[Target]]]:
    settings = load_config(None if config is None else Path(config), os.environ)
    known, name = dict(params or {}), name or settings.default_profile
    urls = [each for each in references if is_url(each)]
    if name is None:
        typed = [(each, True) for each in references]
        return assumed_lanes(typed, settings, known, has_token=has_token, base_url=base_url)
    profile = bind_profile(load_profile(name, settings), known, base_url=base_url, urls=urls)
    return [(profile, [profile.target(each) for each in references])]


def _context(token: str | None) -> RunContext:
    # A keyring is a child process, and may ask the person at the screen of this program.
    context = RunContext(environ=dict(os.environ), asks_keyring=False)
    return context if token is None else replace(context, token_from_stdin=Secret(token))
