"""The single values of the profile language.

Decides how a text, a number, a duration, a rate, a template, an expression, a pattern
and a header name are written, and their bounds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.header_rules import header_refusal, is_header_name, may_name_a_secret
from opwatch.domain.moments import moment_of, parse_duration
from opwatch.domain.operation import State
from opwatch.domain.pacing import LONGEST, SHORTEST_ON_LOOPBACK
from opwatch.profiles.language.expressions import Expression, compile_expression
from opwatch.profiles.language.template import (
    NAME,
    Choice,
    Template,
    Text,
    parse_template,
)
from opwatch.profiles.yaml.nodes import Node, did_you_mean, join_or
from opwatch.profiles.yaml.schema import (
    Conversion,
    Key,
    Leaf,
    MapOf,
    OneOf,
    RecordOf,
    ShapeError,
    SharedShape,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opwatch.profiles.language.patterns import BoundedPattern


MAX_TEXT: Final = 4000
DAY: Final = 86400.0
_HEADER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_RATE: Final = r"(?a)(\d{1,7}(?:\.\d{1,3})?)\s*/\s*(s|min|h)"
_PER: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}


def text_of(node: Node) -> str:
    """Return the text that *node* is; a number stays as it was written."""
    if isinstance(node.value, bool) or node.value is None:
        found = "nothing" if node.value is None else node.text
        raise ShapeError(f"expected a text, found {found}; write it in quotes")
    if len(node.text) > MAX_TEXT:
        raise ShapeError(f"a text has at most {MAX_TEXT} characters")
    return node.text


def _flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise ShapeError(f"expected true or false, found {node.text!r}")
    return node.value


def _version(node: Node) -> int:
    if node.value != 1 or isinstance(node.value, bool):
        raise ShapeError(f"this opwatch reads version 1, not {node.text!r}")
    return 1


def whole_number(least: int, most: int) -> Leaf[int]:
    """Return the shape of a whole number in [*least*, *most*]."""
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Leaf(lambda node: int(_number_in(node, least, most, (int,))), schema)


def number(least: float, most: float) -> Leaf[float]:
    """Return the shape of a number in [*least*, *most*]."""
    schema = {"type": "number", "minimum": least, "maximum": most}
    return Leaf(lambda node: float(_number_in(node, least, most, (int, float))), schema)


def _number_in(node: Node, least: float, most: float, kinds: tuple[type, ...]) -> float:
    value: float = node.value
    if type(value) not in kinds:
        wanted = "a number" if float in kinds else "a whole number"
        raise ShapeError(f"expected {wanted}, found {node.text!r}")
    if not least <= value <= most:
        raise ShapeError(f"{node.text} is not between {least:g} and {most:g}")
    return value


def duration(least: float = SHORTEST_ON_LOOPBACK, most: float = LONGEST) -> Leaf[float]:
    """Return the shape of a duration in [*least*, *most*] seconds."""

    def parse(node: Node) -> float:
        seconds = parse_duration(text_of(node))
        if not least <= seconds <= most:
            raise ShapeError(f"{node.text} is not between {least:g}s and {most:g}s")
        return seconds

    pattern = r"^[0-9]+(\.[0-9]+)?((ms|s|m|h|d)([0-9]+(\.[0-9]+)?(ms|s|m|h|d))*)?$"
    return Leaf(parse, {"type": ["string", "number"], "pattern": pattern})


def word(*choices: str) -> Leaf[str]:
    """Return the shape of one of *choices*."""

    def parse(node: Node) -> str:
        if node.text not in choices:
            message = f"expected {join_or(map(repr, choices))}, found {node.text!r}"
            raise ShapeError(message + did_you_mean(node.text, choices))
        return node.text

    return Leaf(parse, {"type": "string", "enum": list(choices)})


def state_among(states: Iterable[State]) -> Conversion[State]:
    """Return the shape of one of *states*."""
    return Conversion(word(*(state.value for state in states)), State)


def _status_word(node: Node) -> Any:
    if node.value is None:
        raise ShapeError("expected a status word, found nothing; write 'null' in quotes")
    return node.value


def _rate(node: Node) -> float:
    match = re.fullmatch(_RATE, node.text.strip())
    if match is None or not float(match[1]):
        raise ShapeError(f"{node.text!r} is not a rate; write 10/s, 500/min or 5000/h")
    return float(match[1]) / _PER[match[2]]


def _regex(node: Node) -> BoundedPattern:
    from opwatch.profiles.language.patterns import BoundedPattern  # noqa: PLC0415, few need it

    pattern = BoundedPattern(text_of(node))
    if not node.position.source.is_builtin:  # those are compiled by the tests, and here if needed
        _ = pattern.compiled
    return pattern


def check_name(name: str) -> None:
    """Raise ValueError unless *name* can name a parameter."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a parameter name; use small letters, digits and '_'")


