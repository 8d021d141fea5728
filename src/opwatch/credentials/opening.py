"""How a profile's scheme becomes a credential.

Decides what is refused before anything is looked for: a header that frames the
message, a token endpoint that is neither https nor loopback (rule S3). Decides
also what a secret in the keyring is bound to: the API's origin and, for OAuth2,
that of the token endpoint, since the secret goes to the one and its fruit to the
other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from opwatch.credentials.credential import Credential
from opwatch.credentials.keyring import SystemKeychain
from opwatch.credentials.login import Login, login_of
from opwatch.credentials.search import Seeker
from opwatch.credentials.signing import check
from opwatch.credentials.token import Supply, looked_up
from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth, Scheme
from opwatch.domain.errors import UsageError
from opwatch.domain.origin import AllowedOrigins, Origin, OriginError, parse_origin

if TYPE_CHECKING:
    from opwatch.credentials.context import Surroundings


def open_credential(
    scheme: Scheme,
    *,
    profile: str,
    base_url: str,
    origins: AllowedOrigins,
    surroundings: Surroundings,
) -> Credential:
    """Return the credential of *profile*; nothing is looked for yet.

    *origins* are those that its secret may go to, *base_url* the one that an entry
    of the keyring is bound to.

    Raises:
        UsageError: no request could carry the secret safely, or the token endpoint
            is neither https nor loopback.
    """
    check(scheme)
    origin = str(_origin("base_url", base_url))
    keychain = surroundings.keychain or SystemKeychain(surroundings)
    supply, login = _means(scheme, Seeker(profile, origin, surroundings, keychain))
    return Credential(
        scheme,
        profile=profile,
        origin=origin,
        origins=origins,
        supply=supply,
        login=login,
        surroundings=surroundings,
    )


def _means(scheme: Scheme, seeker: Seeker) -> tuple[Supply | None, Login | None]:
    """Return how the credential of *scheme* is had, and how it is kept."""
    match scheme:
        case NoAuth():
            return None, None
        case HeaderAuth() | QueryAuth() | BasicAuth():
            supply = looked_up(scheme, seeker, seeker.origin)
            return supply, login_of(scheme, seeker, seeker.origin)
        case OAuth2Auth():
            from opwatch.credentials.oauth.grants import granting  # noqa: PLC0415, few profiles need it

            account = f"{seeker.origin} via {_endpoint('token_url', scheme.token_url)}"
            grants = granting(scheme, seeker, account)
            if scheme.grant != "device_code":
                return grants, login_of(scheme, seeker, account)
            _endpoint("device_url", scheme.device_url or "")
            return grants, login_of(scheme, seeker, account, by_device=grants)
        case _:
            assert_never(scheme)


def _endpoint(name: str, url: str) -> Origin:
    origin = _origin(name, url)
    if origin.scheme != "https" and not origin.is_loopback:
        raise UsageError(f"{name} must be https: a secret goes to it", hint="write https://…")
    return origin


def _origin(name: str, url: str) -> Origin:
    try:
        return parse_origin(url)
    except OriginError as problem:
        raise UsageError(f"{name}: {problem}") from None
