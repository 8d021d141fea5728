"""What one place holds.

Decides, for each kind of place, between three answers: a secret, nothing (the
search goes on), or something that cannot be used, which ends the search, so that
a locked keyring or an empty variable never leads on to another account's token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from opwatch.credentials import helper, secret_file
from opwatch.credentials.expiry import expiry_of_jwt
from opwatch.credentials.sources import Barred, FromStdin, Place, Wanted, name_of
from opwatch.credentials.validation import validated, without_doubled_scheme
from opwatch.domain.auth import FromCommand, FromEnv, FromFile, FromKeyring
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from opwatch.credentials.context import Surroundings
    from opwatch.credentials.keyring import Keychain


@dataclass(frozen=True, slots=True)
class Found:
    """A *secret* from *place*. *expires_at* is in seconds since the epoch."""

    secret: Secret
    place: Place
    expires_at: float | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        """How the place is called in a message."""
        return name_of(self.place)

    @property
    def is_passing(self) -> bool:
        """Tell whether there will be another one soon."""
        return self.expires_at is not None


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing there, and *why*. *is_broken_setup* marks a program that is not installed."""

    why: str
    is_broken_setup: bool = False


@dataclass(frozen=True, slots=True)
class _Raw:
    """What a place holds, before it is known to be usable."""

    secret: Secret
    expires_at: float | None = None


async def look(
    place: Place, wanted: Wanted, surroundings: Surroundings, keychain: Keychain
) -> Found | Absent:
    """Return what *place* holds.

    Raises:
        UnusableError: it holds something that cannot be used.
    """
    raw = await _read(place, wanted, surroundings, keychain)
    if isinstance(raw, Absent):
        return raw
    plain = without_doubled_scheme(raw.secret, wanted.template)
    secret = validated(plain, wanted.part.alphabet)
    note = None
    if plain != raw.secret:
        note = f"{name_of(place)} begins with the scheme's own word, which was left out"
    return Found(secret, place, raw.expires_at or expiry_of_jwt(secret), note)


async def _read(
    place: Place, wanted: Wanted, surroundings: Surroundings, keychain: Keychain
) -> _Raw | Absent:
    match place:
        case Barred(why=why):
            return Absent(why)
        case FromStdin(token):
            return Absent("not given") if token is None else _Raw(token)
        case FromEnv(name):
            value = surroundings.environ.get(name)
            return Absent("not set") if value is None else _Raw(Secret(value))
        case FromFile(path):
            content = secret_file.read(path, surroundings.environ)
            return Absent("no such file") if content is None else _Raw(content)
        case FromKeyring(service):
            entry = await keychain.read(
                service, wanted.account, interactive=surroundings.interactive
            )
            return Absent(entry.why) if entry.value is None else _Raw(entry.value)
        case FromCommand():
            return await _from_command(place, surroundings)
        case _:
            assert_never(place)


async def _from_command(source: FromCommand, surroundings: Surroundings) -> _Raw | Absent:
    try:
        reply = await helper.ask(source, surroundings)
    except helper.ProgramMissingError as problem:
        return Absent(problem.reason, is_broken_setup=True)
    return _Raw(reply.secret, reply.expires_at)