def check_header(name: str) -> None:
    """Raise ValueError unless a profile may set the request header *name*."""
    _check_request_header(name)
    if may_name_a_secret(name):
        raise ValueError(f"the header {name!r} carries a secret; it belongs under 'auth'")


def _auth_header_name(node: Node) -> str:
    _check_request_header(node.text, by_auth=True)
    return node.text


def _check_request_header(name: str, *, by_auth: bool = False) -> None:
    if not is_header_name(name):
        raise ValueError(f"{name!r} is not a header name; it may hold letters, digits and '-'")
    refusal = header_refusal(name, by_auth=by_auth)
    if refusal:
        raise ValueError(refusal)


def _header_name(node: Node) -> str:
    if not _HEADER.fullmatch(node.text):
        raise ShapeError(f"{node.text!r} is not a header name")
    return node.text


def _web_page(node: Node) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"\\]+", text_of(node)):
        raise ShapeError(f"{node.text!r} is not a web address")
    return node.text


def _date(node: Node) -> str:
    if not re.fullmatch(r"(?a)\d{4}-\d\d-\d\d", text_of(node)) or moment_of(node.text) is None:
        raise ShapeError(f"{node.text!r} is not a date; write it as in 2026-11-28")
    return node.text


VERSION: Final = Leaf(_version, {"const": 1})
TEXT: Final[Leaf[str]] = Leaf(text_of, {"type": ["string", "number"]})
STATUS_WORD: Final[Leaf[Any]] = Leaf(_status_word, {"type": ["string", "number", "boolean"]})
FLAG: Final[Leaf[bool]] = Leaf(_flag, {"type": "boolean"})
RATE: Final[Leaf[float]] = Leaf(_rate, {"type": "string", "pattern": r"^[0-9.]+ */ *(s|min|h)$"})
EXPRESSION: Final[Leaf[Expression]] = Leaf(
    lambda node: compile_expression(text_of(node)),
    {"type": "string", "description": "a JMESPath expression"},
)
PATTERN: Final[Leaf[BoundedPattern]] = Leaf(_regex, {"type": "string", "format": "regex"})
HEADER: Final[Leaf[str]] = Leaf(_header_name, {"type": "string"})
AUTH_HEADER: Final[Leaf[str]] = Leaf(_auth_header_name, {"type": "string"})
DATE: Final[Leaf[str]] = Leaf(_date, {"type": "string", "format": "date"})
WEB_PAGE: Final[Leaf[str]] = Leaf(_web_page, {"type": "string", "format": "uri"})
PARAM: Final[Leaf[str]] = Leaf(text_of, {"type": "string"})
TEMPLATE: Final[Leaf[Template]] = Leaf(
    lambda node: parse_template(text_of(node)), {"type": ["string", "number"]}
)
ANY_TEXT: Final[SharedShape[Text]] = SharedShape(
    "text",
    OneOf(
        "a text",
        {
            "scalar": TEMPLATE,
            "map": RecordOf(
                Choice,
                "the choice",
                {
                    "param": Key(PARAM, "the parameter that chooses", required=True),
                    "presets": Key(MapOf(TEMPLATE), "a text for each of its values", required=True),
                },
            ),
        },
    ),
)
