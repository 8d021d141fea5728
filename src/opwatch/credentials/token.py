"""Tokens: what requests are signed with, how, and where the next one comes from.

Decides the header or query parameter of each scheme, and refuses a scheme whose header would
change how the request travels (rule S6). That a renewal is the same search as at the start,
in the same order, so that a wait goes on with what a restart would find; and that an access
token in the keyring is stored with its expiry, as one JSON text, where a refresh token is
stored as it is. (OAuth 2.0 has a source of its own, see ``oauth.grants``.)
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

from opwatch.credentials.sources import Part, PartSources, stored_part
from opwatch.credentials.validation import expiry_of
from opwatch.domain.auth import (
    BEARER,
    BasicAuth,
    HeaderAuth,
    NoAuth,
    OAuth2Auth,
    QueryAuth,
    Scheme,
    template_of,
)
from opwatch.domain.errors import CredentialError, OpwatchError, UsageError
from opwatch.domain.header_rules import header_refusal, is_header_name
from opwatch.domain.messages import SecretLocation, Sensitive
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.credentials.search import CredentialSearch, FoundSecret

_TEMPLATE: Final = re.compile(r"[\x20-\x7e]*\{secret\}[\x20-\x7e]*")


# -- where it comes from -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """What requests are signed with. *place* says where it came from.

    *expires_at* is in seconds since the epoch; *notes* are oddities to tell once.
    """

    secret: Secret
    place: str
    username: str = ""
    expires_at: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """All that is needed to ask for a token is at hand; *place* says where it came from.

    *notes* are oddities to tell once.
    """

    place: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class StoredTokenSource:
    """A token, or a password and perhaps a username, that are stored somewhere.

    *fixed_username* is the one that stands in the profile itself.
    """

    search: CredentialSearch
    secret: PartSources
    username: PartSources | None = None
    fixed_username: str = ""

    @property
    def parts(self) -> tuple[PartSources, ...]:
        """What is looked for, and where."""
        return (self.secret,)

    async def prepare(self) -> Token:
        """Return what the places hold."""
        return await self._find(self.search)

    async def issue(self) -> Token | Trouble:
        """Return what the places hold now, without asking anybody."""
        try:
            return await self._find(self.search.unattended())
        except OpwatchError as problem:
            return Trouble(Fault.NO_CREDENTIAL, str(problem))

    async def _find(self, search: CredentialSearch) -> Token:
        username = await self._username(search) if self.username else ""
        return token_of(await search.require(self.secret), username)

    async def _username(self, search: CredentialSearch) -> str:
        assert self.username is not None  # noqa: S101, narrows the type
        name = await search.require_text(self.username, self.fixed_username)
        if ":" in name:
            message = "a username of HTTP Basic cannot hold a colon"
            raise CredentialError(message, profile=search.profile, origin=search.origin)
        return name


def spent(secret: Secret) -> str:
    """Return what a refresh token is marked by, once the server has replaced it."""
    import hashlib  # noqa: PLC0415, only a login that rotates needs it

    return f"spent {hashlib.sha256(secret.reveal().encode()).hexdigest()}"


def token_of(found: FoundSecret, username: str = "") -> Token:
    """Return what was *found* as a token."""
    notes = (found.note,) if found.note else ()
    return Token(found.secret, found.name, username, found.expires_at, notes)


def stored_token_source(
    scheme: HeaderAuth | QueryAuth | BasicAuth, search: CredentialSearch, account: str
) -> StoredTokenSource:
    """Return the source of tokens of a *scheme* whose secret is stored somewhere."""
    part, sources = stored_part(scheme)
    secret = search.sources_of(
        part, sources, account, in_keyring=True, template=template_of(scheme)
    )
    secret = replace(secret, is_optional=isinstance(scheme, HeaderAuth) and scheme.optional)
    if not isinstance(scheme, BasicAuth):
        return StoredTokenSource(search, secret)
    username = search.sources_of(Part.USERNAME, scheme.username_sources, account)
    return StoredTokenSource(search, secret, username, scheme.username)


@dataclass(frozen=True, slots=True)
class StoredAccessToken:
    """An access token as the keyring holds it, with the *refresh* token that gives the next.

    *expires_at* is in seconds since the epoch.
    """

    access: Secret
    expires_at: float | None
    refresh: Secret | None = None

    def is_good(self, now: float) -> bool:
        """Tell whether it can still be used at *now*, in seconds since the epoch."""
        return self.expires_at is None or self.expires_at > now

    def as_text(self) -> Secret:
        """Return the text to store."""
        document = {"access_token": self.access.reveal(), "expires_at": self.expires_at}
        if self.refresh is not None:
            document["refresh_token"] = self.refresh.reveal()
        return Secret(json.dumps(document, separators=(",", ":")))


def parse_stored_token(secret: Secret) -> StoredAccessToken | None:
    """Return the access token that *secret* is the text of, None if it is a refresh token."""
    text = secret.reveal()
    if not text.startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    access, refresh = document.get("access_token"), document.get("refresh_token")
    if not isinstance(access, str):
        return None
    next_one = Secret(refresh) if isinstance(refresh, str) else None
    return StoredAccessToken(Secret(access), expiry_of(document.get("expires_at")), next_one)


# -- how it is put into a request ----------------------------------------------------


def check_scheme(scheme: Scheme) -> None:
    """Refuse a *scheme* that no request can carry safely.

    Raises:
        UsageError: a header that only opwatch sets, or a template without ``{secret}``.
    """
    if not isinstance(scheme, HeaderAuth):
        return
    refusal = header_refusal(scheme.name, by_auth=True)
    if refusal or not is_header_name(scheme.name):
        raise UsageError(refusal or f"{scheme.name!r} is not a header name")
    if not _TEMPLATE.fullmatch(scheme.template):
        raise UsageError("the template of a header needs {secret} in it, in printable ASCII")


def sign(scheme: Scheme, token: Token) -> tuple[Sensitive, ...]:
    """Return what carries *token* in a request."""
    match scheme:
        case NoAuth():
            return ()
        case HeaderAuth(name=name, template=template):
            return (Sensitive(SecretLocation.HEADER, name, token.secret.within(template)),)
        case QueryAuth(name=name):
            return (Sensitive(SecretLocation.QUERY, name, token.secret),)
        case BasicAuth():
            credentials = Secret.basic(token.username, token.secret)
            return (Sensitive(SecretLocation.HEADER, "Authorization", credentials),)
        case OAuth2Auth():
            return (Sensitive(SecretLocation.HEADER, "Authorization", token.secret.within(BEARER)),)
        case _:
            assert_never(scheme)
