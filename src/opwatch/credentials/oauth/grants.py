"""OAuth 2.0 access tokens: by client credentials and by refresh tokens.

Decides what each grant asks for; that a refused request is tried once more if
environment, files or keyring hold something else by now; and what becomes of a
rotated refresh token: it is kept in memory, and in the keyring if it came from
there (faults 95 and 98). What is in the keyring is shared by all processes: one of them
at a time reads it, asks, and stores the answer; the others read that, and use the access
token in it for as long as it lives.
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
from opwatch.credentials.search import CredentialSearch, FoundSecret
from opwatch.credentials.sources import Part, PartSources, stored_part
from opwatch.credentials.token import (
    Pending,
    StoredAccessToken,
    Token,
    parse_stored_token,
    spent,
    token_of,
)
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromKeyring, OAuth2Auth
from opwatch.domain.errors import OpwatchError, TriedSource
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.domain.secret import Secret

REREADS: Final = 4


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token request needs, and the *place* that its secret came from.

    *refresh* is the present refresh token; *stored* is the one that its place held when
    it was last read, and *entry* is that place if it is in the keyring. *kept* is the
    access token that was stored with it.
    """

    client: OAuthClient
    place: str
    refresh: Secret | None = None
    stored: Secret | None = None
    entry: FromKeyring | None = None
    kept: StoredAccessToken | None = None


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
    _latest: Secret | None = field(default=None, init=False)
    _notes: tuple[str, ...] = field(default=(), init=False)

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
            return await self._issue_alone(search)
        except OpwatchError as problem:
            return Trouble(Fault.NO_CREDENTIAL, str(problem))

    @property
    def parts(self) -> tuple[PartSources, ...]:
        """What is looked for, and where."""
        return (self.direct, self.client_secret, self.refresh)

    async def client(
        self, search: CredentialSearch, before: tuple[TriedSource, ...] = ()
    ) -> tuple[OAuthClient, str]:
        """Return the client and the place of its secret."""
        name = await self.named_client(search, before)
        secret = await search.find(self.client_secret, before)
        if isinstance(secret, FoundSecret):
            return OAuthClient(name, secret.secret), secret.name
        if self.client_secret.is_required:
            raise search.missing_error(self.client_secret, secret)
        return OAuthClient(name), "a public client"

    async def named_client(
        self, search: CredentialSearch, before: tuple[TriedSource, ...] = ()
    ) -> str:
        """Return the id of the client."""
        return await search.require_text(self.client_id, self.scheme.client_id, before)

    async def _find(self, search: CredentialSearch) -> Token | Pending:
        direct = await search.find(self.direct)
        if isinstance(direct, FoundSecret):
            return token_of(direct)
        request = await self._gather(search, direct.tried)
        if isinstance(request, Token):
            return request
        self._request = request
        if request.stored is not None and search.context.is_marked(spent(request.stored)):
            # By an earlier run: to be told of before anything is asked.
            instead_of = "" if request.entry else request.place
            return Pending(request.place, (self._lost("by an earlier run", instead_of),))
        return self._kept_token(request) or Pending(request.place)

    async def _gather(
        self, search: CredentialSearch, before: tuple[TriedSource, ...] = ()
    ) -> TokenRequest | Token:
        client, place = await self.client(search, before)
        if self.scheme.grant == "client_credentials":
            return TokenRequest(client, place)
        return self._request_of(client, await search.require(self.refresh, before))

    def _request_of(self, client: OAuthClient, found: FoundSecret) -> TokenRequest | Token:
        entry = found.place if isinstance(found.place, FromKeyring) else None
        kept = parse_stored_token(found.secret)
        if kept is None:
            return TokenRequest(client, found.name, found.secret, found.secret, entry)
        if kept.refresh is None:
            return Token(kept.access, found.name, expires_at=kept.expires_at)
        self.search.context.redactor.learn(kept.refresh, passing=True)
        return TokenRequest(client, found.name, kept.refresh, found.secret, entry, kept)

    def _kept_token(self, request: TokenRequest) -> Token | None:
        """Return the token that is stored, unless it has ended or is the one to be replaced."""
        kept, context = request.kept, self.search.context
        if kept is None or kept.access == self._latest or not kept.is_good(context.wall()):
            return None
        self._latest = kept.access
        context.redactor.learn(kept.access, passing=True)
        return Token(kept.access, request.place, expires_at=kept.expires_at)

    async def _issue_alone(self, search: CredentialSearch) -> Token | Trouble:
        assert self._request is not None  # noqa: S101, narrows the type
        if self._request.entry is None:
            return await self._issue(self._request, search)
        async with search.context.lock(f"{self._request.entry.service} {self.refresh.account}"):
            request = await self._reread(self._request, search)
            if isinstance(request, Token):
                return request
            self._request = request
            return self._kept_token(request) or await self._issue(request, search)

    async def _issue(self, request: TokenRequest, search: CredentialSearch) -> Token | Trouble:
        answer = await self._ask(request)
        if isinstance(answer, Refusal):
            latest = await self._changed_request(request, search)
            if isinstance(latest, Token):
                return latest
            if latest is not None:
                request, answer = latest, await self._ask(latest)
        match answer:
            case Trouble() | Refusal():
                return self.endpoint.blamed(answer)
            case TokenResponse():
                expires_at = answer.expires_at(search.context.wall())
                self._latest = answer.access
                refresh = answer.refresh or request.refresh
                new = StoredAccessToken(answer.access, expires_at, refresh)
                self._request = await self._with_stored(request, new)
                return Token(answer.access, request.place, expires_at=expires_at, notes=self._notes)

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

    async def _reread(
        self, request: TokenRequest, search: CredentialSearch
    ) -> TokenRequest | Token:
        """Return *request* with what another run may have stored since."""
        with contextlib.suppress(OpwatchError):
            found = await search.require(self.refresh)
            if found.secret != request.stored:
                return self._request_of(request.client, found)
        return request

    async def _with_stored(self, request: TokenRequest, new: StoredAccessToken) -> TokenRequest:
        """Return the next request, *new* stored where the last refresh token was."""
        if new.refresh is None:
            return request
        self.search.context.redactor.learn(new.refresh, passing=True)
        following = replace(request, refresh=new.refresh, kept=None)
        is_rotated = new.refresh != request.refresh
        if request.entry is None:
            if is_rotated:
                self._notes = (self._lost(f"{request.place} cannot be written", request.place),)
                self._mark_spent(request)
            return following
        text = new.as_text()
        try:
            service, account = request.entry.service, self.refresh.account
            await self.search.keyring().write_entry(service, account, text)
        except UnusableError as problem:
            # It still serves this run; the next one may have to log in again.
            if is_rotated:
                self._notes = (self._lost(f"the keyring {problem.reason}"),)
                self._mark_spent(request)
            return following
        self._notes = ()
        return replace(following, stored=text)

    def _mark_spent(self, request: TokenRequest) -> None:
        if request.stored is not None:
            self.search.context.mark(spent(request.stored))

    def _lost(self, why: str, instead_of: str = "") -> str:
        """Return what a person must know of a refresh token that only this run has."""
        then = self.search.advice.login()
        then += f"  without {instead_of}" if instead_of else ""
        what = "the server replaced the refresh token, and the new one could not be stored"
        return f"{what} ({why}): the next run will be refused; then  {then}"


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
    refresh = search.sources_of(
        Part.REFRESH_TOKEN,
        scheme.refresh_token,
        account,
        in_keyring=part is Part.REFRESH_TOKEN,
    )
    return OAuth2TokenSource(
        scheme,
        search,
        Endpoint(scheme.token_url, scheme, search.context.send, allow_http),
        direct=search.sources_of(Part.TOKEN, (), account),
        client_id=replace(client_id, is_required=True),
        client_secret=replace(secret, is_required=is_confidential),
        refresh=replace(refresh, by_device=scheme.grant == "device_code"),
    )
