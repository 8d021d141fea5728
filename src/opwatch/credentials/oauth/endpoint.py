"""What an OAuth 2.0 token endpoint is sent, and what its answers mean.

Decides which answers hold a token, which are final (a 4xx, an ``error`` in
the body), and which may be better the next time (a 5xx, a web page, no
connection). Sources: RFC 6749 §2.3.1, §5.1, §5.2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlencode

from opwatch.credentials.validation import (
    Alphabet,
    UnusableError,
    as_secret,
    expiry_of_jwt,
    lifetime_of,
)
from opwatch.domain.messages import Request, Response, SecretLocation, Sensitive
from opwatch.domain.origin import parse_origin
from opwatch.domain.retry_after import retry_after
from opwatch.domain.secret import Secret
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.credentials.context import Send
    from opwatch.domain.auth import OAuth2Auth

TIMEOUT: Final = 30.0
_PASSING_STATUS: Final = frozenset({408, 425, 429})
_PASSING_ERRORS: Final = ("server_error", "temporarily_unavailable")
_REDIRECTS: Final = range(300, 400)
_SERVER_ERROR: Final = 500
_LONGEST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The client that asks: its *id* and, unless it is a public one, its *secret*."""

    id: str
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token, good for *lifetime* seconds if known, and perhaps a refresh token."""

    access: Secret
    lifetime: float | None
    refresh: Secret | None = None

    def expires_at(self, now: float) -> float | None:
        """Return when it ends, if it is known; in seconds since the epoch, as *now* is."""
        return expiry_of_jwt(self.access) if self.lifetime is None else now + self.lifetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """The endpoint's final answer: an error *code* (RFC 6749 §5.2) and its *text*."""

    code: str
    text: str = ""
    status: int | None = None

    def as_trouble(self) -> Trouble:
        """Return it as the trouble that ends a watch with *denied*."""
        detail = _sentence(self.status, self.code, self.text)
        return Trouble(Fault.TOKEN_REFUSED, detail, status=self.status)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Sends forms to *url* in the name of a client, over *send*, as *scheme* says."""

    url: str
    scheme: OAuth2Auth
    send: Send = field(repr=False)
    allow_http: bool = False

    def blamed(self, problem: Refusal | Trouble) -> Trouble:
        """Return *problem* as trouble with this endpoint, and not with the API."""
        trouble = problem.as_trouble() if isinstance(problem, Refusal) else problem
        return replace(trouble, token_endpoint=str(parse_origin(self.url)))

    async def ask(
        self, client: OAuthClient, fields: Mapping[str, str], *secret_fields: tuple[str, Secret]
    ) -> Response | Trouble:
        """Send a form of *fields* and *secret_fields* and return what comes."""
        form = {**fields, **self.scheme.extra}
        if self.scheme.scope is not None:
            form.setdefault("scope", self.scheme.scope)
        sensitive = [Sensitive(SecretLocation.FORM, name, value) for name, value in secret_fields]
        if client.secret is not None and self.scheme.secret_in == "header":  # noqa: S105, a place
            sensitive.append(_basic(client.id, client.secret))
        else:
            form["client_id"] = client.id
            if client.secret is not None:
                sensitive.append(Sensitive(SecretLocation.FORM, "client_secret", client.secret))
        request = Request(
            "POST",
            self.url,
            {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            urlencode(form).encode("ascii"),
            authorize=False,
            sensitive=tuple(sensitive),
            allow_http=self.allow_http,
        )
        return await self.send(request, TIMEOUT)


def parse_token_response(response: Response | Trouble) -> TokenResponse | Refusal | Trouble:
    """Return the token in an answer of a token endpoint."""
    body = parse_object(response)
    if not isinstance(body, dict):
        return body
    kind = body.get("token_type")
    if isinstance(kind, str) and kind.lower() not in {"bearer", ""}:
        text = "the token is not a bearer token"
        return Refusal("unsupported_token_type", text, response.status)
    access = _secret(body.get("access_token"))
    if access is None:
        return Refusal("no_token", "the answer holds no usable access_token", response.status)
    refresh = _secret(body.get("refresh_token"))
    return TokenResponse(access, lifetime_of(body.get("expires_in")), refresh)


def parse_object(response: Response | Trouble) -> dict[str, Any] | Refusal | Trouble:
    """Return the JSON object of a good answer of an OAuth 2.0 endpoint."""
    if isinstance(response, Trouble):
        return response
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    text = body.get("error_description") if isinstance(body, dict) else None
    code, text = (_text(each) if each else "" for each in (error, text))
    is_down = response.status >= _SERVER_ERROR or response.status in _PASSING_STATUS
    if is_down or code in _PASSING_ERRORS:
        return _failed(response, code, text)
    if code:
        return Refusal(code, text, response.status)
    if not response.is_good:
        is_redirect = response.status in _REDIRECTS
        text = "a redirect, which a secret never follows" if is_redirect else text
        return Refusal("", text, response.status)
    if not isinstance(body, dict):
        # A web page with status 200 is a proxy's, or a portal's: not the endpoint's answer.
        return _failed(response, "something that is not a JSON object")
    return body


def _sentence(status: int | None, *words: str) -> str:
    http = "" if status is None else f"HTTP {status}"
    # Cut once and at the very end: a secret in it is recognized by its beginning.
    return ": ".join(each for each in (http, *words) if each)[:_LONGEST_TEXT]


def _failed(response: Response, *words: str) -> Trouble:
    header = response.headers.get("retry-after")
    wait = header and retry_after(
        header, received_at=response.received_at, date=response.headers.get("date")
    )
    detail = _sentence(response.status, *words)
    return Trouble(Fault.TOKEN_FAILED, detail, status=response.status, wait=wait or None)


def _basic(client_id: str, secret: Secret) -> Sensitive:
    """Return the client's own credentials, each form-encoded first (RFC 6749 §2.3.1)."""
    value = Secret.basic(quote_plus(client_id), secret.form_quoted())
    return Sensitive(SecretLocation.HEADER, "Authorization", value)


def _secret(value: Any) -> Secret | None:
    if not isinstance(value, str):
        return None
    try:
        return as_secret(value, Alphabet.TOKEN)
    except UnusableError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
