"""The moments that an answer tells.

Decides which spellings are read: RFC 3339 with any number of fractional
digits, and seconds, milliseconds, microseconds or nanoseconds since the epoch.
Go's zero time, blanks and garbage are no moment (faults 81). Times are for the
eye; nothing is ever scheduled by them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from opwatch.profiles.values import number

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?"
    r"\s?(?:([Zz]|UTC)|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
# A number is told by its size: seconds until the year 5138, then ms, then µs, then ns.
_SCALES: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_FIRST_YEAR: Final = 1900


def moment(value: Any) -> datetime | None:
    """Return the moment, in UTC, that *value* names, None if it names none."""
    seconds = number(value)
    if seconds is not None:
        return _since_epoch(seconds)
    match = _RFC3339.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) < _FIRST_YEAR:
        return None
    try:
        return _moment_of(match)
    except (ValueError, OverflowError):
        return None


def _moment_of(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    micro = int((match[7] or "")[:6].ljust(6, "0"))
    zone: timezone = UTC
    if match[9]:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11] or 0))
        zone = timezone(-offset if match[9] == "-" else offset)
    whole = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=zone)
    return whole.astimezone(UTC)


def _since_epoch(seconds: float) -> datetime | None:
    if seconds <= 0:
        return None
    for limit, scale in _SCALES:
        if seconds < limit:
            return datetime.fromtimestamp(seconds / scale, tz=UTC)
    return None
