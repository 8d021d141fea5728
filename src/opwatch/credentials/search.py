"""The search for one part of a credential, place by place, and the error without one.

Decides what each place answers: a secret, nothing (the search goes on), or something
that cannot be used, which ends the search, so that a locked keyring or an empty
variable never leads on to another account's token. A person who has none reads every
place that was tried, in order, with the result there, and commands to paste.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, assert_never

from opwatch.credentials.sources import (
    Advice,
    AnySource,
    FromStdin,
    Part,
    PartSources,
    SkippedSource,
    ordered_places,
    source_name,
    subject_of,
)
from opwatch.credentials.validation import (
    KeyringDownError,
    UnusableError,
    expiry_of_jwt,
    validated,
    without_doubled_scheme,
)
from opwatch.domain.auth import FromCommand, FromEnv, FromFile, FromKeyring, Sources
from opwatch.domain.errors import CredentialError, OpwatchError, TriedSource, UsageError
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from opwatch.credentials.context import CredentialContext, Keyring
    from opwatch.domain.command_line import OptionWords

CLOCKS_APART: Final = 60.0
"""Seconds by which a token may seem to have ended before that is told."""


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A *secret* from *place*. *expires_at* is in seconds since the epoch."""

    secret: Secret
    place: AnySource
    expires_at: float | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        """How the place is called in a message."""
        return source_name(self.place)


@dataclass(frozen=True, slots=True)
class EmptySource:
    """A place without a secret, and *why*.

    *is_broken_setup*: its program is not installed. *no_keyring*: the machine has none.
    """

    why: str
    is_broken_setup: bool = False
    no_keyring: bool = False


@dataclass(frozen=True, slots=True)
class MissingPart:
    """No place holds the part. *broken* are programs that cannot be run, and why."""

    tried: tuple[TriedSource, ...]
    broken: tuple[str, ...] = ()
    no_keyring: bool = False


@dataclass(frozen=True, slots=True)
class CredentialSearch:
    """Looks for the parts of the credential of *profile*, which *options* choose, at *origin*.

    *keyring* opens the keyring, which few searches get to.
    """

    profile: str
    origin: str
    context: CredentialContext
    keyring: Callable[[], Keyring]
    options: OptionWords = ()

    @property
    def advice(self) -> Advice:
        """What to do about what is found."""
        return Advice(self.profile, self.options)

    def unattended(self) -> CredentialSearch:
        """Return the same search with nobody at the terminal, for the middle of a wait."""
        return replace(self, context=replace(self.context, interactive=False))

    def sources_of(
        self,
        part: Part,
        sources: Sources,
        account: str,
        *,
        in_keyring: bool = False,
        template: str = "",
    ) -> PartSources:
        """Return *part* with its places in order; it is required if the profile lists any."""
        places = ordered_places(
            part, sources, profile=self.profile, in_keyring=in_keyring, context=self.context
        )
        return PartSources(part, places, account, template, is_required=bool(sources))

    async def find(
        self, sources: PartSources, before: tuple[TriedSource, ...] = ()
    ) -> FoundSecret | MissingPart:
        """Return the first find; *before* is what was tried already.

        Raises:
            CredentialError: a place holds something that cannot be used.
        """
        tried, broken, no_keyring = list(before), [], False
        for place in sources.places:
            try:
                result = await search_source(place, sources, self.context, self.keyring)
            except UnusableError as problem:
                if sources.is_optional and isinstance(problem, KeyringDownError):
                    # No other account's secret may follow: none at all is shown then.
                    tried.append(TriedSource(source_name(place), problem.reason))
                    no_keyring = True
                    break
                raise self._unusable_error(place, sources, problem, tried) from None
            if isinstance(result, FoundSecret):
                if sources.part.is_secret:
                    is_passing = result.expires_at is not None
                    self.context.redactor.learn(result.secret, passing=is_passing)
                return result
            tried.append(TriedSource(source_name(place), result.why))
            no_keyring |= result.no_keyring
            broken += [f"{subject_of(place)} {result.why}"] if result.is_broken_setup else []
        return MissingPart(tuple(tried), tuple(broken), no_keyring)

    async def require(
        self, sources: PartSources, before: tuple[TriedSource, ...] = ()
    ) -> FoundSecret:
        """Return the first find.

        Raises:
            CredentialError: there is none, or one that cannot be used.
            UsageError: there is none, and a program that would print one is not
                installed (fault 88).
        """
        result = await self.find(sources, before)
        if isinstance(result, FoundSecret):
            return result
        raise self.missing_error(sources, result)

    async def require_text(
        self, sources: PartSources, in_profile: str, before: tuple[TriedSource, ...] = ()
    ) -> str:
        """Return a part that is not secret; *in_profile* is the one that stands in the profile.

        Raises:
            CredentialError: there is none, and the profile lists places for it.
        """
        result = await self.find(sources, before)
        if isinstance(result, FoundSecret):
            return result.secret.reveal()
        if sources.is_required and not in_profile:
            raise self.missing_error(sources, result)
        return in_profile

    def missing_error(self, sources: PartSources, missing: MissingPart) -> OpwatchError:
        """Return the error that says that the part is *missing*."""
        fixes = self.advice.for_missing(sources, no_keyring=missing.no_keyring)
        title = "credential" if sources.part.is_common else sources.part.title
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

    def _unusable_error(
        self,
        place: AnySource,
        sources: PartSources,
        problem: UnusableError,
        tried: list[TriedSource],
    ) -> CredentialError:
        is_down = isinstance(problem, KeyringDownError)
        fixes = self.advice.for_unusable(sources, place, is_down=is_down)
        return CredentialError(
            f"{subject_of(place)} {problem.reason}",
            profile=self.profile,
            origin=self.origin,
            tried=(*tried, TriedSource(source_name(place), problem.reason)),
            fixes=(problem.fix,) if problem.fix else fixes,
        )


