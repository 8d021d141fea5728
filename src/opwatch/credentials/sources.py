"""The places where a secret is looked for, their order, and what to do about each.

Decides the order for each part of a scheme: standard input, ``OPWATCH_TOKEN``
(only for the profile that the command line names, rule S16), the profile's own
variable ``OPWATCH_<PROFILE>_<PART>``, the sources that the profile lists, and at
last the keyring, where ``opwatch auth login`` puts it.

Decides also that each command that gives a missing credential, or replaces one that is of no
use, is a way out once it is pasted. A variable is named only if it is looked into before the
place that is in the way, for that ends the search; a login only where there is a keyring to
look into; and either for the same profile, whatever options chose it.
"""

from __future__ import annotations

import os
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
from opwatch.domain.command_line import OptionWords, command_to_paste, named, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


# -- what to do about them -------------------------------------------------------------


def assignment(name: str) -> str:
    """Return what sets the variable *name* in the shell of this system."""
    return f'$env:{name} = "…"' if os.name == "nt" else f"export {name}=…"


@dataclass(frozen=True, slots=True)
class Advice:
    """Commands about *profile*, which *options* choose."""

    profile: str
    options: OptionWords = ()

    def login(self, *more: str) -> str:
        """Return the command that stores the credential."""
        return command_to_paste("auth login", named(self.profile, self.options), *more)

    def for_missing(self, sources: PartSources, *, no_keyring: bool) -> tuple[str, ...]:
        """Return what gives the part, which no place holds; *no_keyring*: this machine has none."""
        assign = assignment(self._variable(sources, sources.places))
        if not no_keyring and any(isinstance(each, FromKeyring) for each in sources.places):
            # Nobody has a token of a device login at hand: it comes of a login.
            return (self.login(), assign) if sources.by_device else (assign, self.login())
        return (self.login("--print"), assign) if sources.by_device else (assign,)

    def for_unusable(
        self, sources: PartSources, place: AnySource, *, is_down: bool
    ) -> tuple[str, ...]:
        """Return what leads past *place*, which is of no use; *is_down*: the keyring itself."""
        match place:
            case FromStdin():
                return ("pipe a token into --token-stdin, or leave the option out",)
            case FromEnv(name):
                unset = f"Remove-Item Env:{name}" if os.name == "nt" else f"unset {name}"
                return (assignment(name), unset)
            case FromKeyring() if not is_down:
                return (self.login(),)
            case _:
                before = sources.places[: sources.places.index(place)]
                return (assignment(self._variable(sources, before)),)

    def for_refused(self, parts: Iterable[PartSources], name: str) -> str:
        """Return how the secret that came from the place of that *name* is replaced there."""
        places = (each for part in parts for each in part.places)
        place = next((each for each in places if source_name(each) == name), None)
        match place:
            case None | SkippedSource():
                return ""
            case FromStdin():
                return "pipe another one into --token-stdin"
            case FromEnv(variable):
                return assignment(variable)
            case FromFile(path):
                return f"put another one into {path}"
            case FromKeyring():
                return self.login()
            case FromCommand():
                return f"see to it that  {name}  prints another one"
            case _:
                assert_never(place)

    def _variable(self, sources: PartSources, places: Sequence[AnySource]) -> str:
        """Return the variable among *places* to name: the API's own before the profile's."""
        ours = [variable_of(self.profile, name) for name in sources.part.variables]
        names = [each.name for each in places if isinstance(each, FromEnv)]
        own = [each for each in names if each != COMMON_VARIABLE and each not in ours]
        return own[0] if own else ours[0]
