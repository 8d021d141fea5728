"""What ``opwatch auth login`` stores in the keyring, and ``logout`` deletes.

Decides that one part of a scheme is stored (the token, the password, the client
secret or the refresh token), in the entry that the profile's keyring source names,
else in the profile's own, for the origin that it is good for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opwatch.credentials.sources import Part, assignment, stored_part
from opwatch.credentials.token import StoredTokenSource
from opwatch.credentials.validation import UnusableError, validated, without_doubled_scheme
from opwatch.domain.auth import FromKeyring, template_of
from opwatch.domain.command_line import variable_of
from opwatch.domain.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.credentials.context import DevicePrompt
    from opwatch.credentials.oauth.grants import OAuth2TokenSource
    from opwatch.credentials.renewal import TokenSource
    from opwatch.credentials.search import CredentialSearch
    from opwatch.domain.auth import BasicAuth, HeaderAuth, OAuth2Auth, QueryAuth
    from opwatch.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Login:
    """Stores *part* of a credential for *account* under *service*.

    *oauth* asks for tokens with it, if it is one of OAuth 2.0. *template* is what it will
    be put into.
    """

    part: Part
    service: str
    account: str
    search: CredentialSearch
    oauth: OAuth2TokenSource | None = None
    template: str = ""

    @property
    def by_device(self) -> bool:
        """Whether a person logs in with a code (RFC 8628): there is nothing to type here."""
        return self.oauth is not None and self.oauth.scheme.grant == "device_code"

    @property
    def asks_for(self) -> str:
        """What a person is asked to type: a token, a password, a client secret."""
        return self.part.title

    async def store(self, secret: Secret) -> str:
        """Store *secret*, in place of what was stored; return the name of what keeps it.

        Raises:
            CredentialError: it cannot be a secret, or the keyring does not take it.
        """
        self.search.context.redactor.learn(secret)
        plain = without_doubled_scheme(secret, self.template)
        try:
            usable = validated(plain, self.part.alphabet)
        except UnusableError as problem:
            again = f'printf %s "$SECRET" | {self.search.advice.login()}'
            raise self._error(f"the {self.part.title} {problem.reason}", again) from None
        try:
            return await self.search.keyring().write_entry(self.service, self.account, usable)
        except UnusableError as problem:
            raise self._not_stored(problem) from None

    async def check(self) -> None:
        """Find out, before a person is asked for anything, whether it could be stored.

        Raises:
            CredentialError: the keyring would not take it, or the client id is missing.
        """
        if self.oauth is not None:
            # Who has an id to give would type it where the secret is asked for.
            await self.oauth.named_client(self.search)
        try:
            await self.search.keyring().try_entry(self.service, self.account)
        except UnusableError as problem:
            raise self._not_stored(problem) from None

    async def obtain(
        self,
        show: Callable[[DevicePrompt], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> Secret:
        """Have a person log in with a code, and return what is to be stored.

        *show* is called once with the code and the address; *sleep* waits between
        questions, in seconds.

        Raises:
            CredentialError: it was refused, or nobody entered the code in time.
        """
        from opwatch.credentials.oauth.device import log_in  # noqa: PLC0415, for this login alone

        assert self.oauth is not None  # noqa: S101, the caller has checked
        return await log_in(self.oauth, show=show, sleep=sleep)

    async def forget(self) -> bool:
        """Delete what was stored; return whether there was anything.

        Raises:
            CredentialError: the keyring cannot do it.
        """
        try:
            return await self.search.keyring().erase_entry(self.service, self.account)
        except UnusableError as problem:
            raise self._error(f"the keyring {problem.reason}") from None

    def _not_stored(self, problem: UnusableError) -> CredentialError:
        name = variable_of(self.search.profile, self.part.variables[0])
        instead = self.search.advice.login("--print") if self.by_device else assignment(name)
        return self._error(f"the keyring {problem.reason}", instead)

    def _error(self, message: str, *fixes: str) -> CredentialError:
        return CredentialError(
            message, profile=self.search.profile, origin=self.search.origin, fixes=fixes
        )


def login_of(
    scheme: HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth,
    source: TokenSource,
) -> Login:
    """Return how the credential of *scheme*, whose tokens *source* gives, is stored."""
    part, sources = stored_part(scheme)
    listed = (each.service for each in sources if isinstance(each, FromKeyring))
    service = next(listed, source.search.profile)
    account, oauth = source.parts[0].account, None
    if not isinstance(source, StoredTokenSource):
        oauth = source
    return Login(part, service, account, source.search, oauth, template_of(scheme))
