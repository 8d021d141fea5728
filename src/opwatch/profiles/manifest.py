"""A manifest: a file of the operations that a wait is about.

Decides what may be in it: whom to ask, with which parameters, about which references. A
secret is none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.errors import ProfileError
from opwatch.profiles.checks import DIALECT
from opwatch.profiles.language.scalars import TEXT, VERSION
from opwatch.profiles.yaml.parser import decode, parse
from opwatch.profiles.yaml.schema import (
    Conversion,
    Key,
    ListOf,
    MapOf,
    RecordOf,
    Report,
    ShapeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


STDIN: Final = "-"


class ManifestEntry(NamedTuple):
    """The *references* that are asked about with one profile, and how that is bound."""

    references: tuple[str, ...]
    profile: str | None = None
    params: Mapping[str, str] = {}
    base_url: str | None = None


def load_manifest(data: bytes, file: str) -> tuple[ManifestEntry, ...]:
    """Return the entries of *data*, the content of *file*.

    Raises:
        ProfileError: it has problems; all of them are reported.
    """
    root = parse(file, decode(file, data))
    report = Report()
    entries = report.parse(MANIFEST, root)
    if entries is None or report.problems:
        raise ProfileError(tuple(report.problems))
    return entries


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of a manifest."""
    return {"$schema": DIALECT, "title": "opwatch manifest", **MANIFEST.schema()}


def _reference(text: str) -> str:
    if text == STDIN:
        raise ShapeError("'-' reads standard input only where it is on the command line")
    return text


_ENTRY: Final = RecordOf(
    ManifestEntry,
    "an entry of 'operations'",
    {
        "profile": Key(TEXT, "the profile to ask with; without it that of -p, or of each URL"),
        "params": Key(MapOf(TEXT), "parameters of the profile"),
        "base_url": Key(TEXT, "another base URL than the profile's"),
        "references": Key(
            ListOf(Conversion(TEXT, _reference), or_one=True, least=1),
            "ids, status URLs or paths",
            required=True,
        ),
    },
)
MANIFEST: Final[RecordOf[tuple[ManifestEntry, ...]]] = RecordOf(
    lambda **keys: keys["operations"],
    "the manifest",
    {
        "version": Key(VERSION, "the version of this format", required=True),
        "operations": Key(
            ListOf(_ENTRY, least=1), "what is asked about, in this order", required=True
        ),
    },
)
