"""From the URL of a sample to how every operation is requested.

Decides which segment of the path, or value of the query, names the operation,
which other segments differ from one to the next, and that no secret of a query is kept.
"""

from __future__ import annotations

import re
from itertools import chain, count
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from opwatch.domain.origin import parse_origin
from opwatch.profiles.draft.samples import Sample, fields_of
from opwatch.profiles.language.params import ID, RESERVED
from opwatch.profiles.language.template import NAME, quoted_path
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


# A segment that is the same for all operations though it holds a digit: `v1`, `api2`, `2.0`.
VERSION: Final = re.compile(r"[A-Za-z]{0,3}\d{1,2}(?:\.\d{1,3})*(?:(?:alpha|beta|preview)\d*)?")
_ID_KEY: Final = re.compile(r"name|.*(?:id|handle|key|number)")
# What stands around an id in its segment: `id:42`, `42.json`, `Jobs('42')`.
_BEFORE: Final = re.compile(r"(?:id[:=]|[A-Za-z]*\(['\"]?)?")
_AFTER: Final = re.compile(r"(?:['\"]?\)|\.[a-z]{2,5})?")
# Values of a query that are the same for all, and say nothing about who asks.
_CONSTANT: Final = re.compile(
    r"\$?(?:api-?version|version|format|f|view|fields|expand|include|output_?mode)"
)

_LONGEST_NAME: Final = 60


class Addressing(NamedTuple):
    """Where an API is and how it is requested: templates, and the parameters in them.

    *wide* means that an id holds slashes. *dropped* names what of the query was
    left out. *is_sure* means that the samples, or its looks, show which part is the id.
    """

    base_url: str
    path: str
    query: Mapping[str, str]
    params: tuple[str, ...] = ()
    wide: bool = False
    dropped: tuple[str, ...] = ()
    id: str = ""
    is_sure: bool = True


class _Span(NamedTuple):
    """The segments that are the id, and what stands *before* and *after* it in them."""

    at: range
    id: str
    before: str = ""
    after: str = ""
    is_sure: bool = True


def addressing_of(url: str, ids: Iterable[str] = ()) -> Addressing:
    """Return how *url* is made from an id; *ids* are texts of the answer that could be it.

    Raises:
        OriginError: *url* is not an http(s) URL that can be trusted.
    """
    origin = str(parse_origin(url))
    parts = urlsplit(url)
    segments = [unquote(each) for each in parts.path.split("/")]
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = {name: _literal(text) for name, text in query if _CONSTANT.fullmatch(name.lower())}
    given = set(ids)
    span, key = _place_of_id(segments, given), _id_in_query(query, segments, given)
    if key:
        kept[key] = f"{{{ID}}}"
        span = _Span(range(0), dict(query)[key])
    names: list[str] = []
    texts = [_segment(segments, index, span, given, names) for index in range(len(segments))]
    path = "/".join(text for index, text in enumerate(texts) if index not in span.at[1:])
    dropped = tuple(name for name, _ in query if name not in kept)
    is_wide = len(span.at) > 1
    return Addressing(origin, path, kept, tuple(names), is_wide, dropped, span.id, span.is_sure)


def fixed_addressing(url: str, name: str = "") -> Addressing:
    """Return how *url* is made where it holds no id, or several in its query *name*."""
    parts = urlsplit(url)
    pairs = parts.query.split("&") if parts.query else []
    rest = [each for each in pairs if unquote(each).partition("=")[0].removesuffix("[]") != name]
    address = addressing_of(parts._replace(query="&".join(rest)).geturl())
    segments, names = [unquote(each) for each in parts.path.split("/")], list[str]()
    nowhere = _Span(range(0), "")
    texts = [_segment(segments, at, nowhere, set(), names) for at in range(len(segments))]
    return address._replace(path="/".join(texts), params=tuple(names), id="", is_sure=True)


def _id_in_query(query: Sequence[tuple[str, str]], segments: Sequence[str], ids: set[str]) -> str:
    """Return the name of the query's value that is the id, nothing if the path holds it."""
    if ids & set(segments):
        return ""
    return next((name for name, value in query if value in ids), "")


def ids_of(samples: Sequence[Sample], url: str) -> list[str]:
    """Return the texts in *samples* that stand in *url* and could name something there."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    values = {value for _, value in parse_qsl(parts.query)}
    found: dict[str, None] = {}
    for field in fields_of(samples):
        for each in field.values:
            text = word(each) if isinstance(each, (str, int)) else None
            is_named = _ID_KEY.fullmatch(field.key) or (text and is_particular(text))
            if not text or not is_named or text.startswith("/"):
                continue
            is_inside = is_particular(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", path)
            if text in values or f"/{text}/" in f"{path}/" or is_inside:
                found[text] = None
    return list(found)


def _place_of_id(segments: Sequence[str], ids: set[str]) -> _Span:
    """Return which of *segments* are the id: one of *ids*, else the last that looks like one."""
    count = len(segments)
    texts = sorted(ids)
    for index in reversed(range(count)):
        for text in texts:
            length = text.count("/") + 1
            if text and segments[index : index + length] == text.split("/"):
                return _Span(range(index, index + length), text)
    for index in reversed(range(count)):
        for text in texts:
            before, found, after = segments[index].partition(text)
            if found and _BEFORE.fullmatch(before) and _AFTER.fullmatch(after):
                return _Span(range(index, index + 1), text, before, after)
    likely = [index for index in range(1, count) if is_particular(segments[index])]
    named = [index for index in range(1, count) if segments[index]]
    index = (likely or named or [0])[-1]
    return _Span(range(index, index + 1), segments[index], is_sure=bool(likely))


def is_particular(text: str) -> bool:
    """Tell whether *text* looks like the name of one thing among many."""
    return any(char.isdigit() for char in text) and not VERSION.fullmatch(text)


def _segment(
    segments: Sequence[str], index: int, span: _Span, ids: set[str], names: list[str]
) -> str:
    """Return the segment *index* of the template; the name of a new parameter is put in *names*."""
    segment, last = segments[index], segments[index - 1] if index else ""
    if index in span.at:
        return f"{quoted_path(span.before)}{{{ID}}}{quoted_path(span.after)}"
    is_one_of_many = segment in ids and last.endswith("s")
    if not is_one_of_many and not (index and is_particular(segment)):
        return quoted_path(segment)
    name = _parameter(last, names)
    names.append(name)
    return f"{{{name}}}"


def _parameter(before: str, taken: Sequence[str]) -> str:
    """Return what the segment after *before* is called: ``environments`` is followed by an id."""
    name = "" if VERSION.fullmatch(before) else f"{_snake(before).removesuffix('s')}_id"
    return free_name(name, "part", taken)


def free_name(text: str, otherwise: str, taken: Collection[str]) -> str:
    """Return a parameter's name made of *text*, or *otherwise*, that is not *taken*."""
    name = _snake(text)[:_LONGEST_NAME]
    first = name if NAME.fullmatch(name) and name not in {ID, *RESERVED} else otherwise
    numbered = (f"{first}{number}" for number in count(2))
    return next(each for each in chain([first], numbered) if each not in taken)


def _snake(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def _literal(text: str) -> str:
    """Return *text* as it is written in a template."""
    return text.replace("{", "{{").replace("}", "}}")
