"""Where a redirect may lead.

Decides which of the redirects that an answer names is followed (security rules
S1 and S2): a GET, at most three hops, to the same origin, to https on the same
host, or to an origin that the profile allows. To any other nothing is sent, not
even a request without credentials.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urldefrag, urljoin

from opwatch.domain.origin import DEFAULT_PORTS, AllowedOrigins, Origin, OriginError, parse_origin
from opwatch.domain.trouble import Fault, Trouble

if TYPE_CHECKING:
    from opwatch.domain.messages import Request, Response

MAX_HOPS: Final = 3
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")


def next_hop(
    request: Request, response: Response, allowed: AllowedOrigins, hops: int
) -> Request | Trouble | None:
    """Return the request that *response* asks for, None when it is not a redirect.

    *hops* redirects have been followed before this one. The credentials of
    *request* stay on it, for it goes nowhere else.
    """
    if response.status not in REDIRECTS:
        return None
    origin = parse_origin(request.url)

    def refuse(fault: Fault, detail: str) -> Trouble:
        return Trouble(fault, detail, status=response.status, host=origin.authority)

    locations = response.headers.all("location")
    if request.method != "GET":
        return refuse(Fault.BAD_REDIRECT, f"a {request.method} is not redirected")
    if len(locations) != 1 or not locations[0] or _FORBIDDEN.search(locations[0]):
        return refuse(Fault.BAD_REDIRECT, "no usable Location")
    try:
        # Bytes beyond ASCII came as Latin-1; quoted as such they are what was sent.
        location = quote(locations[0], safe="%:/?#[]@!$&'()*+,;=~", encoding="latin-1")
        url = urldefrag(urljoin(request.url, location)).url
        target = parse_origin(url)
    except (OriginError, ValueError) as problem:
        return refuse(Fault.BAD_REDIRECT, str(problem))
    if not _may_lead(origin, target, allowed):
        return refuse(Fault.FOREIGN_ORIGIN, str(target))
    if url == request.url or hops >= MAX_HOPS:
        return refuse(Fault.REDIRECT_LOOP, f"redirect {hops + 1}")
    return replace(request, url=url)


def _may_lead(origin: Origin, target: Origin, allowed: AllowedOrigins) -> bool:
    return target == origin or _is_upgrade(origin, target) or target in allowed


def _is_upgrade(origin: Origin, target: Origin) -> bool:
    """Tell whether *target* is *origin* over TLS. Another port may be another server."""
    schemes = (origin.scheme, target.scheme)
    ports = (origin.port, target.port)
    return (
        schemes == ("http", "https")
        and origin.host == target.host
        and ports == (DEFAULT_PORTS["http"], DEFAULT_PORTS["https"])
    )
