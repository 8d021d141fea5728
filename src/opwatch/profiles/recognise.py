"""Which profile a URL is for, when nobody has named one.

Decides by the URL alone: first the profile whose host and path it has; else
the one whose path it has, if no other API would have such a path; else
``standard``, which knows words and no API. A profile that was not chosen by its
host lends how to read, never a credential of its own (rules S1 and S16).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth
from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.operation import Basis
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.profiles.auth import NO_AUTH, AuthSpec
from opwatch.profiles.handoff import hand_off
from opwatch.profiles.library import BUILTIN, Config
from opwatch.profiles.loading import load_profile
from opwatch.profiles.parameters import ID
from opwatch.profiles.suggest import listed
from opwatch.profiles.template import Choice, Pattern, Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.auth import Scheme
    from opwatch.domain.exchange import Response
    from opwatch.domain.origin import Origin
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.profile import Profile

STANDARD: Final = "standard"
TELLING: Final = 3
"""Fixed segments by which a path is known for an API's whatever the host."""
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_FIXED: Final = re.compile(r"/[^/{}]+(?=/|$)")
_URLS: Final = re.compile(r"^urls:(.*)$", re.MULTILINE)
_EXTENDS: Final = re.compile(r"^extends: *([a-z0-9.-]+)", re.MULTILINE)


class Recognised(NamedTuple):
    """The *profile* that a URL is for, and what it was chosen by."""

    profile: Profile
    basis: Basis


class _Found(NamedTuple):
    """A profile that a URL fits; of several the one with the most *fixed* text is meant."""

    recognised: Recognised
    is_users: bool
    fixed: int


def is_url(reference: str) -> bool:
    """Tell whether *reference* is an absolute http(s) URL."""
    return bool(_WEB.match(reference.strip()))


def is_at(url: str, base_url: str) -> bool:
    """Tell whether *url* has the origin of *base_url*; what has none is nowhere."""
    try:
        return parse_origin(url) == parse_origin(base_url)
    except OriginError:
        return False


class Recogniser:
    """Finds the profiles of URLs, and binds each with *params* and with what the URL says.

    *has_token* tells that a token was given for these very URLs.
    """

    def __init__(
        self, config: Config, params: Mapping[str, str] | None = None, *, has_token: bool = False
    ) -> None:
        self._config = config
        self._params = params or {}
        self._has_token = has_token
        self._definitions: dict[str, Definition | None] = {}
        self._seen: dict[tuple[str, bool], Recognised] = {}
        self._equal: dict[tuple[Basis, str, str, tuple[tuple[str, str], ...]], Recognised] = {}

    def recognise(self, url: str, *, typed: bool = True) -> Recognised:
        """Return the profile for *url*.

        Only a URL that was *typed* may say which of a vendor's hosts is meant;
        one that came from elsewhere may not.

        Raises:
            UsageError: *url* can be asked by nobody, or several profiles fit equally.
        """
        url = url.strip()
        try:
            origin = parse_origin(url)
        except OriginError as error:
            raise BadReferenceError(url, f"not a status URL: {error}") from error
        # Thousands of URLs are mostly neighbours.
        neighbourhood = (url.rpartition("/")[0], typed)
        seen = self._seen.get(neighbourhood)
        if seen is None or not _takes(seen.profile, url):
            seen = self._only_one(self._look(url, origin, typed=typed))
            self._seen[neighbourhood] = seen
        return seen

    def _look(self, url: str, origin: Origin, *, typed: bool) -> Recognised:
        asked = _Asked(url, origin, self._params, typed=typed)
        candidates = list(self._candidates(url, origin))
        found = [each for definition in candidates for each in asked.by_address(definition)]
        if not found:
            strangers = [_stranger(each, has_token=self._has_token) for each in candidates]
            found = [each for definition in strangers for each in asked.by_path(definition)]
        if found:
            return _best(url, found)
        standard = _stranger(load_profile(STANDARD, self._config), has_token=self._has_token)
        return Recognised(standard.bind(self._params, str(origin)), Basis.WORDS)

    def _only_one(self, found: Recognised) -> Recognised:
        """Return what was found before, if it is the same profile in the same place."""
        profile = found.profile
        key = (found.basis, profile.name, profile.base_url, tuple(sorted(profile.params.items())))
        return self._equal.setdefault(key, found)

    def _candidates(self, url: str, origin: Origin) -> Iterator[Definition]:
        """Yield the profiles that could know *url*; one with problems knows none."""
        for name in self._config.names():
            if name == STANDARD:
                continue
            if self._config.is_users(name) or _could_know(name, self._config, url, origin):
                if name not in self._definitions:
                    self._definitions[name] = _loaded(name, self._config)
                definition = self._definitions[name]
                if definition is not None:
                    yield definition


