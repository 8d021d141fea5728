"""Numbers, moments and durations, as answers, tokens, headers and people write them.

Decides which forms are read: a number or its exact decimal text; RFC 3339 with any
number of fractional digits; seconds, milliseconds, microseconds or nanoseconds since
the epoch; and the HTTP dates of RFC 9110 §5.6.7. Python's own ``float`` would take
``1_000`` and ``nan``. Go's zero time, blanks and garbage are not moments (fault 81).
A duration is ``90``, ``90s``, ``5m``, ``1h30m`` or ``500ms``; only to read one raises.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final, Protocol

_NUMBER: Final = re.compile(r"(?a)[+-]?\d{1,15}(?:\.\d{1,15})?")
# The unit is known by the size: seconds until the year 5138, then ms, then µs, then ns.
_SCALES: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_FIRST_YEAR: Final = 1900
_LONGEST: Final = 64

_CLOCK: Final = r"\d\d:\d\d:\d\d"
_ZONE: Final = r"(?:GMT|UTC|[+-]0000)"
_MONTH: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# The three forms of an HTTP date, newest first. The library reads many more.
_HTTP_DATES: Final = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"[a-z]{{3}}, \d\d? {_MONTH} [1-9]\d{{3}} {_CLOCK} {_ZONE}",
        rf"[a-z]{{6,9}}, \d\d-{_MONTH}-\d\d {_CLOCK} {_ZONE}",
        rf"[a-z]{{3}} {_MONTH} [ \d]\d {_CLOCK} [1-9]\d{{3}}",
    )
)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_WHOLE: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+", re.ASCII)
_BARE: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


class Clock(Protocol):
    """Two clocks: one that never jumps back, and the time of day."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; never falls."""

    def wall(self) -> float:
        """Return seconds since the epoch, as this machine believes."""


# -- numbers and moments -------------------------------------------------------------


def number_of(value: Any) -> float | None:
    """Return the finite number that *value* is, or is the exact decimal text of."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # Stripped for ``float`` as well: it knows fewer blanks than ``strip`` does.
        text = value.strip()
        return float(text) if _NUMBER.fullmatch(text) else None
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None


def moment_of(value: Any, *, local: bool = False) -> datetime | None:
    """Return the moment, in UTC, that *value* names, None if it names none.

    A text without an offset is in UTC, or with *local* in the time zone of this machine.
    """
    seconds = number_of(value)
    if seconds is not None:
        return _since_epoch(seconds)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        if moment.year < _FIRST_YEAR:
            return None
        if moment.tzinfo is None and not local:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def http_date(text: str) -> datetime | None:
    """Return the moment that an HTTP date names, None if *text* is not one."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415, slow, and few answers need it

    if not any(form.fullmatch(text) for form in _HTTP_DATES):
        return None
    try:
        # The grammar allows a leap second, which a datetime cannot hold.
        return parsedate_to_datetime(text.replace(":60", ":59")).replace(tzinfo=UTC)
    except ValueError:  # there is no such day or hour
        return None


def _since_epoch(seconds: float) -> datetime | None:
    if seconds <= 0:
        return None
    for limit, scale in _SCALES:
        if seconds < limit:
            return datetime.fromtimestamp(seconds / scale, tz=UTC)
    return None


# -- durations -----------------------------------------------------------------------


def parse_duration(text: str) -> float:
    """Return the seconds that *text* names.

    Raises:
        ValueError: it is not a duration; the message shows the accepted forms.
    """
    bare = text.strip().lower()
    if _BARE.fullmatch(bare):
        return float(bare)
    if _WHOLE.fullmatch(bare):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(bare))
    raise ValueError(f"{text!r} is not a duration; write 90, 90s, 5m or 1h30m")


def format_duration(seconds: float) -> str:
    """Return *seconds* in at most two units: ``48s``, ``1m 12s``, ``2h 05m``, ``3d 04h``."""
    whole = int(max(0.0, seconds))
    for size, name, below, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size}{name} {whole % size // below:02d}{small}"
    return f"{whole}s"
