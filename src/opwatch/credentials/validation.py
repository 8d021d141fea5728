"""Which texts can be a secret.

Decides, before one is used, that it can travel: a token goes into a header as it
is, so it is printable ASCII without spaces; a password is encoded first, so it
may hold anything but control characters. A refusal says where and what kind of
character, never the text (fault 93).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from opwatch.domain.secret import Secret

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
