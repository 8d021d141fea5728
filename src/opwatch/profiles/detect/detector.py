"""The detector of profiles: which one a URL is for, if nobody has named one.

Decides by the URL alone: first the profile whose host and path it has; else the one
whose path it has, if no other API would have such a path; else ``standard``, which knows
the usual status words and no API. A host that a profile does not know is sent no secret
that is meant for another (rules S1 and S16).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import BadReferenceError, ProfileError, StartError, UsageError
from opwatch.domain.operation import Basis
from opwatch.domain.origin import Origin, OriginError, parse_origin
from opwatch.domain.outcome import Outcome
from opwatch.profiles.bind import bind_profile
from opwatch.profiles.definition import Definition, load_profile
from opwatch.profiles.detect.match import (
    Candidate,
    DetectedProfile,
    UrlMatcher,
    could_be_at,
    hosts_of,
    may_match,
)
from opwatch.profiles.language.auth import NO_AUTH
from opwatch.profiles.language.handoff import operation_references
from opwatch.profiles.references import is_url, origin_of
from opwatch.profiles.yaml.nodes import join_or

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.messages import Response
    from opwatch.profiles.config import Config
    from opwatch.profiles.profile import Profile

STANDARD: Final = "standard"
_REFUSED: Final = 400
_FAILED: Final = 500


class ProfileDetector:
    """Finds the profile of each URL, and binds it with *params* and what the URL gives.

    *has_token*: a token was given for these very URLs.
    """

    def __init__(
        self, config: Config, params: Mapping[str, str] | None = None, *, has_token: bool = False
    ) -> None:
        self._config = config
        self._params = params or {}
        self._has_token = has_token
        self._definitions: dict[str, Definition | None] = {}
        self._broken: dict[str, UsageError] = {}
        self._neighbours: dict[tuple[str, bool], DetectedProfile] = {}
        self._equal: dict[tuple[Basis, str, str, tuple[tuple[str, str], ...]], DetectedProfile] = {}

    def detect(self, url: str, *, typed: bool = True) -> DetectedProfile:
        """Return the profile for *url*.

        Only a URL that was *typed* may choose among a vendor's hosts; one that came
        from elsewhere may not.

        Raises:
            UsageError: *url* cannot be polled, or several profiles fit equally.
        """
        url = url.strip()
        origin = origin_of(url)
        # Thousands of URLs differ mostly in their last segment.
        parent = (url.rpartition("/")[0], typed)
        detected = self._neighbours.get(parent)
        if detected is None or not _accepts(detected.profile, url):
            detected = self._only_one(self._find(url, origin, typed=typed))
            self._neighbours[parent] = detected
        return detected

    def _find(self, url: str, origin: Origin, *, typed: bool) -> DetectedProfile:
        matcher = UrlMatcher(url, origin, self._params, typed=typed)
        candidates = list(self._candidates(url, origin))
        found = [each for definition in candidates for each in matcher.by_address(definition)]
        self._check_broken(url, origin, is_known=bool(found))
        if not found:
            secretless = [for_unknown_host(each, has_token=self._has_token) for each in candidates]
            found = [each for definition in secretless for each in matcher.by_path(definition)]
        if found:
            return _best(url, found)
        return DetectedProfile(self.standard(origin), Basis.WORDS)

    def _check_broken(self, url: str, origin: Origin, *, is_known: bool) -> None:
        """Refuse to guess for *url* where a profile with problems could be meant.

        *is_known*: another profile has its host and path. Then one whose base URL cannot
        be read at all does not stand in its way.
        """
        for name, problem in self._broken.items():
            hosts = hosts_of(name, self._config)
            if could_be_at(hosts, origin) if hosts else not is_known:
                hint = f"{name} could be the profile of {url}: repair it, or name another with -p"
                if isinstance(problem, ProfileError):
                    raise ProfileError(problem.problems, hint=hint)
                raise UsageError(problem.message, hint=hint)

    def standard(self, origin: Origin) -> Profile:
        """Return the profile ``standard``, at *origin*.

        Raises:
            UsageError: *origin* is neither https nor loopback.
        """
        standard = for_unknown_host(load_profile(STANDARD, self._config), has_token=self._has_token)
        return bind_profile(standard, self._params, str(origin))

    def _only_one(self, found: DetectedProfile) -> DetectedProfile:
        """Return the equal one that was found before, if any, so that both are one object."""
        profile = found.profile
        key = (found.basis, profile.name, profile.base_url, tuple(sorted(profile.params.items())))
        return self._equal.setdefault(key, found)

    def _candidates(self, url: str, origin: Origin) -> Iterator[Definition]:
        """Yield the profiles that *url* may be for, except those with problems."""
        for name in self._config.names():
            if name == STANDARD:
                continue
            if self._config.is_users(name) or may_match(name, self._config, url, origin):
                if name not in self._definitions:
                    self._definitions[name] = self._loaded(name)
                definition = self._definitions[name]
                if definition is not None:
                    yield definition

    def _loaded(self, name: str) -> Definition | None:
        try:
            definition = load_profile(name, self._config)
        except UsageError as problem:
            self._broken[name] = problem
            return None
        # A base URL that is set for all profiles would make every path fit.
        environ = {
            key: text for key, text in definition.environ.items() if key != "OPWATCH_BASE_URL"
        }
        return definition._replace(environ=environ)


def _accepts(profile: Profile, url: str) -> bool:
    try:
        profile.target(url)
    except UsageError:
        return False
    return True


def status_urls(response: Response, config: Config) -> tuple[str, ...]:
    """Return the status URLs that a starting answer names in one of the standard headers.

    Raises:
        UsageError: it is a refusal, names no URL, or only a path.
        StartError: it is a server's error, and may have started something.
    """
    if response.status >= _FAILED:
        message = f"it may have been started: the server has answered HTTP {response.status}"
        hint = "check at the API whether it runs before you start it again"
        raise StartError(message, Outcome.UNKNOWN, hint=hint)
    if response.status >= _REFUSED:
        raise UsageError(f"the answer says that nothing was started: HTTP {response.status}")
    rules = load_profile(STANDARD, config).spec.handoff
    found = tuple(each.reference for each in operation_references(rules, response, None))
    if found and all(map(is_url, found)):
        return found
    what = f"only the path {found[0]!r}" if found else "no status URL"
    message = f"the answer (HTTP {response.status}) names {what}, and no profile is given"
    raise UsageError(message, hint="name the API's profile with -p")


def _best(url: str, found: list[Candidate]) -> DetectedProfile:
    """Return the most specific of *found*; a user's own comes first."""
    names = {each.detected.profile.name for each in found}
    found = [each for each in found if each.is_users or each.prefer not in names]
    found.sort(key=lambda each: (each.is_users, each.fixed), reverse=True)
    first = found[0]
    equal = [each for each in found if each[1:3] == first[1:3]]
    if len(equal) > 1:
        fitting = sorted(each.detected.profile.name for each in equal)
        message = f"the URL fits the profiles {join_or(fitting)}"
        raise BadReferenceError(url, message, hint=f"choose one:  -p {fitting[0]}")
    return first.detected


def for_unknown_host(definition: Definition, *, has_token: bool) -> Definition:
    """Return *definition* for a host that it does not know: only its way of reading answers.

    *has_token*: a token was given for that host; then also its way of sending one.
    """
    auth = definition.spec.auth.without_sources() if has_token else NO_AUTH
    # A web page of the profile's API is not one at an unknown host.
    spec = definition.spec._replace(auth=auth, references=())
    return definition._replace(spec=spec)


def is_at(url: str, base_url: str) -> bool:
    """Tell whether *url* has the origin of *base_url*; False if either has none."""
    try:
        return parse_origin(url) == parse_origin(base_url)
    except OriginError:
        return False
