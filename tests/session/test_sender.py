"""What a carrier says of a request that a credential kept from being sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from opwatch.domain.messages import Request, Response
from opwatch.domain.origin import AllowedOrigins
from opwatch.domain.trouble import Fault, Trouble
from opwatch.session.sender import MOST_RENEWALS, Sender

if TYPE_CHECKING:
    from opwatch.credentials import Credential
    from opwatch.http.client import Client

URL = "https://api.example.com/jobs"


class Keys:
    """A credential that cannot sign, or that cannot be renewed."""

    def __init__(self, signing: Trouble | None, renewing: Trouble | None) -> None:
        self._signing, self._renewing = signing, renewing

    async def authorize(self, request: Request) -> Request | Trouble:
        return self._signing or request

    async def renew(self, _refused: Request) -> bool | Trouble:
        return self._renewing or False


class Refusing:
    """A client whose every answer is a 401."""

    async def send(self, request: Request, *, timeout: float) -> Response:
        assert timeout > 0
        return Response(401, request.url)


@pytest.mark.parametrize(
    "keys",
    [
        Keys(Trouble(Fault.RENEWAL_FAILED), None),
        Keys(None, Trouble(Fault.RENEWAL_FAILED)),
    ],
    ids=["before it was sent", "after it was refused"],
)
async def test_a_request_without_a_usable_credential_was_never_taken(keys: Keys) -> None:
    sender = Sender(
        cast("Client", Refusing()), cast("Credential", keys), AllowedOrigins.of(URL), lambda: 0.0
    )

    came = await sender.send(Request("POST", URL), 1.0)

    assert came == Trouble(Fault.RENEWAL_FAILED)
    assert isinstance(came, Trouble)
    assert came.unsent


class Renewing(Keys):
    """A credential that always has another secret."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self.renewals = 0

    async def renew(self, _refused: Request) -> bool:
        self.renewals += 1
        assert self.renewals < 10
        return True


async def test_a_refused_request_is_repeated_a_few_times_however_many_secrets_there_are() -> None:
    keys = Renewing()
    sender = Sender(
        cast("Client", Refusing()), cast("Credential", keys), AllowedOrigins.of(URL), lambda: 0.0
    )

    came = await sender.send(Request("GET", URL), 1.0)

    assert isinstance(came, Response)
    assert (came.status, keys.renewals) == (401, MOST_RENEWALS)
