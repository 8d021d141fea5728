"""The work of ``opwatch auth``: store a credential, delete it, inspect it, try it.

Decides which request a trial makes, with the credential and then without, and what the
answers prove; and what an inspection costs, which never asks a person. Of one profile
everything is inspected, except a helper that talks to a person. Of all at once no helper
is run, and the keyring is asked for a user's own profiles only; a built-in one is listed
if something is set for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opwatch.credentials import open_credential
from opwatch.credentials.keyring import HelperNotRunError, SystemKeyring, inspection_context
from opwatch.domain.auth import (
    CredentialReport,
    CredentialState,
    OAuth2Auth,
    TrialOutcome,
    TrialReport,
)
from opwatch.domain.errors import CredentialError, ProfileError, UsageError
from opwatch.domain.messages import Request, Response
from opwatch.domain.origin import AllowedOrigins
from opwatch.domain.trouble import Handling, Trouble, fault_of_status
from opwatch.engine import pause
from opwatch.profiles import bind_profile, load_profile
from opwatch.session.sender import Sender
from opwatch.session.session import open_client, open_profile_credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials import Credential, DevicePrompt
    from opwatch.credentials.login import Login
    from opwatch.domain.auth import Scheme
    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.operation import Target
    from opwatch.domain.secret import Secret
    from opwatch.profiles import Config, Profile
    from opwatch.session.context import RunContext

AT_ONCE: Final = 4
"""Keyrings that are asked at a time; each is a process that starts Python."""
# Stands where a parameter is missing: nothing is ever sent there (RFC 6761 §6.4).
_NOWHERE: Final = "https://parameters-are-missing.invalid"
TIMEOUT: Final = 30.0
_REFUSALS: Final = frozenset({401, 403, 407})
_TOO_MANY: Final = frozenset({408, 429})
_SERVER_ERROR: Final = 500


# -- inspect ---------------------------------------------------------------------------


async def inspect_credential(profile: Profile, context: RunContext) -> CredentialReport:
    """Return where the credential of *profile* would come from."""
    return await _inspect(_subject_of(profile), context, keyring=True, helpers=True)


async def inspect_all(config: Config, context: RunContext) -> tuple[CredentialReport, ...]:
    """Return a report of a user's own profiles, and of those for which something is set."""
    turns = asyncio.Semaphore(AT_ONCE)
    # One for all: a keyring that hangs is not waited for again with the next profile.
    context = replace(context, keyring=SystemKeyring(context))

    async def inspect_by_name(name: str) -> CredentialReport:
        here = replace(context, named_on_command_line=name == config.default_profile)
        subject = _subject(name, config)
        if isinstance(subject, CredentialReport):
            return subject
        is_users = config.is_users(name)
        async with turns:
            return await _inspect(
                subject, here, keyring=is_users and subject.is_bound, helpers=False
            )

    reports = await asyncio.gather(*map(inspect_by_name, config.names()))
    unlisted = {CredentialState.MISSING, CredentialState.NOT_NEEDED, CredentialState.OPTIONAL}
    return tuple(
        each for each in reports if config.is_users(each.profile) or each.standing not in unlisted
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """A profile as far as its credential goes; *lacks* is the problem with its parameters."""

    name: str
    scheme: Scheme
    base_url: str
    origins: AllowedOrigins
    options: OptionWords
    lacks: str = ""

    @property
    def is_bound(self) -> bool:
        return not self.lacks


def _subject(name: str, config: Config) -> _Subject | CredentialReport:
    """Return the profile *name*, also where parameters are missing, or what is wrong with it."""
    try:
        definition = load_profile(name, config)
        try:
            profile = bind_profile(definition)
        except ProfileError:
            raise
        except UsageError as problem:
            # Where its secret would come from is known all the same.
            scheme = _without_parameters(definition.spec.auth.make(lambda _text: ""))
            origins = AllowedOrigins.of(_NOWHERE)
            return _Subject(name, scheme, _NOWHERE, origins, config.options, lacks=problem.message)
    except UsageError as problem:
        return CredentialReport(name, CredentialState.BROKEN, problem=str(problem))
    return _subject_of(profile)


def _subject_of(profile: Profile) -> _Subject:
    return _Subject(profile.name, profile.auth, profile.base_url, profile.origins, profile.options)


def _without_parameters(scheme: Scheme) -> Scheme:
    if not isinstance(scheme, OAuth2Auth):
        return scheme
    return replace(scheme, token_url=_NOWHERE, device_url=_NOWHERE)


async def _inspect(
    subject: _Subject, context: RunContext, *, keyring: bool, helpers: bool
) -> CredentialReport:
    found = CredentialReport(subject.name, CredentialState.FOUND)
    try:
        credential = open_credential(
            subject.scheme,
            profile=subject.name,
            base_url=subject.base_url,
            origins=subject.origins,
            context=inspection_context(context, keyring=keyring, helpers=helpers),
            options=subject.options,
        )
        found = replace(found, origin=credential.status().origin if subject.is_bound else "")
        found = await _with_place(found, credential)
    except HelperNotRunError as problem:
        found = replace(found, standing=CredentialState.NOT_RUN, place=problem.place)
    except CredentialError as problem:
        last = problem.tried[-1].place if problem.tried else ""
        found = replace(
            found,
            standing=CredentialState.MISSING if problem.is_absent else CredentialState.UNUSABLE,
            place="" if problem.is_absent else last,
            problem=problem.message,
            tried=problem.tried,
            fixes=problem.fixes,
        )
    except UsageError as problem:
        fixes = (problem.hint,) if problem.hint else ()
        found = replace(
            found, standing=CredentialState.UNUSABLE, problem=problem.message, fixes=fixes
        )
    notes = (*found.notes, subject.lacks) if subject.lacks else found.notes
    return replace(found, notes=notes)


async def _with_place(found: CredentialReport, credential: Credential) -> CredentialReport:
    await credential.prepare()
    status = credential.status()
    without = CredentialState.OPTIONAL if status.tried else CredentialState.NOT_NEEDED
    return replace(
        found,
        standing=CredentialState.FOUND if status.place else without,
        place=status.place,
        expires_at=status.expires_at,
        notes=status.notes,
        tried=status.tried,
        fixes=status.fixes,
    )


# -- store and delete -------------------------------------------------------------------


def login_to(profile: Profile, context: RunContext) -> Login:
    """Return how the credential of *profile* is stored.

    Raises:
        UsageError: the API needs none.
    """
    return _login(open_profile_credential(profile, context), profile)


async def log_in_by_device(
    profile: Profile,
    context: RunContext,
    show: Callable[[DevicePrompt], None],
    *,
    to_store: bool,
) -> Secret:
    """Have a person log in with a code that *show* shows, and return the credential.

    Raises:
        CredentialError: it was refused, nobody entered the code in time, or, as it is
            *to_store*, the keyring would not take it: then no code was shown.
    """
    async with open_client(context, connections=1) as client:
        login = _login(open_profile_credential(profile, context, client), profile)
        if to_store:
            await login.check()
        return await login.obtain(show, pause)


def _login(credential: Credential, profile: Profile) -> Login:
    login = credential.login
    if login is None:
        raise UsageError(f"the API of {profile.name!r} needs no credential")
    return login


# -- try -------------------------------------------------------------------------------


async def try_out(profile: Profile, context: RunContext, reference: str | None) -> TrialReport:
    """Return the outcome of one authorized request: about *reference*, else to the base URL.

    Unless it is refused, the same is sent once without the credential: what is answered to
    everybody proves nothing.

    Raises:
        BadReferenceError: *reference* names no operation of *profile*.
        CredentialError: there is no credential to try.
    """
    target = None if reference is None else profile.target(reference)
    request = Request("GET", profile.base_url) if target is None else profile.request([target])
    sent: list[Request] = []

    def trace(asked: Request, came: Response | Trouble, seconds: float) -> None:
        sent.append(asked)
        if context.trace is not None:
            context.trace(asked, came, seconds)

    async with open_client(context, connections=1) as client:
        credential = open_profile_credential(profile, replace(context, trace=trace), client)
        await credential.prepare()
        now = context.clock.now
        sender = Sender(client, credential, profile.origins, now, trace)
        reply = await sender.send(request, TIMEOUT)
        status, bare = credential.status(), None
        if status.place and isinstance(reply, Response) and not _says_nothing(reply):
            bare = await sender.send(replace(request, authorize=False), TIMEOUT)
        replacement = credential.replacement()
    # Where there is no token, it is the token endpoint that was asked, if anybody was.
    shown = sent[-1] if isinstance(reply, Trouble) and reply.token_endpoint else request
    trouble = reply if isinstance(reply, Trouble) else _trouble_in(profile, target, reply)
    met = _outcome(reply, trouble)
    if status.place and met is TrialOutcome.ACCEPTED:
        is_other = isinstance(bare, Response) and (
            (bare.status != reply.status and not _says_nothing(bare))
            or _outcome(bare, _trouble_in(profile, target, bare)) is TrialOutcome.REFUSED
        )
        met = met if is_other else TrialOutcome.UNPROVEN
    return TrialReport(
        profile.name,
        status.origin,
        shown.method if sent else "",
        shown.url if sent else "",
        met,
        reply.status,
        trouble,
        status.place,
        status.expires_at,
        is_optional=bool(status.tried),
        bare_status=bare.status if bare else None,
        fixes=(replacement,) if replacement else status.fixes,
        reference=reference or "REF",
        options=profile.options,
    )


def _trouble_in(profile: Profile, target: Target | None, response: Response) -> Trouble | None:
    """Return what is wrong with *response*; an API may refuse under a status of success."""
    if target is None:
        fault = fault_of_status(response.status, wait_named=False, quota_empty=False)
        return None if fault is None else Trouble(fault, status=response.status)
    finding = profile.read([target], response).findings[0]
    return finding if isinstance(finding, Trouble) else None


def _says_nothing(reply: Response) -> bool:
    """Tell whether *reply* is about the server, or is a refusal that needs no comparison."""
    return reply.status in _REFUSALS | _TOO_MANY or reply.status >= _SERVER_ERROR


def _outcome(reply: Response | Trouble, trouble: Trouble | None) -> TrialOutcome:
    is_denial = trouble is not None and trouble.rule.handling is Handling.DENIED
    if reply.status in _REFUSALS or is_denial:
        return TrialOutcome.REFUSED
    return TrialOutcome.UNREACHABLE if isinstance(reply, Trouble) else TrialOutcome.ACCEPTED
