"""Answers that hold a list of operations, and the operations in them.

Decides whether a list is the answer to the request: the URL names its operations in the
query, or the list is the whole answer. Each of its items then is a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from opwatch.profiles.draft.samples import Sample, fields_of, jmespath_of
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


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
