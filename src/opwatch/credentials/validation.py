"""Which texts can be a secret, when one ends, and when to get the next one.

Decides, before one is used, that it can travel: a token goes into a header as it
is, so it is printable ASCII without spaces; a password is encoded first, so it
may hold anything but control characters. A refusal says where and what kind of
character, never the text (fault 93).

Decides also how long a token is used: to 80 % of the lifetime that its server states, and
until it is refused where none is stated (fault 95). No end is ever made up.
"""

from __future__ import annotations

import base64
import json
import re
from enum import Enum
from typing import Any, Final

from opwatch.domain.moments import moment_of, number_of
from opwatch.domain.secret import Secret

# -- which texts -----------------------------------------------------------------------

SPACE: Final = 0x20
DELETE: Final = 0x7F
SURROGATES: Final = range(0xD800, 0xE000)
"""Python's stand-ins for bytes that could not be decoded."""


class Alphabet(Enum):
    """The characters that a secret of a kind may hold."""

    TOKEN = re.compile(r"[\x21-\x7e]+")
    TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class UnusableError(Exception):
    """A place holds something that cannot be used. It ends the search.

    *reason* follows the name of the place; *fix* is a command to paste. It never
    leaves this room.
    """

    def __init__(self, reason: str, *, fix: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


class KeyringDownError(UnusableError):
    """The keyring itself cannot be used, whatever it holds."""


def decoded(content: bytes) -> str | None:
    """Return the UTF-8 text of *content*, None if it is not UTF-8.

    Not an exception, since that of the library would hold the content.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def as_secret(text: str, alphabet: Alphabet = Alphabet.TOKEN) -> Secret:
    """Return *text*, less one trailing line end, as a secret.

    Raises:
        UnusableError: it is empty or holds a character outside *alphabet*.
    """
    line = text.removesuffix("\n").removesuffix("\r")
    if not line:
        raise UnusableError("is empty")
    match = alphabet.value.match(line)
    end = match.end() if match else 0
    if end < len(line):
        raise UnusableError(f"holds {_kind(line[end])} at position {end + 1}")
    return Secret(line)


def validated(secret: Secret, alphabet: Alphabet) -> Secret:
    """Return *secret*, less one trailing line end, if it can travel.

    Raises:
        UnusableError: as ``as_secret``.
    """
    return as_secret(secret.reveal(), alphabet)


def without_doubled_scheme(secret: Secret, template: str) -> Secret:
    """Return *secret* without the word that *template* begins with already.

    ``Bearer abc`` in a variable whose header is ``Bearer {secret}`` would be sent
    as ``Bearer Bearer abc`` (fault 94).
    """
    word, text = template.partition("{secret}")[0], secret.reveal()
    if word.strip() and text[: len(word)].lower() == word.lower():
        return Secret(text[len(word) :].lstrip(" "))
    return secret


def _kind(character: str) -> str:
    match ord(character):
        case 0x0A | 0x0D:
            return "a line break"
        case code if code == SPACE:
            return "a space"
        case code if code in SURROGATES:
            return "a byte that is not UTF-8"
        case code if code < SPACE or code == DELETE:
            return "a control character"
        case _:
            return "a character outside ASCII" if ord(character) > DELETE else "a character"


# -- when it ends ----------------------------------------------------------------------

# All in seconds.
SHORTEST: Final = 1.0
LONGEST: Final = 86400.0
ENDED: Final = 30.0
MOST: Final = 100 * 365 * 86400.0
SHARE: Final = 0.8


def lifetime_of(expires_in: Any) -> float | None:
    """Return the seconds that an OAuth2 ``expires_in`` of any type and size states.

    None where it states none: a token that has ended before it came is no answer, and some
    servers write 0 for one that does not end.
    """
    seconds = number_of(expires_in)
    return min(MOST, seconds) if seconds is not None and seconds > 0 else None


def renewal_pause(left: float) -> float:
    """Return after how many seconds a token is renewed that has *left* seconds to go.

    One that has ended as it comes, by this machine's clock, is used all the same, and not
    asked for again at once.
    """
    return SHARE * (min(LONGEST, max(SHORTEST, left)) if left > 0 else ENDED)


def expiry_of(value: Any) -> float | None:
    """Return the seconds since the epoch that *value* names, None if none.

    A text without an offset is local time, as the Azure command line prints it. A moment
    before 1970 is none.
    """
    moment = moment_of(value, local=True)
    return moment.timestamp() if moment and moment.timestamp() >= 0 else None


def expiry_of_jwt(secret: Secret) -> float | None:
    """Return the ``exp`` of a JSON Web Token (RFC 7519 §4.1.4), None for other secrets.

    It is not verified: it only tells when to look for the next one.
    """
    parts = secret.reveal().split(".")
    if len(parts) != len(("header", "claims", "signature")):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return expiry_of(claims.get("exp")) if isinstance(claims, dict) else None
