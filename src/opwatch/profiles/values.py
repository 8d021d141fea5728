"""Values of an answer: numbers, moments, words, sentences, web addresses and ids.

Decides which JSON values count as which, whatever type they came as; numbers and moments
are read by ``domain.moments``. Nothing here raises.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from opwatch.domain.moments import moment_of, number_of
from opwatch.domain.origin import OriginError, parse_origin

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_TEXT: Final = 2000
_UUID: Final = r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_UUID_LENGTH: Final = 36
# Where APIs put the sentence for people; the best key first.
_MESSAGE_KEYS: Final = (
    "message", "Message", "description", "detail", "details", "error_description", "error_message",
    "errorMessage", "reason", "text", "title", "error", "errors", "fault", "msg", "translation",
)  # fmt: skip
_LARGEST_EXACT: Final = 2.0**53
_MOST_ITEMS: Final = 20
_DEEPEST: Final = 6
_SHORTEST: Final = len("2000-01-01T00:00")


def moment(value: Any) -> datetime | None:
    """Return the moment that *value* names, None if it names none; a date alone does not."""
    if isinstance(value, str) and len(value) < _SHORTEST and number_of(value) is None:
        return None
    return moment_of(value)


def word(value: Any) -> str | None:
    """Return *value* as a word: a text, a number or a boolean; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, float):
        # 7.0 is the number 7; a larger one has lost digits, and is nobody's id.
        is_whole = value.is_integer() and abs(value) < _LARGEST_EXACT
        return str(int(value)) if is_whole else repr(value)
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
    # What the error is about, a field of the error in OData and Microsoft's guidelines.
    target = sentence(value["target"]) if isinstance(value.get("target"), str) else None
    for key in _MESSAGE_KEYS:
        found = sentence(value.get(key), depth + 1)
        if found:
            return f"{found} ({target})" if key == "message" and target else found
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


def id_key(value: Any) -> str | None:
    """Return what ids are compared by: UUIDs regardless of case, others exactly."""
    text = word(value)
    is_uuid = text and len(text) == _UUID_LENGTH and re.fullmatch(_UUID, text)
    return text.lower() if text and is_uuid else text


def same_id(wanted: str, found: Any) -> bool:
    """Tell whether *found* is the id *wanted*."""
    return id_key(found) == id_key(wanted)
