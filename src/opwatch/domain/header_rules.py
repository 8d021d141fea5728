"""Which request headers nobody may give, and which only a credential may.

Decides it for every room (security rule S6): a profile's ``headers``, its ``auth``
scheme, ``start -H``, and the last check before a request is sent.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_SECRET: Final = re.compile(
    r"(?:.*-)?(?:authorization|cookie|token|secret|password|api-?key|access-key|auth)"
)


class HeaderUse(StrEnum):
    """Why a header is not free to be given, in words that follow its name."""

    CONNECTION = "belongs to the connection"  # RFC 9110 §7.6.1
    FRAMING = "frames the request"  # RFC 9110 §7.2, §8.6, §10.1.1
    CODING = "names the codings that opwatch decodes"
    CREDENTIAL = "carries a credential"


HEADER_USES: Final[Mapping[str, HeaderUse]] = {
    "connection": HeaderUse.CONNECTION,
    "keep-alive": HeaderUse.CONNECTION,
    "proxy-connection": HeaderUse.CONNECTION,
    "te": HeaderUse.CONNECTION,
    "trailer": HeaderUse.CONNECTION,
    "transfer-encoding": HeaderUse.CONNECTION,
    "upgrade": HeaderUse.CONNECTION,
    "content-length": HeaderUse.FRAMING,
    "expect": HeaderUse.FRAMING,
    "host": HeaderUse.FRAMING,
    "accept-encoding": HeaderUse.CODING,
    "authorization": HeaderUse.CREDENTIAL,
    "cookie": HeaderUse.CREDENTIAL,
    "proxy-authorization": HeaderUse.CREDENTIAL,
}


def is_header_name(name: str) -> bool:
    """Tell whether *name* can name a header; ``_`` cannot, for some servers read it as ``-``."""
    return bool(_NAME.fullmatch(name))


def is_header_value(value: str) -> bool:
    """Tell whether *value* can be sent as it is: printable ASCII without spaces around it."""
    return bool(_VALUE.fullmatch(value)) and value == value.strip()


def header_refusal(name: str, *, by_auth: bool = False) -> str | None:
    """Return why the header *name* may not be given, in a sentence, None if it may.

    *by_auth* tells that an ``auth`` scheme gives it, which may carry a credential.
    """
    use = HEADER_USES.get(name.lower())
    if use is None or (by_auth and use is HeaderUse.CREDENTIAL):
        return None
    whose = "only 'auth' may give it" if use is HeaderUse.CREDENTIAL else "only opwatch sets it"
    return f"the header {name} cannot be given: it {use.value}, and {whose}"


def may_name_a_secret(name: str) -> bool:
    """Tell whether the header *name* reads as one that carries a secret."""
    return bool(_SECRET.fullmatch(name.lower()))
