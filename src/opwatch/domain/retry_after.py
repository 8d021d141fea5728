"""How long the server asks us to stay away, and how fast it may be asked.

Decides which forms of Retry-After (RFC 9110 §10.2.3) and of the rate-limit
headers count, and what pause in seconds, or rate, each means. Only an exact form
counts: Python's own ``int`` would take ``1_000`` and ``+5``, its ``float`` would
take ``nan``, and a sleep of ``nan`` never ends. What cannot be read is ignored,
and nothing here ever makes a client faster. Pauses are not capped here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from opwatch.domain.moments import http_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opwatch.domain.messages import Headers

_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_EPOCH_FROM: Final = 1e9
_EPOCH_MS_FROM: Final = 1e12
_FAMILIES: Final = (
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
_LIMITS: Final = ("x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-limit")
_LONGEST_WINDOW: Final = 60
"""Seconds up to which a policy is a pace; of a longer one, what is left counts."""
_LONGEST_LIST: Final = 1024
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_OTHER_UNIT: Final = re.compile(r";[ \t]*qu=(?!\"requests\")")
_PARAMETER: Final = re.compile(r"(?:^|;)[ \t]*([a-z]+)=([0-9]{1,9})[ \t]*(?=;|$)", re.IGNORECASE)


class ResetAs(StrEnum):
    """What the number in a reset header counts."""

    AUTO = "auto"  # known by its size: over 1e12 epoch_ms, over 1e9 epoch, else delta
    EPOCH = "epoch"  # seconds since 1970
    EPOCH_MS = "epoch_ms"  # milliseconds since 1970
    DELTA = "delta"  # seconds from now


def retry_after(value: str, *, received_at: float, date: str | None = None) -> float | None:
    """Return the pause in seconds that a Retry-After of *value* names, or None.

    *value* is 1 to 9 ASCII digits or an HTTP-date; a moment in the past is 0.0.
    A date is compared with *date*, the Date header of the same answer, which
    cancels a skewed clock, else with *received_at* (seconds since the epoch).
    A header that came twice is to be joined with ``, `` and so is not read.
    """
    text = value.strip(" \t")
    if _DIGITS.fullmatch(text):
        return float(text)
    until = http_date(text)
    return None if until is None else _from(until.timestamp(), received_at, date)


class RateLimit(NamedTuple):
    """What the rate-limit headers of an answer say.

    *wait* is the pause in seconds until the quota is filled again, which *is_empty*. *pace* is
    how many requests a second they allow, None where they name no pace.
    """

    wait: float | None
    is_empty: bool
    pace: float | None


def rate_limit(
    headers: Headers,
    received_at: float,
    *,
    remaining: str | None = None,
    reset: str | None = None,
    reset_as: ResetAs = ResetAs.AUTO,
) -> RateLimit:
    """Return what *headers* say of a quota.

    Read are the headers named *remaining* and *reset*, by default the usual
    ``X-RateLimit-*``, ``X-Rate-Limit-*`` and ``RateLimit-*``, and the IETF draft's
    ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers, old and new form). Of
    several empty quotas the longest pause counts. A quota that is not empty
    names no pause, whatever else the headers say.

    A ``RateLimit-Policy`` (of the same draft) of at most a minute is a pace, q / w. A quota
    of which less than half is left, or of an unknown size that is filled again within a
    minute, is spread over the time until then. The slowest pace counts.
    """
    date = headers.get("date")
    waits, paces = list[float | None](), list(_policies(headers))
    sizes = [each for name in _LIMITS if _DIGITS.fullmatch(each := _joined(headers, name))]
    for left, until in (*_named(headers, remaining, reset), *_listed(headers)):
        if not _DIGITS.fullmatch(left):
            continue
        pause = _pause(until, reset_as, received_at, date)
        if int(left) == 0:
            waits.append(pause)
            continue
        is_short = pause is not None and pause <= _LONGEST_WINDOW
        is_low = all(int(left) * 2 < int(each) for each in sizes) if sizes else is_short
        if pause and is_low:
            paces.append(int(left) / pause)
    wait = max((each for each in waits if each is not None), default=None)
    return RateLimit(wait, bool(waits), min(paces, default=None))


def _policies(headers: Headers) -> Iterator[float]:
    """Yield the paces of ``"burst";q=100;w=60`` or, as in older drafts, ``100;w=60``."""
    text = _joined(headers, "ratelimit-policy")
    if len(text) > _LONGEST_LIST:
        return
    for item in text.split(","):
        quota, _, _ = item.partition(";")
        parameters = {name.lower(): value for name, value in _PARAMETER.findall(item)}
        most = parameters.get("q", quota.strip(" \t"))
        window = int(parameters.get("w", "0"))
        is_pace = 0 < window <= _LONGEST_WINDOW and not _OTHER_UNIT.search(item)
        if is_pace and _DIGITS.fullmatch(most) and int(most) > 0:
            yield int(most) / window


def _named(headers: Headers, remaining: str | None, reset: str | None) -> Iterator[tuple[str, str]]:
    for usual_remaining, usual_reset in _FAMILIES:
        left = _joined(headers, remaining or usual_remaining)
        if left:
            yield left, _joined(headers, reset or usual_reset)


def _listed(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the quotas of ``"a";r=0;t=30, "b";r=5`` or ``limit=9, remaining=0, reset=30``."""
    text = _joined(headers, "ratelimit")
    if not text or len(text) > _LONGEST_LIST:
        return
    dictionary: dict[str, str] = {}
    for item in _QUOTED.sub("", text).split(","):
        parameters = {name.lower(): value for name, value in _PARAMETER.findall(item)}
        if "r" in parameters:
            yield parameters["r"], parameters.get("t", "")
        dictionary |= parameters
    if "remaining" in dictionary:
        yield dictionary["remaining"], dictionary.get("reset", "")


def _joined(headers: Headers, name: str) -> str:
    return ", ".join(headers.all(name)).strip(" \t")


def _pause(value: str, reset_as: ResetAs, received_at: float, date: str | None) -> float | None:
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    if reset_as is ResetAs.AUTO:
        is_moment, is_ms = number > _EPOCH_FROM, number > _EPOCH_MS_FROM
    else:
        is_moment, is_ms = reset_as is not ResetAs.DELTA, reset_as is ResetAs.EPOCH_MS
    return _from(number / 1000 if is_ms else number, received_at, date) if is_moment else number


def _from(until: float, received_at: float, date: str | None) -> float | None:
    """Return the seconds from the answer's own time to *until*, at least 0.0."""
    sent_at = http_date(date.strip(" \t")) if date else None
    wait = until - (sent_at.timestamp() if sent_at else received_at)
    return max(0.0, wait) if isfinite(wait) else None
