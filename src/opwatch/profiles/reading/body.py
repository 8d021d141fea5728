"""The body of an answer: JSON, or what is wrong with its bytes.

Decides what counts as JSON: UTF-8, UTF-16 or UTF-32 with or without a byte order
mark, no deeper than 100 levels; a number that is not finite is null (faults 47 to 59).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple

from opwatch.domain.trouble import Fault

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
        text = content.decode(json.detect_encoding(content), "strict").removeprefix("\ufeff")
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
    where = (
        f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
    )
    return ParsedBody(fault=Fault.NOT_JSON, detail=where)


def _text_in(content: bytes, element: bytes) -> str:
    import html  # noqa: PLC0415, its table of entities is long and this is rare

    found = re.search(element, content[: 64 * 1024])
    words = html.unescape(found[1].decode("utf-8", "replace")) if found else ""
    return " ".join(words.split())[:_TITLE_LENGTH]
