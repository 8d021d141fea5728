"""The device authorization grant: a person logs in elsewhere with a code (RFC 8628).

Decides how often we ask, when we stop, and what is stored of the answer. The code and
an https address are handed on as the server wrote them, to be cleaned before they are
shown; no browser is ever opened (rule S10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.credentials.context import DevicePrompt
from opwatch.credentials.oauth.endpoint import (
    OAuthClient,
    Refusal,
    TokenResponse,
    parse_object,
    parse_token_response,
)
from opwatch.credentials.token import StoredAccessToken
from opwatch.credentials.validation import Alphabet, lifetime_of
from opwatch.domain.errors import CredentialError
from opwatch.domain.moments import number_of
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opwatch.credentials.oauth.grants import OAuth2TokenSource

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL: Final = 5.0
LONGEST_INTERVAL: Final = 60.0
SLOW_DOWN: Final = 5.0
LONGEST_LOGIN: Final = 1800.0


@dataclass(frozen=True, slots=True)
class _DeviceAuthorization:
    """The answer of the device authorization endpoint; *interval* is in seconds."""

    prompt: DevicePrompt
    code: Secret
    interval: float = INTERVAL


async def log_in(
    source: OAuth2TokenSource,
    *,
    show: Callable[[DevicePrompt], None],
    sleep: Callable[[float], Awaitable[None]],
) -> Secret:
    """Have a person log in, and return what is to be stored.

    Raises:
        CredentialError: it was refused, it failed, or nobody entered the code in time.
    """
    search = source.search
    client, _ = await source.client(search)
    response = await _await_token(source, client, show, sleep)
    match response:
        case Trouble(fault, detail, token_endpoint=origin):
            what = "was refused" if fault is Fault.TOKEN_REFUSED else "failed"
            message = f"the login {what}: {detail or fault.value.replace('_', ' ')}"
            origin = origin or search.origin
            raise CredentialError(message, profile=search.profile, origin=origin)
        case TokenResponse(access, _, refresh):
            search.context.redactor.learn(access)
            token = StoredAccessToken(access, response.expires_at(search.context.wall()))
            return refresh or token.as_text()


async def _await_token(
    source: OAuth2TokenSource,
    client: OAuthClient,
    show: Callable[[DevicePrompt], None],
    sleep: Callable[[float], Awaitable[None]],
) -> TokenResponse | Trouble:
    """Show the code, and ask until the person has entered it, or time is up."""
    scheme, endpoint = source.scheme, source.endpoint
    context = source.search.context
    device = replace(endpoint, url=scheme.device_url or "")
    started = _parse_authorization(await device.ask(OAuthClient(client.id), {}))
    if not isinstance(started, _DeviceAuthorization):
        return device.blamed(started)
    context.redactor.learn(started.code)
    show(started.prompt)
    ends_at, interval = context.now() + started.prompt.expires_in, started.interval
    while context.now() + interval < ends_at:
        await sleep(interval)
        form, code = {"grant_type": GRANT}, ("device_code", started.code)
        answer = parse_token_response(await endpoint.ask(client, form, code))
        match answer:
            case Refusal(code="authorization_pending"):
                continue
            case Refusal(code="slow_down"):
                interval = min(LONGEST_INTERVAL, interval + SLOW_DOWN)
            case Trouble():
                # RFC 8628 §3.5: on a connection that fails, ask less often.
                interval = min(LONGEST_INTERVAL, interval * 2)
            case Refusal():
                return endpoint.blamed(answer)
            case TokenResponse():
                return answer
    return Trouble(Fault.TOKEN_REFUSED, "nobody entered the code in time")


def _parse_authorization(response: Any) -> _DeviceAuthorization | Refusal | Trouble:
    body = parse_object(response)
    if not isinstance(body, dict):
        return body
    url = body.get("verification_uri") or body.get("verification_url")
    code, user_code = body.get("device_code"), body.get("user_code")
    if not (isinstance(code, str) and isinstance(user_code, str) and isinstance(url, str)):
        return Refusal("no_code", "the answer holds no device_code, user_code and verification_uri")
    if not Alphabet.TEXT.value.fullmatch(code):
        return Refusal("no_code", "the device_code in the answer cannot be sent")
    if not _is_web_address(url):
        return Refusal("bad_address", "the address to enter the code at is not https")
    complete = body.get("verification_uri_complete")
    if not (isinstance(complete, str) and _is_web_address(complete)):
        complete = None
    lasts = min(LONGEST_LOGIN, lifetime_of(body.get("expires_in")) or LONGEST_LOGIN)
    interval = min(LONGEST_INTERVAL, max(1.0, number_of(body.get("interval")) or INTERVAL))
    return _DeviceAuthorization(
        DevicePrompt(user_code, url, complete, lasts), Secret(code), interval
    )


def _is_web_address(url: str) -> bool:
    try:
        origin = parse_origin(url)
    except OriginError:
        return False
    return origin.scheme == "https" or origin.is_loopback
