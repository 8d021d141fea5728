"""What may be written into a file that stays: never what may be a secret.

Decides it for URLs, parameters, headers and the API's own texts, by the name before a value
and, where nothing else protects a URL, by the look of the value. What is masked is lost: a
run that needs it is not resumed from the store, and says so. In doubt it is masked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.domain.header_rules import may_name_a_secret
from opwatch.domain.secret import MASK, SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Redact = Callable[[str], str]

LONGEST_TEXT: Final = 300
_NAME: Final = re.compile(
    r"(?:.*[-_.])?(?:sig(?:nature)?|key|code|auth|session(?:id)?|sid|jwt|pass(?:word|phrase)?|pwd|pin|hmac)"
    r"|.*signature.*|x-(?:amz|goog|ms)-.*",
    re.IGNORECASE,
)
# Letters and digits mixed at some length: no word, no number, no UUID.
_OPAQUE: Final = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}")
_USERINFO: Final = re.compile(r"(?<=//)[^/?#\s@]*@")
_PARAMETER: Final = re.compile(r"([?&;#]([^=?&;#\s\"]*)=)([^&;#\s\"]+)")
_URL: Final = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*", re.IGNORECASE)
_SAID: Final = re.compile(
    rf"(?i)((?:{SECRET_NAME.pattern})[\w-]*[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?)[^\s\"',;&]+"
)


def may_be_secret(name: str, value: str = "") -> bool:
    """Tell whether what is called *name* may be a secret, or *value* looks like one."""
    named = SECRET_NAME.search(name) or _NAME.fullmatch(name) or may_name_a_secret(name)
    return bool(named or _OPAQUE.search(value))


def kept_reference(text: str, redact: Redact, *, signed: bool = False) -> str:
    """Return *text*, an id or a URL, with what may be a secret masked.

    A *signed* one needs no other credential, so any value in its query may be one.
    """
    return redact(masked_parameters(_USERINFO.sub(f"{MASK}@", text, count=1), signed=signed))


def masked_parameters(text: str, *, signed: bool = False) -> str:
    """Return *text* with a mask for each parameter of a URL that may be a secret, by its name.

    Of a *signed* URL it may be one by its look as well.
    """

    def item(found: re.Match[str]) -> str:
        secret = may_be_secret(found[2], found[3] if signed else "")
        return found[1] + MASK if secret else found[0]

    return _PARAMETER.sub(item, text)


def redact_to_keep(redact: Redact) -> Redact:
    """Return *redact*, which then masks what may be a secret in a URL that a person typed too."""
    return lambda text: masked_parameters(redact(text))


def kept_values(
    values: Mapping[str, str], redact: Redact, *, opaque: bool = False
) -> dict[str, str]:
    """Return *values* with those masked that may be secrets; with *opaque*, also by their look."""
    return {
        name: MASK if may_be_secret(name, value if opaque else "") else redact(value)
        for name, value in values.items()
    }


def kept_text(text: str | None, redact: Redact) -> str | None:
    """Return the beginning of an API's own *text*, without the queries of its URLs."""
    if not text:
        return text
    shown = _SAID.sub(rf"\1{MASK}", _URL.sub(rf"\1?{MASK}", redact(text[: 4 * LONGEST_TEXT])))
    return _OPAQUE.sub(MASK, _USERINFO.sub(f"{MASK}@", shown))[:LONGEST_TEXT]


def is_whole(text: str) -> bool:
    """Tell whether nothing of *text* was masked."""
    return MASK not in text