@dataclass(frozen=True, slots=True)
class _Raw:
    """What a place holds, before it is known to be usable."""

    secret: Secret
    expires_at: float | None = None


async def search_source(
    place: AnySource,
    sources: PartSources,
    context: CredentialContext,
    keyring: Callable[[], Keyring],
) -> FoundSecret | EmptySource:
    """Return what *place* holds.

    Raises:
        UnusableError: it holds something that cannot be used.
    """
    raw = await _read_source(place, sources, context, keyring)
    if isinstance(raw, EmptySource):
        return raw
    plain = without_doubled_scheme(raw.secret, sources.template)
    secret = validated(plain, sources.part.alphabet)
    note = None
    if plain != raw.secret:
        note = f"{source_name(place)} begins with the scheme's own word, which was left out"
    expires_at = raw.expires_at or expiry_of_jwt(secret)
    if expires_at is not None and expires_at < context.wall() - CLOCKS_APART:
        ended = datetime.fromtimestamp(expires_at, UTC)
        note = f"{source_name(place)} holds a token that expired on {ended:%Y-%m-%d}"
    return FoundSecret(secret, place, expires_at, note)


async def _read_source(
    place: AnySource,
    sources: PartSources,
    context: CredentialContext,
    keyring: Callable[[], Keyring],
) -> _Raw | EmptySource:
    match place:
        case SkippedSource(why=why):
            return EmptySource(why)
        case FromStdin(token):
            return EmptySource("not given") if token is None else _Raw(token)
        case FromEnv(name):
            value = context.environ.get(name)
            return EmptySource("not set") if value is None else _Raw(Secret(value))
        case FromFile(path):
            from opwatch.credentials.secret_file import read_secret_file  # noqa: PLC0415, as the next

            content = read_secret_file(path, context.environ)
            return EmptySource("no such file") if content is None else _Raw(content)
        case FromKeyring(service):
            entry = await keyring().read_entry(
                service, sources.account, interactive=context.interactive
            )
            if entry.value is None:
                return EmptySource(entry.why, no_keyring=entry.no_keyring)
            return _Raw(entry.value)
        case FromCommand():
            from opwatch.credentials.helper import (  # noqa: PLC0415, few profiles name one
                ProgramMissingError,
                ask_helper,
            )

            try:
                reply = await ask_helper(place, context)
            except ProgramMissingError as problem:
                return EmptySource(problem.reason, is_broken_setup=True)
            return _Raw(reply.secret, reply.expires_at)
        case _:
            assert_never(place)
