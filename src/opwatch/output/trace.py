"""What ``--verbose`` shows of each exchange.

Decides that a header is shown only if it is on a list of those that cannot
hold a secret (rule S5); of an address, all but its query; of all others, only the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO
from urllib.parse import urlsplit

from opwatch.domain.messages import Request, Response, SecretLocation
from opwatch.domain.secret import MASK
from opwatch.output.streams import Sink
from opwatch.output.text.clean import Redact, as_is
from opwatch.output.text.sentences import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opwatch.domain.trouble import Trouble

SAFE: Final = frozenset(
    [
        "accept",
        "accept-encoding",
        "age",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "etag",
        "if-modified-since",
        "if-none-match",
        "last-modified",
        "ratelimit",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "retry-after",
        "server",
        "user-agent",
        "vary",
        "via",
        "x-github-api-version",
        "x-broker-api-version",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    ]
)
ADDRESSES: Final = frozenset(
    ["azure-asyncoperation", "content-location", "location", "operation-location"]
)
"""Headers that lead somewhere: shown, but for the query, which may be signed."""
LONGEST: Final = 300


def trace(
    stream: TextIO | None, *, redact: Redact = as_is
) -> Callable[[Request, Response | Trouble, float], None]:
    """Return a function that writes an exchange which took some seconds to *stream*."""
    sink = Sink(stream, redact=redact, required=False)

    def show(request: Request, reply: Response | Trouble, seconds: float) -> None:
        sink.line(f"opwatch > {request.method} {sink.show(shown_url(request), LONGEST)}")
        for name, value in _of_request(request):
            sink.line(f"opwatch >   {sink.show(name)}: {sink.show(value)}")
        if isinstance(reply, Response):
            sink.line(f"opwatch < HTTP {reply.status}, {len(reply.body)} bytes, {seconds:.3f}s")
            for name, value in _masked(reply.headers):
                sink.line(f"opwatch <   {sink.show(name)}: {sink.show(value)}")
        else:
            sink.line(f"opwatch < {sink.show(describe(reply))}, {seconds:.3f}s")

    return show


def shown_url(request: Request) -> str:
    """Return the URL of *request* as it may be shown: a secret parameter is masked.

    The whole query of a URL that needs no credential is: a signed URL is one itself.
    """
    if not request.authorize and urlsplit(request.url).query:
        return f"{request.url.partition('?')[0]}?{MASK}"
    added = [
        f"{each.name}={MASK}" for each in request.sensitive if each.location is SecretLocation.QUERY
    ]
    if not added:
        return request.url
    return request.url + ("&" if urlsplit(request.url).query else "?") + "&".join(added)


def _of_request(request: Request) -> list[tuple[str, str]]:
    shown = list(_masked(request.headers.items()))
    shown += [
        (each.name, MASK) for each in request.sensitive if each.location is not SecretLocation.QUERY
    ]
    return shown


def _masked(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, _shown(name.lower(), value)) for name, value in headers)


def _shown(name: str, value: str) -> str:
    if name in ADDRESSES:
        address, mark, _ = value.partition("?")
        return address + (mark and mark + MASK)
    return value if name in SAFE else MASK
