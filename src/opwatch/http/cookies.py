"""The cookies of a run (RFC 6265).

Decides that a cookie goes back to the origin that has set it and to no other, as long as
the run lasts; and how many a server may set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.cookiejar import Cookie, CookieJar

    from opwatch.domain.origin import Origin

MOST: Final = 50
MOST_BYTES: Final = 16 * 1024
"""What one origin may set (RFC 6265 §6.1 asks for as many); beyond it all of its are dropped."""


class Cookies:
    """A jar for each origin; ``http.cookiejar`` is loaded when the first cookie is set."""

    def __init__(self) -> None:
        self._jars: dict[Origin, CookieJar] = {}

    def keep(self, origin: Origin, url: str, lines: Sequence[str]) -> None:
        """Keep the cookies of *lines*, each a ``Set-Cookie`` that *url* of *origin* sent."""
        if not lines:
            return
        from http.cookiejar import CookieJar  # noqa: PLC0415, few servers set cookies
        from urllib.request import Request  # noqa: PLC0415, few servers set cookies

        jar = self._jars.setdefault(origin, CookieJar())
        answer: Any = _Answer(lines)
        jar.extract_cookies(answer, Request(url))  # noqa: S310, it is never opened
        if len(jar) > MOST or sum(map(_length, jar)) > MOST_BYTES:
            del self._jars[origin]

    def header(self, origin: Origin, url: str) -> str | None:
        """Return what a request to *url* of *origin* says of its cookies, None for nothing."""
        if origin not in self._jars:
            return None
        from urllib.request import Request  # noqa: PLC0415, few servers set cookies

        request = Request(url)  # noqa: S310, it is never opened
        self._jars[origin].add_cookie_header(request)
        return request.get_header("Cookie")

    def names(self) -> list[str]:
        """Return the names of all that are kept."""
        return sorted({each.name for jar in self._jars.values() for each in jar})


class _Answer:
    """An answer as ``http.cookiejar`` asks for it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def info(self) -> _Answer:
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        return [*self._lines] if name.lower() == "set-cookie" else default


def _length(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "")
