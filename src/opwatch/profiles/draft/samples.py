"""Sample answers, the fields in them, and the operations in those that are lists.

Decides what counts as one field: the same path of keys in every sample. Lists are
values, which are not searched. And whether a list is the answer to the request: the URL
names its operations in the query, or the list is the whole answer. Each of its items then
is a sample.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.profiles.language.expressions import is_empty, spelling
from opwatch.profiles.reading.response import parse_body
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


DEEPEST: Final = 5
LONGEST: Final = 90
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Sample(NamedTuple):
    """An answer: its JSON, its HTTP status and headers, and the URL that it came from."""

    data: Any
    status: int = 200
    headers: Headers = Headers()
    url: str | None = None


def samples_of(response: Response, source: str) -> list[Sample]:
    """Return the samples in *response*, which was read from *source*.

    It holds one JSON document, or one in each line.

    Raises:
        UsageError: it has a body that is not JSON.
    """
    whole = parse_body(response.body)
    bodies = [whole]
    if whole.fault is not None:
        bodies = [parse_body(line) for line in response.body.splitlines() if line.strip()]
    if any(each.fault for each in bodies):
        raise UsageError(f"{source} is not JSON: {whole.detail or whole.fault}")
    documents = [each.data for each in bodies] or [None]
    return [
        Sample(each, response.status, response.headers, response.url or None) for each in documents
    ]


class Field(NamedTuple):
    """A place in the samples: its *path* of keys, and what is there by number of the sample."""

    path: tuple[str, ...]
    found: dict[int, Any]

    @property
    def key(self) -> str:
        """The last key, without case and separators."""
        return spelling(self.path[-1])

    @property
    def parent(self) -> tuple[str, ...]:
        """Where the object is that holds it."""
        return self.path[:-1]

    @property
    def text(self) -> str:
        """The path as JMESPath writes it."""
        return jmespath_of(self.path)

    @property
    def values(self) -> list[Any]:
        """What is there, where it is not empty."""
        return [value for value in self.found.values() if not is_empty(value)]

    def holds(self, *kinds: type) -> bool:
        """Tell whether there is something, and nothing but *kinds*."""
        return bool(self.values) and all(type(each) in kinds for each in self.values)


def jmespath_of(path: Sequence[str]) -> str:
    """Return *path* as JMESPath writes it: keys that are not identifiers are quoted."""
    keys = (key if _PLAIN.fullmatch(key) else json.dumps(key) for key in path)
    return ".".join(keys)


def fields_of(samples: Sequence[Sample]) -> list[Field]:
    """Return the fields of *samples* whose JSON is an object, the shallow ones first."""
    found: dict[tuple[str, ...], dict[int, Any]] = defaultdict(dict)
    for index, sample in enumerate(samples):
        for path, value in _walk(sample.data, ()):
            found[path][index] = value
    fields = [Field(path, values) for path, values in found.items()]
    return sorted(fields, key=lambda field: len(field.path))


def _walk(data: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(data, dict) or len(path) >= DEEPEST:
        return
    for key, value in data.items():
        if key and len(key) <= LONGEST and key.isprintable():
            yield (*path, key), value
            yield from _walk(value, (*path, key))


# -- lists ---------------------------------------------------------------------------


class ListQuery(NamedTuple):
    """How several operations are requested: the *query* that holds their ids, in a *style*."""

    query: str
    style: str
    ids: tuple[str, ...]


class OperationList(NamedTuple):
    """The *samples* in the lists at *items*, and how several are requested at once.

    *ids* are the requested ids by number of the sample that is about one;
    *most* counts the items of the longest list.
    """

    samples: tuple[Sample, ...]
    items: str
    batch: ListQuery | None
    ids: Mapping[int, str]
    most: int


def operation_lists(samples: Sequence[Sample], url: str | None) -> Iterator[OperationList]:
    """Yield each way in which *samples* can be lists of operations."""
    lists: dict[str, list[tuple[Sample, list[object]]]] = {}
    for sample in samples:
        for place, items in _lists(sample.data):
            lists.setdefault(place, []).append((sample, items))
    for place, found in lists.items():
        inner = [sample._replace(data=item) for sample, items in found for item in items]
        batch = _list_query(url, [each.data for each in inner]) if url else None
        ids = {}
        for index, each in enumerate(inner):
            named = [text for text in _words(each.data) if batch and text in batch.ids]
            ids.update({index: named[0]} if named else {})
        most = max(len(each) for _, each in found)
        yield OperationList(tuple(inner), place, batch, ids, most)


def ids_in(sample: Sample) -> set[str]:
    """Return what in *sample* could be its id, at any depth."""
    found = {text for field in fields_of([sample]) for text in _words(field.found)}
    return found.union(_words(sample.data))


def _list_query(url: str, items: Sequence[object]) -> ListQuery | None:
    """Return the query of *url* that holds ids of *items*, None if there is none."""
    known = {text for item in items for text in _words(item)}
    pairs = parse_qsl(urlsplit(url).query)
    for name, value in pairs:
        several = tuple(value.split(","))
        if known & set(several):
            style = "brackets" if name.endswith("[]") else "comma" if len(several) > 1 else "repeat"
            ids = tuple(each for key, text in pairs if key == name for each in text.split(","))
            return ListQuery(name.removesuffix("[]"), style, ids)
    return None


def _lists(data: object) -> Iterator[tuple[str, list[object]]]:
    """Yield where in *data* objects are listed, and the objects: all of it, or at a key of it."""
    places = {"@": data}
    if isinstance(data, dict):
        places = {jmespath_of([key]): each for key, each in data.items()
                  if key and key.isprintable()}  # fmt: skip
    for place, value in places.items():
        if items := _items(value):
            yield place, items


def _items(data: object) -> list[object]:
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _words(item: object) -> list[str]:
    """Return what in *item* could be its id."""
    values = item.values() if isinstance(item, dict) else ()
    return [text for value in values if isinstance(value, (str, int)) and (text := word(value))]