def _loaded(name: str, config: Config) -> Definition | None:
    try:
        definition = load_profile(name, config)
    except UsageError:
        return None
    # One base URL for all profiles would make every path a known one.
    environ = {key: text for key, text in definition.environ.items() if key != "OPWATCH_BASE_URL"}
    return definition._replace(environ=environ)


def _takes(profile: Profile, url: str) -> bool:
    try:
        profile.target(url)
    except UsageError:
        return False
    return True


def handed_off(response: Response, config: Config) -> tuple[str, ...]:
    """Return the status URLs that a starting answer names in the headers of the standards.

    Raises:
        UsageError: it names none, or only a path.
    """
    rules = load_profile(STANDARD, config).spec.handoff
    found = tuple(each.reference for each in hand_off(rules, response, None))
    if found and all(map(is_url, found)):
        return found
    what = f"only the path {found[0]!r}" if found else "no status URL"
    message = f"the answer (HTTP {response.status}) names {what}, and no profile is given"
    raise UsageError(message, hint="name the API's profile with -p")


class _Asked:
    """A URL, and how a profile is held against it."""

    def __init__(self, url: str, origin: Origin, given: Mapping[str, str], *, typed: bool) -> None:
        self._url = url
        self._path = urlsplit(url).path
        self._origin = origin
        self._given = given
        self._typed = typed

    def by_address(self, definition: Definition) -> Iterator[_Found]:
        """Yield *definition*, bound, if host and path of the URL are its own."""
        for learned in self._ways(definition):
            try:
                profile = definition.bind({**learned, **self._given})
            except UsageError:
                continue
            if self._fits(definition, profile):
                fixed = sum(map(len, _fixed_segments(definition)))
                recognised = Recognised(profile, Basis.ADDRESS)
                yield _Found(recognised, definition.is_users, fixed)
                return

    def by_path(self, definition: Definition) -> Iterator[_Found]:
        """Yield *definition*, bound to the URL's host, if no other API has such a path."""
        if not definition.spec.urls and len(_fixed_segments(definition)) < TELLING:
            return
        prefixes = dict.fromkeys(_parts(base)[1] for _, base in _bases(definition))
        for prefix in prefixes:
            if "{" in prefix:
                continue
            try:
                profile = definition.bind(self._given, str(self._origin) + prefix)
            except UsageError:
                continue
            if self._fits(definition, profile):
                recognised = Recognised(profile, Basis.PATH)
                yield _Found(recognised, definition.is_users, 0)
                return

    def _fits(self, definition: Definition, profile: Profile) -> bool:
        """Tell whether the URL is one of *profile*'s."""
        try:
            target = profile.target(self._url)
        except UsageError:
            return False
        if target.url is not None and definition.spec.urls:
            return any(each.search(self._path) for each in definition.spec.urls)
        return ID in target.params

    def _ways(self, definition: Definition) -> Iterator[dict[str, str]]:
        """Yield the parameters with which *definition* could be at the URL's host."""
        yield {}
        for chosen, base in _bases(definition):
            found = _learned(_parts(base)[0], self._origin)
            if found is None or (found and not self._typed):
                continue
            if not any(_is_set(definition, name) for name in (*chosen, *found)):
                yield {**chosen, **found}


