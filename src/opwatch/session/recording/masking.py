"""An answer as it may be written down: without secrets, and no larger than need be.

Decides what is masked in it: each secret that the run knows, wherever it stands; what a
key, a header or a parameter of a URL is named after; whatever is not text is left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opwatch.domain.messages import Headers
from opwatch.domain.secret import MASK, SECRET_NAME
from opwatch.domain.trouble import Trouble
from opwatch.state.discretion import masked_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.session.recording.codec import Reply

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
