"""From references to lanes: each profile with the operations it is asked about.

Decides which profile each reference on a command line is for (``-p A id1 -p B id2``): it
belongs to the ``-p`` before it, and so do ``--param`` and ``--base-url``; with a single ``-p``
it does not matter where it stands.

Decides also that what opwatch itself has written is asked about as it was before, and that
standard input never chooses a host: whoever writes it could send a credential there. It
may name a profile, which has its own hosts, and parameters; of those that are part of a
base URL only what the profile lists as choices.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from opwatch.cli.options import STDIN, ProfileOptions
from opwatch.cli.run_options import ID
from opwatch.domain.command_line import params_to_paste
from opwatch.domain.errors import BadReferenceError, UsageError
from opwatch.domain.operation import Basis, Target
from opwatch.output.streams import is_terminal
from opwatch.profiles import bind_profile, is_url, load_profile
from opwatch.session.plan import GivenReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opwatch.domain.messages import Response
    from opwatch.profiles import Config, Definition, ManifestEntry, Profile

ORDER: Final = "write each -p before what it is for:  -p A --param KEY=VALUE ID -p B ID"


@dataclass(frozen=True, slots=True)
class ReferenceGroup:
    """References, and what chooses the profile for them."""

    references: tuple[str, ...]
    profile: str | None = None
    params: tuple[str, ...] = ()
    base_url: str | None = None
    is_one_of_several: bool = False


def reference_groups(
    options: ProfileOptions, references: Sequence[str]
) -> tuple[ReferenceGroup, ...]:
    """Return *references* by the ``-p`` that they belong to.

    Raises:
        UsageError: with several, one stands before the first, or none behind one.
    """
    if sum(each.name == "profile" for each in options.placed) < 2:  # noqa: PLR2004, several
        given = tuple(options.param or ())
        return (ReferenceGroup(tuple(references), options.profile, given, options.base_url),)
    return tuple(_groups(options, tuple(references)))


def manifest_groups(
    options: ProfileOptions, entries: Iterable[ManifestEntry]
) -> tuple[ReferenceGroup, ...]:
    """Return *entries* of a manifest; what names no profile is for that of *options*."""
    return tuple(
        ReferenceGroup(
            each.references,
            each.profile or options.profile,
            (
                *(() if each.profile else options.param or ()),
                *(f"{key}={value}" for key, value in each.params.items()),
            ),
            each.base_url or (None if each.profile else options.base_url),
            is_one_of_several=True,
        )
        for each in entries
    )


def _groups(options: ProfileOptions, references: tuple[str, ...]) -> Iterator[ReferenceGroup]:
    placed = options.placed
    starts = [index for index, each in enumerate(placed) if each.name == "profile"]
    if starts[0] > 0 or placed[0].after > 0:
        what = references[0] if placed[starts[0]].after else f"--{placed[0].name}"
        message = f"with several -p, {what.replace('_', '-')!r} stands before the first of them"
        raise UsageError(message, hint=ORDER)
    is_for_all = not any(each.name == "base_url" for each in placed)
    for start, end in pairwise([*starts, len(placed)]):
        name, after = placed[start].value, placed[start].after
        until = placed[end].after if end < len(placed) else len(references)
        if after == until:
            raise UsageError(f"-p {name} is followed by no reference", hint=ORDER)
        own = placed[start + 1 : end]
        urls = [each.value for each in own if each.name == "base_url"]
        yield ReferenceGroup(
            references[after:until],
            name,
            tuple(each.value for each in own if each.name == "param"),
            urls[-1] if urls else options.base_url if is_for_all else None,
            is_one_of_several=True,
        )


Lane: TypeAlias = "tuple[Profile, list[Target]]"
WHOLE: Final = "pipe what  curl -i  prints; ids and URLs on standard input need no --param"


class LaneBuilder:
    """Builds the lanes of one run by its *options*; each profile is bound once."""

    def __init__(self, options: ProfileOptions, config: Config) -> None:
        self._options = options
        self._config = config
        self._definition = cache(lambda name: load_profile(name, config))
        self._bound: dict[tuple[str, tuple[tuple[str, str], ...], str | None], Profile] = {}

    def lanes(self, groups: Sequence[ReferenceGroup]) -> list[Lane]:
        """Return a lane for each reference, in their order; a URL may find its own profile.

        Raises:
            UsageError: a profile, a parameter or a reference cannot be used.
        """
        slots = [slot for group in groups for slot in self._slots(group)]
        urls = [(each.text, each.typed) for each in slots if isinstance(each, GivenReference)]
        found = iter(self._assumed(urls) if urls else ())
        return [next(found) if isinstance(each, GivenReference) else each for each in slots]

    def bound_profile(self, group: ReferenceGroup) -> Profile:
        """Return the profile that *group* names, with its parameters.

        Raises:
            UsageError: it names none, or it or a parameter cannot be used.
        """
        name = group.profile or self._config.default_profile
        if name is None:
            from opwatch.session.detect import name_one

            raise UsageError("no profile given", hint=name_one(self._config))
        return self._bind(name, group)

    def _assumed(self, urls: Sequence[tuple[str, bool]]) -> list[Lane]:
        from opwatch.session.detect import assumed_lanes

        return assumed_lanes(
            urls,
            self._config,
            parse_params(self._options.param or ()),
            has_token=self._options.token_stdin,
            base_url=self._options.base_url,
        )

    def _slots(self, group: ReferenceGroup) -> Iterator[Lane | GivenReference]:
        """Yield the lane of each reference of *group*, or the reference if it names no profile."""
        name = group.profile or self._config.default_profile
        if not group.references:
            self.bound_profile(group)  # what is wrong with it is said first
        for reference in group.references:
            if reference != STDIN:
                yield self._slot(GivenReference(reference, typed=True), group, name)
                continue
            piped, id_ = read_stdin(), parse_params(group.params).get(ID, "")
            if isinstance(piped, tuple):
                if id_:
                    raise UsageError("--param id=… goes with a whole answer only", hint=WHOLE)
                yield from (self._slot(each, group, name) for each in piped)
            elif name is not None:
                yield self._started(piped, self._bind(name, group), id_)
            else:
                from opwatch.profiles import status_urls

                yield from map(GivenReference, status_urls(piped, self._config))

    def _started(self, answer: Response, profile: Profile, id_: str) -> Lane:
        from opwatch.profiles import RequestFacts
        from opwatch.session.start import started_targets

        return profile, started_targets(profile, answer, asked=RequestFacts(id=id_))

    def _slot(
        self, given: GivenReference, group: ReferenceGroup, name: str | None
    ) -> Lane | GivenReference:
        if given.profile is not None:
            return self._restored(given, given.profile, group)
        if name is None:
            if group.is_one_of_several and group.params:
                raise UsageError("parameters without a profile are for nothing", hint="name one")
            return given
        profile = self._bind(name, group)
        return profile, [profile.target(given.text)]

    def _bind(
        self, name: str, group: ReferenceGroup, more: Mapping[str, str] | None = None
    ) -> Profile:
        """Return the profile *name* as *group* binds it, with *more* of its parameters."""
        params = {**(more or {}), **parse_params(group.params)}
        if STDIN in group.references:
            params.pop(ID, None)
        key = (name, tuple(sorted(params.items())), group.base_url)
        if key not in self._bound:
            urls = [each for each in group.references if is_url(each)]
            self._bound[key] = bind_profile(
                self._definition(name), params, base_url=group.base_url, urls=urls
            )
        return self._bound[key]

    # -- what opwatch has written itself ---------------------------------------------------

    def _restored(self, given: GivenReference, name: str, group: ReferenceGroup) -> Lane:
        """Return the lane of *given*, an operation that was asked about with the profile *name*."""
        if group.profile not in {None, name}:
            raise UsageError(
                f"standard input names the profile {name}, and -p names {group.profile}",
                hint="leave -p out   or   pipe the ids alone:  jq -r '.operations[].id'",
            )
        definition = self._definition(name)
        profile = self._bind(name, group, _listed_choices(given, definition))
        self._check_host(given, profile, group)
        typed = parse_params(group.params)
        known = {key: value for key, value in given.params.items() if key in definition.spec.params}
        own = {
            key: value
            for key, value in known.items()
            if key not in typed and profile.params.get(key) != value
        }
        target = profile.target(given.text, own)
        if given.origin is not None and target.origin != given.origin:
            raise BadReferenceError(
                given.text,
                f"it was asked about at {given.origin}, and {name} is at {target.origin}",
                hint=f"to ask there again, add  --base-url {given.origin}",
            )
        is_named = name in {group.profile, self._config.default_profile}
        # What the lists of the profile let standard input choose is in its options already.
        options = (*target.options, *params_to_paste(own))
        basis = None if is_named else Basis.PIPED
        return profile, [replace(target, basis=basis, options=options)]

    @staticmethod
    def _check_host(given: GivenReference, profile: Profile, group: ReferenceGroup) -> None:
        """Refuse a parameter that is part of the base URL, if only standard input names it."""
        base_url = profile.definition.spec.base_url
        if base_url is None or group.base_url or profile.definition.base_url_variable:
            return
        for name in sorted(base_url.names & given.params.keys()):
            value = given.params[name]
            if profile.params.get(name) != value:
                raise BadReferenceError(
                    given.text,
                    f"standard input names {name} {value!r}, which is part of the API's address",
                    hint=f"if it is right, add  --param {name}={value}",
                )


def _listed_choices(given: GivenReference, definition: Definition) -> dict[str, str]:
    """Return the parameters of *given* that may be part of a base URL: the profile lists them."""
    params = definition.spec.params
    return {
        key: value
        for key, value in given.params.items()
        if key in params and value in params[key].choices
    }


def parse_params(texts: Sequence[str]) -> dict[str, str]:
    """Return the parameters that *texts* are, as of ``--param``.

    Raises:
        UsageError: one is not KEY=VALUE.
    """
    found: dict[str, str] = {}
    for each in texts:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--param {each!r} is not KEY=VALUE")
        found[key.strip()] = value
    return found


def read_stdin() -> tuple[GivenReference, ...] | Response:
    """Return what is piped in.

    Raises:
        UsageError: it is a terminal, or neither references nor an HTTP answer.
    """
    from opwatch.cli.files import bytes_of
    from opwatch.session.input import read_references

    if is_terminal(sys.stdin):
        raise UsageError("'-' reads references from standard input, but that is a terminal")
    return read_references(bytes_of(STDIN))
