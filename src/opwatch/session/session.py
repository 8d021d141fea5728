"""A run carried out: client and credentials opened, the watcher driven, all closed.

Decides how many connections a run holds, and that every credential is found
before the first request goes out.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing, nullcontext
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from opwatch.credentials import Credential, open_credential
from opwatch.domain.origin import parse_origin
from opwatch.domain.outcome import Outcome
from opwatch.engine import Fetch, Inbox, catch_signals, drive
from opwatch.session.fetch import Fetcher
from opwatch.session.sender import Sender
from opwatch.version import __version__
from opwatch.watcher.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from opwatch.credentials import WaitingFor
    from opwatch.domain.events import Listener
    from opwatch.domain.messages import Request, Response
    from opwatch.domain.operation import Operation
    from opwatch.domain.trouble import Trouble
    from opwatch.engine.drive import Collect
    from opwatch.http.client import Client
    from opwatch.profiles import Profile, StartingUrls
    from opwatch.session.context import RunContext
    from opwatch.session.failures import FailureInquiry
    from opwatch.session.plan import Plan
    from opwatch.session.sharing import SharedHosts

MOST_CONNECTIONS: Final = 32
KEPT_ALIVE: Final = 120.0
"""Seconds that an idle connection is kept; the pace may ask for more."""
FEW: Final = 10
"""Operations of a run that minds other processes only when it has lasted for a moment."""
USER_AGENT: Final = f"opwatch/{__version__}"


class Session:
    """The open client, and one sender for each profile of *plan*.

    *started* holds where the operation was started, if this run has started it.
    """

    def __init__(self, plan: Plan, context: RunContext, client: Client) -> None:
        self.plan = plan
        self.started: StartingUrls | None = None
        self._context = context
        self._client = client
        self._is_prepared = False
        self._told = set[tuple[str, str]]()
        context = replace(context, announce=self._announce)
        self.credentials: dict[str, Credential] = {}
        self.senders: dict[str, Sender] = {}
        hosts = {parse_origin(each.base_url) for each in plan.profiles.values()}
        for name, profile in plan.profiles.items():
            # A token that was piped in is for what stands on the same command line, and comes
            # first; OPWATCH_TOKEN names no profile, and is not for several hosts.
            is_named = len(hosts) == 1 and name not in plan.assumed
            is_named = is_named or context.token_from_stdin is not None
            here = context if is_named else replace(context, named_on_command_line=False)
            credential = open_profile_credential(profile, here, client)
            self.credentials[name] = credential
            self.senders[name] = Sender(
                client,
                credential,
                profile.origins,
                context.clock.now,
                context.trace,
                headers=plan.headers,
            )
        self.fetcher = Fetcher(plan.profiles, self.senders)

    def cookie_names(self) -> list[str]:
        """Return the names of the cookies that the run has got."""
        return self._client.cookie_names()

    async def prepare(self) -> None:
        """Find every credential.

        Raises:
            CredentialError: there is none, or it cannot be used.
        """
        for credential in self.credentials.values():
            await credential.prepare()
        self.tell_notes()
        self._is_prepared = True

    def tell_notes(self) -> None:
        """Tell what is odd about the credentials, each once; never while a display is open."""
        for name, credential in self.credentials.items():
            for note in credential.status().notes:
                if (name, note) not in self._told:
                    self._told.add((name, note))
                    self._context.notice(name, note)

    def _announce(self, waiting: WaitingFor) -> None:
        # From then on the terminal belongs to the display of the run.
        if not self._is_prepared:
            self._context.announce(waiting)


def open_profile_credential(
    profile: Profile, context: RunContext, client: Client | None = None
) -> Credential:
    """Return the credential of *profile*, which asks its token endpoint through *client*.

    Without one it can be stored and deleted, and asks for nothing.
    """

    async def send(request: Request, timeout: float) -> Response | Trouble:
        assert client is not None  # noqa: S101, narrows the type
        began = context.clock.now()
        reply = await client.send(request, timeout=timeout)
        if context.trace is not None:
            context.trace(request, reply, context.clock.now() - began)
        return reply

    return open_credential(
        profile.auth,
        profile=profile.name,
        base_url=profile.base_url,
        origins=profile.origins,
        context=replace(context, send=send) if client else context,
        options=profile.options,
    )


def open_client(context: RunContext, *, connections: int, keepalive: float = KEPT_ALIVE) -> Client:
    """Return a client that is not yet entered."""
    from opwatch.http.client import Client  # noqa: PLC0415, who sends nothing needs no h11

    client = Client(
        connections=connections,
        environ=context.environ,
        ca_file=context.ca_file,
        keepalive=keepalive,
        user_agent=USER_AGENT,
    )
    for secret in client.secrets:
        context.redactor.learn(secret)
    return client


@asynccontextmanager
async def open_session(plan: Plan, context: RunContext) -> AsyncIterator[Session]:
    """Open what *plan* needs, and close it again.

    Raises:
        CredentialError: a profile has no usable credential.
        UsageError: a proxy variable or the CA file cannot be used.
    """
    connections = min(MOST_CONNECTIONS, max(1, plan.at_once))
    # A connection that is dropped between two polls costs a handshake at each.
    keepalive = max(KEPT_ALIVE, 2 * plan.longest_pause)
    async with open_client(context, connections=connections, keepalive=keepalive) as client:
        # A load balancer's cookie leads the polls of a new operation to the machine that knows it.
        for target in plan.targets:
            cookies = [each.reveal() for each in target.initial.cookies]
            if cookies:
                client.keep_cookies(plan.profiles[target.profile].base_url, cookies)
        session = Session(plan, context, client)
        await session.prepare()
        try:
            yield session
        finally:
            session.tell_notes()


async def carry_out(
    session: Session,
    listener: Listener,
    context: RunContext,
    *,
    timeout_code: int = 124,
    tick: float = 1.0,
    inbox: Inbox | None = None,
    finish: Callable[[Inbox], Awaitable[None]] | None = None,
) -> Watcher:
    """Watch the operations of *session* to the end; return the watcher.

    *finish* is awaited at the end, with the *inbox* that signals come to.
    """
    plan, clock = session.plan, context.clock
    fetch: Fetch = session.fetcher
    recorder, collect = context.recorder, _collectors(session, context)
    if recorder is None:
        watcher = Watcher(
            plan.targets,
            {name: profile.polling_rules for name, profile in plan.profiles.items()},
            plan.policy_at(context.wall()),
            now=clock.now(),
            uniform=context.uniform,
        )
    else:
        watcher, fetch = recorder.begin(plan, session.senders, clock.now(), collects=collect)
    inbox = asyncio.Queue() if inbox is None else inbox
    sharing = _sharing(session, watcher, context)
    with (
        catch_signals(inbox, listener) if context.catch_signals else nullcontext(),
        closing(sharing) if sharing else nullcontext(),
    ):
        finished = await drive(
            watcher,
            fetch,
            listener,
            clock=clock,
            inbox=inbox,
            tick=tick,
            timeout_code=timeout_code,
            collect=collect,
            exchange=sharing or (lambda _now: ()),
        )
        if finish is not None:
            await finish(inbox)
    if recorder is not None:
        recorder.end(finished)
    return watcher


def _sharing(session: Session, watcher: Watcher, context: RunContext) -> SharedHosts | None:
    """Return what shares the hosts of *watcher* with other processes; a look at few does not."""
    if not context.shares_hosts or (watcher.policy.once and len(watcher.operations) <= FEW):
        return None
    from opwatch.session.sharing import SharedHosts  # noqa: PLC0415, one look needs it not

    return SharedHosts(watcher, session.credentials, context, at_once=len(watcher.operations) > FEW)


def _collectors(session: Session, context: RunContext) -> Mapping[Outcome, Collect]:
    """Return what is fetched after an end, by the outcome: results, and why it failed."""
    plan, senders = session.plan, session.senders
    found: dict[Outcome, Collect] = {}
    if plan.results is not None:
        from opwatch.session.results import ResultFetcher  # noqa: PLC0415, few runs ask for it

        found[Outcome.SUCCEEDED] = ResultFetcher(
            plan, senders, plan.results, context.uniform, session.started
        )
    if plan.asks_why and any(each.explains_failures for each in plan.profiles.values()):

        @cache
        def inquiry() -> FailureInquiry:
            from opwatch.session.failures import FailureInquiry  # noqa: PLC0415, most runs succeed

            return FailureInquiry(plan.profiles, senders, context.uniform)

        async def ask_why(operation: Operation) -> Operation:
            return await inquiry()(operation)

        found[Outcome.FAILED] = found[Outcome.CANCELLED] = ask_why
    return found
