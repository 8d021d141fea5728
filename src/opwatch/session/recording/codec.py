"""The types of a run as JSON, and back; and an answer without its secrets.

Decides that a value left at its default is not written, and what never is: a body that was
read (the answer itself stands beside it), a URL to poll next and cookies, for both may hold
a secret that no redactor knows. Decides what is masked in an answer: each secret that the
run knows, wherever it stands; what a key, a header or a parameter of a URL is named after;
whatever is not text is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import (
    Answer,
    Basis,
    Contradiction,
    Finding,
    InitialAnswer,
    OperationError,
    Reading,
    State,
    Unchanged,
)
from opwatch.domain.outcome import Eagerness, Goal, Reason
from opwatch.domain.secret import MASK, SECRET_NAME
from opwatch.domain.trouble import Fault, Speaker, Trouble
from opwatch.state.discretion import masked_parameters

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


# -- without secrets ---------------------------------------------------------------------

LARGEST_BODY: Final = 256 * 1024
"""Bytes of a body that is kept; of a larger one only what was read in it is."""
_NUMBER: Final = re.compile(r"\d{1,10}(?:\.\d{1,3})?")


def masked_reply(reply: Reply, redact: Callable[[str], str], *, by_name: bool) -> Reply | None:
    """Return *reply* without secrets, None if its body is too large or is not text.

    With *by_name* also without what is only named after one.
    """
    if isinstance(reply, Trouble):
        return reply
    if len(reply.body) > LARGEST_BODY:
        return None
    try:
        text = reply.body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    headers = tuple((name, _header(name, value, redact)) for name, value in reply.headers)
    return replace(
        reply,
        url=masked_parameters(redact(reply.url)),
        headers=Headers(headers),
        body=masked_body(text, redact, by_name=by_name).encode(errors="surrogatepass"),
    )


def _header(name: str, value: str, redact: Callable[[str], str]) -> str:
    if SECRET_NAME.search(name) and not _NUMBER.fullmatch(value):
        return MASK  # a number of tokens that are left is none
    return masked_parameters(redact(value))


def masked_body(text: str, redact: Callable[[str], str], *, by_name: bool) -> str:
    """Return *text* without secrets; it stays the JSON that it is, and as it is if it has none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return redact(masked_parameters(text) if by_name else text)
    masked = _masked(found, redact, by_name=by_name)
    return text if masked == found else json.dumps(masked, ensure_ascii=False)


def _masked(value: Any, redact: Callable[[str], str], *, by_name: bool) -> Any:
    match value:
        case str():
            return redact(masked_parameters(value) if by_name else value)
        case bool() | None:
            return value
        case int() | float():
            # A secret may be all digits.
            return value if redact(shown := str(value)) == shown else MASK
        case list():
            return [_masked(each, redact, by_name=by_name) for each in value]
        case _:
            return {
                redact(key): MASK
                if by_name and isinstance(each, str) and SECRET_NAME.search(key)
                else _masked(each, redact, by_name=by_name)
                for key, each in value.items()
            }
