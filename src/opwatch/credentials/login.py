"""What ``opwatch auth login`` keeps in the keyring, and ``logout`` deletes.

Decides that one part of a scheme is kept (the token, the password, the client
secret or the refresh token), in the entry that the profile's keyring source names,
else in the profile's own, for the origin that it is good for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opwatch.credentials.places import Part, kept_part, variable
from opwatch.credentials.validity import UnusableError, validated
from opwatch.domain.auth import FromKeyring
from opwatch.domain.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.credentials.grants import Granting
    from opwatch.credentials.prompt import DevicePrompt
    from opwatch.credentials.search import Seeker
    from opwatch.domain.auth import BasicAuth, HeaderAuth, OAuth2Auth, QueryAuth
    from opwatch.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Login:
    """Keeps *part* of a credential for *account* under *service*.

    *by_device* is set when a person logs in with a code (RFC 8628) and there is
    nothing to be typed here.
    """

    part: Part
    service: str
    account: str
    seeker: Seeker
    by_device: Granting | None = None

    @property
    def asks_for(self) -> str:
        """What a person is asked to type: a token, a password, a client secret."""
        return self.part.title

    async def store(self, secret: Secret) -> None:
        """Keep *secret*, in place of what was kept.

        Raises:
            CredentialError: it cannot be a secret, or the keyring does not take it.
        """
        self.seeker.surroundings.redactor.learn(secret)
        try:
            usable = validated(secret, self.part.alphabet)
        except UnusableError as problem:
            raise self._error(f"the {self.part.title} {problem.reason}") from None
        try:
            await self.seeker.keychain.write(self.service, self.account, usable)
        except UnusableError as problem:
            raise self._error(f"the keyring {problem.reason}") from None

    async def store_by_device(
        self,
        show: Callable[[DevicePrompt], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Have a person log in with a code, and keep what comes of it.

        *show* is called once with the code and the address; *sleep* waits between
        questions, in seconds.

        Raises:
            CredentialError: it was refused, nobody entered the code in time, or the
                keyring does not take the result.
        """
        from opwatch.credentials.device import log_in  # noqa: PLC0415, for this login alone

        assert self.by_device is not None  # noqa: S101, the caller has looked
        await self.store(await log_in(self.by_device, show=show, sleep=sleep))

    async def forget(self) -> bool:
        """Delete what was kept; tell whether there was anything.

        Raises:
            CredentialError: the keyring cannot do it.
        """
        try:
            return await self.seeker.keychain.erase(self.service, self.account)
        except UnusableError as problem:
            raise self._error(f"the keyring {problem.reason}") from None

    def _error(self, message: str) -> CredentialError:
        name = variable(self.seeker.profile, self.part.variables[0])
        return CredentialError(
            message,
            profile=self.seeker.profile,
            origin=self.seeker.origin,
            fixes=(f"set {name} instead",),
        )


def login_of(
    scheme: HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth,
    seeker: Seeker,
    account: str,
    *,
    by_device: Granting | None = None,
) -> Login:
    """Return how the credential of *scheme* is kept."""
    part, sources = kept_part(scheme)
    listed = (each.service for each in sources if isinstance(each, FromKeyring))
    return Login(part, next(listed, seeker.profile), account, seeker, by_device)
