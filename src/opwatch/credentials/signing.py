"""How a secret is put into a request.

Decides the header or query parameter of each scheme, and refuses a scheme whose
header would change how the request travels (rule S6).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from opwatch.domain.auth import BEARER, BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth, Scheme
from opwatch.domain.errors import UsageError
from opwatch.domain.header_rules import header_refusal, is_header_name
from opwatch.domain.messages import SecretLocation, Sensitive
from opwatch.domain.secret import Secret

if TYPE_CHECKING:
    from opwatch.credentials.token import Token

_TEMPLATE: Final = re.compile(r"[\x20-\x7e]*\{secret\}[\x20-\x7e]*")


def check_scheme(scheme: Scheme) -> None:
    """Refuse a *scheme* that no request can carry safely.

    Raises:
        UsageError: a header that only opwatch sets, or a template without ``{secret}``.
    """
    if not isinstance(scheme, HeaderAuth):
        return
    refusal = header_refusal(scheme.name, by_auth=True)
    if refusal or not is_header_name(scheme.name):
        raise UsageError(refusal or f"{scheme.name!r} is not a header name")
    if not _TEMPLATE.fullmatch(scheme.template):
        raise UsageError("the template of a header needs {secret} in it, in printable ASCII")


def sign(scheme: Scheme, token: Token) -> tuple[Sensitive, ...]:
    """Return what carries *token* in a request."""
    match scheme:
        case NoAuth():
            return ()
        case HeaderAuth(name=name, template=template):
            return (Sensitive(SecretLocation.HEADER, name, token.secret.within(template)),)
        case QueryAuth(name=name):
            return (Sensitive(SecretLocation.QUERY, name, token.secret),)
        case BasicAuth():
            credentials = Secret.basic(token.username, token.secret)
            return (Sensitive(SecretLocation.HEADER, "Authorization", credentials),)
        case OAuth2Auth():
            return (Sensitive(SecretLocation.HEADER, "Authorization", token.secret.within(BEARER)),)
        case _:
            assert_never(scheme)
