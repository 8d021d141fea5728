"""What a run is to do, once every option has been read.

Decides that duplicates are watched once and order is kept, and that no run is
planned without an operation. Nothing below this sees an option. And which command waits for
operations once more: each with the profile that it was asked about with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from opwatch.domain.command_line import (
    OF_PROFILE,
    behind_options,
    command_to_paste,
    params_to_paste,
    words_of_options,
)
from opwatch.domain.errors import UsageError
from opwatch.domain.origin import parse_origin
from opwatch.domain.pacing import paced, shortest_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from opwatch.domain.command_line import OptionWords
    from opwatch.domain.operation import Target, TargetKey
    from opwatch.domain.outcome import Policy
    from opwatch.profiles import Profile

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
KEY: Final = "Idempotency-Key"
LARGEST: Final = 10 * 1024**3
"""Bytes of a file that is downloaded."""


@dataclass(frozen=True, slots=True)
class GivenReference:
    """A reference, and what stood beside it: the *profile* and its *params*, if anything did.

    *origin* is where it was asked before. *typed*: a person wrote it for this run.
    """

    text: str
    profile: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks to send. *path* may be a whole URL."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def is_repeatable(self) -> bool:
        """Tell whether sending it twice starts no second operation."""
        has_key = any(name.lower() == KEY.lower() and self.headers[name] for name in self.headers)
        return has_key or self.method in IDEMPOTENT


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """How the result of an operation that has succeeded is fetched.

    A file goes into *folder*, if there is one, and is no larger than *largest* bytes.
    """

    folder: Path | None = None
    largest: int = LARGEST


@dataclass(frozen=True, slots=True)
class Plan:
    """The operations of a run, the profiles that know how to ask, and the limits.

    *duplicates* counts the references that named an operation once more. *starting* is
    the request to send first; *results* is how results are fetched, None for not at all;
    *headers* go with every request that carries a credential; *until* is the deadline of a
    run that is taken up, in seconds since the epoch; *asks_why* tells whether the API is
    asked why an operation failed.
    """

    profiles: Mapping[str, Profile]
    targets: tuple[Target, ...]
    policy: Policy
    duplicates: int = 0
    starting: StartRequest | None = None
    results: ResultOptions | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    until: float | None = None
    asks_why: bool = False

    def policy_at(self, wall: float) -> Policy:
        """Return the limits of a watch that begins at *wall*, in seconds since the epoch.

        Of a deadline that has passed, one look is left.
        """
        if self.until is None:
            return self.policy
        left = self.until - wall
        if left > 0:
            return replace(self.policy, timeout=left)
        return replace(self.policy, timeout=0.0, once=True)

    def with_targets(self, targets: Iterable[Target]) -> Plan:
        """Return this plan for *targets*, which its one profile knows."""
        (profile,) = self.profiles.values()
        found = make_plan([(profile, targets)], self.policy)
        return replace(self, targets=found.targets, duplicates=found.duplicates)

    def check_one_host(self) -> None:
        """Check that the operations of several profiles have one host, which gets a piped token.

        Raises:
            UsageError: they have several.
        """
        hosts = {target.origin for target in self.targets}
        if len(self.profiles) > 1 and len(hosts) > 1:
            raise UsageError("one token cannot be for several hosts: " + ", ".join(sorted(hosts)))

    @property
    def profile_name(self) -> str | None:
        """The name of the one profile, None when there are several."""
        return next(iter(self.profiles)) if len(self.profiles) == 1 else None

    @property
    def assumed(self) -> frozenset[str]:
        """The profiles that were detected, not named: OPWATCH_TOKEN is not for them."""
        return frozenset(target.profile for target in self.targets if target.basis)

    @property
    def longest_pause(self) -> float:
        """The longest scheduled pause between two polls, in seconds."""
        if self.policy.interval is not None:
            return self.policy.interval
        paces = [each.polling_rules.pace for each in self.profiles.values()]
        return max((paced(each, self.policy.pace).bound for each in paces), default=0.0)

    @property
    def at_once(self) -> int:
        """The most requests that may be in flight together."""
        return sum(each.polling_rules.limits.at_once for each in self.profiles.values())


def make_plan(
    lanes: Iterable[tuple[Profile, Iterable[Target]]],
    policy: Policy,
    named: Mapping[str, Profile] | None = None,
) -> Plan:
    """Return the plan for *lanes*: each profile with the operations it is asked about.

    Those that are *named* keep their names.

    Raises:
        UsageError: there is no operation at all; an empty list is never a success.
    """
    profiles: dict[str, Profile] = {}
    known = dict(named or {})
    seen: dict[TargetKey, Target] = {}
    given = 0
    for profile, targets in lanes:
        name = _name_of(profile, known)
        known[name] = profiles[name] = profile
        for each in targets:
            given += 1
            target = each if each.profile == name else replace(each, profile=name)
            seen.setdefault(target.key, target)
    if not seen:
        raise UsageError(
            "no operation given", hint="name at least one id or URL, or write '-' to read them"
        )
    return Plan(profiles, tuple(seen.values()), _paced(policy, profiles), given - len(seen))


def _paced(policy: Policy, profiles: Mapping[str, Profile]) -> Policy:
    """Return *policy* with an interval that none of *profiles*' hosts need fear."""
    if policy.interval is None:
        return policy
    shortest = max(shortest_at(parse_origin(each.base_url)) for each in profiles.values())
    return replace(policy, interval=max(shortest, policy.interval))


