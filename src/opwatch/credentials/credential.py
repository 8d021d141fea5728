"""The credential of one profile: how it is opened, and to which requests it is added.

Decides, in ``authorize`` and nowhere else, that a secret goes into a request, and
only into one for an allowed origin (rule S1). Decides also what is refused before
anything is looked for: a header that only opwatch sets, and a token endpoint that is
neither https nor loopback, unless the profile allows plain http (rule S3); and what a
secret in the keyring is bound to: the API's origin and, for OAuth 2.0, that of the token
endpoint as well, since the secret goes to the one and the token that it gives to the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, assert_never

from opwatch.credentials.renewal import TokenRenewer, TokenSource
from opwatch.credentials.search import CredentialSearch
from opwatch.credentials.token import Token, check_scheme, sign, stored_token_source
from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth, Scheme
from opwatch.domain.errors import CredentialError, TriedSource, UsageError
from opwatch.domain.origin import AllowedOrigins, Origin, OriginError, parse_origin
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.credentials.context import CredentialContext, Keyring
    from opwatch.credentials.login import Login
    from opwatch.credentials.redaction import Redactor
    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.messages import Request, Sensitive


@dataclass(frozen=True, slots=True)
class CredentialStatus:
    """What is known of a credential, without the secret.

    *place* is where it came from, empty if none is wanted or none was looked for.
    *expires_at* is in seconds since the epoch, None if unknown. *notes* are oddities to
    report once. Where the API may do without a credential, *tried* are the places that
    held none, and *fixes* are commands that would give one.
    """

    profile: str
    origin: str
    is_found: bool
    place: str = ""
    expires_at: float | None = None
    notes: tuple[str, ...] = ()
    tried: tuple[TriedSource, ...] = ()
    fixes: tuple[str, ...] = ()


class Credential:
    """Signs the requests of one profile. Made by ``open_credential``."""

    def __init__(
        self,
        scheme: Scheme,
        *,
        profile: str,
        origin: str,
        origins: AllowedOrigins,
        source: TokenSource | None,
        context: CredentialContext,
    ) -> None:
        self._scheme = scheme
        self._profile = profile
        self._origin = origin
        self._origins = origins
        self._redactor = context.redactor
        self._source = source
        self._renewer: TokenRenewer | None = None
        if source is not None:
            self._renewer = TokenRenewer(
                source, now=context.now, wall=context.wall, on_token=self._sign_with
            )
        self._place = ""
        self._absence: CredentialError | None = None
        self._signature: tuple[Sensitive, ...] = ()

    @property
    def login(self) -> Login | None:
        """How it is stored in the keyring, None where the API wants none."""
        if self._source is None or isinstance(self._scheme, NoAuth):
            return None
        from opwatch.credentials.login import login_of  # noqa: PLC0415, only auth login asks

        return login_of(self._scheme, self._source)

    async def prepare(self) -> None:
        """Find the secret, or all that is needed to ask for one.

        Raises:
            CredentialError: there is none; it names every place that was tried.
            UsageError: a helper program is not installed.
        """
        if self._renewer is None:
            return
        try:
            self._place = await self._renewer.prepare()
        except CredentialError as problem:
            if not (problem.is_absent and _is_optional(self._scheme)):
                raise
            self._renewer, self._absence = None, problem

    async def authorize(self, request: Request) -> Request | Trouble:
        """Return *request* with the secret in it, if it goes to an allowed origin.

        A foreign origin is trouble, also where the API wants no credential: such a
        request is not to be made at all.
        """
        if not request.authorize:
            return request
        try:
            origin = parse_origin(request.url)
        except OriginError as problem:
            return Trouble(Fault.FOREIGN_ORIGIN, str(problem))
        if origin not in self._origins:
            return Trouble(Fault.FOREIGN_ORIGIN, origin.authority, host=origin.authority)
        if self._renewer is None:
            return request
        trouble = await self._renewer.keep_fresh()
        return trouble or replace(
            request, sensitive=self._signature, allow_http=self._origins.allow_http
        )

    async def renew(self, refused: Request) -> bool | Trouble:
        """Get another secret after a 401; tell whether *refused* is worth a replay.

        The replay is to be authorized anew. False: the places hold the same secret
        again, or the last renewal was less than 30 s ago. Trouble: no new secret can
        be obtained, three in a row were refused, or there was none and one is needed.
        """
        if self._absence is not None:
            return _required_after_all(self._absence, refused)
        if self._renewer is None or self._renewer.token is None or not refused.sensitive:
            return False
        if refused.sensitive != self._signature:
            return True
        trouble = await self._renewer.replace()
        return trouble or refused.sensitive != self._signature

    def confirm(self, replayed: Request) -> None:
        """Take note that *replayed* was answered, after the secret before had been refused.

        A server that ends its tokens early then gets the next one asked for at once.
        """
        if self._renewer is not None and replayed.sensitive == self._signature:
            self._renewer.confirm()

    def digest(self, key: bytes, origin: str) -> str:
        """Return what *origin* and this credential are called among all who have *key*.

        A credential that is renewed is called by its place: the next token is the same to
        those who count its requests.
        """
        token = self._renewer.token if self._renewer else None
        if token is None or token.expires_at is not None:
            return Secret(f"{self._profile} {self._place}" if self._renewer else "").digest(
                key, origin
            )
        return Secret.basic(token.username, token.secret).digest(key, origin)

    def redactor(self) -> Redactor:
        """Return the redactor, which masks the live secrets and goes on learning."""
        return self._redactor

    def status(self) -> CredentialStatus:
        """Return what is known of the credential; ``prepare`` finds it out."""
        token = self._renewer.token if self._renewer else None
        return CredentialStatus(
            self._profile,
            self._origin,
            is_found=bool(self._place) or (self._renewer is None and self._absence is None),
            place=self._place,
            expires_at=token.expires_at if token else None,
            notes=token.notes if token else self._renewer.notes if self._renewer else (),
            tried=self._absence.tried if self._absence else (),
            fixes=self._absence.fixes if self._absence else (),
        )

    def replacement(self) -> str:
        """Return how another one is put in its place, an empty text if there is none."""
        return self._renewer.replacement(self._place) if self._renewer else ""

    def _sign_with(self, token: Token) -> None:
        self._signature = sign(self._scheme, token)
        for value in (token.secret, *(each.value for each in self._signature)):
            self._redactor.learn(value, passing=token.expires_at is not None)


def _is_optional(scheme: Scheme) -> bool:
    return isinstance(scheme, HeaderAuth) and scheme.optional


def _required_after_all(absence: CredentialError, refused: Request) -> Trouble:
    places = ", ".join(each.place for each in absence.tried)
    host = parse_origin(refused.url).authority
    return Trouble(Fault.NO_CREDENTIAL, f"HTTP 401; none in {places}", status=401, host=host)


def open_credential(
    scheme: Scheme,
    *,
    profile: str,
    base_url: str,
    origins: AllowedOrigins,
    context: CredentialContext,
    options: OptionWords = (),
) -> Credential:
    """Return the credential of *profile*, which *options* choose; nothing is looked for yet.

    *origins* are those that its secret may go to, *base_url* the one that an entry
    of the keyring is bound to.

    Raises:
        UsageError: no request could carry the secret safely, or the token endpoint
            is neither https nor loopback, and plain http is not allowed.
    """
    check_scheme(scheme)
    origin = str(_origin("base_url", base_url))

    @cache  # one keeps in mind that it hangs
    def keyring() -> Keyring:
        from opwatch.credentials.keyring import SystemKeyring  # noqa: PLC0415, it is asked last

        return context.keyring or SystemKeyring(context)

    search = CredentialSearch(profile, origin, context, keyring, options)
    return Credential(
        scheme,
        profile=profile,
        origin=origin,
        origins=origins,
        source=_source(scheme, search, allow_http=origins.allow_http),
        context=context,
    )


def _source(scheme: Scheme, search: CredentialSearch, *, allow_http: bool) -> TokenSource | None:
    """Return where the tokens of *scheme* come from, None if it has none."""
    match scheme:
        case NoAuth():
            return None
        case HeaderAuth() | QueryAuth() | BasicAuth():
            return stored_token_source(scheme, search, search.origin)
        case OAuth2Auth():
            from opwatch.credentials.oauth.grants import oauth2_token_source  # noqa: PLC0415, few profiles need it

            token = _endpoint("token_url", scheme.token_url, allow_http=allow_http)
            account = f"{search.origin} via {token}"
            grants = oauth2_token_source(scheme, search, account, allow_http=allow_http)
            if scheme.grant == "device_code":
                _endpoint("device_url", scheme.device_url or "", allow_http=allow_http)
            return grants
        case _:
            assert_never(scheme)


def _endpoint(name: str, url: str, *, allow_http: bool) -> Origin:
    origin = _origin(name, url)
    if origin.scheme != "https" and not (origin.is_loopback or allow_http):
        raise UsageError(f"{name} must be https: a secret goes to it", hint="write https://…")
    return origin


def _origin(name: str, url: str) -> Origin:
    try:
        return parse_origin(url)
    except OriginError as problem:
        raise UsageError(f"{name}: {problem}") from None
