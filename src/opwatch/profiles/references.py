"""References: from what a person gives to the operation that it names.

Decides what is a bare id, a path and a URL, that a URL is polled as it was given, how
each is parsed back into parameters, and what is refused (faults 99 to 107): dot
segments, control characters, and any origin that is not the profile's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from opwatch.domain.errors import BadReferenceError
from opwatch.domain.messages import with_query
from opwatch.domain.origin import AllowedOrigins, Origin, OriginError, parse_origin
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.references import SCHEME, ReferenceMatcher, ReferencePattern
from opwatch.profiles.language.request import query_of
from opwatch.profiles.language.template import Template
from opwatch.profiles.yaml.nodes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opwatch.profiles.language.spec import Spec

_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_LONGEST: Final = 16_384
_NOTHING: Final = frozenset({"null", "None"})


def is_url(reference: str) -> bool:
    """Tell whether *reference* is an absolute http(s) URL."""
    return bool(_URL.match(reference.strip()))


def origin_of(url: str) -> Origin:
    """Return the origin of *url*, which a person gives as a status URL.

    Raises:
        BadReferenceError: it has none that can be trusted.
    """
    try:
        return parse_origin(url)
    except OriginError as error:
        raise BadReferenceError(url, f"not a status URL: {error}") from error


class ResolvedReference(NamedTuple):
    """The *params* and the *id* of an operation, and the *url* if it is polled as given."""

    params: dict[str, str]
    url: str | None = None
    id: str = ""


class ReferenceResolver:
    """Resolves the references of one bound profile."""

    def __init__(
        self, spec: Spec, params: Mapping[str, str], base: str, origins: AllowedOrigins
    ) -> None:
        self._spec = spec
        self._params = params
        self._origins = origins
        self._base = base
        self._prefix = urlsplit(base).path
        known = {*spec.params, ID}
        wide = frozenset(name for name, param in spec.params.items() if param.wide)
        self._own: ReferenceMatcher | None = None
        if spec.request.path:
            own = ReferencePattern(spec.request.path.choose(params))
            self._own = ReferenceMatcher(own, wide, known)
            self._own.in_query.update(_in_query(spec))
        self._others = [
            ReferenceMatcher(each, wide, known, spec.base_url) for each in spec.references
        ]

    def resolve(self, reference: str, given: Mapping[str, str]) -> ResolvedReference:
        """Return what *reference* names; *given* are the parameters given with it.

        Raises:
            BadReferenceError: it does not name an operation of this profile.
        """
        text = reference.strip(" \t\r\n")
        if not text:
            raise BadReferenceError(reference, "the reference is empty")
        if text in _NOTHING:
            nothing = "that is how jq, or aws --output text, prints a field that is not there"
            raise BadReferenceError(text, nothing)
        if len(text) > _LONGEST:
            raise BadReferenceError(text[:80], "the reference is too long")
        if is_url(text):
            # A web page is never requested itself.
            page = self._by_pattern(*_split(text), fits=lambda each: each.is_url)
            resolved = page or self._of_url(text, given)
        elif text.startswith("/"):
            resolved = self._of_url(self._joined(text), given)
        else:
            resolved = self._of_text(text)
        fault = self._spec.fault_in(resolved.params)
        if fault:
            raise BadReferenceError(reference, fault)
        return resolved

    def _by_pattern(
        self,
        head: str,
        query: Mapping[str, str],
        fragment: str,
        *,
        fits: Callable[[ReferenceMatcher], bool],
    ) -> ResolvedReference | None:
        """Return what the first pattern that *fits* and matches these parts finds."""
        for pattern in self._others:
            found = pattern.match(head, query, fragment) if fits(pattern) else None
            if found and ID in found:
                return _by_params(found)
        return None

    def _of_url(self, url: str, given: Mapping[str, str]) -> ResolvedReference:
        origin, own = origin_of(url), parse_origin(self._base)
        if origin not in self._origins:
            hint = (
                "choose the profile of that API with -p, or list the host under allow_hosts; "
                f"for this API at another address add  --base-url {origin}"
            )
            raise BadReferenceError(url, f"{origin} is not the profile's own ({own})", hint=hint)
        parts = urlsplit(url)
        _refuse_dots(url, parts.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        is_behind = f"{parts.path}/".startswith(f"{self._prefix}/")
        path = parts.path[len(self._prefix) :] if is_behind else parts.path
        found = self._own.match(path, query) if self._own and is_behind else None
        if found is None:
            page = self._by_pattern(
                path, query, parts.fragment, fits=lambda each: origin == own and each.is_path
            )
            if page:
                return page
        elif ID not in found:
            message = "all operations share this URL, and it names none of them"
            raise BadReferenceError(url, message, hint="give the operation's id")
        whole = urlunsplit(parts._replace(fragment=""))
        last = next((unquote(each) for each in reversed(parts.path.split("/")) if each), "")
        params = found or {}
        url = self.completed(whole, {**given, **params})
        return ResolvedReference(params, url, params.get(ID) or last or str(origin))

    def completed(self, url: str, params: Mapping[str, str]) -> str:
        """Return *url* with what it lacks of the profile's query; *params* are the operation's."""
        if not self._spec.request.query:
            return url
        given = {name.lower() for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        own = {
            name: texts
            for name, texts in self._spec.request.query.items()
            if name.lower() not in given and not any(ID in text.names for text in texts)
        }
        return with_query(url, query_of(own, {**self._params, **params}))

    def _joined(self, path: str) -> str:
        """Return *path* as a URL; it may begin with the base URL's own path or follow it."""
        if path.startswith("//"):
            raise BadReferenceError(path, "a path begins with one '/'; write the whole URL")
        head, query, _ = _split(path)
        _refuse_dots(path, head)
        is_whole = self._prefix and head.startswith(f"{self._prefix}/")
        if self._own and self._own.match(head, query) is not None and not is_whole:
            return self._base + path
        try:
            return urljoin(f"{self._base}/", path)
        except ValueError:
            raise BadReferenceError(path, "not a URL path") from None

    def _of_text(self, text: str) -> ResolvedReference:
        has_scheme = bool(SCHEME.match(text))
        found = self._by_pattern(
            *_split(text), fits=lambda each: not each.is_path and (has_scheme or not each.is_url)
        )
        if found:
            return found
        _refuse_misspelt(text)
        if self._own is None:
            message = f"{text!r} is not a URL, and this API names its operations by URLs only"
            hint = "give the status URL of the starting answer"
            raise BadReferenceError(text, message, hint=hint)
        return _by_params({ID: text})


