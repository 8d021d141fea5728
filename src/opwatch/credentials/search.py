"""The search for one part of a credential, and the error when there is none.

Decides what a person reads then: every place that was tried, in order, with what
was found there, and commands to paste that would help.

What one place holds.

Decides, for each kind of place, between three answers: a secret, nothing (the
search goes on), or something that cannot be used, which ends the search, so that
a locked keyring or an empty variable never leads on to another account's token.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from opwatch.credentials import helper, secret_file
from opwatch.credentials.expiry import expiry_of_jwt
from opwatch.credentials.keyring import KeyringDownError
from opwatch.credentials.sources import (
    COMMON_VARIABLE,
    FromStdin,
    Part,
    Place,
    SkippedSource,
    Wanted,
    name_of,
)
from opwatch.credentials.validation import UnusableError, validated, without_doubled_scheme
from opwatch.domain.auth import FromCommand, FromEnv, FromFile, FromKeyring
from opwatch.domain.errors import CredentialError, OpwatchError, Tried, UsageError
from opwatch.domain.secret import Secret
from opwatch.domain.variables import variable_of

if TYPE_CHECKING:
    from opwatch.credentials.context import CredentialContext
    from opwatch.credentials.keyring import Keyring


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
    place: Place, wanted: Wanted, context: CredentialContext, keyring: Keyring
) -> Found | Absent:
    """Return what *place* holds.

    Raises:
        UnusableError: it holds something that cannot be used.
    """
    raw = await _read(place, wanted, context, keyring)
    if isinstance(raw, Absent):
        return raw
    plain = without_doubled_scheme(raw.secret, wanted.template)
    secret = validated(plain, wanted.part.alphabet)
    note = None
    if plain != raw.secret:
        note = f"{name_of(place)} begins with the scheme's own word, which was left out"
    return Found(secret, place, raw.expires_at or expiry_of_jwt(secret), note)


async def _read(
    place: Place, wanted: Wanted, context: CredentialContext, keyring: Keyring
) -> _Raw | Absent:
    match place:
        case SkippedSource(why=why):
            return Absent(why)
        case FromStdin(token):
            return Absent("not given") if token is None else _Raw(token)
        case FromEnv(name):
            value = context.environ.get(name)
            return Absent("not set") if value is None else _Raw(Secret(value))
        case FromFile(path):
            content = secret_file.read(path, context.environ)
            return Absent("no such file") if content is None else _Raw(content)
        case FromKeyring(service):
            entry = await keyring.read(service, wanted.account, interactive=context.interactive)
            return Absent(entry.why) if entry.value is None else _Raw(entry.value)
        case FromCommand():
            return await _from_command(place, context)
        case _:
            assert_never(place)


async def _from_command(source: FromCommand, context: CredentialContext) -> _Raw | Absent:
    try:
        reply = await helper.ask(source, context)
    except helper.ProgramMissingError as problem:
        return Absent(problem.reason, is_broken_setup=True)
    return _Raw(reply.secret, reply.expires_at)


@dataclass(frozen=True, slots=True)
class Missing:
    """No place holds the part. *broken* are programs that cannot be run, and why."""

    tried: tuple[Tried, ...]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seeker:
    """Looks for the parts of the credential of *profile* at *origin*."""

    profile: str
    origin: str
    context: CredentialContext
    keyring: Keyring

    def alone(self) -> Seeker:
        """Return the same one with nobody at the terminal, for the middle of a wait."""
        return replace(self, context=replace(self.context, interactive=False))

    async def look_for(self, wanted: Wanted, before: tuple[Tried, ...] = ()) -> Found | Missing:
        """Return the first find; *before* is what was tried already.

        Raises:
            CredentialError: a place holds something that cannot be used.
        """
        tried, broken = list(before), []
        for place in wanted.places:
            try:
                looked = await look(place, wanted, self.context, self.keyring)
            except UnusableError as problem:
                if wanted.is_optional and isinstance(problem, KeyringDownError):
                    # No other account's secret may follow: none at all is shown then.
                    tried.append(Tried(name_of(place), problem.reason))
                    break
                raise self._unusable(place, wanted, problem, tried) from None
            if isinstance(looked, Found):
                if wanted.part.is_secret:
                    self.context.redactor.learn(looked.secret, passing=looked.is_passing)
                return looked
            tried.append(Tried(name_of(place), looked.why))
            broken += [f"{_subject(place)} {looked.why}"] if looked.is_broken_setup else []
        return Missing(tuple(tried), tuple(broken))

    async def find(self, wanted: Wanted, before: tuple[Tried, ...] = ()) -> Found:
        """Return the first find.

        Raises:
            CredentialError: there is none, or one that cannot be used.
            UsageError: there is none, and a program that would print one is not
                installed (fault 88).
        """
        looked = await self.look_for(wanted, before)
        if isinstance(looked, Found):
            return looked
        raise self.nothing(wanted, looked)

    async def find_name(self, wanted: Wanted, given: str, before: tuple[Tried, ...] = ()) -> str:
        """Return a part that is no secret; *given* is what the profile says outright.

        Raises:
            CredentialError: there is none, and the profile lists places for it.
        """
        looked = await self.look_for(wanted, before)
        if isinstance(looked, Found):
            return looked.secret.reveal()
        if wanted.is_required and not given:
            raise self.nothing(wanted, looked)
        return given

    def nothing(self, wanted: Wanted, missing: Missing) -> OpwatchError:
        """Return the error that says that the part is *missing*."""
        fixes = self._fixes(wanted)
        title = "credential" if wanted.part.is_common else wanted.part.title
        message = f"no {title} for {self.profile!r}"
        if missing.broken:
            what = f"{message} ({self.origin}): {missing.broken[0]}"
            return UsageError(what, hint="   or   ".join(fixes))
        return CredentialError(
            message,
            profile=self.profile,
            origin=self.origin,
            tried=missing.tried,
            fixes=fixes,
            is_absent=True,
        )

    def _unusable(
        self, place: Place, wanted: Wanted, problem: UnusableError, tried: list[Tried]
    ) -> CredentialError:
        # To log in would need the keyring too.
        fixes = self._fixes(wanted, login=not isinstance(problem, KeyringDownError))
        return CredentialError(
            f"{_subject(place)} {problem.reason}",
            profile=self.profile,
            origin=self.origin,
            tried=(*tried, Tried(name_of(place), problem.reason)),
            fixes=(problem.fix,) if problem.fix else fixes,
        )

    def _fixes(self, wanted: Wanted, *, login: bool = True) -> tuple[str, ...]:
        own = [each.name for each in wanted.places if isinstance(each, FromEnv)]
        own = [each for each in own if each != COMMON_VARIABLE]
        # The API's own variable, which the profile names, before the one made of its name.
        ours = {variable_of(self.profile, name) for name in wanted.part.variables}
        name = next((each for each in own if each not in ours), own[0])
        assign = f'$env:{name} = "…"' if os.name == "nt" else f"export {name}=…"
        if not login:
            return (assign,)
        log_in = f"opwatch auth login -p {self.profile}"
        # Nobody has a refresh token at hand: it is the fruit of a login.
        return (log_in, assign) if wanted.part is Part.REFRESH_TOKEN else (assign, log_in)


def _subject(place: Place) -> str:
    """Return *place* as a message begins with it: a command line in quotes."""
    name = name_of(place)
    return f"'{name}'" if isinstance(place, FromCommand) and "'" not in name else name
