"""A secret that cannot be printed by accident.

Decides what a secret looks like everywhere but on the wire: ``***``. Security
rule S5: the value is opened where a request is written to the wire, where it is
checked before its use, where it is stored in the keyring, and where the redactor
learns what to mask; nowhere else. A test holds the list.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final, NoReturn
from urllib.parse import quote_plus

MASK: Final = "***"
SECRET_NAME: Final = re.compile(
    "token|secret|passw|api.?key|credential|authori[sz]ation|bearer|cookie", re.IGNORECASE
)
"""In the name of a key or a variable whose value may be a secret."""

DIGEST: Final = 16
"""Hexadecimal digits that tell the few credentials of one person apart."""


class Secret:
    """A text whose ``str`` and ``repr`` are ``***``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself. Each caller is on the list of S5's test."""
        return self._value

    def within(self, template: str) -> Secret:
        """Return a secret made of *template*, whose ``{secret}`` is this one."""
        return Secret(template.replace("{secret}", self._value))

    def digest(self, key: bytes, about: str) -> str:
        """Return a digest of *about* and this secret that tells nothing without *key* (HMAC)."""
        text = f"{about}\0{self._value}".encode(errors="surrogatepass")
        return hmac.new(key, text, "sha256").hexdigest()[:DIGEST]

    def form_quoted(self) -> Secret:
        """Return this secret as ``application/x-www-form-urlencoded`` writes it."""
        return Secret(quote_plus(self._value))

    @staticmethod
    def basic(username: str, password: Secret) -> Secret:
        """Return the credentials of HTTP Basic authentication (RFC 7617)."""
        pair = f"{username}:{password._value}".encode()
        return Secret("Basic " + base64.b64encode(pair).decode("ascii"))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours = self._value.encode(errors="surrogatepass")
        return hmac.compare_digest(ours, other._value.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled")