def _refuse_dots(reference: str, path: str) -> None:
    if any(unquote(each) in {".", ".."} for each in path.split("/")):
        raise BadReferenceError(reference, "the path has a '.' or '..' segment")


def _refuse_misspelt(text: str) -> None:
    """Refuse ``htp://…``; another scheme is that of an id, such as ``gid://shopify/Job/1``."""
    if SCHEME.match(text):
        scheme = text.partition("://")[0]
        nearest = did_you_mean(scheme, ("http", "https"))
        if nearest:
            raise BadReferenceError(text, f"there is no scheme {scheme!r}{nearest}")


def _by_params(found: dict[str, str]) -> ResolvedReference:
    return ResolvedReference(found, None, found[ID])


def _split(text: str) -> tuple[str, dict[str, str], str]:
    text, _, fragment = text.partition("#")
    head, _, query = text.partition("?")
    return head, dict(parse_qsl(query, keep_blank_values=True)), fragment


def _in_query(spec: Spec) -> dict[str, str]:
    """Return the parameters that are whole values in the query of a request."""
    found = {}
    for name, texts in spec.request.query.items():
        for text in texts:
            param = text.alone if isinstance(text, Template) else None
            if param:
                found[name] = param
    if spec.batch and spec.batch.query:
        found[spec.batch.query] = ID
    return found
