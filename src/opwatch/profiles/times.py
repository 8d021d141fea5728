"""The moments that an answer tells.

Decides which spellings are read: RFC 3339 with any number of fractional
digits, and seconds, milliseconds, microseconds or nanoseconds since the epoch.
Go's zero time, blanks and garbage are no moment (faults 81). Times are for the
eye; nothing is ever scheduled by them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from opwatch.profiles.values import number

# A number is told by its size: seconds until the year 5138, then ms, then µs, then ns.
_SCALES: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_FIRST_YEAR: Final = 1900
_SHORTEST, _LONGEST = len("2000-01-01T00:00"), 64


def moment(value: Any) -> datetime | None:
    """Return the moment, in UTC, that *value* names, None if it names none."""
    seconds = number(value)
    if seconds is not None:
        return _since_epoch(seconds)
    if not isinstance(value, str) or not _SHORTEST <= len(value) <= _LONGEST:
        return None
    try:
        found = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
    except ValueError:
        return None
    if found.year < _FIRST_YEAR:
        return None
    try:
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def _since_epoch(seconds: float) -> datetime | None:
    if seconds <= 0:
        return None
    for limit, scale in _SCALES:
        if seconds < limit:
            return datetime.fromtimestamp(seconds / scale, tz=UTC)
    return None
