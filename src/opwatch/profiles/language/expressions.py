"""JMESPath expressions, compiled once; evaluating one never fails.

Decides which expressions a profile may hold: those that parse, call known
functions with the right number of arguments, and are short. Evaluation never
raises: a wrong type inside an expression is an absent value (faults 67, 121).
Our own functions are pure; specification: https://jmespath.org/specification.html
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from opwatch.profiles.yaml.nodes import TextError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jmespath.functions import Functions
    from jmespath.parser import ParsedResult

    from opwatch.profiles.language.patterns import BoundedPattern

MAX_LENGTH: Final = 1000
_CHAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


class ExpressionError(TextError):
    """An expression cannot be compiled."""


class Expression:
    """A compiled JMESPath expression."""

    __slots__ = ("_find", "text")

    def __init__(self, text: str, find: Callable[[Any], Any]) -> None:
        self.text = text
        self._find = find

    def find(self, data: Any) -> Any:
        """Return the value in *data*, None if there is none."""
        return self._find(data)

    def holds(self, data: Any) -> bool:
        """Tell whether the value is true in JMESPath's sense, in which 0 is true."""
        value = self._find(data)
        return not (value is None or value is False or value in ("", [], {}))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


@lru_cache(maxsize=2048)
def compile_expression(text: str) -> Expression:
    """Return *text* compiled.

    Raises:
        ExpressionError: it does not parse, or calls a function that is unknown
            or takes another number of arguments.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters")
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if text == "@":
        return Expression(text, lambda data: data)
    # Most paths are names and dots: no library, and a tenth of the time per poll.
    if _CHAIN.fullmatch(text):
        return Expression(text, _chain(tuple(text.split("."))))
    return Expression(text, _searcher(text))


def _chain(names: tuple[str, ...]) -> Callable[[Any], Any]:
    def find(data: Any) -> Any:
        for name in names:
            if not isinstance(data, dict):
                return None
            data = data.get(name)
        return data

    return find


def _searcher(text: str) -> Callable[[Any], Any]:
    from jmespath.visitor import Options  # noqa: PLC0415, plain paths need no library

    parsed = parse_expression(text)
    functions = _functions()
    meant = _word_meant_as_text(text)
    if meant:
        word, offset = meant
        message = f"double quotes name a field; write the text as '{word}' or `\"{word}\"`"
        raise ExpressionError(message, offset)
    for node in _nodes(parsed.parsed):
        if node["type"] == "function_expression":
            _check_call(node, functions, text)
        elif node["children"] and _is_negation(node["children"][0]) and node["type"] in _INTO:
            # `!a.b` is parsed as `(!a).b`, which is nothing, whatever a and b are.
            raise ExpressionError(
                "'!' applies only to what precedes '.'; write !(a.b)", text.find("!")
            )
        elif _is_name_of_a_list(node):
            # The library parses `a.*.b.c` as `(a.*.b).c`: a name of a list, which is always null.
            raise ExpressionError(
                "after '.*' only one name is read; write values(a)[].b.c", text.find("*")
            )
    options = Options(custom_functions=functions)

    def find(data: Any) -> Any:
        try:
            return parsed.search(data, options)
        except Exception:  # noqa: BLE001, the library raises TypeError and others on odd data
            return None

    return find


def parse_expression(text: str) -> ParsedResult:
    """Return *text* parsed by the library.

    Raises:
        ExpressionError: it does not parse.
    """
    from jmespath.exceptions import JMESPathError, LexerError, ParseError  # noqa: PLC0415
    from jmespath.parser import Parser  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return Parser().parse(text)
    except PendingDeprecationWarning as error:
        message = "backquotes enclose JSON; write a text 'like this'"
        raise ExpressionError(message, text.find("`")) from error
    except ParseError as error:
        offset = error.lex_position or 0
        raise ExpressionError(_described(error), min(offset, len(text))) from error
    except LexerError as error:
        raise ExpressionError(
            f"not a JMESPath expression: {error.message}", error.lexer_position
        ) from error
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ExpressionError("not a JMESPath expression") from error


def _described(error: Any) -> str:
    token = error.token_value
    if token in {None, ""} or error.token_type in {None, "eof"}:
        return "not a JMESPath expression: it ends too soon"
    return f"not a JMESPath expression: unexpected {token!r}"


# What no API calls a field without a reason to quote it, such as '@odata.type'.
_WORD: Final = re.compile(r"\w[\w -]*")
_EQUALITIES: Final = frozenset({"eq", "ne"})
_GOES_ON: Final = frozenset({"dot", "lbracket", "flatten", "filter"})


def _word_meant_as_text(text: str) -> tuple[str, int] | None:
    """Return the first double-quoted word that is compared like a text, and its offset.

    In JMESPath it names a field, and of two fields that an answer lacks one is null as the
    other, so ``status == "done"`` holds of everything.
    https://jmespath.org/specification.html#identifiers
    """
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


_INTO: Final = frozenset(
    {
        "filter_projection",
        "flatten",
        "index_expression",
        "projection",
        "subexpression",
        "value_projection",
    }
)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _nodes(child)


def _is_negation(node: Any) -> bool:
    return isinstance(node, dict) and node["type"] == "not_expression"


def _is_name_of_a_list(node: dict[str, Any]) -> bool:
    if node["type"] != "subexpression":
        return False
    values, name = node["children"][:2]
    return bool(values["type"] == "value_projection" and name["type"] == "field")


def _check_call(node: dict[str, Any], functions: Functions, text: str) -> None:
    name, given = node["value"], len(node["children"])
    known = functions.FUNCTION_TABLE
    offset = max(0, text.find(f"{name}("))
    if name not in known:
        raise ExpressionError(f"unknown function {name!r}" + did_you_mean(name, known), offset)
    signature = known[name]["signature"]
    wanted, open_end = len(signature), bool(signature and signature[-1].get("variadic"))
    if given < wanted or (given > wanted and not open_end):
        more = " or more" if open_end else ""
        raise ExpressionError(f"{name}() takes {wanted}{more} arguments, not {given}", offset)


_NAME_LENGTH: Final = 64
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def spelling(text: str) -> str:
    """Return *text* without case, spaces, ``-`` and ``_``, by which words are compared."""
    return _spelling(text) if len(text) <= _NAME_LENGTH else _spelling.__wrapped__(text)


@lru_cache(maxsize=2048)
def _spelling(text: str) -> str:
    """An API says the same names and words in each of its answers."""
    return _SEPARATORS.sub("", text.lower())


# Enumerations of Protocol Buffers carry the name of their type:
# https://protobuf.dev/programming-guides/style/#enums
_TYPE_NAME: Final = re.compile(r"[A-Z]+_STATE_(?=.)")


def spellings(word: str) -> tuple[str, ...]:
    """Return how *word* may be listed: with, and without the type in ``TASK_STATE_DONE``."""
    prefix = _TYPE_NAME.match(word)
    return (spelling(word), spelling(word[prefix.end() :])) if prefix else (spelling(word),)


@lru_cache(maxsize=1)
def _functions() -> Functions:
    from jmespath.functions import Functions, signature  # noqa: PLC0415

    class Ours(Functions):
        """Pure functions beyond the specification's."""

        @signature({"types": ["string"]})
        def _func_lower(self, text: str) -> str:
            return text.lower()

        @signature({"types": ["string"]}, {"types": ["string"]})
        def _func_split(self, text: str, separator: str) -> list[str]:
            return text.split(separator) if separator else [text]

        @signature({"types": ["string"]}, {"types": ["string"]})
        def _func_matches(self, text: str, pattern: str) -> bool:
            return _pattern(pattern).holds(text)

        @signature({"types": ["number"]}, {"types": ["number"]})
        def _func_percent(self, done: float, total: float) -> float | None:
            return 100.0 * done / total if total > 0 else None

        @signature({"types": [], "variadic": True})
        def _func_first(self, *values: Any) -> Any:
            return next((each for each in values if not is_empty(each)), None)

        @signature({"types": []}, {"types": ["array"]})
        def _func_is_in(self, value: Any, among: list[Any]) -> bool:
            # To Python 1 is True, and 0 False.
            is_flag = isinstance(value, bool)
            return any(each == value and isinstance(each, bool) is is_flag for each in among)

        @signature({"types": ["array"]}, {"types": ["array"]})
        def _func_agree(self, values: list[Any], among: list[Any]) -> bool:
            texts = {each for each in values if isinstance(each, str)}
            known = {spelling(each) for each in among}
            return bool(texts) and not any(known.isdisjoint(spellings(each)) for each in texts)

    return Ours()


@lru_cache(maxsize=256)
def _pattern(text: str) -> BoundedPattern:
    from opwatch.profiles.language.patterns import BoundedPattern  # noqa: PLC0415, few need it

    return BoundedPattern(text)


def is_empty(value: Any) -> bool:
    """Tell whether *value* is null, blank text, or an empty list or mapping."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})
