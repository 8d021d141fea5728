"""When a secret ends, and when to get the next one.

Decides how long a token is used: to 80 % of a lifetime that is bounded to
30 s … 24 h, and is 5 min where the server does not state it (fault 95).
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.moments import moment_of, number_of

if TYPE_CHECKING:
    from opwatch.domain.secret import Secret

SHORTEST: Final = 30.0
LONGEST: Final = 86400.0
UNSTATED: Final = 300.0
SHARE: Final = 0.8


def lifetime_of(expires_in: Any) -> float:
    """Return the seconds that an OAuth2 ``expires_in`` of any type and size means."""
    seconds = number_of(expires_in)
    return UNSTATED if seconds is None else bounded(seconds)


def bounded(seconds: float) -> float:
    """Return *seconds* within 30 s and 24 h."""
    return min(LONGEST, max(SHORTEST, seconds))


def expiry_of(value: Any) -> float | None:
    """Return the seconds since the epoch that *value* names, None if none.

    A text without an offset is local time, as the Azure command line prints it. A moment
    before 1970 is none.
    """
    moment = moment_of(value, local=True)
    return moment.timestamp() if moment and moment.timestamp() >= 0 else None


def expiry_of_jwt(secret: Secret) -> float | None:
    """Return the ``exp`` of a JSON Web Token (RFC 7519 §4.1.4), None for other secrets.

    It is not verified: it only tells when to look for the next one.
    """
    parts = secret.reveal().split(".")
    if len(parts) != len(("header", "claims", "signature")):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return expiry_of(claims.get("exp")) if isinstance(claims, dict) else None
