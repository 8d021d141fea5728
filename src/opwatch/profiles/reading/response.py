"""An answer, parsed once: its body, and the pauses that it names.

Decides what counts as JSON: UTF-8, UTF-16 or UTF-32 with or without a byte order
mark, no deeper than 100 levels; a number that is not finite is null (faults 47 to 59).
And which trouble an HTTP status or a body by itself is, and which of the API's own words are
shown with it.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.domain.trouble import Fault, Speaker, Trouble, fault_of_status
from opwatch.profiles.values import sentence

if TYPE_CHECKING:
    from opwatch.domain.messages import Response
    from opwatch.profiles.language.wait import Pauses

_LONGEST: Final = 300
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}(?![^\s,])")
MAX_DEPTH: Final = 100
_MOST_DIGITS: Final = 4000
_TITLE: Final = rb"(?i)<title[^>]{0,200}>([^<]{1,400})"
_TITLE_LENGTH: Final = 80
_SENTENCE_LENGTH: Final = 300
_BEGINNING: Final = 1024
_ELEMENT: Final = r"<\?xml\b|<[A-Za-z_][\w.:-]{0,100}[\s/>]"
_PAGE: Final = r"(?i)<(?:!doctype\s+html|html|head|title|meta|body|script|style|div|p|h\d)\b"
_MESSAGE: Final = rb"(?i)<(?:\w{1,20}:)?(?:message|detail|description|faultstring)>([^<]{1,400})"
_BROKEN: Final = frozenset('{["')
_CONTROL: Final = r"[\x00-\x08\x0e-\x1f\x7f]"


# -- the answer ----------------------------------------------------------------------


class ParsedResponse(NamedTuple):
    """An answer, its parsed body, and the pauses that it names."""

    response: Response
    body: ParsedBody
    pauses: Pauses

    def trouble(self, fault: Fault, detail: str | None = None) -> Trouble:
        """Return *fault* as the trouble of this answer; *detail* defaults to the API's words."""
        words = self.words if detail is None else detail[:_LONGEST]
        return Trouble(
            fault,
            words,
            self.response.status,
            self.pauses.longest,
            self.host,
            speaker=self.speaker,
            anonymous=self.response.is_anonymous,
            asks_for=self._asks_for,
        )

    @property
    def _asks_for(self) -> tuple[str, ...]:
        """The schemes of authentication that the answer asks for, as it spells them."""
        found = (_SCHEME.match(each) for each in self.response.headers.all("www-authenticate"))
        return tuple(dict.fromkeys(each[0] for each in found if each))

    @property
    def speaker(self) -> Speaker:
        """Whose words this is: JSON is the API's, whatever it came through."""
        fault = self.body.fault
        if fault is None:
            return Speaker.API
        if fault is Fault.HTML or self._came_through_proxy:
            return Speaker.OTHER
        return Speaker.API if fault is Fault.EMPTY else Speaker.UNSURE

    @property
    def host(self) -> str:
        """The host that answered."""
        try:
            return urlsplit(self.response.url).netloc
        except ValueError:
            return ""

    @property
    def is_readable(self) -> bool:
        """Tell whether it is JSON with a status of success."""
        return self.body.fault is None and self.trouble_of_status is None

    @property
    def words(self) -> str:
        """The sentence for people in the body."""
        if self.body.fault:
            return self.body.detail
        return (sentence(self.body.data) or "")[:_LONGEST]

    @property
    def trouble_of_status(self) -> Trouble | None:
        """The trouble that the HTTP status is, None for a good one."""
        named = self.pauses.named is not None
        fault = fault_of_status(
            self.response.status, wait_named=named, quota_empty=self.pauses.is_empty
        )
        if fault is None:
            return None
        if not self._is_of_proxy:
            return self.trouble(fault)
        if fault is Fault.STATUS_FORBIDDEN:
            return self.trouble(Fault.PROXY, f"HTTP {self.response.status}, {self.words}")
        return self.trouble(fault, f"{self.words} (from a proxy?)")

    @property
    def _is_of_proxy(self) -> bool:
        """Tell whether this is a proxy's page, which says nothing about the API behind it."""
        return self.body.fault is Fault.HTML and self._came_through_proxy

    @property
    def _came_through_proxy(self) -> bool:
        """Tell whether a proxy says that it had a hand in this (RFC 9110 §7.6.3, RFC 9209)."""
        return any(name == "via" or name.startswith("proxy-") for name, _ in self.response.headers)

    @property
    def trouble_of_body(self) -> Trouble | None:
        """The trouble that the body is, None for JSON."""
        fault = self.body.fault
        return None if fault is None else self.trouble(fault)


# -- its body ------------------------------------------------------------------------


class ParsedBody(NamedTuple):
    """JSON *data*, or the *fault* of what is not JSON. *repeats*: a key occurs twice."""

    data: Any = None
    fault: Fault | None = None
    detail: str = ""
    repeats: bool = False


def parse_body(content: bytes) -> ParsedBody:
    """Return what *content* is; it never raises."""
    if not content.strip():
        return ParsedBody(fault=Fault.EMPTY)
    try:
        text = content.decode(json.detect_encoding(content), "strict")
    except UnicodeDecodeError:
        return ParsedBody(fault=Fault.NOT_JSON, detail="the text is not UTF-8")
    try:
        return _decoded(text)
    except RecursionError:
        return ParsedBody(fault=Fault.NOT_JSON, detail="nested too deeply")
    except ValueError as error:
        return _not_json(content, text, error)


def _decoded(text: str) -> ParsedBody:
    repeats = False

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        data = dict(found)
        repeats = repeats or len(data) < len(found)
        return data

    data = json.loads(
        text,
        object_pairs_hook=pairs,
        parse_constant=_nothing,
        parse_float=_finite,
        parse_int=_whole,
    )
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(data):
        return ParsedBody(fault=Fault.NOT_JSON, detail=f"nested deeper than {MAX_DEPTH} levels")
    return ParsedBody(data, repeats=repeats)


def _nothing(_constant: str) -> None:
    return None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MOST_DIGITS else text


def _is_deep(data: Any) -> bool:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return True
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = [each for each in inner if isinstance(each, (dict, list))]
    return False


def _not_json(content: bytes, text: str, error: ValueError) -> ParsedBody:
    """Return what *text* is instead of JSON, with its own sentence, if it holds one."""
    begins = text[:_BEGINNING].lstrip()
    if begins.startswith("<"):
        is_xml = re.match(_ELEMENT, begins) and not re.search(_PAGE, begins)
        fault, pattern = (Fault.XML, _MESSAGE) if is_xml else (Fault.HTML, _TITLE)
        return ParsedBody(fault=fault, detail=_text_in(content, pattern))
    if begins[:1] not in _BROKEN:
        is_text = not re.search(_CONTROL, begins)
        sentence = " ".join(begins.split())[:_SENTENCE_LENGTH] if is_text else "binary data"
        return ParsedBody(fault=Fault.NOT_JSON, detail=sentence)
    where = ""
    if isinstance(error, json.JSONDecodeError):  # Some of its messages end in "at" themselves.
        where = f"{error.msg.removesuffix(' at')} at character {error.pos}"
    return ParsedBody(fault=Fault.NOT_JSON, detail=where)


def _text_in(content: bytes, element: bytes) -> str:
    import html  # noqa: PLC0415, its table of entities is long and this is rare

    found = re.search(element, content[: 64 * 1024])
    words = html.unescape(found[1].decode("utf-8", "replace")) if found else ""
    return " ".join(words.split())[:_TITLE_LENGTH]