def _learned(authority: str, origin: Origin) -> dict[str, str] | None:
    """Return the parameters that a host of a template says, None if it is not such a host.

    A parameter must stand before a domain of the vendor's, ``{site}.example.com``:
    a template that is nothing but a parameter fits every host and knows none.
    """
    tail = authority.rpartition("}")[2]
    if "{" in authority and not re.fullmatch(r"(?:\.[A-Za-z0-9-]+){2,}", tail):
        return None
    return Pattern(parse_template(f"https://{authority}")).match(str(origin))


def _is_set(definition: Definition, name: str) -> bool:
    """Tell whether the person has set the parameter *name*, in a file or in the environment."""
    variable = f"{_variables_of(definition.name)}{name.upper()}"
    if variable in definition.environ or f"OPWATCH_PARAM_{name.upper()}" in definition.environ:
        return True
    param = definition.spec.params.get(name)
    if param is None or param.default is None:
        return False
    node = definition.node.get("params")
    node = node.get(name) if node else None
    default = node.get("default") if node and node.is_map else node
    return default is not None and not default.place.source.is_builtin


def _bases(definition: Definition) -> Iterator[tuple[dict[str, str], Template]]:
    """Yield each base URL of *definition* with the parameter that chooses it."""
    base = definition.spec.base_url
    if isinstance(base, Choice):
        for value, template in base.presets.items():
            yield {base.param: value}, template
    elif base is not None:
        yield {}, base


def _parts(base: Template) -> tuple[str, str]:
    """Return host and path of a base URL as they are written."""
    host, slash, path = base.text.rpartition("://")[2].partition("/")
    return host, slash + path


def _fixed_segments(definition: Definition) -> list[str]:
    """Return the segments of the path that are the same for every operation."""
    path = definition.spec.request.path
    if path is None or isinstance(path, Choice):
        return []
    return _FIXED.findall(path.text)


def _stranger(definition: Definition, *, has_token: bool) -> Definition:
    """Return *definition* as it reads the answers of a host that it does not know.

    Its own sources of secrets are not for that host. With a token that was given
    for the host, it says how the token is shown.
    """
    make = definition.spec.auth.make
    auth = AuthSpec(lambda fill: _without_sources(make(fill))) if has_token else NO_AUTH
    return definition._replace(spec=definition.spec._replace(auth=auth))


def _without_sources(scheme: Scheme) -> Scheme:
    match scheme:
        case HeaderAuth(name=name, template=template):
            return HeaderAuth((), name, template)
        case QueryAuth(name=name):
            return QueryAuth((), name)
        case BasicAuth():
            return BasicAuth((), scheme.username, scheme.username_sources)
        case NoAuth() | OAuth2Auth():
            return HeaderAuth(())


def _best(url: str, found: list[_Found]) -> Recognised:
    """Return the most particular of *found*; a user's own comes first."""
    found.sort(key=lambda each: (each.is_users, each.fixed), reverse=True)
    first = found[0]
    equal = [each for each in found if each[1:] == first[1:]]
    if len(equal) > 1:
        names = sorted(each.recognised.profile.name for each in equal)
        message = f"the URL fits the profiles {listed(names)}"
        raise BadReferenceError(url, message, hint=f"choose one:  -p {names[0]}")
    return first.recognised


def _could_know(name: str, config: Config, url: str, origin: Origin) -> bool:
    """Tell, without reading its YAML, whether the built-in profile *name* may know *url*.

    Reading all of them takes longer than the request.
    """
    if any(key.startswith(_variables_of(name)) for key in config.environ):
        return True
    text = _text_of(name)
    domain = ".".join(origin.host.split(".")[-2:])
    if domain in text:
        return True
    segments = [f"/{each.lower()}" for each in urlsplit(url).path.split("/") if each]
    lines = _URLS.findall(text)
    known = sum(each in text for each in segments)
    return known >= TELLING or any(each in line for line in lines for each in segments)


def _text_of(name: str) -> str:
    """Return what is written of a built-in profile and of those that it extends, in small letters."""
    text = (BUILTIN / f"{name}.yaml").read_text("utf-8")
    base = _EXTENDS.search(text)
    return text.lower() + (_text_of(base[1]) if base else "")


def _variables_of(name: str) -> str:
    return f"OPWATCH_{name.upper().replace('-', '_').replace('.', '_')}_"