def _name_of(profile: Profile, known: Mapping[str, Profile]) -> str:
    """Return what *profile* is called in a run that may bind others of its name.

    Behind an ``@`` stands what tells it from the first of them, and a number if nothing does.
    """
    for name, each in known.items():
        if each is profile:
            return name
    first = known.get(profile.name)
    if first is None:
        return profile.name
    host = profile.base_url.partition("://")[2]
    values = [value for key, value in profile.params.items() if first.params.get(key) != value]
    told = host if profile.base_url != first.base_url else ",".join(values)
    names = (f"{profile.name}@{told}{f'#{at}' if at > 1 else ''}" for at in count(1 if told else 2))
    return next(name for name in names if name not in known)


# -- the command that waits for the same ----------------------------------------------


def wait_command(targets: Sequence[Target], further: OptionWords) -> str:
    """Return the command that waits for *targets*; *further* options are of the whole run."""
    groups: dict[OptionWords, list[Target]] = {}
    for each in targets:
        groups.setdefault(_of_profile(each.options), []).append(each)
    of_run = tuple(each for each in targets[0].options if each[0] not in OF_PROFILE)
    of_run += further
    if len(groups) == 1:
        ((key, found),) = groups.items()
        return command_to_paste("wait", key + of_run, *_words_of(found))
    if () not in groups:
        # Behind "--" there is no further option, so that group comes last.
        ordered = sorted(groups.items(), key=lambda group: _has_dash(group[1]))
        words = ((*words_of_options(key), *_words_of(found)) for key, found in ordered)
        return command_to_paste("wait", of_run, *chain.from_iterable(words))
    # A URL that finds its own profile cannot stand behind the -p of another.
    return "; ".join(
        command_to_paste("wait", key + of_run, *_words_of(found)) for key, found in groups.items()
    )


def _words_of(targets: Sequence[Target]) -> list[str]:
    shared = set.intersection(*(set(each.initial.params.items()) for each in targets))
    params = words_of_options(params_to_paste(dict(sorted(shared))))
    return [*params, *behind_options(each.reference for each in targets)]


def _of_profile(options: OptionWords) -> OptionWords:
    return tuple(each for each in options if each[0] in OF_PROFILE)


def _has_dash(targets: Sequence[Target]) -> bool:
    return any(each.reference.startswith("-") for each in targets)
