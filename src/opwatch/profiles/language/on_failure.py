"""The ``on_failure`` of a profile: further requests about why an operation failed.

Decides what one step may contain, and after which ends they are made.
``opwatch.profiles.failures`` follows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import State
from opwatch.profiles.language.paths import LOOKUP
from opwatch.profiles.language.request import BODY
from opwatch.profiles.language.result import REQUEST_KEYS, Log, Step, step_of
from opwatch.profiles.language.scalars import EXPRESSION, FLAG, PATTERN, state_among
from opwatch.profiles.yaml.schema import Conversion, Key, ListOf, OneOf, RecordOf

if TYPE_CHECKING:
    from collections.abc import Sequence


class OnFailure(NamedTuple):
    """The *steps* to why an operation ended in one of the states *of*."""

    steps: Sequence[Step] = ()
    of: Sequence[State] = (State.FAILED,)


def _failure_step(*, log: Log | None = None, **keys: Any) -> Step:
    if log and {"text", "lines", "redirect"} & keys.keys():
        raise ValueError("'log' is plain text, in which nothing else is looked up")
    if "body" in keys and "path" not in keys:
        raise ValueError("a step with 'body' needs 'path'")
    return step_of(log=log, **keys)


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
            **REQUEST_KEYS,
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
