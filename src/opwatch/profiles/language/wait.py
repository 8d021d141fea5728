"""The ``wait`` and ``limits`` of a profile: how long an answer asks us to pause.

Decides which headers, fields and sentences of an answer name a pause; the
longest of them counts. Retry-After always counts, rate headers are a pause only if they
say that nothing is left, and else perhaps a pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.moments import number_of
from opwatch.domain.retry_after import ResetAs, rate_limit, retry_after
from opwatch.profiles.language.paths import LOOKUP, AnswerView, Lookup
from opwatch.profiles.language.scalars import DAY, HEADER, PATTERN, RATE, whole_number, word
from opwatch.profiles.values import moment
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf

if TYPE_CHECKING:
    from opwatch.domain.messages import Headers, Response
    from opwatch.profiles.language.patterns import BoundedPattern

_LONGEST: Final = 366 * DAY
_SECONDS: Final = {"seconds": 1.0, "ms": 0.001}


class HeaderHint(NamedTuple):
    """A header that holds a pause or a moment, in *unit*."""

    name: str
    unit: str = "seconds"


class BodyHint(NamedTuple):
    """A field that holds a pause or a moment, in *unit*."""

    path: Lookup
    unit: str = "seconds"


class TextHint(NamedTuple):
    """A sentence in which the first group of *regex* is a number of seconds."""

    path: Lookup
    regex: BoundedPattern


class Hints(NamedTuple):
    """Where an API names a pause, besides Retry-After."""

    headers: tuple[HeaderHint, ...] = ()
    body: BodyHint | None = None
    text: TextHint | None = None


class Quota(NamedTuple):
    """The rate that an API allows, and which headers report what is left of it."""

    rate: float | None = None
    burst: int | None = None
    at_once: int | None = None
    remaining: str | None = None
    reset: str | None = None
    reset_as: ResetAs = ResetAs.AUTO


class Pauses(NamedTuple):
    """The pauses in seconds that one answer asks for.

    *named* is asked for explicitly; *quota* lasts until a quota that *is_empty* is
    filled again. *rate* is how many requests a second are allowed until then.
    """

    named: float | None = None
    quota: float | None = None
    is_empty: bool = False
    rate: float | None = None

    @property
    def longest(self) -> float | None:
        """The longest pause named, None for none."""
        return _longest(self.named, self.quota)


def pauses(response: Response, hints: Hints, quota: Quota, view: AnswerView) -> Pauses:
    """Return the pauses that *response* names; *view* is its body as a whole."""
    headers = response.headers
    after = ", ".join(headers.all("retry-after"))
    found = [_retry_after(response, after)] if after else []
    found += [_header_hint(hint, response) for hint in hints.headers]
    if hints.body:
        found.append(_pause(hints.body.path.first(view), hints.body.unit, response))
    if hints.text:
        found.append(_in_text(hints.text, view))
    if not _tells_quota(headers, quota):
        return Pauses(_longest(*found))
    limit = rate_limit(
        headers,
        response.received_at,
        remaining=quota.remaining,
        reset=quota.reset,
        reset_as=quota.reset_as,
    )
    return Pauses(_longest(*found), *limit)


def _tells_quota(headers: Headers, quota: Quota) -> bool:
    """Tell whether one of *headers* may be about a quota; most answers have none."""
    is_named = quota.remaining is not None and quota.remaining in headers
    return is_named or any("rate" in name and "limit" in name for name, _ in headers)


def _retry_after(response: Response, value: str) -> float | None:
    date = response.headers.get("date")
    return retry_after(value, received_at=response.received_at, date=date)


def _header_hint(hint: HeaderHint, response: Response) -> float | None:
    value = response.headers.get(hint.name)
    if value is None:
        return None
    if hint.unit == "date":
        return _retry_after(response, value)
    return _pause(value, hint.unit, response)


def _in_text(hint: TextHint, view: AnswerView) -> float | None:
    text = hint.path.first(view)
    match = hint.regex.first(text) if isinstance(text, str) else None
    if match is None:
        return None
    return _in_bounds(number_of(match[1] if hint.regex.has_groups else match[0]))


def _pause(value: Any, unit: str, response: Response) -> float | None:
    if unit in _SECONDS:
        found = number_of(value)
        return _in_bounds(None if found is None else found * _SECONDS[unit])
    until = moment(value)
    return _in_bounds(until.timestamp() - response.received_at) if until else None


def _in_bounds(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST else None


def _longest(*found: float | None) -> float | None:
    return max((each for each in found if each is not None), default=None)


_UNIT: Final = Key(word("seconds", "ms", "epoch", "date"), "what the value is", field="unit")
_HEADER: Final = RecordOf(
    HeaderHint, "the header", {"name": Key(HEADER, required=True), "as": _UNIT}
)
_BODY: Final = RecordOf(BodyHint, "'body'", {"path": Key(LOOKUP, required=True), "as": _UNIT})
_TEXT: Final = RecordOf(
    TextHint,
    "'text'",
    {
        "in": Key(LOOKUP, "where the sentence is", required=True, field="path"),
        "regex": Key(PATTERN, "its first group is the number of seconds", required=True),
    },
)
WAIT: Final = RecordOf(
    Hints,
    "'wait'",
    {
        "headers": Key(ListOf(_HEADER), "headers besides Retry-After"),
        "body": Key(
            OneOf("a path", {"path": _BODY, "scalar": Conversion(LOOKUP, BodyHint)}), "a field"
        ),
        "text": Key(_TEXT, "a sentence"),
    },
)
LIMITS: Final = RecordOf(
    Quota,
    "'limits'",
    {
        "rate": Key(RATE, "requests per unit of time, such as 500/min"),
        "burst": Key(whole_number(1, 1000), "requests that may be sent at once"),
        "at_once": Key(whole_number(1, 64), "requests in flight"),
        "remaining": Key(HEADER, "the header that says how many requests are left"),
        "reset": Key(HEADER, "the header that says when there are more"),
        "reset_as": Key(
            Conversion(word(*(each.value for each in ResetAs)), ResetAs), "what its number counts"
        ),
    },
)
