"""What a run is to do, once every option has been understood.

Decides that duplicates are watched once and order is kept, and that no run is
planned without an operation. Nothing below this sees an option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opwatch.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.domain.operation import Target
    from opwatch.domain.policy import Policy
    from opwatch.profiles import Profile


@dataclass(frozen=True, slots=True)
class Plan:
    """The operations of a run, the profiles that know how to ask, and the limits.

    *duplicates* counts the references that named an operation once more.
    """

    profiles: Mapping[str, Profile]
    targets: tuple[Target, ...]
    policy: Policy
    duplicates: int = 0

    @property
    def profile_name(self) -> str | None:
        """The name of the one profile, None when there are several."""
        return next(iter(self.profiles)) if len(self.profiles) == 1 else None

    @property
    def longest_pause(self) -> float:
        """The longest scheduled pause between two polls, in seconds."""
        if self.policy.interval is not None:
            return self.policy.interval
        return max(each.habits.pace.longest for each in self.profiles.values())

    @property
    def at_once(self) -> int:
        """The most requests that may be in flight together."""
        return sum(each.habits.limits.at_once for each in self.profiles.values())


def make_plan(lanes: Iterable[tuple[Profile, Iterable[Target]]], policy: Policy) -> Plan:
    """Return the plan for *lanes*: each profile with the operations it is asked about.

    Raises:
        UsageError: there is no operation at all; an empty list is never a success.
    """
    profiles: dict[str, Profile] = {}
    seen: dict[tuple[str, str, str | None, tuple[tuple[str, str], ...]], Target] = {}
    count = 0
    for profile, targets in lanes:
        profiles[profile.name] = profile
        for target in targets:
            count += 1
            key = (target.profile, target.id, target.url, tuple(sorted(target.params.items())))
            seen.setdefault(key, target)
    if not seen:
        raise UsageError(
            "no operation given", hint="name at least one id or URL, or write '-' to read them"
        )
    return Plan(profiles, tuple(seen.values()), policy, count - len(seen))
