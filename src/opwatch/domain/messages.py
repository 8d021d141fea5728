"""What travels: a request without its secrets opened, and an answer as it came.

Decides the shape of the two messages that ``profiles`` writes and reads,
``credentials`` signs, and ``http`` carries.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opwatch.domain.secret import Secret


class SecretLocation(StrEnum):
    """Where in a request a secret is put."""

    HEADER = "header"
    QUERY = "query"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A secret and the header, query parameter or form field that carries it."""

    location: SecretLocation
    name: str
    value: Secret


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. *authorize* is false where no credential may be added.

    *allow_http*: its secrets may go to another machine over plain http, as a user's own
    profile says.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    authorize: bool = True
    sensitive: tuple[Sensitive, ...] = ()
    allow_http: bool = False

    @property
    def is_safe(self) -> bool:
        """Tell whether the method changes nothing (RFC 9110 §9.2.1)."""
        return self.method in {"GET", "HEAD", "OPTIONS"}

    @property
    def is_anonymous(self) -> bool:
        """Tell whether it carries no credential."""
        return not self.sensitive and all(name.lower() != "authorization" for name in self.headers)

    def carrying(self, *sensitive: Sensitive) -> Request:
        """Return this request with *sensitive* added."""
        return replace(self, sensitive=(*self.sensitive, *sensitive))

    def to(self, url: str) -> Request:
        """Return this request, without secrets, to another *url*."""
        return replace(self, url=url, sensitive=())

    def with_headers(self, **headers: str) -> Request:
        """Return this request with *headers* (``_`` for ``-``) added or replaced."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


def with_query(url: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Return *url*, less its fragment, with *pairs* appended to its query.

    A value may be half a character, as JSON can name one: it is sent as a question mark.
    """
    if not pairs:
        return url
    text = "&".join(
        f"{quote(name, safe='[]$.')}={quote(value, safe='', errors='replace')}"
        for name, value in pairs
    )
    url = urldefrag(url).url.removesuffix("?")
    return f"{url}{'&' if urlsplit(url).query else '?'}{text}"


class Headers:
    """The headers of an answer: case-insensitive, repeated ones kept in order."""

    __slots__ = ("_by_name", "_pairs")

    def __init__(self, pairs: tuple[tuple[str, str], ...] = ()) -> None:
        self._pairs = tuple((name.lower(), value) for name, value in pairs)
        self._by_name: dict[str, list[str]] = {}
        for name, value in self._pairs:
            self._by_name.setdefault(name, []).append(value)

    def get(self, name: str) -> str | None:
        """Return the last value of *name*, or None."""
        values = self.all(name)
        return values[-1] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of *name*, in order."""
        return tuple(self._by_name.get(name.lower(), ()))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def __repr__(self) -> str:
        return f"Headers({len(self._pairs)})"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, read to its end and decoded. *url* is the one that was asked.

    Times of arrival are kept in both clocks: *received_at* in seconds since the
    epoch, for the dates in headers. *is_anonymous* tells that no credential was sent.
    """

    status: int
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)
    received_at: float = 0.0
    http_version: str = "HTTP/1.1"
    is_anonymous: bool = False

    @property
    def is_good(self) -> bool:
        """Tell whether the status is one of success (RFC 9110 §15.3)."""
        return 200 <= self.status < 300  # noqa: PLR2004, the class of status itself

    @property
    def is_redirect(self) -> bool:
        """Tell whether the status is one of redirection (RFC 9110 §15.4)."""
        return 300 <= self.status < 400  # noqa: PLR2004, the class of status itself
