"""The JSON Schemas that ship with the package, ready to hold an output against."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry, Resource


def output_schema(name: str) -> str:
    """Return the JSON Schema of a ``document``, an ``event`` or a ``started``."""
    folder = resources.files("opwatch.output.formats") / "schema"
    return (folder / f"{name}.json").read_text("utf-8")


DOCUMENT: Final[dict[str, Any]] = json.loads(output_schema("document"))
EVENT: Final[dict[str, Any]] = json.loads(output_schema("event"))

_REGISTRY: Final[Registry[Any]] = Registry().with_resources(
    [(each["$id"], Resource.from_contents(each)) for each in (DOCUMENT, EVENT)]
)

VALIDATE_DOCUMENT: Final = Draft202012Validator(DOCUMENT, registry=_REGISTRY).validate
VALIDATE_EVENT: Final = Draft202012Validator(EVENT, registry=_REGISTRY).validate
