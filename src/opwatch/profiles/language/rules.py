"""The ``rules``, ``troubles``, ``states`` and ``moves`` of a profile: what an answer means.

Decides the order: a guard may find that the answer says nothing about the operation;
then the first rule that fits decides; then the status word. A word in no list means
running. An error object, 100 % or a finish time never decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import Contradiction, State
from opwatch.domain.trouble import Fault
from opwatch.profiles.language.expressions import Expression, spelling, spellings
from opwatch.profiles.language.paths import LOOKUP, NOWHERE, AnswerView, Lookup
from opwatch.profiles.language.scalars import EXPRESSION, FLAG, HEADER, TEXT, state_among, word
from opwatch.profiles.yaml.schema import (
    Conversion,
    Key,
    Leaf,
    ListOf,
    MapOf,
    OneOf,
    RecordOf,
    ShapeError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.profiles.yaml.nodes import Node

PARTIAL: Final = "partial"
UNKNOWN_WORD: Final = "unknown word"
_CLASS: Final = 100
_OK: Final = 2


class Statuses(NamedTuple):
    """HTTP statuses, each alone or a whole class of them such as ``2xx``."""

    exact: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset()

    def hold(self, status: int) -> bool:
        """Tell whether *status* is one of them."""
        return status in self.exact or status // _CLASS in self.classes


GOOD: Final = Statuses(classes=frozenset({_OK}))


class Condition(NamedTuple):
    """What must hold: the HTTP status (2xx if none is named), an expression, parameters."""

    http: Statuses | None = None
    when: Expression | None = None
    params: Mapping[str, tuple[str, ...]] = {}

    @property
    def is_bare(self) -> bool:
        """Tell whether it looks at the HTTP status and not into the body."""
        return self.when is None and self.http is not None

    def holds(self, view: AnswerView) -> bool:
        """Tell whether all of it holds."""
        return (
            (self.http or GOOD).hold(view.status)
            and all(view.params.get(name, "") in among for name, among in self.params.items())
            and (self.when is None or self.when.holds(view.item))
        )


class StateRule(NamedTuple):
    """If the condition holds, *state* is meant; *partial* marks a success with warnings.

    *unread*: the HTTP status alone counts if the body is too large to be read.
    """

    condition: Condition
    state: State
    partial: bool = False
    unread: bool = False

    @property
    def of_status(self) -> StateRule:
        """This rule without the expression that looks into the body."""
        return self._replace(condition=self.condition._replace(when=None))


class Guard(NamedTuple):
    """If the condition holds, the answer is a trouble and says nothing about the state."""

    condition: Condition
    fault: Fault
    message: Lookup = NOWHERE


class Move(NamedTuple):
    """If the condition holds, the *header* of a good answer names the next polling URL."""

    header: str
    condition: Condition = Condition()


class Meaning(NamedTuple):
    """A state, and what decided it. *is_known* is false for an unknown word.

    *because* is the field that made less of a success; *contradiction* leaves it undecided.
    """

    state: State
    decided_by: str
    partial: bool = False
    is_known: bool = True
    because: str = ""
    contradiction: Contradiction | None = None


def word_key(value: Any) -> Any:
    """Return the key by which status words are compared.

    Texts are compared without regard to case, spaces, ``-`` and ``_``; numbers
    and booleans only with their own kind.
    """
    if isinstance(value, str):
        return spelling(value)
    return (type(value) is bool, value)


def word_keys(value: Any) -> tuple[Any, ...]:
    """Return the keys under which an API's word may be listed, the most exact first."""
    return spellings(value) if isinstance(value, str) else (word_key(value),)


class Words(NamedTuple):
    """The states of the status words; *absent* is the state if there is no word at all."""

    states: Mapping[Any, tuple[State, bool]] = {}
    absent: State | None = None

    def meaning(self, value: Any) -> Meaning | None:
        """Return what the status word *value* means, None if it is not a word."""
        if value is None and self.absent is not None:
            return Meaning(self.absent, "absent_status")
        if not isinstance(value, (str, bool, int, float)):
            return None
        key = next((key for key in word_keys(value) if key in self.states), None)
        if key is None:
            return Meaning(State.RUNNING, UNKNOWN_WORD, is_known=False)
        state, partial = self.states[key]
        return Meaning(state, f"states.{PARTIAL if partial else state}", partial)


