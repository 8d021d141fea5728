"""What a request becomes on the wire, and the one place where secrets are opened.

Decides which headers may be sent at all (security rule S6), that a secret leaves
only over TLS, to this machine, or where a user's own profile allows plain http (S3), and
that a request goes where the rule that pins credentials to an origin has looked (S1): a
connection is to an origin, and nobody reads the host out of the URL again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from opwatch.domain.header_rules import header_refusal, is_header_name, is_header_value
from opwatch.domain.messages import Request, SecretLocation, with_query
from opwatch.domain.origin import Origin, OriginError, parse_origin, split_origin
from opwatch.domain.trouble import Fault
from opwatch.http.faults import FaultError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.http.proxies import Proxy

_METHOD: Final = re.compile(r"[A-Za-z]+")
_FORM: Final = "application/x-www-form-urlencoded"
LONGEST: Final = 64 * 1024
"""Characters of a path and query; RFC 9110 §4.1 asks for 8,000 at least."""
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "QUERY"})
# What needs no quoting in any part of a URL (RFC 3986 §3.3 and §3.4).
_PLAIN: Final = re.compile(
    r"/(?:[\w.~!$&()*+,;=:@/-]|%[0-9A-Fa-f]{2})*(?:\?(?:[\w.~!$&()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)
# The other characters that are sent as they are; ``parse_origin`` has refused the rest of ASCII.
_SAFE: Final = "/%!$&'()*+,;=:@[]~?"
_STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it is written: every secret in it is open."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)


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
    request: Request,
    origin: Origin,
    defaults: Mapping[str, str],
    *,
    proxy: Proxy | None = None,
    cookie: str | None = None,
) -> Outgoing:
    """Return *request* to *origin* as it is sent, over the headers of *defaults*.

    Through a *proxy* that is asked for a plain http URL, it names the whole of it (RFC 9112
    §3.2.2). *cookie* is sent beside one that is a credential.

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
        named["content-length"] = ("Content-Length", str(len(body)))
    if cookie:
        credential = named.get("cookie", ("", ""))[1]
        named["cookie"] = ("Cookie", "; ".join(filter(None, (credential, cookie))))
    target = target_of(url)
    if proxy and origin.scheme == "http":
        target = str(origin).encode() + target
        named |= authorization_of(proxy)
    named = {"host": ("Host", str(origin).partition("://")[2]), **named}
    headers = [(name.encode(), value.encode()) for name, value in named.values()]
    return Outgoing(method.encode(), target, headers, body)


def build_connect(origin: Origin, proxy: Proxy) -> Outgoing:
    """Return the request for a tunnel through *proxy* to *origin* (RFC 9110 §9.3.6)."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    named = {"host": ("Host", target), **authorization_of(proxy)}
    headers = [(name.encode(), value.encode()) for name, value in named.values()]
    return Outgoing(b"CONNECT", target.encode(), headers, b"")


def authorization_of(proxy: Proxy) -> dict[str, tuple[str, str]]:
    """Return the header that tells *proxy* who asks, nothing if it is not to know."""
    if not proxy.credentials:
        return {}
    return {"proxy-authorization": ("Proxy-Authorization", proxy.credentials.reveal())}


def target_of(url: str) -> bytes:
    """Return what a request line names of *url*: its path and query, quoted.

    Raises:
        FaultError: it is longer than a URL may be.
    """
    rest = split_origin(url)[1]
    if len(rest) > LONGEST:
        raise FaultError(Fault.BAD_REQUEST, "the URL is too long")
    if _PLAIN.fullmatch(rest) and "/." not in rest:
        return rest.encode()
    path, mark, query = rest.partition("#")[0].partition("?")
    target = _STRAY.sub("%25", _without_dots(path) + mark + query)
    return quote(target, safe=_SAFE).encode()


def _without_dots(path: str) -> str:
    """Return *path* without the segments ``.`` and ``..`` (RFC 3986 §5.2.4)."""
    kept = [""]
    segments = path.split("/")[1:] or [""]
    for each in segments:
        if each == "..":
            kept = kept[:-1] or [""]
        elif each != ".":
            kept.append(each)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)


def _open(request: Request, named: dict[str, tuple[str, str]]) -> tuple[str, bytes]:
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
    body = request.body or b""
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
        if key not in given:
            continue
        if not is_header_name(name):
            message = "a header's name may hold letters, digits and '-' only"
            raise FaultError(Fault.BAD_REQUEST, message)
        refusal = header_refusal(name, by_auth=key in secret)
        if refusal:
            raise FaultError(Fault.BAD_REQUEST, refusal)
        if not is_header_value(value):
            raise FaultError(Fault.BAD_REQUEST, f"the value of the header {name} cannot be sent")
