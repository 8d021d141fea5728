"""How an API wants to be shown a credential, and where the secret comes from.

Decides the closed sets of schemes and sources. A profile is turned into these
by ``profiles`` and used by ``credentials``; no secret is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    template: str = "Bearer {secret}"
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


GRANTS = ("client_credentials", "device_code", "refresh_token")

Scheme: TypeAlias = NoAuth | HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth
