"""The lanes of a run for which no profile was named: each URL finds its own.

Decides that a token on standard input is for one host, and that parameters are
for one profile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opwatch.domain.errors import UsageError
from opwatch.profiles import Recogniser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opwatch.domain.operation import Target
    from opwatch.profiles import Config, Profile


def assumed_lanes(
    urls: Iterable[tuple[str, bool]],
    config: Config,
    params: Mapping[str, str],
    *,
    has_token: bool,
) -> list[tuple[Profile, list[Target]]]:
    """Return a lane for each of *urls*, in their order; with each stands whether it was typed.

    Raises:
        UsageError: one can be asked by nobody, or fits several profiles; or the
            token or the parameters would be for more than one.
    """
    recogniser = Recogniser(config, params, has_token=has_token)
    lanes: list[tuple[Profile, list[Target]]] = []
    for url, typed in urls:
        profile, basis = recogniser.recognise(url, typed=typed)
        lanes.append((profile, [replace(profile.target(url), basis=basis)]))
    hosts = {target.origin for _, targets in lanes for target in targets}
    if has_token and len(hosts) > 1:
        raise UsageError("one token cannot be for several hosts: " + ", ".join(sorted(hosts)))
    names = {profile.name for profile, _ in lanes}
    if params and len(names) > 1:
        message = "--param cannot be for several profiles: " + ", ".join(sorted(names))
        raise UsageError(message, hint="name one with -p")
    return lanes
