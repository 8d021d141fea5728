"""The headers that a person gives with ``-H``, for the requests of a whole run.

Decides which of them may be given, that one is never sent to a second host where it may
carry a secret, and which belong to the request that starts an operation and to no poll
after it: those about its body, and those that make it conditional or repeatable.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.domain.auth import HeaderAuth
from opwatch.domain.errors import UsageError
from opwatch.domain.header_rules import (
    HEADER_USES,
    HeaderUse,
    header_refusal,
    is_header_name,
    is_header_value,
    may_name_a_secret,
)
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opwatch.profiles import Profile

# RFC 9110 §8 and §13, RFC 7240 (Prefer: respond-async).
_OF_START_ONLY: Final = re.compile(r"(?i)content-.*|if-.*|prefer|range|idempotency-key")


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """Return the headers of *lines*, each ``Name: value``; an empty value leaves one out.

    Raises:
        UsageError: one is not of that form. Its value is not shown.
    """
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not (is_header_name(name) and is_header_value(value.strip())):
            raise UsageError(f"the header {name[:40]!r} is not 'Name: value' in plain ASCII")
        found[name] = value.strip()
    return found


def for_polls(lines: Sequence[str]) -> list[str]:
    """Return those of *lines*, given for a start, that the polls after it carry too."""
    return [each for each in lines if not _OF_START_ONLY.fullmatch(each.partition(":")[0])]


def secrets_in(headers: Mapping[str, str]) -> list[Secret]:
    """Return the values that may be secrets, for whoever masks them."""
    return [Secret(value) for name, value in headers.items() if value and may_name_a_secret(name)]


def check_headers(profiles: Iterable[Profile], headers: Mapping[str, str]) -> None:
    """Refuse what nobody may give to the APIs of *profiles*.

    Raises:
        UsageError: one frames the message, or carries a credential.
    """
    for profile in profiles:
        for name in headers:
            _check_header(profile, name)


def _check_header(profile: Profile, name: str) -> None:
    is_own = isinstance(profile.auth, HeaderAuth) and name.lower() == profile.auth.name.lower()
    if is_own or HEADER_USES.get(name.lower()) is HeaderUse.CREDENTIAL:
        hint = (
            f"the credential of {profile.name!r} comes from the sources under 'auth' in its profile"
        )
        raise UsageError(f"the header {name} cannot be given: it carries a credential", hint=hint)
    refusal = header_refusal(name)
    if refusal:
        raise UsageError(refusal)
