"""The types of a run as JSON, and back.

Decides that a value left at its default is not written, and what never is: a body that was
read (the answer itself stands beside it), a URL to poll next and cookies, for both may hold
a secret that no redactor knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import (
    Basis,
    Contradiction,
    InitialAnswer,
    OperationError,
    Reading,
    State,
    Unchanged,
)
from opwatch.domain.outcome import Eagerness, Goal, Reason
from opwatch.domain.trouble import Fault, Speaker, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.domain.operation import Answer, Finding

T = TypeVar("T")
Reply: TypeAlias = Response | Trouble

UNWRITTEN: Final = frozenset({"raw", "moved_to", "cookies"})
_READ_BY: Final[Mapping[str, Callable[[Any], Any]]] = {
    "asks_for": tuple,
    "basis": Basis,
    "contradiction": lambda found: Contradiction(*found),
    "created_at": datetime.fromisoformat,
    "error": lambda found: decode(OperationError, found),
    "fault": Fault,
    "findings": lambda found: tuple(_finding(*pair) for each in found for pair in each.items()),
    "finished_at": datetime.fromisoformat,
    "goal": Goal,
    "initial": lambda found: decode(InitialAnswer, found),
    "lines": tuple,
    "notes": tuple,
    "pace": Eagerness,
    "reading": lambda found: decode(Reading, found),
    "reason": Reason,
    "speaker": Speaker,
    "started_at": datetime.fromisoformat,
    "state": State,
    "trouble": lambda found: found and decode(Trouble, found),
    "updated_at": datetime.fromisoformat,
}
"""How a field of that name is read; any other is as JSON has it."""


def encode(value: Any, redact: Callable[[str], str]) -> Any:
    """Return *value* as JSON, without secrets."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: encode(getattr(value, each.name), redact)
            for each in fields(value)
            if each.name not in UNWRITTEN and getattr(value, each.name) != _default(each)
        }
    if isinstance(value, Mapping):
        return {redact(str(key)): encode(each, redact) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [encode(each, redact) for each in value]
    return value


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def decode(kind: type[T], found: Mapping[str, Any]) -> T:
    """Return the *kind* that *found* describes.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it describes none.
    """
    return kind(
        **{name: _READ_BY[name](each) if name in _READ_BY else each for name, each in found.items()}
    )


def encode_answer(answer: Answer, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return *answer* as JSON, without secrets."""
    return {
        "findings": [
            {type(each).__name__.lower(): encode(each, redact)} for each in answer.findings
        ],
        "wait": answer.wait,
        "notes": encode(answer.notes, redact),
        "rate": answer.rate,
    }


def _finding(kind: str, found: Mapping[str, Any]) -> Finding:
    if kind == "unchanged":
        return Unchanged()
    return decode(Reading, found) if kind == "reading" else decode(Trouble, found)


def encode_reply(reply: Reply, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return *reply*, whose secrets are masked, as JSON."""
    if isinstance(reply, Trouble):
        return {"trouble": encode(reply, redact)}
    return {
        "status": reply.status,
        "url": reply.url,
        "headers": [list(pair) for pair in reply.headers],
        "body": reply.body.decode(errors="surrogatepass"),
        "received": reply.received_at,
        **({"anonymous": True} if reply.is_anonymous else {}),
    }


def decode_reply(found: Mapping[str, Any]) -> Reply:
    """Return the reply that *found* describes.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it describes none.
    """
    if "trouble" in found:
        return decode(Trouble, found["trouble"])
    return Response(
        found["status"],
        found["url"],
        Headers(tuple((name, value) for name, value in found["headers"])),
        found["body"].encode(errors="surrogatepass"),
        found["received"],
        is_anonymous=found.get("anonymous", False),
    )
