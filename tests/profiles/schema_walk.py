"""Profiles made from our own JSON Schema: one for each alternative that it allows.

A route is a way through the schema: keys of records, ``anyOf`` branches, words of an enumeration,
types of a value. ``routes`` yields all of them, anew at each place where a shared shape is used,
and ``profile_for`` makes a profile that takes one: with what else is required, and no more.
``taken`` is the proof: which routes a profile takes, found by a JSON Schema library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import jsonschema

from opwatch.profiles import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Route: TypeAlias = tuple[str, ...]

ANY_KEY: Final = "*"
ITEM: Final = "[]"
NOTHING: Final[Mapping[str, Any]] = {"not": {}}
SCHEMA: Final = schema()
_VALIDATOR: Final = jsonschema.Draft7Validator(SCHEMA)
_VALID: Final[dict[tuple[int, str], bool]] = {}
PROFILE: Final = SCHEMA["definitions"]["profile"]
TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}
EXPRESSION: Final = "a JMESPath expression"
BASE: Final[Mapping[str, Any]] = {
    "version": 1,
    "base_url": "https://api.example.com",
    "params": {"extra": {"choices": ["extra", "20"], "default": "extra"}},
    "request": {"path": "/ops/{id}"},
    "read": {"id": "id", "status": "status"},
    "states": {"running": ["running"], "succeeded": ["done"], "failed": ["failed"]},
}
# What the schema calls no more than a text, by the keys that lead to it; the longest that fits.
TEXTS: Final[Mapping[tuple[str, ...], Any]] = {
    ("extends",): "fullstory",
    ("docs",): "https://docs.example.com",
    ("checked",): "2026-11-28",
    ("open_hosts",): "files.example.com",
    ("base_url",): "https://api.example.com",
    ("allow_hosts",): "files.example.com",
    ("references",): "https://web.example.com/ops/{id}",
    ("like",): "https://web.example.com/see/{id}/{part}",
    ("with", "*"): "{part}",
    ("path",): "/ops/{id}",
    ("batch", "path"): "/ops",
    ("batch", "items"): "items",
    ("batch", "body"): ["{ids}"],
    ("body",): ["{id}"],
    ("variables",): {"id": "{id}"},
    ("graphql", "query"): "query { it }",
    ("pattern",): "[a-z]+",
    ("params", "*"): "extra",
    ("default",): "extra",
    ("choices",): "extra",
    ("by_method", "*", "*"): "extra",
    ("param",): "extra",
    ("env",): "A_TOKEN",
    ("environ",): "A_NAME",
    ("header", "template"): "Key {secret}",
    ("header", "name"): "X-Key",
    ("token_url",): "https://login.example.com/token",
    ("device_url",): "https://login.example.com/device",
    ("http",): "2xx",
    ("deleted",): "4xx",
    ("rate",): "5/s",
    ("handoff", "url"): "/ops/{id}",
    ("handoff", "body"): "status",
}
# The name of an entry where any is allowed; a parameter that there is, unless it must be another.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "by_method": ("PUT",),
    "final": ("PUT",),
    "presets": ("extra", "20"),
    "headers": ("X-Sent",),
    "extra": ("audience",),
}
# What must stand beside a route so that the language allows it.
BESIDE: Final[tuple[tuple[Route, Any], ...]] = (
    (("params", ANY_KEY, "anyOf 0", "choices"), {"extra": {"default": "20"}}),
    (("batch",), {"path": "/ops", "query": "ids"}),
    (("batch", "body"), {"path": "/ops"}),
    (("batch", "next"), {"path": "/ops", "query": "ids", "next": {"url": "next"}}),
    (("batch", "next", "url"), {"path": "/ops", "query": "ids"}),
    (
        ("batch", "next", "body"),
        {"path": "/ops", "query": "ids", "next": {"query": "cursor"}},
    ),
    (
        ("batch", "next", "query"),
        {"path": "/ops", "query": "ids", "next": {"body": "cursor"}},
    ),
    (("auth", "anyOf 0"), {"bearer": {"env": "A_TOKEN"}}),
    (("auth", "anyOf 1"), {"header": {"name": "X-Key", "from": {"env": "A_TOKEN"}}}),
    (("auth", "anyOf 0", "bearer"), {}),
    (("auth", "anyOf 1", "header"), {}),
    (("confidence",), {"reason": "as said"}),
    (("read", "error"), {"error": {"code": "status"}}),
    (("rules",), [{"http": "2xx", "state": "running"}]),
    (("result",), [{"path": "/ops/{id}/result"}]),
    (("result", ITEM, "url"), {}),
    (("on_failure", "anyOf 0"), [{"path": "/ops/{id}/why"}]),
    (("on_failure", "anyOf 0", ITEM, "url"), []),
    (("on_failure", "anyOf 1"), {"steps": [{"path": "/ops/{id}/why"}]}),
    (("on_failure", "anyOf 1", "steps", ITEM, "url"), {}),
)


def routes(part: Mapping[str, Any] = PROFILE, done: Route = ()) -> Iterator[Route]:
    """Yield every route through *part*."""
    part = resolved(part)
    if done:
        yield done
    if "anyOf" in part:
        for number, each in enumerate(part["anyOf"]):
            if each != NOTHING:
                yield from routes(each, (*done, f"anyOf {number}"))
    elif is_record(part):
        for key, each in entries(part).items():
            yield from routes(each, (*done, key))
    elif part.get("type") == "array":
        yield from routes(part["items"], (*done, ITEM))
    else:
        for each in forms(part):
            yield (*done, f"= {each}")


def taken(value: Any, part: Mapping[str, Any] = PROFILE, done: Route = ()) -> Iterator[Route]:
    """Yield the routes that *value*, which is right by *part*, takes."""
    part = resolved(part)
    if done:
        yield done
    if "anyOf" in part:
        for number, each in enumerate(part["anyOf"]):
            if is_valid(value, each):
                yield from taken(value, each, (*done, f"anyOf {number}"))
    elif is_record(part):
        for name, each in value.items():
            key = name if name in part.get("properties", {}) else ANY_KEY
            yield from taken(each, entries(part)[key], (*done, key))
    elif part.get("type") == "array":
        for each in value:
            yield from taken(each, part["items"], (*done, ITEM))
    else:
        yield from ((*done, f"= {each}") for each in forms_of(value, part))


def profile_for(route: Route, expression: Callable[[], str] = lambda: "status") -> dict[str, Any]:
    """Return a profile that takes *route*; its other paths are each an *expression*."""
    made = _Maker(expression).value(PROFILE, route, ())
    fitting = [(at, more) for at, more in BESIDE if route[: len(at)] == at]
    if fitting:
        _, more = max(fitting, key=lambda each: len(each[0]))
        made = merged({route[0]: more}, made)
    whole: dict[str, Any] = merged(BASE, made)
    return whole


def profile_with(wrong: Any, route: Route) -> dict[str, Any]:
    """Return a profile that takes *route*, at whose end it has *wrong* instead of what is asked."""
    whole: dict[str, Any] = merged(
        profile_for(route), _Maker(put=(wrong,)).value(PROFILE, route, ())
    )
    return whole


def merged(first: Any, second: Any) -> Any:
    """Return *first* with what *second* has; in a list, item by item."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {key: merged(first[key], second[key]) for key in first if key in second}
        return {**first, **second, **both}
    if isinstance(first, list) and isinstance(second, list) and first and second:
        return [merged(first[0], second[0]), *first[1:], *second[1:]]
    return second


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *part*, or what it refers to."""
    while "allOf" in part or "$ref" in part:
        part = part["allOf"][0] if "allOf" in part else part
        if "$ref" in part:
            part = SCHEMA["definitions"][part["$ref"].rpartition("/")[2]]
    return part


def is_record(part: Mapping[str, Any]) -> bool:
    return "properties" in part or isinstance(part.get("additionalProperties"), dict)


def entries(part: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    of_any_key = part.get("additionalProperties") or None
    return {**part.get("properties", {}), **({ANY_KEY: of_any_key} if of_any_key else {})}


def forms(part: Mapping[str, Any]) -> list[str]:
    if "enum" in part:
        return list(part["enum"])
    if part.get("type") == "boolean":
        return ["true", "false"]
    kinds = part.get("type", "const")
    return kinds if isinstance(kinds, list) else [kinds]


def forms_of(value: Any, part: Mapping[str, Any]) -> list[str]:
    """Return which of the forms of *part* the single *value* has."""
    if "const" in part or "enum" in part:
        return [value if "enum" in part else "const"]
    if part.get("type") == "boolean":
        return [str(value).lower()]
    is_flag = isinstance(value, bool)
    fitting = (each for each in forms(part) if is_flag == (each == "boolean"))
    return [each for each in fitting if isinstance(value, TYPES[each])]


def is_valid(value: Any, part: Mapping[str, Any]) -> bool:
    known = id(part), repr(value)
    if known not in _VALID:
        _VALID[known] = bool(_VALIDATOR.evolve(schema=part).is_valid(value))
    return _VALID[known]


def is_profile(value: Any) -> bool:
    return bool(_VALIDATOR.is_valid(value))


class _Maker:
    """Makes values whose expressions are each what *expression* returns.

    The one of *put* stands at the end of the route, if it has one.
    """

    def __init__(
        self, expression: Callable[[], str] = lambda: "status", put: tuple[Any, ...] = ()
    ) -> None:
        self._expression = expression
        self._put = put

    def value(self, part: Mapping[str, Any], route: Route, place: tuple[str, ...]) -> Any:
        """Return what *part*, at the keys *place*, asks for along *route*."""
        part = resolved(part)
        step, rest = (route[0], route[1:]) if route else ("", ())
        if step.startswith("= ") and self._put:
            return self._put[0]
        if "anyOf" in part:
            return self.value(part["anyOf"][int(step[-1]) if step else 0], rest, place)
        if is_record(part):
            own = entries(part)
            wanted = {*part.get("required", ()), *({step} if step else own.keys() & {ANY_KEY})}
            return {
                name: self.value(own[key], rest if key == step else (), (*place, key))
                for key in own
                if key in wanted
                for name in ([key] if key != ANY_KEY else KEYS.get(place[-1], ("extra",)))
            }
        if part.get("type") == "array":
            return [self.value(part["items"], rest, place)]
        return self._leaf(part, step.removeprefix("= ") or forms(part)[0], place)

    def _leaf(self, part: Mapping[str, Any], form: str, place: tuple[str, ...]) -> Any:
        if form == "const":
            return part["const"]
        if "enum" in part:
            return form
        if form == "boolean" or part.get("type") == "boolean":
            return form != "false"
        known = _text(place)
        if form in {"array", "object"}:
            other = {"id": "{id}", "ids": "{ids}"} if "batch" in place else {"id": "{id}"}
            return known if isinstance(known, dict if form == "object" else list) else (
                other if form == "object" else ["{id}"]
            )  # fmt: skip
        if form in {"number", "integer"}:
            return 200 if {"http", "deleted"} & {*place} else max(2, part.get("minimum", 20))
        if part.get("description") == EXPRESSION:
            return self._expression()
        if part.get("format") == "regex":
            return known or r"(\d+)"
        return "20s" if "ms|s|m|h|d" in part.get("pattern", "") else known or "status"


def _text(place: tuple[str, ...]) -> Any:
    # A preset is a text of the key that it is for.
    keys = place[:-2] if place[-2:] == ("presets", ANY_KEY) else place
    fitting = [at for at in TEXTS if keys[-len(at) :] == at]
    return TEXTS[max(fitting, key=len)] if fitting else None
