"""From the URL of a sample to how every operation is asked about.

Decides which segment of the path, or value of the query, names the operation,
which others differ from one to the next, and that no secret of a query is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from opwatch.domain.origin import parse_origin
from opwatch.profiles.parameters import ID
from opwatch.profiles.samples import fields_of
from opwatch.profiles.template import NAME, quoted_path
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles.samples import Sample

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_VERSION: Final = re.compile(r"v?\d{1,2}(?:\.\d{1,3})*(?:(?:alpha|beta|preview)\d*)?")
_DATE: Final = re.compile(r"\d{4}-\d\d(?:-\d\d)?(?:-[a-z]+)?")
_LONG: Final = 24
_NAMES_ONE: Final = re.compile(r"name|.*(?:id|uuid|handle|key)")
# Values of a query that are the same for all, and say nothing about who asks.
_CONSTANT: Final = re.compile(r"\$?(?:api-?version|version|format|f|view|fields|expand|include)")


class Addressing(NamedTuple):
    """Where an API is and how it is asked: templates, and the parameters in them.

    *wide* tells that an id holds slashes. *dropped* names what of the query was
    left out.
    """

    base_url: str
    path: str
    query: Mapping[str, str]
    params: tuple[str, ...] = ()
    wide: bool = False
    dropped: tuple[str, ...] = ()
    id: str = ""


def addressing_of(url: str, ids: Iterable[str] = ()) -> Addressing:
    """Return how *url* is made of an id; *ids* are texts of the answer that could be it.

    Raises:
        OriginError: *url* is no http(s) URL that can be trusted.
    """
    origin = str(parse_origin(url))
    parts = urlsplit(url)
    segments = [unquote(each) for each in parts.path.split("/")]
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = {name: _literal(text) for name, text in query if _CONSTANT.fullmatch(name.lower())}
    given = set(ids)
    inside = next((name for name, text in query if text in given), None)
    if inside is not None and not given & set(segments):
        kept[inside] = f"{{{ID}}}"
        found, at = dict(query)[inside], range(0)
    else:
        at = _place_of_id(segments, given)
        found = "/".join(segments[each] for each in at)
    names: list[str] = []
    texts = [_named(segments, index, at, given, names) for index in range(len(segments))]
    path = "/".join(text for index, text in enumerate(texts) if index not in at[1:])
    dropped = tuple(name for name, _ in query if name not in kept)
    return Addressing(origin, path, kept, tuple(names), len(at) > 1, dropped, found)


def ids_of(samples: Sequence[Sample], url: str) -> list[str]:
    """Return the texts in *samples* that stand in *url* and could name something there."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    values = {value for _, value in parse_qsl(parts.query)}
    found: dict[str, None] = {}
    for field in fields_of(samples):
        for each in field.values:
            text = word(each) if isinstance(each, (str, int)) else None
            is_named = _NAMES_ONE.fullmatch(field.key) or (text and is_particular(text))
            if text and is_named and (text in values or f"/{text}/" in f"{path}/"):
                found[text] = None
    return list(found)


def _place_of_id(segments: Sequence[str], ids: set[str]) -> range:
    """Return which of *segments* are the id: one of *ids*, else the last that looks like one."""
    count = len(segments)
    for index in reversed(range(count)):
        for text in ids:
            length = text.count("/") + 1
            if text and segments[index : index + length] == text.split("/"):
                return range(index, index + length)
    likely = [index for index in range(1, count) if is_particular(segments[index])]
    last = max((index for index in range(count) if segments[index]), default=0)
    index = likely[-1] if likely else last
    return range(index, index + 1)


def is_particular(segment: str) -> bool:
    """Tell whether *segment* looks like the name of one thing among many."""
    if _UUID.fullmatch(segment) or len(segment) > _LONG:
        return True
    if _VERSION.fullmatch(segment) or _DATE.fullmatch(segment):
        return False
    return any(char.isdigit() for char in segment) or "=" in segment


def _named(segments: Sequence[str], index: int, at: range, ids: set[str], names: list[str]) -> str:
    """Return the segment *index* of the template; the name of a new parameter is put in *names*."""
    segment = segments[index]
    if index in at:
        return f"{{{ID}}}"
    if not is_particular(segment) and segment not in ids:
        return quoted_path(segment)
    name = _parameter(segments[index - 1] if index else "", names)
    names.append(name)
    return f"{{{name}}}"


def _parameter(before: str, taken: Sequence[str]) -> str:
    """Return what the segment after *before* is called: ``environments`` is followed by an id."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", before).lower()
    stem = re.sub(r"[^a-z0-9]+", "_", words).strip("_").removesuffix("s")
    name = f"{stem}_id" if NAME.fullmatch(f"{stem}_id") else "part"
    return next(each for each in (name, *(f"{name}{n}" for n in range(2, 99))) if each not in taken)


def _literal(text: str) -> str:
    """Return *text* as a template says it."""
    return text.replace("{", "{{").replace("}", "}}")
