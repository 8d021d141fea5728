"""The profile language as a whole.

Decides which keys a profile has, and the shape of each. The JSON Schema for editors is
made from the same table. What only some profiles have is imported for those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.domain.operation import State
from opwatch.domain.pacing import Pace
from opwatch.profiles.language.auth import AUTH, NO_AUTH, AuthSpec
from opwatch.profiles.language.params import PARAM, PLAIN, Param, check_param
from opwatch.profiles.language.paths import LOOKUP, NOWHERE, Lookup
from opwatch.profiles.language.progress import PROGRESS, Form
from opwatch.profiles.language.references import REFERENCES, ReferencePattern
from opwatch.profiles.language.request import BATCH, REQUEST, Batch, RequestSpec
from opwatch.profiles.language.rules import (
    GUARDS,
    HTTP_STATUS,
    MOVES,
    PARTIAL,
    RULES,
    Condition,
    Guard,
    Move,
    StateRule,
    Statuses,
)
from opwatch.profiles.language.scalars import (
    ANY_TEXT,
    DATE,
    DAY,
    FLAG,
    PATTERN,
    STATUS_WORD,
    TEMPLATE,
    TEXT,
    VERSION,
    WEB_PAGE,
    check_name,
    duration,
    number,
    state_among,
    whole_number,
    word,
)
from opwatch.profiles.language.wait import LIMITS, WAIT, Hints, Quota
from opwatch.profiles.yaml.schema import (
    Conversion,
    DeferredShape,
    Key,
    ListOf,
    MapOf,
    OneOf,
    RecordOf,
    Shape,
    SharedShape,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.profiles.language.handoff import HandoffRule
    from opwatch.profiles.language.patterns import BoundedPattern
    from opwatch.profiles.language.result import OnFailure, Step
    from opwatch.profiles.language.template import Template, Text
    from opwatch.profiles.language.verify import Verification


class Confidence(NamedTuple):
    """How well a profile's facts are sourced, what is not, and when they were last *checked*."""

    level: str = "documented"
    reason: str = ""
    checked: str = ""


class ErrorPaths(NamedTuple):
    """Where an error's parts are."""

    code: Lookup = NOWHERE
    message: Lookup = NOWHERE
    details: Lookup = NOWHERE


class Reads(NamedTuple):
    """Where an operation's parts are in an answer."""

    root: Lookup = NOWHERE
    id: Lookup = NOWHERE
    name: Lookup = NOWHERE
    status: Lookup = NOWHERE
    progress: tuple[Form, ...] = ()
    message: Lookup = NOWHERE
    kind: Lookup = NOWHERE
    error: ErrorPaths = ErrorPaths()
    created: Lookup = NOWHERE
    started: Lookup = NOWHERE
    updated: Lookup = NOWHERE
    finished: Lookup = NOWHERE
    link: Lookup = NOWHERE
    result: Lookup = NOWHERE
    details: Mapping[str, Lookup] = {}


class Gone(NamedTuple):
    """What 404 or 410 means once it was found: *state*, for any kind or for *kind* only.

    *deleted* are the answers to a DELETE that mean the same, although they name no operation.
    """

    state: State | None = None
    kind: str = ""
    deleted: tuple[Statuses, ...] = ()


class GiveUp(NamedTuple):
    """After *after* seconds an operation counts as *state*, by the API's own rule."""

    after: float
    state: State = State.FAILED


class Polling(NamedTuple):
    """The pace, and when the API itself says to give up."""

    pace: Pace = Pace()
    give_up: GiveUp | None = None


