"""When a secret ends, and when to get the next one.

Decides which spellings of an expiry count, and how long a token is used: to
80 % of a lifetime that is bounded to 30 s … 24 h, and 5 min when unsaid
(fault 95).
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opwatch.domain.secret import Secret

SHORTEST: Final = 30.0
LONGEST: Final = 86400.0
UNSAID: Final = 300.0
SHARE: Final = 0.8
_MILLISECONDS_FROM: Final = 1e11
_END_OF_TIME: Final = 253402300800.0


def lifetime_of(expires_in: Any) -> float:
    """Return the seconds that an OAuth2 ``expires_in`` of any type and size means."""
    seconds = number_of(expires_in)
    return UNSAID if seconds is None else bounded(seconds)


def bounded(seconds: float) -> float:
    """Return *seconds* within 30 s and 24 h."""
    return min(LONGEST, max(SHORTEST, seconds))


def moment_of(value: Any) -> float | None:
    """Return the seconds since the epoch that *value* names, None if none.

    A number is an epoch in seconds or milliseconds, a text is ISO 8601; without
    an offset it is local time, as the Azure command line prints it. A moment before
    1970 or after the year 9999 is none.
    """
    number = number_of(value)
    if number is not None:
        moment = number / 1000 if number > _MILLISECONDS_FROM else number
        return moment if 0 <= moment < _END_OF_TIME else None
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


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
    return moment_of(claims.get("exp")) if isinstance(claims, dict) else None


def number_of(value: Any) -> float | None:
    """Return the finite number that *value* is or spells, None if none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
