"""Sample answers, and the fields in them.

Decides what counts as one field: the same path of keys in every sample. Lists are
values, which are not searched.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers
from opwatch.profiles.language.expressions import is_empty, spelling
from opwatch.profiles.reading.response import parse_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.domain.messages import Response

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
