"""The check of a file: all its problems at once, and the JSON Schema for editors.

Decides what a file of profiles may be: one profile, or a configuration that holds several.
Decides also what is allowed, although it is hardly what was meant, and is warned of: a pause
in milliseconds that is read as seconds; a comparison of two paths that lead to nothing in
the sample answers, which holds of every answer, for null equals null; a flag that means
succeeded in a profile in which nothing means failed; and an end by all HTTP errors of a class.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.domain.messages import Headers
from opwatch.profiles.config import Config, missing_version, problems_of
from opwatch.profiles.definition import Definition, load_profile
from opwatch.profiles.language.expressions import Expression, parse_expression
from opwatch.profiles.language.paths import AnswerView
from opwatch.profiles.language.spec import PROFILE, Spec
from opwatch.profiles.yaml.nodes import Node, item_position, position_of
from opwatch.profiles.yaml.parser import decode, parse
from opwatch.profiles.yaml.schema import FREE, SHARED_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.profiles.language.rules import Condition

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


# -- what is hardly meant ----------------------------------------------------------------

_PATHS: Final = frozenset({"field", "subexpression", "index_expression"})
_IN_MS: Final = re.compile(
    r"(?:(?:[_.-]|\b)ms|[_-]MS|[a-z0-9]M[sS]|(?i:millis(?:econds?|ecs?)?))[\"'\])\s]*"
)


def doubts(definition: Definition, samples: Sequence[Any] = ()) -> list[Problem]:
    """Return a warning for what is hardly meant; *samples* are the JSON of the API's answers."""
    found = [
        *_pauses_in_ms(definition),
        *_comparisons_of_nothing(definition, samples),
        *_flags_of_success(definition),
        *_ends_by_whole_classes(definition),
    ]
    return sorted(found, key=lambda each: (each.file, each.line, each.column))


def _pauses_in_ms(definition: Definition) -> Iterator[Problem]:
    node = definition.node.get("wait")
    if node is None:
        return
    body, hint = node.get("body"), definition.spec.wait.body
    if hint and body and body.get("as") is None:
        for finder in hint.path.finders:
            if isinstance(finder, Expression) and _names_ms(finder.text):
                position = position_of(body, holding=finder.text)
                yield position.warning(_IS_SECONDS.format(finder.text, "path", finder.text))
    headers = node.get("headers")
    for index, entry in enumerate(headers.value if headers else ()):
        name = entry.get("name")
        if entry.get("as") is None and _names_ms(name.text):
            position = item_position(node, ("headers",), index)
            yield position.warning(_IS_SECONDS.format(name.text, "name", name.text))


_IS_SECONDS: Final = (
    "{!r} is read as seconds; write {{{}: {}, as: ms}}, or 'as: seconds' if that is right"
)


def _flags_of_success(definition: Definition) -> Iterator[Problem]:
    spec = definition.spec
    flags = [each for each in spec.states.get("succeeded", ()) if str(each).lower() == "true"]
    failed = {"failed", "cancelled"}
    can_fail = (
        any(spec.states.get(each) for each in failed)
        or any(rule.state.value in failed for rule in spec.rules)
        or (spec.verify and any(doubt.means in failed for doubt in spec.verify.unless))
    )
    if flags and not can_fail:
        position = position_of(definition.node, "states", "succeeded")
        yield position.warning(_NEVER_FAILS.format(spec.read.status.finders[0].text))


_NEVER_FAILS: Final = (
    "nothing means failed: if {0} is true after a failure as well, add before 'states'  "
    "rules: [{{when: {0} && error, state: failed}}]"
)


def _ends_by_whole_classes(definition: Definition) -> Iterator[Problem]:
    for index, rule in enumerate(definition.spec.rules):
        http = rule.condition.http
        found = sorted(http.classes & _ERRORS.keys()) if http and rule.condition.is_bare else ()
        for each in found if rule.state.is_terminal else ():
            position = item_position(definition.node, ("rules",), index)
            yield position.warning(_WHOLE_CLASS.format(each, _ERRORS[each], rule.state.value))


_ERRORS: Final = {4: "401, 403, 408 and 429", 5: "500, 502, 503 and 504"}
_WHOLE_CLASS: Final = (
    "{0}xx holds {1} too, which say nothing of the operation, and here mean {2}: list the statuses"
)


def _names_ms(path: str) -> bool:
    """Tell whether the last name of *path* says that it counts milliseconds."""
    return any(match.end() == len(path) for match in _IN_MS.finditer(path))


def _comparisons_of_nothing(definition: Definition, samples: Sequence[Any]) -> Iterator[Problem]:
    items = [item for data in samples for item in _items(definition.spec, data)]
    for name, _, condition in definition.spec.conditions:
        absent = [absent_pairs(condition, item) for item in items]
        for pair in absent[0] if absent else ():
            if all(pair in each for each in absent):
                text = condition.when.text if condition.when else ""
                position = position_of(definition.node, name, holding=text)
                yield position.warning(
                    f"{pair} compares two fields, and no sample answer has either: "
                    f"null equals null, so it always holds"
                )


def absent_pairs(condition: Condition, data: Any) -> list[str]:
    """Return the comparisons of two paths in *condition* that both lead to nothing in *data*."""
    from jmespath.visitor import TreeInterpreter  # noqa: PLC0415, plain paths need no library

    def is_absent(node: Any) -> bool:
        with suppress(Exception):  # the library raises TypeError and others on odd data
            return TreeInterpreter().visit(node, data) is None
        return True

    if condition.when is None or "==" not in condition.when.text:
        return []
    pairs = _compared_paths(parse_expression(condition.when.text).parsed)
    return [
        f"{_shown(left)} == {_shown(right)}"
        for left, right in pairs
        if is_absent(left) and is_absent(right)
    ]


def _compared_paths(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield both sides of each ``==`` of two paths that begin at the top of an answer."""
    if node["type"] == "comparator" and node["value"] == "eq":
        left, right = node["children"]
        if left["type"] in _PATHS and right["type"] in _PATHS:
            yield left, right
    elif node["type"] in {"and_expression", "or_expression", "not_expression"}:
        for child in node["children"]:
            yield from _compared_paths(child)


def _shown(node: dict[str, Any]) -> str:
    match node["type"]:
        case "field":
            return str(node["value"])
        case "index":
            return f"[{node['value']}]"
        case "index_expression":
            return "".join(map(_shown, node["children"]))
        case _:
            return ".".join(map(_shown, node["children"]))


def _items(spec: Spec, data: Any) -> Iterator[Any]:
    """Yield what of the answer *data* a condition may be about: the whole, and each operation."""
    yield data
    view = AnswerView(data, 200, Headers(), {}, lambda _name, value: value)
    inner = spec.read.root.first(view)
    if inner is not None:
        yield inner
    listed = spec.batch.items.find(data) if spec.batch else None
    if isinstance(listed, list):
        yield from listed
