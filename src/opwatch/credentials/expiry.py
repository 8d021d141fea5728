"""When a secret ends, and when to get the next one.

Decides how long a token is used: to 80 % of the lifetime that its server states, and
until it is refused where none is stated (fault 95). No end is ever made up.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.moments import moment_of, number_of

if TYPE_CHECKING:
    from opwatch.domain.secret import Secret

# All in seconds.
SHORTEST: Final = 1.0
LONGEST: Final = 86400.0
ENDED: Final = 30.0
MOST: Final = 100 * 365 * 86400.0
SHARE: Final = 0.8


def lifetime_of(expires_in: Any) -> float | None:
    """Return the seconds that an OAuth2 ``expires_in`` of any type and size states.

    None where it states none: a token that has ended before it came is no answer, and some
    servers write 0 for one that does not end.
    """
    seconds = number_of(expires_in)
    return min(MOST, seconds) if seconds is not None and seconds > 0 else None


def renewal_pause(left: float) -> float:
    """Return after how many seconds a token is renewed that has *left* seconds to go.

    One that has ended as it comes, by this machine's clock, is used all the same, and not
    asked for again at once.
    """
    return SHARE * (min(LONGEST, max(SHORTEST, left)) if left > 0 else ENDED)


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
