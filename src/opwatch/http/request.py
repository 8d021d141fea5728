"""What a request becomes on the wire, and the one place where secrets are opened.

Decides which headers may be sent at all (security rule S6), that a secret leaves
only over TLS, to this machine, or where a user's own profile allows plain http (S3), and
that the library is told the host and never reads a URL: it goes where the rule that pins
credentials to an origin has looked (S1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpcore2 as httpcore

from opwatch.domain.header_rules import header_refusal, is_header_name, is_header_value
from opwatch.domain.messages import SecretLocation, with_query
from opwatch.domain.origin import (
    DEFAULT_PORTS,
    Origin,
    OriginError,
    parse_origin,
    split_origin,
)
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from opwatch.domain.messages import Request
    from opwatch.http.proxies import Proxy

_METHOD: Final = re.compile(r"[A-Za-z]+")
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST: Final = 8192
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "QUERY"})
# What needs no quoting in any part of a URL (RFC 3986 §3.3 and §3.4).
_PLAIN: Final = re.compile(
    r"/(?:[\w.~!$&()*+,;=:@/-]|%[0-9A-Fa-f]{2})*(?:\?(?:[\w.~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)


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
) -> httpcore.Request:
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
    method = request.method.upper()
    if body or method in _WITH_BODY:
        named["content-length"] = ("Content-Length", str(len(body or b"")))
    host = str(origin).partition("://")[2]
    headers = [(b"Host", host.encode())]
    headers += [(name.encode(), value.encode()) for name, value in named.values()]
    address = httpcore.URL(
        scheme=origin.scheme.encode(),
        host=origin.host.encode(),
        port=None if origin.port == DEFAULT_PORTS[origin.scheme] else origin.port,
        target=target_of(url),
    )
    return httpcore.Request(
        method.encode(), address, headers=headers, content=body, extensions=dict(extensions)
    )


def target_of(url: str) -> bytes:
    """Return what a request line names of *url*: its path and query, quoted.

    Raises:
        FaultError: it is longer than a URL may be.
    """
    rest = split_origin(url)[1]
    if len(rest) <= _LONGEST and _PLAIN.fullmatch(rest) and "/." not in rest:
        return rest.encode()
    import httpx2 as httpx  # noqa: PLC0415, most URLs are plain

    try:
        return httpx.URL(f"//host{rest}").raw_path
    except (httpx.InvalidURL, ValueError):
        raise FaultError(Fault.BAD_REQUEST, "the request cannot be put into HTTP") from None


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


def proxy_of(proxy: Proxy, context: ssl.SSLContext) -> httpcore.Proxy:
    """Return *proxy* as the library takes it; *context* is for one that speaks TLS."""
    headers = []
    if proxy.credentials:
        headers.append((b"Proxy-Authorization", proxy.credentials.reveal().encode()))
    speaks_tls = proxy.origin.scheme == "https"
    return httpcore.Proxy(
        str(proxy.origin), headers=headers, ssl_context=context if speaks_tls else None
    )
