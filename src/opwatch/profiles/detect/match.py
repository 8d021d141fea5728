"""How a URL is matched against one profile.

Decides what makes a URL a profile's: its host and path, or a path that no other API
would have. A host may give only what precedes a domain of the vendor, and never what
the person has set otherwise. Which built-in profiles are worth parsing is decided by
their text: parsing all of them takes longer than the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.domain.command_line import variable_prefix
from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Basis
from opwatch.profiles.bind import bind_profile
from opwatch.profiles.config import BUILTIN, Config, profile_tree
from opwatch.profiles.language.base_url import host_and_path, params_of_host
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.template import Choice, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opwatch.domain.origin import Origin
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.profile import Profile


_FIXED: Final = re.compile(r"/[^/{}]+(?=/|$)")
DISTINCTIVE: Final = 3
"""So many fixed segments make a path an API's own, whatever the host."""
_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_URLS: Final = re.compile(r"^urls:(.*)$", re.MULTILINE)
_EXTENDS: Final = re.compile(r"^extends: *([a-z0-9.-]+)", re.MULTILINE)


class DetectedProfile(NamedTuple):
    """The *profile* that a URL is for, and on which *basis*."""

    profile: Profile
    basis: Basis


class Candidate(NamedTuple):
    """A profile that a URL fits; of several, the one with the most *fixed* text is meant.

    A built-in one gives way to the one that it would rather *prefer*.
    """

    detected: DetectedProfile
    is_users: bool
    fixed: int
    prefer: str


class UrlMatcher:
    """Matches one URL against profiles; *given* are the parameters that a person set."""

    def __init__(self, url: str, origin: Origin, given: Mapping[str, str], *, typed: bool) -> None:
        self._url = url
        self._path = urlsplit(url).path
        self._origin = origin
        self._given = given
        self._typed = typed

    def by_address(self, definition: Definition) -> Iterator[Candidate]:
        """Yield *definition*, bound, if host and path of the URL are its own."""
        for learned in self._host_params(definition):
            try:
                profile = bind_profile(definition, {**learned, **self._given})
            except UsageError:
                continue
            if self._fits(definition, profile):
                fixed = sum(map(len, _fixed_segments(definition)))
                detected = DetectedProfile(profile, Basis.ADDRESS)
                yield Candidate(detected, definition.is_users, fixed, definition.spec.prefer)
                return

    def by_path(self, definition: Definition) -> Iterator[Candidate]:
        """Yield *definition*, bound to the URL's host, if no other API has such a path."""
        if not definition.spec.urls and len(_fixed_segments(definition)) < DISTINCTIVE:
            return
        prefixes = dict.fromkeys(host_and_path(base)[1] for _, base in _bases(definition))
        for prefix in prefixes:
            if "{" in prefix:
                continue
            try:
                profile = bind_profile(definition, self._given, str(self._origin) + prefix)
            except UsageError:
                continue
            if self._fits(definition, profile):
                detected = DetectedProfile(profile, Basis.PATH)
                yield Candidate(detected, definition.is_users, 0, definition.spec.prefer)
                return

    def _fits(self, definition: Definition, profile: Profile) -> bool:
        """Tell whether the URL is one of *profile*'s."""
        try:
            target = profile.target(self._url)
        except UsageError:
            return False
        if target.url is not None and definition.spec.urls:
            return any(each.first(self._path) for each in definition.spec.urls)
        return ID in target.params

    def _host_params(self, definition: Definition) -> Iterator[dict[str, str]]:
        """Yield the parameters with which *definition* could be at the URL's host."""
        yield {}
        for preset, base in _bases(definition):
            found = params_of_host(base, self._origin)
            if found is None or (found and not self._typed):
                continue
            if not any(_is_set(definition, name) for name in (*preset, *found)):
                yield {**preset, **found}


def _is_set(definition: Definition, name: str) -> bool:
    """Tell whether the person has set the parameter *name*, in a file or in the environment."""
    if definition.variable(name) is not None:
        return True
    param = definition.spec.params.get(name)
    if param is None or param.default is None:
        return False
    node = definition.node.get("params")
    node = node.get(name) if node else None
    default = node.get("default") if node and node.is_map else node
    return default is not None and not default.position.source.is_builtin


def _bases(definition: Definition) -> list[tuple[dict[str, str], Template]]:
    """Return each alternative of the base URL, with the parameter that chooses it."""
    base = definition.spec.base_url
    return base.alternatives if base else []


def _fixed_segments(definition: Definition) -> list[str]:
    """Return the segments of the path that are the same for every operation."""
    path = definition.spec.request.path
    if path is None or isinstance(path, Choice):
        return []
    return _FIXED.findall(path.text)


def may_match(name: str, config: Config, url: str, origin: Origin) -> bool:
    """Tell whether the built-in profile *name* may match *url*; rather once too often."""
    if any(key.startswith(variable_prefix(name)) for key in config.environ):
        return True
    text = _text_of(name)
    domain = ".".join(origin.host.split(".")[-2:])
    if domain in text:
        return True
    segments = [f"/{each.lower()}" for each in urlsplit(url).path.split("/") if each]
    lines = _URLS.findall(text)
    known = sum(each in text for each in segments)
    return known >= DISTINCTIVE or any(each in line for line in lines for each in segments)


def _text_of(name: str) -> str:
    """Return the text of a built-in profile and of those that it extends, in lower case."""
    text = (BUILTIN / f"{name}.yaml").read_text("utf-8")
    base = _EXTENDS.search(text)
    return text.lower() + (_text_of(base[1]) if base else "")


def hosts_of(name: str, config: Config) -> list[str]:
    """Return the hosts of the profile *name*, as written; none if they cannot be found."""
    try:
        tree = profile_tree(name, config)
    except UsageError:
        return []
    bases, more = tree.get("base_url"), tree.get("allow_hosts")
    texts = [
        node.value
        for each in (bases, more)
        for node in (each.scalars() if each else ())
        if isinstance(node.value, str)
    ]
    return [text.partition("://")[2].partition("/")[0] or text for text in texts]


def could_be_at(hosts: list[str], origin: Origin) -> bool:
    """Tell whether one of *hosts*, perhaps with parameters in it, could be that of *origin*."""
    netloc = str(origin).partition("://")[2]
    for host in hosts:
        pattern = ".*".join(map(re.escape, _PARAMETER.split(host)))
        if any(re.fullmatch(pattern, each, re.IGNORECASE) for each in (netloc, origin.host)):
            return True
    return False
