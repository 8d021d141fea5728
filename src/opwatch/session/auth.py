"""The work of ``opwatch auth``: keep a credential, forget it, try it.

Decides which one request a trial makes, and what its answer says of the credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.credentials import open_credential
from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Request
from opwatch.domain.standing import Met, Trial
from opwatch.domain.trouble import Handling, Trouble, fault_of_status
from opwatch.engine import pause
from opwatch.session.sender import Carrier
from opwatch.session.session import (
    open_client,
    open_profile_credential,
    send_nothing,
    surroundings_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials import Credential, DevicePrompt, Login
    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Target
    from opwatch.profiles import Profile
    from opwatch.session.context import Outside

TIMEOUT: Final = 30.0
_REFUSALS: Final = frozenset({401, 403, 407})


# -- keep and forget -------------------------------------------------------------------


def login_to(profile: Profile, outside: Outside) -> Login:
    """Return how the credential of *profile* is kept.

    Raises:
        UsageError: it wants none.
    """
    return _login(_unsent(profile, outside), profile)


async def log_in_by_device(
    profile: Profile, outside: Outside, show: Callable[[DevicePrompt], None]
) -> None:
    """Have a person log in with a code that *show* shows, and keep what comes of it.

    Raises:
        CredentialError: it was refused, or nobody entered the code in time.
    """
    async with open_client(outside, connections=1) as client:
        credential = open_profile_credential(profile, outside, client)
        await _login(credential, profile).store_by_device(show, pause)


def _login(credential: Credential, profile: Profile) -> Login:
    if credential.login is None:
        raise UsageError(f"the API of {profile.name!r} wants no credential")
    return credential.login


def _unsent(profile: Profile, outside: Outside) -> Credential:
    return open_credential(
        profile.auth,
        profile=profile.name,
        base_url=profile.base_url,
        origins=profile.origins,
        surroundings=surroundings_of(outside, send_nothing),
    )


# -- try -------------------------------------------------------------------------------


async def try_out(profile: Profile, outside: Outside, reference: str | None) -> Trial:
    """Return what one authorized request meets: about *reference*, else to the base URL.

    Raises:
        BadReferenceError: *reference* names no operation of *profile*.
        CredentialError: there is no credential to try.
    """
    target = None if reference is None else profile.target(reference)
    request = Request("GET", profile.base_url) if target is None else profile.request([target])
    async with open_client(outside, connections=1) as client:
        credential = open_profile_credential(profile, outside, client)
        await credential.prepare()
        now = outside.clock.now
        carrier = Carrier(client, credential, profile.origins, now, outside.trace)
        came = await carrier.carry(request, TIMEOUT)
    status = credential.status()
    trouble = came if isinstance(came, Trouble) else _trouble_in(profile, target, came)
    return Trial(
        profile.name,
        status.origin,
        request.method,
        request.url,
        _met(came, trouble),
        came.status,
        trouble,
        status.place,
        status.expires_at,
        is_optional=bool(status.tried),
    )


def _trouble_in(profile: Profile, target: Target | None, response: Response) -> Trouble | None:
    """Return what is wrong with *response*; an API may refuse under a status of success."""
    if target is None:
        fault = fault_of_status(response.status, wait_named=False, quota_empty=False)
        return None if fault is None else Trouble(fault, status=response.status)
    finding = profile.read([target], response).findings[0]
    return finding if isinstance(finding, Trouble) else None


def _met(came: Response | Trouble, trouble: Trouble | None) -> Met:
    is_denial = trouble is not None and trouble.rule.handling is Handling.DENIED
    if came.status in _REFUSALS or is_denial:
        return Met.REFUSED
    return Met.UNREACHABLE if isinstance(came, Trouble) else Met.ACCEPTED
