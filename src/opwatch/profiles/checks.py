"""A file's problems, all at once, and the JSON Schema by which an editor finds them.

Decides what a file of profiles may be: one profile, or a configuration that
holds several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.profiles.config import Config, layered, problems_of
from opwatch.profiles.definition import define
from opwatch.profiles.language.spec import PROFILE
from opwatch.profiles.yaml.nodes import MAX_BYTES, Node, Source, parse
from opwatch.profiles.yaml.schema import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def check(text: str, file: str, config: Config | None = None) -> tuple[Problem, ...]:
    """Return every problem of *text*, which is a profile or a configuration.

    *config* is where profiles that it extends are looked for.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return (Problem(file, 0, 0, f"the file is larger than {MAX_BYTES // 1024} KiB"),)
    source = Source(file, text)
    try:
        root = parse(source, text)
    except ProfileError as error:
        return error.problems
    return tuple(_problems(root, config or Config({})))


def _problems(root: Node, config: Config) -> Iterator[Problem]:
    if root.get("profiles") is None and root.get("default_profile") is None:
        name = _stem(root.place.source.name)
        if root.get("version") is None:
            yield root.place.problem("the file must say 'version: 1'")
        yield from _profile_problems(name, config.with_profiles({name: root}))
        return
    whole = list(problems_of(root))
    yield from whole
    profiles = root.get("profiles")
    if profiles is None or not profiles.is_map or whole:
        return
    nodes = {name: entry.value for name, entry in profiles.entries.items()}
    for name in nodes:
        yield from _profile_problems(name, config.with_profiles(nodes))


def _profile_problems(name: str, config: Config) -> Iterator[Problem]:
    try:
        define(name, layered(name, config), is_users=config.is_users(name), environ=config.environ)
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
            "patternProperties": {"^x-": {}},
            "additionalProperties": False,
        },
        "else": PROFILE.schema(),
    }
    return _shared(whole)


def _shared(whole: dict[str, Any]) -> dict[str, Any]:
    """Return *whole* with every titled part said once, under ``definitions``."""
    definitions: dict[str, Any] = {}

    def lift(part: Any) -> Any:
        if isinstance(part, list):
            return [lift(each) for each in part]
        if not isinstance(part, dict):
            return part
        title = part.get(NAME)
        if title is None:
            return {key: lift(each) for key, each in part.items()}
        description = {"description": part["description"]} if "description" in part else {}
        if title not in definitions:
            definitions[title] = None  # its place in the order
            rest = {key: each for key, each in part.items() if key not in {NAME, "description"}}
            definitions[title] = lift(rest)
        reference = {"$ref": f"#/definitions/{title}"}
        return {"allOf": [reference], **description} if description else reference

    lifted: dict[str, Any] = lift(whole)
    return {**lifted, "definitions": definitions}
