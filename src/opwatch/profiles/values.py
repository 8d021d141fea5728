"""Values of an answer: numbers, moments, words, sentences, web addresses and ids.

Decides which JSON values count as which, whatever type they came as. A moment is
RFC 3339 with any number of fractional digits, or seconds, milliseconds, microseconds or
nanoseconds since the epoch; Go's zero time, blanks and garbage are not moments (fault
81). Nothing here raises.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

from opwatch.domain.origin import OriginError, parse_origin

LONGEST_TEXT: Final = 2000
_NUMBER: Final = r"(?a)[+-]?\d{1,15}(?:\.\d{1,15})?"
_UUID: Final = r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
# Where APIs put the sentence for people; the best key first.
_MESSAGE_KEYS: Final = (
    "message", "Message", "description", "detail", "details", "error_description", "error_message",
    "errorMessage", "reason", "text", "title", "error", "errors", "fault", "msg", "translation",
)  # fmt: skip
_MOST_ITEMS: Final = 20
_DEEPEST: Final = 6
# The unit of a number is known by its size: seconds until the year 5138, then ms, then µs, then ns.
_SCALES: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_FIRST_YEAR: Final = 1900
_SHORTEST, _LONGEST = len("2000-01-01T00:00"), 64


def number(value: Any) -> float | None:
    """Return the finite number that *value* is, or is the exact decimal text of."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(_NUMBER, value.strip()):
        return float(value)
    if isinstance(value, (int, float)):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    return None


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


def word(value: Any) -> str | None:
    """Return *value* as a word: a text, a number or a boolean; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, float):
        return f"{value:g}"
    return None


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # over 4,300 digits
        return hex(value)


def sentence(value: Any, depth: int = 0) -> str | None:
    """Return the text for people in *value*: an error may be a text, an object or a list."""
    if isinstance(value, str):
        return value.strip()[:LONGEST_TEXT] or None
    if isinstance(value, (bool, int, float)):
        return word(value)
    if depth > _DEEPEST or not value:
        return None
    if isinstance(value, list):
        parts = [sentence(item, depth + 1) for item in value[:_MOST_ITEMS]]
        return "; ".join(dict.fromkeys(part for part in parts if part))[:LONGEST_TEXT] or None
    if isinstance(value, dict):
        return _message_in(value, depth) or _compact(value)
    return None


def _message_in(value: dict[str, Any], depth: int) -> str | None:
    for key in _MESSAGE_KEYS:
        found = sentence(value.get(key), depth + 1)
        if found:
            return found
    nested = [each for each in value.values() if isinstance(each, (dict, list))]
    return sentence(nested[0], depth + 1) if len(nested) == 1 and len(value) == 1 else None


def _compact(value: Any) -> str | None:
    try:
        return json.dumps(value, separators=(",", ":"))[:LONGEST_TEXT]
    except (ValueError, RecursionError):
        return None


def web_address(value: Any) -> str | None:
    """Return the http(s) URL that *value* is, None for anything else."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT * 4:
        return None
    try:
        parse_origin(value)
    except OriginError:
        return None
    return value


def resolve_url(base: str, url: Any) -> str | None:
    """Return the http(s) URL that *url*, perhaps a relative one, is at *base*."""
    if not isinstance(url, str) or not url.strip():
        return None
    try:
        return web_address(urljoin(base, url.strip()))
    except ValueError:
        return None


def same_id(wanted: str, found: Any) -> bool:
    """Tell whether *found* is the id *wanted*; UUIDs are compared regardless of case."""
    text = word(found)
    if text == wanted:
        return True
    return bool(text and re.fullmatch(_UUID, wanted) and text.lower() == wanted.lower())