class Spec(NamedTuple):
    """A profile, parsed and compiled, before its parameters are known."""

    version: int = 1
    title: str = ""
    docs: str = ""
    notes: str = ""
    retention: str = ""
    confidence: Confidence = Confidence()
    experimental: bool = False
    params: Mapping[str, Param] = {}
    base_url: Text | None = None
    allow_http: bool = False
    allow_hosts: tuple[Template, ...] = ()
    open_hosts: tuple[Template, ...] = ()
    references: tuple[ReferencePattern, ...] = ()
    urls: tuple[BoundedPattern, ...] = ()
    prefer: str = ""
    request: RequestSpec = RequestSpec()
    batch: Batch | None = None
    conditional: bool = False
    auth: AuthSpec = NO_AUTH
    read: Reads = Reads()
    states: Mapping[str, tuple[Any, ...]] = {}
    rules: tuple[StateRule, ...] = ()
    absent_status: State | None = None
    verify: Verification | None = None
    troubles: tuple[Guard, ...] = ()
    wait: Hints = Hints()
    moves: tuple[Move, ...] = ()
    limits: Quota = Quota()
    poll: Polling = Polling()
    gone: Gone = Gone()
    not_found_grace: float = 30.0
    confirm: int = 1
    unknown_after: float = 600.0
    handoff: tuple[HandoffRule, ...] = ()
    result: tuple[Step, ...] = ()
    final: str | Mapping[str, str] = "operation"
    on_failure: OnFailure | None = None
    extends: str = ""

    @property
    def conditions(self) -> Iterator[tuple[str, int, Condition]]:
        """Each condition: the key that it is under, its number there, and itself."""
        parts: Mapping[str, Sequence[StateRule | Guard | Move]] = {
            "rules": self.rules,
            "troubles": self.troubles,
            "moves": self.moves,
        }
        for part, holders in parts.items():
            yield from ((part, index, each.condition) for index, each in enumerate(holders))

    def param(self, name: str) -> Param:
        """Return the parameter *name*; what is not declared may be any text that a URL can hold."""
        return self.params.get(name, PLAIN)

    def fault_in(self, values: Mapping[str, str]) -> str | None:
        """Return what is wrong with the first bad one of *values*, None if all are good."""
        faults = (self.param(name).fault(name, value) for name, value in values.items())
        return next(filter(None, faults), None)


def _confidence(level: str, reason: str = "", checked: str = "") -> Confidence:
    if level != "documented" and not reason:
        raise ValueError("'confidence' needs a 'reason' unless its level is 'documented'")
    return Confidence(level, reason, checked)


def _polling(give_up: GiveUp | None = None, **pace: Any) -> Polling:
    if "first" in pace and pace.get("longest", Pace().longest) < pace["first"]:
        if "longest" in pace:
            raise ValueError("'longest' is shorter than 'first'")
        pace["longest"] = pace["first"]
    return Polling(Pace(**pace), give_up)


def _if_written(key: str) -> DeferredShape:
    """Return the shape of *key*, whose module is imported for a profile that has the key."""

    def load() -> Shape[Any]:
        if key == "verify":
            from opwatch.profiles.language.verify import VERIFICATION  # noqa: PLC0415, see above

            return VERIFICATION
        if key == "handoff":
            from opwatch.profiles.language.handoff import HANDOFF  # noqa: PLC0415, see above

            return HANDOFF
        from opwatch.profiles.language.result import FINAL, ON_FAILURE, RESULT  # noqa: PLC0415

        shapes: dict[str, Shape[Any]] = {"result": RESULT, "final": FINAL, "on_failure": ON_FAILURE}
        return shapes[key]

    return DeferredShape(load)


