"""How a secret is put into a request.

Decides the header or query parameter of each scheme, and refuses a scheme whose
header would change how the request travels (rule S6).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth, Scheme
from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Place, Sensitive
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from opwatch.credentials.token import Token

BEARER: Final = "Bearer {secret}"
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_TEMPLATE: Final = re.compile(r"[\x20-\x7e]*\{secret\}[\x20-\x7e]*")
_FRAMING: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
)


def template_of(scheme: Scheme) -> str:
    """Return what the secret of *scheme* is put into."""
    match scheme:
        case HeaderAuth(template=template):
            return template
        case OAuth2Auth():
            return BEARER
        case NoAuth() | QueryAuth() | BasicAuth():
            return ""
        case _:
            assert_never(scheme)


def check(scheme: Scheme) -> None:
    """Refuse a *scheme* that no request can carry safely.

    Raises:
        UsageError: a header that frames the message, or a template that is none.
    """
    if not isinstance(scheme, HeaderAuth):
        return
    if not _NAME.fullmatch(scheme.name) or scheme.name.lower() in _FRAMING:
        raise UsageError(f"a secret cannot be sent in the header {scheme.name!r}")
    if not _TEMPLATE.fullmatch(scheme.template):
        raise UsageError("the template of a header needs {secret} in it, in printable ASCII")


def sign(scheme: Scheme, token: Token) -> tuple[Sensitive, ...]:
    """Return what carries *token* in a request."""
    match scheme:
        case NoAuth():
            return ()
        case HeaderAuth(name=name, template=template):
            return (Sensitive(Place.HEADER, name, token.secret.within(template)),)
        case QueryAuth(name=name):
            return (Sensitive(Place.QUERY, name, token.secret),)
        case BasicAuth():
            credentials = Secret.basic(token.username, token.secret)
            return (Sensitive(Place.HEADER, "Authorization", credentials),)
        case OAuth2Auth():
            return (Sensitive(Place.HEADER, "Authorization", token.secret.within(BEARER)),)
        case _:
            assert_never(scheme)
