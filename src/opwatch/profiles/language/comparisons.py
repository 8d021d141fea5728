"""Comparisons in a JMESPath expression that are true of every answer by mistake.

Decides which double-quoted names were meant as texts: in JMESPath they name fields, and
of two fields that an answer lacks one is null as the other, so ``status == "done"`` holds
of everything. https://jmespath.org/specification.html#identifiers
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What no API calls a field without a reason to quote it, such as '@odata.type'.
_WORD: Final = re.compile(r"\w[\w -]*")
_EQUALITIES: Final = frozenset({"eq", "ne"})
_PATHS: Final = frozenset({"field", "subexpression", "index_expression"})
_GOES_ON: Final = frozenset({"dot", "lbracket", "flatten", "filter"})


def word_meant_as_text(text: str) -> tuple[str, int] | None:
    """Return the first double-quoted word that is compared like a text, and its offset."""
    from jmespath.lexer import Lexer  # noqa: PLC0415, plain paths need no library

    tokens = list(Lexer().tokenize(text))  # the last one is 'eof'
    kinds = ["", *(each["type"] for each in tokens)]
    for index, token in enumerate(tokens):
        if token["type"] not in _EQUALITIES:
            continue
        before, after = tokens[index - 1], tokens[index + 1]
        if "literal" in {before["type"], after["type"]}:
            continue
        if _is_word(after) and tokens[index + 2]["type"] not in _GOES_ON:
            return after["value"], after["start"]
        if _is_word(before) and kinds[index - 1] != "dot":
            return before["value"], before["start"]
    return None


def _is_word(token: Any) -> bool:
    return token["type"] == "quoted_identifier" and bool(_WORD.fullmatch(token["value"]))


def compared_paths(node: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield both sides of each ``==`` of two paths that begin at the top of an answer."""
    if node["type"] == "comparator" and node["value"] == "eq":
        left, right = node["children"]
        if left["type"] in _PATHS and right["type"] in _PATHS:
            yield left, right
    elif node["type"] in {"and_expression", "or_expression", "not_expression"}:
        for child in node["children"]:
            yield from compared_paths(child)


def absent_pairs(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
    find: Callable[[dict[str, Any]], Any],
) -> Iterator[str]:
    """Yield those of *pairs*, as written, of which *find* finds neither side."""
    for left, right in pairs:
        if find(left) is None and find(right) is None:
            yield f"{_shown(left)} == {_shown(right)}"


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
