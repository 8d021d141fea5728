"""The JSON Schemas that ship with the package, ready to hold an output against."""

from __future__ import annotations

import json
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from opwatch.output.formats.document import output_schema

DOCUMENT: Final[dict[str, Any]] = json.loads(output_schema("document"))
EVENT: Final[dict[str, Any]] = json.loads(output_schema("event"))

_REGISTRY: Final[Registry[Any]] = Registry().with_resources(
    [(each["$id"], Resource.from_contents(each)) for each in (DOCUMENT, EVENT)]
)

VALIDATE_DOCUMENT: Final = Draft202012Validator(DOCUMENT, registry=_REGISTRY).validate
VALIDATE_EVENT: Final = Draft202012Validator(EVENT, registry=_REGISTRY).validate
