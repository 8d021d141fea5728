"""The places where a secret is looked for, and their order.

Decides the order for each part of a scheme: standard input, ``OPWATCH_TOKEN``
(only for the profile that the command line names, rule S16), the profile's own
variable ``OPWATCH_<PROFILE>_<PART>``, the sources that the profile lists, and at
last the keyring, where ``opwatch auth login`` puts it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, assert_never

from opwatch.credentials.validation import Alphabet
from opwatch.domain.auth import (
    BasicAuth,
    FromCommand,
    FromEnv,
    FromFile,
    FromKeyring,
    HeaderAuth,
    OAuth2Auth,
    QueryAuth,
    Source,
    Sources,
)
from opwatch.domain.command_line import variable_of

if TYPE_CHECKING:
    from opwatch.credentials.context import CredentialContext
    from opwatch.domain.secret import Secret

STDIN = "--token-stdin"
COMMON_VARIABLE = "OPWATCH_TOKEN"
_LONGEST_NAME = 80


class Part(Enum):
    """A part of a credential: its name in messages, its variables, its alphabet."""

    TOKEN = ("token", ("TOKEN",), Alphabet.TOKEN)
    USERNAME = ("username", ("USERNAME",), Alphabet.TEXT)
    PASSWORD = ("password", ("PASSWORD", "TOKEN"), Alphabet.TEXT)
    CLIENT_ID = ("client id", ("CLIENT_ID",), Alphabet.TEXT)
    CLIENT_SECRET = ("client secret", ("CLIENT_SECRET",), Alphabet.TEXT)
    REFRESH_TOKEN = ("refresh token", ("REFRESH_TOKEN",), Alphabet.TOKEN)

    def __init__(self, title: str, variables: tuple[str, ...], alphabet: Alphabet) -> None:
        self.title = title
        self.variables = variables
        self.alphabet = alphabet

    @property
    def is_secret(self) -> bool:
        """Whether it must be masked wherever it turns up."""
        return self not in {Part.USERNAME, Part.CLIENT_ID}

    @property
    def is_common(self) -> bool:
        """Whether standard input and ``OPWATCH_TOKEN`` may hold it."""
        return self in {Part.TOKEN, Part.PASSWORD}


@dataclass(frozen=True, slots=True)
class FromStdin:
    """The token that ``--token-stdin`` read, None without the option."""

    token: Secret | None


@dataclass(frozen=True, slots=True)
class SkippedSource:
    """A place that is not searched, and *why*."""

    name: str
    why: str


AnySource: TypeAlias = Source | FromStdin | SkippedSource


@dataclass(frozen=True, slots=True)
class PartSources:
    """A *part* of a credential and the places to look for it in order.

    *account* names the entry in the keyring: the origin that the secret is for.
    *template* is what it will be put into. Without one that *is_required* there
    is no credential; without one that *is_optional* none is shown. One *by_device* comes
    of a login with a code.
    """

    part: Part
    places: tuple[AnySource, ...]
    account: str
    template: str = ""
    is_required: bool = True
    is_optional: bool = False
    by_device: bool = False


def ordered_places(
    part: Part, sources: Sources, *, profile: str, in_keyring: bool, context: CredentialContext
) -> tuple[AnySource, ...]:
    """Return the places for *part*; *in_keyring* adds the keyring if it is not listed."""
    places: list[AnySource] = []
    if part.is_common:
        places += _common_places(context)
    places += [FromEnv(variable_of(profile, name)) for name in part.variables]
    places += sources
    is_listed = any(isinstance(each, FromKeyring) for each in sources)
    if in_keyring and context.asks_keyring and not is_listed:
        implicit = FromKeyring(profile)
        places.append(SkippedSource("keyring", "not asked in CI") if context.ci else implicit)
    return tuple(dict.fromkeys(places))


def stored_part(scheme: HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth) -> tuple[Part, Sources]:
    """Return the part that ``opwatch auth login`` stores in the keyring, and its sources."""
    match scheme:
        case HeaderAuth() | QueryAuth():
            return Part.TOKEN, scheme.sources
        case BasicAuth():
            return Part.PASSWORD, scheme.sources
        case OAuth2Auth(grant="client_credentials"):
            return Part.CLIENT_SECRET, scheme.client_secret
        case OAuth2Auth():
            return Part.REFRESH_TOKEN, scheme.refresh_token
        case _:
            assert_never(scheme)


def source_name(place: AnySource) -> str:
    """Return how *place* is called in a message."""
    match place:
        case FromStdin():
            return STDIN
        case FromEnv(name):
            return name
        case FromFile(path):
            return path
        case FromKeyring():
            return "keyring"
        case FromCommand(argv):
            line = shlex.join(argv)
            return line if len(line) <= _LONGEST_NAME else line[:_LONGEST_NAME] + "…"
        case SkippedSource(name):
            return name
        case _:
            assert_never(place)


def subject_of(place: AnySource) -> str:
    """Return *place* as the subject of a message: a command line in quotes."""
    name = source_name(place)
    return f"'{name}'" if isinstance(place, FromCommand) and "'" not in name else name


def _common_places(context: CredentialContext) -> list[AnySource]:
    if context.named_on_command_line:
        return [FromStdin(context.token_from_stdin), FromEnv(COMMON_VARIABLE)]
    why = "only for the one profile that the command line names"
    return [SkippedSource(STDIN, why), SkippedSource(COMMON_VARIABLE, why)]
