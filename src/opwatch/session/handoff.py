"""From a starting answer to the operations that are to be watched.

Decides that an answer which refuses starts nothing, whatever ids it holds, and
that only an end is taken over from it: what still runs is asked about afresh,
for the API may not yet know everywhere what it has just started.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opwatch.domain.errors import UsageError
from opwatch.domain.operation import Beginning
from opwatch.output.text.sentences import describe
from opwatch.profiles import Asked

if TYPE_CHECKING:
    from opwatch.domain.messages import Response
    from opwatch.domain.operation import Target
    from opwatch.profiles import HandedOff, Profile

REFUSED: Final = 400
UNKNOWN: Final = Asked()


def handed_off(
    profile: Profile, response: Response, *, asked: Asked = UNKNOWN, pause: float = 0.0
) -> list[Target]:
    """Return the operations that *response* to what was *asked* has started.

    None of them is to be asked about for *pause* seconds.

    Raises:
        UsageError: it refuses, names none, or names one that is not the profile's.
    """
    trouble = profile.trouble(response)
    if trouble is not None and response.status >= REFUSED:
        raise UsageError(f"the answer says that nothing was started: {describe(trouble)}")
    return [_target(profile, each, response, pause) for each in profile.handoff(response, asked)]


def _target(profile: Profile, handed: HandedOff, response: Response, pause: float) -> Target:
    target = profile.target(handed.reference, handed.params)
    reading = profile.starting_reading(target, response)
    end = reading if reading is not None and reading.state.is_terminal else None
    return replace(target, begun=Beginning(end, pause, handed.params))
