"""The ``result`` and ``final`` of a profile: further requests after success.

Decides what one step may contain, here and after a failure, and that the method which
started an operation may decide where its result is. ``opwatch.profiles.results`` follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.profiles.language.handoff import check_method
from opwatch.profiles.language.paths import LOOKUP, NOWHERE, Lookup
from opwatch.profiles.language.request import HEADERS, QUERY
from opwatch.profiles.language.scalars import ANY_TEXT, EXPRESSION, FLAG, check_name, word
from opwatch.profiles.yaml.schema import Key, ListOf, MapOf, OneOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.patterns import BoundedPattern
    from opwatch.profiles.language.request import JsonTemplate
    from opwatch.profiles.language.template import Text

_PLACE: Final = word("operation", "location", "resource")
FINAL: Final[OneOf[str | Mapping[str, str]]] = OneOf(
    "a place", {"scalar": _PLACE, "map": MapOf(_PLACE, check_method)}
)


class Log(NamedTuple):
    """How a log is read: *until* the line that matters, with *drop* left out of each."""

    until: BoundedPattern | None = None
    drop: BoundedPattern | None = None


class Step(NamedTuple):
    """One request towards a result or the reason of a failure, made from the answer before it."""

    path: Text | None = None
    url: Lookup | None = None
    takes: Mapping[str, Expression] = {}
    when: Expression | None = None
    unless: Expression | None = None
    query: Mapping[str, tuple[Text, ...]] = {}
    headers: Mapping[str, Text] = {}
    authorize: bool = True
    download: bool = False
    expires: Lookup | None = None
    value: Expression | None = None
    body: JsonTemplate | None = None
    redirect: bool = False
    text: Expression | None = None
    lines: Expression | None = None
    link: Lookup = NOWHERE
    log: Log | None = None


def step_of(**keys: Any) -> Step:
    """Return the step that *keys* describe.

    Raises:
        ValueError: they do not say where the request goes, or do so twice.
    """
    if ("path" in keys) == ("url" in keys):
        raise ValueError("a step needs either 'path' or 'url'")
    takes = keys.pop("with", {})
    return Step(takes=takes, **keys)


REQUEST_KEYS: Final = {
    "when": Key(EXPRESSION, "the condition on the previous answer for going on"),
    "unless": Key(EXPRESSION, "the condition on the previous answer for leaving it out"),
    "with": Key(MapOf(EXPRESSION, check_name), "parameters from the previous answer"),
    "path": Key(ANY_TEXT, "a path of the same API"),
    "url": Key(LOOKUP, "where the previous answer has a URL"),
    "query": Key(QUERY, "the URL's query"),
    "headers": Key(HEADERS, "request headers"),
    "authorize": Key(FLAG, "false: without any credential, as signed URLs require"),
}
RESULT: Final = ListOf(
    RecordOf(
        step_of,
        "the step",
        {
            **REQUEST_KEYS,
            "download": Key(FLAG, "the answer is the file itself"),
            "expires": Key(LOOKUP, "where the previous answer says until when the URL is valid"),
            "value": Key(EXPRESSION, "which part of this step's answer is the result"),
        },
    )
)
