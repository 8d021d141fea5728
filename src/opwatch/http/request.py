"""What a request becomes on the wire, and the one place where secrets are opened.

Decides which headers may be sent at all (security rule S6), that a secret leaves
only over TLS, to this machine, or where a user's own profile allows plain http (S3), and
that the library reads the same host from a URL as the rule that pins credentials to an
origin (S1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpx2 as httpx

from opwatch.domain.header_rules import header_refusal, is_header_name, is_header_value
from opwatch.domain.messages import SecretLocation, with_query
from opwatch.domain.origin import Origin, OriginError, parse_origin
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from opwatch.domain.messages import Request
    from opwatch.http.proxies import Proxy

_METHOD: Final = re.compile(r"[A-Za-z]+")
_FORM: Final = "application/x-www-form-urlencoded"


def origin_of(request: Request) -> Origin:
    """Return where *request* goes.

    Raises:
        FaultError: its URL has no origin that can be trusted.
    """
    try:
        return parse_origin(request.url)
    except OriginError as problem:
        raise FaultError(Fault.BAD_REQUEST, str(problem)) from None


def build_request(
    request: Request, origin: Origin, defaults: Mapping[str, str], extensions: Mapping[str, Any]
) -> httpx.Request:
    """Return *request* to *origin* as it is sent, over the headers of *defaults*.

    Raises:
        FaultError: it cannot be sent as it is; the text shows no value of it.
    """
    if not _METHOD.fullmatch(request.method):
        raise FaultError(Fault.BAD_REQUEST, "the method is not one of HTTP")
    is_open = origin.scheme != "https" and not origin.is_loopback
    if request.sensitive and is_open and not request.allow_http:
        raise FaultError(Fault.BAD_REQUEST, "a credential is never sent over plain http")
    named = {
        name.lower(): (name, value)
        for headers in (defaults, request.headers)
        for name, value in headers.items()
    }
    url, body = _open(request, named)
    _check_headers(request, named)
    try:
        outgoing = httpx.Request(
            request.method, url, headers=list(named.values()), content=body, extensions=extensions
        )
        is_same = parse_origin(str(outgoing.url)) == origin
    except (httpx.InvalidURL, ValueError):
        raise FaultError(Fault.BAD_REQUEST, "the request cannot be put into HTTP") from None
    if not is_same:
        raise FaultError(Fault.BAD_REQUEST, "the URL's host can be read in two ways")
    return outgoing


def _open(request: Request, named: dict[str, tuple[str, str]]) -> tuple[str, bytes | None]:
    """Put the secrets of *request* where they belong; return its URL and its body."""
    query: list[tuple[str, str]] = []
    form: list[tuple[str, str]] = []
    for each in request.sensitive:
        value = each.value.reveal()
        match each.location:
            case SecretLocation.HEADER:
                named[each.name.lower()] = (each.name, value)
            case SecretLocation.QUERY:
                query.append((each.name, value))
            case SecretLocation.FORM:
                form.append((each.name, value))
    body = request.body
    if form:
        named.setdefault("content-type", ("Content-Type", _FORM))
        body = b"&".join(filter(None, (body, urlencode(form).encode())))
    return with_query(request.url, query), body


def _check_headers(request: Request, named: Mapping[str, tuple[str, str]]) -> None:
    """Refuse what no other room should have let through; the defaults are our own."""
    secret = {
        each.name.lower() for each in request.sensitive if each.location is SecretLocation.HEADER
    }
    given = secret.union(name.lower() for name in request.headers)
    for key, (name, value) in named.items():
        if not is_header_name(name):
            message = "a header's name may hold letters, digits and '-' only"
            raise FaultError(Fault.BAD_REQUEST, message)
        refusal = header_refusal(name, by_auth=key in secret) if key in given else None
        if refusal:
            raise FaultError(Fault.BAD_REQUEST, refusal)
        if not is_header_value(value):
            raise FaultError(Fault.BAD_REQUEST, f"the value of the header {name} cannot be sent")


def proxy_url(proxy: Proxy, context: ssl.SSLContext) -> httpx.Proxy:
    """Return *proxy* as the library takes it; *context* is for one that speaks TLS."""
    headers = {}
    if proxy.credentials:
        headers["Proxy-Authorization"] = proxy.credentials.reveal()
    speaks_tls = proxy.origin.scheme == "https"
    return httpx.Proxy(
        str(proxy.origin), headers=headers, ssl_context=context if speaks_tls else None
    )