def first_rule(rules: Iterable[tuple[int, StateRule]], view: AnswerView) -> Meaning | None:
    """Return what the first of the numbered *rules* that fits *view* means."""
    for index, rule in rules:
        if rule.condition.holds(view):
            return Meaning(rule.state, f"rules[{index}]", rule.partial)
    return None


def first_guard(guards: tuple[Guard, ...], view: AnswerView) -> Guard | None:
    """Return the first guard that fits *view*, None if none fits."""
    return next((guard for guard in guards if guard.condition.holds(view)), None)


def _status(node: Node) -> Statuses:
    match = re.fullmatch(r"([1-5])(\d\d|xx)", node.text)
    if match is None:
        raise ShapeError(f"{node.text!r} is not an HTTP status; write 202 or 2xx")
    if match[2] == "xx":
        return Statuses(classes=frozenset({int(match[1])}))
    return Statuses(exact=frozenset({int(node.text)}))


def _condition(keys: dict[str, Any]) -> Condition:
    found: dict[str, Any] = {name: keys[name] for name in ("when", "params") if name in keys}
    if "http" in keys:
        found["http"] = Statuses(
            frozenset().union(*(each.exact for each in keys["http"])),
            frozenset().union(*(each.classes for each in keys["http"])),
        )
    return Condition(**found)


def _rule(**keys: Any) -> StateRule:
    condition, unread = _condition(keys), keys.get("unread", False)
    if unread and condition.http is None:
        raise ShapeError(
            "'unread' needs 'http': only the status is known of a body that is not read"
        )
    return StateRule(condition, keys["state"], keys.get("partial", False), unread)


_AS: Final = {
    "transient": Fault.API_ERROR,
    "throttled": Fault.API_THROTTLED,
    "denied": Fault.API_DENIED,
    "not_found": Fault.API_NOT_FOUND,
    "refused": Fault.API_REFUSED,
    "not_the_api": Fault.NOT_THE_API,
}


def _guard(**keys: Any) -> Guard:
    fault = _AS[keys.get("as", "transient")]
    return Guard(_condition(keys), fault, keys.get("message", NOWHERE))


HTTP_STATUS: Final = Leaf(
    _status, {"type": ["integer", "string"], "pattern": "^[1-5]([0-9][0-9]|xx)$"}
)
_CONDITION: Final = {
    "when": Key(EXPRESSION, "a condition; only null, false, '', [] and {} are untrue"),
    "http": Key(ListOf(HTTP_STATUS, or_one=True, least=1), "HTTP statuses; 2xx without this key"),
    "params": Key(MapOf(ListOf(TEXT, or_one=True)), "values that parameters must have"),
}
RULES: Final = ListOf(
    RecordOf(
        _rule,
        "the rule",
        {
            **_CONDITION,
            "state": Key(state_among(State), "the state that is meant", required=True),
            "partial": Key(FLAG, "a success with warnings"),
            "unread": Key(FLAG, "the HTTP status alone counts where the body is over 8 MiB"),
        },
    )
)
GUARDS: Final = ListOf(
    RecordOf(
        _guard,
        "the trouble",
        {
            **_CONDITION,
            "message": Key(LOOKUP, "the API's own words about it"),
            "as": Key(word(*_AS), "how it is handled"),
        },
    )
)


def _move(**keys: Any) -> Move:
    return Move(keys["header"], _condition(keys))


MOVES: Final[ListOf[Move]] = ListOf(
    OneOf(
        "a header",
        {
            "scalar": Conversion(HEADER, Move),
            "header": RecordOf(
                _move, "the move", {"header": Key(HEADER, required=True), **_CONDITION}
            ),
        },
    ),
    or_one=True,
)
