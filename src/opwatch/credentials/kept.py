"""How the fruit of a login without a refresh token is kept in the keyring.

Decides that such an access token is kept with its end, as one JSON text; a
refresh token, the usual fruit, is kept as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from opwatch.credentials.expiry import moment_of
from opwatch.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class KeptAccess:
    """An access token. *expires_at* is in seconds since the epoch."""

    access: Secret
    expires_at: float | None


def keep(access: KeptAccess) -> Secret:
    """Return the text that is kept for *access*."""
    document = {"access_token": access.access.reveal(), "expires_at": access.expires_at}
    return Secret(json.dumps(document, separators=(",", ":")))


def read_kept(secret: Secret) -> KeptAccess | None:
    """Return what *secret* keeps, None if it is a refresh token."""
    text = secret.reveal()
    if not text.startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    access = document.get("access_token")
    if not isinstance(access, str):
        return None
    return KeptAccess(Secret(access), moment_of(document.get("expires_at")))
