"""How a URL is held against one profile.

Decides what it takes for a URL to be a profile's: host and path, or a path that
no other API would have. A host may say only what stands before a domain of the
vendor's, and never what the person has set otherwise.

Which profiles are worth reading to find the one for a URL.

Decides it by the text of the built-in files: reading all of them as YAML takes
longer than the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Basis
from opwatch.domain.origin import OriginError, parse_origin
from opwatch.domain.variables import param_variable, variable_of, variable_prefix
from opwatch.profiles.config import BUILTIN
from opwatch.profiles.language.params import ID
from opwatch.profiles.language.template import Choice, Pattern, Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opwatch.domain.origin import Origin
    from opwatch.profiles.config import Config
    from opwatch.profiles.definition import Definition
    from opwatch.profiles.language.template import Text
    from opwatch.profiles.profile import Profile


_FIXED: Final = re.compile(r"/[^/{}]+(?=/|$)")
_VENDORS: Final = re.compile(r"(?:\.[A-Za-z0-9-]+){2,}")


class Recognised(NamedTuple):
    """The *profile* that a URL is for, and what it was chosen by."""

    profile: Profile
    basis: Basis


class Fit(NamedTuple):
    """A profile that a URL fits; of several the one with the most *fixed* text is meant."""

    recognised: Recognised
    is_users: bool
    fixed: int


class Question:
    """A URL, and how a profile is held against it."""

    def __init__(self, url: str, origin: Origin, given: Mapping[str, str], *, typed: bool) -> None:
        self._url = url
        self._path = urlsplit(url).path
        self._origin = origin
        self._given = given
        self._typed = typed

    def by_address(self, definition: Definition) -> Iterator[Fit]:
        """Yield *definition*, bound, if host and path of the URL are its own."""
        for learned in self._ways(definition):
            try:
                profile = definition.bind({**learned, **self._given})
            except UsageError:
                continue
            if self._fits(definition, profile):
                fixed = sum(map(len, _fixed_segments(definition)))
                recognised = Recognised(profile, Basis.ADDRESS)
                yield Fit(recognised, definition.is_users, fixed)
                return

    def by_path(self, definition: Definition) -> Iterator[Fit]:
        """Yield *definition*, bound to the URL's host, if no other API has such a path."""
        if not definition.spec.urls and len(_fixed_segments(definition)) < TELLING:
            return
        prefixes = dict.fromkeys(_parts(base)[1] for _, base in _bases(definition.spec.base_url))
        for prefix in prefixes:
            if "{" in prefix:
                continue
            try:
                profile = definition.bind(self._given, str(self._origin) + prefix)
            except UsageError:
                continue
            if self._fits(definition, profile):
                recognised = Recognised(profile, Basis.PATH)
                yield Fit(recognised, definition.is_users, 0)
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
        for chosen, base in _bases(definition.spec.base_url):
            found = _learned(_parts(base)[0], self._origin)
            if found is None or (found and not self._typed):
                continue
            if not any(_is_set(definition, name) for name in (*chosen, *found)):
                yield {**chosen, **found}


def said_by(urls: Iterable[str], base: Text | None, known: Mapping[str, str]) -> dict[str, str]:
    """Return what the first of *urls* at one of the vendor's hosts adds to what is *known*.

    *base* is the profile's base URL, as it is written.
    """
    for url in urls:
        try:
            origin = parse_origin(url)
        except OriginError:
            continue
        for chosen, template in _bases(base):
            found = _learned(_parts(template)[0], origin)
            if found is None:
                continue
            said = {**chosen, **found}
            if {**said, **known} == {**known, **said}:
                return {name: value for name, value in said.items() if name not in known}
    return {}


def _learned(authority: str, origin: Origin) -> dict[str, str] | None:
    """Return the parameters that a host of a template says, None if it is not such a host.

    A parameter must stand before a domain of the vendor's, ``{site}.example.com``:
    a template that is nothing but a parameter fits every host and knows none.
    """
    tail = authority.rpartition("}")[2]
    if "{" in authority and not _VENDORS.fullmatch(tail):
        return None
    return Pattern(parse_template(f"https://{authority}")).match(str(origin))


def _is_set(definition: Definition, name: str) -> bool:
    """Tell whether the person has set the parameter *name*, in a file or in the environment."""
    if {variable_of(definition.name, name), param_variable(name)} & definition.environ.keys():
        return True
    param = definition.spec.params.get(name)
    if param is None or param.default is None:
        return False
    node = definition.node.get("params")
    node = node.get(name) if node else None
    default = node.get("default") if node and node.is_map else node
    return default is not None and not default.place.source.is_builtin


def _bases(base: Text | None) -> Iterator[tuple[dict[str, str], Template]]:
    """Yield each alternative of a base URL with the parameter that chooses it."""
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


TELLING: Final = 3
"""Fixed segments by which a path is known for an API's, whatever the host."""
_URLS: Final = re.compile(r"^urls:(.*)$", re.MULTILINE)
_EXTENDS: Final = re.compile(r"^extends: *([a-z0-9.-]+)", re.MULTILINE)


def could_know(name: str, config: Config, url: str, origin: Origin) -> bool:
    """Tell whether the built-in profile *name* may know *url*; too often rather than too seldom."""
    if any(key.startswith(variable_prefix(name)) for key in config.environ):
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
    """Return the text of a built-in profile and of those that it extends, in small letters."""
    text = (BUILTIN / f"{name}.yaml").read_text("utf-8")
    base = _EXTENDS.search(text)
    return text.lower() + (_text_of(base[1]) if base else "")