_WORDS: Final = Key(ListOf(STATUS_WORD, or_one=True))
STATES: Final = ("pending", "running", "blocked", "succeeded", PARTIAL, "failed", "cancelled")
_TERMINAL: Final = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
_MESSAGE_ALONE: Final = Conversion(LOOKUP, lambda path: ErrorPaths(message=path))
_ERROR: Final = RecordOf(
    ErrorPaths,
    "'error'",
    {
        "code": Key(LOOKUP, "a short code"),
        "message": Key(LOOKUP, "a sentence"),
        "details": Key(LOOKUP, "everything else"),
    },
)
_READ: Final = RecordOf(
    Reads,
    "'read'",
    {
        "root": Key(LOOKUP, "where the operation is in a single answer; paths begin there"),
        "id": Key(LOOKUP, "its id, compared with the requested one"),
        "name": Key(LOOKUP, "what people call it; shown instead of the reference"),
        "status": Key(LOOKUP, "the status word"),
        "progress": Key(PROGRESS, "how far it is"),
        "message": Key(LOOKUP, "what it is doing, in words"),
        "kind": Key(LOOKUP, "what it does, as the API calls it: CREATE, SEARCH_EXPORT"),
        "error": Key(OneOf("the error", {
            "code": _ERROR, "message": _ERROR, "details": _ERROR,
            "scalar": _MESSAGE_ALONE, "list": _MESSAGE_ALONE,
            "header": _MESSAGE_ALONE, "template": _MESSAGE_ALONE,
        }), "why it failed"),
        "created": Key(LOOKUP, "when it was requested"),
        "started": Key(LOOKUP, "when it began"),
        "updated": Key(LOOKUP, "when it last changed"),
        "finished": Key(LOOKUP, "when it ended"),
        "link": Key(LOOKUP, "a web page about it"),
        "result": Key(LOOKUP, "what came out of it"),
        "details": Key(MapOf(LOOKUP, check_name), "what else is reported, each under its name"),
    },
)  # fmt: skip
_POLL: Final = RecordOf(
    _polling,
    "'poll'",
    {
        "first": Key(duration(), "the first pause"),
        "longest": Key(duration(), "the longest pause"),
        "factor": Key(number(1, 10), "by how much a pause grows while nothing changes"),
        "steps": Key(ListOf(duration(), least=1), "the pauses, started anew at each change"),
        "give_up": Key(
            RecordOf(
                GiveUp,
                "'give_up'",
                {
                    "after": Key(duration(1, 366 * DAY), "for how long", required=True),
                    "as": Key(state_among(_TERMINAL), "what it counts as then", field="state"),
                },
            ),
            "when, by the API's own rule, it has ended",
        ),
    },
)
_GONE: Final[OneOf[Gone]] = OneOf("what gone means", {
    "scalar": Conversion(state_among(_TERMINAL), Gone),
    "map": RecordOf(Gone, "'gone'", {
        "state": Key(state_among(_TERMINAL), "what it means", required=True),
        "kind": Key(TEXT, "for which kind of operation alone: see 'kind' of 'read'"),
        "deleted": Key(
            ListOf(HTTP_STATUS, or_one=True, least=1),
            "HTTP statuses with which a DELETE is answered at once, also of what is gone already",
        ),
    }),
})  # fmt: skip
PROFILE: Final = SharedShape("profile", RecordOf(
    Spec,
    "the profile",
    {
        "version": Key(VERSION, "the version of this language"),
        "extends": Key(TEXT, "the profile that this one begins with"),
        "title": Key(TEXT, "what it is for"),
        "docs": Key(WEB_PAGE, "the API's own page"),
        "notes": Key(TEXT, "what else a person should know"),
        "retention": Key(TEXT, "how long the API remembers an operation"),
        "confidence": Key(
            RecordOf(
                _confidence,
                "'confidence'",
                {
                    "level": Key(word("documented", "partly", "unverified"), required=True),
                    "reason": Key(TEXT, "what is not documented by the vendor"),
                    "checked": Key(DATE, "the day on which it was last held against its sources"),
                },
            ),
            "how well its facts are sourced",
        ),
        "experimental": Key(FLAG, "the wire format is not published"),
        "params": Key(MapOf(PARAM, check_param), "what must be known for a request"),
        "base_url": Key(ANY_TEXT, "where the API is"),
        "allow_http": Key(FLAG, "allow plain http to another machine; only in a user's own file"),
        "allow_hosts": Key(ListOf(TEMPLATE), "further hosts that a polling URL may name"),
        "open_hosts": Key(ListOf(TEMPLATE), "the same, but shown no credential"),
        "references": Key(REFERENCES, "further forms of a reference"),
        "urls": Key(
            ListOf(PATTERN, or_one=True),
            "paths of status URLs of this API; else as 'request' says",
        ),
        "prefer": Key(TEXT, "the profile that is meant if a URL alone fits both"),
        "request": Key(REQUEST, "how the status of one operation is requested"),
        "batch": Key(BATCH, "how the status of several is requested at once"),
        "conditional": Key(FLAG, "ask with If-None-Match"),
        "auth": Key(AUTH, "how a credential is sent, and where it comes from"),
        "read": Key(_READ, "where things are in an answer"),
        "states": Key(
            RecordOf(lambda **words: words, "'states'", dict.fromkeys(STATES, _WORDS)),
            "status words",
        ),
        "rules": Key(RULES, "what an answer means, before the words; the first that fits"),
        "absent_status": Key(state_among(State), "the state when there is no status word"),
        "verify": Key(
            _if_written("verify"), "what an end is held against before it is believed"
        ),
        "troubles": Key(GUARDS, "answers that say nothing about the operation"),
        "wait": Key(WAIT, "where the API names a pause, besides Retry-After"),
        "moves": Key(MOVES, "headers that name the next polling URL"),
        "limits": Key(LIMITS, "what the API allows"),
        "poll": Key(_POLL, "when to ask again"),
        "gone": Key(_GONE, "what 404 or 410 means once it was found"),
        "not_found_grace": Key(duration(0, 3600), "for how long 404 is not final"),
        "confirm": Key(whole_number(1, 10), "equal terminal answers needed"),
        "unknown_after": Key(duration(10, DAY), "for how long unknown words are accepted"),
        "handoff": Key(_if_written("handoff"), "where a starting answer names the operation"),
        "result": Key(_if_written("result"), "the requests towards the result"),
        "final": Key(_if_written("final"), "where the result is, once it succeeded"),
        "on_failure": Key(_if_written("on_failure"), "the requests about why it failed"),
    },
))  # fmt: skip
