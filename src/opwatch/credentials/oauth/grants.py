"""OAuth 2.0 access tokens: by client credentials and by refresh tokens.

Decides what each grant asks for; that a refused request is tried once more if
environment, files or keyring hold something else by now; and what becomes of a
rotated refresh token: it is kept in memory, and in the keyring if it came from
there, so that two runs at a time do not invalidate each other's (faults 95 and 98).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from opwatch.credentials.oauth.endpoint import (
    Endpoint,
    OAuthClient,
    Refusal,
    TokenResponse,
    parse_token_response,
)
from opwatch.credentials.search import FoundSecret
from opwatch.credentials.sources import Part, stored_part
from opwatch.credentials.token import Pending, Token, parse_stored_token, token_of
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromKeyring, OAuth2Auth
from opwatch.domain.errors import OpwatchError, TriedSource
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.credentials.search import CredentialSearch
    from opwatch.credentials.sources import PartSources
    from opwatch.domain.secret import Secret

REREADS: Final = 4


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token request needs, and the *place* that its secret came from.

    *refresh* is the present refresh token; *stored* is the one that its place held when
    it was last read, and *entry* is that place if it is in the keyring.
    """

    client: OAuthClient
    place: str
    refresh: Secret | None = None
    stored: Secret | None = None
    entry: FromKeyring | None = None


@dataclass(slots=True)
class OAuth2TokenSource:
    """Access tokens for *scheme*. *direct* are places that may hold one already."""

    scheme: OAuth2Auth
    search: CredentialSearch
    endpoint: Endpoint
    direct: PartSources
    client_id: PartSources
    client_secret: PartSources
    refresh: PartSources
    _request: TokenRequest | None = field(default=None, init=False)

    async def prepare(self) -> Token | Pending:
        """Find an access token, or all that is needed to ask for one."""
        return await self._find(self.search)

    async def issue(self) -> Token | Trouble:
        """Ask for the next access token."""
        search = self.search.unattended()
        try:
            if self._request is None:
                found = await self._find(search)
                if isinstance(found, Token):
                    return found
            return await self._issue(search)
        except OpwatchError as problem:
            return Trouble(Fault.NO_CREDENTIAL, str(problem))

    async def client(
        self, search: CredentialSearch, before: tuple[TriedSource, ...] = ()
    ) -> tuple[OAuthClient, str]:
        """Return the client and the place of its secret."""
        name = await search.require_text(self.client_id, self.scheme.client_id, before)
        secret = await search.find(self.client_secret, before)
        if isinstance(secret, FoundSecret):
            return OAuthClient(name, secret.secret), secret.name
        if self.client_secret.is_required:
            raise search.missing_error(self.client_secret, secret)
        return OAuthClient(name), "a public client"

    async def _find(self, search: CredentialSearch) -> Token | Pending:
        direct = await search.find(self.direct)
        if isinstance(direct, FoundSecret):
            return token_of(direct)
        request = await self._gather(search, direct.tried)
        if isinstance(request, Token):
            return request
        self._request = request
        return Pending(request.place)

    async def _gather(
        self, search: CredentialSearch, before: tuple[TriedSource, ...] = ()
    ) -> TokenRequest | Token:
        client, place = await self.client(search, before)
        if self.scheme.grant == "client_credentials":
            return TokenRequest(client, place)
        found = await search.require(self.refresh, before)
        stored = parse_stored_token(found.secret)
        if stored is not None:
            return Token(stored.access, found.name, expires_at=stored.expires_at)
        entry = found.place if isinstance(found.place, FromKeyring) else None
        return TokenRequest(client, found.name, found.secret, found.secret, entry)

    async def _issue(self, search: CredentialSearch) -> Token | Trouble:
        assert self._request is not None  # noqa: S101, narrows the type
        request = await self._reread(self._request, search)
        answer = await self._ask(request)
        if isinstance(answer, Refusal):
            latest = await self._changed_request(request, search)
            if isinstance(latest, Token):
                return latest
            if latest is not None:
                request, answer = latest, await self._ask(latest)
        match answer:
            case Trouble():
                return answer
            case Refusal():
                return answer.as_trouble()
            case TokenResponse():
                self._request = await self._with_rotated(request, answer.refresh)
                expires_at = search.context.wall() + answer.lifetime
                return Token(answer.access, request.place, expires_at=expires_at)

    async def _changed_request(
        self, request: TokenRequest, search: CredentialSearch
    ) -> TokenRequest | Token | None:
        """Return what the sources hold now, after *request* was refused; None if it is the same.

        Another run that has just used up a rotating refresh token is about to store the
        next one: a keyring is read a few times, which takes a fraction of a second each.
        """
        for _ in range(REREADS if request.entry else 1):
            latest = await self._gather(search)
            if isinstance(latest, Token):
                return latest
            if (latest.client, latest.stored) != (request.client, request.stored):
                return latest
        return None

    async def _ask(self, request: TokenRequest) -> TokenResponse | Refusal | Trouble:
        if request.refresh is None:
            form = {"grant_type": "client_credentials"}
            return parse_token_response(await self.endpoint.ask(request.client, form))
        form, secret = {"grant_type": "refresh_token"}, ("refresh_token", request.refresh)
        return parse_token_response(await self.endpoint.ask(request.client, form, secret))

    async def _reread(self, request: TokenRequest, search: CredentialSearch) -> TokenRequest:
        """Return *request* with the refresh token that another run may have stored since."""
        if request.entry is None:
            return request
        with contextlib.suppress(OpwatchError):
            found = await search.require(self.refresh)
            if found.secret != request.stored:
                return replace(request, refresh=found.secret, stored=found.secret)
        return request

    async def _with_rotated(self, request: TokenRequest, refresh: Secret | None) -> TokenRequest:
        if refresh is None or refresh == request.refresh:
            return request
        self.search.context.redactor.learn(refresh, passing=True)
        if request.entry is None:
            return replace(request, refresh=refresh)
        try:
            service, account = request.entry.service, self.refresh.account
            await self.search.keyring.write_entry(service, account, refresh)
        except UnusableError:
            # It still serves this run; the next one may have to log in again.
            return replace(request, refresh=refresh)
        return replace(request, refresh=refresh, stored=refresh)


def oauth2_token_source(
    scheme: OAuth2Auth, search: CredentialSearch, account: str, *, allow_http: bool = False
) -> OAuth2TokenSource:
    """Return the source of tokens of an OAuth 2.0 *scheme*."""
    part, _ = stored_part(scheme)
    is_confidential = scheme.grant == "client_credentials" or bool(scheme.client_secret)
    client_id = search.sources_of(Part.CLIENT_ID, scheme.client_id_sources, account)
    secret = search.sources_of(
        Part.CLIENT_SECRET,
        scheme.client_secret,
        account,
        in_keyring=part is Part.CLIENT_SECRET,
    )
    return OAuth2TokenSource(
        scheme,
        search,
        Endpoint(scheme.token_url, scheme, search.context.send, allow_http),
        direct=search.sources_of(Part.TOKEN, (), account),
        client_id=replace(client_id, is_required=True),
        client_secret=replace(secret, is_required=is_confidential),
        refresh=search.sources_of(
            Part.REFRESH_TOKEN,
            scheme.refresh_token,
            account,
            in_keyring=part is Part.REFRESH_TOKEN,
        ),
    )
