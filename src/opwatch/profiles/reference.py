"""From what a person typed to the operation that it names.

Decides what is a bare id, a path and a URL, that a URL is polled as it was
given, how each is parsed back into parameters, and what is refused (faults 99
to 107): dot segments, controls, and any origin that is not the profile's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from opwatch.domain.errors import BadReferenceError
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.profiles.parameters import ID, PLAIN
from opwatch.profiles.request import with_query
from opwatch.profiles.template import Pattern, Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.origin import AllowedOrigins
    from opwatch.profiles.language import Spec
    from opwatch.profiles.parameters import Param

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_LONGEST: Final = 16_384


class Named(NamedTuple):
    """What a reference says: parameters, and the *url* to be polled as it is."""

    params: dict[str, str]
    url: str | None = None
    id: str = ""


class Address:
    """How the references of one bound profile are read."""

    def __init__(self, spec: Spec, base: str, origins: AllowedOrigins, path: Template | None) -> None:
        self._params: Mapping[str, Param] = spec.params
        self._origins = origins
        self._base = base
        self._prefix = urlsplit(base).path
        wide = frozenset(name for name, param in spec.params.items() if param.wide)
        self._path = Pattern(path, wide) if path else None
        self._in_query = {
            name: text.alone
            for name, texts in spec.request.query.items()
            for text in texts
            if isinstance(text, Template) and text.alone
        }
        if spec.batch and spec.batch.query:
            self._in_query[spec.batch.query] = ID
        self._constant = {
            name: text.text
            for name, texts in spec.request.query.items()
            for text in texts
            if isinstance(text, Template) and not text.names
        }
        self._has_id = path is not None
        self._others = [(text.text, Pattern(text, wide)) for text in spec.references]

    def read(self, reference: str) -> Named:
        """Return what *reference* names.

        Raises:
            BadReferenceError: it names no operation, or a foreign one.
        """
        text = reference.strip()
        if not text:
            raise BadReferenceError(reference, "the reference is empty")
        if len(text) > _LONGEST:
            raise BadReferenceError(text[:80], "the reference is too long")
        if _SCHEME.match(text):
            return self._checked(text, self._of_page(text) or self._of_url(text))
        if text.startswith("/"):
            return self._checked(text, self._of_path(text))
        return self._checked(text, self._of_words(text))

    def _of_page(self, url: str) -> Named | None:
        """Return what the URL of a web page names; the page itself is never asked."""
        bare = url.partition("#")[0].partition("?")[0]
        for text, pattern in self._others:
            found = pattern.match(bare) if _SCHEME.match(text) else None
            if found and ID in found:
                return Named(found)
        return None

    def _of_url(self, url: str) -> Named:
        try:
            origin = parse_origin(url)
        except OriginError as error:
            raise BadReferenceError(url, f"not a status URL: {error}") from error
        if origin not in self._origins:
            message = f"{origin} is not the profile's own ({parse_origin(self._base)})"
            hint = "choose the profile of that API with -p, or list the host under allow_hosts"
            raise BadReferenceError(url, message, hint=hint)
        parts = urlsplit(url)
        if any(unquote(each) in {".", ".."} for each in parts.path.split("/")):
            raise BadReferenceError(url, "the URL holds a '.' or '..' segment")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        lacking = [(name, text) for name, text in self._constant.items() if name not in given]
        whole = with_query(urlunsplit(parts._replace(fragment="")), lacking)
        found = self._parsed(parts.path, given) or {}
        last = [unquote(each) for each in parts.path.split("/") if each]
        return Named(found, whole, found.get(ID) or (last[-1] if last else str(origin)))

    def _of_path(self, path: str) -> Named:
        if path.startswith("//"):
            raise BadReferenceError(path, "a path begins with one '/'; write the whole URL")
        bare, _, query = path.partition("?")
        for text, pattern in self._others:
            found = pattern.match(bare) if text.startswith("/") else None
            if found and ID in found and not query:
                return Named(found)
        found = self._path.match(bare) if self._path else None
        if found and ID in found and not query and not bare.startswith(self._prefix + "/"):
            return Named(found)
        # A path without the base URL's own prefix is meant to follow it.
        joined = self._base + path if found else urljoin(self._base + "/", path)
        return self._of_url(joined)

    def _of_words(self, text: str) -> Named:
        for other, pattern in self._others:
            if not _SCHEME.match(other) and not other.startswith("/"):
                found = pattern.match(text)
                if found and ID in found:
                    return Named(found)
        if not self._has_id:
            message = f"{text!r} is no URL, and this API names its operations by URLs only"
            raise BadReferenceError(text, message, hint="give the status URL of the starting answer")
        return Named({ID: text})

    def _parsed(self, path: str, query: Mapping[str, str]) -> dict[str, str] | None:
        if self._path is None or not path.startswith(self._prefix):
            return None
        found = self._path.match(path[len(self._prefix) :])
        if found is None:
            return None
        for name, param in self._in_query.items():
            if query.get(name):
                found[param] = query[name]
        return found

    def _checked(self, reference: str, named: Named) -> Named:
        for name, value in named.params.items():
            fault = self._params.get(name, PLAIN).fault(name, value)
            if fault:
                raise BadReferenceError(reference, fault)
        return named._replace(id=named.id or named.params.get(ID, ""))
