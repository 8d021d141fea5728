"""Which profile a URL is for, when nobody has named one.

Decides by the URL alone: first the profile whose host and path it has; else
the one whose path it has, if no other API would have such a path; else
``standard``, which knows words and no API.

A profile for a host that it does not know.

Decides that such a host is shown no secret that is kept for another: the
profile lends how to read, and how a token is shown that was given for this very
host (rules S1 and S16).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth
from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.operation import Basis
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.profiles.definition import load_profile
from opwatch.profiles.detect.match import Fit, Question, Recognised, could_know
from opwatch.profiles.language.auth import NO_AUTH, AuthSpec
from opwatch.profiles.language.handoff import hand_off
from opwatch.profiles.yaml.suggest import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.auth import Scheme
    from opwatch.domain.messages import Response
    from opwatch.domain.origin import Origin
    from opwatch.profiles.config import Config
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.profile import Profile


def estranged(definition: Definition, *, has_token: bool) -> Definition:
    """Return *definition* for a host that it does not know.

    *has_token* tells that a token was given for that host.
    """
    make = definition.spec.auth.make
    auth = AuthSpec(lambda fill: _without_sources(make(fill))) if has_token else NO_AUTH
    # Its path may be the API's; a page there could be anybody's.
    spec = definition.spec._replace(auth=auth, references=())
    return definition._replace(spec=spec)


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


STANDARD: Final = "standard"
_REFUSED: Final = 400
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


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
        asked = Question(url, origin, self._params, typed=typed)
        candidates = list(self._candidates(url, origin))
        found = [each for definition in candidates for each in asked.by_address(definition)]
        if not found:
            strangers = [estranged(each, has_token=self._has_token) for each in candidates]
            found = [each for definition in strangers for each in asked.by_path(definition)]
        if found:
            return _best(url, found)
        return Recognised(self.standard(origin), Basis.WORDS)

    def standard(self, origin: Origin) -> Profile:
        """Return the profile that knows words and no API, at *origin*.

        Raises:
            UsageError: *origin* is neither https nor loopback.
        """
        standard = estranged(load_profile(STANDARD, self._config), has_token=self._has_token)
        return standard.bind(self._params, str(origin))

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
            if self._config.is_users(name) or could_know(name, self._config, url, origin):
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
        UsageError: it refuses, names none, or names only a path.
    """
    if response.status >= _REFUSED:
        raise UsageError(f"the answer says that nothing was started: HTTP {response.status}")
    rules = load_profile(STANDARD, config).spec.handoff
    found = tuple(each.reference for each in hand_off(rules, response, None))
    if found and all(map(is_url, found)):
        return found
    what = f"only the path {found[0]!r}" if found else "no status URL"
    message = f"the answer (HTTP {response.status}) names {what}, and no profile is given"
    raise UsageError(message, hint="name the API's profile with -p")


def _best(url: str, found: list[Fit]) -> Recognised:
    """Return the most particular of *found*; a user's own comes first."""
    found.sort(key=lambda each: (each.is_users, each.fixed), reverse=True)
    first = found[0]
    equal = [each for each in found if each[1:] == first[1:]]
    if len(equal) > 1:
        names = sorted(each.recognised.profile.name for each in equal)
        message = f"the URL fits the profiles {listed(names)}"
        raise BadReferenceError(url, message, hint=f"choose one:  -p {names[0]}")
    return first.recognised
