"""What a helper's standard output says.

Decides the forms that count: one bare line; a JSON text; an object with a token
and perhaps an expiry under one of the names below, among them the Kubernetes
ExecCredential (client.authentication.k8s.io) and AWS's ``credential_process``. A
banner, two lines, or nothing is refused, and never repeated (fault 92).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opwatch.credentials.expiry import moment_of
from opwatch.credentials.validation import UnusableError, decoded
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

# Own name first; then ExecCredential, OAuth2, az, aws codeartifact, credential_process, docker.
TOKEN_NAMES: Final = (
    "token",
    "access_token",
    "accessToken",
    "authorizationToken",
    "SessionToken",
    "Secret",
)
# az prints "expiresOn" in local time without an offset, so its epoch "expires_on" goes first.
EXPIRY_NAMES: Final = (
    "expires_at",
    "expirationTimestamp",
    "expires_on",
    "expiresOn",
    "expiration",
    "Expiration",
    "expiry",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A *secret*, and its end in seconds since the epoch."""

    secret: Secret
    expires_at: float | None = None


def read_reply(output: bytes) -> Reply:
    """Return what *output* says.

    Raises:
        UnusableError: it is in none of the forms.
    """
    text = decoded(output)
    if text is None:
        raise UnusableError("printed something that is not a text in UTF-8")
    if text.lstrip().startswith(("{", '"')):
        return _of_json(text)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UnusableError("printed nothing")
    if len(lines) > 1:
        raise UnusableError(f"printed {len(lines)} lines, expected a token")
    return Reply(Secret(lines[0]))


def _of_json(text: str) -> Reply:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError("printed something that is neither a token nor JSON") from None
    if isinstance(document, str):
        return Reply(Secret(document))
    if document.get("kind") == "ExecCredential":
        document = document.get("status")
    if not isinstance(document, dict):
        raise UnusableError("printed an ExecCredential without a status")
    token = _first(document, TOKEN_NAMES)
    if not isinstance(token, str) or not token:
        raise UnusableError(f"printed JSON without a text under {', '.join(TOKEN_NAMES[:3])}")
    return Reply(Secret(token), moment_of(_first(document, EXPIRY_NAMES)))


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((document[name] for name in names if document.get(name) is not None), None)
