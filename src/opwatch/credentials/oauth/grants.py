"""The supply of OAuth2 access tokens: client credentials and refresh tokens.

Decides what each grant asks for, that a refused request is tried once more if
environment, files or keyring say something else by now, and what becomes of a
rotated refresh token: it is kept in memory, and in the keyring if it came from
there, so that two runs at a time do not ruin each other's (faults 95 and 98).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from opwatch.credentials.oauth.endpoint import Client, Endpoint, Granted, Refusal, read_grant
from opwatch.credentials.search import Found
from opwatch.credentials.sources import Part, kept_part
from opwatch.credentials.token import Pending, Token, read_kept, token_of, wanted
from opwatch.credentials.validation import UnusableError
from opwatch.domain.auth import FromKeyring, OAuth2Auth
from opwatch.domain.errors import OpwatchError, Tried
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.credentials.search import Seeker
    from opwatch.credentials.sources import Wanted
    from opwatch.domain.secret import Secret

LOOKS: Final = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """What a token request needs, and the *place* that its secret came from.

    *refresh* is the present refresh token; *stored* is it as its place held it when
    that was last read, and *entry* that place if it is in the keyring.
    """

    client: Client
    place: str
    refresh: Secret | None = None
    stored: Secret | None = None
    entry: FromKeyring | None = None


@dataclass(slots=True)
class Granting:
    """Access tokens for *scheme*. *direct* are places that may hold one already."""

    scheme: OAuth2Auth
    seeker: Seeker
    endpoint: Endpoint
    direct: Wanted
    client_id: Wanted
    client_secret: Wanted
    refresh: Wanted
    _parts: Parts | None = field(default=None, init=False)

    async def prepare(self) -> Token | Pending:
        """Find an access token, or all that is needed to ask for one."""
        return await self._find(self.seeker)

    async def issue(self) -> Token | Trouble:
        """Ask for the next access token."""
        seeker = self.seeker.alone()
        try:
            if self._parts is None:
                found = await self._find(seeker)
                if isinstance(found, Token):
                    return found
            return await self._issue(seeker)
        except OpwatchError as problem:
            return Trouble(Fault.NO_CREDENTIAL, str(problem))

    async def client(self, seeker: Seeker, before: tuple[Tried, ...] = ()) -> tuple[Client, str]:
        """Return the client and the place of its secret."""
        name = await seeker.find_name(self.client_id, self.scheme.client_id, before)
        secret = await seeker.look_for(self.client_secret, before)
        if isinstance(secret, Found):
            return Client(name, secret.secret), secret.name
        if self.client_secret.is_required:
            raise seeker.nothing(self.client_secret, secret)
        return Client(name), "a public client"

    async def _find(self, seeker: Seeker) -> Token | Pending:
        direct = await seeker.look_for(self.direct)
        if isinstance(direct, Found):
            return token_of(direct)
        gathered = await self._gather(seeker, direct.tried)
        if isinstance(gathered, Token):
            return gathered
        self._parts = gathered
        return Pending(gathered.place)

    async def _gather(self, seeker: Seeker, before: tuple[Tried, ...] = ()) -> Parts | Token:
        client, place = await self.client(seeker, before)
        if self.scheme.grant == "client_credentials":
            return Parts(client, place)
        found = await seeker.find(self.refresh, before)
        kept = read_kept(found.secret)
        if kept is not None:
            return Token(kept.access, found.name, expires_at=kept.expires_at)
        entry = found.place if isinstance(found.place, FromKeyring) else None
        return Parts(client, found.name, found.secret, found.secret, entry)

    async def _issue(self, seeker: Seeker) -> Token | Trouble:
        assert self._parts is not None  # noqa: S101, narrows the type
        parts = await self._reread(self._parts, seeker)
        answer = await self._ask(parts)
        if isinstance(answer, Refusal):
            fresh = await self._anew(parts, seeker)
            if isinstance(fresh, Token):
                return fresh
            if fresh is not None:
                parts, answer = fresh, await self._ask(fresh)
        match answer:
            case Trouble():
                return answer
            case Refusal():
                return answer.as_trouble()
            case Granted():
                self._parts = await self._with_rotated(parts, answer.refresh)
                expires_at = seeker.context.wall() + answer.lifetime
                return Token(answer.access, parts.place, expires_at=expires_at)

    async def _anew(self, parts: Parts, seeker: Seeker) -> Parts | Token | None:
        """Return what the sources hold now, after *parts* were refused; None if it is the same.

        Another run that has just used up a rotating refresh token is about to store the
        next one: a keyring is read a few times, which takes it a fraction of a second each.
        """
        for _ in range(LOOKS if parts.entry else 1):
            fresh = await self._gather(seeker)
            if isinstance(fresh, Token):
                return fresh
            if (fresh.client, fresh.stored) != (parts.client, parts.stored):
                return fresh
        return None

    async def _ask(self, parts: Parts) -> Granted | Refusal | Trouble:
        if parts.refresh is None:
            form = {"grant_type": "client_credentials"}
            return read_grant(await self.endpoint.ask(parts.client, form))
        form, secret = {"grant_type": "refresh_token"}, ("refresh_token", parts.refresh)
        return read_grant(await self.endpoint.ask(parts.client, form, secret))

    async def _reread(self, parts: Parts, seeker: Seeker) -> Parts:
        """Return *parts* with the refresh token that another run may have stored since."""
        if parts.entry is None:
            return parts
        with contextlib.suppress(OpwatchError):
            found = await seeker.find(self.refresh)
            if found.secret != parts.stored:
                return replace(parts, refresh=found.secret, stored=found.secret)
        return parts

    async def _with_rotated(self, parts: Parts, refresh: Secret | None) -> Parts:
        if refresh is None or refresh == parts.refresh:
            return parts
        self.seeker.context.redactor.learn(refresh, passing=True)
        if parts.entry is None:
            return replace(parts, refresh=refresh)
        try:
            service, account = parts.entry.service, self.refresh.account
            await self.seeker.keyring.write(service, account, refresh)
        except UnusableError:
            # It still serves this run; the next one may have to log in again.
            return replace(parts, refresh=refresh)
        return replace(parts, refresh=refresh, stored=refresh)


def granting(scheme: OAuth2Auth, seeker: Seeker, account: str) -> Granting:
    """Return the supply of an OAuth2 *scheme*."""
    kept, _ = kept_part(scheme)
    is_confidential = scheme.grant == "client_credentials" or bool(scheme.client_secret)
    secret = wanted(
        Part.CLIENT_SECRET,
        scheme.client_secret,
        seeker,
        account,
        kept=kept is Part.CLIENT_SECRET,
    )
    client_id = wanted(Part.CLIENT_ID, scheme.client_id_sources, seeker, account)
    return Granting(
        scheme,
        seeker,
        Endpoint(scheme.token_url, scheme, seeker.context.send),
        direct=wanted(Part.TOKEN, (), seeker, account),
        client_id=replace(client_id, is_required=True),
        client_secret=replace(secret, is_required=is_confidential),
        refresh=wanted(
            Part.REFRESH_TOKEN,
            scheme.refresh_token,
            seeker,
            account,
            kept=kept is Part.REFRESH_TOKEN,
        ),
    )
