"""The ``result``, ``final`` and ``on_failure`` of a profile: further requests after the end.

Decides what one step may contain, that the method which started an operation may decide
where its result is, and after which ends it is asked why. ``opwatch.profiles.results`` and
``opwatch.profiles.results`` follow the steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import State
from opwatch.profiles.language.handoff import check_method
from opwatch.profiles.language.paths import LOOKUP, NOWHERE, Lookup
from opwatch.profiles.language.request import BODY, HEADERS, QUERY, JsonTemplate, RequestSpec
from opwatch.profiles.language.scalars import (
    ANY_TEXT,
    EXPRESSION,
    FLAG,
    PATTERN,
    check_name,
    state_among,
    word,
)
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, MapOf, OneOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opwatch.profiles.language.expressions import Expression
    from opwatch.profiles.language.patterns import BoundedPattern
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

    @property
    def request(self) -> RequestSpec:
        """What of it is written as the request for a status is."""
        return RequestSpec("", self.path, self.query, self.headers, self.body)


class OnFailure(NamedTuple):
    """The *steps* to why an operation ended in one of the states *of*."""

    steps: Sequence[Step] = ()
    of: Sequence[State] = (State.FAILED,)


def _step(**keys: Any) -> Step:
    if ("path" in keys) == ("url" in keys):
        raise ValueError("a step needs either 'path' or 'url'")
    return Step(**keys)


def _failure_step(*, log: Log | None = None, **keys: Any) -> Step:
    if log and {"text", "lines", "redirect"} & keys.keys():
        raise ValueError("'log' is plain text, in which nothing else is looked up")
    if "body" in keys and "path" not in keys:
        raise ValueError("a step with 'body' needs 'path'")
    return _step(log=log, **keys)


_REQUEST_KEYS: Final = {
    "when": Key(EXPRESSION, "the condition on the previous answer for going on"),
    "unless": Key(EXPRESSION, "the condition on the previous answer for leaving it out"),
    "with": Key(
        MapOf(EXPRESSION, check_name), "parameters from the previous answer", field="takes"
    ),
    "path": Key(ANY_TEXT, "a path of the same API"),
    "url": Key(LOOKUP, "where the previous answer has a URL"),
    "query": Key(QUERY, "the URL's query"),
    "headers": Key(HEADERS, "request headers"),
    "authorize": Key(FLAG, "false: without any credential, as signed URLs require"),
}
RESULT: Final = ListOf(
    RecordOf(
        _step,
        "the step",
        {
            **_REQUEST_KEYS,
            "download": Key(FLAG, "the answer is the file itself"),
            "expires": Key(LOOKUP, "where the previous answer says until when the URL is valid"),
            "value": Key(EXPRESSION, "which part of this step's answer is the result"),
        },
    )
)
_LOG: Final[OneOf[Log | None]] = OneOf("the log", {
    "scalar": Conversion(FLAG, lambda is_log: Log() if is_log else None),
    "map": RecordOf(Log, "'log'", {
        "until": Key(PATTERN, "the last line that matters; what follows it is left out"),
        "drop": Key(PATTERN, "what is left out of each line"),
    }),
})  # fmt: skip
_STEPS: Final = ListOf(
    RecordOf(
        _failure_step,
        "the step",
        {
            **_REQUEST_KEYS,
            "body": Key(BODY, "a JSON body, sent with POST, in which texts are templates"),
            "redirect": Key(FLAG, "the answer is a redirect, which the next step looks into"),
            "text": Key(EXPRESSION, "where this step's answer says what failed"),
            "lines": Key(EXPRESSION, "where it has the lines of a log, as a text or a list"),
            "link": Key(LOOKUP, "a web page about what failed"),
            "log": Key(_LOG, "the answer is a log, as plain text"),
        },
    )
)
ON_FAILURE: Final[OneOf[OnFailure]] = OneOf("the steps", {
    "list": Conversion(_STEPS, OnFailure),
    "map": RecordOf(OnFailure, "'on_failure'", {
        "steps": Key(_STEPS, "the requests", required=True),
        "of": Key(
            ListOf(state_among((State.FAILED, State.CANCELLED)), least=1),
            "the ends that are asked about; failed alone if it is left out",
        ),
    }),
})  # fmt: skip
