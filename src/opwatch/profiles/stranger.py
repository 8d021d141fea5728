"""A profile for a host that it does not know.

Decides that such a host is shown no secret that is kept for another: the
profile lends how to read, and how a token is shown that was given for this very
host (rules S1 and S16).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth
from opwatch.profiles.language.auth import NO_AUTH, AuthSpec

if TYPE_CHECKING:
    from opwatch.domain.auth import Scheme
    from opwatch.profiles.definition import Definition


def estranged(definition: Definition, *, has_token: bool) -> Definition:
    """Return *definition* for a host that it does not know.

    *has_token* tells that a token was given for that host.
    """
    make = definition.spec.auth.make
    auth = AuthSpec(lambda fill: _without_sources(make(fill))) if has_token else NO_AUTH
    # Its path may be the API's; a page there could be anybody's.
    spec = definition.spec._replace(auth=auth, references=())
    return definition._replace(spec=spec)


def _without_sources(scheme: Scheme) -> Scheme:
    match scheme:
        case HeaderAuth(name=name, template=template):
            return HeaderAuth((), name, template)
        case QueryAuth(name=name):
            return QueryAuth((), name)
        case BasicAuth():
            return BasicAuth((), scheme.username, scheme.username_sources)
        case NoAuth() | OAuth2Auth():
            return HeaderAuth(())
