"""The check of a file: all its problems at once, and the JSON Schema for editors.

Decides what a file of profiles may be: one profile, or a configuration that
holds several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.profiles.config import Config, missing_version, problems_of
from opwatch.profiles.definition import load_profile
from opwatch.profiles.doubts import doubts
from opwatch.profiles.language.spec import PROFILE
from opwatch.profiles.yaml.parser import decode, parse
from opwatch.profiles.yaml.schema import FREE, SHARED_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.profiles.yaml.nodes import Node

DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def check(
    text: str, file: str, config: Config | None = None, samples: Sequence[Any] = ()
) -> tuple[Problem, ...]:
    """Return every problem of *text*, a profile or a configuration, and every warning.

    *config* holds the profiles that it may extend, *samples* are the JSON of answers of the API.
    """
    try:
        decode(file, text.encode("utf-8", "replace"))  # it may be too large
        root = parse(file, text)
    except ProfileError as error:
        return error.problems
    return tuple(_problems(root, config or Config({}), samples))


def _problems(root: Node, config: Config, samples: Sequence[Any]) -> Iterator[Problem]:
    if root.get("profiles") is None and root.get("default_profile") is None:
        name = _stem(root.position.source.name)
        problem = missing_version(root)
        if problem:
            yield problem
        yield from profile_problems(name, config.with_profiles({name: root}), samples)
        return
    whole = list(problems_of(root))
    yield from whole
    profiles = root.get("profiles")
    if profiles is None or not profiles.is_map or whole:
        return
    nodes = {name: entry.value for name, entry in profiles.entries.items()}
    for name in nodes:
        yield from profile_problems(name, config.with_profiles(nodes), samples)


def profile_problems(name: str, config: Config, samples: Sequence[Any] = ()) -> Iterator[Problem]:
    """Yield every problem of the profile *name* of *config*, or every warning if it has none."""
    try:
        yield from doubts(load_profile(name, config), samples)
    except ProfileError as error:
        yield from error.problems
    except UsageError as error:
        yield Problem(name, 0, 0, error.message)


def _stem(file: str) -> str:
    name = file.replace("\\", "/").rpartition("/")[2]
    return name.removesuffix(".yaml").removesuffix(".yml") or "profile"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft-07) of a file: a profile, or a configuration of several."""
    whole: dict[str, Any] = {
        "$schema": DIALECT,
        "title": "opwatch profile or configuration",
        "if": {"required": ["profiles"]},
        "then": {
            "type": "object",
            "required": ["version"],
            "properties": {
                "version": {"const": 1},
                "default_profile": {"type": "string"},
                "profiles": {"type": "object", "additionalProperties": PROFILE.schema()},
            },
            "patternProperties": {f"^{FREE}": {}},
            "additionalProperties": False,
        },
        "else": PROFILE.schema(),
    }
    return _shared(whole)


def _shared(whole: dict[str, Any]) -> dict[str, Any]:
    """Return *whole* with every named part defined once, under ``definitions``."""
    definitions: dict[str, Any] = {}

    def lift(part: Any) -> Any:
        if isinstance(part, list):
            return [lift(each) for each in part]
        if not isinstance(part, dict):
            return part
        title = part.get(SHARED_NAME)
        if title is None:
            return {key: lift(each) for key, each in part.items()}
        description = {"description": part["description"]} if "description" in part else {}
        if title not in definitions:
            definitions[title] = None  # its place in the order
            rest = {
                key: each for key, each in part.items() if key not in {SHARED_NAME, "description"}
            }
            definitions[title] = lift(rest)
        reference = {"$ref": f"#/definitions/{title}"}
        return {"allOf": [reference], **description} if description else reference

    lifted: dict[str, Any] = lift(whole)
    return {**lifted, "definitions": definitions}
