"""Authentication: the schemes of APIs, the sources of secrets, and reports on them.

Decides the closed sets of schemes and sources, which ``profiles`` makes and
``credentials`` uses; and what can be reported of a credential, without showing it, to
a person who asks. Nothing here holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.errors import TriedSource
    from opwatch.domain.trouble import Trouble

BEARER: Final = "Bearer {secret}"
GRANTS: Final = ("client_credentials", "device_code", "refresh_token")


@dataclass(frozen=True, slots=True)
class FromEnv:
    """The environment variable *name*."""

    name: str


@dataclass(frozen=True, slots=True)
class FromFile:
    """The one line of the file at *path* (``~`` is expanded)."""

    path: str


@dataclass(frozen=True, slots=True)
class FromKeyring:
    """The system keyring's entry *service*, bound to the profile's origin."""

    service: str


@dataclass(frozen=True, slots=True)
class FromCommand:
    """What the program *argv* prints. *environ* names variables to pass on.

    *timeout* is in seconds.
    """

    argv: tuple[str, ...]
    environ: tuple[str, ...] = ()
    timeout: float = 30.0
    interactive: bool = False


Source: TypeAlias = FromEnv | FromFile | FromKeyring | FromCommand
Sources: TypeAlias = tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The API wants no credential."""


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """A header whose value is *template* with ``{secret}`` filled in.

    ``Bearer {secret}`` under ``Authorization`` is RFC 6750. An *optional* one is left
    out where no source gives a secret.
    """

    sources: Sources
    name: str = "Authorization"
    template: str = BEARER
    optional: bool = False


@dataclass(frozen=True, slots=True)
class QueryAuth:
    """A query parameter *name* that carries the secret; masked wherever a URL is shown."""

    sources: Sources
    name: str


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP Basic (RFC 7617). The username is *username* or comes from *username_sources*."""

    sources: Sources
    username: str = ""
    username_sources: Sources = ()


@dataclass(frozen=True, slots=True)
class OAuth2Auth:
    """OAuth 2.0 (RFC 6749; device flow RFC 8628). *grant* is one of GRANTS.

    *token_url* and *device_url* are already expanded. *extra* are further form
    fields. *secret_in* is ``body`` or ``header``. The client id is *client_id*
    or comes from *client_id_sources*.
    """

    grant: str
    token_url: str
    client_id: str = ""
    client_id_sources: Sources = ()
    client_secret: Sources = ()
    refresh_token: Sources = ()
    device_url: str | None = None
    scope: str | None = None
    secret_in: str = "body"  # noqa: S105, where the secret goes, not the secret
    extra: Mapping[str, str] = field(default_factory=dict)


Scheme: TypeAlias = NoAuth | HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth


def template_of(scheme: Scheme) -> str:
    """Return what the secret that is stored for *scheme* is put into, empty if it is not a header.

    What is stored for OAuth 2.0 is never sent in a header.
    """
    return scheme.template if isinstance(scheme, HeaderAuth) else ""


class CredentialState(StrEnum):
    """The state of a profile's credential."""

    FOUND = "found"
    MISSING = "missing"
    UNUSABLE = "unusable"
    NOT_RUN = "not_run"
    NOT_NEEDED = "not_needed"
    OPTIONAL = "optional"  # there is none, and the API can do without one
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """What an inspection found of the credential of *profile*.

    *origin* is where it is valid, empty while parameters of the profile are
    missing. *place* is where it would come from, *expires_at* its expiry in seconds
    since the epoch, None if unknown. *notes* are oddities. *problem*, *tried* and
    *fixes* are those of the error that a run would end with.
    """

    profile: str
    standing: CredentialState
    origin: str = ""
    place: str = ""
    expires_at: float | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    tried: tuple[TriedSource, ...] = ()
    fixes: tuple[str, ...] = ()


class TrialOutcome(StrEnum):
    """What one authorized request proved."""

    ACCEPTED = "accepted"
    UNPROVEN = "unproven"  # not refused, but nor is the same request without the credential
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class TrialReport:
    """One authorized request of *profile*: *method* and *url*, and what came of it (*met*).

    It is the one to the token endpoint where that gave no token; both are empty where
    nothing was sent. *status* is the HTTP status, None if no answer came; *trouble* is what went
    wrong. *place* and *expires_at* are those of the credential, as in ``CredentialReport``;
    a profile that wants none, or had none to show where it *is_optional*, has *place*
    empty. *fixes* are ways to give another one, or one at all. *bare_status* is the HTTP
    status of the same request without the credential, None if none came. *reference* names the
    operation that was asked about, or stands for one; *options* choose the profile.
    """

    profile: str
    origin: str
    method: str
    url: str
    met: TrialOutcome
    status: int | None = None
    trouble: Trouble | None = None
    place: str = ""
    expires_at: float | None = None
    is_optional: bool = False
    fixes: tuple[str, ...] = ()
    bare_status: int | None = None
    reference: str = "REF"
    options: OptionWords = ()
